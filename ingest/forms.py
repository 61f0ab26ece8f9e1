"""Form fields of a PDF page as blocks "label: value". Reads the fields; the page's other words are not its business."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pymupdf

from ingest.document import Block, Kind, Line, Source
from ingest.layout import PageFrame
from ingest.textlayer import Fragment

_GENERATED_NAME = re.compile(
    r"[\[\]#]|^(text|field|untitled|undefined|check ?box|f|c|p)[\s_.\-]*\d+([_.]\d+)*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class FilledField:
    """A field with a value. `box` in points of the displayed page."""

    label: str
    value: str
    box: tuple[float, float, float, float]


def read_fields(page: pymupdf.Page, fragments: Sequence[Fragment]) -> tuple[list[FilledField], list[Fragment]]:
    """The page's filled fields in reading order, and the fragments that are not the fields' own values."""
    filled = []
    rest = list(fragments)
    for widget in page.widgets():
        x0, y0, x1, y1 = tuple(widget.rect * page.rotation_matrix)
        value = _value(widget)
        if value is None:
            continue
        rest = [f for f in rest if not (x0 <= (f.x0 + f.x1) / 2 <= x1 and y0 <= f.middle <= y1)]
        if value:
            label = _label(widget) or _printed_label((x0, y0, x1, y1), rest)
            filled.append(FilledField(label, value, (x0, y0, x1, y1)))
    filled.sort(key=lambda item: (round(item.box[1] / 6), item.box[0]))
    return filled, rest


def field_block(item: FilledField, frame: PageFrame) -> Block:
    """A field as a block of one line."""
    text = f"{item.label}: {item.value}" if item.label else item.value
    box = frame.box(*item.box)
    return Block(Kind.FORM_FIELD, box, (Line(text, box),), Source.FORM)


def _value(widget: pymupdf.Widget) -> str | None:
    """The value as text, "" for an empty field, None for what holds no value (push buttons, signatures)."""
    kind = widget.field_type
    if kind in (pymupdf.mupdf.PDF_WIDGET_TYPE_CHECKBOX, pymupdf.mupdf.PDF_WIDGET_TYPE_RADIOBUTTON):
        state = str(widget.field_value or "Off")
        if kind == pymupdf.mupdf.PDF_WIDGET_TYPE_RADIOBUTTON:
            # A group shows one value: the button that is on names it.
            return "yes" if state not in ("Off", "False") and state == widget.on_state() else ""
        return "no" if state in ("Off", "False") else "yes"
    if kind in (
        pymupdf.mupdf.PDF_WIDGET_TYPE_TEXT,
        pymupdf.mupdf.PDF_WIDGET_TYPE_COMBOBOX,
        pymupdf.mupdf.PDF_WIDGET_TYPE_LISTBOX,
    ):
        value = widget.field_value
        parts = value if isinstance(value, list | tuple) else [value or ""]
        return " ".join(" ".join(str(part) for part in parts).split())
    return None


def _label(widget: pymupdf.Widget) -> str:
    if widget.field_label and widget.field_label.strip():
        return " ".join(widget.field_label.split()).rstrip(":")
    name = (widget.field_name or "").rpartition(".")[2]
    return "" if not name or _GENERATED_NAME.search(name) else re.sub(r"[_\s]+", " ", name).strip()


def _printed_label(box: tuple[float, float, float, float], fragments: Sequence[Fragment]) -> str:
    """The nearest words left of the field, or right of it (check boxes), or above it."""
    x0, y0, x1, y1 = box
    beside = [f for f in fragments if f.y0 < (y0 + y1) / 2 < f.y1]
    left = [f for f in beside if f.x1 <= x0 + 2]
    right = [f for f in beside if f.x0 >= x1 - 2] if x1 - x0 < 2 * (y1 - y0) else []
    above = [f for f in fragments if y0 - 2.5 * f.size < f.middle < y0 and f.x0 < x1 and f.x1 > x0]
    for near, distance in (
        (right, lambda f: f.x0 - x1),
        (left, lambda f: x0 - f.x1),
        (above, lambda f: y0 - f.y1),
    ):
        if near:
            return min(near, key=distance).text.rstrip(" :_.")
    return ""
