"""Documents made of what a set has instead of files: page pictures become one PDF, text records a page each.

Made once into a cache folder named by the revision of their source; the same input gives the same names and bytes, on
which ids of documents rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from eval.errors import EvaluationError
from eval.records import CorpusDocument


def document_of_pictures(name: str, pictures: Sequence[bytes | Path], folder: Path) -> CorpusDocument:
    """A PDF with one picture a page, in the order given, in a folder named by their bytes: other pictures, another PDF.

    Raises `EvaluationError` for a picture that is none.
    """
    import pymupdf

    digest = hashlib.sha256()
    for number, picture in enumerate(pictures):
        digest.update(hashlib.sha256(_bytes(picture, name, number)).digest())
    path = folder / digest.hexdigest()[:16] / f"{_file_name(name)}.pdf"
    if not path.is_file():
        with pymupdf.open() as pdf:
            for number, picture in enumerate(pictures):
                try:
                    with pymupdf.open(stream=_bytes(picture, name, number)) as image:
                        pdf.insert_pdf(pymupdf.open("pdf", image.convert_to_pdf()))
                except (RuntimeError, ValueError) as error:
                    raise EvaluationError(f"page {number} of {name} is no picture: {error}") from None
            _save(pdf, path)
    return CorpusDocument(name, path, len(pictures))


def _bytes(picture: bytes | Path, name: str, number: int) -> bytes:
    try:
        return picture.read_bytes() if isinstance(picture, Path) else picture
    except OSError as error:
        raise EvaluationError(f"page {number} of {name} cannot be read: {error}") from None


def document_of_text(name: str, title: str, text: str, folder: Path) -> CorpusDocument:
    """A one-page PDF, as long as it needs: the title as a heading, the text below."""
    path = folder / f"{_file_name(name)}.pdf"
    if not path.is_file():
        _write_text(path, title, text)
    return CorpusDocument(name, path, 1)


def _write_text(path: Path, title: str, text: str) -> None:
    import pymupdf

    width, margin, size = 595, 50, 10
    lines = len(text) // 60 + text.count("\n") + len(title) // 30 + 6
    with pymupdf.open() as pdf:
        page = pdf.new_page(width=width, height=2 * margin + lines * size * 1.6)
        story = pymupdf.Story("")
        body = story.body
        body.add_header(level=2).add_text(title)
        for paragraph in text.splitlines() or [""]:
            body.add_paragraph().add_text(paragraph)
        inside = pymupdf.Rect(margin, margin, width - margin, page.rect.height - margin)
        spare, _ = page.insert_htmlbox(inside, story)
        if spare < 0:
            raise EvaluationError(f"the record {path.stem} does not fit onto its page")
        _save(pdf, path)


def _save(pdf: object, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    pdf.save(temporary, garbage=3, deflate=True, no_new_id=True)  # type: ignore[attr-defined]
    temporary.replace(path)


def _file_name(name: str) -> str:
    """A name that stays in its folder, another one for every other name."""
    plain = "".join(c if c.isalnum() or c in "-_." else "_" for c in name).lstrip(".")
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
