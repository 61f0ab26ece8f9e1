"""Paper: the scanned board minutes and the photographed notice. No text layer; turned, noisy, grey or shaded.

Noise is seeded, so that the same libraries give the same bytes.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pymupdf
from PIL import ExifTags, Image, ImageFilter

from samples.facts import FENDERS, MINUTES, NOTICE
from samples.layout import A4, Booklet, Sample, Table, everywhere, pdf_bytes, story_pdf, write

_TEXT = Path(__file__).parent / "text"
_TURNS = (0.8, -1.1, 0.5, -0.6)  # degrees, page by page
_MINUTES_CSS = "body {font-family: typed; font-size: 11pt; line-height: 1.35} p {text-align: left; margin: 0 0 9pt 0}"
_LETTER_CSS = "body {font-family: serif; font-size: 12.5pt; line-height: 1.4} p {margin: 0 0 10pt 0}"
_NOTICE_CSS = (
    "body {font-family: sans; font-size: 17pt; line-height: 1.35} p {text-align: left; margin: 0 0 13pt 0}"
    "h1 {font-size: 31pt; text-align: center} h2 {font-size: 20pt; text-align: center; margin: 8pt 0 18pt 0}"
)


def _page(html: str, css: str) -> pymupdf.Page:
    pdf, _ = story_pdf(html, everywhere(pymupdf.Rect(72, 64, 530, 800)), A4, css)
    if pdf.page_count != 1:
        raise ValueError("a sheet of paper holds one page of text")
    return pdf[0]


def _survey() -> pymupdf.Page:
    book = Booklet(left=72.0, right=530.0)
    page = book.page()
    lines = (_TEXT / "survey.txt").read_text(encoding="utf-8").format(m=MINUTES).splitlines()
    for line in lines:
        write(page, 72, book.y, line, 12.5, "cobo")
        book.y += 22
    rows = [(str(unit), bolts, rubber, verdict) for unit, (bolts, rubber, verdict) in enumerate(FENDERS, start=1)]
    header = ("Unit", "Bolts missing", "Rubber", "Verdict")
    book.table(Table("Findings", header, rows, (1, 2, 2.4, 2.4), left=frozenset({0, 1, 2, 3}), size=13.0))
    write(page, 72, book.y + 30, "Divers: T. Hallam, E. Roe. Visibility two metres.", 12.5, "cour")
    return page


def _grey(page: pymupdf.Page, turn: float, seed: int) -> bytes:
    """The page as a poor office scanner gives it: 150 dpi, turned, soft, noisy, JPEG."""
    image = page.get_pixmap(dpi=150, colorspace=pymupdf.csGRAY).pil_image()
    image = image.rotate(turn, Image.Resampling.BICUBIC, fillcolor=255).filter(ImageFilter.GaussianBlur(0.5))
    random = np.random.default_rng(seed)
    pixels = np.asarray(image, dtype=np.float32) * 0.86 + 24
    pixels += np.linspace(0, -14, pixels.shape[1], dtype=np.float32)  # the lid was not quite shut
    pixels += random.normal(0, 5, pixels.shape).astype(np.float32)
    specks = random.random(pixels.shape) < 0.0002
    pixels[specks] = 60
    buffer = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=42)
    return buffer.getvalue()


def minutes() -> Sample:
    """Two pages of minutes, a letter and a diver's sheet, as one image-only PDF."""
    first, second = (_TEXT / "minutes.html").read_text(encoding="utf-8").format(m=MINUTES).split("<!--break-->")
    letter = (_TEXT / "letter.html").read_text(encoding="utf-8").format(m=MINUTES)
    pages = (_page(first, _MINUTES_CSS), _page(second, _MINUTES_CSS), _page(letter, _LETTER_CSS), _survey())
    pdf = pymupdf.open()
    for number, (page, turn) in enumerate(zip(pages, _TURNS, strict=True)):
        sheet = pdf.new_page(width=A4.width, height=A4.height)
        sheet.insert_image(sheet.rect, stream=_grey(page, turn, seed=number))
    pdf.set_metadata({"producer": "Recto samples", "creationDate": "D:20250520083000Z"})
    unseen = {number: page.get_text() for number, page in enumerate(pages)}
    return Sample("halden-board-minutes-2025-05.pdf", pdf_bytes(pdf), unseen)


def notice() -> Sample:
    """A photo of the notice board. Its pixels lie on their side; only the EXIF orientation sets them right."""
    html = (_TEXT / "notice.html").read_text(encoding="utf-8").format(n=NOTICE)
    source = _page(html, _NOTICE_CSS)
    sheet = source.get_pixmap(dpi=130).pil_image().convert("RGB")
    width, height = sheet.width + 240, sheet.height + 220
    random = np.random.default_rng(7)
    grain = np.cumsum(random.normal(0, 1.2, (height, 1)), axis=0) + random.normal(0, 5, (height, width))
    board = np.clip(np.array([132, 98, 64]) + grain[:, :, None], 0, 255).astype(np.uint8)
    scene = Image.fromarray(board)
    corners = ((96, 84), (width - 132, 118), (width - 78, height - 92), (132, height - 128))
    coefficients = _perspective(corners, (sheet.width, sheet.height))
    paper = sheet.transform(scene.size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)
    mask = Image.new("L", sheet.size, 255)
    mask = mask.transform(scene.size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)
    scene.paste(paper, mask=mask)
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    light = (1.02 - 0.3 * down * across - 0.1 * (1 - across))[:, :, None]
    pixels = np.asarray(scene, dtype=np.float64) * light + random.normal(0, 3, (height, width, 1))
    photo = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # turn the pixels a quarter clockwise to see the picture
    exif[ExifTags.Base.DateTime] = "2025:10:29 16:12:05"
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", quality=70, exif=exif)
    return Sample("mell-winter-notice.jpg", buffer.getvalue(), {0: source.get_text()})


def _perspective(corners: tuple[tuple[int, int], ...], size: tuple[int, int]) -> list[float]:
    """Pillow's eight coefficients, which map a point of the scene to a point of a sheet of `size`."""
    targets = ((0, 0), (size[0], 0), size, (0, size[1]))
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(corners, targets, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    return [float(value) for value in np.linalg.solve(np.array(rows), np.array(targets, dtype=float).ravel())]
