"""Small pictures of the pages that a report shows, each once. Taken from the library that was searched."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from eval.records import Question
from eval.runs.records import Cell, Run, foreign_name
from pipeline import Library
from pipeline.config import load_settings
from pipeline.errors import RectoError
from pipeline.results import PageRef

WIDTH, QUALITY = 360, 50
MOST = 1_500
"""Pictures in one report: at about 15 kB each, what a browser still opens at once."""


def page_pictures(run: Run, pages: int) -> tuple[dict[str, str], int]:
    """Data URIs by "set/document#page_index" of all gold and the first ranked pages, and how many are lacking."""
    pictures: dict[str, str] = {}
    left_out = 0
    for set_name in run.about["sets"]:
        cells = [cell for cell in run.cells if cell.set_name == set_name and _is_library(cell.library)]
        wanted = list(dict.fromkeys(key for cell in cells for key in _shown(cell, pages)))
        if not cells:
            continue
        room = max(0, MOST - len(pictures))
        left_out += max(0, len(wanted) - room)
        settings = run.about["cells"][cells[0].configuration]["settings"]
        with Library(settings=load_settings({**settings, "library": cells[0].library})) as library:
            ids = _ids(library)
            for document, page_index in wanted[:room]:
                try:
                    picture = library.page_picture(PageRef(ids.get(document, document), page_index))
                except RectoError:
                    left_out += 1  # a set may name its documents otherwise than the library does
                    continue
                picture.thumbnail((WIDTH, WIDTH * 3))
                stream = io.BytesIO()
                picture.save(stream, "JPEG", quality=QUALITY, optimize=True)
                uri = "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()
                pictures[f"{set_name}/{document}#{page_index}"] = uri
    return pictures, left_out


def _is_library(place: str) -> bool:
    """Whether one is there still: opening would make one in an empty folder."""
    return bool(place) and (Path(place) / "manifest.json").is_file()


def _ids(library: Library) -> dict[str, str]:
    """Document ids by the names that a run uses; none for a name that two documents have."""
    infos = [row.info for row in library.documents()]
    times = Counter(info.name for info in infos)
    return {
        **{info.name: info.document_id for info in infos if times[info.name] == 1},
        **{foreign_name(info.name, info.document_id): info.document_id for info in infos},
    }


def _shown(cell: Cell, pages: int) -> Iterable[tuple[str, int]]:
    if not pages:
        return
    for key, result in cell.results.items():
        question: Question = cell.questions[key]
        yield from ((gold.document, gold.page_index) for gold in question.gold)
        yield from ((page.document, page.page_index) for page in result.outcome.ranking[:pages])
