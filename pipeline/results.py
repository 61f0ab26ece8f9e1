"""What retrieval and answering hand over: hits, context, answers. Plain frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingest.document import Box, Chunk


@dataclass(frozen=True, slots=True, order=True)
class PageRef:
    """A page of a document in the library. Ordered by document, then page: how ties are broken."""

    document_id: str
    page_index: int


@dataclass(frozen=True, slots=True)
class ChannelScore:
    """Where a channel ranked a page (1 is first) and the channel's own score."""

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class ScoredChunk:
    """A chunk of a hit with its similarity to the question."""

    chunk: Chunk
    score: float


@dataclass(frozen=True, slots=True)
class ScoredRegion:
    """A box of a hit that the visual channel matched, with its similarity to the question."""

    box: Box
    score: float


@dataclass(frozen=True, slots=True)
class PageCopy:
    """The same page in another copy of the document."""

    ref: PageRef
    name: str


@dataclass(frozen=True, slots=True)
class PageHit:
    """A ranked page. `channels` explains it: rank and score in each channel and after each stage.

    `copies` would have taken places of their own.
    """

    ref: PageRef
    name: str
    title: str
    page_label: str
    score: float
    chunks: tuple[ScoredChunk, ...] = ()
    regions: tuple[ScoredRegion, ...] = ()
    channels: Mapping[str, ChannelScore] = field(default_factory=dict)
    copies: tuple[PageCopy, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Ranked pages of one question. `seconds` by stage."""

    question: str
    hits: tuple[PageHit, ...]
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FoundPart:
    """A part of a question, as asked, with the pages of what was sought for it (`found.question`)."""

    question: str
    found: SearchResult


@dataclass(frozen=True, slots=True)
class Citation:
    """The place a claim rests on. `box` comes from the parser or a matched region, never from a model."""

    ref: PageRef
    name: str
    page_label: str
    box: Box
    quote: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of an answer. `supported`: every number and name in it stands in the cited evidence."""

    text: str
    supported: bool
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class ContextUsed:
    """What the answerer was shown: pages in the order given, and the tokens counted before sending."""

    pages: tuple[PageRef, ...] = ()
    text_tokens: int = 0
    image_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its claims. When `abstained`, `text` says that the documents do not say.

    `confidence`: how well the evidence fits the question, higher is surer, comparable between questions to the same
    answerer; None where the answerer cannot tell. `unparsed`: the model's reply did not have the form asked for; its
    text is shown as it came, and what its claims rest on is unknown where they do not say. `cut_off`: the reply ended
    at its limit of tokens, which is `answer.output_tokens`; what had been written is shown.
    """

    question: str
    text: str
    abstained: bool
    claims: tuple[Claim, ...] = ()
    context: ContextUsed = field(default_factory=ContextUsed)
    usage: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    confidence: float | None = None
    unparsed: bool = False
    cut_off: bool = False

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader must know of the reply beside its words."""
        remarks = {_OTHER_FORM: self.unparsed, _CUT_OFF: self.cut_off}
        return tuple(remark for remark, holds in remarks.items() if holds)


_OTHER_FORM = "(the reply did not have the form asked for; what it rests on is unknown where no page is named)"
_CUT_OFF = "(the reply was cut off at its limit of tokens: raise answer.output_tokens and ask again)"
