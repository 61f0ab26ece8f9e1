"""Which words of a picture belong together: the lines of one box of a diagram, a bar and the label under or beside it.

Owns the geometry. Reads no pixels: only where the parser found which words. A value without a label stays alone.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.document import Box

Word = tuple[int, int, Box]
"""(start, end, box): `text[start:end]` stands in the box."""

_VALUE = re.compile(r"[\s$\u20ac\u00a3(+\-\u2212]*\d[\d.,\s]*(?:%|bn|m|k|g|kg|t)?\)?")
_YEAR = re.compile(r"(?:(?:FY|CY|H[12]|Q[1-4])\s?)?(?:19|20)\d\d")
_SIDE_GAP = 0.25
"""Widest gap, as a fraction of the page, between a label and the value beside it."""

_RUNNING_WORDS = 15
"""A stack of lines with more words than this is a paragraph, not the label of a box."""


@dataclass(frozen=True, slots=True)
class Group:
    """Parts of the text that belong together, label first. `is_running_text`: neighbouring lines of a paragraph."""

    ranges: tuple[tuple[int, int], ...]
    is_running_text: bool = False


def group_words(words: Sequence[Word], text: str) -> list[Group]:
    """Every word in exactly one group; groups in the order of their first words."""
    values = [word for word in words if _is_value(word, text)]
    labels = [word for word in words if not _is_value(word, text)]
    owned: dict[Word, list[Word]] = {}
    alone: list[Word] = []
    for value in values:
        label = _label_of(value, labels, values)
        if label is None:
            alone.append(value)
        else:
            owned.setdefault(label, []).append(value)
    groups = [Group((label[:2], *(value[:2] for value in mine))) for label, mine in owned.items()]
    groups += [Group((value[:2],)) for value in alone]
    groups += _stacks([label for label in labels if label not in owned], text)
    return sorted(groups, key=lambda group: min(group.ranges))


def _is_value(word: Word, text: str) -> bool:
    said = text[word[0] : word[1]].strip()
    return bool(_VALUE.fullmatch(said)) and not _YEAR.fullmatch(said)


def _label_of(value: Word, labels: Sequence[Word], values: Sequence[Word]) -> Word | None:
    """The label in the row of labels below the value (upright bars, points), else the one to its left (lying bars)."""
    box = value[2]
    middle = (box.x0 + box.x1) / 2
    below = [
        label
        for label in labels
        if label[2].y0 >= box.y1 and label[2].x0 <= middle <= label[2].x1 and len(_same_row(label, labels)) > 1
    ]
    if below:
        return min(below, key=lambda label: label[2].y0)
    beside = [label for label in _same_row(value, labels) if 0 <= box.x0 - label[2].x1 <= _SIDE_GAP]
    between = [other for other in _same_row(value, values) if other is not value and other[2].x1 <= box.x0]
    if not beside:
        return None
    label = max(beside, key=lambda label: label[2].x1)
    return None if any(other[2].x0 >= label[2].x1 for other in between) else label


def _same_row(word: Word, others: Sequence[Word]) -> list[Word]:
    middle, height = (word[2].y0 + word[2].y1) / 2, word[2].y1 - word[2].y0
    return [other for other in others if abs((other[2].y0 + other[2].y1) / 2 - middle) < 0.4 * height]


def _stacks(lines: Sequence[Word], text: str) -> list[Group]:
    """Lines that stand close under each other, in letters of like height, begun or centred alike."""
    stacks: list[list[Word]] = []
    for line in lines:
        under = [stack for stack in stacks if _is_under(line[2], stack[-1][2])]
        if under:
            min(under, key=lambda stack: line[2].y0 - stack[-1][2].y1).append(line)
        else:
            stacks.append([line])
    groups = []
    for stack in stacks:
        words = sum(len(text[start:end].split()) for start, end, _ in stack)
        neighbours = all(text[a[1] : b[0]].isspace() for a, b in itertools.pairwise(stack))
        if words > _RUNNING_WORDS and neighbours:
            groups.append(Group(((stack[0][0], stack[-1][1]),), is_running_text=True))
        else:
            groups.append(Group(tuple(line[:2] for line in stack)))
    return groups


def _is_under(lower: Box, upper: Box) -> bool:
    heights = sorted([lower.y1 - lower.y0, upper.y1 - upper.y0])
    if heights[1] > 1.5 * heights[0] or not -0.3 * heights[0] <= lower.y0 - upper.y1 <= 0.6 * heights[0]:
        return False
    begun_alike = abs(lower.x0 - upper.x0) < heights[0]
    centred_alike = abs((lower.x0 + lower.x1) - (upper.x0 + upper.x1)) < heights[0]
    return begun_alike or centred_alike
