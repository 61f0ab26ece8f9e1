from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from ingest.errors import InputError
from ingest.files import identify
from ingest.parser import lost_page, parse_pages, read_info
from ingest.settings import IngestSettings

NO_OCR = IngestSettings(ocr="off")
PDF = "application/pdf"


def write_pdf(path: Path, pages: int = 2, **how: object) -> Path:
    with pymupdf.open() as document:
        for number in range(pages):
            document.new_page().insert_text((72, 72), f"Text of page {number}")
        document.save(path, **how)
    return path


def test_a_pdf_and_an_image_through_the_same_two_functions(tmp_path: Path) -> None:
    pdf = write_pdf(tmp_path / "a.pdf")
    image = tmp_path / "photo.png"
    Image.new("RGB", (60, 40), "white").save(image)
    for path, page_count in ((pdf, 2), (image, 1)):
        identity = identify(path)
        info = read_info(path, identity)
        assert (info.name, info.page_count, info.byte_count) == (path.name, page_count, path.stat().st_size)
        assert (info.document_id, info.media_type) == (identity.document_id, identity.media_type)
        pages = parse_pages(path, identity.media_type, range(page_count), NO_OCR)
        assert [page.page_index for page in pages] == list(range(page_count))
        assert not any(page.lost for page in pages)


def test_the_name_is_the_users_even_where_the_bytes_lie_elsewhere(tmp_path: Path) -> None:
    identity = identify(write_pdf(tmp_path / "Annual report.pdf"))
    stored = tmp_path / "0123456789abcdef"
    stored.write_bytes(identity.path.read_bytes())
    assert read_info(stored, identity).name == "Annual report.pdf"


def test_an_encrypted_pdf_says_what_to_do(tmp_path: Path) -> None:
    locked = write_pdf(tmp_path / "a.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="secret", owner_pw="owner")
    with pytest.raises(InputError, match="is encrypted; give its password with --password"):
        read_info(locked, identify(locked))


def test_a_pdf_that_only_restricts_its_use_is_read(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, owner_pw="owner", permissions=0)
    assert read_info(path, identify(path)).page_count == 2


def test_damaged_files_are_input_errors(tmp_path: Path) -> None:
    for name, data in {"a.pdf": b"%PDF-1.7\n%%EOF", "b.png": b"\x89PNG\r\n\x1a\n" + bytes(50)}.items():
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(InputError) as caught:
            read_info(path, identify(path))
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_truncated_pdf_still_gives_its_pages(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", pages=3)
    path.write_bytes(path.read_bytes()[:-200])  # the cross-reference table is gone
    assert read_info(path, identify(path)).page_count == 3
    pages = parse_pages(path, PDF, (0, 1, 2), NO_OCR)
    assert ["".join(block.text for block in page.blocks) for page in pages] == [f"Text of page {n}" for n in range(3)]


def test_every_page_asked_for_comes_back_in_order_lost_or_not(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf")
    pages = parse_pages(path, PDF, (1, 9, 0), NO_OCR)
    assert [(page.page_index, page.lost) for page in pages] == [(1, False), (9, True), (0, False)]
    (issue,) = pages[1].issues
    assert (issue.page_index, issue.stage) == (9, "parse")
    assert "\n" not in issue.error


def test_a_file_that_vanished_loses_its_pages_with_the_reason(tmp_path: Path) -> None:
    for media_type in (PDF, "image/png"):
        pages = parse_pages(tmp_path / "gone", media_type, (0, 1), NO_OCR)
        assert [page.lost for page in pages] == [True, True]
        assert all("no such file" in page.issues[0].error for page in pages)


def test_a_lost_page_divides_by_nothing_and_names_itself() -> None:
    page = lost_page(4, "x" * 1000)
    assert (page.page_label, page.width, page.height, page.lost) == ("5", 1.0, 1.0, True)
    assert len(page.issues[0].error) == 300


def test_parsing_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write_pdf(tmp_path / "a.pdf")
    path.write_bytes(path.read_bytes().replace(b"endstream", b"endstrexx", 1)[:-100])
    parse_pages(path, PDF, (0, 1), NO_OCR)
    assert capfd.readouterr() == ("", "")


PAGE = "/Type/Page/MediaBox[0 0 300 200]/Resources<</Font<</F 4 0 R>>>>/Contents 5 0 R"
OTHER_OBJECTS = (
    "4 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n"
    "5 0 obj<</Length 43>>stream\nBT /F 12 Tf 20 100 Td (Rare but readable) Tj ET\nendstream endobj\n"
    "trailer<</Root 1 0 R/Size 6>>\n"
)


@pytest.mark.parametrize(
    "objects",
    [
        f"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[<<{PAGE}>>]>>endobj\n",
        "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 4 0 R/Kids[3 0 R]>>endobj\n"
        f"3 0 obj<<{PAGE}/Parent 2 0 R>>endobj\n",
        "1 0 obj<</X 1 0 R 0 R/Pages 2 0 R/Type/Catalog>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n"
        f"3 0 obj<<{PAGE}/Parent 2 0 R>>endobj\n",
    ],
    ids=["pages in the tree itself", "a count that is no number", "a catalog that cannot be read"],
)
def test_pages_are_found_where_the_page_tree_is_odd(tmp_path: Path, objects: str) -> None:
    path = tmp_path / "odd.pdf"
    path.write_text("%PDF-1.5\n" + objects + OTHER_OBJECTS)
    identity = identify(path)
    copy = tmp_path / "copy.pdf"
    assert read_info(path, identity, copy).page_count == 1
    (page,) = parse_pages(copy if copy.exists() else path, PDF, (0,), NO_OCR)
    assert [block.text for block in page.blocks] == ["Rare but readable"]


def test_a_file_without_any_page_says_so(tmp_path: Path) -> None:
    path = tmp_path / "none.pdf"
    path.write_text("%PDF-1.5\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 1>>endobj\n")
    with pytest.raises(InputError, match="has no pages"):
        read_info(path, identify(path), tmp_path / "copy.pdf")
