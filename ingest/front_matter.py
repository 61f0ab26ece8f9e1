"""What a document is called, who wrote it and when: from the file's metadata, else from its first pages.

Metadata is believed unless it is a program's filler. Of the pages only what names itself is taken: a heading in the
largest letters, a byline, a written-out date. Pure; reads no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from statistics import median

from ingest.document import FURNITURE, Block, Kind, Line, Page
from ingest.headings import line_height

_LONGEST_TITLE = 200
_MOST_TITLE_WORDS = 30
_MOST_SENTENCE_WORDS = 12
_TITLE_PAGES = 3
_LARGER = 1.15
"""A line that is so much larger than another is no longer the same text."""
_JUNK_TITLE = re.compile(
    r"^(untitled.*|microsoft (word|powerpoint|excel)\b.*|powerpoint presentation|slide 1|document\d*|presentation\d*|"
    r"title|no title|none|null|example|[\d\s_\-.;:]+|"
    r"\S+\.(pdf|docx?|pptx?|xlsx?|indd|qxd|tex|dvi|e?ps|html?|rtf|txt|cdr|ai))$",
    re.IGNORECASE,
)
_NO_TITLE = re.compile(
    r"(table of )?contents$|index$|arxiv:|united states\s+securities and exchange|abstract\b.{0,3}$|"
    r"(\d\.? )?introduction$|about\s|"
    r"for (immediate )?release\b|e?filed\b|https?:|www\.|copyright\b|©|draft$|confidential$|page \d|doi:|issn\b|isbn\b|"
    r"(by|authors?:)\s",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"://|www\.|\S@\S")
_JUNK_AUTHOR = re.compile(
    r"^(anonymous|unknown|none|null|author|admin(istrator)?|root|guest|owner|test|(microsoft office |windows )?user\d*|"
    r"\w*\d\w*|\W*|.*\b(pdf|acrobat|word|scanner|printer|copier)\b.*)$",
    re.IGNORECASE,
)
_BYLINE = re.compile(
    r"^(?:by|authors?|written by|prepared by|submitted by)\s*:?\s+(?P<names>\S.{2,150})$", re.IGNORECASE
)
_NAME = re.compile(r"[^\W\d_a-z][\w.’'-]*( (and|von|van|de|del|der|da|la|le|di|el|al|&|[^\W\d_a-z][\w.’'-]*,?))*,?$")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)}|{'|'.join(month[:3] for month in _MONTHS)}|sept)\.?"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>(?:19|20)\d\d)\b",
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\.? {_MONTH},? (?P<year>(?:19|20)\d\d)\b",
        r"\b(?P<year>(?:19|20)\d\d)-(?P<month>\d\d)-(?P<day>\d\d)\b",
    )
)
_PDF_DATE = re.compile(r"^(?:D:)?(\d{4})(\d{2})?(\d{2})?")
_FIRST_YEAR = 1980
"""Files are not older; what says so (1601, 1904, 1970) is a clock that was never set."""
_DATED_CHARACTERS = 3_000


def clean_title(title: str) -> str:
    """A title from metadata, or "" when it is a program's filler, a file name or a number."""
    title = one_line(title)
    return "" if len(title) < 3 or _JUNK_TITLE.match(title) else title


def clean_author(author: str) -> str:
    """An author from metadata, or "" when it is an account's or a program's name."""
    author = one_line(author)
    return "" if _JUNK_AUTHOR.match(author) else author


def clean_date(text: str) -> str:
    """A PDF date (`D:20210304…`) as `2021-03-04`, as much of it as there is; "" for none and for unset clocks."""
    found = _PDF_DATE.match(text.strip())
    if not found or int(found[1]) < _FIRST_YEAR:
        return ""
    return "-".join(part for part in found.groups() if part)


