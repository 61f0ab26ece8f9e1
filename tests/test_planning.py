"""Questions for several things come apart; others stay whole."""

from pathlib import Path

import pymupdf
import pytest

from pipeline import Library
from pipeline.planning import MOST_PARTS, Part, plan

CARDS = {
    "halden-2025": "halden ferry lines annual report 2025",
    "halden-2024": "halden ferry lines annual report 2024",
    "brannoch": "brannoch coastal shipping annual review",
    "papers": "research and development of terms and conditions",
}


def named(name: str) -> dict[str, float]:
    """Stand-in for the cards: documents with every word, rare words scoring more."""
    words = name.lower().split()
    cards = {key: card.split() for key, card in CARDS.items()}
    rarity = {word: 1 / max(1, sum(word in card for card in cards.values())) for word in words}
    return {key: sum(rarity.values()) for key, card in cards.items() if set(words) <= set(card)}


def test_two_named_documents_are_two_questions() -> None:
    parts = plan("What were the auditors of Halden Ferry Lines and of Brannoch Coastal Shipping paid for 2025?", named)
    assert parts == (
        Part(
            "What were the auditors of Halden Ferry Lines paid for 2025?",
            "What were the auditors paid for 2025?",
            frozenset({"halden-2025", "halden-2024"}),
        ),
        Part(
            "What were the auditors of Brannoch Coastal Shipping paid for 2025?",
            "What were the auditors paid for 2025?",
            frozenset({"brannoch"}),
        ),
    )


def test_two_question_words_are_two_questions() -> None:
    parts = plan("How many may hull 417 carry, and when was the Corran Bell built?", named)
    assert [part.question for part in parts] == ["How many may hull 417 carry?", "when was the Corran Bell built?"]
    assert all(part.document_ids is None for part in parts)


@pytest.mark.parametrize(
    "question",
    [
        "How much did Halden Ferry Lines pay its auditors?",
        "What is spent on Research and Development?",
        "How many ferries and ports does Halden Ferry Lines have?",
        "For how many days was the service between Vangsund and Tolm interrupted?",
        "The report says when and how it was paid",
        "What was Brannoch Coastal Shipping's revenue and what was its profit?",
        "Who chairs the board of Brannoch Coastal Shipping and when was she appointed?",
        "Halden Ferry Lines and Brannoch Coastal Shipping",
        "Halden Ferry Lines versus Brannoch Coastal Shipping?",
        "",
        " and ".join(f"how many are {number}" for number in range(MOST_PARTS + 1)),
    ],
)
def test_other_questions_stay_whole(question: str) -> None:
    assert plan(question, named) == (Part(question, question),)


def test_each_document_answers_its_part_and_silence_is_said(tmp_path: Path) -> None:
    texts = {
        "Halden Ferry Lines": "Lindqvist Orme LLP have been our auditors since 2021. They were paid 312,000 euros.",
        "Brannoch Coastal Shipping": "Harrow Pell LLP were appointed as auditors and were paid 187,000 euros.",
        "Sundvik Cargo": "The quay was widened in spring.",
    }
    for name, text in texts.items():
        with pymupdf.open() as pdf:
            page = pdf.new_page()
            page.insert_text((72, 90), f"{name}, annual report 2025", fontsize=20)
            page.insert_textbox((72, 140, 500, 400), text)
            pdf.save(tmp_path / f"{name.replace(' ', '-')}.pdf")
    with Library(tmp_path / "library") as library:
        assert [report.status for report in library.add([tmp_path])] == ["ready"] * 3
        asked = "What were the auditors of {} and of {} paid for 2025?"
        both = library.ask(asked.format("Halden Ferry Lines", "Brannoch Coastal Shipping"))
        half = library.ask(asked.format("Sundvik Cargo", "Brannoch Coastal Shipping"))
    assert "312,000" in both.text and "187,000" in both.text
    assert [claim.citations[0].name for claim in both.claims][:2] == [
        "Halden-Ferry-Lines.pdf",
        "Brannoch-Coastal-Shipping.pdf",
    ]
    assert "187,000" in half.text
    assert "On “What were the auditors of Sundvik Cargo paid for 2025?” the documents do not say" in half.text
