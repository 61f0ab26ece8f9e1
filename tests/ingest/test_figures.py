"""Figures and tables with their captions and the sentences that name them."""

import pytest

from ingest.document import Block, Box, Kind, Line, Page
from ingest.figures import find_figures


def block(kind: Kind, y0: float, y1: float, *texts: str) -> Block:
    box = Box(0.1, y0, 0.9, y1)
    return Block(kind, box, tuple(Line(text, box) for text in texts))


def page(index: int, *blocks: Block) -> Page:
    return Page(index, str(index + 1), 600, 800, blocks)


PICTURE = block(Kind.PICTURE, 0.2, 0.5, "cranes 12", "ropes 7")
CAPTION = block(Kind.CAPTION, 0.52, 0.54, "Figure 3: The harbour in the", "year of the flood")


def test_a_picture_its_caption_and_what_is_said_of_it():
    said = block(
        Kind.TEXT, 0.6, 0.7, "The town grew. As Fig. 3 shows, it had", "cranes. Figure 31 shows ropes; Figure 3.1 none."
    )
    [figure] = find_figures([page(0, PICTURE, CAPTION), page(1, said)])
    assert (figure.label, figure.page_index, figure.box) == ("Figure 3", 0, PICTURE.box)
    assert figure.caption == "Figure 3: The harbour in the year of the flood"
    assert figure.text == "cranes 12\nropes 7"
    assert [(mention.page_index, mention.text) for mention in figure.mentions] == [
        (1, "As Fig. 3 shows, it had cranes.")
    ]


def test_a_table_is_named_by_the_caption_above_it_and_not_by_a_figures():
    table = block(Kind.TABLE, 0.6, 0.8, "Ship | 2021")
    caption = block(Kind.CAPTION, 0.57, 0.59, "Table 2. Ships")
    figures = find_figures([page(0, PICTURE, CAPTION, caption, table)])
    assert [(figure.label, figure.box) for figure in figures] == [("Figure 3", PICTURE.box), ("Table 2", table.box)]


def test_a_drawn_figure_is_the_space_above_its_caption():
    text = block(Kind.TEXT, 0.1, 0.2, "Some text of the harbour", "of two lines")
    [figure] = find_figures([page(0, text, CAPTION)])
    assert figure.box == Box(0.1, 0.2, 0.9, 0.52)


@pytest.mark.parametrize("texts", [("Figure 3 stands on the next page.", "See Table 3."), ()])
def test_without_a_caption_there_is_no_item(texts):
    assert find_figures([page(0, PICTURE, block(Kind.TEXT, 0.6, 0.7, *texts))]) == []


def test_words_of_a_drawing_are_no_text_above_it():
    paragraph = block(Kind.TEXT, 0.05, 0.2, " ".join(["harbour"] * 30))
    axis = Box(0.2, 0.4, 0.8, 0.45)
    ticks = Block(Kind.TEXT, axis, (Line("0.1 0.2 0.3 0.4 0.5 0.6 0.7", axis),))
    [figure] = find_figures([page(0, paragraph, ticks, CAPTION)])
    assert figure.box == Box(0.1, 0.2, 0.9, 0.52) and figure.text == "0.1 0.2 0.3 0.4 0.5 0.6 0.7"


def test_an_algorithm_is_read_as_one_with_its_title():
    caption = block(Kind.CAPTION, 0.3, 0.5, "Algorithm 1 Greedy loading", "Require: ships", "return ships")
    [figure] = find_figures([page(0, block(Kind.TEXT, 0.05, 0.2, " ".join(["harbour"] * 30)), caption)])
    assert figure.found and figure.box == caption.box


def test_a_caption_alone_is_its_own_place():
    text = block(Kind.TEXT, 0.4, 0.5, "Some text of the harbour", "of two lines")
    [figure] = find_figures([page(0, text, CAPTION)])
    assert not figure.found and figure.box == CAPTION.box and figure.text == "" and figure.mentions == ()


def test_the_lines_of_a_text_are_joined_once_however_many_captions_there_are(monkeypatch):
    joined = []
    monkeypatch.setattr("ingest.figures.join_lines", lambda lines: joined.append(lines) or " ".join(lines))
    captions = [block(Kind.CAPTION, 0.5, 0.52, f"Figure {number}: A ship") for number in range(20)]
    texts = [block(Kind.TEXT, 0.6, 0.7, f"See Figure {number}.") for number in range(20)]
    figures = find_figures([page(number, *pair) for number, pair in enumerate(zip(captions, texts, strict=True))])
    assert [len(figure.mentions) for figure in figures] == [1] * 20
    assert len(joined) <= len(texts) + 2 * len(captions), "a caption is a text, too, and is shown with its figure"
