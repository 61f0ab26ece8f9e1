"""Real PDFs, made here: what a page gives, from which source, and where it stands."""

import numpy as np
import pymupdf
import pytest

from ingest.document import Box, Kind, Line, Page, Source, TextSource
from ingest.errors import InputError
from ingest.front_matter import clean_title
from ingest.pdf import parse_pdf_page, read_pdf_info
from ingest.pictures import has_ink
from ingest.render import MAX_PIXELS
from ingest.settings import IngestSettings
from tests.ingest.pages import read_fragments

SETTINGS = IngestSettings()
PROSE = "The committee met in the old harbour house and agreed on the budget of the coming year. "


class Reader:
    """Counts what it is asked to read and answers with the lines it was given."""

    def __init__(self, *lines: Line) -> None:
        self.lines = list(lines)
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, pixels: np.ndarray) -> list[Line]:
        assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3
        self.shapes.append(pixels.shape)
        return self.lines


def reopen(document: pymupdf.Document) -> pymupdf.Document:
    return pymupdf.open(stream=document.tobytes(), filetype="pdf")


def picture_of(text: str, width: int = 300, height: int = 150, size: int = 24) -> pymupdf.Pixmap:
    page = pymupdf.open().new_page(width=width, height=height)
    for row in range(1, height // (size + 8)):
        page.insert_text((10, row * (size + 8)), text, fontsize=size)
    return page.get_pixmap(dpi=150)


def words(page: Page, kind: Kind | None = None) -> str:
    return "\n".join(block.text for block in page.blocks if kind is None or block.kind is kind)


def info_of(document: pymupdf.Document):
    return read_pdf_info(document, document_id="d", name="f.pdf", media_type="application/pdf", byte_count=1)


def raw_pdf(claimed: int, pages: int) -> bytes:
    kids = " ".join(f"{3 + number} 0 R" for number in range(pages))
    objects = ["<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Kids[{kids}]/Count {claimed}>>"]
    objects += ["<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>"] * pages
    data, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj{body}endobj\n".encode()
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    head = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    return data + f"{head}trailer<</Root 1 0 R/Size {len(objects) + 1}>>\nstartxref\n{len(data)}\n%%EOF".encode()


def test_info_takes_metadata_and_outline():
    document = pymupdf.open()
    for _ in range(3):
        document.new_page()
    document.set_metadata(
        {"title": "Harbour  Report\n2021", "author": "A. Writer", "creationDate": "D:20210304120000+01'00'"}
    )
    document.set_toc([[1, "Start", 1], [2, "Costs", 3]])
    info = info_of(reopen(document))
    assert (info.page_count, info.title, info.author, info.created) == (
        3,
        "Harbour Report 2021",
        "A. Writer",
        "2021-03-04",
    )
    assert [(item.level, item.title, item.page_index) for item in info.outline] == [(1, "Start", 0), (2, "Costs", 2)]


@pytest.mark.parametrize(
    "title",
    [
        "untitled",
        "Untitled-1",
        "Microsoft Word - report.docx",
        "annual_report.pdf",
        "Document1",
        "0000318154-22-000010",
        "",
        "  ",
    ],
)
def test_filler_is_no_title(title):
    assert clean_title(title) == ""


@pytest.mark.parametrize(
    "title", ["Annual Report 2021", "10-K - 02/07/2019 - Some Company", "Untold stories", "Documents of 1848"]
)
def test_real_titles_stay(title):
    assert clean_title(title) == title


def test_page_count_is_what_is_there():
    assert info_of(pymupdf.open(stream=raw_pdf(3, 3), filetype="pdf")).page_count == 3
    assert info_of(pymupdf.open(stream=raw_pdf(4, 3), filetype="pdf")).page_count == 3


@pytest.mark.parametrize("claimed", [0, 1_410_065_407])
def test_no_page_is_an_input_error(claimed):
    with pytest.raises(InputError, match=r"f\.pdf"):
        info_of(pymupdf.open(stream=raw_pdf(claimed, 0), filetype="pdf"))


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_are_on_the_page_as_displayed(rotation):
    document = pymupdf.open()
    page = document.new_page(width=400, height=600)
    page.insert_text((60, 90), "Marker", fontsize=20)
    page.set_cropbox((20, 30, 380, 590))
    page.set_rotation(rotation)
    document = reopen(document)
    parsed = parse_pdf_page(document, 0, SETTINGS, None)
    assert words(parsed) == "Marker"
    assert (parsed.width, parsed.height) == ((360, 560) if rotation % 180 == 0 else (560, 360))
    box = parsed.blocks[0].lines[0].box
    pixels = document[0].get_pixmap(dpi=72)
    grey = np.frombuffer(pixels.samples, np.uint8).reshape(pixels.height, pixels.width, 3).mean(axis=2)
    ys, xs = np.nonzero(grey < 128)
    # The ink lies inside the box, and the box is no larger than a line needs.
    assert box.x0 - 0.01 <= xs.min() / pixels.width and xs.max() / pixels.width <= box.x1 + 0.01
    assert box.y0 - 0.01 <= ys.min() / pixels.height and ys.max() / pixels.height <= box.y1 + 0.01
    assert box.area < 0.03


def test_page_labels():
    document = pymupdf.open()
    for _ in range(3):
        document.new_page()
    document.set_page_labels(
        [{"startpage": 0, "style": "r", "firstpagenum": 1}, {"startpage": 2, "style": "D", "firstpagenum": 1}]
    )
    labelled = reopen(document)
    assert [parse_pdf_page(labelled, index, SETTINGS, None).page_label for index in range(3)] == ["i", "ii", "1"]
    plain = pymupdf.open()
    plain.new_page()
    assert parse_pdf_page(reopen(plain), 0, SETTINGS, None).page_label == "1"


def test_ligatures_and_soft_hyphens_are_mended():
    document = pymupdf.open()
    document.new_page().insert_htmlbox((50, 50, 550, 200), "<p>The ofﬁce of sta\u00adtistics</p>")
    assert words(parse_pdf_page(reopen(document), 0, SETTINGS, None)) == "The office of statistics"


def test_text_nobody_can_see_is_left_out():
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((72, 100), "visible words", fontsize=12)
    page.insert_text((72, 140), "painted with nothing", fontsize=12, render_mode=3)
    page.insert_text((72, 180), "fully transparent", fontsize=12, fill_opacity=0)
    page.insert_text((72, 220), "too small", fontsize=0.2)
    page.insert_text((900, 260), "beside the page", fontsize=12)
    assert words(parse_pdf_page(reopen(document), 0, SETTINGS, None)) == "visible words"


def form() -> pymupdf.Document:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((72, 90), "Application", fontsize=16)
    page.insert_text((72, 412), "City", fontsize=11)

    def add(kind: int, rect: tuple[float, ...], value: object, name: str, label: str = "") -> None:
        widget = pymupdf.Widget()
        widget.field_type, widget.field_name, widget.field_value, widget.rect = kind, name, value, pymupdf.Rect(rect)
        if label:
            widget.field_label = label
        page.add_widget(widget)

    text, check = pymupdf.PDF_WIDGET_TYPE_TEXT, pymupdf.PDF_WIDGET_TYPE_CHECKBOX
    add(text, (150, 200, 300, 220), "Ada Lovelace", "applicant_name")
    add(text, (150, 240, 300, 260), "London 1852", "f1", "Place and year")
    add(text, (150, 280, 300, 300), "", "empty_field")
    add(text, (150, 400, 300, 420), "Turin", "topmost[0].f1_03[0]")
    add(check, (150, 320, 165, 335), True, "Agrees")
    add(check, (150, 360, 165, 375), False, "Wants mail")
    return reopen(document)


def test_form_fields_are_labelled_values_with_boxes():
    page = parse_pdf_page(form(), 0, SETTINGS, None)
    fields = [block for block in page.blocks if block.kind is Kind.FORM_FIELD]
    assert [block.text for block in fields] == [
        "applicant name: Ada Lovelace",
        "Place and year: London 1852",
        "Agrees: yes",
        "Wants mail: no",
        "City: Turin",
    ]
    assert {block.source for block in fields} == {Source.FORM}
    assert fields[0].box == pytest.approx((150 / 595, 200 / 842, 300 / 595, 220 / 842), abs=1e-3)


def test_form_values_are_given_once():
    text = words(parse_pdf_page(form(), 0, SETTINGS, None))
    assert text.count("Lovelace") == 1
    assert text.startswith("Application")


def test_an_empty_field_leaves_the_words_printed_under_it():
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((72, 100), "Name of the claimant")
    page.insert_text((74, 125), "Marta Ilvesson")
    widget = pymupdf.Widget()
    widget.field_type, widget.field_name = pymupdf.PDF_WIDGET_TYPE_TEXT, "claimant"
    widget.rect, widget.field_value = pymupdf.Rect(72, 110, 300, 132), ""
    page.add_widget(widget)
    assert "Marta Ilvesson" in words(parse_pdf_page(reopen(document), 0, SETTINGS, None))


def test_blank_page_asks_no_ocr():
    document = pymupdf.open()
    document.new_page()
    reader = Reader(Line("ghost", Box(0, 0, 1, 1)))
    page = parse_pdf_page(reopen(document), 0, SETTINGS, reader)
    assert page.blocks == () and page.issues == () and reader.shapes == []


def test_a_page_of_text_asks_no_ocr():
    document = pymupdf.open()
    document.new_page().insert_htmlbox((50, 50, 550, 700), f"<p>{PROSE * 8}</p>")
    reader = Reader()
    page = parse_pdf_page(reopen(document), 0, SETTINGS, reader)
    assert reader.shapes == [] and {block.source for block in page.blocks} == {Source.TEXT_LAYER}


def test_a_scan_is_read_whole_in_one_go():
    document = pymupdf.open()
    page = document.new_page(width=600, height=800)
    page.insert_image(page.rect, pixmap=picture_of("Scanned words", 600, 800), keep_proportion=False)
    reader = Reader(Line("Scanned words", Box(0.1, 0.1, 0.5, 0.13)), Line("and more", Box(0.1, 0.14, 0.4, 0.17)))
    parsed = parse_pdf_page(reopen(document), 0, SETTINGS, reader)
    assert reader.shapes == [(round(800 / 72 * 150), 600 / 72 * 150, 3)]
    assert words(parsed) == "Scanned words\nand more"
    assert {block.source for block in parsed.blocks} == {Source.OCR}
    assert parsed.blocks[0].lines[0].box == pytest.approx((0.1, 0.1, 0.5, 0.13), abs=0.01)


def test_a_scan_on_a_sheet_too_large_to_draw_is_read_at_fewer_dots():
    document = pymupdf.open()
    page = document.new_page(width=10_800, height=14_400)
    page.insert_image(page.rect, pixmap=picture_of("Scanned words", 600, 800), keep_proportion=False)
    reader = Reader(Line("Scanned words", Box(0.1, 0.1, 0.5, 0.13)))
    parsed = parse_pdf_page(reopen(document), 0, SETTINGS, reader)
    [(height, width, _)] = reader.shapes
    assert 0.98 * MAX_PIXELS < width * height <= 1.001 * MAX_PIXELS
    assert words(parsed) == "Scanned words" and not parsed.issues


def test_words_known_on_a_sheet_too_large_to_draw_are_no_ink():
    document = pymupdf.open()
    page = document.new_page(width=10_800, height=14_400)
    assert page.insert_textbox((500, 5000, 10_000, 14_000), PROSE * 12, fontsize=300) > 0
    assert has_ink(page, page.rect)
    assert not has_ink(page, page.rect, read_fragments(page))


def test_ocr_off_leaves_a_scan_empty_but_not_lost():
    document = pymupdf.open()
    page = document.new_page()
    page.insert_image(page.rect, pixmap=picture_of("Scanned words"), keep_proportion=False)
    parsed = parse_pdf_page(reopen(document), 0, SETTINGS, None)
    assert words(parsed) == "" and not parsed.lost


def stamped_scan() -> pymupdf.Document:
    document = pymupdf.open()
    page = document.new_page(width=600, height=800)
    page.insert_image((0, 60, 600, 800), pixmap=picture_of("Body of the letter", 600, 740), keep_proportion=False)
    page.insert_text((72, 40), "Case 1:21 Document 7 Filed 03/04", fontsize=10)
    return reopen(document)


def test_a_stamp_does_not_hide_the_scan_under_it():
    reader = Reader(
        Line("Case 1:21 Document 7 Filed 03/04", Box(0.12, 0.037, 0.38, 0.053)), Line("Body", Box(0.1, 0.3, 0.4, 0.33))
    )
    parsed = parse_pdf_page(stamped_scan(), 0, SETTINGS, reader)
    assert len(reader.shapes) == 1
    assert words(parsed).count("Case 1:21") == 1 and "Body" in words(parsed)


def test_a_picture_in_text_is_read_alone_and_stands_in_its_place():
    document = pymupdf.open()
    page = document.new_page(width=600, height=800)
    page.insert_htmlbox((50, 50, 550, 250), f"<p>{PROSE * 5}</p>")
    page.insert_image((100, 300, 500, 500), pixmap=picture_of("Sales by region", 400, 200))
    page.insert_htmlbox((50, 550, 550, 750), f"<p>After. {PROSE * 5}</p>")
    reader = Reader(Line("Sales by region", Box(0.25, 0.5, 0.75, 0.6)))
    parsed = parse_pdf_page(reopen(document), 0, SETTINGS, reader)
    assert reader.shapes == [(pytest.approx(200 / 72 * 150, abs=2), pytest.approx(400 / 72 * 150, abs=2), 3)]
    assert [block.kind for block in parsed.blocks] == [Kind.TEXT, Kind.PICTURE, Kind.TEXT]
    line = parsed.blocks[1].lines[0]
    assert line.box == pytest.approx((200 / 600, 400 / 800, 400 / 600, 420 / 800), abs=0.005)


def test_small_pictures_are_not_read():
    document = pymupdf.open()
    page = document.new_page(width=600, height=800)
    page.insert_htmlbox((50, 50, 550, 250), f"<p>{PROSE * 5}</p>")
    page.insert_image((500, 700, 560, 740), pixmap=picture_of("logo", 60, 40, 12))
    reader = Reader()
    parse_pdf_page(reopen(document), 0, SETTINGS, reader)
    assert reader.shapes == []


def test_a_background_picture_does_not_double_the_text():
    document = pymupdf.open()
    page = document.new_page(width=600, height=800)
    page.insert_image(page.rect, pixmap=picture_of("pattern", 600, 800), keep_proportion=False)
    page.insert_htmlbox((50, 50, 550, 250), f"<p>{PROSE * 5}</p>")
    document = reopen(document)
    first = parse_pdf_page(document, 0, SETTINGS, None).blocks
    known = next(block for block in first if block.lines).lines[0]
    reader = Reader(
        Line("The comittee met in the o1d", known.box), Line("only in the picture", Box(0.1, 0.6, 0.5, 0.63))
    )
    text = words(parse_pdf_page(document, 0, SETTINGS, reader))
    assert "only in the picture" in text and "o1d" not in text


def scan_with_layer(*, lines_in_layer: int) -> pymupdf.Document:
    """A scanned letter of twenty lines, the first of them with a hidden text layer."""
    paper = pymupdf.open().new_page(width=600, height=800)
    document = pymupdf.open()
    page = document.new_page(width=600, height=800)
    letter = [((60, 100 + 30 * number), PROSE[:50]) for number in range(20)]
    for at, text in letter:
        paper.insert_text(at, text, fontsize=14)
    page.insert_image(page.rect, pixmap=paper.get_pixmap(dpi=120))
    for at, text in letter[:lines_in_layer]:
        page.insert_text(at, text, fontsize=14, render_mode=3)
    return reopen(document)


def test_a_hidden_text_layer_is_taken_and_not_read_again():
    reader = Reader(Line("again", Box(0.1, 0.5, 0.3, 0.52)))
    parsed = parse_pdf_page(scan_with_layer(lines_in_layer=20), 0, SETTINGS, reader)
    assert reader.shapes == [] and words(parsed).count("harbour house") == 20
    assert parsed.trust == (TextSource.TEXT_LAYER, "a hidden OCR layer lies under the scan")


def test_a_hidden_layer_that_covers_little_of_a_scan_is_no_reading_of_it():
    reader = Reader(Line("The last line of the letter", Box(0.1, 0.8, 0.5, 0.82)))
    parsed = parse_pdf_page(scan_with_layer(lines_in_layer=2), 0, SETTINGS, reader)
    assert len(reader.shapes) == 1 and "The last line of the letter" in words(parsed)
    assert parsed.trust is not None and parsed.trust.source is TextSource.BOTH


def test_an_ocr_failure_is_an_issue_and_the_rest_of_the_page_stays():
    def broken(pixels: np.ndarray) -> list[Line]:
        raise RuntimeError("engine gone\nwith a second line")

    parsed = parse_pdf_page(stamped_scan(), 0, SETTINGS, broken)
    assert "Case 1:21" in words(parsed)
    assert [(issue.page_index, issue.stage, issue.error, issue.lost) for issue in parsed.issues] == [
        (0, "ocr", "RuntimeError: engine gone", False)
    ]


def test_a_broken_field_costs_only_itself() -> None:
    document = form()
    page = document[0]
    widget = next(widget for widget in page.widgets() if widget.field_name == "Agrees")
    document.xref_set_key(widget.xref, "Rect", "[null /a]")
    text = words(parse_pdf_page(reopen(document), 0, SETTINGS, None))
    assert "applicant name: Ada Lovelace" in text and "City: Turin" in text


def test_a_radio_button_without_appearances_is_read() -> None:
    document = pymupdf.open()
    page = document.new_page()
    widget = pymupdf.Widget()
    widget.field_type, widget.field_name = pymupdf.PDF_WIDGET_TYPE_RADIOBUTTON, "choice"
    widget.rect, widget.field_value = pymupdf.Rect(100, 100, 115, 115), True
    page.add_widget(widget)
    for key in ("AP", "AS"):
        document.xref_set_key(widget.xref, key, "null")
    document.xref_set_key(widget.xref, "V", "/2")
    parsed = parse_pdf_page(reopen(document), 0, SETTINGS, None)
    assert words(parsed) == "choice: yes" and parsed.issues == ()


def test_comments_are_blocks_with_their_authors_and_free_text_is_read_once() -> None:
    document = pymupdf.open()
    page = document.new_page(width=600, height=800)
    page.insert_text((72, 100), PROSE[:60], fontsize=12)
    note = page.add_text_annot((300, 400), "Is this still true?\nAsk Ada.")
    note.set_info(title="Reviewer")
    note.update()
    mark = page.add_highlight_annot((72, 88, 200, 104))
    mark.set_info(content="Compare with 2019.", title="")
    mark.update()
    page.add_freetext_annot((300, 600, 500, 640), "Approved in spring")
    page.set_rotation(90)
    parsed = parse_pdf_page(reopen(document), 0, SETTINGS, None)
    notes = [block for block in parsed.blocks if block.kind is Kind.ANNOTATION]
    assert sorted(block.text for block in notes) == ["Compare with 2019.", "Reviewer: Is this still true? Ask Ada."]
    assert {block.source for block in notes} == {Source.ANNOTATION}
    assert words(parsed).count("Approved in spring") == 1
    box = next(block.box for block in notes if "Reviewer" in block.text)
    # Icons of notes stay upright when the page is turned: their upper left corner stays in place.
    assert (box.x0, box.y0) == pytest.approx((1 - 400 / 800, 300 / 600), abs=0.01)


@pytest.mark.parametrize("rotation", [0, 90])
def test_a_comment_is_said_unless_its_own_place_says_it(rotation: int) -> None:
    document = pymupdf.open()
    page = document.new_page(width=600, height=800)
    page.insert_text((72, 100), "No notes follow on the budget of the spring.", fontsize=12)
    page.add_text_annot((400, 300), "No")
    page.add_text_annot((400, 400), "spring")
    for marked, remark in (("budget", "budget"), ("notes follow", "No"), ("follow on", "low")):
        mark = page.add_highlight_annot(page.search_for(marked))
        mark.set_info(content=remark)
        mark.update()
    page.set_rotation(rotation)
    parsed = parse_pdf_page(reopen(document), 0, SETTINGS, None)
    notes = [block.text for block in parsed.blocks if block.kind is Kind.ANNOTATION]
    assert sorted(notes) == ["No", "No", "low", "spring"]


def test_a_page_of_few_words_keeps_its_drawn_table():
    """Such pages are read by OCR, too, which here finds nothing new."""
    document = pymupdf.open()
    page = document.new_page()
    xs, ys = (72, 200, 340, 520), (80, 104, 150, 196)
    for x in xs:
        page.draw_line((x, ys[0]), (x, ys[-1]), width=0.7)
    for y in ys:
        page.draw_line((xs[0], y), (xs[-1], y), width=0.7)
    rows = [("Level", "Response", "Remedy"), ("Gold plan", "within four\nhours of a call", "credit of ten\npercent")]
    for row, texts in enumerate(rows):
        for x, text in zip(xs, texts, strict=False):
            page.insert_text((x + 4, ys[row] + 15), text, fontsize=10)
    parsed = parse_pdf_page(reopen(document), 0, SETTINGS, Reader())
    [table] = [block for block in parsed.blocks if block.kind is Kind.TABLE]
    assert "within four hours of a call" in table.text.replace("\n", " ")


def test_a_page_that_is_a_photograph_has_its_picture():
    noise = np.random.default_rng(3).integers(0, 255, (70, 60, 3), dtype=np.uint8)
    picture = pymupdf.Pixmap(pymupdf.csRGB, 60, 70, np.ascontiguousarray(noise).tobytes(), False)
    document = pymupdf.open()
    page = document.new_page()
    page.insert_image((40, 60, 555, 760), pixmap=picture, keep_proportion=False)
    page.insert_text((72, 40), "Figure 1: The new plant seen from the river.", fontsize=10)
    parsed = parse_pdf_page(reopen(document), 0, SETTINGS, Reader())
    [block] = [block for block in parsed.blocks if block.kind is Kind.PICTURE]
    assert block.box.area > 0.5
