"""Every format that is read, end to end: found by a question, shown as a picture, stores agree."""

from __future__ import annotations

from pathlib import Path

from pipeline import Library
from tests.ingest.made_files import write_cbz, write_epub, write_fb2, write_svg, write_xps


def test_every_format_is_added_found_and_shown(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    write_epub(folder / "book.epub", ("The lighthouse keeper of Brannoch polished the lens every night.",))
    write_fb2(folder / "novel.fb2", "The cooper of Ardvane sold forty barrels of herring.")
    write_svg(folder / "plan.svg", "Crane capacity: 45 tonnes")
    write_xps(folder / "print.xps", "Insurance premium: 9,100 euros")
    write_cbz(folder / "comic.cbz", ("Captain Falk finds the anchor",))
    (folder / "LOGBOOK").write_text("Fog on the third of May; the pilot boat stayed in the harbour.\n")
    (folder / "program").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(64))
    wanted = {
        "book.epub": "Who polished the lens of the lighthouse?",
        "novel.fb2": "How many barrels of herring were sold?",
        "plan.svg": "What is the capacity of the crane?",
        "print.xps": "How high is the insurance premium?",
        "comic.cbz": "What does Captain Falk find?",
        "LOGBOOK": "When was there fog?",
    }
    with Library(tmp_path / "library") as library:
        reports = {Path(report.path).name: report for report in library.add([folder])}
        failed = reports.pop("program")
        assert failed.status == "failed" and "holds an ELF program" in failed.error
        assert {name: report.status for name, report in reports.items()} == dict.fromkeys(wanted, "ready")
        for name, question in wanted.items():
            hit = library.search(question, k=1).hits[0]
            assert hit.name == name
            picture = library.page_picture(hit.ref)
            assert min(picture.size) > 200 and picture.convert("L").getextrema()[0] < 128
            assert all(0 <= edge <= 1 for region in hit.regions for edge in region.box)
        assert library.verify() == []
