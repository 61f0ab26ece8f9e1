"""What pages are called, by trees of labels written into real PDFs."""

from __future__ import annotations

import pymupdf
import pytest

from ingest import page_labels
from ingest.page_labels import page_label
from ingest.pdf import parse_pdf_page
from ingest.settings import IngestSettings


def labelled(*objects: str, pages: int = 3) -> pymupdf.Document:
    """`objects`: the tree's root, then what it names as "{0}", "{1}" (the root is "{0}")."""
    document = pymupdf.open()
    for number in range(pages):
        document.new_page().insert_text((72, 100), f"Words of page {number}")
    numbers = [document.get_new_xref() for _ in objects]
    for number, written in zip(numbers, objects, strict=True):
        document.update_object(number, written.format(*(f"{other} 0 R" for other in numbers)))
    document.xref_set_key(document.pdf_catalog(), "PageLabels", f"{numbers[0]} 0 R")
    return pymupdf.open(stream=document.tobytes(), filetype="pdf")


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        (["<</Nums[0<</S/r>> 2<</S/D>>]>>"], ["i", "ii", "1"]),
        (["<</Nums[0<</S/D/P(\\376\\377\\000A\\000-)>>]>>"], ["A-1", "A-2", "A-3"]),
        (["<</Nums[0<</P<FEFF005400690074006C0065>>> 1<</S/R>>]>>"], ["Title", "I", "II"]),
        (["<</Nums[0<</S/D/P(2023/S-)>>]>>"], ["2023/S-1", "2023/S-2", "2023/S-3"]),
        (["<</Nums[0<</S/D/P(A/Stand 3-)>>]>>"], ["A/Stand 3-1", "A/Stand 3-2", "A/Stand 3-3"]),
        (["<</Nums[0<</S/D/P(A \\(1\\) )/St 5>>]>>"], ["A (1) 5", "A (1) 6", "A (1) 7"]),
        (["<</Nums[0<</S/D/P {1}>>]>>", "(Intro )"], ["Intro 1", "Intro 2", "Intro 3"]),
        (["<</Nums {1}>>", "[0 {2} 1<</S/D/St 3.0>>]", "<</S/r/P(P. )>>"], ["P. i", "3", "4"]),
        (["<</Nums[0<</S/A/St 26>>]>>"], ["Z", "AA", "BB"]),
        (["<</Kids[{1} {2}]>>", "<</Kids[<</Nums[0<</S/r>>]>>]>>", "<</Nums[1<</S/D/St 7>>]>>"], ["i", "7", "8"]),
        (["<</Nums[1<</S/D>>]>>"], ["", "1", "2"]),
        (["<</Nums[2<</S/D/P(B)>> 0<</S/D/P(A)>>]>>"], ["A1", "A2", "B1"]),
        (["<</Nums[0<</P(two\\nlines\\000)>>]>>"], ["two lines"] * 3),
    ],
)
def test_labels_are_read_as_the_file_means_them(objects: list[str], expected: list[str]) -> None:
    document = labelled(*objects)
    assert [page_label(document, index) for index in range(3)] == expected


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        (["<</Nums[0<</S/D/St (x)>>]>>"], ["1", "2", "3"]),
        (["<</Nums[0<</S/D/St -5>>]>>"], ["1", "2", "3"]),
        (["<</Nums[0 null 1 (x) 2]>>"], ["", "", ""]),
        (["<</Nums 12/Kids(x)>>"], ["", "", ""]),
        (["(x)"], ["", "", ""]),
        (["<</Kids[{0} {1}]>>", "<</Kids[{0} {1}]/Nums[0<</S/D>>]>>"], ["1", "2", "3"]),
        (["<</Nums[0<</S/r/St 2000000000>>]>>"], ["2000000000", "2000000001", "2000000002"]),
        (["<</Nums[0<</S/a/St 2000000000>>]>>"], ["2000000000", "2000000001", "2000000002"]),
        ([f"<</Nums[0<</P({'x' * 100_000})>>]>>"], ["x" * 100] * 3),
    ],
)
def test_damage_costs_no_more_than_labels(objects: list[str], expected: list[str]) -> None:
    document = labelled(*objects)
    assert [page_label(document, index) for index in range(3)] == expected


def test_a_page_without_a_label_is_called_by_its_number() -> None:
    for tree, expected in (("<</Nums[1<</S/D/St (x)>>]>>", ["1", "1", "2"]), ("<</Nums[0 null]>>", ["1", "2", "3"])):
        document = labelled(tree)
        pages = [parse_pdf_page(document, index, IngestSettings(ocr="off"), None) for index in range(3)]
        assert [page.page_label for page in pages] == expected
        assert all("Words" in page.blocks[0].text for page in pages)


def test_what_mupdf_raises_costs_the_labels_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    document = labelled("<</Nums[0<</S/r>>]>>")
    monkeypatch.setattr(page_labels.mupdf, "pdf_to_text_string", broken)
    assert page_label(document, 1) == ""


def test_the_tree_is_walked_once_for_a_document() -> None:
    document = labelled("<</Nums[0<</S/r>> 10<</S/D>>]>>", pages=20)
    before = page_labels._rules.cache_info().misses
    assert [page_label(document, index) for index in range(20)][8:12] == ["ix", "x", "1", "2"]
    assert page_labels._rules.cache_info().misses == before + 1
    other = labelled("<</Nums[0<</S/A>>]>>")
    assert [page_label(other, 0), page_label(document, 0)] == ["A", "i"]
