"""The two forms of a model's reply, read as it grows: sentences with `[n]` marks, or a JSON list of claims.

Owns the forms. Of a reply in JSON its claims are kept, one that was left half-written too; words around the JSON and
other keys are not part of the answer. A reply that was to be JSON and is none is read as sentences, no word of it is
dropped, and it is said to be so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from pipeline.answering.abstention import is_abstention, is_agreed_sentence
from pipeline.answering.claims import Statement, build_claim, plain, split_reply
from pipeline.config import Form
from pipeline.context import Piece
from pipeline.results import Claim
from prompts.loader import load

_TEXT_KEYS = ("text", "claim", "statement", "sentence")
_EVIDENCE_KEYS = ("evidence", "citations", "sources", "pieces")


class Reading(Protocol):
    """A reply being read. `claims`, `text`, `abstained` and `unparsed` hold once `end` has been called."""

    claims: list[Claim]

    @property
    def reply(self) -> str:
        """All that the model wrote."""

    @property
    def text(self) -> str:
        """The answer for people."""

    @property
    def abstained(self) -> bool:
        """Whether the reply says that the documents do not say."""

    @property
    def unparsed(self) -> bool:
        """Whether the reply does not have its form: what its sentences rest on is unknown where they do not say."""

    def add(self, delta: str) -> list[Claim]:
        """Take what the model wrote next; gives the claims that have ended."""

    def end(self) -> list[Claim]:
        """The reply has ended; gives the claims that ended with it."""


def reading(form: Form, pieces: Sequence[Piece]) -> Reading:
    """A reader of one reply about these pieces."""
    return _Claims(pieces) if form == "claims" else _Marked(pieces)


def schema(pieces: Sequence[Piece]) -> dict[str, Any]:
    """The JSON schema of a reply in the form `claims`: it can name no piece that was not shown."""
    numbers = {"type": "array", "items": {"type": "integer", "enum": [piece.number for piece in pieces]}}
    claim: dict[str, Any] = {"type": "object", "properties": {"text": {"type": "string"}, "evidence": numbers}}
    claim |= {"required": ["text", "evidence"], "additionalProperties": False}
    listed = {"claims": {"type": "array", "items": claim}}
    return {"type": "object", "properties": listed, "required": ["claims"], "additionalProperties": False}


class _Marked:
    """Sentences, each followed by the marks of the pieces it rests on."""

    unparsed = False

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces
        self.reply, self._read = "", 0
        self.claims: list[Claim] = []

    @property
    def text(self) -> str:
        return plain(self.reply)

    @property
    def abstained(self) -> bool:
        return is_abstention(self.reply) and not any(claim.citations for claim in self.claims)

    def add(self, delta: str) -> list[Claim]:
        self.reply += delta
        ended = _ended(self.reply[self._read :])
        self._read += ended[-1][1] if ended else 0
        return self._build([statement for statement, _ in ended])

    def end(self) -> list[Claim]:
        return self._build([statement for statement, _ in split_reply(self.reply[self._read :])])

    def _build(self, statements: Sequence[Statement]) -> list[Claim]:
        built = [build_claim(one, self._pieces) for one in statements if not is_agreed_sentence(one.text)]
        self.claims += built
        return built


def _ended(reply: str) -> list[tuple[Statement, int]]:
    """Statements that can no longer change: those after which another one has begun. A half-written mark is none."""
    opened = reply.rfind("[")
    if opened > reply.rfind("]"):
        reply = reply[:opened]
    return list(split_reply(reply))[:-1]


class _Claims:
    """`{"claims": [{"text", "evidence": [numbers]}]}`, as models write it: fenced, with other keys, or cut short."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces
        self.reply, self._found = "", 0
        self.claims: list[Claim] = []
        self._half = False
        self._otherwise: _Marked | None = None

    @property
    def unparsed(self) -> bool:
        return self._half or self._otherwise is not None

    @property
    def text(self) -> str:
        if self._otherwise is not None:
            return self._otherwise.text
        return " ".join(claim.text for claim in self.claims) or load("unanswerable").text

    @property
    def abstained(self) -> bool:
        return self._otherwise.abstained if self._otherwise is not None else not self.claims

    def add(self, delta: str) -> list[Claim]:
        self.reply += delta
        if "}" not in delta:
            return []
        statements = list(_statements(self.reply))
        new, self._found = statements[self._found :], len(statements)
        return self._build(new)

    def end(self) -> list[Claim]:
        if half := self._build(list(_half_written(self.reply))):
            self._half = True
            return half
        if self._found or _is_empty_list(self.reply):
            return []
        self._otherwise = _Marked(self._pieces)
        self._otherwise.add(self.reply)
        self._otherwise.end()
        self.claims = self._otherwise.claims
        return self.claims

    def _build(self, statements: Sequence[Statement]) -> list[Claim]:
        built = [build_claim(one, self._pieces) for one in statements if not is_agreed_sentence(one.text)]
        self.claims += built
        return built


