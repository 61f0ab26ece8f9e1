"""Draws the deck's charts and diagrams with Pillow. Their words and numbers exist as pixels only."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from samples import facts
from samples.layout import font_bytes

SIZE = (1600, 780)
INK, MUTED, GRID, NAVY, TEAL, SAND = "#1c2430", "#5b6470", "#d5dbe1", "#12335c", "#297a8a", "#c98a3b"
SERIES = (NAVY, TEAL, SAND, "#7a4b7c", "#5d7f3f", "#9aa5b1")


@cache
def _font(size: int, face: str = "helv") -> ImageFont.FreeTypeFont:
    """A built-in font at `size` pixels."""
    return ImageFont.truetype(io.BytesIO(font_bytes(face)), size)


class Picture:
    """A drawing that remembers the words put on it."""

    def __init__(self) -> None:
        self.image = Image.new("RGB", SIZE, "white")
        self.draw = ImageDraw.Draw(self.image)
        self.words: list[str] = []

    def text(self, xy: tuple[float, float], words: str, fill: str, size: int, anchor: str, face: str = "helv") -> None:
        """`words` at `xy`, which is the point of their box that Pillow's `anchor` names."""
        self.words.append(words)
        self.draw.text(xy, words, fill, _font(size, face), anchor=anchor)

    def png(self) -> bytes:
        """A small PNG: 64 colours are plenty for a drawing."""
        buffer = io.BytesIO()
        self.image.quantize(64, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
        return buffer.getvalue()


def shore_power() -> Picture:
    """Bar chart: share of calls on shore power, by port."""
    picture = Picture()
    draw = picture.draw
    left, foot, top, step = 130, 660, 110, 235
    picture.text((left, 20), "Calls on shore power by port, first half of 2025 (%)", INK, 38, "la", "hebo")
    for mark in range(0, 101, 20):
        y = foot - mark / 100 * (foot - top)
        draw.line((left, y, 1560, y), GRID, 2)
        picture.text((left - 20, y), str(mark), MUTED, 28, "rm")
    for place, (port, share) in enumerate(facts.SHORE_POWER.items()):
        x, y = left + 60 + place * step, foot - share / 100 * (foot - top)
        draw.rectangle((x, y, x + 130, foot), TEAL if share >= 50 else SAND)
        picture.text((x + 65, y - 10), str(share), INK, 34, "mb", "hebo")
        picture.text((x + 65, foot + 16), port, INK, 32, "mt")
    return picture


def carbon() -> Picture:
    """Line chart: grams of CO2 for each passenger-kilometre, with the target of 2030."""
    picture = Picture()
    draw = picture.draw
    left, foot, top, step, low, high = 140, 660, 110, 215, 40, 130
    picture.text((left, 20), "Grams of CO2 for each passenger-kilometre", INK, 38, "la", "hebo")

    def height(value: float) -> float:
        return foot - (value - low) / (high - low) * (foot - top)

    for mark in range(low, high + 1, 15):
        draw.line((left, height(mark), 1560, height(mark)), GRID, 2)
        picture.text((left - 20, height(mark)), str(mark), MUTED, 28, "rm")
    points = [(left + 60 + place * step, height(value)) for place, value in enumerate(facts.CARBON.values())]
    draw.line(points, NAVY, 6, joint="curve")
    for (x, y), (year, value) in zip(points, facts.CARBON.items(), strict=True):
        draw.ellipse((x - 10, y - 10, x + 10, y + 10), NAVY)
        picture.text((x, y - 20), str(value), INK, 34, "mb", "hebo")
        picture.text((x, foot + 16), year, INK, 32, "mt")
    target = height(facts.CARBON_TARGET)
    for x in range(left, 1560, 30):
        draw.line((x, target, x + 16, target), SAND, 5)
    picture.text((left + 20, target - 18), f"Target for 2030: {facts.CARBON_TARGET} g", SAND, 34, "ls", "hebo")
    return picture


def _box(picture: Picture, centre: tuple[int, int], half: tuple[int, int], lines: tuple[str, str]) -> None:
    (x, y), (wide, tall) = centre, half
    picture.draw.rounded_rectangle((x - wide, y - tall, x + wide, y + tall), 16, "#eef3f6", NAVY, 4)
    picture.text((x, y - 8), lines[0], NAVY, 32, "mb", "hebo")
    picture.text((x, y + 10), lines[1], INK, 31, "mt")


def organisation() -> Picture:
    """Diagram: who leads the fleet renewal programme."""
    picture = Picture()
    draw = picture.draw
    (lead, name), *streams = facts.PROGRAMME.items()
    centres = [(210 + place * 393, 590) for place in range(len(streams))]
    draw.line((800, 156, 800, 440), MUTED, 5)
    draw.line((centres[0][0], 440, centres[-1][0], 440), MUTED, 5)
    for x, y in centres:
        draw.line((x, 440, x, y), MUTED, 5)
    _box(picture, (800, 90), (300, 66), ("Steering group", "Chief executive and board committee"))
    _box(picture, (800, 290), (250, 66), (lead, name))
    for centre, (role, leader) in zip(centres, streams, strict=True):
        _box(picture, centre, (178, 74), (role, leader))
    return picture


def charging() -> Picture:
    """Diagram: the six steps of an overnight charge, in two rows."""
    picture = Picture()
    draw = picture.draw
    for place, (step, detail) in enumerate(facts.CHARGING):
        row, column = divmod(place, 3)
        x, y = 270 + column * 530, 210 + row * 360
        _box(picture, (x, y), (215, 96), (f"{place + 1}. {step}", detail))
        if column < 2:
            draw.line((x + 218, y, x + 305, y), TEAL, 7)
            draw.polygon([(x + 312, y), (x + 288, y - 16), (x + 288, y + 16)], TEAL)
    draw.line([(1330, 310), (1330, 390), (270, 390), (270, 462)], TEAL, 7)
    draw.polygon([(270, 470), (254, 446), (286, 446)], TEAL)
    return picture


def euro() -> Picture:
    """Bar of shares: where one euro of 2024 revenue went, in cents."""
    picture = Picture()
    draw = picture.draw
    year = facts.HALDEN[2024]
    parts = {
        "Crew and staff": year.crew,
        "Fuel": year.fuel,
        "Maintenance": year.maintenance,
        "Port dues": year.port_dues,
        "Other costs": year.other_costs,
        "Depreciation": year.depreciation,
        "Interest and tax": year.net_finance + year.tax,
        "Profit": year.profit,
    }
    picture.text((40, 20), "Where one euro of revenue went in 2024 (cents)", INK, 38, "la", "hebo")
    for place, (name, amount) in enumerate(parts.items()):
        cents, y = 100 * amount / year.revenue, 100 + place * 84
        picture.text((330, y + 28), name, INK, 33, "rm")
        draw.rectangle((350, y, 350 + cents * 36, y + 56), SERIES[place % len(SERIES)])
        picture.text((365 + cents * 36, y + 28), f"{cents:.1f}", INK, 33, "lm", "hebo")
    return picture
