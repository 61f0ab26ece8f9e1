"""ViDoSeek (autumncc/ViDoSeek, of ViDoRAG): `vidoseek.json` or `rag_dataset.json`, and its PDFs. Pages from 1.

The base is that of the publisher's own scripts: the first page of a file is written as `FILE_1.jpg`, and a retrieved
picture is right when it is called `FILE_REFERENCE-PAGE`.
"""

from __future__ import annotations

from pathlib import Path

from eval.datasets.reading import checked, field, files_in, json_rows, revision_of
from eval.errors import EvaluationError
from eval.records import Corpus, GoldPage, Question

QUESTIONS = 1_142
_ANNOTATIONS = ("vidoseek.json", "rag_dataset.json")
_PDFS = ("vidoseek_pdf_document", "pdf")


def load(folder: Path, cache: Path) -> Corpus:
    file = next((folder / name for name in _ANNOTATIONS if (folder / name).is_file()), None)
    if file is None:
        raise EvaluationError(f"{folder} has neither {' nor '.join(_ANNOTATIONS)}")
    pdfs = next((folder / name for name in _PDFS if (folder / name).is_dir()), folder)
    documents = files_in(pdfs, ".pdf")
    placed = []
    for place, row in json_rows(file, "examples"):
        about = field(row, "meta_info", dict, place)
        name = field(about, "file_name", str, place)
        pages = [page - 1 for page in field(about, "reference_page", list, place)]
        question = Question(
            field(row, "uid", str, place),
            field(row, "query", str, place),
            (str(row["reference_answer"]),),
            gold=tuple(GoldPage(name, page) for page in dict.fromkeys(pages)),
            slices={"source": (str(about.get("source_type")),), "type": (str(about.get("query_type")),)},
        )
        placed.append((place, question))
    return checked("vidoseek", revision_of([file]), documents, placed)
