"""What becomes of words that nobody sees: the reading of a scan is kept, all else is left out and reported.

Judges no visibility itself (`ingest.visibility`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pymupdf

from ingest.document import HIDDEN_TEXT, PageIssue
from ingest.textlayer import Fragment
from ingest.visibility import TRANSPARENT, UNPAINTED, Sight

_EXCERPT = 80


class HiddenText(NamedTuple):
    """Words of a page that nobody is shown, and how they are hidden: `how` completes "12 characters …"."""

    how: str
    text: str


@dataclass(frozen=True, slots=True)
class TextLayer:
    """The fragments to read, in the file's order (those of an OCR layer are marked hidden), and those left out."""

    read: list[Fragment]
    left_out: list[Fragment]

    @property
    def hidden(self) -> list[HiddenText]:
        return [HiddenText(fragment.hidden_by, fragment.text) for fragment in self.left_out]


def part_layer(fragments: Sequence[Fragment], areas: Sequence[pymupdf.Rect], sight: Sight) -> TextLayer:
    """Unpainted words that lie on a picture where it shows strokes are its OCR layer; other hidden words are not read.

    `areas`: pictures, points of the displayed page.
    """
    read: list[Fragment] = []
    left_out: list[Fragment] = []
    for fragment in fragments:
        scanned = fragment.hidden_by in (UNPAINTED, TRANSPARENT) and _lies_on(fragment, areas)
        kept = not fragment.hidden or (
            scanned and sight.has_strokes((fragment.x0, fragment.y0, fragment.x1, fragment.y1))
        )
        (read if kept else left_out).append(fragment)
    return TextLayer(read, [fragment for fragment in left_out if not _is_shadow(fragment, read)])


def hidden_text_issues(page_index: int, hidden: Sequence[HiddenText]) -> list[PageIssue]:
    """One issue for each way in which words of the page are hidden: how, how much, and the first words."""
    issues = []
    for how in dict.fromkeys(item.how for item in hidden):
        texts = [item.text for item in hidden if item.how == how]
        count = sum(len(text) for text in texts)
        excerpt = " ".join(texts)[: _EXCERPT + 1]
        if len(excerpt) > _EXCERPT:
            excerpt = excerpt[:_EXCERPT].rsplit(" ", 1)[0] + " …"
        issues.append(
            PageIssue(page_index, HIDDEN_TEXT, f"{count} character{'s'[: count != 1]} {how}, left out: {excerpt}")
        )
    return issues


def _is_shadow(fragment: Fragment, read: Sequence[Fragment]) -> bool:
    """The same words are read in the same place: a second drawing of them hides nothing."""
    x = (fragment.x0 + fragment.x1) / 2
    return any(
        other.x0 <= x <= other.x1 and other.y0 <= fragment.middle <= other.y1 and fragment.text in other.text
        for other in read
    )


def _lies_on(fragment: Fragment, areas: Sequence[pymupdf.Rect]) -> bool:
    return any(area.contains(pymupdf.Point((fragment.x0 + fragment.x1) / 2, fragment.middle)) for area in areas)
