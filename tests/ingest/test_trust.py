"""Which source a page's words are taken from, and why: broken encodings, missing layers, layers that cover little."""

from collections.abc import Callable

import numpy as np
import pymupdf
import pytest

from ingest.document import Box, Line, Page, TextSource
from ingest.parser import parse_pages
from ingest.pdf import parse_pdf_page
from ingest.settings import IngestSettings

PROSE = (
    "The committee met in the old harbour house and agreed on the budget of the coming year. "
    "Nobody had expected that the lighthouse would need another coat of paint before the winter. "
    "The treasurer showed what had been spent on ropes, lamps and the new boat, and all were content. "
    "After supper some members walked along the water, where two fishing ships lay, and spoke about their children, "
    "their gardens and a journey to the islands which they wanted to make together in June. "
)
READ = "these are the words that everybody sees when the page lies open before them"


class Reader:
    def __init__(self, text: str = READ) -> None:
        self.text = text
        self.calls = 0

    def __call__(self, pixels: np.ndarray) -> list[Line]:
        self.calls += 1
        return [Line(self.text, Box(0.1, 0.9, 0.6, 0.92))]


def words(page: Page) -> str:
    return " ".join(" ".join(block.text.split()) for block in page.blocks)


def parse(document: pymupdf.Document, reader: Callable[[np.ndarray], list[Line]] | None) -> Page:
    return parse_pdf_page(pymupdf.open(stream=document.tobytes(), filetype="pdf"), 0, IngestSettings(), reader)


def encoded(text: str, code_of: Callable[[str], int] | None) -> pymupdf.Document:
    """A page that shows `text`, and whose font says that each character is another one (None: says nothing)."""
    document = pymupdf.open()
    page = document.new_page()
    font = pymupdf.Font("helv")
    page.insert_font(fontname="F0", fontbuffer=font.buffer)
    page.insert_textbox((72, 72, 520, 700), text, fontname="F0", fontsize=12)
    font_xref = page.get_fonts()[0][0]
    if code_of is None:
        document.xref_set_key(font_xref, "ToUnicode", "null")
        return document
    pairs = [f"<{font.has_glyph(ord(sign)):04x}> <{code_of(sign):04x}>" for sign in sorted(set(text))]
    table = "/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
    table += f"{len(pairs)} beginbfchar\n" + "\n".join(pairs) + "\nendbfchar endcmap end"
    xref = int(document.xref_get_key(font_xref, "ToUnicode")[1].split()[0])
    document.update_stream(xref, table.encode())
    return document


def exchanged(sign: str) -> int:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return ord(letters[(letters.index(sign.lower()) * 7 + 5) % 26]) if sign.lower() in letters else ord(sign)


BROKEN = {
    "private use": lambda sign: 0xE000 + ord(sign),
    "replacement": lambda sign: 0xFFFD,
    "control": lambda sign: 1 + ord(sign) % 8,
    "one off": lambda sign: ord(sign) + 1,
    "exchanged": exchanged,
    "glyph numbers": lambda sign: max(1, ord(sign) - 29),
    "silent": None,
}


@pytest.mark.parametrize("code_of", BROKEN.values(), ids=BROKEN)
def test_a_broken_encoding_is_read_from_the_page(code_of: Callable[[str], int] | None) -> None:
    reader = Reader()
    page = parse(encoded(PROSE, code_of), reader)
    assert words(page) == READ and reader.calls == 1
    assert page.trust is not None and page.trust.source is TextSource.OCR
    assert "unknown signs" in page.trust.reason or "form no language" in page.trust.reason


def test_a_right_encoding_is_trusted() -> None:
    reader = Reader()
    page = parse(encoded(PROSE, ord), reader)
    assert words(page) == " ".join(PROSE.split()) and reader.calls == 0
    assert page.trust == (TextSource.TEXT_LAYER, "the text layer covers the writing")


def test_odd_words_that_the_page_shows_stay() -> None:
    odd = "".join(map(chr, map(exchanged, PROSE)))
    page = parse(encoded(odd, ord), Reader(odd))
    assert words(page) == " ".join(odd.split())
    assert page.trust is not None and page.trust.source is TextSource.TEXT_LAYER
    assert page.trust.reason.endswith("what the page shows")


def test_without_ocr_unknown_signs_are_left_out_and_said() -> None:
    page = parse(encoded(PROSE, BROKEN["private use"]), None)
    assert words(page) == "" and page.trust is not None and page.trust.source is TextSource.NONE
    assert "OCR is off" in page.trust.reason


def test_a_broken_encoding_is_read_by_the_real_engine(tmp_path) -> None:
    encoded(PROSE, exchanged).save(tmp_path / "broken.pdf")
    (page,) = parse_pages(tmp_path / "broken.pdf", "application/pdf", [0], IngestSettings())
    assert page.trust is not None and page.trust.source is TextSource.OCR
    assert "committee met in the old harbour house" in words(page)


def outlined(text: str) -> pymupdf.Page:
    page = pymupdf.open().new_page(width=480, height=640)
    assert page.insert_textbox((10, 10, 470, 630), text, fontsize=11) > 0
    return page


def test_a_layer_that_covers_less_than_the_page_shows() -> None:
    document = pymupdf.open()
    page = document.new_page()
    assert page.insert_textbox((72, 40, 520, 140), PROSE, fontsize=11) > 0
    curves = pymupdf.open("svg", outlined(PROSE * 6).get_svg_image(text_as_path=True).encode())
    page.show_pdf_page(pymupdf.Rect(72, 140, 520, 740), pymupdf.open("pdf", curves.convert_to_pdf()), 0)
    reader = Reader()
    parsed = parse(document, reader)
    assert reader.calls == 1 and "harbour house" in words(parsed) and READ in words(parsed)
    assert parsed.trust is not None and parsed.trust.source is TextSource.BOTH
    assert "of the writing" in parsed.trust.reason


def test_lines_and_charts_are_no_writing() -> None:
    document = pymupdf.open()
    page = document.new_page()
    assert page.insert_textbox((72, 40, 520, 140), PROSE, fontsize=11) > 0
    for number in range(40):
        page.draw_line((72, 150 + 6 * number), (520, 150 + 6 * number))
        page.draw_rect((72 + 11 * number, 800 - 10 * number, 80 + 11 * number, 800), fill=(0.2, 0.4, 0.6))
    reader = Reader()
    parsed = parse(document, reader)
    assert reader.calls == 0 and parsed.trust is not None and parsed.trust.source is TextSource.TEXT_LAYER


def test_an_empty_page_has_no_source() -> None:
    document = pymupdf.open()
    document.new_page()
    assert parse(document, Reader()).trust == (TextSource.NONE, "nothing is written on the page")


def test_a_scan_is_read_and_says_so() -> None:
    document = pymupdf.open()
    page = document.new_page(width=480, height=640)
    page.insert_image(page.rect, pixmap=outlined(PROSE * 4).get_pixmap(dpi=120))
    parsed = parse(document, Reader())
    assert parsed.trust == (TextSource.OCR, "there is no text layer")
    off = parse(document, None)
    assert off.trust is not None and off.trust.source is TextSource.NONE
