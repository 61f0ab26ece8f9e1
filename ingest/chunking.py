"""Pages cut into chunks that fit the text embedder, counted in its own tokens. Pure; loads no model, reads no file.

A chunk holds whole blocks where they fit, else whole sentences, lines and table rows; it never crosses a
page. Token counts of parts are added up, and the sum is checked on the joined text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ingest.chunk_context import HeadingPath, TokenCounter, build_context, captions
from ingest.document import FURNITURE, Block, Box, Chunk, DocumentInfo, Kind, Page, Span
from ingest.settings import ChunkSettings
from ingest.writing import blank_between

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[\"“‘(]?[A-Z0-9])|(?<=[。！？])")
_ROWS = frozenset({Kind.TABLE, Kind.PICTURE, Kind.FORM_FIELD, Kind.ANNOTATION})
"""Kinds whose lines stand one below the other in a chunk; the lines of others run on."""
_OPENERS = frozenset({Kind.HEADING, Kind.CAPTION})
_SPECIAL_TOKENS = 2
_SOFT_FILL = 0.35
"""A heading, table or picture opens a new chunk when the current one is filled to this part."""
_HEADER_SHARE = 0.5
"""A table's header is repeated when it takes no more than this part of a chunk."""


def chunk_document(
    info: DocumentInfo,
    pages: Sequence[Page],
    count_tokens: Callable[[Sequence[str]], list[int]],
    settings: ChunkSettings,
) -> list[list[Chunk]]:
    """Chunks of each page, in order; an empty list for a page without words.

    `count_tokens` gives each text's tokens with the embedder's two special tokens. The count of every chunk's
    `embedded_text` is at most `settings.max_tokens`.
    """
    counter = TokenCounter(count_tokens)
    path = HeadingPath()
    above = [[path.above(block) for block in page.blocks] for page in pages]
    atoms = [[_atoms(index, block) for index, block in enumerate(page.blocks)] for page in pages]
    counter.prime(atom.joined for page in atoms for block in page for atom in block)
    packers = [_Packer(info, page, above[number], counter, settings) for number, page in enumerate(pages)]
    drafts = [packer.pack(atoms[number], _SPECIAL_TOKENS) for number, packer in enumerate(packers)]
    counter.prime(chunk.embedded_text for page in drafts for chunk in page)
    for number, draft in enumerate(drafts):
        if any(counter[chunk.embedded_text] > settings.max_tokens for chunk in draft):
            # Where the embedder's tokens do not simply add up, the page is cut again with the sure bound.
            drafts[number] = packers[number].pack(atoms[number], 0)
    counter.prime(chunk.embedded_text for page in drafts for chunk in page)
    return [[replace(chunk, tokens=counter[chunk.embedded_text]) for chunk in page] for page in drafts]


@dataclass(frozen=True, slots=True)
class _Atom:
    """The smallest piece that moves as a whole: a line, a sentence's part of a line, or a table row."""

    text: str
    box: Box
    joiner: str
    block: int
    kind: Kind
    is_header: bool = False
    ends_sentence: bool = True

    @property
    def joined(self) -> str:
        return self.joiner + self.text


def _atoms(index: int, block: Block) -> list[_Atom]:
    if block.kind in FURNITURE:
        return []
    atoms: list[_Atom] = []
    for number, line in enumerate(block.lines):
        if not line.text.strip():
            continue
        if block.kind in _ROWS:
            atoms.append(_Atom(line.text, line.box, "\n", index, block.kind, number < block.header_rows))
            continue
        for part in filter(None, _SENTENCE.split(line.text.strip())):
            ends = part.rstrip("\"”’')」』")[-1:] in ".!?。！？"
            joiner = blank_between(atoms[-1].text, part) if atoms else "\n"
            atoms.append(_Atom(part, line.box, joiner, index, block.kind, ends_sentence=ends))
    return atoms


