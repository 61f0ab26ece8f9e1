"""The JSON contract of `recto search`, `recto ask` and `recto chat`: hits, answers, citations, sessions.

Owns key names, nesting and rounding, as `output.py` does for the other commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

from pipeline.cli.output import Edges, Line, Name, Number
from pipeline.results import Answer, Citation, Claim, PageHit, PageRef, ScoredChunk, SearchResult

if TYPE_CHECKING:
    from pipeline.chat import PastTurn
    from pipeline.stores.history import SessionRow

QuestionId = str | int | None
"""As given in the file of questions; null for a question given on the command line."""


def total_seconds(stages: Mapping[str, float]) -> float:
    """The whole time of a result that was timed by stage."""
    return sum(stages.values())


class HitChunk(Line):
    chunk_id: str
    text: str
    boxes: list[Edges]

    @classmethod
    def of(cls, scored: ScoredChunk) -> Self:
        chunk = scored.chunk
        return cls(chunk_id=chunk.chunk_id, text=chunk.text, boxes=list(chunk.boxes()))


class ChannelItem(Line):
    rank: int
    score: Number


class CopyItem(Line):
    """The same page in a copy of the document."""

    document_id: str
    name: Name
    page_index: int


class HitItem(Line):
    """A ranked page."""

    document_id: str
    name: Name
    page_index: int
    page_label: str
    score: Number
    chunks: list[HitChunk]
    channels: dict[str, ChannelItem]
    copies: list[CopyItem]

    @classmethod
    def of(cls, hit: PageHit) -> Self:
        return cls(
            document_id=hit.ref.document_id,
            name=hit.name,
            page_index=hit.ref.page_index,
            page_label=hit.page_label,
            score=hit.score,
            chunks=[HitChunk.of(chunk) for chunk in hit.chunks],
            channels={name: ChannelItem(rank=at.rank, score=at.score) for name, at in hit.channels.items()},
            copies=[
                CopyItem(document_id=copy.ref.document_id, name=copy.name, page_index=copy.ref.page_index)
                for copy in hit.copies
            ],
        )


class SearchLine(Line):
    """`recto search`: one question."""

    id: QuestionId
    hits: list[HitItem]
    seconds: Number

    @classmethod
    def of(cls, question_id: QuestionId, result: SearchResult) -> Self:
        return cls(id=question_id, hits=[HitItem.of(hit) for hit in result.hits], seconds=total_seconds(result.seconds))


class CitationItem(Line):
    document_id: str
    name: Name
    page_index: int
    page_label: str
    box: Edges
    quote: str

    @classmethod
    def of(cls, citation: Citation) -> Self:
        return cls(
            document_id=citation.ref.document_id,
            name=citation.name,
            page_index=citation.ref.page_index,
            page_label=citation.page_label,
            box=citation.box,
            quote=citation.quote,
        )


class ClaimItem(Line):
    text: str
    supported: bool
    citations: list[CitationItem]

    @classmethod
    def of(cls, claim: Claim) -> Self:
        return cls(
            text=claim.text,
            supported=claim.supported,
            citations=[CitationItem.of(citation) for citation in claim.citations],
        )


class PageItem(Line):
    document_id: str
    page_index: int

    @classmethod
    def of(cls, ref: PageRef) -> Self:
        return cls(document_id=ref.document_id, page_index=ref.page_index)


class ContextItem(Line):
    pages: list[PageItem]
    text_tokens: int
    image_tokens: int


class AskLine(Line):
    """`recto ask`: one question. `unparsed` and `cut_off` as in `Answer`."""

    id: QuestionId
    answer: str
    abstained: bool
    unparsed: bool
    cut_off: bool
    claims: list[ClaimItem]
    context: ContextItem
    usage: dict[str, int]
    seconds: Number

    @classmethod
    def of(cls, question_id: QuestionId, answer: Answer) -> Self:
        context = answer.context
        return cls(
            id=question_id,
            answer=answer.text,
            abstained=answer.abstained,
            unparsed=answer.unparsed,
            cut_off=answer.cut_off,
            claims=[ClaimItem.of(claim) for claim in answer.claims],
            context=ContextItem(
                pages=[PageItem.of(ref) for ref in context.pages],
                text_tokens=context.text_tokens,
                image_tokens=context.image_tokens,
            ),
            usage=dict(answer.usage),
            seconds=total_seconds(answer.seconds),
        )


class ChatLine(AskLine):
    """`recto chat`: one turn; `id` is its number in the session, `standalone` the question as it was searched.

    `picture`: whether a picture came with the question.
    """

    session: str
    question: str
    standalone: str
    picture: bool

    @classmethod
    def of_turn(cls, session: str, number: int, turn: PastTurn, answer: Answer) -> Self:
        line = dict(AskLine.of(number, answer))
        said = {"question": turn.question, "standalone": turn.standalone, "picture": turn.pictured}
        return cls(**line, **said, session=session)


class SessionLine(Line):
    """`recto chat --list`: one stored conversation."""

    session: str
    started: str
    turns: int
    first_question: str

    @classmethod
    def of(cls, row: SessionRow) -> Self:
        return cls(session=row.session_id, started=row.created, turns=row.turns, first_question=row.first_question)


class FailedQuestionLine(Line):
    """`recto ask`: a question of a file that could not be answered, in place of its line."""

    id: QuestionId
    error: str
