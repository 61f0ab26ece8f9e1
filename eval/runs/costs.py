"""What a configuration costs beside the tokens of its answers: bytes of its index by part, seconds by stage.

Written to `costs.json`, which differs between repetitions: clocks do, and so does a database's free space.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

NOT_INDEX = frozenset({"originals", "cache", "lock"})
"""Parts of a library that are no index: the files themselves, and what may be deleted at any time."""


def index_bytes(library: Path) -> dict[str, int]:
    """Bytes on disk by part of a library. Vectors on a Chroma server are not counted."""
    parts = sorted(part for part in library.iterdir() if part.name not in NOT_INDEX)
    return {
        part.name: sum(
            file.stat().st_size for file in ([part] if part.is_file() else part.rglob("*")) if file.is_file()
        )
        for part in parts
    }


def seconds_by_stage(questions: Iterable[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Median, 95th percentile and sum of each stage over the questions that went through it."""
    stages: dict[str, list[float]] = {}
    for seconds in questions:
        for stage, value in seconds.items():
            stages.setdefault(stage, []).append(value)
    return {
        stage: {**dict(zip(("p50", "p95"), np.percentile(values, (50, 95)).tolist(), strict=True)), "sum": sum(values)}
        for stage, values in stages.items()
    }


def note_costs(file: Path, set_name: str, configuration: str, costs: Mapping[str, Any]) -> None:
    """Adds a cell's costs to the file; what is known already stays unless it is measured again."""
    known = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    known.setdefault(set_name, {}).setdefault(configuration, {}).update(costs)
    file.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
