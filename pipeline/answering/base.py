"""What every answerer offers: an answer at once, or as a stream of typed events. Never searches and opens no store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pipeline.results import Answer, Claim, FoundPart, PageHit

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next characters of the answer, as the model writes them (its `[n]` marks included)."""

    text: str


@dataclass(frozen=True, slots=True)
class ClaimReady:
    """A claim that has ended, with its citations looked up and its numbers and names checked."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class AnswerReady:
    """The whole answer. Always the last event, and sent exactly once."""

    answer: Answer


AnswerEvent = TextDelta | ClaimReady | AnswerReady


class Answerer(Protocol):
    """Turns a question and its ranked pages into an answer with citations."""

    def answer(
        self,
        question: str,
        hits: Sequence[PageHit],
        parts: Sequence[FoundPart] = (),
        picture: Image.Image | None = None,
    ) -> Answer:
        """The answer. No hits: it abstains. Raises `ModelError` when a model cannot be used.

        `parts`: what a question for several things was taken apart into, each with its own pages; `hits` are the best
        pages of all parts. Whoever reads all pages at once needs no parts. `picture` belongs to the question.
        """

    def stream(
        self,
        question: str,
        hits: Sequence[PageHit],
        parts: Sequence[FoundPart] = (),
        picture: Image.Image | None = None,
    ) -> Iterator[AnswerEvent]:
        """Text as it is written, claims as they end, then one `AnswerReady` equal to what `answer` returns."""
