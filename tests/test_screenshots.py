import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from PIL import Image, ImageChops, ImageDraw

from ingest.document import Box
from ingest.errors import InputError
from pipeline.screenshots import ScreenshotCache, draw_boxes, save_picture

DPI = 72
DOCUMENT = "0123456789abcdef"


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    """Five pages with their number on them."""
    file = tmp_path / "five.pdf"
    with pymupdf.open() as document:
        for number in range(5):
            page = document.new_page(width=300, height=400)
            page.insert_text((50, 80), f"page {number}", fontsize=30)
        document.save(file)
    return file


def cache_at(tmp_path: Path, max_bytes: int = 10_000_000) -> ScreenshotCache:
    return ScreenshotCache(tmp_path / "cache", max_bytes)


def page(cache: ScreenshotCache, pdf: Path, index: int) -> Image.Image:
    return cache.page(DOCUMENT, pdf, "application/pdf", index, DPI)


def kept(tmp_path: Path) -> set[str]:
    return {file.name for file in (tmp_path / "cache").rglob("*") if file.is_file()}


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and not ImageChops.difference(one, other).getbbox()


def test_the_cached_picture_equals_the_rendered_one_and_needs_no_original(tmp_path: Path, pdf: Path) -> None:
    rendered = page(cache_at(tmp_path), pdf, 1)
    assert (rendered.mode, rendered.size) == ("RGB", (300, 400))
    pdf.unlink()
    assert same(page(cache_at(tmp_path), pdf, 1), rendered)


def test_pages_and_resolutions_are_kept_apart(tmp_path: Path, pdf: Path) -> None:
    cache = cache_at(tmp_path)
    assert not same(page(cache, pdf, 0), page(cache, pdf, 1))
    assert cache.page(DOCUMENT, pdf, "application/pdf", 0, 2 * DPI).size == (600, 800)
    assert page(cache, pdf, 0).size == (300, 400)


@pytest.mark.parametrize("damage", [b"", b"no picture at all", b"\x89PNG\r\n\x1a\n", None])
def test_a_damaged_file_is_rendered_again(tmp_path: Path, pdf: Path, damage: bytes | None) -> None:
    cache = cache_at(tmp_path)
    rendered = page(cache, pdf, 0)
    (file,) = (tmp_path / "cache").rglob("*.png")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    assert same(page(cache, pdf, 0), rendered)
    assert file.read_bytes() == whole


def test_least_recently_used_pictures_go_first(tmp_path: Path, pdf: Path) -> None:
    generous = cache_at(tmp_path)
    for index in range(4):
        page(generous, pdf, index)
        os.utime(tmp_path / "cache" / DOCUMENT / f"{index}@{DPI}.png", (index, index))
    tight = cache_at(tmp_path, max_bytes=generous.size())
    page(tight, pdf, 0)  # used just now, so no longer the oldest
    page(tight, pdf, 4)
    assert f"1@{DPI}.png" not in kept(tmp_path)
    assert {f"0@{DPI}.png", f"4@{DPI}.png"} <= kept(tmp_path)
    assert tight.size() <= generous.size()


def test_a_cache_of_no_bytes_keeps_nothing(tmp_path: Path, pdf: Path) -> None:
    assert page(cache_at(tmp_path, max_bytes=0), pdf, 0).size == (300, 400)
    assert not kept(tmp_path)


def test_the_bound_holds_even_for_one_picture(tmp_path: Path, pdf: Path) -> None:
    page(cache_at(tmp_path, max_bytes=10), pdf, 0)
    assert not kept(tmp_path)


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path, pdf: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert page(cache_at(tmp_path), pdf, 0).size == (300, 400)


def test_threads_get_the_pages_they_ask_for_and_the_bound_holds(tmp_path: Path, pdf: Path) -> None:
    alone = [page(cache_at(tmp_path / "alone"), pdf, index) for index in range(5)]
    bound = 3 * max(file.stat().st_size for file in (tmp_path / "alone").rglob("*.png"))
    cache, wanted = cache_at(tmp_path, bound), [index % 5 for index in range(60)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda index: page(cache, pdf, index), wanted))
    assert all(same(picture, alone[index]) for picture, index in zip(together, wanted, strict=True))
    assert 0 < cache.size() <= bound


def test_boxes_mark_their_place_and_nothing_else() -> None:
    picture = Image.new("RGB", (400, 500), "white")
    drawn = np.asarray(draw_boxes(picture, [Box(0.25, 0.4, 0.75, 0.5)]))
    assert (drawn[225, 200] != 255).any()
    assert (drawn[100] == 255).all() and (drawn[400] == 255).all()
    assert np.asarray(picture).min() == 255, "the picture given is not drawn on"


def test_text_under_a_box_stays_readable() -> None:
    picture = Image.new("RGB", (400, 500), "white")
    ImageDraw.Draw(picture).text((110, 210), "Revenue 4.2 million", fill="black", font_size=20)
    drawn = np.asarray(draw_boxes(picture, [Box(0.25, 0.4, 0.75, 0.5)]).convert("L")).astype(int)
    ink = np.asarray(picture.convert("L")) == 0
    assert ink.sum() > 100
    paper = drawn[205:245, 105:295][~ink[205:245, 105:295]]
    assert drawn[ink].max() == 0 and np.median(paper) > 200


def test_dark_pages_are_highlighted_too() -> None:
    drawn = np.asarray(draw_boxes(Image.new("RGB", (400, 500), (10, 10, 30)), [Box(0.25, 0.4, 0.75, 0.5)]))
    assert drawn[225, 200].mean() > drawn[50, 50].mean() + 20


def test_lines_of_one_paragraph_become_one_area() -> None:
    lines = [Box(0.1, 0.10, 0.9, 0.12), Box(0.1, 0.125, 0.9, 0.145), Box(0.1, 0.15, 0.5, 0.17)]
    blank = Image.new("RGB", (500, 500), "white")
    assert same(draw_boxes(blank, lines), draw_boxes(blank, list(reversed(lines))))
    assert same(draw_boxes(blank, lines), draw_boxes(blank, [Box(0.1, 0.10, 0.9, 0.17)]))


@pytest.mark.parametrize("box", [Box(0, 0, 1, 1), Box(0.5, 0.5, 0.5, 0.5), Box(-0.1, 0.9, 1.2, 1.1), Box(1, 1, 1, 1)])
def test_any_box_can_be_drawn(box: Box) -> None:
    assert draw_boxes(Image.new("RGB", (120, 90), "white"), [box], ["12"]).size == (120, 90)


def test_pictures_are_written_or_refused_in_one_line(tmp_path: Path) -> None:
    picture = Image.new("RGB", (10, 10))
    save_picture(picture, tmp_path / "page.png")
    with Image.open(tmp_path / "page.png") as written:
        assert written.format == "PNG"
    for bad in (tmp_path / "page.txt", tmp_path / "missing" / "page.png", tmp_path):
        with pytest.raises(InputError):
            save_picture(picture, bad)
