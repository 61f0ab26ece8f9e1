"""OCR measured: words found and time a page, for pages whose text layer is known.

    python bench/ocr.py SCANNED TRUTH [--pages 16] [--dpi 150] [--seed 7] [--variant NAME]... [--missed]

SCANNED holds image-only PDFs; TRUTH holds the same documents, with the same file names, with a text layer. A word is a
run of letters and digits, in compatibility form and lower case; recall and precision are of the words of a page as a
multiset. Beside it recall of the words with a digit, and of the words that the text layer sets in large type. Pages
are drawn evenly from all documents. Each setting reads the same pages, in one thread; the first page is read once more
to leave loading out of the time. `rapidocr` is RapidOCR as it comes. Compare processor seconds: they bear other work
on the machine better than seconds by the clock.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf

from ingest.ocr import OcrReader
from ingest.ocr_models import Engine, Precision, Runtime, best_runtime

_MIN_WORDS = 50  # fewer words on a page say nothing about reading
_LARGE = 1.2  # times the usual size of letters on the page: headings
Reader = Callable[[np.ndarray], str]


@dataclass(frozen=True)
class Sample:
    """A page: pixels RGB (h, w, 3), the words of its text layer, and those of them in large type."""

    pixels: np.ndarray
    words: Counter[str]
    large: Counter[str]


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).lower()))


def ours(**settings: Any) -> Reader:
    reader = OcrReader(**settings)
    return lambda pixels: " ".join(line.text for line in reader.read(pixels))


def turned(quarters: int) -> Reader:
    read = ours()
    return lambda pixels: read(np.ascontiguousarray(np.rot90(pixels, quarters)))


def faint(share: float) -> Reader:
    read = ours()
    return lambda pixels: read((255 - (255 - pixels.astype(np.float32)) * share).astype(np.uint8))


def rapidocr(**parameters: Any) -> Reader:
    """RapidOCR's own pipeline with the models of its wheel, on ONNX Runtime in one thread."""
    import rapidocr
    from rapidocr.utils.output import RapidOCROutput

    engine = rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            **parameters,
        }
    )

    def read(pixels: np.ndarray) -> str:
        found = engine(np.ascontiguousarray(pixels[:, :, ::-1]))
        return " ".join(found.txts or ()) if isinstance(found, RapidOCROutput) else ""

    return read


def variants() -> dict[str, Callable[[], Reader]]:
    """Every setting that can be measured on this machine, by name."""
    made: dict[str, Callable[[], Reader]] = {"default": ours}
    runtimes = [Runtime(Engine.ONNXRUNTIME, Precision.FLOAT32)]
    if best_runtime().engine is Engine.OPENVINO:
        runtimes += [Runtime(Engine.OPENVINO, precision) for precision in Precision]
    for runtime in runtimes:
        made[f"{runtime.engine} {runtime.precision}"] = partial(ours, runtime=runtime)
    for side in (640, 736, 1280, 1600):
        made[f"detection {side}"] = partial(ours, detection_side=side)
    for score in (0.5, 0.8):
        made[f"score {score}"] = partial(ours, min_score=score)
    for factor in (1.0, 2.0):
        made[f"enlarge {factor:g}"] = partial(ours, enlarge=factor)
    for quarters, name in ((1, "on its left side"), (2, "upside down"), (3, "on its right side")):
        made[name] = partial(turned, quarters)
    made["faint 0.12"] = partial(faint, 0.12)
    made["rapidocr"] = rapidocr
    made["rapidocr batch 1"] = partial(rapidocr, **{"Rec.rec_batch_num": 1, "Global.use_cls": False})
    return made


def sample(scanned: Path, truth: Path, count: int, dpi: int, seed: int) -> list[Sample]:
    """`count` pages, as many of each document as of any other where it has them."""
    shuffled = random.Random(seed)
    queues = []
    for path in sorted(scanned.glob("*.pdf")):
        with pymupdf.open(truth / path.name) as document:
            full = [index for index in range(len(document)) if words(document[index].get_text()).total() >= _MIN_WORDS]
        shuffled.shuffle(full)
        queues.append([(path, index) for index in full])
    rounds = (queue[turn] for turn in range(max(map(len, queues), default=0)) for queue in queues if turn < len(queue))
    samples = []
    for (path, index), _ in zip(rounds, range(count), strict=False):
        with pymupdf.open(truth / path.name) as document:
            layer, large = words(document[index].get_text()), words(" ".join(_large_words(document[index])))
        with pymupdf.open(path) as document:
            pixmap = document[index].get_pixmap(dpi=dpi, colorspace=pymupdf.csRGB, alpha=False)
        pixels = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)
        samples.append(Sample(pixels, layer, large & layer))
    return samples


def _large_words(page: pymupdf.Page) -> Iterable[str]:
    blocks = page.get_text("dict")["blocks"]
    spans = [span for block in blocks for line in block.get("lines", ()) for span in line["spans"]]
    sizes = Counter[float]()
    for span in spans:
        sizes[round(span["size"])] += len(span["text"])
    usual = max(sizes, key=lambda size: sizes[size])
    return (span["text"] for span in spans if span["size"] > _LARGE * usual)


def main() -> None:
    # ONNX Runtime reads it when imported, and else reports to its makers.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    known = variants()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scanned", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--pages", type=int, default=16)
    parser.add_argument("--dpi", type=int, default=150)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--variant", action="append", choices=list(known), help="only these; may be repeated")
    parser.add_argument("--missed", action="store_true", help="print the words missed and read too much, page by page")
    options = parser.parse_args()

    pages = sample(options.scanned, options.truth, options.pages, options.dpi, options.seed)
    total = sum(page.words.total() for page in pages)
    print(f"{len(pages)} pages, {total} words, {options.dpi} dpi, one thread, best runtime {best_runtime()}")
    print(
        f"{'setting':<20} {'recall':>7} {'precision':>9} {'numbers':>8} {'large':>7} {'cpu s/page':>10} {'s/page':>7}"
    )
    for name in options.variant or known:
        reader = known[name]()
        reader(pages[0].pixels)
        began, clock = time.process_time(), time.perf_counter()
        readings = [words(reader(page.pixels)) for page in pages]
        cpu = (time.process_time() - began) / len(pages)
        wall = (time.perf_counter() - clock) / len(pages)
        pairs = list(zip(readings, pages, strict=True))
        figures = (
            _share(((read & page.words, page.words) for read, page in pairs)),
            _share(((read & page.words, read) for read, page in pairs)),
            _share(((_numbers(read & page.words), _numbers(page.words)) for read, page in pairs)),
            _share(((read & page.large, page.large) for read, page in pairs)),
        )
        print(f"{name:<20} {figures[0]:>7.3f} {figures[1]:>9.3f} {figures[2]:>8.3f} {figures[3]:>7.3f}", end=" ")
        print(f"{cpu:>10.2f} {wall:>7.2f}", flush=True)
        if options.missed:
            for number, (read, page) in enumerate(pairs):
                print(f"  {number}: missed {sorted((page.words - read).elements())}")
                print(f"  {number}: read too much {sorted((read - page.words).elements())}")


def _numbers(found: Counter[str]) -> Counter[str]:
    return Counter({word: count for word, count in found.items() if any(character.isdigit() for character in word)})


def _share(pairs: Iterable[tuple[Counter[str], Counter[str]]]) -> float:
    """Words of the first of each pair, as a share of those of the second."""
    right = total = 0
    for part, whole in pairs:
        right, total = right + part.total(), total + whole.total()
    return right / max(total, 1)


if __name__ == "__main__":
    main()