_DECODER = json.JSONDecoder()
_CITED = re.compile(rf'"(?:{"|".join(_EVIDENCE_KEYS)})"\s*:\s*(?:\[[^\]]*)?$')
"""What is open before an object that tells a claim's evidence, not a claim."""


def _statements(reply: str) -> Iterator[Statement]:
    """Every whole claim in the reply, whatever stands around it."""
    start = reply.find("{")
    while start >= 0:
        try:
            value, end = _DECODER.raw_decode(reply, start)
        except ValueError:
            end = start + 1  # the object around the claims has not ended, or never will
        else:
            if not _CITED.search(reply, 0, start):
                yield from _claims_in(value)
        start = reply.find("{", end)


_HALF = re.compile(
    rf'"(?:{"|".join(_TEXT_KEYS)})"\s*:\s*"(?P<text>(?:[^"\\]|\\u[0-9a-fA-F]{{4}}|\\[^u])*)'
    r'(?:"[^{}]*|\\(?:u[0-9a-fA-F]{0,3})?)?$'
)
"""The text of an object that never ends, whole or broken off, perhaps within an escape."""


def _half_written(reply: str) -> Iterator[Statement]:
    """The claim that the reply breaks off in. Its evidence, perhaps half a number, is not believed."""
    half = _HALF.search(reply)
    around = reply.rfind("{", 0, half.start()) if half is not None else -1
    if half is None or around < 0:
        return
    if _CITED.search(reply, 0, around):
        yield from _half_written(reply[:around])
        return
    try:
        text = json.loads(f'"{half["text"]}"', strict=False)
    except ValueError:
        text = half["text"]
    yield from _claims_in({_TEXT_KEYS[0]: text.encode(errors="ignore").decode()})  # without half of a character


def _claims_in(value: Any) -> Iterator[Statement]:
    """Claims within others come first, as they do in a reply that is still being written."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key not in _EVIDENCE_KEYS:
                yield from _claims_in(item)
        said = next((value[key] for key in _TEXT_KEYS if isinstance(value.get(key), str)), None)
        if said is not None and plain(said):
            marks = [int(number) for number in re.findall(r"\d{1,6}", " ".join(_marks_of(said)))]
            named: Any = next((value[key] for key in _EVIDENCE_KEYS if key in value), [])
            yield Statement(plain(said), tuple(dict.fromkeys([*_numbers(named), *marks])))
    elif isinstance(value, list):
        for item in value:
            yield from _claims_in(item)


def _marks_of(said: str) -> list[str]:
    return re.findall(r"\[[\d,;\s]+\]", said)


def _numbers(named: Any) -> list[int]:
    """Numbers of pieces, also where they are written as "2", "[2]" or {"id": 2}."""
    if isinstance(named, bool):
        return []
    if isinstance(named, int):
        return [named]
    if isinstance(named, str):
        return [int(number) for number in re.findall(r"\d{1,6}", named)]
    items = list(named.values()) if isinstance(named, Mapping) else named if isinstance(named, list) else []
    return [number for item in items for number in _numbers(item)]


def _is_empty_list(reply: str) -> bool:
    """Whether the reply says, in its form, that there is nothing to claim."""
    return bool(re.search(r'\{\s*"claims"\s*:\s*\[\s*\]\s*\}', reply))
