"""Pictures of pages: a size-bounded cache of renderings, and evidence boxes drawn on them.

A screenshot is a pure function of (original bytes, `page_index`, dpi); a cached file only saves the time of
rendering it again. Never a source of truth, never a reader of file formats (`ingest.render` does that).
"""

from __future__ import annotations

import io
import logging
import os
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageStat

from ingest.document import Box
from ingest.errors import InputError

log = logging.getLogger(__name__)

_HIGHLIGHT = (255, 240, 150)  # multiplied with light pages, as a marker pen does: black text stays black
_GLOW = (74, 60, 8)  # added to dark pages
_OUTLINE = (214, 84, 0)
_DARK = 96  # mean luminance (0-255) below which an area counts as dark
_SMOOTH = 3  # outlines are drawn this many times larger and reduced, so that corners are not jagged


class ScreenshotCache:
    """PNG files `folder/document_id/page_index@dpi.png`, least recently used out first.

    Lossless, so that a picture read from the cache equals the one just rendered. `max_bytes` 0 keeps nothing.
    One process owns the folder, as it owns the library around it; its threads take turns (MuPDF is not thread-safe).
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._bytes: int | None = None  # unknown until the folder is first looked at
        self._guard = threading.Lock()

    def page(self, document_id: str, path: Path, media_type: str, page_index: int, dpi: int) -> Image.Image:
        """The page as RGB, `dpi` dots an inch, from the cache or rendered from the original at `path`."""
        file = self._folder / document_id / f"{page_index}@{dpi}.png"
        with self._guard:
            picture = self._read(file)
            if picture is None:
                from ingest.render import render_page

                picture = render_page(path, media_type, page_index, dpi)
                if self._max_bytes > 0:
                    self._write(file, picture)
        return picture

    def size(self) -> int:
        """Bytes of the pictures kept."""
        return sum(size for _, size, _ in self._files())

    def _read(self, file: Path) -> Image.Image | None:
        """The picture, or None when it is not there or damaged."""
        try:
            with Image.open(file) as stored:
                picture = stored.convert("RGB")
            os.utime(file)  # the time of last use orders eviction
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for damaged files
            log.warning("a cached page picture is damaged and is rendered again: %s: %s", file, error)
            self._bytes = None  # it is about to be replaced by one of another size
            return None
        return picture

    def _write(self, file: Path, picture: Image.Image) -> None:
        """Keeps the picture. A disk that refuses it costs the next caller a rendering, nothing else."""
        temporary = None
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=file.parent, suffix=".part")
            temporary = Path(name)
            with os.fdopen(handle, "wb") as stream:
                picture.save(stream, "PNG", compress_level=1)
            written = temporary.stat().st_size
            os.replace(temporary, file)
        except OSError as error:
            log.warning("a page picture is not kept in the cache: %s", error)
            if temporary is not None:
                temporary.unlink(missing_ok=True)
            return
        if self._bytes is not None:
            self._bytes += written
        self._evict(keep=file)

    def _evict(self, keep: Path) -> None:
        """Deletes the least recently used pictures, a tenth below the bound so that not every write has to."""
        if self._bytes is None:
            self._bytes = self.size()
        if self._bytes <= self._max_bytes:
            return
        files = sorted(self._files())
        self._bytes = sum(size for _, size, _ in files)
        for _, size, file in files:
            if self._bytes <= 0.9 * self._max_bytes:
                break
            if file != keep or size > self._max_bytes:
                file.unlink(missing_ok=True)
                self._bytes -= size

    def _files(self) -> list[tuple[int, int, Path]]:
        """(time of last use in ns, bytes, file) of everything kept, leftovers of a killed run included."""
        found = []
        for file in self._folder.glob("*/*"):
            try:
                stat = file.stat()
            except FileNotFoundError:
                continue
            found.append((stat.st_mtime_ns, stat.st_size, file))
        return found


def draw_boxes(picture: Image.Image, boxes: Sequence[Box], labels: Sequence[str] = ()) -> Image.Image:
    """A copy of `picture` with `boxes` highlighted and outlined, text on it as readable as before.

    `labels`, one a box where given, are drawn as small tags at the boxes' top left corners, outside them.
    Lines of one paragraph with the same label are outlined as one area.
    """
    marks = _merged(boxes, labels or [""] * len(boxes))
    width, height = picture.size
    unit = max(1, round(min(width, height) / 500))
    drawn = picture.convert("RGB")
    areas = []
    for box, label in marks:
        # A line's box already reaches over and under its letters; only its sides need air.
        left, top = round(box.x0 * width) - 2 * unit, round(box.y0 * height)
        right, bottom = round(box.x1 * width) + 2 * unit, round(box.y1 * height)
        area = (max(0, left), max(0, top), min(width, max(right, left + 1)), min(height, max(bottom, top + 1)))
        if area[0] < area[2] and area[1] < area[3]:
            drawn.paste(_highlighted(picture.convert("RGB").crop(area)), area[:2])
            areas.append((area, label))
    for area, _ in areas:
        _outline(drawn, area, unit)
    for area, label in areas:
        if label:
            _tag(drawn, area, label, unit)
    return drawn


def save_picture(picture: Image.Image, file: Path) -> None:
    """Writes `picture` to `file` in the format its name ends with (PNG, JPEG, WebP). Raises `InputError`."""
    try:
        picture.save(file)
    except ValueError:
        raise InputError(f"{file} does not end with a picture format: write FILE.png") from None
    except OSError as error:
        raise InputError(f"{file} cannot be written ({error.strerror or error}): name another file") from None


def png_bytes(picture: Image.Image) -> bytes:
    """Lossless, so that small print stays legible; level 1, because the receiver is near and time matters more."""
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


def crop(picture: Image.Image, box: Box) -> Image.Image:
    """The part of a page's picture in `box`, at least one pixel of it."""
    left, top = int(box.x0 * picture.width), int(box.y0 * picture.height)
    right, bottom = round(box.x1 * picture.width), round(box.y1 * picture.height)
    left, top = min(left, picture.width - 1), min(top, picture.height - 1)
    return picture.crop((left, top, max(right, left + 1), max(bottom, top + 1)))