def one_line(text: str) -> str:
    """Without line breaks and signs that cannot be printed."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def title_of(pages: Sequence[Page]) -> str:
    """The heading in the largest letters of the first page with words, or its first text where that is larger still.

    Without headings, the first short text in more than usual letters, else the first short text; "" without one.
    """
    page = _first_page(pages)
    written = [block for block in page.blocks if _may_hold_title(block)] if page else []
    titled = [(block, text) for block in written if page and (text := _titular(block, page))]
    if not page or not titled:
        return ""
    headings = [item for item in titled if item[0].kind is Kind.HEADING]
    first, text = titled[0]
    if headings:
        tallest = max(headings, key=lambda item: (round(line_height(item[0], page)), -item[0].box.y0))
        if first is written[0] and line_height(first, page) >= _LARGER * line_height(tallest[0], page):
            return text  # it ends like a sentence, and is one in larger letters than any heading
        return tallest[1]
    usual = median(line_height(block, page) for block in page.blocks if block.lines)
    large = [text for block, text in titled if line_height(block, page) >= _LARGER * usual]
    short = [text for _, text in titled if len(text.split()) <= _MOST_SENTENCE_WORDS]
    return next(iter([*large, *short]), "")


def _may_hold_title(block: Block) -> bool:
    return bool(block.lines) and block.kind not in FURNITURE | {
        Kind.TABLE,
        Kind.FORM_FIELD,
        Kind.PICTURE,
        Kind.ANNOTATION,
        Kind.LIST_ITEM,
    }


def _titular(block: Block, page: Page) -> str:
    """The block as a title; its first line where only that is larger than the rest; "" when it is prose or no title."""
    text = one_line(block.text)
    if not _is_title(text):
        text = one_line(block.lines[0].text)
        rest = block.lines[1:]
        if not rest or not _is_title(text):
            return ""
        following = max(_height(line, page) for line in rest)
        return text if _height(block.lines[0], page) >= _LARGER * following else ""
    return text


def _height(line: Line, page: Page) -> float:
    return min((line.box.y1 - line.box.y0) * page.height, (line.box.x1 - line.box.x0) * page.width)


def _is_title(text: str) -> bool:
    words = text.split()
    letters = sum(map(str.isalpha, text))
    worded = letters >= 4 and letters >= 0.5 * sum(map(len, words))
    prose = len(words) > _MOST_SENTENCE_WORDS and text[-1:] in ".;,"
    return (
        worded
        and not prose
        and len(words) <= _MOST_TITLE_WORDS
        and len(text) <= _LONGEST_TITLE
        and not (text[0].islower() and len(words) > 4)
        and text[-1] != ":"
        and not _ADDRESS.search(text)
        and not _NO_TITLE.match(text)
    )


def author_of(pages: Sequence[Page]) -> str:
    """Who signs the first page with words in a byline ("By …", "Prepared by …"); "" when nobody does."""
    for line in _first_lines(pages):
        found = _BYLINE.match(line)
        if found and _NAME.match(found["names"]):
            return found["names"].rstrip(",")
    return ""


def date_of(pages: Sequence[Page]) -> str:
    """The first whole date written on the first page with words, as `2021-03-04`; "" when there is none."""
    text = "\n".join(_first_lines(pages))[:_DATED_CHARACTERS]
    found = [match for pattern in _DATES for match in pattern.finditer(text)]
    for match in sorted(found, key=lambda match: match.start()):
        month = match["month"].lower()
        number = int(month) if month.isdigit() else 1 + [name[:3] for name in _MONTHS].index(month[:3])
        try:
            return date(int(match["year"]), number, int(match["day"])).isoformat()
        except ValueError:  # there is no such day
            continue
    return ""


def _first_lines(pages: Sequence[Page]) -> Iterator[str]:
    """Lines of the first page that has words, running text included: dates and bylines stand there, too."""
    first = _first_page(pages)
    for block in first.blocks if first else ():
        if block.kind is not Kind.ANNOTATION:
            yield from (one_line(line.text) for line in block.lines)


def _first_page(pages: Sequence[Page]) -> Page | None:
    return next((page for page in pages[:_TITLE_PAGES] if any(block.lines for block in page.blocks)), None)
