"""Questions a second of `recto ask --questions` through vLLM in this process, wave by wave, against one after another.

    .venv-engines/bin/python -m bench.asking [QUESTIONS]     # `make test-engines` makes that environment

The model is tiny and of random weights, made here, and each of its replies is as long as it may be: what is measured is
how well its engine is kept busy, not the model.
"The engine waited": the share of the time between the first question and the last answer in which it was given nothing
to write. Every row asks the same questions; the prefix cache is emptied in between.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline import Library
from pipeline.config import load_settings
from pipeline.questions import read_questions
from samples.demo import DOCUMENTS, QUESTIONS
from tests.generation.tiny_vlm import make_tiny_vlm

WAVES = (1, 4, 16, 32)
ANSWER = {
    "answerer": "vllm",
    "pages": 4,
    "context_tokens": 4_000,
    "output_tokens": 64,
    "image_tokens": 40,
    "dtype": "float32",
    "options": {"enforce_eager": True, "max_num_seqs": max(WAVES)},
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
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 48
    sample = read_questions(QUESTIONS.read_text("utf-8").split("\n"), QUESTIONS.name)
    asked = [(number, sample[number % len(sample)].text) for number in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        model = make_tiny_vlm(Path(folder) / "vlm")
        flags = {"library": Path(folder) / "library", "answer": {**ANSWER, "model": str(model)}}
        with Library(settings=load_settings(flags)) as library:
            for _ in library.add([Path(DOCUMENTS)]):
                pass
            generator = library.generator
            assert generator.chat_many is not None
            _write_to_the_end(type(generator.llm))
            print(f"{count} questions\n\n| a wave | questions/s | the engine waited |\n|---|---|---|")
            for wave in (0, *WAVES):  # first a few that load everything
                busy = Busy()
                library.__dict__["generator"] = replace(
                    generator, chat_many=busy.of(generator.chat_many), wave=wave or 8
                )
                library.__dict__.pop("_answerer", None)
                generator.llm._engine.reset_prefix_cache()  # type: ignore[attr-defined]
                started = time.perf_counter()
                if wave == 1:
                    for one in asked:
                        _run(library, [one])
                else:
                    _run(library, asked if wave else asked[:8])
                spent = time.perf_counter() - started
                if wave:
                    name = "one by one" if wave == 1 else wave
                    print(f"| {name} | {count / spent:.2f} | {1 - busy.seconds / spent:.0%} |", flush=True)


def _write_to_the_end(kind: Any) -> None:
    """A model of random weights would end many replies before their first word."""
    usual = kind._sampling

    def sampling(self: Any, options: Any) -> Any:
        wanted = usual(self, options)
        wanted.ignore_eos = True
        return wanted

    kind._sampling = sampling


def _run(library: Library, asked: Sequence[tuple[int, str]]) -> None:
    for number, answer in library.ask_many(asked):
        if isinstance(answer, Exception):
            print(f"{number}: {answer}", file=sys.stderr)


if __name__ == "__main__":
    main()
