"""Files of small data sets: PDFs, pictures, JSON lines, parquet tables."""

import io
import json
from pathlib import Path
from typing import Any

import pyarrow
import pymupdf
from PIL import Image
from pyarrow import parquet


def pdf(path: Path, pages: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with pymupdf.open() as file:
        for number in range(pages):
            file.new_page().insert_text((72, 72), f"page {number}")
        file.save(path)


def picture(colour: str = "white") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (200, 100), colour).save(stream, "PNG")
    return stream.getvalue()


def lines(path: Path, *records: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))


def table(path: Path, *rows: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)
