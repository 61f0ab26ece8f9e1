import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.questions import MOST_CHARACTERS, Question, check_question, read_questions


@pytest.mark.parametrize("text", ["", "   \n\t", "x" * (MOST_CHARACTERS + 1), "x " * 50_000])
def test_questions_that_cannot_be_asked(text: str) -> None:
    with pytest.raises(InputError) as raised:
        check_question(text)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 200


def test_the_longest_question_is_taken() -> None:
    assert check_question(" " + "x" * MOST_CHARACTERS + " ") == "x" * MOST_CHARACTERS


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"id": 2, "question": "half', "no JSON"),
        ('["a", "b"]', "expected an object"),
        ('{"question": "Who?"}', '"id"'),
        ('{"id": true, "question": "Who?"}', '"id"'),
        ('{"id": 2}', '"question"'),
        ('{"id": 2, "question": " "}', "empty"),
        ('{"id": 1, "question": "Who?"}', "used in line 1"),
    ],
)
def test_a_bad_line_is_named(line: str, says: str) -> None:
    with pytest.raises(InputError, match=r"^many\.jsonl, line 3: |^many\.jsonl, line 3 is") as raised:
        read_questions(['{"id": 1, "question": "Where?"}', "", line], "many.jsonl")
    assert says in str(raised.value)


def test_no_question_at_all() -> None:
    with pytest.raises(InputError, match="holds no question"):
        read_questions(["", " "], "empty.jsonl")


question_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: text.strip())


@given(st.dictionaries(st.integers() | st.text(st.characters(exclude_categories=["Cs"])), question_text, min_size=1))
def test_what_is_written_is_read(questions: dict[int | str, str]) -> None:
    lines = [json.dumps({"id": key, "question": text, "more": [1]}) for key, text in questions.items()]
    assert read_questions(lines, "x") == [Question(key, text.strip()) for key, text in questions.items()]


def test_bytes_that_are_no_text_are_asked_as_replacements() -> None:
    assert check_question("caf\udce9 revenue") == "caf\ufffd revenue"
