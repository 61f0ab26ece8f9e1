"""Which words of a text layer a reader can see. Looks at the drawn page; moves no word and forms no block.

Words that say so themselves (painted with nothing, microscopic, off the page) are told without drawing, others only
doubted (`ingest.doubt`). Doubt is settled by one means for every way of hiding: the page is drawn with and without the
doubted words (`ingest.redraw`), and where nothing changes, nobody sees them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pymupdf
from numpy.typing import NDArray

from ingest.doubt import (
    CELL,
    CLIPPED,
    CONTRAST,
    INSET,
    Floats,
    Pieces,
    Probe,
    Sheet,
    beside_the_page,
    cell_counts,
    doubted_pieces,
    sharing_pieces,
)
from ingest.redraw import Place, draw_without, place, text_operations
from ingest.strokes import Writing

UNPAINTED = "painted with nothing"
TRANSPARENT = "fully transparent"
MICROSCOPIC = "too small to see"
OFF_PAGE = "off the page"
BLENDED = "in the colour of what is behind it"
COVERED = "covered or clipped away"

_ZOOM = 3.0
_MOST_PIXELS = 4_000_000
_SEEN = 12
"""The least change of a colour channel, of 255, by which a word is seen."""
_SMALLEST = 1.0
"""Font size in points that no printed word has."""
_NARROWEST = 0.25
"""Points a character; no printed word is narrower."""
_SIGN, _LONGEST_NAME = 2.0, 30
"""Points and characters: how wide a drawn sign is at least, and how long the name that a file may give it."""
_MOST_GROUPS = 4
"""Drawings at most to tell words apart that stand on each other."""
_STROKES = 40
"""The range of grey, of 255, that a scanned word shows and blank paper with its noise does not."""
_PAINTED = pymupdf.mupdf.FZ_STEXT_FILLED | pymupdf.mupdf.FZ_STEXT_STROKED

TextLine = dict[str, Any]
"""A line of `get_text("dict")` whose spans also carry `hidden`: how they are hidden, "" for what is seen."""


class Sight:
    """A text layer looked at.

    `lines`: every line in the file's order, each span marked with how it is hidden, its box in points of the page
    before it is turned. Spans are parted between seen and hidden words only where some word is doubted.
    `unchecked`: why the page could not be drawn, "" when it could or need not be.
    """

    def __init__(self, page: pymupdf.Page, images: Sequence[pymupdf.Rect]) -> None:
        """`images`: where pictures are drawn, points of the displayed page."""
        self._page = page
        self._images = images
        self.unchecked = ""
        self.lines = _lines(page, "dict")
        sheet = Sheet.of(page)
        _mark_by_itself(self.lines, sheet)
        spans = [(span, line["dir"]) for line in self.lines for span in line["spans"] if _is_open(span)]
        if spans:
            cells = Pieces(spans, cell_counts(spans), sheet, inset_along=0.0)
            try:
                if (
                    doubted_pieces(page, self._probe, cells, images, sheet) | beside_the_page(cells.boxes, sheet)
                ).any():
                    self.lines = _judged(page, self._probe, images, sheet)
            except Exception as error:  # of MuPDF, of several unrelated classes; the words are worth keeping
                self.unchecked = " ".join(str(error).split()) or type(error).__name__

    @cached_property
    def _probe(self) -> Probe:
        return Probe(self._page)

    def writing(self) -> Writing | None:
        """Where the drawn page shows writing; None when it cannot be drawn."""
        try:
            return Writing(self._probe.grey, self._probe.zoom)
        except Exception as error:
            self.unchecked = " ".join(str(error).split()) or type(error).__name__
            return None

    def has_strokes(self, box: tuple[float, float, float, float]) -> bool:
        """True when the drawn page shows light and dark in the box (displayed points) or close to it."""
        try:
            return self._probe.contrast_in(box) >= _STROKES
        except Exception:  # see above: a page that cannot be drawn shows nothing
            return False


def _lines(page: pymupdf.Page, kind: str, flags: int = 0) -> list[TextLine]:
    # Without a clip, MuPDF keeps silent about what lies beside the page.
    flags |= pymupdf.TEXT_PRESERVE_WHITESPACE
    found = page.get_text(kind, flags=flags, clip=pymupdf.INFINITE_RECT())
    return [line for block in found["blocks"] for line in block.get("lines", ())]


def _is_open(span: dict[str, Any]) -> bool:
    return not span["hidden"] and any(map(str.isalnum, span["text"]))


def _mark_by_itself(lines: Sequence[TextLine], sheet: Sheet) -> None:
    for line in lines:
        for span in line["spans"]:
            span["hidden"] = _by_itself(span, line["dir"], sheet)


def _by_itself(span: dict[str, Any], direction: tuple[float, float], sheet: Sheet) -> str:
    """How the span is hidden by its own properties, "" when it is not."""
    x0, y0, x1, y1 = box = span["bbox"]
    length = abs(direction[0]) * (x1 - x0) + abs(direction[1]) * (y1 - y0)
    height = abs(direction[0]) * (y1 - y0) + abs(direction[1]) * (x1 - x0)
    if sheet.turn:
        x0, y0, x1, y1 = pymupdf.Rect(box) * sheet.turn
    # Fonts may claim to write beside where they do: what is near the page is looked at (`_judged`).
    near = min(y1 - y0, x1 - x0)
    if x1 <= -near or y1 <= -near or x0 >= sheet.width + near or y0 >= sheet.height + near:
        return OFF_PAGE
    if span["alpha"] == 0 and not span["char_flags"] & CLIPPED:
        return TRANSPARENT if span["char_flags"] & _PAINTED else UNPAINTED
    count = len(span["text"])
    # A sign may have a name, such as "checked": that is as wide as the sign, and short.
    narrow = count >= CELL and length < _NARROWEST * count and (length < _SIGN or count > _LONGEST_NAME)
    low = span["size"] <= _SMALLEST and height < 2 * _SMALLEST  # drawn letters (Type 3) may have any size
    return MICROSCOPIC if low or narrow else ""


def _judged(page: pymupdf.Page, probe: Probe, images: Sequence[pymupdf.Rect], sheet: Sheet) -> list[TextLine]:
    """The lines once more, word by word, each seen word known to be seen."""
    lines = _lines(page, "rawdict")
    parted = [(line, _words(span)) for line in lines for span in line["spans"]]
    for line, words in parted:
        _mark_by_itself([{**line, "spans": words}], sheet)
    spans = [(word, line["dir"]) for line, words in parted for word in words if _is_open(word)]
    if not spans:
        return _rejoined(lines, parted)
    drawn = _drawn_boxes(page)
    looked_at = [({**word, "bbox": _drawn_box(word, drawn)}, direction) for word, direction in spans]
    pieces = Pieces(looked_at, [1] * len(spans), sheet)
    off = beside_the_page(pieces.boxes, sheet)
    for index in np.flatnonzero(off):
        spans[index][0]["hidden"] = OFF_PAGE
    cells = Pieces(looked_at, cell_counts(spans), sheet)
    doubts = np.zeros(len(spans), bool)
    doubts[cells.of[doubted_pieces(page, probe, cells, images, sheet)]] = True
    doubted = np.flatnonzero(doubts & ~off)
    if len(doubted):
        unseen = _unseen(page, [span for span, _ in spans], pieces, doubted, probe)
        blends = pieces.contrast(probe.ground(pieces.cores)) < CONTRAST
        blends |= pieces.contrast(probe.ground(pieces.boxes)) < CONTRAST
        for index in doubted[unseen]:
            spans[index][0]["hidden"] = BLENDED if blends[index] else COVERED
    return _rejoined(lines, parted)


def _rejoined(lines: list[TextLine], parted: Sequence[tuple[TextLine, list[dict[str, Any]]]]) -> list[TextLine]:
    for line in lines:
        line["spans"] = []
    for line, words in parted:
        line["spans"] += _joined(words)
    return lines


def _drawn_boxes(page: pymupdf.Page) -> dict[Place, tuple[float, ...]]:
    """Where each character has its ink; a font's own measures may lie."""
    return {
        place(character["c"], character["origin"]): character["bbox"]
        for line in _lines(page, "rawdict", pymupdf.TEXT_ACCURATE_BBOXES)
        for span in line["spans"]
        for character in span["chars"]
    }


