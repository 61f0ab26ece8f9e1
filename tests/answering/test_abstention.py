import pytest

from pipeline.answering.abstention import Strength, abstention, is_abstention, is_agreed_sentence, is_weak
from prompts.loader import load

SENTENCE = load("unanswerable").text


WRITTEN = [SENTENCE, SENTENCE.rstrip("."), SENTENCE.upper(), f'"{SENTENCE}"', f"{SENTENCE} [1, 2]", f" {SENTENCE}\n"]


@pytest.mark.parametrize("reply", WRITTEN)
def test_the_agreed_sentence_is_known_however_it_is_written(reply: str) -> None:
    assert is_abstention(reply) and is_agreed_sentence(reply)


def test_a_longer_sentence_that_begins_alike_is_an_abstention_and_a_statement() -> None:
    longer = f"{SENTENCE.rstrip('.')} who signed."
    assert is_abstention(longer) and not is_agreed_sentence(longer)


@pytest.mark.parametrize("reply", ["", "Nine ferries [1].", "They say: no."])
def test_other_replies_are_answers(reply: str) -> None:
    assert not is_abstention(reply)


def test_an_abstention_has_the_sentence_and_no_claims() -> None:
    answer = abstention("Who?")
    assert (answer.text, answer.abstained, answer.claims) == (SENTENCE, True, ())


@pytest.mark.parametrize(
    ("strength", "weak"),
    [
        (Strength(0.7, 0.6), False),
        (Strength(0.7, 0.0), False),
        (Strength(0.2, 0.4), True),
        (Strength(0.5, 0.2), True),
        (Strength(0.5, 0.2, named=True), False),
        (Strength(0.9, 1.0, fits=False), True),
        (Strength(0.9, 1.0, missing=frozenset({"2019"})), True),
    ],
)
def test_the_rule_for_weak_evidence(strength: Strength, weak: bool) -> None:
    assert is_weak(strength) is weak
