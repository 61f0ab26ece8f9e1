from __future__ import annotations

import socket

import numpy as np
import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.document import Box, Kind, Line
from ingest.layout import PageFrame
from ingest.ocr import OcrReader
from ingest.ocr_layout import lay_out_ocr
from ingest.ocr_lines import Piece, join_neighbours, order_pieces

WIDTH, HEIGHT = 612, 792


@pytest.fixture(scope="module")
def reader() -> OcrReader:
    return OcrReader()


def draw(words: dict[str, tuple[float, float]], size: float = 12, dpi: int = 150, turn: float = 0.0) -> np.ndarray:
    """A page with each text at its place (points from the top left, on the base line), as RGB pixels."""
    with pymupdf.open() as document:
        page = document.new_page(width=WIDTH, height=HEIGHT)
        for text, place in words.items():
            middle = pymupdf.Point(WIDTH / 2, HEIGHT / 2)
            page.insert_text(place, text, fontsize=size, morph=(middle, pymupdf.Matrix(turn)))
        pixmap = page.get_pixmap(dpi=dpi, colorspace=pymupdf.csRGB, alpha=False)
    return np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)


def table(rows: list[tuple[str, ...]]) -> dict[str, tuple[float, float]]:
    return {
        text: (72.0 + 180 * column, 120.0 + 20 * row)
        for row, cells in enumerate(rows)
        for column, text in enumerate(cells)
    }


def expected_box(text: str, place: tuple[float, float], size: float = 12) -> Box:
    x, base = place
    width = pymupdf.get_text_length(text, fontsize=size)
    return Box(x / WIDTH, (base - size) / HEIGHT, (x + width) / WIDTH, (base + 0.3 * size) / HEIGHT)


def test_words_and_boxes_of_a_page(reader: OcrReader) -> None:
    words = {
        "Quarterly results of the harbour": (72, 90),
        "Revenue rose to 4,812 thousand crowns": (72, 300),
        "Page 17 of 42": (400, 700),
    }
    lines = reader.read(draw(words))
    assert [line.text for line in lines] == list(words)
    for line, (text, place) in zip(lines, words.items(), strict=True):
        assert line.box == pytest.approx(expected_box(text, place), abs=0.02)


def test_small_pictures_are_read_and_boxes_stay_fractions_of_them(reader: OcrReader) -> None:
    words = {"Exports by region": (72, 90), "North 41%": (300, 400)}
    lines = reader.read(draw(words, dpi=72))
    assert [line.text for line in lines] == list(words)
    assert lines[1].box == pytest.approx(expected_box("North 41%", (300, 400)), abs=0.02)


def test_columns_are_read_one_after_the_other_and_not_across(reader: OcrReader) -> None:
    left = [f"left column line number {number} of text" for number in range(5)]
    right = [f"right column line number {number} of text" for number in range(5)]
    words = {"A title that stands across both of the two columns of this page": (72.0, 80.0)}
    words |= {text: (72.0, 120.0 + 18 * row) for row, text in enumerate(left)}
    words |= {text: (330.0, 120.0 + 18 * row) for row, text in enumerate(right)}
    lines = [line.text for line in reader.read(draw(words))]
    assert lines == [next(iter(words)), *left, *right]


