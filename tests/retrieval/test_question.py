"""Questions spelled out for the word channels; cards of documents."""

import pytest

from ingest.document import Block, Box, DocumentInfo, Kind, Line, Page
from pipeline.retrieval.question import joined_names, spelled_out
from pipeline.retrieval.words import card_texts, name_words, spoken_of


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("What was revenue in FY22?", "2022"),
        ("What was revenue in FY2019?", "2019"),
        ("fiscal year '98 sales", "1998"),
        ("fiscal 2021 sales", "2021"),
        ("net income in Q2 2023", "2023Q2"),
        ("net income in the 3Q FY21 report", "third"),
    ],
)
def test_periods_are_spelled_out(question: str, word: str) -> None:
    assert word in spelled_out(question).split()


def test_the_question_itself_stays() -> None:
    assert spelled_out("How tall is the tower?") == "How tall is the tower?"


def test_names_are_run_together_as_file_names_have_them() -> None:
    assert "northwindtraders" in joined_names("Did Northwind Traders grow?")
    assert joined_names("did it grow?") == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("AcmeCorp_2022_10K.pdf", {"Acme", "Corp", "2022", "AcmeCorp", "10K"}),
        ("annual-report.pdf", {"annual", "report"}),
        ("PG_20.07.30_China.pdf", {"PG", "20", "07", "30", "China"}),
    ],
)
def test_words_of_a_file_name(name: str, words: set[str]) -> None:
    assert words <= set(name_words(name).split())


def test_a_card_says_what_the_document_is() -> None:
    box = Box(0.1, 0.1, 0.9, 0.2)
    heading = Block(Kind.HEADING, box, (Line("Harbour Survey", box),), level=1)
    text = Block(Kind.TEXT, box, (Line("for the year ended 2031", box),))
    pages = [Page(i, str(i + 1), 600, 800, (heading, text)) for i in range(5)]
    info = DocumentInfo(
        "0" * 16, "hs_2031.pdf", "application/pdf", 1, 5, title="Survey of Harbours", created="2032-01-02"
    )
    card = card_texts(info, pages)
    assert "2031" in card["name"] and "2032" in card["title"] and "Harbour Survey" in card["title"]
    assert "year ended 2031" in card["opening"]


def test_a_card_names_what_most_pages_speak_of() -> None:
    box = Box(0.1, 0.1, 0.9, 0.2)
    texts = ["Halden Shipping in 2031", "Halden Shipping and its Vessels", "In 2031 Halden Shipping; Once Only 1999"]
    pages = [
        Page(i, str(i + 1), 600, 800, (Block(Kind.TEXT, box, (Line(text, box),)),)) for i, text in enumerate(texts)
    ]
    info = DocumentInfo("0" * 16, "9f86d081.pdf", "application/pdf", 1, 3)
    assert spoken_of(pages) == ["Halden", "Halden Shipping", "Shipping", "2031"]
    assert card_texts(info, pages)["names"] == "Halden Halden Shipping Shipping 2031"
    assert spoken_of([]) == []
