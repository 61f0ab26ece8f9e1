"""BM25 over tantivy: what is found, what is harmless, what is gone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import StoreError
from pipeline.results import PageRef
from pipeline.stores.lexical import LexicalIndex, LexicalRecord

ONE, TWO = "aa" * 8, "bb" * 8
FIELDS = {"body": 1.0, "heading": 2.0}


def record(document_id: str, page_index: int, body: str, heading: str = "") -> LexicalRecord:
    ref = PageRef(document_id, page_index)
    return LexicalRecord(f"{document_id}:{page_index}", ref, {"body": body, "heading": heading})


@pytest.fixture
def index(tmp_path: Path):  # type: ignore[no-untyped-def]
    index = LexicalIndex(tmp_path / "lexical", FIELDS)
    index.add(
        [
            record(ONE, 0, "The revenues of the harvest rose to 1,234.5 million", "Harvest"),
            record(ONE, 1, "Weather was fair; the harvest came early"),
            record(TWO, 0, "Größe und naïve Façade 東京 C3PO AND OR NOT"),
        ]
    )
    index.commit()
    yield index
    index.close()


def keys(index: LexicalIndex, question: str, **narrowed: object) -> list[str]:
    return [key for key, _ in index.search(question, 10, **narrowed)]  # type: ignore[arg-type]


def test_words_are_found_by_their_stems_in_any_order_and_number(index: LexicalIndex) -> None:
    assert keys(index, "revenue of harvests?") == [f"{ONE}:0", f"{ONE}:1"]
    assert keys(index, "early, and unknownword") == [f"{ONE}:1", f"{TWO}:0"]  # "and" stands in both
    assert keys(index, "1,234.5") == [f"{ONE}:0"]
    assert keys(index, "GRÖSSE größe") == keys(index, "東京") == keys(index, "c3po") == [f"{TWO}:0"]
    assert keys(index, "absent") == []


def test_field_weights_count(index: LexicalIndex, tmp_path: Path) -> None:
    (_, high), (_, low) = index.search("harvest", 2)
    assert high > low
    index.close()
    light = LexicalIndex(tmp_path / "lexical", {"body": 1.0, "heading": 0.001})
    assert light.search("harvest", 1)[0][1] < high


def test_narrowing_changes_which_are_found_not_their_scores(index: LexicalIndex) -> None:
    everything = dict(index.search("harvest and façade", 10))
    assert dict(index.search("harvest and façade", 10, [TWO])) == {f"{TWO}:0": everything[f"{TWO}:0"]}
    assert index.search("harvest", 10, []) == [] == index.search("harvest", 10, ["cc" * 8])
    assert len(index.search("harvest", 1)) == 1 and index.search("harvest", 0) == []


def test_equal_scores_are_ordered_by_key(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "lexical", FIELDS)
    index.add([record(ONE, number, "same words") for number in (3, 1, 2)])
    index.commit()
    assert keys(index, "words") == [f"{ONE}:{number}" for number in (1, 2, 3)]


@settings(max_examples=60, deadline=None)
@given(question=st.text(st.characters(), max_size=60) | st.text('"\\:()[]{}^~*?+-!&|/ANDORT harvest', max_size=60))
def test_any_characters_are_harmless(index_once: LexicalIndex, question: str) -> None:
    for key, score in index_once.search(question, 5):
        assert key in index_once.keys() and score > 0  # noqa: SIM118


@pytest.fixture(scope="module")
def index_once(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    index = LexicalIndex(tmp_path_factory.mktemp("once") / "lexical", FIELDS)
    index.add([record(ONE, 0, "The harvest AND the rest OR not", "T")])
    index.commit()
    return index


def test_a_question_of_100_000_characters(index: LexicalIndex) -> None:
    long = "harvest " + " ".join(f"word{number}" for number in range(12_000))
    assert len(long) > 100_000 and keys(index, long) == [f"{ONE}:0", f"{ONE}:1"]
    assert keys(index, "x" * 100_000) == []


def test_adding_again_replaces(index: LexicalIndex) -> None:
    index.add([record(ONE, 1, "snow")])
    assert f"{ONE}:1" in keys(index, "weather"), "not before the commit"
    index.commit()
    assert keys(index, "weather") == [] and keys(index, "snow") == [f"{ONE}:1"] and len(index.keys()) == 3


def test_keys_are_those_of_all_or_of_one_document(index: LexicalIndex) -> None:
    assert index.keys(TWO) == [f"{TWO}:0"] and index.keys() == [*index.keys(ONE), f"{TWO}:0"]
    assert index.keys("cc" * 8) == []


def test_rebuilding_leaves_no_word_behind(index: LexicalIndex) -> None:
    index.add([record("cc" * 8, 0, "zanzibarite")])
    index.commit()
    index.rebuild([record(ONE, 0, "only this")])
    assert index.keys() == [f"{ONE}:0"] and keys(index, "only") == [f"{ONE}:0"]
    files = [path for path in index.path.rglob("*") if path.is_file()]
    assert files and not any(b"zanzibarit" in path.read_bytes() for path in files)
    index.add([record(TWO, 0, "and it goes on")])
    index.commit()
    assert len(index.keys()) == 2


def test_it_is_there_when_opened_again(index: LexicalIndex) -> None:
    index.add([record(ONE, 7, "not committed")])
    index.close()
    again = LexicalIndex(index.path, FIELDS)
    assert len(again.keys()) == 3 and keys(again, "committed") == []


def test_other_fields_are_refused(index: LexicalIndex) -> None:
    with pytest.raises(StoreError, match="word index"):
        LexicalIndex(index.path, {"body": 1.0})


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from pipeline.results import PageRef
from pipeline.stores.lexical import LexicalIndex, LexicalRecord
index = LexicalIndex(Path(sys.argv[1]), {"body": 1.0, "heading": 2.0})
for number in range(1000):
    ref = PageRef("dd" * 8, number)
    index.add([LexicalRecord(f"{'dd' * 8}:{number}", ref, {"body": f"words {number} " * 50})])
    index.commit()
    print(number, flush=True)
"""


