"""A scripted conversation over the samples: pronouns, an ellipsis, changes of topic, what nobody wrote, and thanks.

`python bench/dialogue.py` prints the same by turn.
"""

from __future__ import annotations

from bench.dialogue import Played, play
from pipeline import Library

FOLLOW_UPS = ("pronoun", "ellipsis")


def test_the_dialogue_is_answered_from_the_right_pages(library: Library) -> None:
    played = play(library)
    assert len(played) == 10
    asked = [turn for turn in played if turn.gold]
    assert [turn.message for turn in asked if not turn.hit] == []
    said = [turn.message for turn in asked if turn.says and turn.says not in turn.answer]
    assert len(said) <= 1, said  # quoting finds all but one


def test_rewriting_is_what_finds_the_pages_of_follow_ups(library: Library) -> None:
    follow_ups = [turn for turn in play(library) if turn.kind in FOLLOW_UPS]
    assert sum(turn.hit for turn in follow_ups) > sum(turn.hit_as_typed for turn in follow_ups)


def test_what_nobody_wrote_and_what_asks_nothing(library: Library) -> None:
    by_kind: dict[str, Played] = {turn.kind: turn for turn in play(library)}
    assert by_kind["unanswerable"].abstained and "2021" in by_kind["unanswerable"].standalone
    assert by_kind["courtesy"].reads == "nothing" and not by_kind["courtesy"].abstained


def test_where_does_it_say_that_reads_the_same_pages_again(library: Library) -> None:
    conversation = library.chat()
    list(conversation.ask("Who chairs the board of Brannoch Coastal Shipping?"))
    events = list(conversation.ask("Where does it say that?"))
    assert getattr(events[0], "reads", None) == "earlier"
    first, second = conversation.turns()
    assert first.answer is not None and second.answer is not None
    assert set(second.answer.context.pages) <= set(first.answer.context.pages)
    assert second.answer.claims and "Farran" in second.text
