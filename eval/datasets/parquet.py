"""Parquet tables row by row. `pyarrow` is asked for only here: `pip install recto[sets]`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.errors import EvaluationError


def tables(folder: Path) -> list[Path]:
    """The parquet files of a folder. Raises `EvaluationError` when there are none."""
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise EvaluationError(f"there is no parquet file in {folder}")
    return files


def rows(file: Path, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows, a batch in memory at a time."""
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise EvaluationError("this data set is kept in parquet files: pip install 'recto[sets]'") from None
    try:
        with parquet.ParquetFile(file) as table:
            for batch in table.iter_batches(256, columns=columns):
                yield from batch.to_pylist()
    except (OSError, ArrowException) as error:
        raise EvaluationError(f"{file} cannot be read: {error}") from None


def column(row: Mapping[str, Any], name: str) -> Any:
    """A column that some releases spell with hyphens and some with underscores."""
    for spelling in (name, name.replace("-", "_")):
        if spelling in row:
            return row[spelling]
    raise EvaluationError(f"a table lacks the column {name}; it has {', '.join(row)}")