def _drawn_box(word: dict[str, Any], drawn: Mapping[Place, tuple[float, ...]]) -> tuple[float, ...]:
    """The box of the word's ink; its box by the font's measures where no ink is known."""
    boxes = [drawn.get(place(c["c"], c["origin"])) for c in word["chars"] if not c["c"].isspace()]
    inked = [box for box in boxes if box and box[2] > box[0] and box[3] > box[1]]
    if not inked:
        return tuple(word["bbox"])
    x0s, y0s, x1s, y1s = zip(*inked, strict=True)
    return min(x0s), min(y0s), max(x1s), max(y1s)


def _words(span: dict[str, Any]) -> list[dict[str, Any]]:
    """The span of `rawdict` as one span a word; blanks stay with the word before them."""
    words: list[dict[str, Any]] = []
    blank = False
    for character in span["chars"]:
        if words and not (blank and not character["c"].isspace()):
            words[-1]["chars"].append(character)
        else:
            words.append({**span, "chars": [character]})
        blank = character["c"].isspace()
    for word in words:
        word["text"] = "".join(character["c"] for character in word["chars"])
        x0s, y0s, x1s, y1s = zip(*(character["bbox"] for character in word["chars"]), strict=True)
        word["bbox"] = min(x0s), min(y0s), max(x1s), max(y1s)
    return words


