"""One library, several threads: every answer is that of a lone one, and the process is left as it was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pymupdf
import pytest
from threadpoolctl import threadpool_info

from pipeline import Library
from pipeline.retrieval.pool import Candidates, Pool

TOPICS = ("ferries", "harbours", "lighthouses", "pilots", "buoys", "dredgers", "tugs", "moorings")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("threads")
    with pymupdf.open() as document:
        for number, topic in enumerate(TOPICS):
            document.new_page().insert_text((72, 72), f"The upkeep of {topic} cost {number + 2},400 euros in 2025.")
        document.save(folder / "upkeep.pdf")
    with Library(folder / "library") as library:
        list(library.add([folder / "upkeep.pdf"]))
    return folder / "library"


@pytest.fixture
def library(filled: Path) -> Iterator[Library]:
    with Library(filled) as library:
        yield library


QUESTIONS = [f"What did the upkeep of {topic} cost in 2025?" for topic in TOPICS] * 2


def blas_threads() -> list[int]:
    return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]


def test_searches_side_by_side_leave_the_thread_counts_as_they_were(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.search(QUESTIONS[0])  # everything is loaded
    pool, begun = Candidates.pool, Event()

    def slow_pool(*given: Any) -> Pool:
        begun.set()
        time.sleep(0.3)  # the other search would begin in it, and end after this one
        return pool(*given)

    monkeypatch.setattr(Candidates, "pool", slow_pool)
    before = blas_threads()  # not set here: the thread that does owns OpenBLAS's count, and others' limits do nothing
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(library.search, QUESTIONS[0])
        begun.wait()
        threads.submit(library.search, QUESTIONS[1]).result()
        first.result()
    assert blas_threads() == before


def test_searches_side_by_side_are_those_of_one_thread(library: Library) -> None:
    retriever = library.as_retriever(k=3)

    async def all_at_once() -> list[list[str]]:
        found = await asyncio.gather(*(retriever.aretrieve(question) for question in QUESTIONS))
        return [[one.node.node_id for one in nodes] for nodes in found]

    nodes = asyncio.run(all_at_once())
    assert nodes == [[one.node.node_id for one in retriever.retrieve(question)] for question in QUESTIONS]


def test_a_library_just_opened_is_asked_by_several_threads(library: Library) -> None:
    start = Barrier(8)

    def ask(question: str) -> tuple[int, str]:
        start.wait()
        answer = library.ask(question)
        return id(library.__dict__["_embedders"]), answer.text

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, QUESTIONS))
    assert len({loaded for loaded, _ in answers}) == 1
    assert [text for _, text in answers] == [library.ask(question).text for question in QUESTIONS]
    for number, (_, text) in enumerate(answers):
        assert f"{number % len(TOPICS) + 2},400" in text
