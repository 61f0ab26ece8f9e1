"""What vLLM's engine hands over, read without the engine (`tests/engines` runs the real one)."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pipeline.generation.endings import finish_reason, token_usage, was_cut_off
from pipeline.generation.vllm_llm import _reply


@pytest.mark.parametrize(("reason", "cut_off"), [("length", True), ("stop", False), (None, False)])
def test_a_reply_says_how_it_ended(reason: str | None, cut_off: bool) -> None:
    written = SimpleNamespace(text="Nine", token_ids=[7, 8], finish_reason=reason)
    response = _reply(SimpleNamespace(outputs=[written], prompt_token_ids=[1, 2, 3])).response()
    assert finish_reason(response) == reason and was_cut_off(response) is cut_off
    assert token_usage(response) == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
