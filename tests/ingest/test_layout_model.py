"""The layout setting `model`, with the model that ships in PyMuPDF."""

from pathlib import Path

import pymupdf
import pytest

from ingest import layout_model
from ingest.document import Kind
from ingest.pdf import parse_pdf_page
from ingest.settings import IngestSettings
from pipeline import Library
from pipeline.config import load_settings
from pipeline.errors import ConfigError

PROSE = "The harbour was built by the town and by its merchants in the year of the flood, and it was built well. "


def report() -> pymupdf.Page:
    page = pymupdf.open().new_page(width=600, height=800)
    page.insert_text((60, 90), "1 The harbour and its fleet", fontsize=14, fontname="hebo")
    page.insert_textbox((60, 110, 540, 260), PROSE * 5, fontsize=11)
    page.draw_line((60, 300), (540, 300))
    page.draw_line((60, 322), (540, 322))
    for number, cells in enumerate(
        (("Ship", "2021", "2020"), ("Anna", "11", "12"), ("Berta", "13", "7"), ("Clara", "5", "6"))
    ):
        for x, text in zip((65, 300, 430), cells, strict=True):
            page.insert_text((x, 315 + 18 * number), text, fontsize=11)
    page.draw_line((60, 380), (540, 380))
    page.insert_textbox((60, 420, 540, 700), PROSE * 5, fontsize=11)
    return pymupdf.open(stream=page.parent.tobytes(), filetype="pdf")[0]


@pytest.mark.parametrize("rotation", [0, 90])
def test_regions_of_a_page_become_blocks_with_every_word(rotation):
    page = report()
    page.set_rotation(rotation)
    made = parse_pdf_page(page.parent, 0, IngestSettings(layout="model", ocr="off"), None)
    blocks = [block for block in made.blocks if block.lines]
    words = sorted(word for block in blocks for line in block.lines for word in line.text.replace(" | ", " ").split())
    assert words == sorted(page.get_text().split())
    if not rotation:
        [table] = [block for block in blocks if block.kind is Kind.TABLE]
        assert [line.cells for line in table.lines][1] == ("Anna", "11", "12")
        assert blocks[0].kind is Kind.HEADING and blocks[0].text == "1 The harbour and its fleet"


def test_without_the_model_the_setting_is_refused_and_says_what_to_install(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(layout_model, "is_installed", lambda: False)
    settings = load_settings({"ingest": {"layout": "model"}})
    with pytest.raises(ConfigError, match=r"ingest\.layout.*pip install"):
        Library(tmp_path / "library", settings=settings)
