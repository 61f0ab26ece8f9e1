"""Writes the sample documents and their questions: `python -m samples.make_samples [FOLDER]`.

The same versions of PyMuPDF, Pillow and numpy give the same bytes. Written into FOLDER (default: this one):
`docs/` with the documents and `questions.jsonl`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from samples.deck import deck
from samples.form import claim_form
from samples.gold import records
from samples.layout import Sample
from samples.reports import annual_2024, annual_2025, brannoch_2025
from samples.scans import minutes, notice


def make() -> list[Sample]:
    """All documents."""
    return [make_one() for make_one in (annual_2025, annual_2024, brannoch_2025, deck, minutes, notice, claim_form)]


def write_samples(folder: Path) -> None:
    """Writes the documents to `folder/docs` and the questions to `folder/questions.jsonl`."""
    samples = make()
    (folder / "docs").mkdir(parents=True, exist_ok=True)
    for sample in samples:
        (folder / "docs" / sample.name).write_bytes(sample.data)
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records(samples)]
    (folder / "questions.jsonl").write_text("".join(lines), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_samples(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
