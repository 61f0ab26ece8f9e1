"""Metrics on cases worked by hand, the published pitfalls among them, and against trec_eval itself."""

import json
import math
import os
import random
from pathlib import Path

import numpy as np
import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st

from eval.errors import EvaluationError
from eval.metrics.abstention import abstention_nauc, risk_coverage
from eval.metrics.answers import anls, exact_match, list_f1, numeric_match, relaxed_accuracy, rouge_l, token_f1
from eval.metrics.mmlongbench import generalised_f1, rule_score
from eval.metrics.regions import area
from eval.metrics.registry import METRICS, metric
from eval.metrics.slidevqa import normalised
from eval.records import CitedPlace, GoldPage, GoldRegion, Outcome, Question, RankedPage, StatedClaim
from ingest.document import Box

SETS = Path(os.environ.get("RECTO_SETS", ""))


def ranking(*pages: tuple[str, int]) -> tuple[RankedPage, ...]:
    return tuple(RankedPage(document, index, 1.0) for document, index in pages)


QUESTION = Question("q", "?", ("x",), gold=(GoldPage("a", 0, 2), GoldPage("a", 3, 1), GoldPage("b", 1, 1)))


def score(name: str, outcome: Outcome, question: Question = QUESTION) -> float | None:
    return metric(name).score(question, outcome)


def test_retrieval_by_hand() -> None:
    outcome = Outcome("q", ranking(("c", 9), ("a", 3), ("a", 0), ("a", 3), ("d", 1)))
    assert score("recall@1", outcome) == 0
    assert score("recall@3", outcome) == pytest.approx(2 / 3)
    assert score("success@3", outcome) == 1
    assert score("MRR@10", outcome) == pytest.approx(1 / 2)
    assert score("MAP@10", outcome) == pytest.approx((1 / 2 + 2 / 3) / 3)
    assert score("precision@5", outcome) == pytest.approx(2 / 5)
    gained = 1 / math.log2(3) + 2 / math.log2(4)
    # The ideal holds every gold page, also those that were not found: a public script takes only the found ones.
    assert score("nDCG@10", outcome) == pytest.approx(gained / (2 + 1 / math.log2(3) + 1 / 2))
    assert score("document recall@1", outcome) == 0
    assert score("document recall@3", outcome) == pytest.approx(1 / 2)


def test_what_has_no_gold_does_not_count_and_an_empty_ranking_counts_as_nothing_found() -> None:
    assert score("recall@5", Outcome("q"), Question("q", "?")) is None
    assert score("recall@5", Outcome("q"), Question("q", "?", gold=(GoldPage("a", 0, 0),))) is None
    assert score("nDCG@5", Outcome("q")) == 0


@given(
    st.lists(st.integers(0, 30), unique=True, max_size=20),
    st.dictionaries(st.integers(0, 30), st.integers(0, 3), min_size=1, max_size=8),
)
def test_retrieval_equals_trec_eval(found: list[int], grades: dict[int, int]) -> None:
    question = Question("q", "?", gold=tuple(GoldPage("d", page, grade) for page, grade in grades.items()))
    outcome = Outcome("q", ranking(*(("d", page) for page in found)))
    assert_equal_to_trec_eval(question, outcome)


def assert_equal_to_trec_eval(question: Question, outcome: Outcome) -> None:
    names = {"recall@10": "recall_10", "nDCG@10": "ndcg_cut_10", "precision@5": "P_5", "MAP@10": "map_cut_10"}
    qrels = {"q": {f"{gold.document}#{gold.page_index}": gold.grade for gold in question.gold}}
    if not any(grade > 0 for grade in qrels["q"].values()) or not outcome.ranking:
        assert score("recall@10", outcome, question) in (None, 0)
        return
    # Scores as the TREC run file has them; equal ones would be put in another order.
    run = {"q": {f"{page.document}#{page.page_index}": -float(rank) for rank, page in enumerate(outcome.ranking)}}
    theirs = pytrec_eval.RelevanceEvaluator(qrels, set(names.values())).evaluate(run)["q"]
    for ours, name in names.items():
        assert score(ours, outcome, question) == pytest.approx(theirs[name], abs=1e-9)


@pytest.mark.sets
@pytest.mark.skipif(not (SETS / "scifact").is_dir(), reason="RECTO_SETS names no folder with the set scifact")
def test_retrieval_equals_trec_eval_on_a_standard_set() -> None:
    lines = (SETS / "scifact" / "questions.jsonl").read_text().splitlines()
    pool = [json.loads(line)["id"] for line in (SETS / "scifact" / "corpus.jsonl").read_text().splitlines()]
    chance = random.Random(0)
    for record in map(json.loads, lines):
        gold = tuple(GoldPage(page["doc"], page["page_index"], page["grade"]) for page in record["gold"])
        found = [page.document for page in gold] + chance.sample(pool, 20)
        chance.shuffle(found)
        outcome = Outcome("q", ranking(*((name, 0) for name in dict.fromkeys(found))))
        assert_equal_to_trec_eval(Question("q", "?", gold=gold), outcome)