class _Packer:
    """Packs the atoms of one page into chunks."""

    def __init__(
        self,
        info: DocumentInfo,
        page: Page,
        above: Sequence[tuple[str, ...]],
        counter: TokenCounter,
        settings: ChunkSettings,
    ) -> None:
        self._info = info
        self._page = page
        self._above = above
        self._captions = captions(page.blocks)
        self._counter = counter
        self._settings = settings
        self._context_limit = min(settings.context_tokens, settings.max_tokens // 2)
        self._limit = settings.max_tokens - self._context_limit
        self._special = _SPECIAL_TOKENS
        self._done: list[Chunk] = []
        self._current: list[_Atom] = []

    def pack(self, blocks: Sequence[Sequence[_Atom]], special: int) -> list[Chunk]:
        """Chunks of the page. `special`: how much a part's own count exceeds what it adds to the joined text."""
        self._special, self._done, self._current = special, [], []
        previous: Kind | None = None
        everything = [atom for block in blocks for atom in block]
        # A page that fits into one chunk is one: a chart is found by title, values and note together.
        whole = bool(everything) and self._fits(everything)
        for block in blocks:
            if not block:
                continue
            if not whole:
                self._turn_to(block, previous)
            header = [atom for atom in block if atom.is_header]
            for atom in block:
                for piece in self._cut(atom):
                    if self._current and not self._fits([*self._current, piece]):
                        self._overflow(piece, header)
                    self._current.append(piece)
            previous = block[0].kind
        self._close(len(self._current))
        return self._done

    def _cost(self, atoms: Iterable[_Atom]) -> int:
        return sum(self._counter[atom.joined] - self._special for atom in atoms)

    def _fits(self, atoms: Sequence[_Atom]) -> bool:
        context = self._context(atoms[0])
        used = self._counter[context] if context else self._special
        return used + self._cost(atoms) <= self._settings.max_tokens

    def _context(self, first: _Atom, text: str = "", room: int | None = None) -> str:
        above, caption = self._above[first.block], self._captions[first.block]
        limit = self._context_limit if room is None else min(self._context_limit, room)
        return build_context(self._info.title, above, caption, self._counter, limit, text)

    def _turn_to(self, block: Sequence[_Atom], previous: Kind | None) -> None:
        """Closes the current chunk before a block where that reads better than going on."""
        fill = self._cost(self._current)
        if fill < _SOFT_FILL * self._limit or all(atom.kind in _OPENERS for atom in self._current):
            return
        kind = block[0].kind
        turns = kind is not previous and {kind, previous} & {Kind.HEADING, Kind.TABLE, Kind.PICTURE}
        if kind is Kind.HEADING or (turns and previous is not Kind.HEADING) or not self._fits([*self._current, *block]):
            self._close(self._without_openers(len(self._current)))

    def _without_openers(self, end: int) -> int:
        """`end` without headings and captions just before it, which belong to what follows; never 0."""
        start = end
        while start and self._current[start - 1].kind in _OPENERS:
            start -= 1
        return start or end

    def _overflow(self, atom: _Atom, header: Sequence[_Atom]) -> None:
        """Closes the current chunk where it reads best and begins the next with what must be repeated."""
        end = len(self._current)
        if atom.kind not in _ROWS:
            sentence = end
            while sentence and not (
                self._current[sentence - 1].ends_sentence or self._current[sentence - 1].block != atom.block
            ):
                sentence -= 1
            if self._cost(self._current[:sentence]) >= 0.5 * self._limit:
                end = sentence
        end = self._without_openers(end)
        closed = self._current[:end]
        self._close(end)
        repeated = list(header) if atom.kind is Kind.TABLE and not atom.is_header else self._overlap(closed, atom)
        if any(other.is_header and other.block == atom.block for other in self._current):
            repeated = []
        if self._cost(repeated) > _HEADER_SHARE * self._limit or not self._fits([*self._current, *repeated, atom]):
            repeated = []
        if self._current and not self._fits([*self._current, *repeated, atom]):
            self._close(len(self._current))
        self._current += repeated

    def _overlap(self, closed: Sequence[_Atom], atom: _Atom) -> list[_Atom]:
        start = len(closed)
        while (
            start
            and closed[start - 1].block == atom.block
            and self._cost(closed[start - 1 :]) <= self._settings.overlap_tokens
        ):
            start -= 1
        return list(closed[start:]) if not self._current else []

    def _cut(self, atom: _Atom) -> list[_Atom]:
        """The atom, or, when it is longer than a chunk, its parts: at cells, then words, then characters."""
        if self._cost([atom]) <= self._limit or len(atom.text) < 2:
            return [atom]
        for separator in (" | ", " "):
            texts = atom.text.split(separator)
            if len(texts) > 1:
                break
        else:
            middle = len(atom.text) // 2
            separator, texts = "", [atom.text[:middle], atom.text[middle:]]
        parts = [
            replace(atom, text=text, joiner=separator if number else atom.joiner, ends_sentence=False, is_header=False)
            for number, text in enumerate(texts)
        ]
        self._counter.prime(part.joined for part in parts)
        grouped: list[_Atom] = []
        fill = 0
        for part in [piece for whole in parts for piece in self._cut(whole)]:
            cost = self._counter[part.joined]
            if grouped and fill + cost <= self._limit:
                grouped[-1] = replace(grouped[-1], text=grouped[-1].text + part.joined)
                fill += cost
            else:
                grouped.append(part)
                fill = cost
        return grouped

    def _close(self, end: int) -> None:
        """Makes a chunk of the first `end` atoms and keeps the rest."""
        atoms, self._current = self._current[:end], self._current[end:]
        if not atoms:
            return
        text = ""
        spans: list[Span] = []
        for atom in atoms:
            text += atom.joiner if text else ""
            start, text = len(text), text + atom.text
            if spans and spans[-1].box == atom.box and atom.kind not in _ROWS:
                start = spans.pop().start
            spans.append(Span(start, len(text), atom.box))
        # Without what the text says itself, more of the rest has its place: that may be longer than what was measured.
        room = self._settings.max_tokens - self._cost(atoms)
        kinds = Counter[Kind]()
        for atom in atoms:
            kinds[atom.kind] += len(atom.text)
        self._done.append(
            Chunk(
                self._info.document_id,
                self._page.page_index,
                len(self._done),
                kinds.most_common(1)[0][0],
                text,
                self._context(atoms[0], text, room),
                0,
                tuple(spans),
            )
        )
