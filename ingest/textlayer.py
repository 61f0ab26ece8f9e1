"""The words a PDF page carries: its text layer as fragments in displayed points. Groups nothing, reads no pictures."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pymupdf

from ingest.scripts import join_spans
from ingest.visibility import TextLine
from ingest.writing import is_right_to_left

_CHARACTERS = str.maketrans(
    {
        "\u00ad": "",
        "\u200b": "",
        "\ufeff": "",
        "\u00a0": " ",
        "\u2002": " ",
        "\u2003": " ",
        "\u2009": " ",
        "\u202f": " ",
    }
    | {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
)
_ACCENTS = {"´": "\u0301", "`": "\u0300", "ˆ": "\u0302", "¨": "\u0308", "˜": "\u0303", "ˇ": "\u030c", "˚": "\u030a"}
_PARTED_ACCENT = re.compile(r"([´`ˆ¨˜ˇ˚])([A-Za-rt-z])")
_WIDE_BLANKS = re.compile(r"\s{3,}")
_VALUES = re.compile(r"(?:[$€£¥]?\s*\(?[$€£¥]?\d[\d,.]*\)?\s?%?\)?|[—–$€£¥])(?=\s|$)")
_SPACED_THOUSANDS = re.compile(r"^[^\d]*\d{1,3}( \d{3})+([.,]\d+)?[^\d]*$")
_UNKNOWN = re.compile(r"[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1b\U000f0000-\U0010ffff]")
"""Replacement characters, private use, control characters."""
_SMALLEST_SIZE = 1.0
_SIZE_OF_HEIGHT = 0.75
_BLANK_WIDTH = 0.25
"""Width of a space as a fraction of the font size, near enough for every common font."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A run of characters on one baseline. Points of the displayed page, origin top left; `size` is the font size.

    `turn`: quarter turns clockwise from upright reading (0: left to right, 1: downwards, 3: upwards).
    `hidden_by`: why nobody sees the characters (`ingest.visibility`), "" for what is seen.
    """

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    size: float
    bold: bool = False
    turn: int = 0
    hidden_by: str = ""

    @property
    def hidden(self) -> bool:
        return bool(self.hidden_by)

    @property
    def middle(self) -> float:
        return (self.y0 + self.y1) / 2


def fragments_of(page: pymupdf.Page, lines: Sequence[TextLine]) -> list[Fragment]:
    """The lines of an `ingest.visibility.Sight` as fragments, in their order; hidden ones are marked."""
    matrix = page.rotation_matrix
    quarter = round(page.rotation / 90)
    plain = quarter == 0
    fragments = []
    for line in lines:
        turn = (_turn(line["dir"]) + quarter) % 4
        for text, box, size, bold, hidden_by in _runs(line):
            x0, y0, x1, y1 = box if plain else tuple(pymupdf.Rect(box) * matrix)
            if min(abs(line["dir"][0]), abs(line["dir"][1])) > 0.3:
                # A slanted heading of a column stands over its foot; its box would reach over the next column's.
                x1 = min(x1, x0 + 1.5 * size)
            fragments += _split_wide(Fragment(text, x0, y0, x1, y1, size, bold, turn, hidden_by))
    return fragments


def unknown_share(fragments: Sequence[Fragment]) -> float:
    """Part of the characters that stands for no known character (broken or missing encodings), 0–1."""
    text = "".join(fragment.text for fragment in fragments)
    letters = sum(not character.isspace() for character in text)
    unknown = len(_UNKNOWN.findall(text))
    return unknown / letters if letters else 0.0


def _runs(line: TextLine) -> list[tuple[str, tuple[float, float, float, float], float, bool, str]]:
    """Joins a line's spans, parted where visible meets hidden: (text, box, size, bold, hidden by) each."""
    runs = []
    spans = [span for span in line["spans"] if span["text"]]
    start = 0
    for end in range(1, len(spans) + 1):
        if end < len(spans) and spans[end]["hidden"] == spans[start]["hidden"]:
            continue
        part = spans[start:end]
        start = end
        text = _PARTED_ACCENT.sub(_compose, join_spans(part).translate(_CHARACTERS))
        text = text.replace("‘‘", "“").replace("’’", "”")
        core = text.strip()
        if not core:
            continue
        main = max(part, key=lambda span: len(span["text"].strip()))
        bold = all(
            span["flags"] & pymupdf.TEXT_FONT_BOLD or "bold" in span["font"].lower()
            for span in part
            if span["text"].strip()
        )
        x0, y0 = min(span["bbox"][0] for span in part), min(span["bbox"][1] for span in part)
        x1, y1 = max(span["bbox"][2] for span in part), max(span["bbox"][3] for span in part)
        if abs(line["dir"][0]) > 0.9:
            blank = main["size"] * _BLANK_WIDTH
            left, right = len(text) - len(text.lstrip()), len(text) - len(text.rstrip())
            if is_right_to_left(core):
                left, right = right, left
            if (left + right) * blank < x1 - x0:
                x0, x1 = x0 + left * blank, x1 - right * blank
        # Drawn letters (Type 3) may have any font size; then their height tells.
        height = abs(line["dir"][0]) * (y1 - y0) + abs(line["dir"][1]) * (x1 - x0)
        size = main["size"] if main["size"] > _SMALLEST_SIZE else max(main["size"], _SIZE_OF_HEIGHT * height)
        runs.append((core, (x0, y0, x1, y1), size, bold, part[0]["hidden"]))
    return runs


def _compose(found: re.Match[str]) -> str:
    """An accent set before its letter (old TeX fonts) and the letter as one character, where there is one."""
    letter = unicodedata.normalize("NFC", found[2] + _ACCENTS[found[1]])
    return letter if len(letter) == 1 else found[0]


def _split_wide(fragment: Fragment) -> list[Fragment]:
    """Parts a fragment at three blanks or more (typewriter tables), and numbers of neighbouring table cells.

    The parts' places are proportional to their characters.
    """
    text = fragment.text
    if fragment.turn:
        return [fragment]
    spans = []
    if "   " in text:
        start = 0
        for gap in _WIDE_BLANKS.finditer(text):
            spans.append((start, gap.start()))
            start = gap.end()
        spans.append((start, len(text)))
    elif " " in text and not any(map(str.isalpha, text)) and not _SPACED_THOUSANDS.match(text):
        spans = [found.span() for found in _VALUES.finditer(text)]
        rest = _VALUES.sub("", text)
        if rest.strip():
            return [fragment]
    if len(spans) < 2:
        return [fragment]
    step = (fragment.x1 - fragment.x0) / len(text)
    return [
        replace(fragment, text=text[start:end], x0=fragment.x0 + start * step, x1=fragment.x0 + end * step)
        for start, end in spans
    ]


def _turn(direction: tuple[float, float]) -> int:
    dx, dy = direction
    if abs(dx) >= abs(dy):
        return 0 if dx >= 0 else 2
    return 1 if dy > 0 else 3
