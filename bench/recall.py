"""Page recall of `recto search` on a set of questions with known pages.

    recto search --library LIB --questions SET/questions.jsonl -k 10 --json > hits.jsonl
    python bench/recall.py SET/questions.jsonl hits.jsonl

Prints recall@1, @5, @10 and nDCG@10 (binary grades), means over the questions that have gold pages, with 95 %
bootstrap intervals (seeded), and the share of questions whose document is among the first hits. A page is named by
its file and `page_index`, as in `{"gold": [{"doc", "page_index"}]}`.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

DRAWS = 2_000


def main(questions_file: Path, hits_file: Path) -> None:
    questions = [json.loads(line) for line in questions_file.read_text("utf-8").splitlines()]
    hits = {line["id"]: line for line in map(json.loads, hits_file.read_text("utf-8").splitlines())}
    judged = [question for question in questions if question["gold"]]
    missing = [question["id"] for question in judged if question["id"] not in hits]
    if missing:
        sys.exit(f"{len(missing)} questions have no hits, the first: {missing[0]}")
    rows = np.array([scores(question, hits[question["id"]]["hits"]) for question in judged])
    draws = np.random.default_rng(0).integers(0, len(rows), (DRAWS, len(rows)))
    low, high = np.percentile(rows[draws].mean(axis=1), [2.5, 97.5], axis=0)
    print(f"{len(rows)} questions with gold pages of {len(questions)}")
    for place, name in enumerate(("recall@1", "recall@5", "recall@10", "nDCG@10", "document@1", "document@10")):
        print(f"{name:12} {rows[:, place].mean():.3f}  [{low[place]:.3f}, {high[place]:.3f}]")
    seconds = sorted(hits[question["id"]]["seconds"] for question in judged)
    print(f"seconds a search: p50 {seconds[len(seconds) // 2]:.3f}, p95 {seconds[int(0.95 * len(seconds))]:.3f}")


def scores(question: dict[str, Any], hits: Sequence[dict[str, Any]]) -> list[float]:
    """recall@1, @5, @10, nDCG@10, document@1, document@10 of one question."""
    gold = {(page["doc"], page["page_index"]) for page in question["gold"]}
    ranked = [(hit["name"], hit["page_index"]) for hit in hits]
    recall = [len(gold & set(ranked[:k])) / len(gold) for k in (1, 5, 10)]
    gain = sum(1 / math.log2(rank + 2) for rank, page in enumerate(ranked[:10]) if page in gold)
    ideal = sum(1 / math.log2(rank + 2) for rank in range(min(10, len(gold))))
    documents = {name for name, _ in gold}
    found = [float(bool(documents & {name for name, _ in ranked[:k]})) for k in (1, 10)]
    return [*recall, gain / ideal, *found]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
