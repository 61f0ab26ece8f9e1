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
from itertools import pairwise

from ingest.document import Block, Box, Kind, Line, Source
from ingest.tables import Row, TableRows, is_enumerator, make_row, split_tables
from ingest.textlayer import Fragment

_CAPTION = re.compile(
    r"^(fig(ure|\.)|table|exhibit|chart|graph|plate|box|scheme|algorithm|listing)\s*[A-Z]?\d+([.\-–]\d+)*\b",
    re.IGNORECASE,
)
_BULLETS = "•●▪■◦○‣∙·✓➢►"
_ITEM = re.compile(
    rf"^(?:[{_BULLETS}]\s*|[-–—*]\s+|\(?[a-z0-9]{{1,2}}\)\s+|\(?[ivx]{{1,4}}[.)]\s+|\d{{1,2}}[.]\s+(?=\D))\S"
)
_KEPT_HYPHEN = re.compile(
    r"(?:self|non|well|long|short|high|low|full|part|half|co|re|pre|post|mid|multi|cross|inter|intra|ex|all|year|on|off|so|vice|"
    r"one|two|three|four|five|six|first|second|third)$",
    re.IGNORECASE,
)
_LINE_END_HYPHEN = re.compile(r"([A-Za-z]+)-$")
_MOST_COLUMN_DEPTH = 6
_LEAST_STEPS = 5


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


def lay_out_ocr(lines: Sequence[Line], frame: PageFrame) -> list[Block]:
    """Blocks from lines that OCR read, boxes in fractions of the page; a page scanned askew is put straight first."""
    slope = _slope(lines, frame)
    fragments = []
    for line in lines:
        x0, y0, x1, y1 = line.box
        shift = slope * (x0 + x1) / 2 * frame.width
        top, bottom = y0 * frame.height - shift, y1 * frame.height - shift
        height = max(bottom - top - abs(slope) * (x1 - x0) * frame.width, 1.0)
        fragments.append(Fragment(line.text, x0 * frame.width, top, x1 * frame.width, bottom, 0.8 * height))
    blocks = lay_out(fragments, frame, Source.OCR)
    return [_askew(block, slope * frame.width / frame.height) for block in blocks] if slope else blocks


