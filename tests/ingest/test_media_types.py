from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from ingest.errors import InputError
from ingest.files import identify
from ingest.media_types import HEAD_BYTES, TAIL_BYTES, recognise, text_encoding
from tests.ingest.made_files import write_cbz, write_epub, write_fb2, write_svg, write_xps


def write_zip(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "content")
    return path


def test_formats_of_mupdf_are_told_by_their_bytes_whatever_the_name(tmp_path: Path) -> None:
    files = {
        "application/epub+zip": write_epub(tmp_path / "a", ("One",)),
        "application/x-fictionbook+xml": write_fb2(tmp_path / "b.xml", "One"),
        "image/svg+xml": write_svg(tmp_path / "c.txt", "One"),
        "application/vnd.comicbook+zip": write_cbz(tmp_path / "d.zip", ("One", "Two")),
        "application/vnd.ms-xpsdocument": write_xps(tmp_path / "e.oxps", "One"),
    }
    mobi = tmp_path / "f.prc"
    mobi.write_bytes(bytes(60) + b"BOOKMOBI" + bytes(100))
    files["application/x-mobipocket-ebook"] = mobi
    assert {media_type: identify(path).media_type for media_type, path in files.items()} == {key: key for key in files}


@pytest.mark.parametrize("name", ["notes.txt", "README", "data.csv", "notes.md"])
@pytest.mark.parametrize(
    "data",
    [
        b"Net sales were 412 million.\n",
        "Größe — “quoted”\n".encode(),
        "Umsatz in Österreich\n".encode("utf-16"),
        "Größe der Häuser in Österreich, für alle\n".encode("cp1252"),
        b"BMW sold more cars.\n",  # begins like a bitmap
        b"\x1b[1mbold in a terminal\x1b[0m\f\n",
    ],
)
def test_text_is_text_with_any_name_of_a_text_and_in_any_encoding(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert identify(path).media_type == "text/plain"


def test_a_character_cut_at_the_end_of_what_is_looked_at_is_still_text(tmp_path: Path) -> None:
    for shift in range(3):
        path = tmp_path / f"{shift}.txt"
        path.write_text("x" * shift + "東" * 5000, encoding="utf-8")
        assert identify(path).media_type == "text/plain"


def test_what_is_not_read_is_named_by_its_bytes(tmp_path: Path) -> None:
    tar = tmp_path / "tar"
    with tarfile.open(tar, "w") as archive:
        archive.addfile(tarfile.TarInfo("a"), io.BytesIO())
    ico = tmp_path / "ico"
    Image.new("RGB", (16, 16), "red").save(ico, format="ICO")
    raw = {
        "an ELF program": b"\x7fELF\x02\x01\x01" + bytes(100),
        "a Windows program": b"MZ" + bytes(100),
        "a gzip archive": b"\x1f\x8b\x08" + bytes(100),
        "an old Office file": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        "an SQLite database": b"SQLite format 3\0" + bytes(100),
        "an HTML page": b"<!DOCTYPE html><p>hello",
        "an XML file": b'<?xml version="1.0"?><a/>',
        "a rich text document": b"{\\rtf1\\ansi hello}",
        "a PostScript file": b"%!PS-Adobe-3.0\n",
        "a video (video/mp4)": b"\0\0\0\x18ftypmp42" + bytes(100),
        "data of no known kind": bytes(range(256)) * 8,
        "plain text, though its name ends in .pdf": b"404 not found",
    }
    files = {}
    for number, (said, data) in enumerate(raw.items()):
        files[said] = tmp_path / (f"{number}.pdf" if "404" in str(data) else f"{number}.bin")
        files[said].write_bytes(data)
    office = "[Content_Types].xml"
    files["a ZIP archive"] = write_zip(tmp_path / "z1.docx", "a.txt", "b.csv")
    files["a Word document (.docx)"] = write_zip(tmp_path / "z2.pdf", office, "word/document.xml")
    files["an Excel workbook (.xlsx)"] = write_zip(tmp_path / "z3.zip", office, "xl/workbook.xml")
    files["a PowerPoint file (.pptx)"] = write_zip(tmp_path / "z4", office, "ppt/presentation.xml")
    files["a Java archive"] = write_zip(tmp_path / "z5", "META-INF/MANIFEST.MF", "A.class")
    files["a tar archive"] = tar
    files["a picture of an unread kind (image/x-icon)"] = ico
    for said, path in files.items():
        with pytest.raises(InputError) as caught:
            identify(path)
        assert f"{path}: holds {said}" in str(caught.value)
        assert "convert it to PDF" in str(caught.value) and "\n" not in str(caught.value)


def test_an_archive_of_pictures_among_other_files_is_no_comic_book(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a ZIP archive"):
        identify(write_zip(tmp_path / "backup.zip", "photo.jpg", "thesis.docx"))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("El informe anual muestra los resultados del año pasado. La compañía prevé más inversión; según la dirección, "
         "los mercados serán clave para el próximo ejercicio económico.", "cp1252"),
        ("Årsredovisningen visar resultatet för året. Omsättningen ökade med tolv procent och bolaget räknar "
         "med högre kostnader nästa år på grund av större marknader.", "cp1252"),
        ("Výroční zpráva obsahuje výsledky společnosti za uplynulý rok. Tržby vzrostly o dvanáct procent a vedení "
         "očekává další růst nákladů v příštím roce.", "cp1250"),
    ],
    ids=["es", "sv", "cs"],
)  # fmt: skip
def test_neighbouring_encodings_of_europe_are_told_apart(text: str, encoding: str) -> None:
    for times in (1, 10, 60):
        data = "\n".join([text] * times).encode(encoding)
        assert data.decode(text_encoding(data[:HEAD_BYTES])).startswith(text)


@pytest.mark.parametrize("encoding", ["cp932", "euc_jp"])
def test_a_character_that_the_beginning_cuts_in_two_hides_no_encoding(tmp_path: Path, encoding: str) -> None:
    text = "日本語の年次報告書です。売上高は前年比で増加しました。営業利益は減少しました。"
    for pad in range(8):
        data = ("x" * pad + "\n" + "\n".join(text[: 20 + n % 19] for n in range(800))).encode(encoding)
        assert recognise(data[:HEAD_BYTES], data[-TAIL_BYTES:], "a.txt")[0] == "text/plain"


def test_a_line_of_percent_signs_is_read_at_once() -> None:
    """As LaTeX and MATLAB files begin; each sign once doubled the time."""
    head = b"%" * 5_000 + b"\n\\documentclass{article}\n"
    assert recognise(head, head, "paper.tex")[0] == "text/plain"
