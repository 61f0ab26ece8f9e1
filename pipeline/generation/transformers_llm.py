"""A vision-language model run in this process by transformers, as a LlamaIndex `LLM`.

Owns loading, device, precision and the loop that writes. One reply at a time; for many at once there is vLLM.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage
from pydantic import PrivateAttr

from pipeline.config import AnswerSection
from pipeline.devices import best_device, processor_has_bfloat16
from pipeline.errors import ConfigError, ModelError, RectoError, first_line
from pipeline.generation.base import Explain, Generator, LocalLLM, Reply, explain_any
from pipeline.generation.formatting import ChatFormat, absent, check_context, longest_context, wanted_tokens

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


def transformers_generator(settings: AnswerSection) -> Generator:
    """Loads `answer.model`. Raises `ConfigError` or `ModelError` with what to do."""
    form = ChatFormat(settings)
    model = _load_model(settings, form.with_pictures)
    check_context(settings, longest_context(model.config))
    return Generator(TransformersLLM(settings, form, model), form.costs, _explain(settings))


class TransformersLLM(LocalLLM):
    """Greedy unless `answer.temperature` says otherwise; then seeded by `answer.seed`, so that it repeats."""

    _form: ChatFormat = PrivateAttr()
    _model: PreTrainedModel = PrivateAttr()

    def __init__(self, settings: AnswerSection, form: ChatFormat, model: PreTrainedModel) -> None:
        super().__init__(settings)
        self._form, self._model = form, model

    def inputs(self, messages: Sequence[ChatMessage]) -> Any:
        """What the model is given: token ids and pixels."""
        prompt = self._form.prompt(messages)
        pictures = {"images": list(prompt.pictures)} if prompt.pictures else {}
        inputs = self._form.processor(text=prompt.text, **pictures, add_special_tokens=False, return_tensors="pt")
        length = inputs["input_ids"].shape[1]
        if length >= self.context_tokens:
            raise ModelError(
                f"the conversation has {length} tokens and answer.context_tokens is {self.context_tokens}: lower "
                "answer.pages or answer.image_tokens, or raise answer.context_tokens"
            )
        return inputs.to(self._model.device, self._model.dtype) if prompt.pictures else inputs.to(self._model.device)

    def _replies(self, messages: Sequence[ChatMessage], options: Mapping[str, Any]) -> Iterator[Reply]:
        import torch
        from transformers import StoppingCriteriaList
        from transformers.generation.streamers import BaseStreamer

        inputs = self.inputs(messages)
        asked = inputs["input_ids"].shape[1]
        room = min(wanted_tokens(options, self.output_tokens), self.context_tokens - asked)
        stop = threading.Event()
        written: SimpleQueue[list[int] | Exception | None] = SimpleQueue()

        class Streamer(BaseStreamer):
            def __init__(self) -> None:
                self._prompt = True  # transformers hands the prompt over first

            def put(self, value: torch.Tensor) -> None:
                if not self._prompt:
                    written.put(value.flatten().tolist())
                self._prompt = False

            def end(self) -> None:
                """The writer says when it has ended, however it does."""

        def write() -> None:
            try:
                torch.manual_seed(self.seed)
                with torch.inference_mode():
                    self._model.generate(  # type: ignore[operator]
                        **inputs,
                        **self._sampling(),
                        max_new_tokens=room,
                        streamer=Streamer(),
                        stopping_criteria=StoppingCriteriaList([lambda *_, **__: torch.tensor([stop.is_set()])]),
                    )
                written.put(None)
            except Exception as error:  # handed to the reader, who raises it
                written.put(error)

        writer = threading.Thread(target=write, name="transformers-generate", daemon=True)
        writer.start()
        ids: list[int] = []
        try:
            while (more := written.get()) is not None:
                if isinstance(more, Exception):
                    raise more
                ids += more
                text = self._text(ids)
                if not text.endswith("\N{REPLACEMENT CHARACTER}"):  # half of a character: the rest is still to come
                    yield Reply(text, asked, len(ids), tuple(ids))
            yield Reply(self._text(ids), asked, len(ids), tuple(ids), self._finish_reason(ids, room))
        finally:
            stop.set()
            writer.join()

    def _text(self, ids: list[int]) -> str:
        return str(self._form.tokenizer.decode(ids, skip_special_tokens=True))

    def _finish_reason(self, ids: Sequence[int], room: int) -> str:
        """`length` when the room was used up before the model wrote one of its end tokens."""
        configured = self._model.generation_config.eos_token_id
        ends = configured if isinstance(configured, list) else [configured]
        return "length" if len(ids) >= room and ids[-1] not in ends else "stop"

    def _sampling(self) -> dict[str, Any]:
        if self.temperature:
            return {"do_sample": True, "temperature": self.temperature}
        return {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}


def _load_model(settings: AnswerSection, with_pictures: bool) -> PreTrainedModel:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    device = settings.device
    if device == "auto":
        device = best_device()
    try:
        reads = AutoConfig.from_pretrained(settings.model).model_type in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
        kind = AutoModelForImageTextToText if reads else AutoModelForCausalLM
        model = kind.from_pretrained(settings.model, dtype=_precision(settings.dtype, device)).eval()
    except (OSError, ValueError, ImportError) as error:
        raise absent(settings.model, error) from error
    try:
        return model.to(device)
    except torch.OutOfMemoryError as error:
        raise _explain(settings)(error) from error
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f"answer.device {settings.device} cannot be used: {first_line(error)}") from error


def _precision(setting: str, device: str) -> torch.dtype | str:
    """On a GPU what the weights are stored in; on a processor bfloat16 where it computes in it, else float32."""
    import torch

    if setting == "auto" and device == "cpu":
        return torch.bfloat16 if processor_has_bfloat16() else torch.float32
    return "auto" if setting == "auto" else getattr(torch, setting)


def _explain(settings: AnswerSection) -> Explain:
    otherwise = explain_any(settings.model)

    def explain(error: Exception) -> RectoError:
        import torch

        if isinstance(error, torch.OutOfMemoryError | MemoryError):
            return ModelError(
                f"{settings.model} does not fit into memory with this context: lower answer.context_tokens or "
                "answer.image_tokens, set answer.dtype to bfloat16, or take a smaller model"
            )
        return otherwise(error)

    return explain
