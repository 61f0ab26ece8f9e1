from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from ingest.errors import InputError
from ingest.render import MAX_PIXELS, render_page

PDF = "application/pdf"


def write_pdf(path: Path, *sizes: tuple[float, float], rotation: int = 0) -> Path:
    with pymupdf.open() as document:
        for width, height in sizes:
            page = document.new_page(width=width, height=height)
            page.draw_rect((0, 0, width / 2, height / 2), color=None, fill=(1, 0, 0))  # the top left quarter
            page.set_rotation(rotation)
        document.save(path)
    return path


def test_a_pdf_page_at_its_dpi(tmp_path: Path) -> None:
    picture = render_page(write_pdf(tmp_path / "a.pdf", (612, 792)), PDF, 0, 144)
    assert (picture.mode, picture.size) == ("RGB", (1224, 1584))
    assert picture.getpixel((10, 10)) == (255, 0, 0)
    assert picture.getpixel((1200, 1500)) == (255, 255, 255)


def test_pages_are_shown_as_displayed(tmp_path: Path) -> None:
    picture = render_page(write_pdf(tmp_path / "a.pdf", (600, 300), rotation=90), PDF, 0, 72)
    assert picture.size == (300, 600)
    assert picture.getpixel((290, 10)) == (255, 0, 0)  # turned clockwise: the top left is now at the top right
    assert picture.getpixel((10, 10)) == (255, 255, 255)


def test_rendering_is_a_pure_function(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", (200, 300), (200, 300))
    first = render_page(path, PDF, 1, 100)
    render_page(path, PDF, 0, 300)
    assert first.tobytes() == render_page(path, PDF, 1, 100).tobytes()


def test_posters_are_bounded(tmp_path: Path) -> None:
    picture = render_page(write_pdf(tmp_path / "a.pdf", (5000, 10_000)), PDF, 0, 144)
    assert 0.98 * MAX_PIXELS < picture.width * picture.height <= 1.001 * MAX_PIXELS
    assert picture.height / picture.width == pytest.approx(2, rel=0.01)


def test_images_are_shown_as_large_as_a_letter_page(tmp_path: Path) -> None:
    Image.new("RGB", (4000, 2000), "blue").save(tmp_path / "large.png")
    Image.new("RGB", (300, 200), "blue").save(tmp_path / "small.png")
    assert render_page(tmp_path / "large.png", "image/png", 0, 100).size == (1100, 550)
    assert render_page(tmp_path / "small.png", "image/png", 0, 100).size == (300, 200)


def test_errors_are_input_errors(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", (100, 100))
    (tmp_path / "damaged.pdf").write_bytes(b"%PDF-1.7\n garbage")
    for file, index, reason in [
        (path, 1, "no page 2; it has 1"),
        (path, -1, "no page 0"),
        (tmp_path / "gone.pdf", 0, "no such file"),
        (tmp_path / "damaged.pdf", 0, "damaged"),
    ]:
        with pytest.raises(InputError, match=reason):
            render_page(file, PDF, index, 72)
