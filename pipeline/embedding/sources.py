"""Where a model's files are, of what kind it is, and loading it: by name or folder, on a device, in a precision.

Every error names the setting and what to do. Nothing is fetched unless `embedding.download` says so.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pipeline.devices import processor_has_bfloat16, usable_device
from pipeline.errors import ConfigError, ModelError, first_line

if TYPE_CHECKING:
    import torch

    from pipeline.config import EmbeddingSection

log = logging.getLogger(__name__)

Kind = Literal["one", "many", "reranker", "generator", "sparse"]
"""What a checkpoint gives: a vector, many vectors, a score, text, or a weight for each word."""

KINDS: dict[Kind, str] = {
    "one": "one vector for each input",
    "many": "many vectors for each input (late interaction)",
    "reranker": "a score for a question and a passage",
    "generator": "text",
    "sparse": "a weight for each word",
}
UNUSED_FILES = ["*.onnx*", "onnx/*", "openvino/*", "*.gguf", "*.h5", "*.msgpack", "*.ot", "coreml/*"]
"""Weights in formats that nothing here loads."""
SAMPLE = 64 << 10
"""Bytes read at the beginning, middle and end of a file of weights to tell it from another of the same size."""

Model = TypeVar("Model")


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A model that `setting` names: what the manifest calls it, the folder of its files, and their version."""

    setting: str
    name: str
    folder: Path
    revision: str

    @property
    def kind(self) -> Kind | None:
        """What the checkpoint gives, by its own files; None where they do not say."""
        saved = str(_json(self.folder / "config_sentence_transformers.json").get("model_type", ""))
        if saved in SAVED_KINDS:
            return SAVED_KINDS[saved]
        architecture = str((_json(self.folder / "config.json").get("architectures") or [""])[0])
        if architecture == "HF_ColBERT" or architecture.endswith("ForRetrieval"):
            return "many"
        if architecture.endswith("ForSequenceClassification"):
            return "reranker"
        if (self.folder / "modules.json").is_file():
            return "one"
        if architecture.endswith(("ForConditionalGeneration", "ForCausalLM")):
            return "generator"
        return "one" if architecture.endswith("Model") else None

    def require(self, *wanted: Kind) -> None:
        """Raise `ConfigError` unless the checkpoint gives what is wanted (or does not say what it gives)."""
        kind = self.kind
        if kind is not None and kind not in wanted:
            asked = " or ".join(KINDS[one] for one in wanted)
            raise ConfigError(f"{self.setting} {self.name!r} is of the wrong kind: it gives {KINDS[kind]}, not {asked}")


SAVED_KINDS: dict[str, Kind] = {
    "SentenceTransformer": "one",
    "MultiVectorEncoder": "many",
    "ColBERT": "many",
    "CrossEncoder": "reranker",
    "SparseEncoder": "sparse",
}
"""What sentence-transformers writes about a model that it saves."""


def locate(name: str, setting: str, *, download: bool = False) -> ModelSource:
    """The model's files: a folder, or a name on the Hub whose files are on this machine (or may be downloaded).

    A revision may follow a name, as in `organisation/model@revision`. Raises `ModelError` where there are none, and
    `ConfigError` for no name at all, which would mean the working folder.
    """
    if not name.strip():
        raise ConfigError(f"{setting} is empty: give a model's folder, or its name on the Hub")
    folder = Path(name).expanduser()
    if folder.is_dir():
        return ModelSource(setting, folder.resolve().name, folder, folder_revision(folder))
    if not re.fullmatch(r"[\w.-]+/[\w.-]+(@[\w./-]+)?", name) or name.startswith("."):
        raise ModelError(f"{setting} {name!r} is no folder: give a model's folder, or its name on the Hub")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    repository, _, revision = name.partition("@")
    try:
        found = Path(
            snapshot_download(
                repository,
                revision=revision or None,
                ignore_patterns=UNUSED_FILES,
                local_files_only=not download,
            )
        )
    except LocalEntryNotFoundError:
        wanted = f"{repository} --revision {revision}" if revision else repository
        raise ModelError(
            f"the weights of {setting} {name!r} are not on this machine: `hf download {wanted}` fetches them "
            f"({estimated_size(repository)}), or set embedding.download = true"
        ) from None
    except (HfHubHTTPError, OSError) as error:
        raise ModelError(f"{setting} {name!r} cannot be fetched from the Hub: {first_line(error)}") from error
    return ModelSource(setting, repository, found, found.name[:12])


