from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ingest.document import FULL_PAGE, Box, Kind, Line, Source
from ingest.errors import InputError
from ingest.images import load_frame, parse_image_page, read_image_info
from ingest.settings import IngestSettings

ROOT = Path(__file__).parents[2]

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def two_tone(width: int = 80, height: int = 40) -> Image.Image:
    """Red on the left half, blue on the right."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    return image


def near(pixel: tuple[int, ...], colour: tuple[int, int, int], by: int = 40) -> bool:
    return all(abs(a - b) <= by for a, b in zip(pixel, colour, strict=True))


def pages_of(path: Path, media_type: str) -> int:
    info = read_image_info(path, document_id="0" * 16, name=path.name, media_type=media_type, byte_count=1)
    return info.page_count


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP"])
def test_every_format_loads_as_rgb(tmp_path: Path, pillow_format: str) -> None:
    path = tmp_path / "picture"
    two_tone().save(path, format=pillow_format)
    frame = load_frame(path, 0)
    assert (frame.mode, frame.size) == ("RGB", (80, 40))
    assert near(frame.getpixel((10, 20)), RED)
    assert near(frame.getpixel((70, 20)), BLUE)


@pytest.mark.parametrize("pillow_format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    ("orientation", "size", "red_at", "blue_at"),
    [
        (3, (80, 40), (70, 20), (10, 20)),  # upside down
        (6, (40, 80), (20, 10), (20, 70)),  # turned right when shown
        (8, (40, 80), (20, 70), (20, 10)),
    ],
)
def test_orientation_is_applied(
    tmp_path: Path,
    pillow_format: str,
    orientation: int,
    size: tuple[int, int],
    red_at: tuple[int, int],
    blue_at: tuple[int, int],
) -> None:
    path = tmp_path / "turned"
    image = two_tone()
    exif = image.getexif()
    exif[0x0112] = orientation
    image.save(path, format=pillow_format, exif=exif)
    frame = load_frame(path, 0)
    assert frame.size == size
    assert near(frame.getpixel(red_at), RED)
    assert near(frame.getpixel(blue_at), BLUE)
    page = parse_image_page(path, 0, IngestSettings(), lambda pixels: [])
    assert (page.width, page.height) == size


def test_each_frame_of_a_tiff_is_a_page(tmp_path: Path) -> None:
    path = tmp_path / "fax.tif"
    frames = [Image.new("RGB", (30, 20 + 10 * index), colour) for index, colour in enumerate(["red", "blue", "white"])]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert pages_of(path, "image/tiff") == 3
    assert [load_frame(path, index).size for index in range(3)] == [(30, 20), (30, 30), (30, 40)]
    assert near(load_frame(path, 1).getpixel((5, 5)), BLUE)
    with pytest.raises(InputError, match="no page 4"):
        load_frame(path, 3)


@pytest.mark.parametrize("pillow_format", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_one_page_its_first_frame(tmp_path: Path, pillow_format: str) -> None:
    path = tmp_path / "moving"
    first, second = Image.new("RGB", (30, 20), "red"), Image.new("RGB", (30, 20), "blue")
    first.save(path, format=pillow_format, save_all=True, append_images=[second], duration=100)
    assert pages_of(path, f"image/{pillow_format.lower()}") == 1
    assert near(load_frame(path, 0).getpixel((5, 5)), RED)


def test_cmyk_jpeg(tmp_path: Path) -> None:
    path = tmp_path / "print.jpg"
    two_tone().convert("CMYK").save(path, quality=95)
    frame = load_frame(path, 0)
    assert near(frame.getpixel((10, 20)), RED)
    assert near(frame.getpixel((70, 20)), BLUE)


@pytest.mark.parametrize(("name", "pillow_format"), [("deep.png", "PNG"), ("deep.tif", "TIFF")])
def test_16_bit_grey_keeps_its_shades(tmp_path: Path, name: str, pillow_format: str) -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)
    Image.fromarray(np.tile(ramp, (4, 1))).save(tmp_path / name, format=pillow_format)
    frame = load_frame(tmp_path / name, 0)
    assert [frame.getpixel((x, 1))[0] for x in (0, 128, 255)] == [0, 128, 255]


def test_a_dark_16_bit_picture_stays_dark(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4), 600, np.uint16)).save(tmp_path / "dark.png")
    assert load_frame(tmp_path / "dark.png", 0).getpixel((1, 1)) == (2, 2, 2)


def test_float_tiff_is_stretched_over_its_range(tmp_path: Path) -> None:
    values = np.array([[-1.0, 0.0, 1.0]], np.float32)
    Image.fromarray(values).save(tmp_path / "float.tif")
    assert [load_frame(tmp_path / "float.tif", 0).getpixel((x, 0))[0] for x in range(3)] == [0, 127, 255]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_stands_on_white(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (10, 0, 20, 20))
    path = tmp_path / "logo.png"
    (image if mode == "RGBA" else image.convert("LA") if mode == "LA" else image.quantize(8)).save(path)
    frame = load_frame(path, 0)
    assert frame.getpixel((2, 10)) == WHITE
    assert near(frame.getpixel((15, 10)), (0, 0, 0))


def test_black_and_white_and_palette(tmp_path: Path) -> None:
    Image.new("1", (10, 10), 1).save(tmp_path / "fax.tif", compression="group4")
    two_tone().quantize(4).save(tmp_path / "palette.png")
    assert load_frame(tmp_path / "fax.tif", 0).getpixel((1, 1)) == WHITE
    assert near(load_frame(tmp_path / "palette.png", 0).getpixel((10, 10)), RED)


@pytest.mark.parametrize("pillow_format", ["JPEG", "PNG"])
def test_large_frames_are_reduced_and_the_page_keeps_its_size(tmp_path: Path, pillow_format: str) -> None:
    path = tmp_path / "large"
    two_tone(1600, 800).save(path, format=pillow_format)
    frame = load_frame(path, 0, max_pixels=200_000)
    assert 150_000 < frame.width * frame.height <= 200_000
    assert frame.width / frame.height == pytest.approx(2, rel=0.01)
    assert parse_image_page(path, 0, IngestSettings(), lambda pixels: []).width == 1600


def test_a_decompression_bomb_is_refused_unread(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    path = tmp_path / "bomb.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )
    for read in (lambda: load_frame(path, 0), lambda: pages_of(path, "image/png")):
        with pytest.raises(InputError, match="million pixels"):
            read()


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP"])
def test_a_cut_off_file_is_an_input_error_not_a_crash(tmp_path: Path, pillow_format: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (60, 60, 3), np.uint8)
    path = tmp_path / "cut"
    Image.fromarray(noise).save(path, format=pillow_format)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError) as caught:
        load_frame(path, 0)
    assert "\n" not in str(caught.value)


def test_a_vanished_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_frame(tmp_path / "gone.png", 0)


def test_the_date_of_a_photo(tmp_path: Path) -> None:
    image = two_tone()
    exif = image.getexif()
    exif[0x0132] = "2024:05:06 07:08:09"
    image.save(tmp_path / "photo.jpg", exif=exif)
    info = read_image_info(
        tmp_path / "photo.jpg", document_id="0" * 16, name="photo.jpg", media_type="image/jpeg", byte_count=7
    )
    assert info.created == "2024-05-06"
    assert (info.name, info.byte_count, info.page_count) == ("photo.jpg", 7, 1)


def test_a_picture_that_starts_within_running_text_has_no_title(tmp_path: Path) -> None:
    two_tone().save(tmp_path / "a.png")
    lines = [
        Line(text, Box(0.1, top, 0.9, top + 0.03))
        for text, top in [("which was the end of the sentence.", 0.05), ("Another one", 0.5), ("goes on", 0.54)]
    ]
    page = parse_image_page(tmp_path / "a.png", 0, IngestSettings(), lambda pixels: lines)
    assert Kind.HEADING not in {block.kind for block in page.blocks}


def test_words_become_blocks_with_a_heading_and_empty_pictures_stay_pictures(tmp_path: Path) -> None:
    two_tone().save(tmp_path / "a.png")
    lines = [Line("Annual Report", Box(0.1, 0.05, 0.7, 0.13))] + [
        Line(f"line {number} of running text", Box(0.1, top, 0.8, top + 0.03))
        for number, top in enumerate([0.30, 0.34, 0.38, 0.60, 0.64])
    ]
    page = parse_image_page(tmp_path / "a.png", 0, IngestSettings(), lambda pixels: lines)
    first = page.blocks[0]
    assert (first.kind, first.level, len(first.lines)) == (Kind.HEADING, 1, 1)
    found = [line for block in page.blocks for line in block.lines]
    assert [line.text for line in found] == [line.text for line in lines]
    for line, given in zip(found, lines, strict=True):
        assert line.box == pytest.approx(given.box, abs=0.001)
    assert {block.source for block in page.blocks} == {Source.OCR}
    assert page.page_label == "1"
    for reader in (None, lambda pixels: []):
        (block,) = parse_image_page(tmp_path / "a.png", 0, IngestSettings(), reader).blocks
        assert (block.kind, block.box, block.lines) == (Kind.PICTURE, FULL_PAGE, ())


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_a_huge_picture_of_any_mode_is_reduced_as_a_small_one_is_read(tmp_path: Path, mode: str) -> None:
    """Strips must not show, and shades must be those of the whole picture."""
    rows = np.linspace(0, 255, 1700).astype(np.uint8)
    shades = Image.fromarray(np.repeat(rows[:, None], 3001, axis=1))
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(shades).astype(np.uint16) * 257)
    else:
        picture = shades.convert("RGB").convert(mode)
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    picture.save(path)
    reduced = np.asarray(load_frame(path, 0, max_pixels=300_000).convert("L")).astype(int)
    whole = load_frame(path, 0).convert("L").resize(reduced.shape[::-1], Image.Resampling.BOX)
    assert np.abs(reduced - np.asarray(whole).astype(int)).max() <= 3
    assert 280_000 < reduced.size <= 300_000


def test_a_picture_of_a_hundred_megapixels_costs_little_more_than_its_decoded_self(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    Image.new("1", (10_000, 10_000), 1).save(path)
    script = (
        "import resource, sys\nfrom pathlib import Path\nfrom ingest.images import load_frame\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "load_frame(Path(sys.argv[1]), 0)\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert int(done.stdout) < 350, "MB: 100 decoded, 75 as they are given back, 25 of strips"


def test_the_preview_in_a_telephones_jpeg_is_no_frame_of_an_animation(tmp_path: Path) -> None:
    two_tone().save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[two_tone(40, 20)])
    page = parse_image_page(tmp_path / "a.jpg", 0, IngestSettings(), None)
    assert (page.width, page.height, page.issues) == (80, 40, ())


def test_an_animation_says_that_more_frames_are_in_the_file(tmp_path: Path) -> None:
    two_tone().save(tmp_path / "a.gif", save_all=True, append_images=[two_tone().rotate(90), two_tone().rotate(180)])
    (issue,) = parse_image_page(tmp_path / "a.gif", 0, IngestSettings(), None).issues
    assert (issue.stage, issue.error, issue.lost) == (
        "decode",
        "an animation of 3 frames, of which the first is read",
        False,
    )
    two_tone().save(tmp_path / "b.gif")
    assert parse_image_page(tmp_path / "b.gif", 0, IngestSettings(), None).issues == ()
