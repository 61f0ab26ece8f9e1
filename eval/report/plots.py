"""Plots of a report as inline SVG. Draws what it is given; computes no figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

COLOURS = ("#1b6ca8", "#c4551a", "#3d8b40", "#8a4fa0", "#7a6a2f", "#444b54")
WIDTH, LEFT, RIGHT, ROW = 520, 120, 60, 20
Points = Sequence[tuple[float, float]]


def interval_plot(rows: Sequence[tuple[str, float, float, float]]) -> str:
    """(label, mean, low, high) of each row as a dot with its interval, on an axis from 0 to 1."""
    height = ROW * len(rows) + 30
    parts = [_open(height, "Means with 95 % intervals")]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x = _x(tick)
        parts.append(f'<line x1="{x}" x2="{x}" y1="6" y2="{height - 22}" class="grid"/>')
        parts.append(f'<text x="{x}" y="{height - 8}" text-anchor="middle">{tick:g}</text>')
    for number, (label, mean, low, high) in enumerate(rows):
        y, colour = 16 + ROW * number, COLOURS[number % len(COLOURS)]
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{escape(label)}</text>')
        parts.append(f'<line x1="{_x(low)}" x2="{_x(high)}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="3"/>')
        parts.append(f'<circle cx="{_x(mean)}" cy="{y}" r="5" fill="{colour}"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 12}" y="{y + 4}">{mean:.3f}</text>')
    return "".join([*parts, "</svg>"])


def line_plot(series: Mapping[str, Points], x_label: str, y_label: str, *, by_rank: bool = False) -> str:
    """Lines on a y axis from 0 to 1. `by_rank`: x values stand at even distances (cut-offs); else x is a share."""
    height, top, bottom, left, right = 250, 14, 205, 45, WIDTH - 120
    values = sorted({x for points in series.values() for x, _ in points})
    ticks = values if by_rank else [0, 0.25, 0.5, 0.75, 1]

    def across(x: float) -> float:
        share = values.index(x) / max(1, len(values) - 1) if by_rank else x
        return round(left + (right - left) * share, 1)

    def up(y: float) -> float:
        return round(bottom - (bottom - top) * y, 1)

    parts = [_open(height, f"{y_label} against {x_label}")]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        parts.append(f'<line x1="{left}" x2="{right}" y1="{up(tick)}" y2="{up(tick)}" class="grid"/>')
        parts.append(f'<text x="{left - 8}" y="{up(tick) + 4}" text-anchor="end">{tick:g}</text>')
    parts += [f'<text x="{across(x)}" y="{bottom + 18}" text-anchor="middle">{x:g}</text>' for x in ticks]
    parts.append(f'<text x="{(left + right) / 2}" y="{height - 8}" text-anchor="middle">{escape(x_label)}</text>')
    for number, (name, points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{across(x)},{up(y)}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        if by_rank:
            parts += [f'<circle cx="{across(x)}" cy="{up(y)}" r="3" fill="{colour}"/>' for x, y in points]
        y = top + 16 * number + 10
        parts.append(f'<rect x="{right + 12}" y="{y - 9}" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{right + 27}" y="{y}">{escape(name)}</text>')
    return "".join([*parts, "</svg>"])


def _open(height: float, label: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img" aria-label="{escape(label)}">'


def _x(value: float) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * min(1.0, max(0.0, value)), 1)
