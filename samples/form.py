"""The filled damage claim form: real AcroForm fields whose values stand in no text of the page."""

from __future__ import annotations

import pymupdf
from pymupdf import mupdf

from samples.facts import CLAIM
from samples.layout import A4, GREY, NAVY, RULE, Booklet, Sample, write

_FIELDS = (  # label, field name, value, half a line wide, height
    ("Claim reference (office use)", "claim_reference", CLAIM.reference, True, 18),
    ("Booking reference", "booking_reference", CLAIM.booking, True, 18),
    ("Name of the claimant", "claimant", CLAIM.claimant, False, 18),
    ("Ship", "ship", CLAIM.vessel, True, 18),
    ("Date of the crossing", "date_of_crossing", CLAIM.sailed, True, 18),
    ("Registration of the vehicle", "registration", CLAIM.registration, True, 18),
    ("Place on the car deck", "deck_place", CLAIM.deck, True, 18),
    ("What was damaged, and how", "damage", CLAIM.damage, False, 54),
    ("Amount claimed, in euros", "amount", CLAIM.amount, True, 18),
    ("Repairer who gave the estimate", "repairer", CLAIM.repairer, True, 18),
    ("Witness, if any", "witness", CLAIM.witness, False, 18),
)
_BOXES = (  # label, field name, ticked
    ("I reported the damage to the crew before I left the ship.", "reported_on_board", True),
    ("I enclose photographs.", "photographs", True),
    ("I enclose a written estimate.", "estimate", True),
    ("My own insurer has paid for the damage in full or in part.", "insurer_paid", False),
    ("I would accept a voucher of a higher value in place of money.", "voucher", False),
)
_RULES = (
    "A claim must reach us within thirty days of the crossing. We answer within twenty-one days.",
    "We are liable for damage that our crew or our equipment has caused. We are not liable for dents from",
    "the doors of neighbours, for aerials, or for what was left on the roof.",
    "Please keep the damaged parts until we have had the opportunity to look at them.",
    "If you do not agree with our answer you may turn to the Passenger Ombudsman, free of charge.",
)


def _widget(page: pymupdf.Page, kind: int, name: str, rect: pymupdf.Rect, value: str | bool, label: str) -> None:
    widget = pymupdf.Widget()
    widget.field_type, widget.field_name, widget.field_label = kind, name, label
    widget.rect, widget.field_value = rect, value
    widget.border_color, widget.fill_color, widget.border_width = RULE, (0.96, 0.98, 1), 1
    widget.text_fontsize = 10
    if rect.height > 30 and kind == mupdf.PDF_WIDGET_TYPE_TEXT:
        widget.field_flags = mupdf.PDF_TX_FIELD_IS_MULTILINE
    page.add_widget(widget)


def claim_form() -> Sample:
    """Two pages: the fields, then the declaration with check boxes."""
    book = Booklet()
    page = book.page(A4)
    write(page, 56, 80, "Halden Ferry Lines plc", 11, "helv", color=GREY)
    write(page, 56, 108, "Claim for damage to a vehicle", 21, "hebo", color=NAVY)
    write(page, 56, 130, "Form 14, edition of January 2025. Please fill in on screen or in block letters.", 9.5)
    x, y = 56.0, 168.0
    for label, name, value, half, height in _FIELDS:
        width = 231.5 if half else 483.0
        write(page, x, y, label, 9.5, "hebo")
        rect = pymupdf.Rect(x, y + 6, x + width, y + 6 + height)
        _widget(page, mupdf.PDF_WIDGET_TYPE_TEXT, name, rect, value, label)
        wrap = not half or x > 56
        x, y = (56.0, y + height + 32) if wrap else (307.5, y)
    for number, line in enumerate(_RULES):
        write(page, 56, y + 26 + 14 * number, line, 9)
    write(page, 539, 806, "Form 14, page 1 of 2", 8.5, color=GREY, align="right")
    page = book.page(A4)
    write(page, 56, 108, "Declaration", 21, "hebo", color=NAVY)
    write(page, 56, 140, "Please tick what applies.", 9.5)
    y = 170.0
    for label, name, ticked in _BOXES:
        rect = pymupdf.Rect(56, y - 10, 69, y + 3)
        _widget(page, mupdf.PDF_WIDGET_TYPE_CHECKBOX, name, rect, ticked, label)
        write(page, 80, y, label, 10)
        y += 28
    write(page, 56, y + 30, "I declare that what I have stated in this form is true and complete.", 10)
    write(page, 56, y + 62, "Signature", 9.5, "hebo")
    page.draw_line((56, y + 100), (290, y + 100), color=RULE, width=0.8)
    write(page, 56, y + 140, "Send to: Claims desk, Halden Ferry Lines plc, Customs House, Port Halden", 9.5)
    write(page, 539, 806, "Form 14, page 2 of 2", 8.5, color=GREY, align="right")
    data = book.finish("Claim for damage to a vehicle", "Halden Ferry Lines plc", "Form 14")
    return Sample("damage-claim-form.pdf", data, {0: "\n".join(value for _, _, value, _, _ in _FIELDS)})
