"""What the loaders share: lines and rows read with their place in an error, pages checked, revisions hashed.

Lines that commands add to such files are written here too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.errors import EvaluationError
from eval.records import Corpus, CorpusDocument, GoldPage, GoldRegion, Question
from ingest.errors import InputError
from ingest.files import identify
from ingest.parser import read_info


def json_lines(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, object) of each line that is not empty; place is "FILE, line N" for errors."""
    # Not splitlines(): it also breaks at characters that may stand inside a JSON string.
    for number, line in enumerate(text_of(file).split("\n"), start=1):
        if line.strip():
            place = f"{file.name}, line {number}"
            try:
                record = json.loads(line)
            except ValueError as error:
                raise EvaluationError(f"{place} is no JSON: {error}") from None
            if not isinstance(record, dict):
                raise EvaluationError(f"{place}: expected an object")
            yield place, record


def add_line(file: Path, record: Mapping[str, Any]) -> None:
    """Appends an object as a line of its own, also to a file whose last line an editor left open."""
    line = json.dumps(record, ensure_ascii=False) + "\n"
    with file.open("a+b") as stream:
        if stream.tell():
            stream.seek(-1, 2)
            line = line if stream.read(1) == b"\n" else f"\n{line}"
        stream.write(line.encode())


def json_rows(file: Path, inside: str | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, object) of each row of a JSON list, or of the list under the key `inside` of a JSON object."""
    try:
        rows = json.loads(text_of(file))
    except ValueError as error:
        raise EvaluationError(f"{file.name} is no JSON: {error}") from None
    if inside is not None and isinstance(rows, dict):
        rows = rows.get(inside)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise EvaluationError(f"{file.name}: expected a list of objects")
    yield from ((f"{file.name}, row {number}", row) for number, row in enumerate(rows, start=1))


def text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{file} cannot be read: {error}") from None


def field(record: Mapping[str, Any], name: str, kind: type | tuple[type, ...], place: str) -> Any:
    """`record[name]`, which must be there and of `kind`."""
    value = record.get(name)
    if not isinstance(value, kind) or (isinstance(value, bool) and bool not in _kinds(kind)):
        wanted = " or ".join(one.__name__ for one in _kinds(kind))
        raise EvaluationError(f"{place}: {name!r} is {value!r}, and must be {wanted}")
    return value


def items(record: Mapping[str, Any], name: str, kind: type | tuple[type, ...], place: str) -> list[Any]:
    """The list `record[name]`, all of `kind`; empty where there is no such field."""
    values: list[Any] = field(record, name, list, place) if name in record else []
    return [field({name: value}, name, kind, place) for value in values]


def _kinds(kind: type | tuple[type, ...]) -> tuple[type, ...]:
    return kind if isinstance(kind, tuple) else (kind,)


def files_in(folder: Path, *suffixes: str) -> tuple[CorpusDocument, ...]:
    """The files of a folder and its subfolders as documents, by name. Raises for a missing or empty folder."""
    if not folder.is_dir():
        raise EvaluationError(f"there is no folder {folder} with the documents")
    found = sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
    documents = tuple(CorpusDocument(file.name, file) for file in found if not suffixes or file.suffix in suffixes)
    if not documents:
        raise EvaluationError(f"the folder {folder} holds no documents")
    return documents


def revision_of(files: Iterable[Path]) -> str:
    """First 16 hex digits of the SHA-256 of the files' names and bytes."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def checked(
    set_name: str, revision: str, documents: Sequence[CorpusDocument], placed: Sequence[tuple[str, Question]]
) -> Corpus:
    """The corpus, a document that is there twice once.

    Raises `EvaluationError` for repeated ids, two documents of one name, unknown gold documents, and pages outside
    their document.
    """
    by_name: dict[str, CorpusDocument] = {}
    for document in documents:
        other = by_name.setdefault(document.name, document).path
        if other != document.path and other.read_bytes() != document.path.read_bytes():
            raise EvaluationError(
                f"{other} and {document.path} are both named {document.name}, and gold tells documents by their names: "
                "rename one"
            )
    seen: dict[str, str] = {}
    for place, question in placed:
        if question.id in seen:
            raise EvaluationError(f"{place}: the id {question.id!r} was used in {seen[question.id]}: make ids unique")
        seen[question.id] = place
        places: list[GoldPage | GoldRegion] = [*question.gold, *question.regions]
        for name in (*(gold.document for gold in places), *question.documents):
            if name not in by_name:
                raise EvaluationError(f"{place}: the gold document {name!r} is not among the documents")
        for gold in places:
            count = page_count(by_name[gold.document])
            if not 0 <= gold.page_index < count:
                raise EvaluationError(
                    f"{place}: the gold page_index {gold.page_index} is outside {gold.document}, which has {count} "
                    "pages (counted from 0)"
                )
    if not placed:
        raise EvaluationError(f"the set {set_name} holds no question")
    return Corpus(set_name, revision, tuple(by_name.values()), tuple(question for _, question in placed))


_counts: dict[Path, int] = {}


def page_count(document: CorpusDocument) -> int:
    """Pages of the document as Recto counts them, once. Raises `EvaluationError` for a file that cannot be opened."""
    if document.page_count is not None:
        return document.page_count
    if document.path not in _counts:
        try:
            _counts[document.path] = read_info(document.path, identify(document.path)).page_count
        except InputError as error:
            raise EvaluationError(f"the pages of {document.path} cannot be counted: {error}") from None
    return _counts[document.path]
