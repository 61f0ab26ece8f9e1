"""OCR settings measured: words found and processor time a page, for pages whose text layer is known.

    python bench/ocr.py SCANNED TRUTH [--pages 16] [--dpi 150] [--seed 7]

SCANNED holds image-only PDFs; TRUTH holds the same documents, with the same file names, with a text layer. A word
is a run of letters and digits, lower-cased; recall and precision are of the words of a page as a multiset. Each
setting reads the same pages, in one thread; the first page is read once more to leave loading out of the time.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pymupdf

from ingest.ocr import OcrReader

VARIANTS: dict[str, dict[str, float | bool]] = {
    "default": {},
    "detection 736": {"detection_side": 736},
    "detection 1280": {"detection_side": 1280},
    "detection 1600": {"detection_side": 1600},
    "batch 6": {"batch": 6},
    "batch 16": {"batch": 16},
    "enlarge 1": {"enlarge": 1.0},
    "enlarge 2": {"enlarge": 2.0},
    "turned lines": {"turned_lines": True},
    "score 0.5": {"min_score": 0.5},
    "score 0.8": {"min_score": 0.8},
}
_MIN_WORDS = 50  # fewer words on a page say nothing about reading


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"[^\W_]+", text.lower()))


def sample(scanned: Path, truth: Path, count: int, dpi: int, seed: int) -> list[tuple[np.ndarray, Counter[str]]]:
    """Pages as RGB arrays of shape (h, w, 3), each with the words of its text layer."""
    candidates = []
    for path in sorted(scanned.glob("*.pdf")):
        with pymupdf.open(truth / path.name) as document:
            layers = [words(page.get_text()) for page in document]
        candidates += [(path, index, layer) for index, layer in enumerate(layers) if layer.total() >= _MIN_WORDS]
    pages = []
    for path, index, layer in random.Random(seed).sample(candidates, min(count, len(candidates))):
        with pymupdf.open(path) as document:
            pixmap = document[index].get_pixmap(dpi=dpi, colorspace=pymupdf.csRGB, alpha=False)
        pages.append((np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3), layer))
    return pages


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scanned", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--pages", type=int, default=16)
    parser.add_argument("--dpi", type=int, default=150)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--variant", action="append", choices=list(VARIANTS), help="only these; may be repeated")
    options = parser.parse_args()

    pages = sample(options.scanned, options.truth, options.pages, options.dpi, options.seed)
    total = sum(layer.total() for _, layer in pages)
    print(f"{len(pages)} pages, {total} words, {options.dpi} dpi, one thread")
    print(f"{'setting':<16} {'recall':>7} {'precision':>9} {'s/page':>7}")
    for name in options.variant or VARIANTS:
        reader = OcrReader(**VARIANTS[name])  # type: ignore[arg-type]
        reader.read(pages[0][0])
        found = right = 0
        start = time.process_time()
        for image, layer in pages:
            read = words(" ".join(line.text for line in reader.read(image)))
            found += read.total()
            right += (read & layer).total()
        seconds = (time.process_time() - start) / len(pages)
        print(f"{name:<16} {right / total:>7.3f} {right / max(found, 1):>9.3f} {seconds:>7.2f}", flush=True)


if __name__ == "__main__":
    main()
