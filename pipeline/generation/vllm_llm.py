"""A vision-language model run in this process by vLLM's own engine, as a LlamaIndex `LLM`: many questions at once.

Owns the engine, its limits and the waves. All limits follow from the one budget of `answer`: `max_model_len` is
`context_tokens`, `limit_mm_per_prompt` is `pages` and one for the question's own picture, the picture processor is told
`image_tokens`. Pages that several questions share are read once (prefix caching). Never decides what is asked.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from pydantic import PrivateAttr

from pipeline.config import AnswerSection
from pipeline.errors import ConfigError, ModelError, RectoError, first_line
from pipeline.generation.base import Explain, Generator, LocalLLM, Reply, Schema, explain_any
from pipeline.generation.formatting import ChatFormat, absent, check_context, longest_context, wanted_tokens

if TYPE_CHECKING:
    import vllm

_INSTALL = "install vLLM beside Recto, or serve the model by `vllm serve` and set answer.answerer to endpoint"


def vllm_generator(settings: AnswerSection) -> Generator:
    """Starts an engine for `answer.model`; `answer.options` are handed to it. Raises `ConfigError`, `ModelError`."""
    form = ChatFormat(settings)
    llm = VllmLLM(settings, form, _start(settings, form))
    return Generator(
        llm,
        form.costs,
        _explain(settings),
        constrain=lambda schema: {"schema": schema},
        chat_many=llm.chat_many,
        wave=settings.wave,
        close=llm.close,
    )


class VllmLLM(LocalLLM):
    """One engine; threads take turns."""

    _form: ChatFormat = PrivateAttr()
    _engine: vllm.LLM = PrivateAttr()
    _numbers: Iterator[int] = PrivateAttr()

    def __init__(self, settings: AnswerSection, form: ChatFormat, engine: vllm.LLM) -> None:
        super().__init__(settings)
        self._form, self._engine, self._numbers = form, engine, itertools.count()

    def chat_many(
        self, conversations: Sequence[Sequence[ChatMessage]], options: Sequence[Mapping[str, Any]]
    ) -> list[ChatResponse | Exception]:
        """Replies to all, written side by side by the engine. A conversation that is too long costs its own reply."""
        found: dict[int, ChatResponse | Exception] = {}
        prompts: dict[int, Any] = {}
        for place, messages in enumerate(conversations):
            try:
                prompts[place] = self._prompt(messages)
            except RectoError as error:
                found[place] = error
        sampling = [self._sampling(options[place]) for place in prompts]
        with self._turn:
            outputs = self._engine.generate(list(prompts.values()), sampling, use_tqdm=False) if prompts else []
        for place, output in zip(prompts, outputs, strict=True):
            found[place] = _reply(output).response()
        return [found[place] for place in range(len(conversations))]

    def close(self) -> None:
        """End the engine's process and give its memory back."""
        self._engine.llm_engine.engine_core.shutdown()

    def _replies(self, messages: Sequence[ChatMessage], options: Mapping[str, Any]) -> Iterator[Reply]:
        from vllm.sampling_params import RequestOutputKind

        sampling = self._sampling(options)
        sampling.output_kind = RequestOutputKind.CUMULATIVE
        engine = self._engine.llm_engine
        name = f"recto-{next(self._numbers)}"
        internal = engine.add_request(name, self._prompt(messages), sampling)
        try:
            while engine.has_unfinished_requests():
                for output in engine.step():
                    if output.request_id == name:  # not the last words of one that was given up
                        yield _reply(output)
        finally:
            if engine.has_unfinished_requests():
                engine.abort_request([internal], internal=True)

    def _prompt(self, messages: Sequence[ChatMessage]) -> dict[str, Any]:
        """Token ids with one placeholder a picture, and the pictures: the engine puts their tokens in."""
        prompt = self._form.prompt(messages)
        ids = self._form.tokenizer(prompt.text, add_special_tokens=False)["input_ids"]
        length = len(ids) + sum(self._form.costs.picture(*picture.size) - 1 for picture in prompt.pictures)
        if length >= self.context_tokens:
            raise ModelError(
                f"the conversation has {length} tokens and answer.context_tokens is {self.context_tokens}: lower "
                "answer.pages or answer.image_tokens, or raise answer.context_tokens"
            )
        pictures = {"multi_modal_data": {"image": list(prompt.pictures)}} if prompt.pictures else {}
        return {"prompt_token_ids": list(ids), **pictures}

    def _sampling(self, options: Mapping[str, Any]) -> vllm.SamplingParams:
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        schema: Schema | None = options.get("schema")
        return SamplingParams(
            temperature=self.temperature,
            seed=self.seed if self.temperature else None,
            max_tokens=wanted_tokens(options, self.output_tokens),
            structured_outputs=StructuredOutputsParams(json=dict(schema)) if schema else None,
        )


def _reply(output: vllm.RequestOutput) -> Reply:
    written = output.outputs[0]
    ids = tuple(written.token_ids)
    return Reply(written.text, len(output.prompt_token_ids or ()), len(ids), ids, written.finish_reason)


def _start(settings: AnswerSection, form: ChatFormat) -> vllm.LLM:
    # vLLM logs to stdout, where answers go, and reports its use to its makers: neither is wanted here.
    os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    try:
        from vllm import LLM
    except ImportError as error:
        raise ConfigError(f"answer.answerer = 'vllm': {first_line(error)}; {_INSTALL}") from error
    from transformers import AutoConfig

    check_context(settings, longest_context(AutoConfig.from_pretrained(settings.model)))
    pictures = {"limit_mm_per_prompt": {"image": settings.pages + 1}} if form.with_pictures else {}
    limits = {"mm_processor_kwargs": form.picture_options} if form.picture_options else {}
    arguments = {
        "model": settings.model,
        "dtype": settings.dtype,
        "max_model_len": settings.context_tokens,
        "enable_prefix_caching": True,
        "seed": settings.seed,
        **pictures,
        **limits,
        **settings.options,
    }
    try:
        return LLM(**arguments)
    except TypeError as error:
        raise ConfigError(f"answer.options: vLLM refuses them ({first_line(error)})") from error
    except OSError as error:
        raise absent(settings.model, error) from error
    except (ValueError, RuntimeError) as error:
        raise ModelError(
            f"vLLM cannot start {settings.model}: {first_line(error)} (its log is above; less memory: lower "
            "answer.context_tokens, or set answer.options, e.g. gpu_memory_utilization)"
        ) from error


def _explain(settings: AnswerSection) -> Explain:
    otherwise = explain_any(settings.model)

    def explain(error: Exception) -> RectoError:
        if type(error).__name__ == "EngineDeadError":
            return ModelError(f"vLLM's engine for {settings.model} has died: its log says why; run it again")
        return otherwise(error)

    return explain
