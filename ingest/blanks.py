"""Blanks that a text layer leaves out: some files only move the pen between words, by less than readers expect.

Looks again, character by character, at lines with a word that is too long to be one; changes no other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pymupdf

from ingest.textlayer import Fragment

_RUN_TOGETHER = re.compile(r"[A-Za-z]{25,}")
_GAP = 0.09
"""Part of the font size: smaller gaps stand between letters."""
_MOST_BLANKS = 0.35
"""Blanks a letter; more are letters set apart."""


def mend_blanks(page: pymupdf.Page, fragments: Sequence[Fragment]) -> list[Fragment]:
    """The fragments, blanks put in where the pen moved, on lines where words run together."""
    if not any(_RUN_TOGETHER.search(fragment.text) for fragment in fragments):
        return list(fragments)
    spaced: dict[str, str] = {}
    for block in page.get_text("rawdict", flags=pymupdf.TEXT_PRESERVE_WHITESPACE)["blocks"]:
        for line in block.get("lines", ()):
            characters = [char for span in line["spans"] for char in span["chars"]]
            if line["dir"][0] > 0.9 and _RUN_TOGETHER.search("".join(char["c"] for char in characters)):
                text = _spaced(characters, max(span["size"] for span in line["spans"]))
                spaced[_letters(text)] = text
    return [_mended(fragment, spaced) if _RUN_TOGETHER.search(fragment.text) else fragment for fragment in fragments]


def _spaced(characters: Sequence[dict], size: float) -> str:
    text = ""
    end = characters[0]["bbox"][0]
    for character in characters:
        if character["bbox"][0] - end > _GAP * size and not text.endswith(" "):
            text += " "
        text += character["c"]
        end = character["bbox"][2]
    return text


def _mended(fragment: Fragment, spaced: dict[str, str]) -> Fragment:
    letters = _letters(fragment.text)
    for found, text in spaced.items():
        start = found.find(letters)
        if start >= 0:
            part = _part(text, start, len(letters)).strip()
            if part.count(" ") <= _MOST_BLANKS * len(letters):
                return replace(fragment, text=" ".join(part.split()))
    return fragment


def _part(text: str, start: int, count: int) -> str:
    """The part of `text` from its letter `start` on, `count` letters long; blanks do not count."""
    places = [place for place, character in enumerate(text) if not character.isspace()]
    return text[places[start] : places[start + count - 1] + 1]


def _letters(text: str) -> str:
    return "".join(text.split())