def test_columns_that_stand_close_are_not_read_across(reader: OcrReader) -> None:
    left = [
        "The harbour was dredged again in the spring and",
        "the outer quay was raised by half a metre over",
        "its whole length, which took until the autumn of",
        "that year and cost more than had been set aside",
        "for it; the council voted the rest in December.",
        "Since then no ship has been turned away because",
        "of the depth of the basin or the height of tides.",
    ]
    right = [
        "Passengers of the northern line came back after",
        "the winter, and with them the market on the quay,",
        "which had been closed for want of customers. The",
        "shops along the front took on hands for the first",
        "time in years. Fares were held where they stood,",
        "although fuel had become dearer, and the number",
        "of crossings was raised in the second half year.",
    ]
    with pymupdf.open() as document:
        page = document.new_page(width=WIDTH, height=HEIGHT)
        for row, (one, other) in enumerate(zip(left, right, strict=True)):
            width = pymupdf.get_text_length(one, fontsize=11)
            page.insert_text((306 - 7 - width, 120 + 14 * row), one, fontsize=11)
            page.insert_text((306 + 7, 120 + 14 * row), other, fontsize=11)
        pixmap = page.get_pixmap(dpi=150, colorspace=pymupdf.csRGB, alpha=False)
    image = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)
    blocks = lay_out_ocr(reader.read(image), PageFrame(WIDTH, HEIGHT))
    assert [line.text for block in blocks for line in block.lines] == [*left, *right]


def test_table_cells_stay_apart_and_rows_together(reader: OcrReader) -> None:
    rows = [("Region", "2023", "2024"), ("North", "1,204", "1,377"), ("South", "842", "861")]
    words = {
        text: (72.0 + 180 * column, 120.0 + 24 * row) for row, r in enumerate(rows) for column, text in enumerate(r)
    }
    assert [line.text for line in reader.read(draw(words))] == [text for row in rows for text in row]


def test_a_page_laid_askew_keeps_its_rows(reader: OcrReader) -> None:
    rows = [("Alpha station", "417"), ("Beta station", "892"), ("Gamma station", "305"), ("Delta station", "661")]
    words = {
        text: (72.0 + 400 * column, 120.0 + 20 * row) for row, r in enumerate(rows) for column, text in enumerate(r)
    }
    assert [line.text for line in reader.read(draw(words, turn=1.5))] == [text for row in rows for text in row]


LETTER = {
    "Harbour office of the northern district": (72.0, 90.0),
    "The dredging of the inner basin begins in the second week of April.": (72.0, 130.0),
    "Vessels of more than forty metres berth at the outer quay until June.": (72.0, 150.0),
    "Fees for the outer quay stay at 1,861 crowns a day.": (72.0, 170.0),
    "Signed by the harbour master": (300.0, 400.0),
}


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_page_scanned_sideways_or_upside_down_is_read_as_it_was_written(reader: OcrReader, turn: int) -> None:
    upright = reader.read(draw(LETTER))
    scanned = np.rot90(draw(LETTER), -turn)
    lines = reader.read(scanned)
    assert [line.text for line in lines] == list(LETTER)
    assert {line.turn for line in lines} == {turn}
    for line, other in zip(lines, upright, strict=True):
        assert line.box == pytest.approx(other.box.turned(turn), abs=0.01)
    frame = PageFrame(WIDTH, HEIGHT) if turn == 2 else PageFrame(HEIGHT, WIDTH)
    blocks = lay_out_ocr(lines, frame)
    assert [block.text for block in blocks] == [block.text for block in lay_out_ocr(upright, PageFrame(WIDTH, HEIGHT))]
    assert all(block.box == Box.around(line.box for line in block.lines) for block in blocks)


def test_labels_along_the_axes_of_a_chart_are_read_after_what_stands_upright(reader: OcrReader) -> None:
    with pymupdf.open() as document:
        page = document.new_page(width=WIDTH, height=HEIGHT)
        page.insert_text((150, 100), "Landings by month", fontsize=16)
        page.insert_text((60, 420), "Thousand tonnes", fontsize=14, rotate=90)
        page.insert_text((540, 250), "Number of vessels", fontsize=14, rotate=270)
        pixmap = page.get_pixmap(dpi=110, colorspace=pymupdf.csRGB, alpha=False)
    image = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)
    lines = reader.read(image)
    assert lines[0].text == "Landings by month" and lines[0].turn == 0
    assert {line.text: line.turn for line in lines[1:]} == {"Thousand tonnes": 3, "Number of vessels": 1}
    assert all(block.kind != Kind.HEADING for block in lay_out_ocr(lines[1:], PageFrame(WIDTH, HEIGHT)))