def test_joined_boxes_count_once() -> None:
    boxes = [Box(0, 0, 0.5, 1), Box(0.25, 0, 0.75, 1), Box(0.25, 0, 0.5, 1)]
    assert area(boxes) == pytest.approx(0.75)
    assert area(boxes, [Box(0.5, 0.5, 1, 1)]) == pytest.approx(0.125)
    assert area([], boxes) == 0


def test_regions_and_citations_by_hand() -> None:
    question = Question(
        "q", "?", ("x",), gold=(GoldPage("a", 0), GoldPage("a", 1)), regions=(GoldRegion("a", 0, Box(0, 0, 1, 0.5)),)
    )
    cited = CitedPlace("a", 0, Box(0, 0, 0.5, 1), "")
    elsewhere = CitedPlace("b", 7, Box(0, 0, 0.5, 1), "")
    claims = (StatedClaim("one", True, (cited,)), StatedClaim("two", False, (elsewhere,)))
    outcome = Outcome("q", answer="one two", claims=claims)
    assert score("citation precision", outcome, question) == 0.5
    assert score("citation recall", outcome, question) == 0.5
    assert score("supported claims", outcome, question) == 0.5
    assert score("citation region recall", outcome, question) == pytest.approx(0.5)
    assert score("citation IoU", outcome, question) == pytest.approx(0.25 / (0.75 + 0.5))
    silent = Outcome("q", answer="no idea", abstained=True)
    assert score("citation precision", silent, question) is None
    assert score("citation recall", silent, question) == 0
    assert score("citation precision", Outcome("q"), question) is None


@pytest.mark.parametrize(
    ("cited", "answer", "evidence", "joint"),
    [
        ((("a", 0), ("a", 1)), "seven people", (1, 1), (1, 1)),
        ((("a", 0),), "7", (0, 2 / 3), (0, 2 / 3)),
        ((("a", 0), ("a", 1), ("b", 2)), "7 or 8", (0, 4 / 5), (0, 2 * (2 / 9) / (2 / 9 + 1))),
        ((), "7", (0, 0), (0, 0)),
        ((("b", 2),), "7", (0, 0), (0, 0)),
    ],
)
def test_slidevqa_evidence_alone_and_joint(
    cited: tuple[tuple[str, int], ...], answer: str, evidence: tuple[float, float], joint: tuple[float, float]
) -> None:
    question = Question("q", "How many people came?", ("7 people",), gold=(GoldPage("a", 0), GoldPage("a", 1)))
    places = tuple(CitedPlace(document, page, Box(0, 0, 1, 1), "") for document, page in cited)
    outcome = Outcome("q", answer=answer, claims=(StatedClaim(answer, True, places),))
    assert (score("evidence exact match", outcome, question), score("evidence F1", outcome, question)) == pytest.approx(
        evidence
    )
    assert (score("joint exact match", outcome, question), score("joint F1", outcome, question)) == pytest.approx(joint)


def test_slidevqa_normalisation_takes_whole_words() -> None:
    assert normalised("The Brand, and 40 percent!", "Who?") == ["brand", "40"]
    assert normalised("Yes, it is", "Is it?") == ["yes"] and normalised("nothing else", "?") == ["nothing", "else"]
    assert normalised("twelve countries", "In How many countries?") == ["12"]
    for said, same in (("It is 5 hours", "5 hrs"), ("Due to rain", "rain"), ("This is Paris", "Paris")):
        assert normalised(said, "?") == normalised(same, "?")
    silent = Outcome("q", answer="no idea", abstained=True)
    question = Question("q", "?", ("x",), gold=(GoldPage("a", 0),))
    assert score("evidence F1", silent, question) == score("joint F1", silent, question) == 0
    assert score("evidence F1", Outcome("q"), question) is None
    assert score("joint F1", silent, Question("q", "?", answerable=False)) is None


def test_cost_is_what_was_shown_and_less_is_better() -> None:
    outcome = Outcome("q", answer="x", usage={"context text tokens": 900, "context image tokens": 1_280})
    assert (score("text tokens", outcome), score("image tokens", outcome)) == (900, 1_280)
    assert score("text tokens", Outcome("q")) is None and not metric("text tokens").higher_is_better


