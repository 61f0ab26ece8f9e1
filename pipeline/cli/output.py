"""The JSON contract of the command line: one model a line, written as one JSON object. Other programs read it.

Owns key names, nesting and rounding, nothing else: `page_index` is 0-based, boxes are fractions of the displayed
page, `seconds` is the total, `error` is null when there is none. Changing a key here breaks other people's programs.
What questions are answered with is in `question_output.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from ingest.document import Box, Page, PageIssue
from pipeline.results import PageRef

if TYPE_CHECKING:
    from ingest.figures import Figure
    from pipeline.indexing import AddReport
    from pipeline.stores.rows import DocumentRow


def printable(text: str | os.PathLike[str]) -> str:
    """A path or name as text that can be printed and encoded: bytes that are not UTF-8 appear as `\\xNN`."""
    return os.fsencode(text).decode("utf-8", "backslashreplace")


def _edges(box: Iterable[float]) -> tuple[float, ...]:
    return tuple(round(float(edge), 5) for edge in box)


Name = Annotated[str, BeforeValidator(printable)]
Number = Annotated[float, AfterValidator(lambda value: round(value, 6))]
Edges = Annotated[tuple[float, float, float, float], BeforeValidator(_edges)]


class Line(BaseModel):
    """One line of output."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class IssueItem(Line):
    """Trouble on one page."""

    page_index: int
    stage: str
    error: str

    @classmethod
    def of(cls, issue: PageIssue) -> Self:
        return cls(page_index=issue.page_index, stage=issue.stage, error=issue.error)


class AddLine(Line):
    """`recto add`: one file."""

    path: Name
    document_id: str | None
    status: str
    pages: int
    pages_failed: list[IssueItem]
    chunks: int
    page_vectors: int
    seconds: Number
    error: str | None

    @classmethod
    def of(cls, report: AddReport) -> Self:
        return cls(
            path=report.path,
            document_id=report.document_id or None,
            status=report.status,
            pages=report.pages,
            pages_failed=[IssueItem.of(issue) for issue in report.pages_failed],
            chunks=report.chunks,
            page_vectors=report.page_vectors,
            seconds=report.seconds,
            error=report.error or None,
        )


class SyncLine(AddLine):
    """`recto sync`: one file, with what became of it."""

    change: str

    @classmethod
    def of(cls, report: AddReport) -> Self:
        return cls(**dict(AddLine.of(report)), change=report.change)


class DocumentLine(Line):
    """`recto documents`, `recto remove`: one document."""

    document_id: str
    name: Name
    path: Name
    pages: int
    chunks: int
    page_vectors: int
    status: str
    error: str
    issues: list[IssueItem]

    @classmethod
    def of(cls, row: DocumentRow, issues: Iterable[PageIssue]) -> Self:
        return cls(
            document_id=row.info.document_id,
            name=row.info.name,
            path=row.path,
            pages=row.info.page_count,
            chunks=row.chunks,
            page_vectors=row.page_vectors,
            status=row.status,
            error=row.error,
            issues=[IssueItem.of(issue) for issue in issues],
        )


class TrustItem(Line):
    """Where a page's words come from ("text layer", "ocr", "both", "none"), and why."""

    source: str
    reason: str


class PictureLine(Line):
    """`recto page`: the picture written, and what is known of the page's words. `text` is null for a page not read."""

    document_id: str
    name: Name
    page_index: int
    path: Name
    width: int
    height: int
    boxes: list[Edges]
    text: TrustItem | None
    issues: list[IssueItem]

    @classmethod
    def of(
        cls,
        ref: PageRef,
        name: str,
        path: os.PathLike[str],
        size: tuple[int, int],
        boxes: Iterable[Box],
        page: Page | None,
    ) -> Self:
        return cls(
            document_id=ref.document_id,
            name=name,
            page_index=ref.page_index,
            path=path,
            width=size[0],
            height=size[1],
            boxes=list(boxes),
            text=TrustItem(source=page.trust.source.value, reason=page.trust.reason) if page and page.trust else None,
            issues=[IssueItem.of(issue) for issue in page.issues] if page else [],
        )


class MentionPart(Line):
    page_index: int
    box: Edges
    text: str


class FigureLine(Line):
    """`recto figures`: one captioned figure or table. `path`: its picture, where one was written."""

    document_id: str
    name: Name
    page_index: int
    label: str
    box: Edges
    caption: str
    text: str
    mentions: list[MentionPart]
    path: Name | None

    @classmethod
    def of(cls, document_id: str, name: str, figure: Figure, path: os.PathLike[str] | None) -> Self:
        return cls(
            document_id=document_id,
            name=name,
            page_index=figure.page_index,
            label=figure.label,
            box=figure.box,
            caption=figure.caption,
            text=figure.text,
            mentions=[MentionPart(page_index=m.page_index, box=m.box, text=m.text) for m in figure.mentions],
            path=path,
        )


class VerifyLine(Line):
    """`recto verify`."""

    ok: bool
    differences: list[str]


class VacuumLine(Line):
    """`recto vacuum`: bytes on disk."""

    bytes_before: int
    bytes_after: int


class CheckLine(Line):
    """`recto doctor`: one check. `level` is "ok", "note" (works, with less) or "fail"."""

    check: str
    level: str
    detail: str


class ConfigLine(Line):
    """`recto config`: all settings, and the origin of those that are not defaults."""

    settings: dict[str, object]
    origins: dict[str, str]
    hash: str
