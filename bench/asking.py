"""Questions a second of `recto ask --questions` through vLLM in this process, against one question after another.

    .venv-engines/bin/python bench/asking.py [QUESTIONS]     # `make test-engines` makes that environment

The model is tiny and of random weights, made here: what is measured is how well its engine is kept busy, not the model.
"The engine waited" is the share of the time between the first question and the last answer in which it wrote nothing.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline import Library
from pipeline.config import load_settings
from pipeline.questions import read_questions
from samples.demo import DOCUMENTS, QUESTIONS
from tests.generation.tiny_vlm import make_tiny_vlm

WAVE = 16
ANSWER = {
    "answerer": "vllm",
    "pages": 4,
    "context_tokens": 4_000,
    "output_tokens": 64,
    "image_tokens": 40,
    "dtype": "float32",
    "wave": WAVE,
    "options": {"enforce_eager": True, "max_num_seqs": WAVE},
}


class Busy:
    """Adds up the time that an engine's calls take."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def of(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            started = time.perf_counter()
            try:
                return call(*arguments)
            finally:
                self.seconds += time.perf_counter() - started

        return timed


def main() -> None:
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 96
    sample = read_questions(QUESTIONS.read_text("utf-8").split("\n"), QUESTIONS.name)
    asked = [(number, sample[number % len(sample)].text) for number in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        model = make_tiny_vlm(Path(folder) / "vlm")
        flags = {"library": Path(folder) / "library", "answer": {**ANSWER, "model": str(model)}}
        with Library(settings=load_settings(flags)) as library:
            for _ in library.add([Path(DOCUMENTS)]):
                pass
            busy, generator = Busy(), library.generator
            assert generator.chat_many is not None
            library.__dict__["generator"] = replace(generator, chat_many=busy.of(generator.chat_many))
            _run(library, asked[:WAVE])  # everything loaded, the engine warm
            print(f"{count} questions, {WAVE} a wave\n\n| | questions/s | the engine waited |\n|---|---|---|")
            for name, waves in (("one by one", [[one] for one in asked]), ("recto ask --questions", [asked])):
                busy.seconds, started = 0.0, time.perf_counter()
                for wave in waves:
                    _run(library, wave)
                spent = time.perf_counter() - started
                print(f"| {name} | {count / spent:.2f} | {1 - busy.seconds / spent:.0%} |")


def _run(library: Library, asked: Sequence[tuple[int, str]]) -> None:
    answers: Iterable[Any] = library.ask_many(asked)
    for number, answer in answers:
        if isinstance(answer, Exception):
            print(f"{number}: {answer}", file=sys.stderr)


if __name__ == "__main__":
    main()
