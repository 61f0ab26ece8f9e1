"""Pages through a model in batches that fit the memory. Owns sizes and what happens when memory runs out; no model."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Sequence
from itertools import groupby
from typing import TypeVar

from pipeline.errors import ModelError

log = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")

CPU_BATCH = 4
"""On processors larger batches gain nothing: one page already fills the cores."""
MOST = 64
SHARE = 0.7
"""Of the free memory of a GPU that a batch may take, by what the first page took."""


class Batches:
    """Runs work in batches. `size` 0: on a GPU as many as fit, measured with the first; else `CPU_BATCH`.

    When memory runs out the batch is halved, and stays so; no item is lost.
    """

    def __init__(self, size: int, device: str, setting: str) -> None:
        self._cuda = device if device.startswith("cuda") else ""
        self._measure = not size and bool(self._cuda)
        self.size = size or (1 if self._cuda else CPU_BATCH)
        self._setting = setting

    def run(
        self,
        items: Sequence[Item],
        work: Callable[[list[Item]], list[Result]],
        alike: Callable[[Item], Hashable] = lambda item: None,
    ) -> list[Result]:
        """`work` on all items; results in the order of `items`. Only items that are `alike` share a batch.

        Raises `ModelError` when a single item does not fit.
        """
        results: dict[int, Result] = {}
        keys = {place: alike(item) for place, item in enumerate(items)}
        for _, group in groupby(sorted(keys, key=lambda place: (str(keys[place]), place)), key=keys.__getitem__):
            left = list(group)
            while left:
                batch = left[: self.size]
                done = self._attempt([items[place] for place in batch], work)
                if done is not None:
                    results.update(zip(batch, done, strict=True))
                    left = left[len(batch) :]
        return [results[place] for place in range(len(items))]

    def _attempt(self, batch: list[Item], work: Callable[[list[Item]], list[Result]]) -> list[Result] | None:
        """The results, or None after the size was halved because memory ran out."""
        free = self._free_bytes() if self._measure else 0
        try:
            done = work(batch)
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            if len(batch) == 1:
                raise ModelError(f"one page does not fit in the memory: lower {self._setting}") from error
            self.size = len(batch) // 2
            log.warning("memory ran out with %d pages in a batch: going on with %d", len(batch), self.size)
        else:
            if self._measure:
                self._measure = False
                self.size = min(MOST, max(1, int(SHARE * free / max(1, self._peak_bytes()))))
            return done
        if self._cuda:
            import torch

            torch.cuda.empty_cache()
        return None

    def _free_bytes(self) -> int:
        import torch

        torch.cuda.reset_peak_memory_stats(self._cuda)
        self._before = torch.cuda.memory_allocated(self._cuda)
        return int(torch.cuda.mem_get_info(self._cuda)[0])

    def _peak_bytes(self) -> int:
        import torch

        return int(torch.cuda.max_memory_allocated(self._cuda)) - self._before


def out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch or Python says that memory ran out."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return "out of memory" in text or "can't allocate memory" in text or "not enough memory" in text
