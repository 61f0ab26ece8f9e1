"""What a chunk is about, put in front of it for the embedder: document title, headings above, a table's caption.

Also the memory of token counts, so that every text is counted once and in large batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ingest.document import Block, Kind

_SEPARATOR = " › "
_BATCH = 4096


class TokenCounter:
    """Counts of texts in the embedder's tokens, its special tokens included; asks for each text once."""

    def __init__(self, count_tokens: Callable[[Sequence[str]], list[int]]) -> None:
        self._count_tokens = count_tokens
        self._counts: dict[str, int] = {}

    def prime(self, texts: Iterable[str]) -> None:
        """Counts what is not counted yet, in batches."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._counts]
        for start in range(0, len(missing), _BATCH):
            batch = missing[start : start + _BATCH]
            self._counts.update(zip(batch, self._count_tokens(batch), strict=True))

    def __getitem__(self, text: str) -> int:
        if text not in self._counts:
            self.prime([text])
        return self._counts[text]


class HeadingPath:
    """The headings above each block, carried from page to page."""

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []

    def above(self, block: Block) -> tuple[str, ...]:
        """Headings that `block` stands under, outermost first; a heading is not above itself."""
        if block.kind is Kind.HEADING:
            self._open = [item for item in self._open if item[0] < block.level]
        above = tuple(text for _, text in self._open)
        if block.kind is Kind.HEADING:
            self._open.append((block.level, " ".join(block.text.split())))
        return above


def captions(blocks: Sequence[Block]) -> list[str]:
    """For each table or picture what names it: its caption, else the last line of the text before it; else "".

    A table that goes on from the page before is named by what it was called and headed by there.
    """
    names = []
    for index, block in enumerate(blocks):
        name = ""
        if block.kind in (Kind.TABLE, Kind.PICTURE):
            before = blocks[index - 1] if index else None
            below = _caption_below(blocks, index)
            if block.carried:
                name = " ".join(block.carried)
            elif before and before.kind is Kind.CAPTION:
                name = before.text
            elif below:
                name = below.text
            elif before and before.kind in (Kind.TEXT, Kind.LIST_ITEM) and before.lines:
                name = before.lines[-1].text
        names.append(" ".join(name.split()))
    return names


def _caption_below(blocks: Sequence[Block], index: int) -> Block | None:
    """The caption after a picture, or after a table when no other table follows it that it may belong to."""
    after = blocks[index + 1 : index + 3]
    if not after or after[0].kind is not Kind.CAPTION:
        return None
    belongs_to_next = blocks[index].kind is Kind.TABLE and len(after) > 1 and after[1].kind is Kind.TABLE
    return None if belongs_to_next else after[0]


def plain(text: str) -> str:
    """The text for comparison: lower case, one space between words."""
    return " ".join(text.split()).casefold()


def build_context(
    title: str, headings: Sequence[str], caption: str, counter: TokenCounter, limit: int, text: str = ""
) -> str:
    """Title, headings and caption in at most `limit` tokens, less those that `text` says itself.

    Said twice, a title drowns what the text adds (`eval/decisions/2026-11-21-context.md`). What is too long loses
    outer headings first, then words at the end.
    """
    said = plain(text)
    parts = [part for part in dict.fromkeys([title, *headings, caption]) if part and plain(part) not in said]
    has_title = title in parts
    while parts and counter[_SEPARATOR.join(parts)] > limit:
        if len(parts) > 1 + has_title:
            del parts[has_title]
            continue
        longest = max(range(len(parts)), key=lambda index: len(parts[index]))
        words = parts[longest].split()
        parts[longest] = " ".join(words[: len(words) - max(1, len(words) // 8)])
        parts = [part for part in parts if part]
    return _SEPARATOR.join(parts)
