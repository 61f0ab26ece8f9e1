"""Plots of a report as inline SVG. Draws what it is given; computes no figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

COLOURS = ("#1b6ca8", "#c4551a", "#3d8b40", "#8a4fa0", "#7a6a2f", "#444b54")
WIDTH, LEFT, RIGHT, ROW = 640, 190, 80, 22
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
    """Lines over a y axis from 0 to 1. `by_rank`: x values stand at even distances (cut-offs), else to scale."""
    height, top, bottom = 260, 14, 210
    ticks = sorted({x for points in series.values() for x, _ in points})
    place = {x: LEFT / 3 + (WIDTH - LEFT) * i / max(1, len(ticks) - 1) for i, x in enumerate(ticks)}
    if not by_rank:
        most = max(ticks, default=1.0) or 1.0
        place = {x: LEFT / 3 + (WIDTH - LEFT) * x / most for x in ticks}
    parts = [_open(height, f"{y_label} against {x_label}")]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        y = bottom - (bottom - top) * tick
        parts.append(f'<line x1="{LEFT / 3:.0f}" x2="{WIDTH - LEFT * 2 / 3:.0f}" y1="{y}" y2="{y}" class="grid"/>')
        parts.append(f'<text x="{LEFT / 3 - 8:.0f}" y="{y + 4}" text-anchor="end">{tick:g}</text>')
    for x in ticks if by_rank else (ticks[0], ticks[-1]) if ticks else ():
        parts.append(f'<text x="{place[x]:.1f}" y="{bottom + 18}" text-anchor="middle">{x:g}</text>')
    parts.append(f'<text x="{WIDTH / 2 - 40}" y="{height - 8}" text-anchor="middle">{escape(x_label)}</text>')
    for number, (name, points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{place[x]:.1f},{bottom - (bottom - top) * y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        if by_rank:
            parts += [
                f'<circle cx="{place[x]:.1f}" cy="{bottom - (bottom - top) * y:.1f}" r="3" fill="{colour}"/>'
                for x, y in points
            ]
        y = top + 16 * number + 10
        parts.append(f'<rect x="{WIDTH - 115}" y="{y - 9}" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{WIDTH - 100}" y="{y}">{escape(name)}</text>')
    return "".join([*parts, "</svg>"])


def _open(height: float, label: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img" aria-label="{escape(label)}">'


def _x(value: float) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * min(1.0, max(0.0, value)), 1)
