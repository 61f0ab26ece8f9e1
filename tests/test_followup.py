import pytest

from pipeline.followup import standalone_question

PREVIOUS = "What was Skerry Line's revenue in 2024?"


@pytest.mark.parametrize(
    ("question", "standalone"),
    [
        ("And in 2022?", "What was Skerry Line's revenue in 2022?"),
        ("2023?", "What was Skerry Line's revenue in 2023?"),
        ("And for FY22?", "What was Skerry Line's revenue in FY22?"),
        ("And in Q3?", "What was Skerry Line's revenue in 2024 (in Q3)?"),
        ("And Brannoch in Q3 2023?", "What was Brannoch's revenue in 2023 (Q3)?"),
        ("What about Brannoch?", "What was Brannoch's revenue in 2024?"),
        ("And Brannoch Shipping in 2023?", "What was Brannoch Shipping's revenue in 2023?"),
        ("And the operating margin?", "the operating margin (Skerry Line, 2024)?"),
        ("What were its costs?", "What were its costs (Skerry Line, 2024)?"),
        ("Which vessels did they buy in 2025?", "Which vessels did they buy in 2025 (Skerry Line)?"),
    ],
)
def test_follow_ups_carry_what_they_are_about(question: str, standalone: str) -> None:
    assert standalone_question(question, PREVIOUS) == standalone


@pytest.mark.parametrize(
    "question",
    ["Who is the harbour master of Ardvane?", "What does the pension note say about discount rates in 2021?"],
)
def test_a_question_that_stands_alone_is_left_alone(question: str) -> None:
    assert standalone_question(question, PREVIOUS) == question


def test_the_first_question_is_never_changed() -> None:
    assert standalone_question("And in 2022?", None) == "And in 2022?"


def test_a_subject_without_names_is_its_words() -> None:
    rewritten = standalone_question("what did they cost?", "how many ferries carried passengers in winter?")
    assert "ferries" in rewritten and "winter" in rewritten and rewritten.startswith("what did they cost")


def test_a_chain_of_follow_ups_keeps_its_subject() -> None:
    second = standalone_question("And in 2022?", PREVIOUS)
    assert standalone_question("And its costs?", second) == "its costs (Skerry Line, 2022)?"
