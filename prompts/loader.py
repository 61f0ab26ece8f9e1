"""Reads the prompt templates of this folder. Owns their syntax and hash; never holds a prompt's words itself.

A template is a text file with `$placeholders` (`string.Template`; a dollar sign is written `$$`). Values are put in as
they are and never looked at again, so text of a document cannot become a placeholder.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Template


class PromptError(ValueError):
    """A template that does not exist, or values that do not fit its placeholders: a mistake in the program."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A template. `hash`: first 16 hex digits of the SHA-256 of its text.

    `run.json` of an evaluation has the hashes of all templates, a library's manifest that of the one which described
    its figures.
    """

    name: str
    text: str
    hash: str

    @property
    def placeholders(self) -> frozenset[str]:
        return frozenset(Template(self.text).get_identifiers())

    def render(self, **values: object) -> str:
        """The text with every placeholder filled. Raises `PromptError` when one is missing or unknown."""
        if missing := self.placeholders - values.keys():
            raise PromptError(f"prompt {self.name}: no value for {', '.join(sorted(missing))}")
        if unknown := values.keys() - self.placeholders:
            raise PromptError(f"prompt {self.name}: no placeholder named {', '.join(sorted(unknown))}")
        return Template(self.text).substitute({name: str(value) for name, value in values.items()})


@cache
def load(name: str) -> Prompt:
    """The template `prompts/{name}.txt`, without the newline at its end. Raises `PromptError` when there is none."""
    source = resources.files("prompts") / f"{name}.txt"
    if not source.is_file():
        raise PromptError(f"no prompt named {name}; there are {', '.join(names())}")
    text = source.read_text(encoding="utf-8").rstrip("\n")
    return Prompt(name, text, hashlib.sha256(text.encode()).hexdigest()[:16])


def names() -> tuple[str, ...]:
    """Names of all templates, sorted."""
    files = (entry.name for entry in resources.files("prompts").iterdir())
    return tuple(sorted(file.removesuffix(".txt") for file in files if file.endswith(".txt")))


def hashes() -> dict[str, str]:
    """Hash of every template by name."""
    return {name: load(name).hash for name in names()}
