"""Damaged files by the hundred, the same ones in every run: each ends ready, partial or failed with a reason."""

from __future__ import annotations

import io
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
import pymupdf
from PIL import Image, ImageDraw

from pipeline import Library
from pipeline.config import load_settings
from tests.ingest.made_files import write_cbz, write_epub, write_fb2, write_locked_pdf, write_svg, write_xps

COPIES = 12
"""Damaged copies of each file; more find more and take longer."""

Damage = Callable[[bytearray, random.Random], bytes]


def flip(data: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 30)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


def cut(data: bytearray, chance: random.Random) -> bytes:
    return bytes(data[: chance.randrange(1, len(data))])


def lose(data: bytearray, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return bytes(data[:start] + data[start + chance.randint(1, 400) :])


def repeat(data: bytearray, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return bytes(data[:start] + data[start : start + chance.randint(1, 400)] * chance.randint(2, 30) + data[start:])


def renumber(data: bytearray, chance: random.Random) -> bytes:
    """Numbers become huge, negative or nothing: sizes, counts, places, references."""
    numbers = list(re.finditer(rb"\d+", data))
    for found in sorted(chance.sample(numbers, min(len(numbers), chance.randint(1, 6))), key=lambda m: -m.start()):
        data[slice(*found.span())] = chance.choice([b"-1", b"0", b"99999999999", b"2147483647", b"1e9", b"1 0 R"])
    return bytes(data)


DAMAGES: tuple[Damage, ...] = (flip, cut, lose, repeat, renumber)


def write_sound_files(folder: Path) -> None:
    """A small file of every kind."""
    with pymupdf.open() as document:
        for number in range(3):
            page = document.new_page()
            page.insert_text((72, 72), f"Report of year {number}", fontsize=20)
            for row in range(8):
                page.insert_text((72, 120 + 20 * row), f"Quay {row}        {row * 117}        {row * 3}.5 %")
            page.draw_rect((60, 100, 400, 300))
            field = pymupdf.Widget()
            field.field_type, field.field_name, field.field_value = (
                pymupdf.PDF_WIDGET_TYPE_TEXT,
                f"name{number}",
                "Falk",
            )
            field.rect = pymupdf.Rect(72, 400, 300, 420)
            page.add_widget(field)
            page.add_highlight_annot((72, 110, 200, 130))
        document[1].set_rotation(90)
        document.set_toc([[1, "First", 1], [2, "Second", 2]])
        document.save(folder / "plain.pdf", expand=255)
        document.save(folder / "packed.pdf", garbage=4, deflate=True, use_objstms=1)
    write_locked_pdf(folder / "locked.pdf", "Locked words", "")
    picture = Image.new("RGB", (300, 200), "white")
    ImageDraw.Draw(picture).text((20, 20), "Seven ferries", fill="black", font_size=30)
    for kind in ("png", "jpeg", "webp", "bmp"):
        picture.save(folder / f"picture.{kind}")
    picture.convert("P").save(folder / "moving.gif", save_all=True, append_images=[picture.rotate(180).convert("P")])
    picture.save(folder / "frames.tiff", save_all=True, append_images=[picture.convert("L")], compression="tiff_lzw")
    with pymupdf.open() as document:
        data = io.BytesIO()
        picture.save(data, "JPEG")
        document.new_page().insert_image((0, 0, 300, 200), stream=data.getvalue())
        document.save(folder / "scan.pdf")
    write_epub(folder / "book.epub", ("Ships come in.", "Ships go out."))
    write_fb2(folder / "novel.fb2", "Forty barrels.")
    write_svg(folder / "plan.svg", "Crane")
    write_xps(folder / "print.xps", "Premium")
    write_cbz(folder / "comic.cbz", ("One",))
    (folder / "notes.txt").write_text("Fog on the third of May.\n" * 20)


def test_damaged_files_end_with_a_reason_and_harm_nothing(tmp_path: Path) -> None:
    sound, damaged = tmp_path / "sound", tmp_path / "damaged"
    sound.mkdir()
    damaged.mkdir()
    write_sound_files(sound)
    chance = random.Random(20_261_121)
    for file in sorted(sound.iterdir()):
        for number in range(COPIES):
            data = chance.choice(DAMAGES)(bytearray(file.read_bytes()), chance)
            (damaged / f"{file.stem}{number}{file.suffix}").write_bytes(data)
    before = {path.name: path.read_bytes() for path in damaged.iterdir()}

    settings = load_settings({"library": tmp_path / "library", "ingest": {"ocr": "off", "page_seconds": 10}})
    with Library.open(settings) as library:
        reports = list(library.add([damaged]))
        assert library.verify() == []
        broken = [report for report in library.documents() if report.status == "adding"]

    assert sorted(Path(report.path).name for report in reports) == sorted(before)
    outcomes = Counter(report.status for report in reports)
    assert set(outcomes) <= {"ready", "partial", "failed", "unchanged"} and not broken, outcomes
    assert outcomes["ready"] > len(reports) / 8 and outcomes["failed"] > len(reports) / 20, outcomes
    for report in reports:
        assert report.status == "ready" or report.error, report
        assert "\n" not in report.error and str(tmp_path / "library") not in report.error, report
        for issue in report.pages_failed:
            assert issue.stage and issue.error and str(tmp_path / "library") not in issue.error, report
    assert {path.name: path.read_bytes() for path in damaged.iterdir()} == before
    assert not psutil.Process().children(recursive=True)
