"""Form fields of a PDF page as blocks "label: value". Reads the fields; the page's other words are not its business."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pymupdf

from ingest.document import Block, Kind, Line, Source
from ingest.hidden_text import HiddenText, TextLayer
from ingest.paragraphs import PageFrame
from ingest.textlayer import Fragment

_GENERATED_NAME = re.compile(
    r"[\[\]#]|^(text|field|untitled|undefined|check ?box|f|c|p)[\s_.\-]*\d+([_.]\d+)*$", re.IGNORECASE
)

_WRITTEN = frozenset(
    {
        pymupdf.mupdf.PDF_WIDGET_TYPE_TEXT,
        pymupdf.mupdf.PDF_WIDGET_TYPE_COMBOBOX,
        pymupdf.mupdf.PDF_WIDGET_TYPE_LISTBOX,
    }
)
_HIDDEN, _NO_VIEW = 1, 3
"""`Widget.field_display`: neither on screen nor on paper; on paper only."""


@dataclass(frozen=True, slots=True)
class FilledField:
    """A field with a value. `box` in points of the displayed page."""

    label: str
    value: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class FormFields:
    """Filled fields in reading order, the fragments that are not their values, hidden values, unreadable fields."""

    filled: list[FilledField]
    rest: list[Fragment]
    hidden: list[HiddenText]
    errors: list[str]


def read_fields(page: pymupdf.Page, layer: TextLayer) -> FormFields:
    """The page's form. A field is hidden by its own flags, or when its value is painted so that nobody sees it."""
    found = FormFields([], list(layer.read), [], [])
    for xref in [xref for xref, kind, _ in page.annot_xrefs() if kind == pymupdf.mupdf.PDF_ANNOT_WIDGET]:
        try:
            widget = page.load_widget(xref)
            value = _value(widget)
            if value is None:
                continue
            box = tuple(widget.rect * page.rotation_matrix)
            how = _hidden_by(widget) or _painted_unseen(value, box, layer)
        except Exception as error:  # damaged ones raise several unrelated classes, and cost only themselves
            found.errors.append(f"form field {xref} cannot be read ({type(error).__name__}: {error})".splitlines()[0])
            continue
        if how:
            found.hidden.append(HiddenText(how, value))
            continue
        if value or widget.field_type not in _WRITTEN:  # an empty field hides nothing; a button that is off has a sign
            found.rest[:] = [fragment for fragment in found.rest if not _lies_in(fragment, box)]
        if value:
            found.filled.append(FilledField(_label(widget) or _printed_label(box, found.rest), value, box))
    found.filled.sort(key=lambda item: (round(item.box[1] / 6), item.box[0]))
    return found


def _lies_in(fragment: Fragment, box: tuple[float, float, float, float]) -> bool:
    x0, y0, x1, y1 = box
    return x0 <= (fragment.x0 + fragment.x1) / 2 <= x1 and y0 <= fragment.middle <= y1


def _hidden_by(widget: pymupdf.Widget) -> str:
    """How the field's own flags hide it, "" when they do not."""
    if widget.field_display in (_HIDDEN, _NO_VIEW):
        return "in a hidden form field"
    return "in a password field" if widget.field_flags & pymupdf.mupdf.PDF_TX_FIELD_IS_PASSWORD else ""


def _painted_unseen(value: str, box: tuple[float, float, float, float], layer: TextLayer) -> str:
    """How the words that stand in the field are hidden, "" when some are seen or none stand there."""
    if any(_lies_in(fragment, box) for fragment in layer.read):
        return ""
    return next((f.hidden_by for f in layer.left_out if f.text in value and _lies_in(f, box)), "")


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
            return "yes" if state not in ("Off", "False") and state == _on_state(widget) else ""
        return "no" if state in ("Off", "False") else "yes"
    if kind in _WRITTEN:
        value = widget.field_value
        parts = value if isinstance(value, list | tuple) else [value or ""]
        return " ".join(" ".join(str(part) for part in parts).split())
    return None


def _on_state(widget: pymupdf.Widget) -> str:
    """The name of the button's "on"; the field's own value where the button has no appearances to name it."""
    states = widget.button_states() or {}
    names = [name for found in states.values() for name in found or () if name != "Off"]
    return names[0] if names else str(widget.field_value)


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