def make_folder(folder: Path) -> None:
    """Makes `folder` if it is not there. Raises `InputError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made ({error.strerror or error}): name another folder") from None


def _merged(boxes: Sequence[Box], labels: Sequence[str]) -> list[tuple[Box, str]]:
    """Boxes of one label that overlap, or stand under one another like lines, become one."""
    marks: list[tuple[Box, str]] = []
    for box, label in sorted(zip(boxes, labels, strict=True), key=lambda mark: (mark[0].y0, mark[0].x0)):
        for place, (other, other_label) in enumerate(marks):
            if label == other_label and _belong(box, other):
                marks[place] = (Box.around([box, other]), label)
                break
        else:
            marks.append((box, label))
    return marks


def _belong(one: Box, other: Box) -> bool:
    shared_width = min(one.x1, other.x1) - max(one.x0, other.x0)
    gap = max(one.y0, other.y0) - min(one.y1, other.y1)
    line_height = min(one.y1 - one.y0, other.y1 - other.y0)
    return shared_width > 0.5 * min(one.x1 - one.x0, other.x1 - other.x0) and gap < 0.8 * line_height


def _highlighted(area: Image.Image) -> Image.Image:
    if ImageStat.Stat(area.convert("L")).mean[0] < _DARK:
        return ImageChops.add(area, Image.new("RGB", area.size, _GLOW))
    return ImageChops.multiply(area, Image.new("RGB", area.size, _HIGHLIGHT))


def _outline(picture: Image.Image, area: tuple[int, int, int, int], unit: int) -> None:
    """A rounded frame just outside `area`, so that it never crosses the text inside."""
    reach = unit + unit // 2
    left, top = max(0, area[0] - reach), max(0, area[1] - reach)
    right, bottom = min(picture.width, area[2] + reach), min(picture.height, area[3] + reach)
    mask = Image.new("L", ((right - left) * _SMOOTH, (bottom - top) * _SMOOTH))
    frame = (0, 0, mask.width - 1, mask.height - 1)
    ImageDraw.Draw(mask).rounded_rectangle(frame, radius=3 * unit * _SMOOTH, outline=255, width=reach * _SMOOTH)
    mask = mask.resize((right - left, bottom - top), Image.Resampling.LANCZOS)
    picture.paste(Image.new("RGB", mask.size, _OUTLINE), (left, top), mask)


def _tag(picture: Image.Image, area: tuple[int, int, int, int], label: str, unit: int) -> None:
    """`label` on a small flag left of the area where the page has room, else above its corner."""
    font = ImageFont.load_default(size=13 * unit)
    pen = ImageDraw.Draw(picture)
    x0, y0, x1, y1 = pen.textbbox((0, 0), label, font=font)
    width, height = round(x1 - x0) + 6 * unit, round(y1 - y0) + 6 * unit
    left, top = area[0] - width - 2 * unit, area[1] - 2 * unit
    if left < 0:
        left, top = max(0, area[0] - 2 * unit), max(0, area[1] - height - 2 * unit)
    pen.rounded_rectangle((left, top, left + width, top + height), radius=2 * unit, fill=_OUTLINE)
    pen.text((left + 3 * unit - x0, top + 3 * unit - y0), label, font=font, fill="white")
