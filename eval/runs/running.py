"""Runs a suite: every set through every configuration. Keeps the run's folder; asks nothing itself (`cells.py`)."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from eval.datasets.reading import revision_of
from eval.datasets.registry import load
from eval.errors import EvaluationError
from eval.metrics.retrieval import page_id
from eval.records import Corpus, Question
from eval.robustness.questions import asked
from eval.robustness.wordings import read_wordings, worded
from eval.runs.cells import run_cell
from eval.runs.costs import note_costs
from eval.runs.records import COSTS, JUDGE, PLACES, Result, question_line
from eval.runs.suite import Configuration, SetPart, Suite
from eval.runs.system import System, as_one_document, document_id
from pipeline.config import load_settings
from prompts.loader import hashes

if TYPE_CHECKING:
    from eval.judge.judge import Judge

PACKAGES = ("recto", "torch", "sentence-transformers", "chromadb", "pymupdf", "tantivy", "rapidocr", "ir_measures")


def run_suite(suite: Suite, folder: Path, libraries: Path) -> None:
    """Runs what is not yet run of the suite; results go to `folder`, libraries that must be made to `libraries`.

    Raises `EvaluationError` when the folder holds a run of something else.
    """
    corpora = {part.name: _corpus(part, libraries, suite.seed) for part in suite.sets}
    _begin(suite, folder, corpora)
    judge = _judge(suite, folder)
    for part in suite.sets:
        corpus, ids = corpora[part.name]
        _write_set(folder / part.name, corpus)
        for configuration in suite.configurations:
            key = _library_key(configuration, corpus, ids, part.distractors)
            library = part.library or libraries / f"{corpus.name}-{key}"
            _note_place(folder / PLACES, part.name, configuration.name, library)
            add = None if part.library else part.distractors
            open_system = partial(System, library, configuration.settings, corpus, ids, add=add)
            place, title = folder / part.name / configuration.name, f"{part.name}, {configuration.name}"
            results, costs = run_cell(suite, configuration, corpus.questions, place, open_system, judge, title)
            note_costs(folder / COSTS, part.name, configuration.name, costs)
            lines = _trec_lines(results, corpus.questions, configuration.name)
            (place / "run.trec").write_text("".join(lines), encoding="utf-8")


def _corpus(part: SetPart, libraries: Path, seed: int) -> tuple[Corpus, dict[str, str]]:
    corpus = load(part.kind, part.folder, libraries / "made-pages")
    ids = {document.name: document_id(document.path) for document in corpus.documents}
    questions: Sequence[Question] = corpus.questions[: part.limit]
    if part.wordings:
        questions = worded(questions, read_wordings(part.wordings), part.wordings)
    questions = tuple(asked(question, part.asked, seed) for question in questions)
    return as_one_document(replace(corpus, questions=questions), ids), ids


def _begin(suite: Suite, folder: Path, corpora: Mapping[str, tuple[Corpus, dict[str, str]]]) -> None:
    """Writes `run.json`, or makes sure that the one there is of the same run."""
    settings = {one.name: load_settings(one.settings) for one in suite.configurations}
    for one in suite.configurations:
        if suite.ask and one.pages == "none" and settings[one.name].answer.answerer == "extractive":
            raise EvaluationError(
                f"configuration {one.name}: with `pages: none` a model answers from memory, and quoting needs pages: "
                "set answer.answerer to endpoint, answer.url and answer.model"
            )
    places = {"folder", "library", "wordings"}
    about = {
        "suite": suite.model_dump(mode="json", exclude={"parallel": True, "sets": {"__all__": places}}),
        "metrics": suite.measured + suite.judged,
        "sets": {
            part.name: {
                "revision": corpora[part.name][0].revision,
                "documents": len(corpora[part.name][0].documents),
                "questions": len(corpora[part.name][0].questions),
                "contents": _contents(*corpora[part.name]),
                "wordings": revision_of([part.wordings]) if part.wordings else None,
            }
            for part in suite.sets
        },
        "cells": {name: {"settings": one.compared(), "settings_hash": one.hash} for name, one in settings.items()},
        "prompts": hashes(),
        "seed": suite.seed,
        "versions": {package: version(package) for package in PACKAGES} | {"python": sys.version.split()[0]},
    }
    file = folder / "run.json"
    text = json.dumps(about, indent=1, ensure_ascii=False) + "\n"
    if file.is_file() and file.read_text(encoding="utf-8") != text:
        raise EvaluationError(
            f"{folder} holds a run of another suite, data set or version: name another folder with --out, or remove it"
        )
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _contents(corpus: Corpus, ids: Mapping[str, str]) -> str:
    """First 16 hex digits of a SHA-256 over the questions and documents: a revision may be of a part of them only."""
    lines = [*map(question_line, corpus.questions), *(f"{name} {document}" for name, document in sorted(ids.items()))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _note_place(file: Path, set_name: str, configuration: str, library: Path) -> None:
    places = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    places.setdefault(set_name, {})[configuration] = str(library.resolve())
    file.write_text(json.dumps(places, indent=1) + "\n", encoding="utf-8")


def _judge(suite: Suite, folder: Path) -> Judge | None:
    """The suite's judge, its rates on the hard cases written to `judge.json` before it judges anything."""
    if suite.judge is None:
        return None
    from eval.judge.calibration import calibrate
    from eval.judge.judge import Judge
    from pipeline.config import AnswerSection
    from pipeline.generation.endpoint import endpoint_llm, explain

    part = suite.judge
    section = AnswerSection(answerer="endpoint", url=part.url, model=part.model, api_key=part.api_key)
    judge = Judge(endpoint_llm(section), constrained=part.constrained, explain=partial(explain, settings=section))
    file = folder / JUDGE
    if not file.is_file():
        rates = asdict(calibrate(judge))
        file.write_text(
            json.dumps({"model": part.model, **rates}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    return judge


def _library_key(
    configuration: Configuration, corpus: Corpus, ids: Mapping[str, str], distractors: Sequence[Path]
) -> str:
    """What decides what is stored: two configurations that differ only in retrieval or answering share a library.

    `ids`: of the documents. A revision may be of the questions only, and files that were replaced must not stay.
    """
    settings = load_settings(configuration.settings)
    stored = [settings.ingest.model_dump(mode="json"), settings.embedding.model_dump(mode="json"), corpus.revision]
    if settings.captions != "off":
        stored += [settings.captions, settings.answer.model, settings.answer.llm]
    stored += map(str, distractors)
    stored += sorted(set(ids.values()))
    return hashlib.sha256(json.dumps(stored, sort_keys=True).encode()).hexdigest()[:8]


def _write_set(place: Path, corpus: Corpus) -> None:
    place.mkdir(parents=True, exist_ok=True)
    lines = "".join(question_line(question) + "\n" for question in corpus.questions)
    (place / "questions.jsonl").write_text(lines, encoding="utf-8")
    qrels = [
        f"{_word(question.id)} 0 {_word(page_id(gold.document, gold.page_index))} {gold.grade}\n"
        for question in corpus.questions
        for gold in question.gold
    ]
    (place / "qrels.trec").write_text("".join(qrels), encoding="utf-8")


def _trec_lines(results: Mapping[str, Result], questions: Sequence[Question], tag: str) -> Iterator[str]:
    """Scores fall by one from rank to rank, so that trec_eval keeps the order of ties.

    A page whose copy is gold goes by the name of that copy.
    """
    for question in questions:
        gold = {(page.document, page.page_index) for page in question.gold}
        for rank, page in enumerate(results[question.id].outcome.ranking, start=1):
            names = (page.document, *page.copies)
            name = next((name for name in names if (name, page.page_index) in gold), page.document)
            yield f"{_word(question.id)} Q0 {_word(page_id(name, page.page_index))} {rank} {-rank} {tag}\n"


def _word(name: str) -> str:
    """A name without spaces, which TREC files cannot hold."""
    return "_".join(name.split())
