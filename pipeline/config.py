"""The one configuration: file, environment and flags, read once at the edge, frozen and hashed.

Order of precedence: flags, environment (`RECTO_…`, sections joined by two underscores as in
`RECTO_ANSWER__URL`), the file named by `RECTO_CONFIG` or `recto.toml` in the working folder, defaults.
Below the entry point nothing reads the environment.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from math import inf
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from ingest.settings import IngestSettings, WorkerSettings
from pipeline.errors import ConfigError

Mode = Literal["text", "image", "fusion", "joint"]
Form = Literal["marks", "claims"]
Answerer = Literal["extractive", "endpoint", "transformers", "vllm", "llm"]

OTHER_VARIABLES = frozenset({"RECTO_CONFIG", "RECTO_DEBUG", "RECTO_SETS"})
"""Variables that are no settings: the configuration file, tracebacks for bugs, the development sets of the tests."""

HIDDEN = "(hidden)"
"""What is shown in the place of a secret."""
_SECRET = re.compile(r"key(?!word)|token(?!s|i|_id)|secret|passw|credential|authorization", re.IGNORECASE)
"""In the names of secrets; not in `max_tokens`, `tokenizer`, `stop_token_ids`, which make results differ."""

_named_file: ContextVar[Path | None] = ContextVar("_named_file", default=None)


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IngestSection(_Section):
    """Reading documents."""

    layout: Literal["fast", "model"] = Field("fast", description="own geometry, or PyMuPDF's layout model (slow)")
    ocr: Literal["auto", "off"] = "auto"
    ocr_dpi: int = Field(150, ge=72, le=400)
    ocr_min_picture: float = Field(0.02, ge=0.0, le=1.0)
    workers: int = Field(0, ge=0, description="worker processes; 0 means one a core")
    page_seconds: float = Field(120.0, gt=0, description="processor time; a page that takes more is given up")
    document_seconds: float = Field(14_400.0, gt=0, description="all pages of a document; the rest is given up")
    worker_memory_mb: int = Field(4_096, ge=512, description="a page that needs more of it is given up")

    def parsing(self) -> IngestSettings:
        """What decides how pages are read. Raises `ConfigError` for a layout model that is not installed."""
        if self.layout == "model":
            from ingest.layout_model import INSTALL, is_installed

            if not is_installed():
                raise ConfigError(f"ingest.layout = 'model' needs PyMuPDF's layout analysis: {INSTALL}")
        return IngestSettings(
            layout=self.layout, ocr=self.ocr, ocr_dpi=self.ocr_dpi, ocr_min_picture=self.ocr_min_picture
        )

    def limits(self, passwords: Sequence[str] = ()) -> WorkerSettings:
        """What the worker processes may take; `passwords` are tried on encrypted files."""
        return WorkerSettings(
            processes=self.workers,
            page_seconds=self.page_seconds,
            document_seconds=self.document_seconds,
            memory_mb=self.worker_memory_mb,
            passwords=tuple(passwords),
        )


class EmbeddingSection(_Section):
    """Text and page embedders: names on the Hub (`organisation/model`, `organisation/model@revision`) or folders.

    `default` is the text model that ships in a package, `regions` reads the words in a page's regions with it; both
    need no download. Any other page model looks at the page's picture.
    """

    text_model: str = Field("default", description="any SentenceTransformer")
    text_dimension: int = Field(
        0, ge=0, description="first numbers of a text vector that are kept (Matryoshka); 0: all"
    )
    text_question_prompt: str | None = Field(None, description="instruction before a question, not the model's own")
    text_prompt: str | None = Field(None, description="instruction before a text, not the model's own")
    page_model: str = Field("regions", description="any SentenceTransformer or MultiVectorEncoder that takes pictures")
    page_vectors: Literal["auto", "one", "many"] = Field("auto", description="of a page; auto: as the model says")
    page_dimension: int = Field(
        0, ge=0, description="first numbers of a page vector that are kept (Matryoshka); 0: all"
    )
    page_question_prompt: str | None = Field(None, description="instruction before a question, not the model's own")
    page_prompt: str | None = Field(None, description="instruction beside a page, not the model's own")
    page_pixels: int = Field(1_310_720, ge=1_024, description="a page's picture is made smaller to have no more")
    page_pooling: float = Field(1, ge=1, le=100, description="alike vectors of a page become one: 3 keeps a third")
    page_storage: Literal["float16", "int8", "binary", "binary+int8", "binary+float16"] = Field(
        "float16", description="of page vectors; of two, the first scores every candidate and the second the best"
    )
    page_batch: int = Field(0, ge=0, description="pages in one forward pass; 0: what the memory takes")
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    device: str = "auto"
    batch_tokens: int = Field(4_096, ge=256, description="padded tokens in one forward pass")
    download: bool = Field(False, description="fetch weights that are not on this machine; profile local does")
    trust_remote_code: bool = Field(False, description="run the code that comes with a model")


class RerankSection(_Section):
    """One stage that reorders the first pages.

    text         a CrossEncoder over passages
    page         a CrossEncoder that takes pictures, over page screenshots
    yes_no       a vision-language model's probability of "yes"; model "endpoint" is the one that answers
    llama_index  any BaseNodePostprocessor, `model` its import path
    """

    kind: Literal["text", "page", "yes_no", "llama_index"]
    model: str = Field(min_length=1, description="name on the Hub, folder, endpoint or import path")
    pages: int = Field(20, ge=1, le=1000, description="of the first pages that are reordered")
    options: dict[str, Any] = Field(default_factory=dict, description="what a LlamaIndex postprocessor is made with")


CHANNEL_WEIGHTS = {"dense": 0.5, "lexical": 0.6, "terms": 0.6, "visual": 1.0, "document": 0.16}
"""What a standard score of the channel adds to a page; a point of its document's card (BM25) for "document".