def test_faint_writing_is_read(reader: OcrReader) -> None:
    faint = (200 + draw(LETTER).astype(np.float64) * 0.11).astype(np.uint8)
    assert np.ptp(faint) < 30
    assert [line.text for line in reader.read(faint)] == list(LETTER)


@pytest.mark.parametrize("turn", [0, 1, 3])
def test_a_strip_of_one_line_is_read(reader: OcrReader, turn: int) -> None:
    strip = draw({"Tide tables for the whole of the coming year": (20, 30)}, size=9)[38:70, 20:520]
    (line,) = reader.read(np.rot90(strip, -turn))
    assert (line.text, line.turn) == ("Tide tables for the whole of the coming year", turn)
    assert Box(-0.001, -0.001, 1.001, 1.001).intersection(line.box) == pytest.approx(line.box.area)


@pytest.mark.parametrize("shape", [(1, 1, 3), (4, 900, 3), (30, 30, 3), (400, 300, 3)])
def test_empty_and_tiny_pictures_have_no_words(reader: OcrReader, shape: tuple[int, int, int]) -> None:
    assert reader.read(np.full(shape, 255, np.uint8)) == []


def test_noise_is_not_made_into_words(reader: OcrReader) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (400, 400, 3)).astype(np.uint8)
    assert reader.read(noise) == []


def test_reading_opens_no_connection_and_prints_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert [line.text for line in OcrReader().read(draw({"Offline reading": (72, 90)}))] == ["Offline reading"]
    assert capfd.readouterr() == ("", "")


def piece(text: str, x0: float, y0: float, x1: float, y1: float) -> Piece:
    return Piece(text, np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], dtype=np.float64))


def test_pieces_of_one_line_are_joined_when_near_and_of_one_size() -> None:
    pieces = [
        piece("world", 110, 10, 160, 30),
        piece("Hello", 50, 11, 100, 31),
        piece("far", 300, 10, 330, 30),
        piece("big", 170, 0, 240, 40),
    ]
    lines = order_pieces(pieces, 400, 100)
    assert [line.text for line in lines] == ["Hello", "world", "big", "far"]
    lines = join_neighbours(lines, 400 / 100)
    assert [line.text for line in lines] == ["Hello world", "big", "far"]
    assert lines[0] == Line("Hello world", Box(50 / 400, 10 / 100, 160 / 400, 31 / 100))


def test_pieces_of_each_direction_make_their_own_lines() -> None:
    up = [
        Piece(text, np.array([[10, y], [30, y], [30, y + 60], [10, y + 60]], float), 3)
        for text, y in (("b", 100), ("a", 165))
    ]
    lines = order_pieces([*up, piece("across the page", 50, 10, 300, 30)], 400, 300)
    assert [(line.text, line.turn) for line in lines] == [("across the page", 0), ("a", 3), ("b", 3)]
    assert lines[1].box == pytest.approx(Box(10 / 400, 165 / 300, 30 / 400, 225 / 300))


@given(st.tuples(*[st.floats(0, 1)] * 4), st.integers(-8, 8))
def test_turning_a_box_there_and_back_changes_nothing(values: tuple[float, float, float, float], turn: int) -> None:
    box = Box(*values)
    assert box.turned(turn).turned(-turn) == pytest.approx(box)
    assert box.turned(turn + 4) == box.turned(turn)
    corner = Box(0.0, 0.0, 0.25, 0.5)  # its top left corner goes to the top right by one turn clockwise
    assert corner.turned(1) == Box(0.5, 0.0, 1.0, 0.25)


def test_boxes_never_leave_the_picture() -> None:
    (line,) = order_pieces([piece("edge", -3, -2, 405, 30)], 400, 100)
    assert line.box == Box(0.0, 0.0, 1.0, 0.3)
    assert order_pieces([], 400, 100) == []
