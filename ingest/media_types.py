"""What kind of file some bytes are, told from the bytes. Knows names of kinds only; reads and opens no file."""

from __future__ import annotations

import re
import struct
from pathlib import PurePath

import filetype  # type: ignore[import-untyped]

PDF = "application/pdf"
IMAGES = frozenset({"image/png", "image/jpeg", "image/tiff", "image/webp", "image/gif", "image/bmp"})
TEXT = "text/plain"
CONVERTED = {
    "application/vnd.ms-xpsdocument": "xps",
    "application/epub+zip": "epub",
    "application/x-mobipocket-ebook": "mobi",
    "application/x-fictionbook+xml": "fb2",
    "application/vnd.comicbook+zip": "cbz",
    "image/svg+xml": "svg",
    TEXT: "txt",
}
"""Media types that MuPDF opens by itself, with its name for each; they are read as the PDF it makes of them."""

READABLE = "PDF, PNG, JPEG, TIFF, WebP, GIF, BMP, XPS, EPUB, MOBI, FB2, CBZ, SVG or plain text"

HEAD_BYTES = 8192  # what `filetype` looks at
TAIL_BYTES = 1 << 18  # holds a ZIP archive's list of about 3,000 files, or the last of them

_PDF_HEADER_BYTES = 1024  # the header may stand anywhere in these (ISO 32000-1, implementation note 13)
_FIRST_OBJECT = re.compile(rb"(?:\s|%[^\r\n]*+)*+\d+ \d+ obj\b")
_SAME_FORMAT = {"image/apng": "image/png"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CENTRAL_EUROPEAN = frozenset({"Polish", "Czech", "Slovak", "Hungarian", "Slovene", "Croatian", "Romanian"})
_TEXT_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_NO_TEXT = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
_PICTURE = re.compile(r"\.(jpe?g|png|gif|webp|bmp|tiff?|jp2|jpx)$", re.IGNORECASE)
_BESIDE_PICTURES = re.compile(r"(/|\.(xml|txt|nfo|db|sfv)|\.DS_Store)$", re.IGNORECASE)
_NO_TEXT_SUFFIX = re.compile(
    r"\.(pdf|png|jpe?g|tiff?|webp|gif|bmp|o?xps|epub|mobi|azw3?|cbz|docx?|xlsx?|pptx?|od[tsp]|zip|gz|7z|rar)$"
)
_NAMES = {
    "application/msword": "a Word document (.doc)",
    "application/vnd.ms-excel": "an Excel workbook (.xls)",
    "application/vnd.ms-powerpoint": "a PowerPoint presentation (.ppt)",
    "application/zip": "a ZIP archive",
    "application/gzip": "a gzip archive",
    "application/x-bzip2": "a bzip2 archive",
    "application/x-xz": "an xz archive",
    "application/zstd": "a Zstandard archive",
    "application/x-7z-compressed": "a 7-Zip archive",
    "application/x-rar-compressed": "a RAR archive",
    "application/x-tar": "a tar archive",
    "application/x-executable": "an ELF program",
    "application/x-msdownload": "a Windows program",
    "application/x-sqlite3": "an SQLite database",
    "application/font-sfnt": "a font",
    "application/font-woff": "a font",
    "application/postscript": "a PostScript file",
    "application/rtf": "a rich text document (.rtf)",
    "image/heic": "a HEIC picture",
    "image/avif": "an AVIF picture",
    "image/jpx": "a JPEG 2000 picture",
    "image/vnd.adobe.photoshop": "a Photoshop picture",
}
_OFFICE = {"word/": "a Word document (.docx)", "xl/": "an Excel workbook (.xlsx)", "ppt/": "a PowerPoint file (.pptx)"}
_OPEN_DOCUMENTS = {
    b"text": "an OpenDocument text (.odt)",
    b"spreadsheet": "an OpenDocument spreadsheet (.ods)",
    b"presentation": "an OpenDocument presentation (.odp)",
}


def recognise(head: bytes, tail: bytes, name: str) -> tuple[str, str]:
    """(media type, "") of what can be read, ("", what it is) of anything else, as in "a ZIP archive".

    `head` and `tail`: the file's first `HEAD_BYTES` and last `TAIL_BYTES`. The name only decides where the bytes
    leave it open: a PDF that lost its header, and text in a file that is named as something else.
    """
    suffix = PurePath(name).suffix.lower()
    written = _text(head)
    kind = None if written else filetype.guess(head)
    found = _SAME_FORMAT.get(kind.mime, kind.mime) if kind else ""
    if found in IMAGES:
        return found, ""
    headless = _FIRST_OBJECT.match(head) or (suffix == ".pdf" and b" obj" in head)  # MuPDF repairs that
    if b"%PDF-" in head[:_PDF_HEADER_BYTES] or headless:
        return PDF, ""
    if head[60:68] in (b"BOOKMOBI", b"TEXtREAd"):
        return "application/x-mobipocket-ebook", ""
    if head.startswith(b"PK\x03\x04"):
        return _archive(head, tail)
    if written:
        return _writing(written, suffix)
    if head.startswith(_OLE):
        return "", _NAMES.get(found, "an old Office file (.doc, .xls, .ppt or .msg)")
    return "", _NAMES.get(found) or (_described(found) if found else "data of no known kind")


def _described(media_type: str) -> str:
    family = media_type.partition("/")[0]
    known = {"video": "a video", "audio": "a sound file", "image": "a picture of an unread kind"}
    return f"{known.get(family, 'a file')} ({media_type})"


def text_encoding(data: bytes) -> str:
    """The encoding of a text file: by its mark, UTF-8 where it is that, else the likeliest; "" for no text."""
    for mark, encoding in _TEXT_MARKS:
        if data.startswith(mark):
            return encoding
    try:
        data.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError as error:
        if error.start >= len(data) - 3 and error.reason == "unexpected end of data":  # the cut parts a character
            return "utf-8"
    from charset_normalizer import from_bytes

    # The cut may part a character of several bytes: whole lines only, where there are some.
    found = list(from_bytes(data[: data.rfind(b"\n") + 1] or data))
    if not found:
        return ""
    best = found[0]
    as_likely = {
        other.encoding for other in found if other.chaos <= best.chaos and other.coherence > best.coherence - 0.05
    }
    # It ties with its neighbour for Central Europe, and is by far the commoner one of other languages.
    return "cp1252" if "cp1252" in as_likely and best.language not in _CENTRAL_EUROPEAN else best.encoding


def _text(head: bytes) -> str:
    """The head as text, "" when it is none. Control characters are in no text of one byte a character."""
    marked = any(head.startswith(mark) for mark, _ in _TEXT_MARKS[1:])
    if _NO_TEXT.search(head) and not marked:
        return ""
    encoding = text_encoding(head)
    text = head.decode(encoding, errors="replace") if encoding else ""
    return "" if "\0" in text else text


def _writing(text: str, suffix: str) -> tuple[str, str]:
    start = text.lstrip("\ufeff \t\r\n").lower()
    if "<fictionbook" in start:
        return "application/x-fictionbook+xml", ""
    if start.startswith(("<svg", "<?xml", "<!--", "<!doctype svg")) and "<svg" in start:
        return "image/svg+xml", ""
    if start.startswith("<!doctype html") or "<html" in start[:1024]:
        return "", "an HTML page"
    if start.startswith("<?xml"):
        return "", "an XML file"
    if start.startswith("{\\rtf"):
        return "", _NAMES["application/rtf"]
    if start.startswith("%!ps"):
        return "", _NAMES["application/postscript"]
    if _NO_TEXT_SUFFIX.match(suffix):
        return "", f"plain text, though its name ends in {suffix}"
    return TEXT, ""


def _archive(head: bytes, tail: bytes) -> tuple[str, str]:
    """What a ZIP archive holds, by its first entry and the names in its list of files."""
    if head[30:38] == b"mimetype":
        declared = head[38:200]
        if declared.startswith(b"application/epub+zip"):
            return "application/epub+zip", ""
        for part, said in _OPEN_DOCUMENTS.items():
            if declared.startswith(b"application/vnd.oasis.opendocument." + part):
                return "", said
    names = list(_names(tail))
    if "META-INF/container.xml" in names:
        return "application/epub+zip", ""
    if any(name.endswith((".fdseq", ".fdoc")) for name in names):
        return "application/vnd.ms-xpsdocument", ""
    for folder, said in _OFFICE.items():
        if "[Content_Types].xml" in names and any(name.startswith(folder) for name in names):
            return "", said
    if "META-INF/MANIFEST.MF" in names:
        return "", "a Java archive"
    pictures = [name for name in names if _PICTURE.search(name)]
    if pictures and all(name in pictures or _BESIDE_PICTURES.search(name) for name in names):
        return "application/vnd.comicbook+zip", ""
    return "", _NAMES["application/zip"]


def _names(tail: bytes) -> list[str]:
    """The names in a ZIP archive's list of files (APPNOTE.TXT 4.3.12), as far as `tail` holds it."""
    names, place = [], tail.find(b"PK\x01\x02")
    while place >= 0 and place + 46 <= len(tail):
        (length,) = struct.unpack_from("<H", tail, place + 28)
        names.append(tail[place + 46 : place + 46 + length].decode("utf-8", errors="replace"))
        place = tail.find(b"PK\x01\x02", place + 46 + length)
    return names
