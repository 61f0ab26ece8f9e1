"""Fragments of a page to blocks in reading order: columns, paragraphs, headings, lists, captions, tables.

Geometry and typography only; no PDF, no picture, no other page. Columns are found by a recursive cut in
the manner of XY-cut (Nagy and Seth, 1984), with one check more: a gap between words and numbers is a
table's, not a gutter between columns.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.document import Block, Box, Kind, Line, Source
from ingest.tables import Row, TableRows, is_enumerator, make_row, split_tables
from ingest.textlayer import Fragment

_CAPTION = re.compile(r"^(fig(ure|\.)|table|exhibit|chart|graph|plate|box|scheme|algorithm|listing)\s*[A-Z]?\d+([.\-–]\d+)*\b", re.IGNORECASE)
_BULLETS = "•●▪■◦○‣∙·✓➢►"
_ITEM = re.compile(
    rf"^(?:[{_BULLETS}]\s*|[-–—*]\s+|\(?[a-z0-9]{{1,2}}\)\s+|\(?[ivx]{{1,4}}[.)]\s+|\d{{1,2}}[.]\s+(?=\D))\S"
)
_KEPT_HYPHEN = frozenset("self non well long short high low full part half co re pre post mid multi cross inter intra ex all year third first second one two three four five six on off so vice".split())
_LINE_END_HYPHEN = re.compile(r"([A-Za-z]+)-$")
_MOST_COLUMN_DEPTH = 6


@dataclass(frozen=True, slots=True)
class PageFrame:
    """Width and height in points of the displayed page, to turn points into fractions."""

    width: float
    height: float

    def box(self, x0: float, y0: float, x1: float, y1: float) -> Box:
        def clip(value: float) -> float:
            return min(1.0, max(0.0, value))

        return Box(clip(x0 / self.width), clip(y0 / self.height), clip(x1 / self.width), clip(y1 / self.height))


def lay_out(fragments: Sequence[Fragment], frame: PageFrame, source: Source = Source.TEXT_LAYER) -> list[Block]:
    """Blocks in reading order: text of the main direction first, turned text (stamps, axis labels) after it."""
    turns = Counter[int]()
    for fragment in fragments:
        turns[fragment.turn] += len(fragment.text)
    blocks: list[Block] = []
    for turn, _ in sorted(turns.items(), key=lambda item: (-item[1], item[0])):
        upright = [_upright(fragment, frame) for fragment in fragments if fragment.turn == turn]
        turned = frame if turn % 2 == 0 else PageFrame(frame.height, frame.width)
        blocks += [_turn_block(block, turn) for block in _lay_out_upright(upright, turned, source)]
    return blocks


def _upright(fragment: Fragment, frame: PageFrame) -> Fragment:
    """The fragment in a frame in which it reads left to right."""
    f = fragment
    if f.turn == 0:
        return f
    if f.turn == 1:
        x0, y0, x1, y1 = f.y0, frame.width - f.x1, f.y1, frame.width - f.x0
    elif f.turn == 2:
        x0, y0, x1, y1 = frame.width - f.x1, frame.height - f.y1, frame.width - f.x0, frame.height - f.y0
    else:
        x0, y0, x1, y1 = frame.height - f.y1, f.x0, frame.height - f.y0, f.x1
    return replace(f, x0=x0, y0=y0, x1=x1, y1=y1, turn=0)


def _turn_block(block: Block, turn: int) -> Block:
    """A block of a turned frame back on the page as displayed (fractions, so no sizes are needed)."""

    def back(box: Box) -> Box:
        if turn == 1:
            return Box(1 - box.y1, box.x0, 1 - box.y0, box.x1)
        if turn == 2:
            return Box(1 - box.x1, 1 - box.y1, 1 - box.x0, 1 - box.y0)
        return Box(box.y0, 1 - box.x1, box.y1, 1 - box.x0)

    if turn == 0:
        return block
    return replace(block, box=back(block.box), lines=tuple(replace(line, box=back(line.box)) for line in block.lines))


def _lay_out_upright(fragments: Sequence[Fragment], frame: PageFrame, source: Source) -> list[Block]:
    body = _body_style(fragments)
    blocks: list[Block] = []
    for rows in reading_order(fragments, body.size):
        paragraph: list[Row] = []
        for item in split_tables(rows):
            if isinstance(item, TableRows):
                blocks += _paragraphs(paragraph, body, frame, source)
                paragraph = []
                blocks.append(_table_block(item, frame, source))
            else:
                paragraph.append(item)
        blocks += _paragraphs(paragraph, body, frame, source)
    return blocks


@dataclass(frozen=True, slots=True)
class _Style:
    size: float
    bold: bool


def _body_style(fragments: Sequence[Fragment]) -> _Style:
    """Size and weight that most characters of the page have."""
    sizes, bold = Counter[float](), Counter[bool]()
    for fragment in fragments:
        sizes[round(fragment.size * 2) / 2] += len(fragment.text)
        bold[fragment.bold] += len(fragment.text)
    if not sizes:
        return _Style(10.0, False)
    return _Style(max(sizes, key=lambda size: (sizes[size], size)), bold[True] > bold[False])


# --- rows and columns ------------------------------------------------------------------------------------------------


def group_rows(fragments: Sequence[Fragment]) -> list[list[Fragment]]:
    """Fragments that stand side by side, top down."""
    rows: list[list[Fragment]] = []
    for fragment in sorted(fragments, key=lambda fragment: (fragment.middle, fragment.x0)):
        if rows:
            head = rows[-1][0]
            shared = min(head.y1, fragment.y1) - max(head.y0, fragment.y0)
            if shared >= 0.5 * min(head.y1 - head.y0, fragment.y1 - fragment.y0) and not _collides(rows[-1], fragment):
                rows[-1].append(fragment)
                continue
        rows.append([fragment])
    return rows


def _collides(row: Sequence[Fragment], fragment: Fragment) -> bool:
    """Over another fragment of the row: then it is the next line of tight type, not its neighbour."""
    return any(
        min(other.x1, fragment.x1) - max(other.x0, fragment.x0) > 0.5 * min(other.x1 - other.x0, fragment.x1 - fragment.x0)
        for other in row
    )


def reading_order(fragments: Sequence[Fragment], size: float, depth: int = 0) -> list[list[Row]]:
    """Rows of each column in the order in which a reader takes them; rows across all columns part the columns."""
    grouped = group_rows(fragments)
    cut = _column_cut(grouped, size) if depth < _MOST_COLUMN_DEPTH and len(grouped) > 2 else None
    if cut is None:
        return [[make_row(row) for row in grouped]] if grouped else []
    start, end, x = cut
    parts = [
        [fragment for row in grouped[:start] for fragment in row],
        [fragment for row in grouped[start:end] for fragment in row if fragment.x0 < x],
        [fragment for row in grouped[start:end] for fragment in row if fragment.x0 >= x],
        [fragment for row in grouped[end:] for fragment in row],
    ]
    return [rows for part in parts for rows in reading_order(part, size, depth + 1)]


def _column_cut(grouped: Sequence[Sequence[Fragment]], size: float) -> tuple[int, int, float] | None:
    """The widest-reaching pair of columns: rows `start:end`, parted at `x`. None when the rows are one column."""
    best = None
    best_weight = 0
    for x in _valleys(grouped):
        start = 0
        for index in range(len(grouped) + 1):
            crosses = index == len(grouped) or any(f.x0 < x - 1 and f.x1 > x + 1 for f in grouped[index])
            if not crosses:
                continue
            weight, place = _section_weight(grouped[start:index], x, size)
            if weight > best_weight:
                best_weight, best = weight, (start, index, place)
            start = index + 1
    return best


def _valleys(grouped: Sequence[Sequence[Fragment]]) -> list[float]:
    """Places across which few rows write, most promising first."""
    left = min(fragment.x0 for row in grouped for fragment in row)
    right = max(fragment.x1 for row in grouped for fragment in row)
    step = max((right - left) / 120, 1.0)
    cover = [0] * (int((right - left) / step) + 2)
    for row in grouped:
        for fragment in row:
            for place in range(int((fragment.x0 - left) / step), int((fragment.x1 - left) / step) + 1):
                cover[place] += 1
    limit = 0.5 * max(cover)
    valleys = []
    place = 0
    while place < len(cover):
        end = place
        while end + 1 < len(cover) and cover[end + 1] == cover[place]:
            end += 1
        lower_left = place == 0 or cover[place - 1] > cover[place]
        lower_right = end + 1 == len(cover) or cover[end + 1] > cover[place]
        if cover[place] <= limit and lower_left and lower_right and 0 < place and end + 1 < len(cover):
            valleys.append((cover[place], left + (place + end + 1) / 2 * step))
        place = end + 1
    return [x for _, x in sorted(valleys)[:8]]


def _section_weight(rows: Sequence[Sequence[Fragment]], x: float, size: float) -> tuple[int, float]:
    """Characters in the lesser of the two columns, 0 when the gap at `x` is no gutter; and the gutter's middle."""
    left = [fragment for row in rows for fragment in row if fragment.x0 < x]
    right = [fragment for row in rows for fragment in row if fragment.x0 >= x]
    if not left or not right:
        return 0, x
    low, high = max(fragment.x1 for fragment in left), min(fragment.x0 for fragment in right)
    if high - low < 0.6 * size:
        return 0, x
    if not _are_columns([make_row(row) for row in group_rows(left)], [make_row(row) for row in group_rows(right)]):
        return 0, x
    return min(sum(len(f.text) for f in left), sum(len(f.text) for f in right)), (low + high) / 2


