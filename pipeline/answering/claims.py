"""Reads a model's reply: statements with `[n]` marks become claims with citations, each checked.

Owns the syntax of marks and the choice of the lines that are quoted. Drops no word of the reply. A mark that names no
piece gives no citation; a statement without a citation is not supported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.answering.checking import check
from pipeline.answering.sentences import sentence_ends
from pipeline.answering.units import cut
from pipeline.answering.words import content_stems
from pipeline.context import Piece
from pipeline.results import Citation, Claim

_MARK = re.compile(r"[^\S\n]*\[\s*(\d{1,6}(?:\s*[,;\u2013-]\s*\d{1,6})*)\s*\]", re.ASCII)
_MARKS = re.compile(rf"(?:{_MARK.pattern})+[.,;:]?")
_WORDY = re.compile(r"[^\W_]")
_LONGEST_RANGE = 50


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence or line of a reply without its marks, and the numbers that they named."""

    text: str
    numbers: tuple[int, ...]


def split_reply(reply: str) -> Iterator[tuple[Statement, int]]:
    """Each statement with the offset at which it, with the marks after it, ends. Every word of the reply is in one."""
    start = 0
    for end in _ends(reply):
        raw = reply[start:end]
        if _WORDY.search(_MARK.sub("", raw)):
            named = (number for match in _MARK.finditer(raw) for number in _numbers(match[1]))
            yield Statement(plain(raw), tuple(dict.fromkeys(named))), end
            start = end


def plain(text: str) -> str:
    """`text` without its marks, white space made single."""
    return " ".join(_MARK.sub("", text).split())


def build_claim(statement: Statement, pieces: Sequence[Piece]) -> Claim:
    """The claim with citations into each piece it names; supported when its numbers and names stand in those pieces."""
    by_number = {piece.number: piece for piece in pieces}
    cited = [by_number[number] for number in statement.numbers if number in by_number]
    citations = tuple(citation for piece in cited for citation in _cite(statement.text, piece))
    evidence = [_evidence(piece) for piece in cited if piece.chunk is not None]
    supported = bool(evidence) and check(statement.text, evidence).supported
    return Claim(statement.text, supported, citations)


def _ends(reply: str) -> Iterator[int]:
    """Ends of statements: of each line, and of each sentence in it with the marks that follow."""
    for line in re.finditer(r"[^\n]+", reply):
        masked = _MARK.sub(lambda match: " " * len(match[0]), line[0])
        for end in sentence_ends(masked):
            marks = _MARKS.match(line[0], end)
            yield line.start() + (marks.end() if marks else end)


def _numbers(mark: str) -> list[int]:
    found: list[int] = []
    for part in re.split(r"[,;]", mark):
        ends = [int(number) for number in re.split(r"[\u2013-]", part)]
        if len(ends) == 2 and ends[0] <= ends[1] <= ends[0] + _LONGEST_RANGE:
            found += range(ends[0], ends[1] + 1)
        else:
            found += ends
    return found


def _evidence(piece: Piece) -> str:
    """What a claim may rest on: the piece, and what its page says it is about (headings, title, file name)."""
    words = (piece.chunk.text, piece.chunk.context) if piece.chunk else ()
    return "\n".join((*words, piece.title, re.sub(r"[_.-]+", " ", piece.name)))


def _cite(claim: str, piece: Piece) -> list[Citation]:
    """The unit of the piece that shares most words with the claim; the whole piece when none does."""
    if piece.chunk is None:
        return [Citation(piece.ref, piece.name, piece.page_label, piece.box, "")]
    wanted = content_stems(claim)

    def overlap(words: frozenset[str]) -> float:
        shared = sum(2.0 if word[0].isdigit() else 1.0 for word in wanted & words)
        return shared and shared - 0.01 * len(words - wanted)

    scored = [(overlap(content_stems(unit.said)), unit) for unit in cut(piece.chunk)]
    best = max(scored, key=lambda item: item[0], default=None)
    if best is None or best[0] <= 0:
        return [Citation(piece.ref, piece.name, piece.page_label, piece.box, " ".join(piece.chunk.text.split()))]
    return [Citation(piece.ref, piece.name, piece.page_label, box, quote) for quote, box in best[1].parts]
