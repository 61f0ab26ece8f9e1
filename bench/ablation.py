"""Each part of retrieval alone and taken away: page recall with intervals, seconds a search, bytes a page.

    python -m bench.ablation LIBRARY QUESTIONS.jsonl [LIBRARY QUESTIONS.jsonl ...]

Prints a Markdown table for each library. recall@10 with its 95 % bootstrap interval; p: paired randomisation test of
recall@10 against the default. ms: median warm search; the first ten questions do not count. Bytes: what the library
holds for the part. The channels' vectors share one Chroma folder; it is divided by their numbers of vectors.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench.recall import scores
from eval.statistics import interval, paired
from pipeline import Library
from pipeline.config import CHANNEL_WEIGHTS, load_settings
from pipeline.stores.durable import tree_bytes

K, WARM_UP = 10, 10
PARTS: Mapping[str, str] = {
    "dense": "chunk vectors",
    "lexical": "words",
    "visual": "page vectors",
    "document": "document cards",
    "terms": "terms of the question",
}
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    **{f"without {what}": {"weights": {part: 0}} for part, what in PARTS.items()},
    "without named places": {"places": False},
    **{
        f"{PARTS[part]} alone": {"weights": dict.fromkeys(CHANNEL_WEIGHTS, 0) | {part: 1}, "places": False}
        for part in ("dense", "lexical", "visual")
    },
    "all, reciprocal rank": {"fusion": "reciprocal_rank"},
    **{f"mode {mode}": {"mode": mode} for mode in ("text", "image", "joint")},
}


def main(pairs: list[tuple[Path, Path]]) -> None:
    for library, file in pairs:
        questions = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        judged = [question for question in questions if question["gold"]]
        held = bytes_a_page(library)
        print(f"\n{library.name}, {len(judged)} questions; bytes a page: {held}\n", flush=True)
        print("| | recall@1 | @5 | @10 | | p | ms |\n|---|---|---|---|---|---|---|")
        default: list[float] = []
        for name, changes in VARIANTS.items():
            rows, milliseconds = asked(library, judged, changes)
            at_10 = rows[:, 2].tolist()
            default = default or at_10
            found = interval(at_10)
            p = f"{paired(default, at_10).p:.3f}" if changes else ""
            means = " | ".join(f"{mean:.3f}" for mean in rows.mean(axis=0)[:3])
            print(f"| {name} | {means} | {found.low:.3f}-{found.high:.3f} | {p} | {milliseconds:.0f} |", flush=True)


def asked(
    library: Path, questions: list[dict[str, Any]], changes: Mapping[str, Any]
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], float]:
    """recall@1, @5, @10 … of every question (questions, 6), and the median milliseconds of a search."""
    with Library(settings=load_settings({"library": library, "retrieval": dict(changes)})) as opened:
        for question in questions[:WARM_UP]:
            opened.search(question["question"], k=K)
        found = [opened.search(question["question"], k=K) for question in questions]
    rows = [
        scores(question, [{"name": hit.name, "page_index": hit.ref.page_index} for hit in result.hits])
        for question, result in zip(questions, found, strict=True)
    ]
    return np.array(rows), 1000 * statistics.median(sum(result.seconds.values()) for result in found)


def bytes_a_page(library: Path) -> str:
    """What is held for each part."""
    with Library(library) as opened:
        stores = opened._stores
        pages = [ref for row in opened.documents() for ref in stores.catalog.page_refs([row.info.document_id])]
        dim = stores.manifest.text_embedder.dimension
        bags = stores.catalog.bag_refs(pages, dim).values()
        chunk_rows = sum(pair.chunks.rows for pair in bags)
        vectors = {"dense": chunk_rows * dim * 2, "visual": sum(pair.page.end - pair.page.offset for pair in bags)}
    counts = {"dense": chunk_rows, "visual": len(pages)}
    shares = {part: count / sum(counts.values()) for part, count in counts.items()}
    held = {part: vectors[part] + shares[part] * tree_bytes(library / "chroma") for part in vectors}
    held |= {"lexical": tree_bytes(library / "lexical"), "document": tree_bytes(library / "cards")}
    return ", ".join(f"{PARTS[part]} {count / len(pages):,.0f}" for part, count in held.items())


if __name__ == "__main__":
    if len(sys.argv) < 3 or len(sys.argv) % 2 == 0:
        sys.exit(__doc__)
    arguments = [Path(argument) for argument in sys.argv[1:]]
    main(list(zip(arguments[::2], arguments[1::2], strict=True)))