def _are_columns(left: Sequence[Row], right: Sequence[Row]) -> bool:
    """Both sides are text that runs down, not the labels and the values of a table."""
    if len(left) < 2 or len(right) < 2:
        return False
    starts_with_number = sum(row.cells[0].is_number or row.cells[0].is_period for row in right)
    if starts_with_number > 0.3 * len(right):
        return False
    if sum(is_enumerator(row.text) or row.cells[0].is_number for row in left) > 0.5 * len(left):
        return False
    words_left, words_right = _words_per_row(left), _words_per_row(right)
    if min(words_left, words_right) >= 3.5 and len(left) > 2 and len(right) > 2:
        return True
    middles = [(row.y0 + row.y1) / 2 for row in left]
    aligned = sum(any(abs((row.y0 + row.y1) / 2 - middle) < 0.25 * row.size for middle in middles) for row in right)
    return min(words_left, words_right) >= 1.2 and aligned < 0.5 * min(len(left), len(right))


def _words_per_row(rows: Sequence[Row]) -> float:
    return sum(sum(word[:1].isalpha() for word in row.text.split()) for row in rows) / len(rows)


# --- paragraphs ------------------------------------------------------------------------------------------------------


def _paragraphs(rows: Sequence[Row], body: _Style, frame: PageFrame, source: Source) -> list[Block]:
    if not rows:
        return []
    right = max(row.x1 for row in rows)
    groups: list[list[Row]] = []
    for row in rows:
        if groups and not _starts_new(groups[-1], row, right):
            groups[-1].append(row)
        else:
            groups.append([row])
    seen = Counter(word for row in rows for word in row.text.split())
    return [_text_block(group, body, frame, source, seen) for group in groups]


