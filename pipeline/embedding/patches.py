"""Where on the page each image vector of a late-interaction model looks. Pure geometry; runs no model.

Three layouts of patches are known, which is how all published models of the kind see a page:
square   the page squeezed into a fixed square, one grid (ColPali)
dynamic  one grid that follows the page's shape (`image_grid_thw`: ColQwen2 and other Qwen-VL models)
tiles    the page cut into tiles of one grid each, then the whole page as one more (Idefics3, SmolVLM, ColModernVBert)
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]
WHOLE = (0.0, 0.0, 1.0, 1.0)


def grid(columns: int, rows: int, box: tuple[float, float, float, float] = WHOLE) -> Boxes:
    """(rows × columns, 4): `box` cut evenly, row by row."""
    x = np.linspace(box[0], box[2], columns + 1, dtype=np.float32)
    y = np.linspace(box[1], box[3], rows + 1, dtype=np.float32)
    left, top = np.meshgrid(x[:-1], y[:-1])
    right, bottom = np.meshgrid(x[1:], y[1:])
    return np.stack([left, top, right, bottom], axis=-1).reshape(-1, 4)


def tiled(columns: int, rows: int, vectors: int) -> Boxes:
    """Tiles row by row, each of `vectors` in a square grid; behind them the whole page once more."""
    side = math.isqrt(vectors)
    tiles = [grid(side, side, (box[0], box[1], box[2], box[3])) for box in grid(columns, rows).tolist()]
    return np.concatenate([*tiles, grid(side, side)])


def patch_boxes(processor: Any, features: dict[str, Any], vectors: int) -> Boxes | None:
    """(vectors, 4) boxes of one page's image vectors, in their order; None where the layout is not known.

    `features`: what the processor made of this page (`input_ids` (tokens,) and, of some, `image_grid_thw`).
    """
    pictures = processor.image_processor
    boxes: Boxes | None = None
    if "image_grid_thw" in features:
        _, height, width = (int(number) for number in features["image_grid_thw"].reshape(-1, 3)[0])
        merge = int(pictures.merge_size)
        boxes = grid(width // merge, height // merge)
    elif hasattr(pictures, "do_image_splitting"):
        # Told by the tokens between the tiles: the processor's own `get_number_of_image_patches` rounds otherwise
        # than the processor does.
        tiles = re.findall(r"<row_(\d+)_col_(\d+)>", processor.tokenizer.decode(features["input_ids"]))
        rows, columns = (max((int(tile[axis]) for tile in tiles), default=0) for axis in (0, 1))
        boxes = tiled(columns, rows, vectors // (rows * columns + 1)) if tiles else _square(vectors)
    else:
        boxes = _square(vectors)
    return boxes if boxes is not None and len(boxes) == vectors else None


def _square(vectors: int) -> Boxes | None:
    side = math.isqrt(vectors)
    return grid(side, side) if side * side == vectors else None
