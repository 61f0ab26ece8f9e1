"""What a question is answered from: its parts, each searched, and the further steps a model asks for.

Owns the order of searches; never ranks, and never answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pipeline.asking import log_step
from pipeline.config import Mode, Settings
from pipeline.errors import InputError
from pipeline.picture_questions import asked_with, sought_by_words
from pipeline.planning import plan
from pipeline.results import FoundPart, SearchResult
from pipeline.retrieval.retriever import Retriever
from pipeline.stores.history import History

if TYPE_CHECKING:
    from PIL import Image

    from pipeline.generation.base import Generator

Among = frozenset[str] | None
"""Ids of the documents that may be found; None: any."""


class Finder:
    """Searches for everything that a question asks for. Threads share it."""

    def __init__(
        self,
        retriever: Retriever,
        settings: Settings,
        history: History,
        generator: Callable[[], Generator],
        looks: bool = False,
    ) -> None:
        """`generator` is called only where a model may ask for further `answer.steps`; `looks`: pages by pictures."""
        self._looks = looks
        self._retriever = retriever
        self._settings = settings
        self._history = history
        self._generator = generator

    def find(
        self,
        question: str,
        k: int,
        mode: Mode | None,
        among: Among,
        picture: Image.Image | None = None,
    ) -> Iterator[FoundPart]:
        """The parts of the question, then what a model asks for on top of them; every such step is in the log.

        A question with a picture is searched as a whole.
        """
        if picture is None:
            parts = self._parts(question, k, mode, among)
        else:
            parts = [FoundPart(asked_with(question, picture), self._by_picture(question, picture, k, mode, among))]
            question = parts[0].question
        yield from parts
        answer = self._settings.answer
        if answer.steps > 1 and answer.answerer != "extractive":
            from pipeline.steps import further_steps

            steps = further_steps(
                question,
                parts,
                self._generator(),
                lambda wanted: self._retriever.search(wanted, k=k, mode=mode, document_ids=among),
                most=answer.steps - 1,
                context_tokens=answer.context_tokens,
            )
            for step in steps:
                log_step(self._history, question, step, self._settings.hash)
                yield step

    def _by_picture(self, question: str, picture: Image.Image, k: int, mode: Mode | None, among: Among) -> SearchResult:
        """By what the picture looks like where the page model looks at pictures, else by the words in it."""
        answer, looks = self._settings.answer, self._looks
        quoting = answer.answerer == "extractive"
        if quoting and not question.strip():
            raise InputError(
                "a picture alone asks nothing that could be quoted: write a question beside it, set answer.answerer to "
                "a model that sees it, or rank pages by it with `recto search --image`"
            )
        seen = not quoting and answer.image_tokens > 0
        words = question if looks else sought_by_words(question, picture, seen=seen)
        return self._retriever.search(words, picture=picture if looks else None, k=k, mode=mode, document_ids=among)

    def _parts(self, question: str, k: int, mode: Mode | None, among: Among) -> list[FoundPart]:
        parts = plan(question, lambda name: self._retriever.documents_named(name, among))
        return [
            FoundPart(
                part.question,
                self._retriever.search(part.sought, k=k, mode=mode, document_ids=part.document_ids or among),
            )
            for part in parts
        ]
