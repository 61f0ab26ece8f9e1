"""The system under test: a `Library` with the documents of a data set, asked like any user asks it.

Pages are named by the data set's names. Files with the same bytes are one document to a library, so they are one here
too, by the first of their names, in gold and in rankings.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from eval.errors import EvaluationError
from eval.metrics.cost import IMAGE, TEXT
from eval.records import CitedPlace, Corpus, Outcome, Question, RankedPage, StatedClaim
from eval.runs.records import Result, foreign_name
from eval.runs.suite import Pages
from pipeline import Library
from pipeline.cli.watching import watcher
from pipeline.config import Settings, load_settings
from pipeline.results import Answer, ContextUsed, PageHit, PageRef
from prompts.loader import load


def document_id(path: Path) -> str:
    """The id that a library gives to a file (`ARCHITECTURE.md`)."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def as_one_document(corpus: Corpus, ids: Mapping[str, str]) -> Corpus:
    """The corpus with every gold page named by the first of its document's names. `ids`: document id by name."""
    first: dict[str, str] = {}
    for document in corpus.documents:
        first.setdefault(ids[document.name], document.name)
    name = {document.name: first[ids[document.name]] for document in corpus.documents}

    documents = tuple(document for document in corpus.documents if name[document.name] == document.name)
    return replace(corpus, documents=documents, questions=tuple(one.renamed(name) for one in corpus.questions))


class System:
    """A library under one configuration. Adds what the library lacks of the corpus when it is opened."""

    def __init__(
        self,
        library: Path,
        settings: Mapping[str, Any],
        corpus: Corpus,
        ids: Mapping[str, str],
        *,
        add: Sequence[Path] | None,
    ) -> None:
        """`add`: missing documents are added, and these files and folders too; None: nothing is added.

        Raises `EvaluationError` when a document is not there.
        """
        self.settings: Settings = load_settings({**settings, "library": library})
        self._names = {ids[document.name]: document.name for document in corpus.documents}
        self._ids = {name: document_id for document_id, name in self._names.items()}
        self._library = Library(settings=self.settings)
        self._searching = threading.RLock()
        # Quoting computes with the same models as searching does; only an endpoint's answers are waited for.
        waits = self.settings.answer.answerer == "endpoint"
        self._answering: AbstractContextManager[object] = nullcontext() if waits else self._searching
        try:
            self._complete(corpus, add)
        except BaseException:
            self._library.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._library.close()

    def _complete(self, corpus: Corpus, add: Sequence[Path] | None) -> None:
        missing = self._missing(corpus)
        if add is not None and (missing or add):
            with watcher() as progress:
                for _ in self._library.add([*missing, *add], progress=progress):
                    pass
            missing = self._missing(corpus)
        if missing:
            raise EvaluationError(
                f"the library {self.settings.library} lacks {len(missing)} documents of {corpus.name}, the first "
                f"{missing[0].name}: `recto add` tells why it cannot be read; take it and its questions out of the set"
            )

    def _missing(self, corpus: Corpus) -> list[Path]:
        have = {row.info.document_id for row in self._library.documents() if row.status in ("ready", "partial")}
        return [document.path for document in corpus.documents if self._ids[document.name] not in have]

    @property
    def pages(self) -> int:
        """Pages that the library can find."""
        return sum(row.pages_indexed for row in self._library.documents())

    def search(self, question: Question, depth: int) -> Result:
        """The ranking of a question, `depth` pages deep."""
        with self._searching:
            found = self._library.search(question.text, k=depth)
        return self._result(Outcome(question.id, self._ranking(found.hits), seconds=found.seconds), found.hits)

    def ask(self, question: Question, depth: int, pages: Pages) -> Result:
        """The ranking and the answer; `oracle`: an answer from the gold pages, `none`: from memory, whatever was found.

        Under `oracle` a question without gold pages is only searched: there is nothing to answer it from.
        For several threads: they search in turn, and wait for the model of an endpoint side by side.
        """
        refs = [PageRef(self._ids[gold.document], gold.page_index) for gold in question.gold if gold.grade > 0]
        if pages == "oracle" and not refs:
            return self.search(question, depth)
        with self._searching:
            found = self._library.search(question.text, k=depth)
            parts = self._library.find(question.text, pages={"oracle": refs, "none": []}.get(pages))
        with self._answering:
            answer = self._from_memory(question) if pages == "none" else self._library.answer(question.text, parts)
        outcome = Outcome(
            question.id,
            self._ranking(found.hits),
            answer.text,
            answer.abstained,
            answer.confidence,
            self._claims(answer),
            {**{f"search {stage}": seconds for stage, seconds in found.seconds.items()}, **answer.seconds},
            {**answer.usage, **self._shown(answer)},
        )
        return self._result(outcome, found.hits)

    def _shown(self, answer: Answer) -> dict[str, int]:
        """Tokens that a model was shown; quoting shows none to any."""
        context = answer.context
        quotes = self.settings.answer.answerer == "extractive"
        return {} if quotes else {TEXT: context.text_tokens, IMAGE: context.image_tokens}

    def _from_memory(self, question: Question) -> Answer:
        """What the model says without any page."""
        from llama_index.core.llms import ChatMessage

        from pipeline.answering.abstention import is_abstention
        from pipeline.answering.llm import token_usage
        from pipeline.answering.tokens import estimate_tokens

        prompt = load("closed_book").render(question=question.text, unanswerable=load("unanswerable").text)
        started = time.perf_counter()
        with self._library.generator.explained():
            response = self._library.generator.llm.chat([ChatMessage(role="user", content=prompt)])
        text = (response.message.content or "").strip()
        return Answer(
            question.text,
            text,
            is_abstention(text),
            context=ContextUsed(text_tokens=estimate_tokens(prompt)),
            usage=token_usage(response),
            seconds={"answer": time.perf_counter() - started},
        )

    def _result(self, outcome: Outcome, hits: tuple[PageHit, ...]) -> Result:
        trace = tuple(
            {name: (place.rank, place.score) for name, place in hit.channels.items() if name != "fusion"}
            for hit in hits
        )
        return Result(outcome, {}, trace)

    def _name(self, document_id: str, file_name: str) -> str:
        return self._names.get(document_id) or foreign_name(file_name, document_id)

    def _ranking(self, hits: tuple[PageHit, ...]) -> tuple[RankedPage, ...]:
        return tuple(
            RankedPage(
                self._name(hit.ref.document_id, hit.name),
                hit.ref.page_index,
                hit.score,
                tuple(region.box for region in hit.regions),
                tuple(self._name(copy.ref.document_id, copy.name) for copy in hit.copies),
            )
            for hit in hits
        )

    def _claims(self, answer: Answer) -> tuple[StatedClaim, ...]:
        return tuple(
            StatedClaim(
                claim.text,
                claim.supported,
                tuple(
                    CitedPlace(
                        self._name(place.ref.document_id, place.name), place.ref.page_index, place.box, place.quote
                    )
                    for place in claim.citations
                ),
            )
            for claim in answer.claims
        )
