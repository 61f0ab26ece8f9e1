"""The slide deck of the capital markets day: titles and bullet points as text, the data as pictures."""

from __future__ import annotations

import pymupdf

from samples import pictures
from samples.layout import GREY, NAVY, SLIDE, Booklet, Heading, Sample, everywhere, story_pdf, write
from samples.pictures import Picture

_CSS = """
body {font-family: sans; font-size: 19pt; line-height: 1.35}
p {text-align: left; margin: 0 0 8pt 0}
li {margin: 0 0 9pt 0}
"""
_WHY = """<ul>
<li>Five ships were built before 2007. They burn a third more than their successors and need twice the dock time.</li>
<li>The islands grow: more people, more visitors, more freight on the same quays.</li>
<li>The price of carbon for ships rises every year until 2027.</li>
<li>Engines for ships of our size are ordered three years ahead. A decision put off is a winter lost.</li>
</ul>"""
_NEXT = """<ul>
<li>Delivery of the first electric ferry for a year-round route: the yard has asked for more time.</li>
<li>Acceptance test of the charging tower at Vangsund: October.</li>
<li>Second tower: the board decides in the winter.</li>
<li>Letters of intent for ships three and four: first half of 2026, if the price of modules allows.</li>
</ul>
<p><b>Contact:</b> investor desk, Customs House, Port Halden</p>"""


def _slides() -> tuple[tuple[str, str, Picture | None], ...]:
    """Title, words of the text layer, picture."""
    return (
        ("Why we renew the fleet", _WHY, None),
        (
            "Ships that switch off in port",
            "Large harbours are done; small ones wait for the grid.",
            pictures.shore_power(),
        ),
        (
            "Cleaner with every year",
            "Efficiency first, then batteries: the curve has bent for good.",
            pictures.carbon(),
        ),
        ("Who is responsible", "One programme, four streams, one steering group.", pictures.organisation()),
        ("How a ship charges overnight", "Six steps, nobody on the quay.", pictures.charging()),
        ("What a ticket pays for", "People come first, then energy.", pictures.euro()),
        ("What comes next", _NEXT, None),
    )


def deck() -> Sample:
    """Eight landscape slides."""
    slides = _slides()
    book = Booklet(left=60.0, right=900.0)
    page = book.page(SLIDE)
    page.draw_rect(SLIDE, color=None, fill=NAVY)
    write(page, 60, 210, "Fleet renewal", 46, "hebo", color=(1, 1, 1))
    write(page, 60, 262, "Where we stand", 30, "helv", color=(0.75, 0.87, 0.9))
    write(page, 60, 420, "Halden Ferry Lines plc · Capital markets day, 18 September 2025", 15, "helv", color=(1, 1, 1))
    for number, (title, words, picture) in enumerate(slides, start=2):
        top = 105 if picture is None else 92
        part, _ = story_pdf(words, everywhere(pymupdf.Rect(60, top, 900, 500)), SLIDE, _CSS)
        book.pdf.insert_pdf(part)
        page = book.pdf[-1]
        page.wrap_contents()
        page.draw_rect(pymupdf.Rect(0, 0, 960, 10), color=None, fill=NAVY)
        write(page, 60, 68, title, 30, "hebo", color=NAVY)
        write(page, 60, 520, "Halden Ferry Lines plc · Capital markets day 2025", 10, "helv", color=GREY)
        write(page, 900, 520, str(number), 10, "helv", color=GREY, align="right")
        book.headings.append(Heading(1, title, page.number))
        if picture is not None:
            page.insert_image(pymupdf.Rect(90, 130, 870, 130 + 780 * 780 / 1600), stream=picture.png())
    data = book.finish("Fleet renewal: where we stand", "Halden Ferry Lines plc", "Capital markets day 2025")
    unseen = {index: " ".join(picture.words) for index, (_, _, picture) in enumerate(slides, start=1) if picture}
    return Sample("halden-fleet-renewal-deck.pdf", data, unseen)