def estimated_size(name: str) -> str:
    """How much a download is, by the number of parameters that most names carry, at two bytes each."""
    found = re.search(r"(?<![\d.])(\d+(?:\.\d+)?)\s?([bm])(?![a-z])", name.rsplit("/", 1)[-1].lower())
    if found is None:
        return "its page on the Hub says how large they are"
    gigabytes = 2 * float(found[1]) / (1 if found[2] == "b" else 1000)
    return f"about {gigabytes:.1f} GB, by its name"


def load(kind: Callable[..., Model], source: ModelSource, settings: EmbeddingSection, **options: Any) -> Model:
    """`kind` (a class of sentence-transformers) from the source's files, on the device and in the precision set.

    Raises `ModelError` when its files cannot be loaded, `ConfigError` for an unknown device.
    """
    from transformers.utils import logging as transformers_logging

    if not sys.stderr.isatty():
        transformers_logging.disable_progress_bar()
    device = device_of(settings)
    try:
        return kind(
            str(source.folder),
            device=device,
            local_files_only=True,
            trust_remote_code=settings.trust_remote_code,
            model_kwargs={"dtype": precision(settings.precision, device)},
            **options,
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise ModelError(
            f"{source.setting} {source.name!r} cannot be loaded ({first_line(error)}); {_hint(error)}"
        ) from error


def _hint(error: Exception) -> str:
    """What to do about a model that cannot be loaded."""
    said = str(error).lower()
    if "trust_remote" in said:
        return "set embedding.trust_remote_code = true if you trust its code"
    if "torchvision" in said:
        return "it needs torchvision, in the build that belongs to this torch: `pip install 'recto[torchvision]'`"
    return "its files must be those of a whole sentence-transformers or transformers model"


def device_of(settings: EmbeddingSection) -> str:
    """The device set, or the best there is. Raises `ConfigError` for one that torch does not have."""
    return usable_device(settings.device, "embedding.device")


def precision(setting: str, device: str) -> torch.dtype:
    """bfloat16 where the hardware has it (same ranking), else float32."""
    import torch

    if setting == "auto":
        if device == "cpu":
            fast = processor_has_bfloat16()
        else:
            fast = device.startswith("cuda") and torch.cuda.is_bf16_supported()
        return torch.bfloat16 if fast else torch.float32
    return torch.bfloat16 if setting == "bfloat16" else torch.float32


def folder_revision(folder: Path) -> str:
    """12 hex digits of a folder's files: settings whole, weights by size and samples.

    Hashing gigabytes would take minutes.
    """
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        size = file.stat().st_size
        digest.update(f"{file.relative_to(folder).as_posix()}:{size}".encode())
        with file.open("rb") as stream:
            whole = file.suffix == ".json" and size < 1_000_000
            for place in (0,) if whole else (0, size // 2, max(0, size - SAMPLE)):
                stream.seek(place)
                digest.update(stream.read(size if whole else SAMPLE))
    return digest.hexdigest()[:12]


def stamp(dimension: int, **options: object) -> str:
    """What follows a revision in the manifest for options that change vectors; nothing where none is set.

    `dimension`: the numbers that are kept of a vector, 0 for all. Said here too, because a library of shortened
    vectors must not open with 0: how many a model has is known only when it is loaded.
    """
    chosen = {name: value for name, value in options.items() if value is not None}
    digest = hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:8]
    return (f"+{digest}" if chosen else "") + (f"+{dimension}d" if dimension else "")


def _json(file: Path) -> dict[str, Any]:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
