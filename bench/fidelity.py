"""How true a parse is to the page: facts about pages, checked on what each reader makes of them.

    python bench/fidelity.py FOLDER [--reader NAME ...] [--failures NAME]

FOLDER holds `docs/` and `tests.jsonl`, one fact a line, in the form of olmOCR-bench (Poznanski et al., 2025): `present`
and `absent` (a text, up to `max_diffs` edits), `order` (`before` stands somewhere before `after`), `table` (a cell, its
neighbours, the headings of its column and row), `math`. `page` is 1-based there. White space, quotes and dashes are
made equal first; a cell is the wanted one when half of it is right, as there.

One thing differs: no reader here writes LaTeX, so a formula counts when four fifths of its characters stand in the text
in their order (there it is drawn and compared). That says whether it was destroyed, not whether it was understood.

Prints for each reader the share of facts that hold, by kind, and pages a second of processor time.
"""

from __future__ import annotations

import argparse
import json
import re
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymupdf
from rapidfuzz import fuzz

from ingest.document import FURNITURE, Kind, Page
from ingest.files import identify
from ingest.parser import parse_pages, read_info
from ingest.settings import IngestSettings
from ingest.structure import finish_document

Fact = dict[str, Any]
_SAME = str.maketrans("‘’\u201a“”„–—\u2011\u2012−\uff3f\u00b5", "'''\"\"\"-----_\u03bc")
_KINDS = ("present", "absent", "order", "table", "math")
_FORMULA_SHARE = 80.0


@dataclass(frozen=True)
class Grid:
    """A table: rows of cells, the first `header_rows` of them its header."""

    rows: Sequence[Sequence[str]]
    header_rows: int = 1

    def cell(self, row: int, column: int) -> str:
        inside = 0 <= row < len(self.rows) and 0 <= column < len(self.rows[row])
        return even(self.rows[row][column]) if inside else ""


@dataclass(frozen=True)
class ReadPage:
    """What a reader makes of one page: its text in reading order, and its tables."""

    text: str
    tables: list[Grid] = field(default_factory=list)


def even(text: str) -> str:
    """`text` with one space for white space, one form of quotes and dashes, and without Markdown's emphasis."""
    text = re.sub(r"<br/?>", " ", text)
    text = re.sub(r"(\*\*|__)(.*?)\1", r"\2", re.sub(r"</?[bi]>", "", text))
    return unicodedata.normalize("NFC", " ".join(text.split())).translate(_SAME)


def holds(fact: Fact, page: ReadPage) -> bool:
    """True when the fact holds on the page as read."""
    diffs = fact.get("max_diffs", 0)
    if fact["type"] in ("present", "absent"):
        wanted, text = even(fact["text"]), even(page.text)
        if not fact.get("case_sensitive", True):
            wanted, text = wanted.lower(), text.lower()
        first, last = fact.get("first_n"), fact.get("last_n")
        if first or last:
            text = text[: first or 0] + (text[-last:] if last else "")
        return bool(_places(wanted, text, diffs)) == (fact["type"] == "present")
    if fact["type"] == "order":
        text = even(page.text)
        before, after = _places(even(fact["before"]), text, diffs), _places(even(fact["after"]), text, diffs)
        return bool(before and after) and min(before) < max(after)
    if fact["type"] == "table":
        return any(
            _cell_holds(fact, table, row, column) for table in page.tables for row, column in _cells(fact, table)
        )
    if fact["type"] == "math":
        return fuzz.partial_ratio(_letters(_latex(fact["math"])), _letters(page.text)) >= _FORMULA_SHARE
    raise ValueError(f"{fact['id']}: no such kind of fact: {fact['type']}")


def _places(wanted: str, text: str, diffs: int) -> list[int]:
    """Where `wanted` begins in `text`, up to `diffs` edits; with edits the best place from either end."""
    exact = [found.start() for found in re.finditer(re.escape(wanted), text)]
    if exact or not diffs or len(text) < len(wanted) - diffs:
        return exact
    found = fuzz.partial_ratio_alignment(wanted, text, score_cutoff=100 * (1 - diffs / len(wanted)))
    return [found.dest_start] if found else []


def _is_like(wanted: str, cell: str, diffs: int) -> bool:
    wanted = even(wanted)
    return fuzz.ratio(wanted, cell) >= 100 * max(0.5, 1 - diffs / max(len(wanted), 1))


def _cells(fact: Fact, table: Grid) -> list[tuple[int, int]]:
    diffs = fact.get("max_diffs", 0)
    return [
        (row, column)
        for row, cells in enumerate(table.rows)
        for column in range(len(cells))
        if _is_like(fact["cell"], table.cell(row, column), diffs)
    ]