def _starts_new(group: Sequence[Row], row: Row, right: float) -> bool:
    before = group[-1]
    gap = row.y0 - before.y1
    if abs(row.size - before.size) > 0.08 * max(row.size, before.size) or row.bold != before.bold:
        return True
    leading = group[1].y0 - group[0].y1 if len(group) > 1 else 0.45 * row.size
    if gap > max(leading, 0.0) + 0.35 * row.size or gap < -0.9 * row.size:
        return True
    if row.is_listing or _ITEM.match(row.text) or _CAPTION.match(row.text):
        return True
    indented = row.x0 - before.x0 > 0.8 * row.size
    short = right - before.x1 > 0.15 * (right - before.x0)
    ended = before.text.rstrip("”\"')")[-1:] in ".!?:;"
    is_item = group[0].is_listing or bool(_ITEM.match(group[0].text))
    if ended and (short or (indented and not is_item)):
        return True
    return is_item and row.x0 < group[0].x0 - 0.5 * row.size


def _text_block(rows: Sequence[Row], body: _Style, frame: PageFrame, source: Source, seen: Counter[str]) -> Block:
    texts = join_hyphens([row.text for row in rows], seen)
    lines = tuple(
        Line(text, frame.box(row.x0, row.y0, row.x1, row.y1)) for row, text in zip(rows, texts, strict=True) if text
    )
    kind, level = _kind(rows, body, source)
    return Block(kind, Box.around(line.box for line in lines), lines, source, level)


def _kind(rows: Sequence[Row], body: _Style, source: Source) -> tuple[Kind, int]:
    first = rows[0]
    text = " ".join(row.text for row in rows)
    if _CAPTION.match(text) and len(text) < 600:
        return Kind.CAPTION, 0
    ratio = first.size / body.size
    words = text.split()
    letters = sum(character.isalpha() for character in text)
    headline = len(rows) <= 3 and len(words) <= 25 and letters >= 3 and letters > 0.4 * len(text.replace(" ", ""))
    sentence = text[-1] == "." and len(words) > 6
    if headline and text[-1] not in ",;" and text[0] not in _BULLETS and not (text[0].islower() and len(rows) > 1):
        # OCR knows no font: its sizes are heights of boxes, and those vary from line to line.
        least = 1.5 if source is Source.OCR or sentence or len(words) > 15 else 1.15
        if ratio >= least:
            return Kind.HEADING, 1 if ratio >= 1.6 else 2
        if first.bold and not body.bold and len(words) <= 15 and text[-1] not in ".":
            return Kind.HEADING, 3
    if first.is_listing or _ITEM.match(text):
        return Kind.LIST_ITEM, 0
    return Kind.TEXT, 0


def join_hyphens(texts: Sequence[str], seen: Counter[str]) -> list[str]:
    """Mends words parted at line ends: the rest of the word moves up to the line where it begins.

    The hyphen stays where the word is likely written with one: a usual first part (`long-`, `self-`), or the
    hyphenated form stands in `seen` elsewhere.
    """
    mended = list(texts)
    for index in range(len(mended) - 1):
        hyphen = _LINE_END_HYPHEN.search(mended[index])
        rest, _, tail = mended[index + 1].partition(" ")
        if not hyphen or not rest[:1].islower():
            continue
        start = hyphen.group(1)
        bare = rest.rstrip(".,;:)")
        keep = start.lower() in _KEPT_HYPHEN or f"{start}-{bare}" in seen or "-" in rest
        mended[index] = mended[index][: -1 if not keep else None] + rest
        mended[index + 1] = tail
    return mended


def _table_block(table: TableRows, frame: PageFrame, source: Source) -> Block:
    lines = tuple(
        Line(" | ".join(cells), frame.box(row.x0, row.y0, row.x1, row.y1), cells) for row, cells in table.rows
    )
    box = Box.around(line.box for line in lines)
    return Block(Kind.TABLE, box, lines, source, header_rows=table.header_rows)
