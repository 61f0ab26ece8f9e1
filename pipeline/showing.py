"""The pictures behind an answer: every cited place cut out of its page, and the answer as Markdown with them in it.

Owns the files' names and the margins. Renders no page itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ingest.document import Box
from pipeline.errors import InputError
from pipeline.results import Answer, Citation, PageRef
from pipeline.screenshots import crop, draw_boxes, make_folder, save_picture

DOUBTED = "(not found in the cited evidence)"
_BESIDE, _ABOVE = 0.03, 0.04
"""Margins around a cited box, parts of the page: enough to see what it belongs to."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A cited place and the file that shows it."""

    citation: Citation
    path: Path


def show_answer(
    answer: Answer, picture: Callable[[PageRef], Image.Image], folder: Path, prefix: str = ""
) -> list[Shown]:
    """Write each cited place once, marked, and the answer with them beside its claims. Raises `InputError`."""
    make_folder(folder)
    places = list(dict.fromkeys(citation for claim in answer.claims for citation in claim.citations))
    shown = [Shown(place, folder / _file_name(prefix, number, place)) for number, place in enumerate(places, start=1)]
    for one in shown:
        page = draw_boxes(picture(one.citation.ref), [one.citation.box])
        save_picture(crop(page, _around(one.citation.box)), one.path)
    file = folder / f"{prefix}answer.md"
    try:
        file.write_text(_markdown(answer, shown), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} cannot be written ({error.strerror}): name another folder") from None
    return shown


def _around(box: Box) -> Box:
    return Box(
        max(0.0, box.x0 - _BESIDE), max(0.0, box.y0 - _ABOVE), min(1.0, box.x1 + _BESIDE), min(1.0, box.y1 + _ABOVE)
    )


def _file_name(prefix: str, number: int, citation: Citation) -> str:
    name = re.sub(r"[^\w.-]+", "-", Path(citation.name).stem)[:60]
    return f"{prefix}{number}-{name}-page-{citation.ref.page_index}.png"


def _markdown(answer: Answer, shown: list[Shown]) -> str:
    file = {one.citation: one.path.name for one in shown}
    lines = [f"# {escaped(answer.question)}", ""]
    if not answer.claims:
        lines.append(escaped(answer.text))
    for claim in answer.claims:
        lines += [escaped(claim.text) + ("" if claim.supported else f" *{DOUBTED}*"), ""]
        for place in dict.fromkeys(claim.citations):
            named = escaped(f"{place.name}, page {place.page_label}")
            lines += [f"> {named}: “{escaped(place.quote)}”", "", f"![{named}]({file[place]})", ""]
    lines += [f"*{escaped(remark)}*" for remark in answer.remarks]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Words of a document or a model on one line of Markdown: they stay words, and load nothing."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", " ".join(text.split()))
