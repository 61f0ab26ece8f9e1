"""What a channel gives each page of a pool, over real stores."""

from pathlib import Path

from pipeline.results import PageRef
from pipeline.retrieval.channels import priors
from pipeline.stores.opened import Stores
from tests.stores.small_library import PlainWords, add_document, manifest, page_vector, write_file


def test_cards_order_long_documents_and_leave_single_pages_to_what_they_say(tmp_path: Path) -> None:
    stores = Stores.open(tmp_path / "library", manifest(), PlainWords(), page_vector)
    report = add_document(stores, write_file(tmp_path, "report.pdf", ["The report", "its second page"]))
    minutes = add_document(stores, write_file(tmp_path, "minutes.pdf", ["The minutes", "and their annex"]))
    photo = add_document(stores, write_file(tmp_path, "photo.png", ["A painted notice"]))
    pool = sorted([PageRef(report, 1), PageRef(minutes, 0), PageRef(photo, 0)])

    def of(cards: dict[str, float]) -> dict[str, float]:
        return {ref.document_id: float(score) for ref, score in zip(pool, priors(stores, cards, pool), strict=True)}

    assert of({report: 5.0, minutes: 2.0}) == {report: 5.0, minutes: 2.0, photo: 5.0}
    assert of({report: 5.0, photo: 1.0}) == {report: 5.0, minutes: 0.0, photo: 6.0}
    assert of({}) == {report: 0.0, minutes: 0.0, photo: 0.0}
    stores.close()
