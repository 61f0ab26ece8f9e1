"""How documents are read: the settings of `ingest`, plain and serialisable, so that any worker can take them."""

from __future__ import annotations

from dataclasses import dataclass, field

PARSER_VERSION = 10
"""Raised by one whenever the same file gives other pages or chunks than before, so that no library mixes the two."""


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """Settings of parsing. Part of the library's manifest: other values are another library.

    layout: "fast" finds columns, tables and headings by geometry; "model" asks PyMuPDF's layout analysis (slow).
    ocr: "auto" reads pages and picture areas whose words are not in the text layer; "off" reads none.
    ocr_dpi: resolution at which a page or picture area is given to the OCR.
    ocr_min_picture: smallest picture area, as a fraction of the page, that is worth reading.
    """

    layout: str = "fast"
    ocr: str = "auto"
    ocr_dpi: int = 150
    ocr_min_picture: float = 0.02


@dataclass(frozen=True, slots=True)
class ChunkSettings:
    """Sizes in the embedder's tokens. `max_tokens` bounds context and text together, special tokens counted."""

    max_tokens: int = 256
    context_tokens: int = 56
    overlap_tokens: int = 0


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Settings of the worker processes. No part of the manifest: within the limits they change no result.

    processes: 0 means one a core.
    page_seconds: processor time that a page may take, and the opening of a file; by the clock, five times as much.
    document_seconds: what the pages of one document may take together; the rest of its pages is given up.
    memory_mb: resident memory of one worker; a page that needs more is given up.
    passwords: tried on encrypted documents; never written anywhere.
    """

    processes: int = 0
    page_seconds: float = 120.0
    document_seconds: float = 14_400.0
    memory_mb: int = 4_096
    passwords: tuple[str, ...] = field(default=(), repr=False)
