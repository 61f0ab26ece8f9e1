"""Small files of the formats that are read through MuPDF, made on the fly."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pymupdf
from PIL import Image, ImageDraw

_CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def write_epub(path: Path, chapters: tuple[str, ...]) -> Path:
    """One chapter a text, each named in the outline; title "The Harbour", author "A. Nauta"."""
    numbers = range(len(chapters))
    items = "".join(f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>' for n in numbers)
    spine = "".join(f'<itemref idref="c{n}"/>' for n in numbers)
    points = "".join(
        f'<navPoint id="n{n}" playOrder="{n + 1}"><navLabel><text>Chapter {n + 1}</text></navLabel>'
        f'<content src="c{n}.xhtml"/></navPoint>'
        for n in numbers
    )
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", "application/epub+zip")
        book.writestr("META-INF/container.xml", _CONTAINER)
        book.writestr(
            "book.opf",
            '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="2.0" unique-identifier="id">'
            '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Harbour</dc:title>'
            f"<dc:creator>A. Nauta</dc:creator></metadata><manifest>{items}"
            '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/></manifest>'
            f'<spine toc="ncx">{spine}</spine></package>',
        )
        book.writestr(
            "toc.ncx",
            '<?xml version="1.0"?><ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1">'
            f"<navMap>{points}</navMap></ncx>",
        )
        for number, text in enumerate(chapters):
            body = f"<h1>Chapter {number + 1}</h1><p>{text}</p>"
            book.writestr(f"c{number}.xhtml", f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{body}</body></html>')
    return path


def write_fb2(path: Path, text: str) -> Path:
    path.write_text(
        '<?xml version="1.0" encoding="utf-8"?><FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0">'
        "<description><title-info><book-title>The Quay</book-title></title-info></description>"
        f"<body><section><title><p>One</p></title><p>{text}</p></section></body></FictionBook>",
        encoding="utf-8",
    )
    return path


def write_svg(path: Path, text: str) -> Path:
    path.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="500" height="200"><rect width="500" height="200" fill="#eee"/>'
        f'<text x="20" y="60" font-size="18">{text}</text></svg>',
        encoding="utf-8",
    )
    return path


def write_cbz(path: Path, texts: tuple[str, ...]) -> Path:
    with zipfile.ZipFile(path, "w") as comic:
        for number, text in enumerate(texts):
            picture = Image.new("RGB", (900, 600), "white")
            ImageDraw.Draw(picture).text((60, 80), text, fill="black", font_size=36)
            data = io.BytesIO()
            picture.save(data, "JPEG", quality=90)
            comic.writestr(f"page{number}.jpg", data.getvalue())
    return path


def write_xps(path: Path, text: str) -> Path:
    """One page of `text`, with a font of MuPDF's own."""
    font = pymupdf.Font("helv").buffer
    relation = "http://schemas.microsoft.com/xps/2005/06"
    package = "http://schemas.openxmlformats.org/package/2006"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types">'
            f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="fdseq" ContentType="application/vnd.ms-package.xps-fixeddocumentsequence+xml"/>'
            '<Default Extension="fdoc" ContentType="application/vnd.ms-package.xps-fixeddocument+xml"/>'
            '<Default Extension="fpage" ContentType="application/vnd.ms-package.xps-fixedpage+xml"/>'
            '<Default Extension="ttf" ContentType="application/vnd.ms-opentype"/></Types>',
        )
        file.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships">'
            f'<Relationship Type="{relation}/fixedrepresentation" Target="/All.fdseq" Id="R0"/></Relationships>',
        )
        file.writestr(
            "All.fdseq",
            f'<FixedDocumentSequence xmlns="{relation}"><DocumentReference Source="/One.fdoc"/>'
            "</FixedDocumentSequence>",
        )
        file.writestr("One.fdoc", f'<FixedDocument xmlns="{relation}"><PageContent Source="/1.fpage"/></FixedDocument>')
        file.writestr(
            "1.fpage",
            f'<FixedPage xmlns="{relation}" Width="816" Height="1056" xml:lang="en">'
            f'<Glyphs FontUri="/font.ttf" FontRenderingEmSize="20" OriginX="96" OriginY="120" Fill="#FF000000" '
            f'UnicodeString="{text}"/>'
            "</FixedPage>",
        )
        file.writestr("font.ttf", font)
    return path


def write_locked_pdf(path: Path, text: str, password: str) -> Path:
    with pymupdf.open() as document:
        document.new_page().insert_text((72, 72), text)
        document.save(path, encryption=pymupdf.mupdf.PDF_ENCRYPT_AES_256, user_pw=password, owner_pw=password + "!")
    return path
