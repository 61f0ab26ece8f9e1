"""What differs between scripts: the direction of a line, and whether words are parted by blanks."""

from __future__ import annotations

import re

_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_LETTER = re.compile(r"[^\W\d_]")
_NO_BLANKS = re.compile(
    r"[\u2e80-\u2fdf\u3001-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff60]"
)


def is_right_to_left(text: str) -> bool:
    """True when most letters are of a script written from right to left."""
    found = len(_RIGHT_TO_LEFT.findall(text))
    return found > 0 and found > 0.5 * len(_LETTER.findall(text))


def blank_between(before: str, after: str) -> str:
    """What stands between two pieces of one text when a line ends between them: nothing in Chinese and Japanese."""
    parts = _NO_BLANKS.match(before[-1:]) and _NO_BLANKS.match(after[:1])
    return "" if parts else " "


def join_lines(lines: list[str]) -> str:
    """Lines of one text as running text."""
    text = ""
    for line in lines:
        text += (blank_between(text, line) if text else "") + line
    return text