def test_text_answers_by_hand() -> None:
    assert exact_match("The  Answer!", "answer") == 1
    assert token_f1("the cat sat", "a cat") == pytest.approx(2 / 3)
    assert token_f1("", "") == 1
    assert token_f1("cat", "") == 0
    assert anls("abcd", "abcf") == 0.75
    assert anls("ab", "ax") == 0.5, "0.5 itself counts in DocVQA"
    assert anls("abc", "xyz") == 0
    assert anls("none", "none") == 0
    assert rouge_l("the cat sat on a mat", "cat on mat") == pytest.approx(2 * 3 / (4 + 3))


@pytest.mark.parametrize(
    ("answer", "gold", "expected"),
    [
        ("105", "100", 1),
        ("105.1", "100", 0),
        ("95%", "100 %", 1),
        ("0", "0", 1),
        ("0.1", "0", 0),
        ("Yes", "yes", 1),
        ("in 2019", "2020", 0),
    ],
)
def test_relaxed_accuracy(answer: str, gold: str, expected: float) -> None:
    assert relaxed_accuracy(answer, gold) == expected


@pytest.mark.parametrize(
    ("answer", "gold", "expected"),
    [
        ("Capital expenditure was $1,577 million in 2018", "$1577.00", 1),
        ("1.577 billion dollars", "$1,577 million", 1),
        ("a loss of (1,577)", "-1577", 1),
        ("a gain of 1,577", "-1577", 0),
        ("a loss of $ (1,577)", "(1,577)", 1),
        ("1,577", "(1,577)", 0),
        ("The margin improved (58.7%)", "58.7%", 1),
        ("$1.54 billion", "$1.5 billion", 1),
        ("1,540 million", "$1.5 billion", 1),
        ("$1.56 billion", "$1.5 billion", 0),
        ("24.3 %", "0.24", 1),
        ("Net debt \u2013 45.3", "45.3", 1),
        ("Net debt: -$45.3", "45.3", 0),
        ("Net debt: $-45.3", "-45.3", 1),
        ("hull-417", "417", 1),
        ("hull-417", "-417", 0),
        ("March 31,2024", "2024", 1),
        ("1,234,567", "1234567", 1),
        ("24.3 per cent", "0.243", 1),
        ("0.66", "0.66x", 1),
        ("in Q4 of 2021", "4", 0),
        ("2019-2020", "2020", 1),
        ("nothing", "12", 0),
        ("nothing", "nothing", None),
        ("Revenue grew by 12%", "0", 0),
        ("95% of directors are independent", "1", 0),
        ("12 items", "0%", 0),
        ("98.7%", "0.99", 1),
    ],
)
def test_numeric_match(answer: str, gold: str, expected: float | None) -> None:
    assert numeric_match(answer, gold) == expected


def test_lists_are_aligned_and_numbers_must_agree() -> None:
    assert list_f1("red, green and blue", "blue; red; green") == 1
    assert list_f1("red", "red, green") == list_f1("red, green", "red") == 1 / 2, "DROP's: over the longer list"
    assert list_f1("5 cars", "6 cars") == 0
    assert list_f1("5 cars", "cars") == pytest.approx(2 / 3), "no number is asked for"
    assert list_f1("1,200, 30", "30; 1,200") == 1
    assert list_f1("46 and 27", "46; 27") == list_f1("46\n27", "46;27") == list_f1("46,27", "27, 46") == 1
    assert list_f1("1,200 and 30", "30; 1,200") == 1
    assert list_f1("Arden (46), Brill (27)", "Arden 46; Brill 27") == 1


@pytest.mark.parametrize(
    ("answer", "gold", "kind", "expected"),
    [
        ("7", "7", "Int", 1),
        ("7.9", "7", "Int", 1),  # both are cut to whole numbers, as published
        ("seven", "7", "Int", 0),
        ("12.5%", "0.125", "Float", 1),
        ("12.6", "12.5", "Float", 1),
        ("12.7", "12.5", "Float", 0),
        ("ab", "ax", "Str", 0),  # 0.5 does not count here
        ("Pre-training (stage)", "pre-training", "Str", 1),
        ("page 4", "page 5", "Str", 0),
        ("2015", "2014", "Str", 0),  # gold of these forms must be met to the letter
        ("10 13", "10 12", "Str", 0),
        ("pages 4-6", "pages 4-5", "Str", 0),
        ("7:00 a.m. to 8:00 a.m.", "7:00 a.m. to 9:00 a.m.", "Str", 0),
        ("2024-03-02", "2024-03-01", "Str", 0),
        ("I an", "I am", "Str", 0.75),  # and this one is not of them
        ("101.005", "100", "Float", 1),  # 1 % of the larger of the two
        ("1,000", "1000", "Int", 1),
        ("['1,300', '1,200']", "['1,200', '1,301']", "List", 0.8),
        ("red, blue", "['red', 'blue']", "List", 0),
        ("['b', 'a']", "['a', 'b']", "List", 1),
        ("['a']", "['a', 'b']", "List", 0),
        ("__import__('os').getcwd()", "['a']", "List", 0),
        ("Not answerable", "Not answerable", "None", 1),
        ("inf", "3", "Int", 0),
        ("nan", "3", "Int", 0),
        ("nan", "3.5", "Float", 0),
        ("{['a']}", "['a']", "List", 0),
    ],
)
def test_mmlongbench_rules(answer: str, gold: str, kind: str, expected: float) -> None:
    assert rule_score(answer, gold, kind) == pytest.approx(expected)