`eval/decisions/2026-11-21-question.md`, `2026-11-21-facets.md`."""


class RetrievalSection(_Section):
    """Finding pages."""

    k: int = Field(5, ge=1, le=1000)
    mode: Mode = "fusion"
    pool: int = Field(60, ge=1, description="candidates that each channel proposes, at least; as many as are asked for")
    fusion: Literal["standard_scores", "reciprocal_rank"] = "standard_scores"
    device: str = Field("cpu", description="for scoring pages of many vectors: cpu, cuda, cuda:1, mps; auto: the best")
    weights: dict[str, float] = Field(
        default_factory=dict, description='of channels, over the default: {"lexical": 0.3}; one of weight 0 is left out'
    )
    places: bool = Field(True, description='lift the pages that a question names: "page 12", "Figure 3"')
    fold_copies: bool = Field(True, description="copies of one document share a place in the ranking")
    terms: Path | None = Field(None, description='your own glossary: a TOML table [terms] of "name" = "words"')
    chroma_url: str = Field("", description="a Chroma server, e.g. http://host:8000; empty: embedded")
    rerank: tuple[RerankSection, ...] = Field((), description="stages that reorder the first pages, one after another")

    @field_validator("rerank", "weights", mode="before")
    @classmethod
    def _from_json(cls, value: Any) -> Any:
        """A flag carries them as JSON."""
        return json.loads(value) if isinstance(value, str) else value

    @field_validator("weights")
    @classmethod
    def _known(cls, value: dict[str, float]) -> dict[str, float]:
        for channel, weight in value.items():
            if channel not in CHANNEL_WEIGHTS:
                raise ValueError(f"no channel {channel!r}; there are {', '.join(CHANNEL_WEIGHTS)}")
            if not 0 <= weight < inf:
                raise ValueError(f"{channel}: a weight is 0 or more, not {weight}")
        return value

    @property
    def channel_weights(self) -> dict[str, float]:
        """Of every channel."""
        return CHANNEL_WEIGHTS | self.weights


class AnswerSection(_Section):
    """Writing answers."""

    answerer: Answerer = Field("extractive", description="who answers; all but extractive are models")
    url: str = Field("", description="endpoint: an OpenAI-compatible base URL, e.g. http://host:8000/v1")
    model: str = Field("", description="the model's name at that URL; transformers, vllm: a folder or a hub name")
    api_key: str = Field("none", repr=False)
    timeout: float = Field(120.0, gt=0, description="endpoint: seconds without a sign of life")
    retries: int = Field(4, ge=0, le=20, description="endpoint: of 408, 409, 429, 5xx and refused connections")
    parallel: int = Field(8, ge=1, le=1024, description="many questions: requests that wait at an endpoint at once")
    wave: int = Field(32, ge=1, le=4096, description="many questions: conversations handed to vllm at once")
    form: Form = Field("marks", description="of replies: sentences with [n] marks, or a JSON list of claims")
    device: str = Field("auto", description="transformers: auto, cpu, cuda, cuda:1, mps")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    temperature: float = Field(0.0, ge=0.0, le=2.0, description="0: greedy, the same answer every time")
    seed: int = Field(0, ge=0)
    llm: str = Field("", description="answerer llm: a LlamaIndex LLM, as module:Class")
    options: dict[str, Any] = Field(default_factory=dict, description="for answer.llm, or for vLLM's engine")
    steps: int = Field(1, ge=1, le=8, description="searches a model may make for one question")
    pages: int = Field(8, ge=1, le=100, description="pages that may enter the context")
    context_tokens: int = Field(16_000, ge=256, description="text and image tokens together")
    output_tokens: int = Field(1_024, ge=16)
    image_tokens: int = Field(1_280, ge=0, description="most tokens one page picture may cost; 0 sends none")
    image_patch: int = Field(28, ge=1, description="pixels along the side of one image token")


class ChatSection(_Section):
    """Conversations."""

    rewrite: Literal["auto", "rules", "model"] = Field(
        "auto", description="who makes a follow-up stand alone; auto: the model where one answers"
    )
    memory_tokens: int = Field(2_000, ge=100, description="what a model is shown of the conversation")


class ScreenshotSection(_Section):
    """Page pictures, rendered when needed."""

    dpi: int = Field(144, ge=36, le=600)
    cache_mb: int = Field(512, ge=0)


class Settings(BaseSettings):
    """All settings in force."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="RECTO_", env_nested_delimiter="__")

    profile: Literal["embedded", "local", "endpoint"] = "embedded"
    captions: Literal["off", "model"] = Field("off", description="model: it describes the figures of what is added")
    library: Path = Path("library")
    ingest: IngestSection = IngestSection()
    embedding: EmbeddingSection = EmbeddingSection()
    retrieval: RetrievalSection = RetrievalSection()
    answer: AnswerSection = AnswerSection()
    chat: ChatSection = ChatSection()
    screenshots: ScreenshotSection = ScreenshotSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, settings_file())

    @model_validator(mode="before")
    @classmethod
    def _profile_defaults(cls, values: dict[str, Any]) -> dict[str, Any]:
        """`profile = "endpoint"` alone means: answer through the endpoint; `local`: weights may be fetched."""
        presets: dict[str, tuple[str, dict[str, Any]]] = {
            "endpoint": ("answer", {"answerer": "endpoint"}),
            "local": ("embedding", {"download": True}),
        }
        name, preset = presets.get(str(values.get("profile")), ("", {}))
        given = values.get(name) or {}
        if name and isinstance(given, Mapping):  # else pydantic says what is wrong with it
            values = {**values, name: {**preset, **given}}
        return values

    @model_validator(mode="after")
    def _possible(self) -> Settings:
        answer = self.answer
        if answer.answerer == "endpoint" and not (answer.url and answer.model):
            raise ValueError("answer.url and answer.model are needed when answer.answerer is endpoint")
        if answer.answerer in ("transformers", "vllm") and not answer.model:
            raise ValueError(f"answer.model is needed when answer.answerer is {answer.answerer}")
        if self.captions == "model" and answer.answerer == "extractive":
            raise ValueError("captions = 'model' needs a model: set answer.answerer")
        if answer.answerer == "llm" and not answer.llm:
            raise ValueError("answer.llm is needed when answer.answerer is llm: name it as module:Class")
        return self

    def told(self) -> dict[str, Any]:
        """The settings as JSON that may be shown: `HIDDEN` in the place of secrets, those among `options` too."""
        told: dict[str, Any] = _without_secrets(self.model_dump(mode="json"))
        return told

    def compared(self) -> dict[str, Any]:
        """What makes results differ: `told` without the key and the library's place. What `hash` is of."""
        told = self.told()
        del told["library"], told["answer"]["api_key"]
        return told

    @property
    def hash(self) -> str:
        """First 16 hex digits of the SHA-256 of the settings as JSON, without secrets and places."""
        return hashlib.sha256(json.dumps(self.compared(), sort_keys=True).encode()).hexdigest()[:16]