def _joined(words: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Neighbours of one span, all seen or all hidden in one way, as one span; signs go with the word before them."""
    joined: list[dict[str, Any]] = []
    for word in words:
        if joined and (word["hidden"] == joined[-1]["hidden"] or not any(map(str.isalnum, word["text"]))):
            before = joined[-1]
            box = pymupdf.Rect(before["bbox"]) | pymupdf.Rect(word["bbox"])
            joined[-1] = {**before, "text": before["text"] + word["text"], "bbox": tuple(box)}
        else:
            joined.append(word)
    return joined


def _unseen(
    page: pymupdf.Page, words: Sequence[dict[str, Any]], pieces: Pieces, doubted: NDArray[np.int64], probe: Probe
) -> NDArray[np.bool_]:
    """(len(doubted),) for which of the `doubted` words nothing changes in their place when they are not drawn."""
    known = text_operations(page)
    drawn_by = {
        int(index): frozenset().union(*(_operations(known, c) for c in words[index]["chars"])) for index in doubted
    }
    boxes = pieces.boxes[doubted]
    clip = pymupdf.Rect(*boxes[:, :2].min(0), *boxes[:, 2:].max(0)) & page.rect
    zoom = min(_ZOOM, (_MOST_PIXELS / max(clip.get_area(), 1.0)) ** 0.5)
    whole = draw_without(page, clip, zoom, ()).astype(np.int16)

    def unchanged(indices: Sequence[int]) -> list[int]:
        left_out = frozenset().union(*(drawn_by[index] for index in indices))
        change = np.abs(draw_without(page, clip, zoom, left_out) - whole).max(axis=2)
        return [index for index in indices if _most_in(change, pieces.boxes[index], clip, zoom) < _SEEN]

    candidates = [
        index for group in _apart(drawn_by, sharing_pieces(pieces)) for index in (unchanged(group) if group else [])
    ]
    # Words drawn twice hide each other: only what changes nothing when all is left out at once is unseen.
    unseen = set(unchanged(candidates)) if candidates else set()
    # No operation is known to draw text that only clips.
    flat = probe.edges_in(pieces.cores[doubted]) == 0
    return np.array([index in unseen if drawn_by[index] else flat[at] for at, index in enumerate(map(int, doubted))])


def _operations(known: Mapping[Place, set[int]], character: dict[str, Any]) -> set[int]:
    """What draws a character; where the file gives a sign another name, what draws in its place."""
    by_name = known.get(place(character["c"], character["origin"]))
    return by_name or known.get(place("", character["origin"]), set())


def _apart(drawn_by: Mapping[int, frozenset[int]], pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """The words in groups in which no word stands on one of another operation."""
    rivals: dict[int, set[int]] = defaultdict(set)
    for one, other in pairs:
        for first, second in ((one, other), (other, one)):
            for operation in drawn_by.get(first, ()):
                rivals[operation] |= drawn_by.get(second, frozenset()) - {operation}
    group_of: dict[int, int] = {}
    for operation in sorted(frozenset().union(*drawn_by.values())):
        taken = {group_of[rival] for rival in rivals[operation] if rival in group_of}
        group_of[operation] = min(min(set(range(len(taken) + 1)) - taken), _MOST_GROUPS - 1)
    groups: list[list[int]] = [[] for _ in range(_MOST_GROUPS)]
    for index, operations in drawn_by.items():
        if operations:
            groups[min(group_of[operation] for operation in operations)].append(index)
    return groups


def _most_in(change: NDArray[np.int16], box: Floats, clip: pymupdf.Rect, zoom: float) -> int:
    """The largest change in the middle of a box: neighbours of the same operation reach into its edges."""
    x0, y0, x1, y1 = box
    inset = INSET * (y1 - y0)
    left, top = int((x0 - clip.x0) * zoom), int((y0 + inset - clip.y0) * zoom)
    right, bottom = int((x1 - clip.x0) * zoom) + 1, int((y1 - inset - clip.y0) * zoom) + 1
    inside = change[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    return int(inside.max()) if inside.size else 0