def test_generalised_f1_by_hand() -> None:
    rows = [(1, True, True), (0.5, True, True), (0, True, False), (0, False, True), (1, False, False)]
    recall, precision = 1.5 / 3, 1.5 / 3
    assert generalised_f1(np.array(rows, float)) == pytest.approx(2 * recall * precision / (recall + precision))
    assert generalised_f1(np.array([(1, False, False)], float)) == 0


def test_an_abstention_scores_nothing_even_where_gold_is_an_article() -> None:
    question = Question("q", "?", ("A",))
    silent, said = Outcome("q", answer="The documents do not say.", abstained=True), Outcome("q", answer="A")
    for name in ("exact match", "token F1", "token recall", "relaxed accuracy"):
        assert score(name, silent, question) == 0 and score(name, said, question) == 1
    assert score("exact match", Outcome("q", answer="B"), question) == 0


def test_risk_coverage_by_hand() -> None:
    curve = risk_coverage([(0.9, 1), (0.8, 0), (0.7, 1), (0.1, 0)])
    assert curve.risk == pytest.approx((0, 1 / 2, 1 / 3, 1 / 2))
    assert curve.area == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert curve.best_area == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)
    assert risk_coverage([(1, 1), (1, 0)]).risk == pytest.approx((0.5, 0.5)), "equal confidences say nothing"


def test_abstention_nauc_by_hand() -> None:
    scores = np.array([1.0, 0.0, 1.0, 0.0])
    assert abstention_nauc(scores, scores) == pytest.approx(1)
    assert abstention_nauc(np.array([0.9, 0.1, 0.8, 0.2]), scores) == pytest.approx(1), "the same order as the score's"
    assert abstention_nauc(-scores, scores) < -0.9  # type: ignore[operator]
    assert abstention_nauc(scores, np.ones(4)) is None, "nothing can be gained"
    # Dropped at 0, 10, … 90 %: 0 0 1 1 2 2 2 3 3 3 of four (halves to even, at most three), least confident first.
    kept = {0: 1 / 2, 1: 1 / 3, 2: 1 / 2, 3: 0}
    curve = [kept[n] for n in (0, 0, 1, 1, 2, 2, 2, 3, 3, 3)]
    oracle = [{0: 1 / 2, 1: 2 / 3, 2: 1, 3: 1}[n] for n in (0, 0, 1, 1, 2, 2, 2, 3, 3, 3)]
    area, best, flat = (np.trapezoid(values, dx=0.1) for values in (curve, oracle, [1 / 2] * 10))
    assert abstention_nauc(np.array([0.1, 0.9, 0.5, 0.2]), scores) == pytest.approx((area - flat) / (best - flat))


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=40))
def test_no_order_beats_the_order_by_score(pairs: list[tuple[float, float]]) -> None:
    confidences, scores = np.array(pairs).T
    nauc = abstention_nauc(confidences, scores)
    assert nauc is None or nauc <= 1 + 1e-6


def test_abstention_is_counted_on_both_sides() -> None:
    unanswerable = Question("q", "?", answerable=False)
    silent, speaking = Outcome("q", answer="", abstained=True), Outcome("q", answer="x")
    assert score("right abstention", silent, unanswerable) == 1
    assert score("right abstention", speaking, unanswerable) == 0
    assert score("right abstention", silent) is None
    assert score("false abstention", silent) == 1
    assert not metric("false abstention").higher_is_better
    assert score("exact match", silent) == 0
    assert score("exact match", speaking, unanswerable) is None


def test_every_metric_is_described_and_unknown_names_are_helped() -> None:
    assert all(len(one.description) > 30 for one in METRICS.values())
    with pytest.raises(EvaluationError, match="nDCG@10"):
        metric("ndcg@10")