def _without_secrets(value: Any, secret: bool = False) -> Any:
    """The JSON value with `HIDDEN` for every text under a name that says it is a secret."""
    if isinstance(value, Mapping):
        return {name: _without_secrets(item, secret or bool(_SECRET.search(str(name)))) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_without_secrets(item, secret) for item in value]
    return HIDDEN if secret and isinstance(value, str) and value not in ("", "none") else value


def settings_file() -> Path:
    """The configuration file in force; the unnamed `recto.toml` need not exist. Raises `ConfigError`."""
    named, by = _named_file.get(), "--config"
    if named is None and os.environ.get("RECTO_CONFIG"):
        named, by = Path(os.environ["RECTO_CONFIG"]), "RECTO_CONFIG"
    if named is not None and not named.is_file():
        raise ConfigError(f"{by} names {named}, which is not a file; correct it or leave it out")
    return named or Path("recto.toml")


def load_settings(flags: Mapping[str, Any] | None = None, config_file: Path | None = None) -> Settings:
    """Settings from flags (nested mappings), environment, file and defaults. Raises `ConfigError`."""
    token = _named_file.set(config_file)
    try:
        _refuse_unknown_variables()
        return Settings(**(flags or {}))
    except ValidationError as error:
        raise ConfigError("; ".join(_explain(item) for item in error.errors())) from None
    except SettingsError as error:
        raise ConfigError(f"a setting cannot be read: {error}") from None
    except (ValueError, OSError) as error:
        raise ConfigError(f"the configuration file {settings_file()} cannot be read: {error}") from None
    finally:
        _named_file.reset(token)


