"""The samples are what the script writes, agree with their questions, and hide facts where they claim to."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from PIL import ExifTags, Image, ImageOps

from samples import deck, facts, form, make_samples, reports, scans
from samples.gold import page_words, plain, records
from samples.layout import Sample
from samples.questions import DECK, EARLIER, FORM, OTHER, PHOTO, REPORT, SCAN

FOLDER = Path(make_samples.__file__).parent
UNSEEN_KINDS = {"scan", "chart", "diagram", "photo", "form"}
KINDS = UNSEEN_KINDS | {"text", "table", "two_documents", "unanswerable", "lookalike"}


@pytest.fixture(scope="module")
def made() -> dict[str, Sample]:
    return {sample.name: sample for sample in make_samples.make()}


@pytest.fixture(scope="module")
def lines() -> list[dict]:
    return [json.loads(line) for line in (FOLDER / "questions.jsonl").read_text(encoding="utf-8").splitlines()]


def text_layer(name: str) -> list[str]:
    """The committed document's text, page by page; form values are no part of it. A picture has an empty one."""
    if name == PHOTO:
        return [""]
    with pymupdf.open(FOLDER / "docs" / name) as pdf:
        for page in pdf:
            for widget in list(page.widgets()):
                page.delete_widget(widget)
        return [plain(page.get_text()) for page in pdf]


def pixels(name: str, data: bytes) -> list[np.ndarray]:
    with pymupdf.open(name.rsplit(".", 1)[1], data) as file:
        pixmaps = [page.get_pixmap(dpi=40, colorspace=pymupdf.csGRAY) for page in file]
    return [np.frombuffer(pixmap.samples, dtype=np.uint8).astype(float) for pixmap in pixmaps]


def test_the_committed_documents_are_what_the_script_writes(made: dict[str, Sample]) -> None:
    assert {path.name for path in (FOLDER / "docs").iterdir()} == set(made)
    for name, sample in made.items():
        committed = (FOLDER / "docs" / name).read_bytes()
        assert page_words(Sample(name, committed, sample.unseen)) == page_words(sample)
        shown, expected = pixels(name, committed), pixels(name, sample.data)
        assert len(shown) == len(expected)
        for one, other in zip(shown, expected, strict=True):  # other library versions may round another way
            assert np.abs(one - other).mean() < 1.0


def test_the_committed_questions_are_what_the_script_writes(made: dict[str, Sample], lines: list[dict]) -> None:
    assert lines == records(made.values())


@pytest.mark.parametrize(
    "make",
    [reports.annual_2024, deck.deck, scans.minutes, scans.notice, form.claim_form],
    ids=lambda make: make.__name__,
)
def test_a_document_has_the_same_bytes_every_time(make: Callable[[], Sample], made: dict[str, Sample]) -> None:
    again = make()
    assert again.data == made[again.name].data


def test_there_are_enough_documents_and_pages_and_few_bytes() -> None:
    names = [path.name for path in (FOLDER / "docs").iterdir()]
    assert len(names) >= 5
    assert sum(len(text_layer(name)) for name in names) >= 25
    assert sum((FOLDER / "docs" / name).stat().st_size for name in names) < 3_000_000


def test_the_accounts_agree_with_each_other() -> None:
    for company in (facts.HALDEN, facts.BRANNOCH):
        for year, this in company.items():
            if year - 1 in company:
                last = company[year - 1]
                assert this.equity == pytest.approx(last.equity + this.profit - this.dividend_paid, abs=0.01)
    flow = facts.CashFlow(facts.HALDEN[2025], facts.HALDEN[2024])
    assert flow.operating + flow.investing + flow.financing == pytest.approx(flow.change)
    for route in facts.ROUTES:
        parts = facts.quarters(route)
        assert sum(part.passengers for part in parts) == route.passengers
        assert sum(part.crossings for part in parts) == route.crossings


def test_the_report_has_what_real_reports_have() -> None:
    with pymupdf.open(FOLDER / "docs" / REPORT) as pdf:
        assert pdf.page_count >= 12
        assert pdf.metadata["title"] == "Annual Report 2025"
        assert pdf.metadata["author"] == "Halden Ferry Lines plc"
        assert [pdf[index].get_label() for index in range(5)] == ["i", "ii", "iii", "1", "2"]
        for page in pdf.pages(1):
            assert "Halden Ferry Lines plc · Annual Report 2025" in page.get_text(clip=(0, 0, 595, 52))
            assert page.get_text(clip=(0, 790, 595, 842)).strip() == page.get_label()
        for _, title, number in pdf.get_toc():
            assert plain(title) in plain(pdf[number - 1].get_text())

        tables = {title: number - 1 for _, title, number in pdf.get_toc()}
        first = tables["Traffic by route and quarter, 2025"]
        for page in (pdf[first], pdf[first + 1]):  # ruled, on two pages, the header on both
            assert "Freight units" in page.get_text()
            assert any(min(path["rect"].width, path["rect"].height) == 0 for path in page.get_drawings())
        balance = pdf[tables["Balance sheet"]]
        uprights = [p for p in balance.get_drawings() if p["rect"].width == 0 and p["rect"].height > 0]
        assert uprights == []  # no ruling between its columns

        starts = [block[0] for block in pdf[4].get_text("blocks") if block[3] - block[1] > 30]
        assert any(start < 80 for start in starts) and any(start > 290 for start in starts)  # two columns


