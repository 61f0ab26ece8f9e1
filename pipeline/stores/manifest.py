"""What a library was made with. Owns `manifest.json`; never decides what the settings should be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ingest.settings import ChunkSettings, IngestSettings
from pipeline.embedding.base import EmbedderIdentity
from pipeline.errors import StoreError
from pipeline.stores.durable import HALF_BUILT, write_atomically
from pipeline.stores.layout import LibraryPaths
from pipeline.stores.numbers import FLOAT16, Storage

FORMAT_VERSION = 1
PAGE_CONVENTION = "page_index 0-based"


class Manifest(BaseModel):
    """Everything that must be equal for two runs to share a library. Prompts that only answer are no part of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: int = FORMAT_VERSION
    page_convention: str = PAGE_CONVENTION
    parser_version: int = 1  # libraries older than this field were read by the first
    text_embedder: EmbedderIdentity
    page_embedder: EmbedderIdentity
    ingest: IngestSettings
    chunks: ChunkSettings
    captions: str = ""  # model and prompt that described the figures; empty: nobody did
    page_storage: Storage = FLOAT16

    @property
    def embedders(self) -> tuple[EmbedderIdentity, EmbedderIdentity]:
        """Text embedder, page embedder."""
        return self.text_embedder, self.page_embedder

    @classmethod
    def load(cls, path: Path) -> Manifest | None:
        """The manifest at `path`, None when there is no file. Raises `StoreError` when it is damaged."""
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(
                f"{path} cannot be read ({error}): restore it from a backup, or make a new library"
            ) from None
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "the file"
            raise StoreError(
                f"{path} is damaged ({field}: {first['msg']}): restore it from a backup, or make a new library"
            ) from None

    def save(self, path: Path) -> None:
        """Write to `path` atomically."""
        said_if_set = {"captions": "", "page_storage": FLOAT16}
        unsaid = {name for name, default in said_if_set.items() if getattr(self, name) == default}
        write_atomically(path, (self.model_dump_json(indent=2, exclude=unsaid) + "\n").encode())

    def check(self, expected: Manifest) -> None:
        """Raise `StoreError` naming the first field in which this library differs from `expected`."""
        if self.parser_version != expected.parser_version:
            raise StoreError(
                f"this library's documents were read by version {self.parser_version} of the parser, this program has "
                f"version {expected.parser_version}, which reads them otherwise: add them again to a new library folder"
            )
        here, wanted = _flat(self.model_dump()), _flat(expected.model_dump())
        for field, value in here.items():
            if value != wanted[field]:
                raise StoreError(
                    f"this library was made with {field} = {value!r}, the settings in force say {wanted[field]!r}: "
                    "use the settings it was made with, or another library folder"
                )


def refuse_foreign_folder(paths: LibraryPaths) -> None:
    """Raise `StoreError` when the folder without a manifest holds anything that is not a library's."""
    if paths.root.exists() and not paths.root.is_dir():
        raise StoreError(f"{paths.root} is a file: name a folder for the library")
    if paths.manifest.exists() or not paths.root.exists():
        return
    # A run killed while it made the library leaves the lock's folder and half a manifest.
    own = {paths.lock.name, paths.manifest.name + HALF_BUILT}
    foreign = sorted(path.name for path in paths.root.iterdir() if path.name not in own)
    if foreign:
        raise StoreError(
            f"{paths.root} is not a library and not empty (it holds {foreign[0]}): name a new or empty folder"
        )


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