def setting_sources(flags: Mapping[str, Any] | None = None, config_file: Path | None = None) -> dict[str, str]:
    """Where each setting that is not a default came from: dotted name to "flag", "environment" or the file's path."""
    token = _named_file.set(config_file)
    try:
        file = settings_file()
        origins: dict[str, str] = {}
        for values, origin in (
            (TomlConfigSettingsSource(Settings, file)(), str(file)),
            (EnvSettingsSource(Settings)(), "environment"),
            (flags or {}, "flag"),
        ):
            origins.update(dict.fromkeys(_leaves(values), origin))
        return origins
    finally:
        _named_file.reset(token)


def _leaves(values: Mapping[str, Any], prefix: str = "") -> list[str]:
    names: list[str] = []
    for key, value in values.items():
        names += _leaves(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [f"{prefix}{key}"]
    return names


def _refuse_unknown_variables() -> None:
    """A mistyped variable must not be ignored in silence, as pydantic-settings does."""
    known = set(OTHER_VARIABLES)
    for name, setting in Settings.model_fields.items():
        known.add(f"RECTO_{name}".upper())
        if isinstance(setting.annotation, type) and issubclass(setting.annotation, _Section):
            known.update(f"RECTO_{name}__{key}".upper() for key in setting.annotation.model_fields)
    for variable in sorted(os.environ):
        if variable.upper().startswith("RECTO_") and variable.upper() not in known:
            near = difflib.get_close_matches(variable.upper(), known, n=1)
            hint = f"did you mean {near[0]}?" if near else "`recto config` lists the settings"
            raise ConfigError(f"the environment variable {variable} is no setting; {hint}")


def _explain(item: Mapping[str, Any]) -> str:
    field = ".".join(str(part) for part in item["loc"])
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        return f"unknown setting {field}: `recto config` lists the settings"
    return f"{field}: {message}" if field else message
