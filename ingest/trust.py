"""Can a page's text layer be trusted? Decides what is read from it and what from the drawn page, and says why.

Owns the decision and its reason; draws nothing and reads nothing itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pymupdf

from ingest.document import Block, Line, Source, TextSource, TextTrust
from ingest.letters import looks_like_language
from ingest.strokes import Writing
from ingest.textlayer import Fragment, unknown_share

_FEW_CHARACTERS = 200
_MOST_UNKNOWN = 0.3
"""Part of the characters that stand for nothing, beyond which the layer is garbage."""
_LEAST_WRITING = 150
_LEAST_SHARE = 0.6
"""The page is read when at least so much writing, in windows, lies outside the layer, which covers less than this."""
_LEAST_SHARE_OF_SCAN = 1 / 3
"""A hidden layer that covers less than this of a scan's writing does not count as its reading."""
_LEAST_AGREEMENT = 0.3
_FEWEST_WORDS = 8
"""With fewer different words read from the page nothing can be said against the layer."""
_WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done with one page's text layer.

    use: its words are read. read_page: the whole drawn page is read, `reason` says why. compare: its words are used
    only when the reading finds them, too.
    """

    use: bool = True
    read_page: bool = False
    compare: bool = False
    reason: str = ""


def plan_page(
    fragments: Sequence[Fragment], areas: Sequence[pymupdf.Rect], page_area: float, writing: Writing | None
) -> Plan:
    """The plan for a page with these words and pictures. `writing` None: the page could not be drawn."""
    unknown = unknown_share(fragments)
    if unknown > _MOST_UNKNOWN:
        reason = f"{unknown:.0%} of the text layer's characters are unknown signs"
        return Plan(use=False, read_page=True, reason=reason)
    if not looks_like_language(" ".join(fragment.text for fragment in fragments)):
        return Plan(read_page=True, compare=True, reason="the text layer's letters form no language")
    if any(fragment.hidden for fragment in fragments):
        return Plan()  # an OCR layer: each picture is looked at by itself
    characters = sum(len(fragment.text) for fragment in fragments)
    largest = max((area.get_area() for area in areas), default=0.0) / page_area
    if characters <= _FEW_CHARACTERS and not (fragments and areas and largest < 0.6):
        return Plan(read_page=True, reason="the text layer has few words" if fragments else "there is no text layer")
    if writing is not None:
        cover = writing.cover([(f.x0, f.y0, f.x1, f.y1) for f in fragments], without=areas)
        if cover.outside >= _LEAST_WRITING and cover.share < _LEAST_SHARE:
            return Plan(read_page=True, reason=f"the text layer covers {cover.share:.0%} of the writing")
    return Plan()


def agrees(fragments: Sequence[Fragment], lines: Sequence[Line]) -> bool:
    """True unless the reading of the drawn page shows words, and other words than the layer."""
    layer = set(_WORD.findall(" ".join(fragment.text for fragment in fragments).casefold()))
    drawn = set(_WORD.findall(" ".join(line.text for line in lines).casefold()))
    return len(drawn) < _FEWEST_WORDS or len(layer & drawn) >= _LEAST_AGREEMENT * min(len(layer), len(drawn))


def is_read_already(area: pymupdf.Rect, fragments: Sequence[Fragment], writing: Writing | None) -> bool:
    """True when a hidden text layer lies over the picture: it was read by whoever made the file."""
    inside = [f for f in fragments if f.hidden and area.contains(pymupdf.Point((f.x0 + f.x1) / 2, f.middle))]
    if sum(len(fragment.text) for fragment in inside) < 20:
        return False
    boxes = [(f.x0, f.y0, f.x1, f.y1) for f in inside]
    return writing is None or writing.cover(boxes, within=area).share >= _LEAST_SHARE_OF_SCAN


def trust_of(blocks: Sequence[Block], hidden_layer: bool, reason: str) -> TextTrust:
    """Where the page's words came from in the end. `reason`: what was found on the way, "" for nothing."""
    sources = {block.source for block in blocks if block.lines}
    from_layer, from_pixels = bool(sources - {Source.OCR}), Source.OCR in sources
    if from_layer and from_pixels:
        return TextTrust(TextSource.BOTH, reason or "pictures hold words that the text layer has not")
    if from_pixels:
        return TextTrust(TextSource.OCR, reason or "only pictures hold words")
    if from_layer:
        layer = "a hidden OCR layer lies under the scan" if hidden_layer else "the text layer covers the writing"
        return TextTrust(TextSource.TEXT_LAYER, reason or layer)
    return TextTrust(TextSource.NONE, reason or "nothing is written on the page")