def _cell_holds(fact: Fact, table: Grid, row: int, column: int) -> bool:
    above = [table.cell(other, column) for other in range(row)]
    near = {
        "up": [table.cell(row - 1, column)],
        "down": [table.cell(row + 1, column)],
        "left": [table.cell(row, column - 1)],
        "right": [table.cell(row, column + 1)],
        "top_heading": above[: table.header_rows] or above[:1],
        "left_heading": [cell for cell in (table.cell(row, other) for other in range(column)) if cell][:1],
    }
    diffs = fact.get("max_diffs", 0)
    return all(any(_is_like(fact[name], cell, diffs) for cell in near[name]) for name in near if fact.get(name))


def _latex(formula: str) -> str:
    from pylatexenc.latex2text import LatexNodes2Text

    return LatexNodes2Text(math_mode="text").latex_to_text(formula)


def _letters(text: str) -> str:
    """What of a formula stands on paper: no blanks, marks of raising and lowering, or fractions' strokes."""
    return re.sub(r"[\s^_/{}$\\*|]+", "", unicodedata.normalize("NFKC", even(text))).replace("'", "\u2032")


# ---- readers: a file to its pages


def recto(path: Path, **settings: Any) -> list[ReadPage]:
    identity = identify(path)
    info = read_info(path, identity)
    pages = parse_pages(path, identity.media_type, range(info.page_count), IngestSettings(**settings))
    return [_read_page(page) for page in finish_document(info, pages)[1]]


def _read_page(page: Page) -> ReadPage:
    blocks = [block for block in page.blocks if block.kind not in FURNITURE]
    tables = [
        Grid([line.cells or (line.text,) for line in block.lines], block.header_rows)
        for block in blocks
        if block.kind is Kind.TABLE
    ]
    return ReadPage("\n".join(block.text for block in blocks), tables)


def bare(path: Path, **arguments: Any) -> list[ReadPage]:
    with pymupdf.open(path) as document:
        return [ReadPage(page.get_text(**arguments)) for page in document]


def pymupdf4llm(path: Path) -> list[ReadPage]:
    from pymupdf4llm import to_markdown

    chunks = to_markdown(str(path), page_chunks=True, header=False, footer=False, show_progress=False)
    return [ReadPage(chunk["text"], _markdown_tables(chunk["text"])) for chunk in chunks]


def _markdown_tables(text: str) -> list[Grid]:
    tables: list[list[list[str]]] = []
    inside = False
    for line in text.splitlines():
        is_row = line.strip().startswith("|") and line.count("|") > 1
        if is_row and not inside:
            tables.append([])
        inside = is_row
        if is_row and not re.fullmatch(r"[\s|:\-]+", line):
            tables[-1].append([cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))])
    return [Grid(rows) for rows in tables if rows]


READERS: dict[str, Callable[[Path], list[ReadPage]]] = {
    "recto": recto,
    "recto, no OCR": lambda path: recto(path, ocr="off"),
    "recto, model": lambda path: recto(path, layout="model"),
    "get_text()": bare,
    "get_text(sort)": lambda path: bare(path, sort=True),
    "pymupdf4llm": pymupdf4llm,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--reader", action="append", choices=list(READERS), help="only these; may be repeated")
    parser.add_argument("--failures", choices=list(READERS), help="print the facts that fail with this reader")
    options = parser.parse_args()

    facts = [json.loads(line) for line in (options.folder / "tests.jsonl").read_text("utf-8").splitlines()]
    files = sorted({fact["pdf"] for fact in facts})
    kinds = [kind for kind in _KINDS if any(fact["type"] == kind for fact in facts)]
    counts = [sum(fact["type"] == kind for fact in facts) for kind in kinds]
    print(f"{len(facts)} facts about {len(files)} files")
    print(f"{'':<16}" + "".join(f"{f'{kind} ({n})':>14}" for kind, n in zip(kinds, counts, strict=True)), end="")
    print(f"{'all':>8} {'mean':>7} {'pages/s':>8}")
    for name in options.reader or READERS:
        READERS[name](options.folder / "docs" / files[0])  # models are loaded before the clock runs
        start = time.process_time()
        read = {file: READERS[name](options.folder / "docs" / file) for file in files}
        seconds = time.process_time() - start
        passed = {
            fact["id"]: fact["page"] <= len(read[fact["pdf"]]) and holds(fact, read[fact["pdf"]][fact["page"] - 1])
            for fact in facts
        }
        shares = [
            sum(passed[fact["id"]] for fact in facts if fact["type"] == kind) / count
            for kind, count in zip(kinds, counts, strict=True)
        ]
        print(f"{name:<16}" + "".join(f"{share:>14.3f}" for share in shares), end="")
        total = sum(passed.values()) / len(facts)
        pages = sum(len(pages) for pages in read.values())
        print(f"{total:>8.3f} {sum(shares) / len(shares):>7.3f} {pages / seconds:>8.2f}", flush=True)
        if name == options.failures:
            for fact in facts:
                if not passed[fact["id"]]:
                    print("  fails:", json.dumps(fact, ensure_ascii=False)[:300])


if __name__ == "__main__":
    main()