def _slope(lines: Sequence[Line], frame: PageFrame) -> float:
    """Points down per point right: the middle one of the steps between lines read one beside the other."""
    steps = []
    for line, other in pairwise(lines):
        across = (other.box.x0 + other.box.x1 - line.box.x0 - line.box.x1) / 2 * frame.width
        down = (other.box.y0 + other.box.y1 - line.box.y0 - line.box.y1) / 2 * frame.height
        if other.box.x0 > line.box.x1 and abs(down) < (line.box.y1 - line.box.y0) * frame.height:
            steps.append(down / across)
    return sorted(steps)[len(steps) // 2] if len(steps) >= _LEAST_STEPS else 0.0


def _askew(block: Block, slope: float) -> Block:
    """The block where it stands on the scan. `slope` in fractions of the height per fraction of the width."""

    def back(box: Box) -> Box:
        left, right = slope * box.x0, slope * box.x1
        return Box(box.x0, max(box.y0 + min(left, right), 0.0), box.x1, min(box.y1 + max(left, right), 1.0))

    lines = tuple(replace(line, box=back(line.box)) for line in block.lines)
    return replace(block, box=Box.around(line.box for line in lines), lines=lines)


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
    body = _body_style(fragments, source)
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
    """`noisy`: sizes are measured from pixels, so those of one text differ from line to line."""

    size: float
    bold: bool
    noisy: bool = False


def _body_style(fragments: Sequence[Fragment], source: Source) -> _Style:
    """Size and weight that most characters of the page have."""
    sizes, bold = Counter[float](), Counter[bool]()
    for fragment in fragments:
        sizes[round(fragment.size * 2) / 2] += len(fragment.text)
        bold[fragment.bold] += len(fragment.text)
    if not sizes:
        return _Style(10.0, False)
    hidden = sum(fragment.hidden for fragment in fragments) > 0.5 * len(fragments)
    size = max(sizes, key=lambda size: (sizes[size], size))
    return _Style(size, bold[True] > bold[False], source is Source.OCR or hidden)


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
        min(other.x1, fragment.x1) - max(other.x0, fragment.x0)
        > 0.5 * min(other.x1 - other.x0, fragment.x1 - fragment.x0)
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
            if not crosses and not _begins_band(grouped, start, index, size):
                continue
            weight, place = _section_weight(grouped[start:index], x, size)
            if weight > best_weight:
                best_weight, best = weight, (start, index, place)
            start = index + 1 if crosses else index
    return best


def _begins_band(grouped: Sequence[Sequence[Fragment]], start: int, index: int, size: float) -> bool:
    """A row of cards ends: a wide empty band across the page, and no sentence goes on below it."""
    if index <= start:
        return False
    above, below = grouped[start:index], grouped[index]
    gap = min(fragment.y0 for fragment in below) - max(fragment.y1 for row in above[-4:] for fragment in row)
    return gap > 3 * size and len(below) > 1 and not any(fragment.text[:1].islower() for fragment in below)


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
        if cover[place] <= limit and lower_left and lower_right and place > 0 and end + 1 < len(cover):
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
    if (_runs_on(left) and _is_tight(right)) or (_runs_on(right) and _is_tight(left)):
        return True
    middles = [(row.y0 + row.y1) / 2 for row in left]
    aligned = sum(any(abs((row.y0 + row.y1) / 2 - middle) < 0.25 * row.size for middle in middles) for row in right)
    return min(words_left, words_right) >= 1.2 and aligned < 0.5 * min(len(left), len(right))


def _runs_on(rows: Sequence[Row]) -> bool:
    """Prose: rows of several words that go on in small letters."""
    small = sum(row.text[:1].islower() for row in rows[1:])
    return len(rows) >= 4 and _words_per_row(rows) >= 3.5 and small > 0.5 * (len(rows) - 1)


def _is_tight(rows: Sequence[Row]) -> bool:
    """Lines of one text (a note in the margin), not labels each beside its own text."""
    gaps = sorted(row.y0 - before.y1 for before, row in pairwise(rows))
    return bool(gaps) and gaps[len(gaps) // 2] < 0.7 * rows[0].size


def _words_per_row(rows: Sequence[Row]) -> float:
    return sum(sum(word[:1].isalpha() for word in row.text.split()) for row in rows) / len(rows)


# --- paragraphs ------------------------------------------------------------------------------------------------------


def _paragraphs(rows: Sequence[Row], body: _Style, frame: PageFrame, source: Source) -> list[Block]:
    if not rows:
        return []
    right = max(row.x1 for row in rows)
    groups: list[list[Row]] = []
    for row in rows:
        if groups and not _starts_new(groups[-1], row, right, body.noisy):
            groups[-1].append(row)
        else:
            groups.append([row])
    seen = Counter(word for row in rows for word in row.text.split())
    return [_text_block(group, body, frame, source, seen) for group in groups]


def _starts_new(group: Sequence[Row], row: Row, right: float, noisy: bool) -> bool:
    before = group[-1]
    gap = row.y0 - before.y1
    if abs(row.size - before.size) > (0.35 if noisy else 0.08) * max(row.size, before.size) or row.bold != before.bold:
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
    kind, level = _kind(rows, body)
    return Block(kind, Box.around(line.box for line in lines), lines, source, level)


def _kind(rows: Sequence[Row], body: _Style) -> tuple[Kind, int]:
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
        least = 1.5 if body.noisy or sentence or len(words) > 15 else 1.15
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
        keep = _KEPT_HYPHEN.match(start) or f"{start}-{bare}" in seen or "-" in rest
        mended[index] = mended[index][: -1 if not keep else None] + rest
        mended[index + 1] = tail
    return mended


def _table_block(table: TableRows, frame: PageFrame, source: Source) -> Block:
    lines = tuple(
        Line(" | ".join(cells), frame.box(row.x0, row.y0, row.x1, row.y1), cells) for row, cells in table.rows
    )
    box = Box.around(line.box for line in lines)
    return Block(Kind.TABLE, box, lines, source, header_rows=table.header_rows)
