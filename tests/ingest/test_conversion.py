from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pymupdf
import pytest

from ingest.document import Page
from ingest.errors import InputError
from ingest.files import identify
from ingest.parser import parse_pages, read_info
from ingest.render import render_page
from ingest.settings import IngestSettings
from tests.ingest.made_files import write_cbz, write_epub, write_fb2, write_locked_pdf, write_svg, write_xps

NO_OCR = IngestSettings(ocr="off")


def read(path: Path, *passwords: str, settings: IngestSettings = NO_OCR) -> tuple[Path, list[Page]]:
    """The working copy and the pages, as indexing gets them."""
    identity = identify(path)
    copy = path.with_name(identity.document_id + ".pdf")
    info = read_info(path, identity, copy, passwords)
    return copy, parse_pages(copy, identity.media_type, range(info.page_count), settings)


def words(pages: list[Page]) -> str:
    return " ".join(" ".join(block.text for page in pages for block in page.blocks).split())


@pytest.mark.parametrize(
    "write",
    [
        lambda path, text: write_epub(path, (text,)),
        write_fb2,
        write_svg,
        write_xps,
        lambda path, text: path.write_text(text) and path,
    ],
    ids=["epub", "fb2", "svg", "xps", "txt"],
)
def test_words_boxes_and_pictures_of_every_format_with_text(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    text = "Revenue of the quay was 4.2 million"
    path = write(tmp_path / "file", text)
    copy, pages = read(path)
    assert text in words(pages)
    (line,) = [line for page in pages for block in page.blocks for line in block.lines if "quay" in line.text]
    picture = render_page(copy, identify(path).media_type, 0, 100).convert("L")
    x0, y0, x1, y1 = line.box
    there = picture.crop(
        tuple(map(round, (x0 * picture.width, y0 * picture.height, x1 * picture.width, y1 * picture.height)))
    )
    assert there.width > 5 * there.height and there.getextrema()[0] < 100, "the box is on the words"


def test_a_comic_book_is_read_by_ocr(tmp_path: Path) -> None:
    _, pages = read(write_cbz(tmp_path / "a.cbz", ("Seven ferries", "Two quays")), settings=IngestSettings())
    assert len(pages) == 2
    assert "seven ferries" in words(pages[:1]).lower() and "two quays" in words(pages[1:]).lower()


def test_a_book_keeps_title_author_and_outline(tmp_path: Path) -> None:
    path = write_epub(tmp_path / "a.epub", ("Ships come in. " * 300, "Ships go out."))
    info = read_info(path, identify(path), tmp_path / "copy.pdf")
    assert (info.title, info.author, info.name) == ("The Harbour", "A. Nauta", "a.epub")
    assert [item.title for item in info.outline] == ["Chapter 1", "Chapter 2"]
    assert 0 == info.outline[0].page_index < info.outline[1].page_index == info.page_count - 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "cp1251"])
def test_text_in_other_encodings(tmp_path: Path, encoding: str) -> None:
    text = {
        "cp1252": "Größe der Häuser in Österreich, für alle Straßen und Plätze",
        "cp1251": "Отчёт за прошлый год: продажи выросли на двенадцать процентов",
    }.get(encoding, "Größe 東京 — Москва")
    path = tmp_path / "a.txt"
    path.write_bytes((text + "\n").encode(encoding) * 3)
    assert text in words(read(path)[1])


LOG = "The harbour log of the day: ten ships came in and two went out again.\n" * 1000


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "We paid for the café … 40 €"),
        ("cp1252", "We paid for the café … 40 €"),
        ("cp1252", "We went to the café"),
        ("cp1251", "Отчёт за прошлый год: продажи выросли на двенадцать процентов"),
    ],
)
def test_the_encoding_of_a_long_text_that_begins_in_plain_ascii(tmp_path: Path, encoding: str, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes((LOG + text).encode(encoding))
    assert words(read(path)[1]).endswith(text)


def test_damage_in_a_long_text_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(LOG.encode() + b"caf\xe9, then " + "Größe der Häuser in Österreich".encode())
    assert words(read(path)[1]).endswith("Größe der Häuser in Österreich")


def test_a_damaged_book_is_an_input_error_and_leaves_nothing(tmp_path: Path) -> None:
    path = write_epub(tmp_path / "a.epub", ("One",))
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(InputError, match="cannot be opened as EPUB"):
        read(path)
    assert list(tmp_path.iterdir()) == [path]


def test_an_encrypted_pdf_is_read_with_the_password_that_fits_and_later_without(tmp_path: Path) -> None:
    path = write_locked_pdf(tmp_path / "a.pdf", "Secret of the quay", "pâss wörd")
    original = path.read_bytes()
    copy, pages = read(path, "wrong", "pâss wörd", "other")
    assert words(pages) == "Secret of the quay"
    assert path.read_bytes() == original
    assert words(read(path)[1]) == "Secret of the quay", "the working copy needs no password"
    with pymupdf.open(copy) as opened:
        assert not opened.needs_pass


def test_without_the_password_the_error_names_the_flags_and_never_the_passwords_tried(tmp_path: Path) -> None:
    path = write_locked_pdf(tmp_path / "a.pdf", "Secret", "right")
    for passwords, said in (
        ((), "is encrypted; give its password with --password or --password-file"),
        (("hunter2",), "the password given does not open it"),
        (("hunter2", "hunter3"), "none of the passwords given opens it"),
    ):
        with pytest.raises(InputError, match=said) as caught:
            read(path, *passwords)
        assert "hunter" not in str(caught.value) and "--password" in str(caught.value)
    assert list(tmp_path.iterdir()) == [path]


def test_long_runs_without_a_blank_stay_on_the_page(tmp_path: Path) -> None:
    header = ",".join(["station", *(f"sensor_{n}" for n in range(30))])
    path = tmp_path / "sheet.csv"
    path.write_text(header + "\n" + "\n".join(",".join(str(row * n) for n in range(31)) for row in range(5)))
    _, pages = read(path)
    assert not any(page.issues for page in pages)
    read_words = words(pages).replace(" ", "")
    assert header in read_words and "sensor_17," in words(pages), "broken after a comma"
    path.write_text("x" * 300 + "END")
    assert words(read(path)[1]).replace(" ", "").endswith("xEND")
