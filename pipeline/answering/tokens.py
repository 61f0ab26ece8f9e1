"""What things cost: tokens of a text, tokens of a picture, and making a picture cost no more than it may."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Self

from PIL import Image

CountTokens = Callable[[str], int]
"""Tokens of a text."""

CountPicture = Callable[[int, int], int]
"""Tokens of a picture of so many pixels (width, height)."""

_WORDS = re.compile(r"[A-Za-z]+|[^\sA-Za-z]|\n")


def estimate_tokens(text: str) -> int:
    """Tokens of `text`, estimated high, for models whose tokenizer is not at hand (nothing is downloaded).

    One token for every four letters of a Latin word, one for each digit, sign, line break or other character:
    the digit-by-digit rule of current Llama and Qwen tokenizers, which is what counts in tables.
    """
    return sum(-(-len(run) // 4) if run.isalpha() and run.isascii() else 1 for run in _WORDS.findall(text))


def picture_tokens(width: int, height: int, patch: int) -> int:
    """Tokens of a picture of `width` by `height` pixels: one for every begun square of `patch` pixels."""
    return math.ceil(width / patch) * math.ceil(height / patch)


@dataclass(frozen=True, slots=True)
class Costs:
    """What a context costs the model that will read it.

    frame: tokens that its chat template puts around the instructions and the question. exact: counted as the model
    counts, not estimated.
    """

    text: CountTokens
    picture: CountPicture
    frame: int = 0
    exact: bool = False

    @classmethod
    def estimated(cls, patch: int) -> Self:
        """For a model whose tokenizer is not at hand; one picture token for every square of `patch` pixels."""
        return cls(estimate_tokens, partial(picture_tokens, patch=patch))


_STEPS = 24
_STEP = 0.9


def shrink_picture(picture: Image.Image, most_tokens: int, count: CountPicture) -> Image.Image:
    """The picture, shrunk in steps until it costs at most `most_tokens`; as it is where shrinking does not help.

    For models that scale pictures themselves, so that no formula says what a size costs.
    """
    width, height = picture.size
    for step in range(_STEPS):
        size = (max(1, round(width * _STEP**step)), max(1, round(height * _STEP**step)))
        if count(*size) <= most_tokens:
            return picture if step == 0 else picture.resize(size, Image.Resampling.LANCZOS)
    return picture


def fit_picture(picture: Image.Image, most_tokens: int, patch: int) -> Image.Image:
    """The picture, shrunk once (aspect kept) so that it costs at most `most_tokens` (at least 1); never enlarged."""
    width, height = picture.size
    if picture_tokens(width, height, patch) <= most_tokens:
        return picture
    shrink = math.sqrt(most_tokens * patch * patch / (width * height))
    columns = min(max(1, int(width * shrink / patch)), most_tokens)
    rows = min(max(1, int(height * shrink / patch)), most_tokens // columns)
    scale = min(columns * patch / width, rows * patch / height)
    size = (max(1, int(width * scale)), max(1, int(height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS)
