"""Batches when memory runs out: nothing is lost, nothing is done twice, and one page that does not fit says so."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.embedding.batching import Batches
from pipeline.errors import ModelError


@settings(deadline=None)
@given(st.lists(st.integers(0, 3)), st.integers(1, 9), st.integers(1, 9))
def test_every_item_once_in_order_whatever_fits(items: list[int], size: int, fits: int) -> None:
    batches, done = Batches(size, "cpu", "a setting"), []

    def work(batch: list[int]) -> list[str]:
        assert len(set(batch)) == 1  # only alike items share a batch
        if len(batch) > fits:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        done.extend(batch)
        return [f"<{item}>" for item in batch]

    assert batches.run(items, work, alike=lambda item: item) == [f"<{item}>" for item in items]
    assert sorted(done) == sorted(items) and batches.size <= size


def test_one_item_too_many_names_the_setting() -> None:
    def work(batch: list[int]) -> list[int]:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    with pytest.raises(ModelError, match=r"lower embedding\.page_pixels"):
        Batches(4, "cpu", "embedding.page_pixels").run([1, 2, 3], work)


def test_other_errors_are_not_taken_for_it() -> None:
    def work(batch: list[int]) -> list[int]:
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        Batches(4, "cpu", "a setting").run([1], work)


def test_on_a_gpu_the_first_page_says_how_many_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two numbers that only a GPU can give are given here; the batches are made of them."""
    monkeypatch.setattr(Batches, "_free_bytes", lambda self: 1000)
    monkeypatch.setattr(Batches, "_peak_bytes", lambda self: 70)
    batches, sizes = Batches(0, "cuda", "a setting"), []

    def work(batch: list[int]) -> list[int]:
        sizes.append(len(batch))
        return batch

    assert batches.run(list(range(25)), work) == list(range(25))
    assert sizes == [1, 10, 10, 4]  # 0.7 of 1,000 bytes, 70 a page
    fixed = Batches(3, "cuda", "a setting")  # a size that is set is kept
    fixed.run([1, 2, 3, 4], work)
    assert sizes[4:] == [3, 1]
