"""Seconds of a warm search by stage, and of a cold `recto ask` by part.

    python bench/search.py LIBRARY QUESTIONS.jsonl

The first ten questions warm up and do not count. A cold run is a new process each time, three of them.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from pipeline import Library

WARM_UP, COLD_RUNS = 10, 3
PARTS = """
import sys, time
marks = [("", time.perf_counter())]
def mark(name): marks.append((name, time.perf_counter()))
from pipeline import Library; mark("import recto")
import torch; mark("import torch")
import sentence_transformers; mark("import sentence-transformers")
import chromadb; mark("import chromadb")
library = Library(sys.argv[1]); mark("open the library")
library._embedders; mark("load the model")
library.search(sys.argv[2]); mark("first search")
library.ask(sys.argv[2]); mark("search and answer")
print("\\n".join(f"  {name:32} {now - before:6.2f} s" for (_, before), (name, now) in zip(marks, marks[1:])))
"""


def main(library: Path, questions: Path) -> None:
    asked = [json.loads(line)["question"] for line in questions.read_text("utf-8").splitlines()]
    stages: dict[str, list[float]] = {}
    with Library(library) as opened:
        for number, question in enumerate([*asked[:WARM_UP], *asked]):
            found = opened.search(question, k=10)
            if number >= WARM_UP:
                for stage, seconds in {**found.seconds, "whole": sum(found.seconds.values())}.items():
                    stages.setdefault(stage, []).append(seconds)
        pages = sum(row.pages_indexed for row in opened.documents())
    print(f"warm search, {len(asked)} questions, {pages:,} pages")
    rest = [whole - embed for whole, embed in zip(stages["whole"], stages["embed"], strict=True)]
    for stage, values in {**stages, "without embedding": rest}.items():
        p95 = statistics.quantiles(values, n=20)[18]
        print(f"  {stage:32} p50 {1000 * statistics.median(values):6.1f} ms   p95 {1000 * p95:6.1f} ms")
    command = [sys.executable, "-m", "pipeline.cli.main", "ask", asked[0], "--library", str(library)]
    for _ in range(COLD_RUNS):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        print(f"cold recto ask {time.perf_counter() - started:.2f} s")
    parts = [sys.executable, "-c", PARTS, str(library), asked[0]]
    print(subprocess.run(parts, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
