"""What the letters of a PDF that MuPDF made of a book or a text mean: said where MuPDF leaves it out.

MuPDF writes each font's own list of characters. Letters that shaping made (Arabic, Indic and Thai forms, ligatures) are
not in it, forms of Arabic letters stand there as signs of their own, and signs beyond U+FFFF are cut. The document that
the PDF was made of knows the characters of every letter, and letters have the same numbers in both.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import pymupdf

_FLAGS = pymupdf.TEXTFLAGS_TEXT & ~pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE
_ARABIC_FORMS = "\ufb50-\ufdff\ufe70-\ufefc"
_WRONG = re.compile(f"[\ufffd{_ARABIC_FORMS}]")
_IS_FORM = re.compile(f"[{_ARABIC_FORMS}]")
_LONG = re.compile("[\U00010000-\U0010ffff]")
_ENTRY = re.compile(r"^<([0-9a-f]+)> <([0-9a-f]+)>(?: <([0-9a-f]+)>)?\s*$", re.MULTILINE)
_CUT = re.compile(r"<[0-9a-f]{5,}>\s*$", re.MULTILINE)
_MOST_ENTRIES = 100  # in one section of such a list, by its specification

_Meanings = dict[int, Counter[str]]
"""By a letter's number in its font, how often it stands for which characters."""


class _Font(NamedTuple):
    """A font in the PDF: the object number and the text of its list of characters, and whether some are cut there."""

    number: int
    characters: str
    cut: bool


def add_meanings(source: pymupdf.Document, document: pymupdf.Document) -> None:
    """Completes the fonts of `document`, which MuPDF made of `source`. Pages without a doubtful letter change nothing.

    A letter that has a meaning keeps it: a hyphen stands for several characters, of which a page may show any.
    """
    found: dict[_Font, _Meanings] = defaultdict(lambda: defaultdict(Counter))
    fonts: dict[int, _Font | None] = {}
    for number in range(document.page_count):
        try:
            page, original = document[number], source[number]
            named = _fonts_of(document, page, fonts)
            if not named or not _is_doubtful(page, original, named):
                continue
            for span in original.get_texttrace():
                for font in named.get(span["font"], ()):
                    meanings = found[font]
                    for letter, text in _letters(span["chars"]):
                        meanings[letter][text] += 1
        except Exception:  # a page that cannot be read says nothing of its letters; MuPDF raises unrelated classes
            continue
    for font, told in found.items():
        known = _known(font.characters)
        _append(document, font, {letter: texts for letter, texts in told.items() if letter not in known})


def _fonts_of(document: pymupdf.Document, page: pymupdf.Page, fonts: dict[int, _Font | None]) -> dict[str, set[_Font]]:
    """The page's fonts by their name. Different ones of one name are left out: which is meant cannot be told."""
    named: dict[str, set[_Font]] = defaultdict(set)
    for xref, _, _, name, _, encoding, *_ in page.get_fonts():
        if xref not in fonts:
            fonts[xref] = _font(document, xref) if encoding == "Identity-H" else None
        if font := fonts[xref]:
            named[name].add(font)
    return {name: same for name, same in named.items() if len({font.characters for font in same}) == 1}


def _font(document: pymupdf.Document, xref: int) -> _Font | None:
    kind, reference = document.xref_get_key(xref, "ToUnicode")
    if kind != "xref":
        return None
    number = int(reference.split()[0])
    characters = document.xref_stream(number).decode("latin-1")
    return _Font(number, characters, _CUT.search(characters) is not None)


def _is_doubtful(page: pymupdf.Page, original: pymupdf.Page, named: dict[str, set[_Font]]) -> bool:
    """Some letter on the page has no meaning or a wrong one. The original is asked only where it can tell more."""
    if _WRONG.search(page.get_text(flags=_FLAGS)):
        return True
    cut = any(font.cut for fonts in named.values() for font in fonts)
    return cut and _LONG.search(original.get_text(flags=_FLAGS)) is not None


def _letters(traced: list[tuple[Any, ...]]) -> Iterator[tuple[int, str]]:
    """Letters of a span with their characters: those after the first of a ligature have no letter of their own."""
    letter, text = 0, ""
    for code, glyph, *_ in [*traced, (-1, 0)]:
        if glyph >= 0:
            if letter > 0 and text:  # letter 0 stands for whatever the font does not have
                yield letter, text
            letter, text = glyph, ""
        if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000:
            text += chr(code)


def _known(characters: str) -> set[int]:
    """Letters whose meaning the list gives in full; a form of an Arabic letter is none."""
    known = set[int]()
    for first, last, meaning in _ENTRY.findall(characters):
        if not meaning:
            last, meaning = first, last
        if len(meaning) == 4:  # more are a sign beyond U+FFFF, which has to be written otherwise
            letters = range(int(first, 16), int(last, 16) + 1)
            known.update(
                letter
                for character, letter in enumerate(letters, int(meaning, 16))
                if not _IS_FORM.match(chr(character))
            )
    return known


def _append(document: pymupdf.Document, font: _Font, meanings: _Meanings) -> None:
    """Each letter's commonest meaning at the end of the list, where it overrides what the list says before."""
    entries = [
        f"<{letter:04x}> <{texts.most_common(1)[0][0].encode('utf-16-be').hex()}>"
        for letter, texts in sorted(meanings.items())
    ]
    if entries:
        parts = (entries[start : start + _MOST_ENTRIES] for start in range(0, len(entries), _MOST_ENTRIES))
        sections = "".join(f"{len(part)} beginbfchar\n" + "\n".join(part) + "\nendbfchar\n" for part in parts)
        head, end, tail = font.characters.rpartition("endcmap")
        document.update_stream(font.number, (head + sections + end + tail).encode("latin-1"))