def test_committed_records_survive_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "lexical"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(path), "."], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= 7:
            break
    process.kill()
    committed = 8 + len(process.stdout.read().split())
    process.wait()
    index = LexicalIndex(path, FIELDS)
    assert committed <= len(index.keys()) <= committed + 1
    index.add([record(ONE, 0, "goes on")])
    index.commit()
    assert keys(index, "goes") == [f"{ONE}:0"]


@pytest.fixture
def with_pairs(tmp_path: Path):  # type: ignore[no-untyped-def]
    index = LexicalIndex(tmp_path / "pairs", {"body": 1.0}, pairs=0.5)
    texts = ["net sales of the year rose", "sales net of the discount rose", "the year of Figure 3 and table 4"]
    index.add([LexicalRecord(f"{ONE}:{n}", PageRef(ONE, n), {"body": text}) for n, text in enumerate(texts)])
    index.commit()
    yield index
    index.close()


def test_words_that_follow_one_another_count_more(with_pairs: LexicalIndex) -> None:
    beside, apart = f"{ONE}:0", f"{ONE}:1"
    scores = with_pairs.scores(["Net sales"], [beside, apart])
    assert scores[beside] > scores[apart] == dict(with_pairs.search("Net sales", 2))[apart]
    assert len(set(with_pairs.scores(["sales"], [beside, apart]).values())) == 1
    assert with_pairs.scores(["Net, sales"], [beside])[beside] < scores[beside], "not over a comma"


def test_function_words_are_no_part_of_a_pair(with_pairs: LexicalIndex) -> None:
    keys = [f"{ONE}:{n}" for n in range(3)]
    assert with_pairs.scores(["of the"], keys) == pytest.approx(with_pairs.scores(["the of"], keys))
    over = with_pairs.scores(["sales year"], keys)[keys[0]]  # "sales of the year"
    assert over > dict(with_pairs.search("sales year", 3))[keys[0]]


def test_scores_are_those_of_the_records_asked_for(with_pairs: LexicalIndex) -> None:
    keys = [f"{ONE}:{n}" for n in range(3)]
    everything = with_pairs.scores(["net sales of the discount"], keys)
    assert set(everything) == set(keys) and everything[keys[2]] > 0
    assert with_pairs.scores(["net sales of the discount"], keys[:1]) == {keys[0]: everything[keys[0]]}
    assert with_pairs.scores(["nothing"], [*keys, "absent"]) == dict.fromkeys(keys, 0.0)
    assert with_pairs.scores(["..."], keys) == {} == with_pairs.scores(["net"], [])


def test_of_several_questions_the_best_counts(with_pairs: LexicalIndex) -> None:
    keys = [f"{ONE}:{n}" for n in range(3)]
    each = [with_pairs.scores([one], keys) for one in ("net sales", "figure 3 and table")]
    both = with_pairs.scores(["net sales", "...", "figure 3 and table"], keys)
    assert both == pytest.approx({key: max(one[key] for one in each) for key in keys})


def test_function_words_are_left_out_of_candidates_unless_there_are_no_others(index: LexicalIndex) -> None:
    assert keys(index, "the weather") == [f"{ONE}:1", f"{ONE}:0"]
    assert keys(index, "the weather", function_words=False) == [f"{ONE}:1"]
    assert keys(index, "to the", function_words=False) == keys(index, "to the")


def test_phrases_are_found_word_by_word_in_the_documents_named(with_pairs: LexicalIndex) -> None:
    assert with_pairs.with_phrase([("figure", "3"), ("chart", "9")], [ONE]) == [f"{ONE}:2"]
    assert with_pairs.with_phrase([("figure", "4")], [ONE]) == []
    assert with_pairs.with_phrase([("discount",)], [ONE]) == [f"{ONE}:1"]
    assert with_pairs.with_phrase([("figure", "3")], [TWO]) == []


def test_an_index_without_pairs_is_another_index(with_pairs: LexicalIndex) -> None:
    with_pairs.close()
    with pytest.raises(StoreError):
        LexicalIndex(with_pairs.path, {"body": 1.0})
