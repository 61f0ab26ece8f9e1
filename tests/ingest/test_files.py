from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from ingest.errors import InputError
from ingest.files import find_files, identify


def write_pdf(path: Path) -> Path:
    with pymupdf.open() as document:
        document.new_page().insert_text((72, 72), "Hello")
        document.save(path)
    return path


def test_the_id_is_the_hash_of_the_bytes_whatever_the_name(tmp_path: Path) -> None:
    first = write_pdf(tmp_path / "a.pdf")
    second = tmp_path / "other name.pdf"
    second.write_bytes(first.read_bytes())
    identity = identify(first)
    assert identity.document_id == hashlib.sha256(first.read_bytes()).hexdigest()[:16] == identify(second).document_id
    assert identity.byte_count == first.stat().st_size
    assert identity.media_type == "application/pdf"


@pytest.mark.parametrize(
    ("pillow_format", "media_type"),
    [
        ("PNG", "image/png"),
        ("JPEG", "image/jpeg"),
        ("TIFF", "image/tiff"),
        ("WEBP", "image/webp"),
        ("GIF", "image/gif"),
        ("BMP", "image/bmp"),
    ],
)
def test_images_are_told_by_their_bytes_not_their_name(tmp_path: Path, pillow_format: str, media_type: str) -> None:
    path = tmp_path / "misnamed.pdf"
    Image.new("RGB", (20, 20), "red").save(path, format=pillow_format)
    assert identify(path).media_type == media_type


def test_an_animated_png_is_a_png(tmp_path: Path) -> None:
    path = tmp_path / "moving.png"
    Image.new("RGB", (9, 9), "red").save(path, save_all=True, append_images=[Image.new("RGB", (9, 9), "blue")])
    assert identify(path).media_type == "image/png"


def test_a_pdf_may_have_its_header_after_other_bytes_and_any_name(tmp_path: Path) -> None:
    data = write_pdf(tmp_path / "a.pdf").read_bytes()
    shifted = tmp_path / "mail.bin"
    shifted.write_bytes(b"\r\nContent-Type: application/pdf\r\n\r\n" + data)
    assert identify(shifted).media_type == "application/pdf"


def test_a_pdf_that_lost_its_header_is_told_by_its_first_object_or_by_its_name(tmp_path: Path) -> None:
    data = write_pdf(tmp_path / "a.pdf").read_bytes()
    headless = data.split(b"\n", 2)[2]
    (tmp_path / "headless.pdf").write_bytes(headless)
    (tmp_path / "headless.dat").write_bytes(headless)
    (tmp_path / "torn.pdf").write_bytes(headless[3:])
    for name in ("headless.pdf", "headless.dat", "torn.pdf"):
        assert identify(tmp_path / name).media_type == "application/pdf"


def test_each_unusable_file_gets_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "empty.pdf").touch()
    (tmp_path / "page.pdf").write_text("<html><body>hi</body></html>")
    (tmp_path / "noise.pdf").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "archive.pdf").write_bytes(b"PK\x03\x04" + bytes(100))
    os.mkfifo(tmp_path / "pipe.pdf")
    expected = {
        "missing.pdf": "no such file",
        "empty.pdf": "is empty",
        "page.pdf": "holds an HTML page",
        "noise.pdf": "data of no known kind",
        "archive.pdf": "holds a ZIP archive",
        "pipe.pdf": "not a regular file",
    }
    for name, reason in expected.items():
        with pytest.raises(InputError) as caught:
            identify(tmp_path / name)
        message = str(caught.value)
        assert reason in message
        assert name in message
        assert "\n" not in message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_an_input_error(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf")
    path.chmod(0)
    with pytest.raises(InputError, match="permissions"):
        identify(path)


def test_folders_are_walked_in_sorted_order_and_nothing_but_hidden_files_is_dropped(tmp_path: Path) -> None:
    for name in ["b.pdf", "a/z.txt", "a/c.pdf", ".hidden.pdf", ".git/x.pdf", "a/.cache/y.pdf"]:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (tmp_path / "gone.pdf").symlink_to(tmp_path / "nowhere")
    found = [file.relative_to(tmp_path).as_posix() for file in find_files([tmp_path])]
    assert found == ["a/c.pdf", "a/z.txt", "b.pdf", "gone.pdf"]


def test_a_path_named_twice_is_found_once_and_a_hidden_one_named_outright_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").touch()
    hidden = tmp_path / ".secret.pdf"
    hidden.touch()
    assert find_files([tmp_path / "a.pdf", tmp_path, tmp_path / "." / "a.pdf", hidden]) == [tmp_path / "a.pdf", hidden]


def test_a_missing_path_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        find_files([tmp_path / "nowhere"])


def test_links_to_folders_are_followed_and_loops_end(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out" / "deep").mkdir(parents=True)
    (tmp_path / "out" / "deep" / "a.pdf").touch()
    (tmp_path / "in" / "there").symlink_to(tmp_path / "out")
    (tmp_path / "out" / "back").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "self").symlink_to("self")
    found = [file.relative_to(tmp_path / "in").as_posix() for file in find_files([tmp_path / "in"])]
    assert found == ["self", "there/deep/a.pdf"]
    with pytest.raises(InputError):
        identify(tmp_path / "in" / "self")
