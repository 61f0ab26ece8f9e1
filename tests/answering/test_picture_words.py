"""Words of charts and diagrams, placed as OCR places them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.document import Box, Chunk, Kind, Span
from pipeline.answering.picture_words import group_words
from pipeline.answering.units import UnitKind, cut


def picture(*words: tuple[str, float, float, float, float]) -> Chunk:
    spans, offset = [], 0
    for text, *box in words:
        spans.append(Span(offset, offset + len(text), Box(*box)))
        offset += len(text) + 1
    return Chunk("d", 0, 0, Kind.PICTURE, "\n".join(word[0] for word in words), "", 9, tuple(spans))


def said(chunk: Chunk) -> list[str]:
    return [unit.said for unit in cut(chunk)]


BARS = picture(
    ("Calls on shore power by port (%)", 0.15, 0.20, 0.60, 0.24),
    ("100", 0.05, 0.30, 0.08, 0.33),
    ("71", 0.22, 0.42, 0.25, 0.45),
    ("47", 0.42, 0.55, 0.45, 0.58),
    ("0", 0.06, 0.80, 0.08, 0.83),
    ("Skarne", 0.20, 0.84, 0.27, 0.87),
    ("Eldwick", 0.40, 0.84, 0.47, 0.87),
)


def test_a_bar_goes_with_the_label_under_it_and_both_are_boxed() -> None:
    bar = next(unit for unit in cut(BARS) if unit.said == "Eldwick: 47")
    assert bar.parts == (("Eldwick", Box(0.40, 0.84, 0.47, 0.87)), ("47", Box(0.42, 0.55, 0.45, 0.58)))
    assert bar.heading == "Calls on shore power by port (%)"


def test_the_numbers_of_the_axis_belong_to_no_bar() -> None:
    assert "100" in said(BARS) and "0" in said(BARS)


def test_years_are_labels() -> None:
    line = picture(
        ("121", 0.28, 0.33, 0.32, 0.38),
        ("112", 0.39, 0.38, 0.43, 0.43),
        ("2020", 0.27, 0.83, 0.33, 0.88),
        ("2021", 0.38, 0.83, 0.44, 0.88),
    )
    assert said(line) == ["2020: 121", "2021: 112"]


def test_a_lying_bar_goes_with_the_label_to_its_left() -> None:
    lying = picture(
        ("Fuel", 0.10, 0.30, 0.16, 0.33),
        ("21.4", 0.30, 0.30, 0.34, 0.33),
        ("Crew", 0.10, 0.40, 0.16, 0.43),
        ("33.0", 0.33, 0.40, 0.37, 0.43),
    )
    assert said(lying) == ["Fuel: 21.4", "Crew: 33.0"]


def test_lines_of_one_box_of_a_diagram_are_one_unit() -> None:
    diagram = picture(
        ("Shore power", 0.35, 0.73, 0.45, 0.77),
        ("Crew training", 0.55, 0.73, 0.65, 0.77),
        ("Dana Okafor", 0.352, 0.776, 0.448, 0.811),
        ("Piotr Zielak", 0.558, 0.776, 0.642, 0.809),
    )
    assert said(diagram) == ["Shore power: Dana Okafor", "Crew training: Piotr Zielak"]


def test_a_paragraph_in_a_picture_is_cut_into_sentences() -> None:
    words = picture(
        ("The tower is moved by the tide and the arm", 0.1, 0.10, 0.6, 0.13),
        ("follows the ship. It needs four minutes to", 0.1, 0.14, 0.6, 0.17),
        ("connect and two to let go.", 0.1, 0.18, 0.4, 0.21),
    )
    assert said(words) == [
        "The tower is moved by the tide and the arm follows the ship.",
        "It needs four minutes to connect and two to let go.",
    ]
    assert all(unit.kind is UnitKind.SENTENCE for unit in cut(words))


box = st.tuples(*[st.floats(0, 1)] * 4).map(
    lambda c: Box(min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3]))
)


@given(st.lists(st.tuples(st.sampled_from(["12", "Fuel", "2020", "4 %", "a longer label"]), box), max_size=12))
def test_every_word_is_in_exactly_one_group(drawn: list[tuple[str, Box]]) -> None:
    chunk = picture(*[(text, *place) for text, place in drawn])
    words = [(span.start, span.end, span.box) for span in chunk.spans]
    covered = [n for group in group_words(words, chunk.text) for low, high in group.ranges for n in range(low, high)]
    letters = [n for start, end, _ in words for n in range(start, end)]
    assert set(letters) <= set(covered)
    assert len(covered) == len(set(covered))
