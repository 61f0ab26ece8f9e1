from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path

import psutil
import pymupdf
import pytest

from ingest.document import Page
from ingest.errors import InputError
from ingest.files import FileIdentity, identify
from ingest.settings import IngestSettings, WorkerSettings
from ingest.workers import ParserPool, ParseTask

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parse functions of `misbehaving_parsers` are found here and, as the path is handed on, in workers."""
    monkeypatch.syspath_prepend(HERE)


def make_pool(
    parse: str = "sound", *, processes: int = 1, seconds: float = 20.0, memory_mb: int = 4_096, max_tasks: int = 100
) -> ParserPool:
    import misbehaving_parsers

    return ParserPool(
        IngestSettings(),
        WorkerSettings(processes=processes, page_seconds=seconds, memory_mb=memory_mb),
        max_tasks=max_tasks,
        parse=getattr(misbehaving_parsers, parse),
        info=misbehaving_parsers.info,
    )


def make_task(path: Path, *page_indices: int) -> ParseTask:
    return ParseTask(path, FileIdentity(path, "0" * 16, "application/pdf", 1), page_indices)


def lost(pages: tuple[Page, ...]) -> dict[int, str]:
    return {page.page_index: page.issues[0].error for page in pages if page.lost}


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_only_the_guilty_pages_are_lost_and_every_page_comes_back_once(tmp_path: Path) -> None:
    with make_pool("misbehaving", processes=2, seconds=0.5) as pool:
        futures = [pool.submit(make_task(tmp_path, *range(start, start + 6))) for start in (0, 6, 12, 18)]
        results = [future.result(timeout=120) for future in futures]
    pages = [page for result in results for page in result.pages]
    assert [page.page_index for page in pages] == list(range(24))
    assert lost(tuple(pages)) == {
        3: "worker died (signal 11)",
        5: "time: took longer than 2.5 s",
        7: "ValueError: no such luck",
        11: "worker died (signal 9)",
    }
    assert all(page.issues[0].stage == "parse" for page in pages if page.lost)


def test_a_page_that_crashed_for_another_reason_is_read_the_second_time(tmp_path: Path) -> None:
    with make_pool("crashing_once") as pool:
        pages = pool.submit(make_task(tmp_path / "file", 0, 1, 2)).result(timeout=60).pages
    assert [page.page_index for page in pages] == [0, 1, 2]
    assert not lost(pages)


def test_a_page_that_explodes_is_tried_alone_once_more_and_costs_itself_only(tmp_path: Path) -> None:
    with make_pool("hungry", memory_mb=400) as pool:
        pages = pool.submit(make_task(tmp_path, 0, 1, 2, 3)).result(timeout=60).pages
    assert lost(pages) == {2: "memory: took more than 400 MB"}
    assert pages[0].page_label == pages[1].page_label != pages[3].page_label, "it had a second worker, and lost it too"


def test_time_is_counted_where_the_worker_works_not_where_it_waits(tmp_path: Path) -> None:
    with make_pool("busy", seconds=1.0) as pool:
        pages = pool.submit(make_task(tmp_path, 0, 1, 2)).result(timeout=60).pages
    assert lost(pages) == {0: "time: took more than 1 s of processor time"}


def test_troubles_name_the_users_file_where_a_copy_of_it_is_read(tmp_path: Path) -> None:
    stored = tmp_path / "0123456789abcdef"
    identity = FileIdentity(tmp_path / "Annual report.pdf", "0" * 16, "application/pdf", 1)
    with ParserPool(IngestSettings(), WorkerSettings(processes=1)) as pool:
        with pytest.raises(InputError, match=r"Annual report\.pdf: no such file"):
            pool.read_info(stored, identity).result(timeout=60)
        pages = pool.submit(ParseTask(stored, identity, (0,))).result(timeout=60).pages
    assert "Annual report.pdf: no such file" in lost(pages)[0]


def test_pages_that_the_parser_leaves_out_are_reported(tmp_path: Path) -> None:
    with make_pool("forgetful") as pool:
        pages = pool.submit(make_task(tmp_path, 0, 1, 2, 3)).result(timeout=60).pages
    assert [page.page_index for page in pages] == [0, 1, 2, 3]
    assert lost(pages) == dict.fromkeys((1, 3), "the parser gave no such page")


def test_pages_come_in_the_order_asked_for(tmp_path: Path) -> None:
    with make_pool() as pool:
        pages = pool.submit(make_task(tmp_path, 9, 2, 5)).result(timeout=60).pages
        assert [page.page_index for page in pages] == [9, 2, 5]
        assert pool.submit(make_task(tmp_path)).result(timeout=60).pages == ()


def test_infos_pass_input_errors_on_and_turn_crash_and_hang_into_one(tmp_path: Path) -> None:
    expected = {
        "locked": "is encrypted",
        "odd": "KeyError: 'Root'",
        "crash": r"worker died \(signal 11\)",
        "hang": "time: took longer than 2.5 s",
    }
    with make_pool(seconds=0.5) as pool:
        for name, reason in expected.items():
            path = tmp_path / name
            with pytest.raises(InputError, match=reason) as caught:
                pool.read_info(path, FileIdentity(path, "0" * 16, "application/pdf", 1)).result(timeout=60)
            assert name in str(caught.value)
        path = tmp_path / "sound"
        info = pool.read_info(path, FileIdentity(path, "0" * 16, "application/pdf", 1)).result(timeout=60)
    assert info.name == "sound"


def test_an_idle_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    with make_pool() as pool:
        first = int(pool.submit(make_task(tmp_path, 0)).result(timeout=60).pages[0].page_label)
        os.kill(first, signal.SIGKILL)
        assert wait_until(lambda: not psutil.pid_exists(first) or psutil.Process(first).status() == "zombie")
        second = pool.submit(make_task(tmp_path, 0)).result(timeout=60).pages[0]
    assert not second.lost
    assert int(second.page_label) != first


def test_workers_are_replaced_after_so_many_tasks(tmp_path: Path) -> None:
    with make_pool(max_tasks=2) as pool:
        labels = [pool.submit(make_task(tmp_path, 0)).result(timeout=60).pages[0].page_label for _ in range(5)]
    assert labels[0] == labels[1] != labels[2] == labels[3] != labels[4]


def test_what_workers_print_reaches_nobody(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with make_pool("noisy") as pool:
        assert not lost(pool.submit(make_task(tmp_path, 0)).result(timeout=60).pages)
    assert capfd.readouterr() == ("", "")


def test_closing_ends_busy_workers_and_cancels_what_is_unfinished(tmp_path: Path) -> None:
    with make_pool("slow", seconds=300.0) as pool:
        running = pool.submit(make_task(tmp_path / "file", 0))
        waiting = pool.submit(make_task(tmp_path / "file", 1))
        assert wait_until(lambda: bool(list(tmp_path.glob("*.pid"))))
        (worker,) = (int(mark.suffixes[-2][1:]) for mark in tmp_path.glob("*.pid"))
        start = time.monotonic()
    assert time.monotonic() - start < 10
    assert not psutil.pid_exists(worker)
    for future in (running, waiting):
        with pytest.raises(CancelledError):
            future.result(timeout=1)
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(make_task(tmp_path, 0))


def test_submitting_from_a_callback_does_not_block(tmp_path: Path) -> None:
    done = threading.Event()
    with make_pool() as pool:
        first = pool.submit(make_task(tmp_path, 0))
        first.add_done_callback(lambda _: pool.submit(make_task(tmp_path, 1)).add_done_callback(lambda _: done.set()))
        assert done.wait(60)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent death signal")
def test_a_parent_killed_outright_leaves_no_workers_and_a_script_needs_no_main_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import sys
            sys.path[:0] = [{str(ROOT)!r}, {str(HERE)!r}]
            from pathlib import Path
            from misbehaving_parsers import slow
            from ingest.files import FileIdentity
            from ingest.settings import IngestSettings, WorkerSettings
            from ingest.workers import ParserPool, ParseTask
            path = Path({str(tmp_path / "file")!r})
            pool = ParserPool(IngestSettings(), WorkerSettings(processes=2), parse=slow)
            task = ParseTask(path, FileIdentity(path, "0" * 16, "application/pdf", 1), (0,))
            for future in [pool.submit(task), pool.submit(task)]:
                future.result()
            """
        )
    )
    parent = subprocess.Popen([sys.executable, str(script)])
    try:
        assert wait_until(lambda: len(list(tmp_path.glob("*.pid"))) == 2)
    finally:
        parent.kill()
        parent.wait()
    workers = [int(mark.suffixes[-2][1:]) for mark in tmp_path.glob("*.pid")]
    assert wait_until(lambda: not any(psutil.pid_exists(worker) for worker in workers))


def test_a_real_pdf_goes_through_with_ocr_off_and_on(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    with pymupdf.open() as document:
        for number in range(3):
            document.new_page().insert_text((72, 72), f"Revenue of year {number} grew by 12 percent")
        document.save(path)
    identity = identify(path)
    with ParserPool(IngestSettings(ocr="off"), WorkerSettings(processes=1)) as pool:
        assert pool.read_info(path, identity).result(timeout=120).page_count == 3
        result = pool.submit(ParseTask(path, identity, (0, 1, 2))).result(timeout=120)
    assert ["".join(block.text for block in page.blocks) for page in result.pages] == [
        f"Revenue of year {number} grew by 12 percent" for number in range(3)
    ]
