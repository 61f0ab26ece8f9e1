"""Pictures as questions: how files, pages and boxes are read, and what the default page reader makes of them."""

from pathlib import Path

import pytest
from PIL import Image

from ingest.document import Box
from ingest.errors import InputError
from pipeline.picture_questions import open_picture, parsed_box, part_of, words_in
from tests.cli.conftest import ROOT

DECK = ROOT / "samples/docs/halden-fleet-renewal-deck.pdf"


def test_a_page_of_a_file_and_a_part_of_it() -> None:
    page = open_picture(DECK, 1, 72)
    part = part_of(page, parsed_box("0.25, 0, 0.75, 0.5"))
    assert part.size == (pytest.approx(page.width / 2, abs=1), pytest.approx(page.height / 2, abs=1))


@pytest.mark.parametrize("box", [Box(0, 0, 0, 1), Box(0.5, 0, 0.2, 1), Box(0, 0, 1, 1.2), Box(-0.1, 0, 1, 1)])
def test_a_box_off_the_page_is_refused(box: Box) -> None:
    with pytest.raises(InputError, match="within 0 and 1"):
        part_of(Image.new("RGB", (10, 10)), box)


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "note.txt"
    text.write_text("nothing to see here")
    with pytest.raises(InputError, match="an image or a page of a PDF"):
        open_picture(text, 0, 72)
    with pytest.raises(InputError, match="no such file"):
        open_picture(tmp_path / "none.png", 0, 72)
    with pytest.raises(InputError, match="no page 100"):
        open_picture(DECK, 99, 72)
    with pytest.raises(InputError, match="x0,y0,x1,y1"):
        parsed_box("left")


def test_the_default_reader_reads_the_words() -> None:
    assert len(words_in(open_picture(DECK, 0, 100)).split()) > 3
    with pytest.raises(InputError, match="no words"):
        words_in(Image.new("RGB", (100, 100), "white"))
