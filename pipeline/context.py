"""The mixed context: which pieces and page pictures a model is shown, under one budget of text and image tokens.

Owns the choice, the order, the numbering and the counting. Never calls a model and never renders a page itself.

The budget (`answer.context_tokens`) holds everything: instructions, page texts, pictures, the question, a picture that
belongs to it, and the tokens kept free for the reply. Admission, in this order: the best evidence (always in), the best
piece of each further page by rank, page pictures by rank, the remaining pieces by score. What does not fit is listed in
`dropped`, which whoever asks the model tells (`answering/llm.py`).

Order shown: documents by their best-ranked page, inside a document by `page_index`. Pages of one document then read as
they were printed (a table that runs over, a sentence that refers back), and the most relevant document comes first.
The question comes last: on FinanceBench that order alone moved GPT-4-turbo from 37 to 118 of 150 correct
(patronus-ai/financebench, result files).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from PIL import Image

from ingest.document import FULL_PAGE, Box, Chunk
from ingest.errors import RectoError
from pipeline.answering.tokens import Costs, fit_picture, shrink_picture
from pipeline.config import AnswerSection
from pipeline.errors import ConfigError, InputError
from pipeline.results import ContextUsed, PageHit, PageRef, ScoredChunk
from prompts.loader import load

PictureSource = Callable[[PageRef], Image.Image]
"""Renders the screenshot of a page."""


class Reason(StrEnum):
    """Why something that was found is not shown to the model."""

    PAGE_LIMIT = "answer.pages is reached"
    BUDGET = "answer.context_tokens is used up"
    NO_PICTURE = "the picture could not be made"
    NOTHING_TO_SHOW = "the page has no text piece and pictures are off"


@dataclass(frozen=True, slots=True)
class Piece:
    """A numbered piece of evidence, shown to the model as `[number]`.

    A page without words has one piece with no `chunk`: its picture, pointed at by the best matched region.
    """

    number: int
    ref: PageRef
    name: str
    title: str
    page_label: str
    chunk: Chunk | None
    box: Box


@dataclass(frozen=True, slots=True)
class ContextPage:
    """A page as shown: its text with the numbered pieces, then its picture (or None), with their token counts."""

    ref: PageRef
    rank: int
    pieces: tuple[Piece, ...]
    text: str
    picture: Image.Image | None
    text_tokens: int
    image_tokens: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """A piece (`chunk_id`), a picture (`is_picture`) or a whole page (neither) that was found and is not shown."""

    ref: PageRef
    reason: Reason
    chunk_id: str = ""
    is_picture: bool = False
    detail: str = ""

    @property
    def name(self) -> str:
        """What it is, in the ids that the catalog and `--json` use."""
        page = f"{self.ref.document_id}:{self.ref.page_index}"
        return self.chunk_id or (f"the picture of {page}" if self.is_picture else page)


@dataclass(frozen=True, slots=True)
class MixedContext:
    """What is sent: `system`, then `pages` in order, then `closing`, which ends with the question.

    `text_tokens` counts system, pages and closing; with `image_tokens` and `output_tokens` it is at most
    `answer.context_tokens`.
    `attached` is a picture that belongs to the question, shown between the pages and `closing`.
    """

    question: str
    system: str
    pages: tuple[ContextPage, ...]
    closing: str
    text_tokens: int
    image_tokens: int
    output_tokens: int
    dropped: tuple[Dropped, ...] = ()
    attached: Image.Image | None = None

    @property
    def pieces(self) -> tuple[Piece, ...]:
        return tuple(piece for page in self.pages for piece in page.pieces)

    @property
    def used(self) -> ContextUsed:
        return ContextUsed(tuple(page.ref for page in self.pages), self.text_tokens, self.image_tokens)


def build_context(
    question: str,
    hits: Sequence[PageHit],
    settings: AnswerSection,
    costs: Costs | None = None,
    pictures: PictureSource | None = None,
    attached: Image.Image | None = None,
) -> MixedContext:
    """Choose what the model is shown. `hits` in rank order, at least one; without `costs` they are estimated.

    `attached` belongs to the question: always shown, as large as `answer.image_tokens` allows. Raises `InputError` when
    the question is too long or the budget cannot hold its best evidence, `ConfigError` when it cannot even hold the
    instructions, or no picture may be shown.
    """
    costs = costs or Costs.estimated(settings.image_patch)
    return _Builder(question, hits, settings, costs, pictures if settings.image_tokens else None, attached).build()


@dataclass(slots=True)
class _Draft:
    """A page while it is being packed."""

    rank: int
    hit: PageHit
    chunks: list[ScoredChunk]
    picture: Image.Image | None = None
    text_tokens: int = 0
    image_tokens: int = 0


class _Builder:
    def __init__(
        self,
        question: str,
        hits: Sequence[PageHit],
        settings: AnswerSection,
        costs: Costs,
        pictures: PictureSource | None,
        attached: Image.Image | None,
    ) -> None:
        self.question, self.hits, self.settings = question, hits, settings
        self.costs, self.count, self.pictures = costs, costs.text, pictures
        if settings.form == "claims":
            self.system = load("answer_system_claims").text
            self.closing = load("answer_question_claims").render(question=question)
        else:
            self.system = load("answer_system").render(unanswerable=load("unanswerable").text)
            self.closing = load("answer_question").render(question=question)
        self.fixed = costs.frame + self.count(self.system) + self.count(self.closing)
        self.attached, self.attached_tokens = None, 0
        if attached is not None:
            if not settings.image_tokens:
                raise ConfigError("answer.image_tokens is 0: the model is shown no picture; raise it, or ask without")
            self.attached = self._fitted(attached, settings.image_tokens)
            self.attached_tokens = costs.picture(*self.attached.size)
            self.fixed += self.count(load("attached_picture").text)
        self.left = settings.context_tokens - settings.output_tokens - self.fixed - self.attached_tokens
        self.dropped: list[Dropped] = []

    def build(self) -> MixedContext:
        if not self.hits:
            raise ValueError("a context needs at least one hit: without hits the answer is an abstention")
        self._check_question()
        drafts = self._candidates()
        if drafts:
            self._admit_best(drafts[0])
        elif self.left < 0:
            raise self._too_small(-self.left)
        for draft in drafts[1:]:
            self._admit_pieces(draft, _by_score(draft.hit)[:1])
        for draft in drafts:
            self._admit_picture(draft)
        rest = [(chunk, draft) for draft in drafts for chunk in _by_score(draft.hit)[1:]]
        for chunk, draft in sorted(rest, key=lambda item: (-item[0].score, item[0].chunk.chunk_id)):
            self._admit_pieces(draft, [chunk])
        return self._assemble([draft for draft in drafts if draft.chunks or draft.picture])

    def _check_question(self) -> None:
        """A question that alone takes more than a quarter of the budget is what to blame when nothing else fits."""
        if self.left <= 0 and self.count(self.question) > self.settings.context_tokens // 4:
            needed = self.fixed + self.attached_tokens + self.settings.output_tokens
            raise InputError(
                f"the question is too long: with the instructions and the reply it needs {needed} tokens and "
                f"answer.context_tokens is {self.settings.context_tokens}; shorten it"
            )

    def _too_small(self, missing: int) -> RectoError:
        """A matter of this question and what was found for it, unless no question at all would have room."""
        own = self.count(self.question) + self.attached_tokens
        kind = ConfigError if self.left + own <= 0 else InputError
        return kind(
            f"answer.context_tokens {self.settings.context_tokens} cannot hold the instructions, the question, the "
            f"best evidence and answer.output_tokens {self.settings.output_tokens}: "
            f"raise it to at least {self.settings.context_tokens + missing}"
        )

    def _candidates(self) -> list[_Draft]:
        drafts: list[_Draft] = []
        for rank, hit in enumerate(self.hits, start=1):
            if not hit.chunks and self.pictures is None:
                self.dropped.append(Dropped(hit.ref, Reason.NOTHING_TO_SHOW))
            elif len(drafts) >= self.settings.pages:
                self.dropped.append(Dropped(hit.ref, Reason.PAGE_LIMIT))
            else:
                drafts.append(_Draft(rank, hit, []))
        return drafts

    def _admit_best(self, draft: _Draft) -> None:
        """The best piece of the best page, or, when that page has no text, its picture at whatever size fits."""
        if draft.hit.chunks:
            best = _by_score(draft.hit)[:1]
            if not self._admit_pieces(draft, best):
                raise self._too_small(self._page_tokens(draft, best) - self.left)
        elif not self._admit_picture(draft, at_any_size=True) and self.dropped[-1].reason is Reason.BUDGET:
            words = self._page_tokens(draft, [], with_picture=True)
            raise self._too_small(words + self.settings.image_tokens - self.left)

    def _admit_pieces(self, draft: _Draft, more: list[ScoredChunk]) -> bool:
        """Add pieces when the page with them still fits; the frame around a page is counted with its first piece."""
        if not more:
            return False
        wanted = draft.chunks + more
        tokens = self._page_tokens(draft, wanted)
        if tokens - draft.text_tokens > self.left:
            self.dropped += [Dropped(draft.hit.ref, Reason.BUDGET, item.chunk.chunk_id) for item in more]
            return False
        self.left -= tokens - draft.text_tokens
        draft.chunks, draft.text_tokens = wanted, tokens
        return True

    def _admit_picture(self, draft: _Draft, at_any_size: bool = False) -> bool:
        if self.pictures is None or draft.picture is not None:
            return False
        words = self._page_tokens(draft, draft.chunks, with_picture=True) - draft.text_tokens
        room = self.left - words
        try:
            picture = self.pictures(draft.hit.ref) if room > 0 else None
        except RectoError as error:
            self.dropped.append(Dropped(draft.hit.ref, Reason.NO_PICTURE, is_picture=True, detail=str(error)))
            return False
        most = self.settings.image_tokens
        if picture is not None:
            picture = self._fitted(picture, min(most, room) if at_any_size else most)
        tokens = self.costs.picture(*picture.size) if picture is not None else 0
        if picture is None or tokens > room:
            self.dropped.append(Dropped(draft.hit.ref, Reason.BUDGET, is_picture=True))
            return False
        self.left -= words + tokens
        draft.picture, draft.image_tokens = picture, tokens
        draft.text_tokens += words
        return True

    def _fitted(self, picture: Image.Image, most: int) -> Image.Image:
        if self.costs.exact:
            return shrink_picture(picture, most, self.costs.picture)
        return fit_picture(picture, most, self.settings.image_patch)

    def _page_tokens(self, draft: _Draft, chunks: list[ScoredChunk], with_picture: bool | None = None) -> int:
        """Tokens of the page's text. Numbers count as the longest in use, so that renumbering adds nothing."""
        pictured = draft.picture is not None if with_picture is None else with_picture
        widest = 10 ** len(str(sum(max(1, len(hit.chunks)) for hit in self.hits))) - 1
        return self.count(_page_text(draft.hit, [(widest, chunk) for chunk in _shown(chunks)], pictured))

    def _assemble(self, drafts: list[_Draft]) -> MixedContext:
        first_rank: dict[str, int] = {}
        for draft in drafts:
            first_rank.setdefault(draft.hit.ref.document_id, draft.rank)
        drafts = sorted(drafts, key=lambda d: (first_rank[d.hit.ref.document_id], d.hit.ref.page_index))
        pages: list[ContextPage] = []
        number = 0
        for draft in drafts:
            hit, pieces = draft.hit, []
            for chunk in _shown(draft.chunks):
                number += 1
                pieces.append(Piece(number, hit.ref, hit.name, hit.title, hit.page_label, chunk, _box(hit, chunk)))
            text = _page_text(hit, [(piece.number, piece.chunk) for piece in pieces], draft.picture is not None)
            pages.append(
                ContextPage(
                    hit.ref, draft.rank, tuple(pieces), text, draft.picture, self.count(text), draft.image_tokens
                )
            )
        return MixedContext(
            self.question,
            self.system,
            tuple(pages),
            self.closing,
            self.fixed + sum(page.text_tokens for page in pages),
            sum(page.image_tokens for page in pages) + self.attached_tokens,
            self.settings.output_tokens,
            tuple(self.dropped),
            self.attached,
        )


