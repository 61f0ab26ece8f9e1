"""Fragments that belong to another one: exponents and indices, initials over several lines, parts of fractions.

Runs before rows are made, on upright fragments; changes nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ingest.scripts import SMALL, raised
from ingest.textlayer import Fragment

_LONGEST_SCRIPT = 6
_LONGEST_TERM = 12
_OPERATORS = "=−+×·<>≤≥≈"
_INITIAL = 1.8
"""An initial over several lines is at least this many times as large as their type."""


def attach(fragments: Sequence[Fragment]) -> list[Fragment]:
    """The fragments, scripts and initials joined to what they belong to; the others in their order."""
    joined = list(fragments)
    if len({round(fragment.size, 1) for fragment in fragments}) > 1:
        joined = _attach_initials(_attach_scripts(joined))
    return _attach_fractions(joined)


def _attach_fractions(fragments: Sequence[Fragment]) -> list[Fragment]:
    """One short piece over another, right after a sign of operation that stands half way between: `= a/b`."""
    joined = list(fragments)
    for base in [fragment for fragment in fragments if fragment.text[-1:] in _OPERATORS]:
        near = [
            f
            for f in joined
            if len(f.text) <= _LONGEST_TERM
            and -0.3 * base.size <= f.x0 - base.x1 <= 1.2 * base.size
            and abs(f.middle - base.middle) < 1.5 * base.size
        ]
        over = [f for f in near if f.middle < base.middle - 0.3 * base.size]
        under = [f for f in near if f.middle > base.middle + 0.3 * base.size]
        if len(over) != 1 or len(under) != 1 or len(near) != 2 or base not in joined:
            continue
        top, bottom = over[0], under[0]
        shared = min(top.x1, bottom.x1) - max(top.x0, bottom.x0)
        if shared >= 0.5 * min(top.x1 - top.x0, bottom.x1 - bottom.x0):
            text = f"{base.text} {top.text}/{bottom.text}"
            joined[joined.index(base)] = replace(base, text=text, x1=max(top.x1, bottom.x1))
            joined = [f for f in joined if f is not top and f is not bottom]
    return joined


def _attach_scripts(fragments: Sequence[Fragment]) -> list[Fragment]:
    largest = max(fragment.size for fragment in fragments)
    small = [
        index
        for index, fragment in enumerate(fragments)
        if len(fragment.text) <= _LONGEST_SCRIPT and fragment.size <= SMALL * largest
    ]
    joined: list[Fragment | None] = list(fragments)
    least = min((fragments[index].size for index in small), default=largest)
    bases = [index for index, fragment in enumerate(fragments) if least <= SMALL * fragment.size]
    for index in sorted(small, key=lambda index: fragments[index].x0):
        script = fragments[index]
        base = _base_of(script, index, joined, bases)
        if base is not None:
            joined[base] = _with_script(joined[base], script)  # type: ignore[arg-type]
            joined[index] = None
    return [fragment for fragment in joined if fragment is not None]


def _base_of(script: Fragment, index: int, fragments: Sequence[Fragment | None], bases: Sequence[int]) -> int | None:
    """The larger fragment right before the script, or around it, whose line it leaves by less than half."""
    best, nearest = None, 0.2
    for other in bases:
        base = fragments[other]
        if base is None or other == index or script.size > SMALL * base.size or script.size < 0.4 * base.size:
            continue
        if not base.y0 < script.middle < base.y1 or script.x0 > base.x1 + 0.2 * base.size:
            continue
        if abs(script.middle - base.middle) < 0.08 * base.size or not base.text[-1:].isprintable():
            continue
        inside = base.x0 + 0.2 * base.size < script.x0 and script.x1 <= base.x1
        if inside and not _has_room(base, script):
            continue
        distance = 0.0 if inside else abs(script.x0 - base.x1) / base.size
        if (inside or script.x0 > base.x1 - 0.3 * base.size) and distance < nearest:
            best, nearest = other, distance
    return best


def _has_room(base: Fragment, script: Fragment) -> bool:
    return _gap_at(base, script) is not None


def _gap_at(base: Fragment, script: Fragment) -> int | None:
    """The blank in `base` that the script stands over, as an index of its text."""
    step = (base.x1 - base.x0) / max(len(base.text), 1)
    blanks = [place for place, character in enumerate(base.text) if character == " "]
    near = [place for place in blanks if abs(base.x0 + (place + 0.5) * step - script.x0) < 1.2 * base.size]
    return min(near, key=lambda place: abs(base.x0 + place * step - script.x0), default=None)


def _with_script(base: Fragment, script: Fragment) -> Fragment:
    place = _gap_at(base, script) if script.x1 <= base.x1 else None
    before, after = (base.text, "") if place is None else (base.text[:place], base.text[place:])
    mark = raised(script.text, before) if script.middle < base.middle else script.text
    return replace(base, text=before + mark + after, x1=max(base.x1, script.x1))


def _attach_initials(fragments: Sequence[Fragment]) -> list[Fragment]:
    joined = list(fragments)
    for initial in fragments:
        letters = initial.text.strip("\"'“‘«")
        if len(letters) != 1 or not letters.isupper():
            continue
        beside = [
            f
            for f in joined
            if initial.size >= _INITIAL * f.size
            and initial.y0 - 0.3 * f.size < f.middle < initial.y1
            and -0.6 * f.size <= f.x0 - initial.x1 <= 1.5 * f.size
        ]
        if len(beside) < 2:
            continue
        first = min(beside, key=lambda f: f.y0)
        # The initial's box is as tall as its type; the first of its lines starts near its top.
        if first.text[:1].isalpha():
            text = initial.text + first.text
            joined[joined.index(first)] = replace(first, text=text, x0=initial.x0)
            joined.remove(initial)
    return joined
