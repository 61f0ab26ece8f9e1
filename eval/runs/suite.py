"""A suite: which data sets are run through which configurations, and what is measured. Reads the YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from eval.errors import EvaluationError
from eval.metrics.registry import metric

SEARCHED = ["recall@1", "recall@5", "recall@10", "nDCG@10", "MRR@10", "document recall@1"]
ASKED = [
    "token recall",
    "numeric match",
    "citation precision",
    "citation recall",
    "right abstention",
    "false abstention",
    "text tokens",
    "image tokens",
]


Pages = Literal["retrieved", "oracle", "none"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SetPart(_Part):
    """A data set. `library`: a library that already holds its documents; else one is made beside the run.

    asked: how its questions are asked (`eval.robustness.questions`). wordings: a file that says them in other words
    (`eval.robustness.wordings`), every one of them. distractors: folders whose files are added too, so
    that recall can be seen against the size of the pile.
    """

    name: str = Field(pattern=r"^[\w.-]+$")
    folder: Path
    kind: str = "recto"
    library: Path | None = None
    limit: int | None = Field(None, ge=1, description="only the first questions, to try a suite out")
    asked: Literal["as-asked", "typos", "lower-case", "upper-case", "no-punctuation"] = "as-asked"
    wordings: Path | None = None
    distractors: list[Path] = []


class Configuration(_Part):
    """Settings as in `recto.toml`, and which pages answers are given from.

    pages: those retrieved; the gold ones (`oracle`; questions without any are not answered); or `none`, so that the
    model answers from memory (closed book).
    """

    name: str = Field(pattern=r"^[\w.-]+$")
    settings: dict[str, Any] = {}
    pages: Pages = "retrieved"


class JudgePart(_Part):
    """A model behind an OpenAI-compatible URL that judges answers. `constrained`: the server takes JSON schemas."""

    url: str
    model: str
    api_key: str = Field("none", repr=False, exclude=True)
    constrained: bool = True


class Suite(_Part):
    """What `recto eval run` runs. `depth`: pages recorded of each ranking. `ask`: also answer, not only search.

    parallel: questions under way at once, to shorten the waiting for a model behind a URL. It changes no result.
    """

    name: str
    sets: list[SetPart] = Field(min_length=1)
    configurations: list[Configuration] = Field(min_length=1)
    depth: int = Field(20, ge=1, le=1000)
    ask: bool = False
    metrics: list[str] = []
    judge: JudgePart | None = None
    parallel: int = Field(1, ge=1, le=256)
    seed: int = 0

    @model_validator(mode="after")
    def _distinct(self) -> Suite:
        for parts in (self.sets, self.configurations):
            names = [part.name for part in parts]
            if len(set(names)) < len(names):
                raise ValueError(f"two entries are named {max(names, key=names.count)!r}: give each its own name")
        return self

    @model_validator(mode="after")
    def _judgeable(self) -> Suite:
        if self.judge and not self.ask:
            raise ValueError("a judge judges answers: set ask to true")
        return self

    @field_validator("metrics")
    @classmethod
    def _known(cls, names: list[str]) -> list[str]:
        for name in names:
            try:
                metric(name)
            except EvaluationError as error:
                raise ValueError(str(error)) from None
        return names

    @model_validator(mode="after")
    def _deep_enough(self) -> Suite:
        for name in self.metrics:
            if _cut_off(name) > self.depth:
                raise ValueError(f"{name} needs {_cut_off(name)} pages of each ranking: set depth to that, or more")
        return self

    @property
    def measured(self) -> list[str]:
        """The metrics named, or the usual ones for what is done, as deep as rankings are recorded."""
        usual = SEARCHED + ASKED if self.ask else SEARCHED
        return self.metrics or [name for name in usual if _cut_off(name) <= self.depth]

    @property
    def judged(self) -> list[str]:
        """Names of the scores that a judge gives."""
        return [f"judged {name}" for name in ("correctness", "completeness", "faithfulness")] if self.judge else []


def _cut_off(name: str) -> int:
    """The k of "recall@k", 0 for metrics of another kind."""
    return int(name.rpartition("@")[2]) if "@" in name else 0


def load_suite(file: Path) -> Suite:
    """The suite in a YAML file; its folders are relative to it. Raises `EvaluationError` naming the field or line."""
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"the suite {file} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise EvaluationError(f"the suite {file} is no YAML: {' '.join(str(error).split())}") from None
    try:
        suite = Suite.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the suite"
        raise EvaluationError(f"{file}: {place}: {first['msg'].removeprefix('Value error, ')}") from None
    base = file.resolve().parent
    sets = [
        part.model_copy(
            update={
                "folder": base / part.folder,
                "library": part.library and base / part.library,
                "wordings": part.wordings and base / part.wordings,
                "distractors": [base / folder for folder in part.distractors],
            },
        )
        for part in suite.sets
    ]
    return suite.model_copy(update={"sets": sets})