def _by_score(hit: PageHit) -> list[ScoredChunk]:
    return sorted(hit.chunks, key=lambda item: (-item.score, item.chunk.chunk_id))


_DEFUSED = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"
_FRAME = re.compile(r"<(?=\s*/?\s*page\b)", re.IGNORECASE)


def _shown(chunks: Sequence[ScoredChunk]) -> Sequence[Chunk | None]:
    """The chunks in reading order; None stands for the picture of a page without words."""
    return tuple(sorted((item.chunk for item in chunks), key=lambda chunk: chunk.ordinal)) or (None,)


def _box(hit: PageHit, chunk: Chunk | None) -> Box:
    """Where a piece stands: its lines, or the best matched region of a page without words."""
    if chunk is not None and chunk.spans:
        return Box.around(chunk.boxes())
    best = min(hit.regions, key=lambda region: (-region.score, region.box), default=None)
    return best.box if chunk is None and best is not None else FULL_PAGE


def _page_text(hit: PageHit, numbered: Sequence[tuple[int, Chunk | None]], pictured: bool) -> str:
    """The page's frame with its numbered pieces. A frame mark inside a document's own text is defused."""
    piece, wordless = load("answer_piece"), load("answer_wordless").text
    texts = [(number, _FRAME.sub(_DEFUSED, chunk.text) if chunk else wordless) for number, chunk in numbered]
    pieces = "\n".join(piece.render(number=number, text=text) for number, text in texts)
    names = {"document": _attribute(hit.name), "page_label": _attribute(hit.page_label)}
    text = load("answer_page").render(**names, title=_attribute(hit.title), pieces=pieces)
    return f"{text}\n{load('answer_picture').render(**names)}" if pictured else text


def _attribute(text: str) -> str:
    return " ".join(_FRAME.sub(_DEFUSED, text).replace('"', "'").split())