def test_the_slides_show_their_data_only_as_pictures(made: dict[str, Sample]) -> None:
    with pymupdf.open(FOLDER / "docs" / DECK) as pdf:
        assert pdf.page_count >= 6
        assert all(page.rect.width > page.rect.height for page in pdf)
        assert len(made[DECK].unseen) >= 4
        for index in made[DECK].unseen:
            assert pdf[index].get_images()
        text = plain(" ".join(page.get_text() for page in pdf)).split()
    data = [*facts.CARBON.values(), *facts.SHORE_POWER.values(), "Zielak", "Marquardt", "Insulation", "Depreciation"]
    shown = plain(" ".join(made[DECK].unseen.values())).split()
    assert {str(value) for value in data} <= set(shown)
    assert {str(value) for value in data}.isdisjoint({*text})


def test_the_scan_is_nothing_but_grey_pictures() -> None:
    with pymupdf.open(FOLDER / "docs" / SCAN) as pdf:
        assert pdf.page_count >= 3
        for page in pdf:
            assert page.get_text().strip() == ""
            (picture,) = page.get_images(full=True)
            assert pymupdf.Pixmap(pdf, picture[0]).n == 1
            assert picture[8] == "DCTDecode"


def test_the_photo_lies_on_its_side_until_exif_turns_it() -> None:
    photo = Image.open(io.BytesIO((FOLDER / "docs" / PHOTO).read_bytes()))
    assert photo.getexif()[ExifTags.Base.Orientation] == 6
    assert photo.width > photo.height
    upright = ImageOps.exif_transpose(photo)
    assert upright is not None and upright.height > upright.width


def test_the_form_keeps_its_values_in_fields() -> None:
    with pymupdf.open(FOLDER / "docs" / FORM) as pdf:
        widgets = [widget for page in pdf for widget in page.widgets()]
        text = " ".join(text_layer(FORM))
    values = {widget.field_name: widget.field_value for widget in widgets}
    kinds = Counter(widget.field_type_string for widget in widgets)
    assert kinds["Text"] >= 8 and kinds["CheckBox"] >= 4
    assert values["amount"] == facts.CLAIM.amount and values["claimant"] == facts.CLAIM.claimant
    assert values["photographs"] == "Yes" and values["insurer_paid"] == "Off"
    for widget in widgets:
        if widget.field_type_string == "Text":
            assert widget.field_value not in text


def test_gold_pages_exist_and_show_the_evidence(made: dict[str, Sample], lines: list[dict]) -> None:
    words = {name: page_words(sample) for name, sample in made.items()}
    for line in lines:
        shown = [words[gold["doc"]][gold["page_index"]] for gold in line["gold"]]
        for evidence in line["evidence"]:
            assert any(plain(evidence) in page for page in shown), (line["id"], evidence)


def test_evidence_stands_in_the_text_layer_or_only_outside_it(lines: list[dict]) -> None:
    layers = {path.name: text_layer(path.name) for path in (FOLDER / "docs").iterdir()}
    everything = " ".join(" ".join(pages) for pages in layers.values())
    for line in lines:
        kind = line["slices"]["kind"]
        shown = " ".join(layers[gold["doc"]][gold["page_index"]] for gold in line["gold"])
        if kind in UNSEEN_KINDS:
            assert not any(plain(evidence) in shown for evidence in line["evidence"]), line["id"]
            assert any(plain(evidence) not in everything for evidence in line["evidence"]), line["id"]
        elif not any(gold["doc"] == SCAN for gold in line["gold"]):
            assert all(plain(evidence) in shown for evidence in line["evidence"]), line["id"]


def test_the_questions_cover_every_kind(lines: list[dict]) -> None:
    kinds = Counter(line["slices"]["kind"] for line in lines)
    assert len(lines) >= 24 and len({line["id"] for line in lines}) == len(lines)
    assert set(kinds) == KINDS
    assert kinds["unanswerable"] >= 4
    for line in lines:
        assert line["answerable"] == bool(line["gold"]) == bool(line["answers"]) == bool(line["evidence"])
        if line["slices"]["kind"] == "two_documents":
            assert len({gold["doc"] for gold in line["gold"]}) == 2
    assert {line["gold"][0]["doc"] for line in lines if line["slices"]["kind"] == "lookalike"} == {EARLIER, OTHER}


def test_the_demo_questions_cover_what_the_demo_must_show(lines: list[dict]) -> None:
    kinds = [line["slices"]["kind"] for line in lines if line.get("demo")]
    assert 6 <= len(kinds) <= 8
    assert {"text", "table", "scan", "two_documents", "unanswerable"} <= set(kinds)
    assert {"chart", "diagram"} & set(kinds)
