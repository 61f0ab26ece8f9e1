"""What reading documents costs, beside what PyMuPDF alone costs on the same pages.

    python bench/reading.py FOLDER [--pages 200] [--peers] [--ocr] [--long FILE]

Takes runs of pages from PDF files spread over FOLDER. Each way of reading them runs in its own process and prints
pages/s by the clock, processor time a page, its ratio to the bare loop (text as "dict", picture at the configured dpi,
JPEG), and the peak memory of the process and its children (proportional set size). `--peers` adds pymupdf4llm on a part
of the pages, `--ocr` the whole way with OCR, `--long` the peak memory of `add` for 20 and for 800 pages of FILE.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import psutil
import pymupdf
from PIL import Image

from ingest.files import identify
from ingest.parser import iter_pages
from ingest.render import render_page
from ingest.settings import IngestSettings, WorkerSettings
from ingest.workers import ParserPool, ParseTask
from pipeline import Library
from pipeline.config import ScreenshotSection, load_settings
from pipeline.indexing import PAGE_WINDOW

DPI = ScreenshotSection().dpi
NO_OCR = IngestSettings(ocr="off")
PDF = "application/pdf"
RUN = 20
"""Pages taken from one document."""
PEER_PAGES = 40
SAMPLE_SECONDS = 0.2


def bare(files: list[Path]) -> None:
    for file in files:
        with pymupdf.open(file) as document:
            for page in document:
                page.get_text("dict")
                pixmap = page.get_pixmap(dpi=DPI)
                # By Pillow: MuPDF's own encoder takes eight times as long.
                Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples).save(BytesIO(), "JPEG")


def bare_text(files: list[Path]) -> None:
    for file in files:
        with pymupdf.open(file) as document:
            for page in document:
                page.get_text("dict")


def parse(files: list[Path]) -> None:
    for file in files:
        for page in iter_pages(file, PDF, range(_count(file)), NO_OCR):
            assert not page.lost, page.issues


def parse_and_draw(files: list[Path]) -> None:
    parse(files)
    for file in files:
        for page_index in range(_count(file)):
            render_page(file, PDF, page_index, DPI).save(BytesIO(), "JPEG")


def in_workers(processes: int) -> Callable[[list[Path]], None]:
    def run(files: list[Path]) -> None:
        with ParserPool(NO_OCR, WorkerSettings(processes=processes)) as pool:
            tasks = [
                ParseTask(file, identify(file), tuple(range(_count(file)))[start : start + PAGE_WINDOW])
                for file in files
                for start in range(0, _count(file), PAGE_WINDOW)
            ]
            for future in [pool.submit(task) for task in tasks]:
                future.result()

    return run


def whole(ocr: str) -> Callable[[list[Path]], None]:
    def run(files: list[Path]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            settings = load_settings({"library": Path(folder, "library"), "ingest": {"ocr": ocr}})
            with Library.open(settings) as library:
                assert all(report.status in ("ready", "partial") for report in library.add(files))

    return run


def to_markdown(files: list[Path]) -> None:
    import pymupdf4llm

    for file in files:
        pymupdf4llm.to_markdown(str(file), show_progress=False, use_ocr=False)


WAYS: dict[str, Callable[[list[Path]], None]] = {
    "bare loop": bare,
    "bare loop, text only": bare_text,
    "parse": parse,
    "parse, and draw every page": parse_and_draw,
    "parse, 1 worker": in_workers(1),
    "parse, 2 workers": in_workers(2),
    "add without OCR": whole("off"),
    "add": whole("auto"),
    "pymupdf4llm.to_markdown": to_markdown,
}


def _count(file: Path) -> int:
    with pymupdf.open(file) as document:
        return int(document.page_count)


def measure(way: str, files: list[Path]) -> dict[str, float]:
    """Runs one way in this process: wall and processor seconds, children's included, and peak memory in MB."""
    peak, done = 0.0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(SAMPLE_SECONDS):
            peak = max(peak, sum(_memory(process) for process in _tree()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    started, used = time.perf_counter(), _processor_seconds()
    WAYS[way](files)
    wall, cpu = time.perf_counter() - started, _processor_seconds() - used
    done.set()
    watcher.join()
    return {"wall": wall, "cpu": cpu, "peak": peak}


def _tree() -> Iterator[psutil.Process]:
    own = psutil.Process()
    yield own
    yield from own.children(recursive=True)


def _memory(process: psutil.Process) -> float:
    try:
        found = process.memory_full_info()
    except psutil.Error:
        return 0.0
    return getattr(found, "pss", found.rss) / 1e6


def _processor_seconds() -> float:
    """Of this process and of its children that have ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def separately(way: str, files: list[Path]) -> dict[str, float]:
    """`measure` in a fresh process."""
    command = [sys.executable, __file__, "--way", way, *map(str, files)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def cut(folder: Path, pages: int, into: Path) -> list[Path]:
    """Runs of pages from the middle of documents spread over the folder, as files of their own."""
    files = [file for file in sorted(folder.rglob("*.pdf")) if _count(file)]
    runs = max(1, min(len(files), pages // RUN))
    made = []
    for number in range(runs):
        file = files[number * len(files) // runs]
        count = _count(file)
        made.append(take(file, max(0, count // 2 - RUN // 2), min(RUN, count), into / f"{number}.pdf"))
    return made


def take(file: Path, first: int, count: int, path: Path) -> Path:
    """`count` pages from `first` on as a file of their own, from the start again where the document ends."""
    with pymupdf.open(file) as document, pymupdf.open() as taken:
        while taken.page_count < count:
            last = min(first + count - taken.page_count, document.page_count) - 1
            taken.insert_pdf(document, from_page=first, to_page=last)
            first = 0
        taken.save(path, garbage=1)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--ocr", action="store_true")
    parser.add_argument("--long", type=Path)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(measure(options.way, options.paths)))
        return
    with tempfile.TemporaryDirectory() as work:
        for folder in options.paths:
            show(cut(folder, options.pages, Path(work)), ocr=options.ocr, peers=options.peers)
        if options.long:
            for pages in (20, 800):
                found = separately("add without OCR", [take(options.long, 0, pages, Path(work) / f"long{pages}.pdf")])
                print(
                    f"{pages:4} pages: {found['peak']:.0f} MB at most, all processes, {found['cpu']:.0f} s of processor"
                )


def show(files: list[Path], *, ocr: bool, peers: bool) -> None:
    left_out = {"add": not ocr, "pymupdf4llm.to_markdown": not peers}
    print(f"{'':28}{'pages':>7}{'pages/s':>9}{'CPU ms/page':>13}{'x bare':>8}{'peak MB':>9}")
    unit = 0.0
    for way in WAYS:
        if left_out.get(way):
            continue
        chosen = files[: max(1, PEER_PAGES // RUN)] if way.startswith("pymupdf4llm") else files
        pages = sum(map(_count, chosen))
        found = separately(way, chosen)
        each = 1000 * found["cpu"] / pages
        unit = unit or each
        print(
            f"{way:28}{pages:7}{pages / found['wall']:9.1f}{each:13.1f}{each / unit:8.2f}{found['peak']:9.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
