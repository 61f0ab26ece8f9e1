"""Channels by weight: what is left out, what is refused."""

from pathlib import Path

import pymupdf
import pytest

from pipeline import Library
from pipeline.config import load_settings
from pipeline.errors import ConfigError, InputError
from pipeline.results import PageRef

QUESTION = "When did the harvest come?"


@pytest.fixture(scope="module")
def almanac(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("almanac")
    with pymupdf.open() as document:
        for text in ("Figure 1 The harvest came early", "The fleet was sold", "Rain fell for nineteen days"):
            document.new_page().insert_text((72, 72), text)
        document.save(folder / "almanac.pdf")
    with Library(folder / "library") as library:
        list(library.add([folder / "almanac.pdf"]))
    return folder / "library"


def opened(almanac: Path, **retrieval: object) -> Library:
    return Library(settings=load_settings({"library": almanac, "retrieval": retrieval}))


def test_a_channel_of_weight_0_is_left_out(almanac: Path) -> None:
    with opened(almanac) as library:
        everything = set(library.search(QUESTION).hits[0].channels)
    with opened(almanac, weights={"lexical": 0, "document": 0}) as library:
        (first, *_) = library.search(QUESTION).hits
    assert first.ref.page_index == 0
    assert everything - set(first.channels) == {"lexical", "document"}


def test_one_channel_alone_still_finds(almanac: Path) -> None:
    nothing = {"dense": 0.0, "lexical": 0.0, "visual": 0.0, "terms": 0.0, "document": 0.0}
    for channel in ("dense", "lexical", "visual"):
        with opened(almanac, weights={**nothing, channel: 1.0}) as library:
            hit = library.search(QUESTION, k=1).hits[0]
            assert hit.ref.page_index == 0 and set(hit.channels) == {channel, "fusion"}


def test_as_many_pages_are_proposed_as_are_wanted(almanac: Path) -> None:
    with opened(almanac, pool=1, weights={"document": 0}) as library:
        assert len(library.search(QUESTION, k=1).hits) == 1
        assert len(library.search(QUESTION, k=3).hits) == 3


def test_named_places_can_be_left_unread(almanac: Path) -> None:
    for places in (True, False):
        with opened(almanac, places=places) as library:
            hits = library.search("How many days on page 2?").hits
            assert (hits[0].ref.page_index == 1) == places


@pytest.mark.parametrize(
    ("weights", "mode", "says"),
    [
        ({"visual": 0}, "image", "mode image"),
        ({"dense": 0}, "joint", "dense and visual"),
        ({"dense": 0, "lexical": 0, "visual": 0}, "fusion", "weigh 0"),
    ],
)
def test_a_mode_with_nothing_to_rank_by_is_refused(
    almanac: Path, weights: dict[str, float], mode: str, says: str
) -> None:
    with (
        opened(almanac, weights=weights, mode=mode) as library,
        pytest.raises(ConfigError, match=rf"retrieval\.weights.*{says}"),
    ):
        library.search(QUESTION)


@pytest.mark.parametrize("weights", ['{"words": 1}', '{"dense": -1}', '{"dense": 1e999}', '{"dense": "much"}', "[1]"])
def test_weights_that_mean_nothing_are_refused(weights: str) -> None:
    with pytest.raises(ConfigError, match=r"retrieval\.weights") as raised:
        load_settings({"retrieval": {"weights": weights}})
    assert "\n" not in str(raised.value)


def test_a_device_that_is_not_there_is_named(almanac: Path) -> None:
    with (
        opened(almanac, device="cuda:97") as library,
        pytest.raises(ConfigError, match=r"retrieval\.device 'cuda:97' cannot be used"),
    ):
        library.search(QUESTION)


def test_weights_go_over_the_default() -> None:
    weights = load_settings({"retrieval": {"weights": '{"lexical": 0.3}'}}).retrieval.channel_weights
    assert weights["lexical"] == 0.3 and weights["visual"] == 1.0


def test_a_page_that_is_not_stored_is_refused(almanac: Path) -> None:
    with opened(almanac) as library:
        known = library.search(QUESTION).hits[0].ref
        with pytest.raises(InputError, match="page_index 99 of document"):
            library.page_boxes(PageRef(known.document_id, 99), QUESTION)
