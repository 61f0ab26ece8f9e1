import hashlib
import re
from pathlib import Path

import pytest

import prompts
from prompts.loader import PromptError, hashes, load, names


def test_every_template_file_loads_and_is_hashed_by_its_text() -> None:
    files = {path.stem for path in Path(prompts.__file__).parent.glob("*.txt")}
    assert set(names()) == files == set(hashes())
    for name in names():
        assert load(name).hash == hashlib.sha256(load(name).text.encode()).hexdigest()[:16]


def test_rendering_fills_every_placeholder_and_never_looks_at_the_values() -> None:
    text = load("answer_question").render(question="What is $unanswerable, and ${question}?")
    assert text.endswith("What is $unanswerable, and ${question}?")


def test_a_missing_value_is_an_error_that_names_it() -> None:
    with pytest.raises(PromptError, match="question"):
        load("answer_question").render()


def test_an_unknown_value_is_an_error_that_names_it() -> None:
    with pytest.raises(PromptError, match="colour"):
        load("answer_question").render(question="?", colour="red")


def test_an_unknown_template_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(PromptError, match="answer_system"):
        load("no_such_prompt")


def test_the_instructions_hold_the_agreed_sentence_and_call_the_pages_data() -> None:
    unanswerable = load("unanswerable").text
    system = load("answer_system").render(unanswerable=unanswerable)
    assert unanswerable in system
    assert re.search(r"\bdata\b", system) and "instructions" in system


def test_the_question_stands_at_the_very_end_of_its_prompt() -> None:
    assert load("answer_question").render(question="Who signed?").endswith("Who signed?")
