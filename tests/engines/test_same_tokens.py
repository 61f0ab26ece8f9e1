"""A mixed context through transformers, vLLM in process and `vllm serve`: the same tokens, picture for picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from llama_index.core.llms import LLM
from PIL import Image

pytest.importorskip("vllm", reason="`make test-engines` installs vLLM's CPU build in an environment of its own")

from pipeline.answering.base import AnswerReady, TextDelta
from pipeline.answering.llm import LlmAnswerer, messages
from pipeline.batch import Asked, answer_all
from pipeline.config import AnswerSection
from pipeline.context import MixedContext, build_context
from pipeline.errors import ModelError
from pipeline.generation.base import Generator
from pipeline.generation.factory import make_generator
from pipeline.results import Answer, FoundPart, SearchResult
from tests.engines.conftest import ENGINE, served
from tests.generation.contexts import HITS, QUESTION, page_picture, section
from tests.generation.tiny_vlm import make_tiny_vlm


@dataclass(frozen=True)
class Engines:
    """One checkpoint behind three generators."""

    transformers: Generator
    vllm: Generator
    served: Generator
    settings: Mapping[str, AnswerSection]

    def __iter__(self) -> Iterator[tuple[str, Generator]]:
        yield from (("vllm", self.vllm), ("served", self.served))


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    folder = tmp_path_factory.mktemp("same")
    model = make_tiny_vlm(folder / "vlm")
    settings = {
        "transformers": section(model),
        "vllm": section(model, "vllm", pages=len(HITS), options=ENGINE),
    }
    with served(model, settings["vllm"].pages + 1, settings["vllm"].context_tokens, folder / "serve.log") as url:
        settings["served"] = section(Path("tiny"), "endpoint", url=url)
        made = {name: make_generator(one) for name, one in settings.items()}
        yield Engines(**made, settings=settings)
        assert made["vllm"].close is not None
        made["vllm"].close()


@pytest.fixture(scope="module")
def context(engines: Engines) -> MixedContext:
    costs = engines.transformers.costs
    return build_context(QUESTION, HITS, engines.settings["transformers"], costs, page_picture)


def tokens(llm: LLM, context: MixedContext) -> tuple[list[int], int]:
    """Ids of the reply, and how many tokens the prompt had."""
    ask = {"extra_body": {"return_token_ids": True}} if llm.class_name() == "OpenAILike" else {}
    response = llm.chat(messages(context), **ask)
    if not ask:
        return response.raw["token_ids"], response.additional_kwargs["prompt_tokens"]
    return list(response.raw.choices[0].token_ids), response.raw.usage.prompt_tokens


def with_pictures(context: MixedContext, order: tuple[int, ...]) -> MixedContext:
    """The context with the pictures of its pages exchanged."""
    pictures = [page.picture for page in context.pages]
    pages = (replace(page, picture=pictures[n]) for page, n in zip(context.pages, order, strict=True))
    return replace(context, pages=tuple(pages))


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (0, 2, 1), (0, 0, 2)])
def test_every_engine_reads_the_same_pictures_in_the_same_order(
    engines: Engines, context: MixedContext, order: tuple[int, ...]
) -> None:
    asked = with_pictures(context, order)
    expected = tokens(engines.transformers.llm, asked)
    assert expected[1] == asked.text_tokens + asked.image_tokens
    for name, generator in engines:
        assert tokens(generator.llm, asked) == expected, name


def test_every_engine_reads_the_picture_of_a_question(engines: Engines, context: MixedContext) -> None:
    """The most pictures that a context may have: one a page, and the question's own."""
    settings = engines.settings["vllm"]
    own = Image.new("RGB", (220, 170), (250, 250, 10))
    asked = build_context(QUESTION, HITS, settings, engines.transformers.costs, page_picture, own)
    assert len([page for page in asked.pages if page.picture]) == len(HITS) and asked.attached is not None
    expected = tokens(engines.transformers.llm, asked)
    assert expected[1] == asked.text_tokens + asked.image_tokens
    for name, generator in engines:
        assert tokens(generator.llm, asked) == expected, name
    assert expected[0] != tokens(engines.transformers.llm, context)[0]


def test_the_pictures_matter(engines: Engines, context: MixedContext) -> None:
    orders = ((0, 1, 2), (1, 0, 2), (0, 2, 1), (0, 0, 2))
    replies = {tuple(tokens(engines.transformers.llm, with_pictures(context, order))[0]) for order in orders}
    assert len(replies) == len(orders)


@pytest.mark.parametrize("name", ["vllm", "served"])
def test_streams_end_in_the_same_answer(engines: Engines, name: str) -> None:
    generator = getattr(engines, name)
    answerer = LlmAnswerer(generator, engines.settings["transformers"], page_picture)
    expected = LlmAnswerer(engines.transformers, engines.settings["transformers"], page_picture).answer(QUESTION, HITS)
    # The endpoint counts by estimate; with the same costs it is sent the same context.
    if name == "served":
        exact = replace(generator, costs=engines.transformers.costs)
        answerer = LlmAnswerer(exact, engines.settings["transformers"], page_picture)
    events = list(answerer.stream(QUESTION, HITS))
    assert sum(isinstance(event, TextDelta) for event in events) > 3
    final = events[-1]
    assert isinstance(final, AnswerReady)
    # vLLM keeps back the half of a character that a reply cut short ends with.
    assert final.answer.text == expected.text.rstrip("\ufffd")
    assert len(final.answer.claims) == len(expected.claims)
    assert final.answer.usage == expected.usage


def test_a_wave_gives_what_each_question_alone_gives(engines: Engines) -> None:
    settings = engines.settings["vllm"]
    answerer = LlmAnswerer(replace(engines.vllm, wave=4), settings, page_picture)
    questions = [f"How many ferries are number {n}?" for n in range(6)]
    asked = [Asked(n, text, (FoundPart(text, SearchResult(text, tuple(HITS))),)) for n, text in enumerate(questions)]
    alone = [answerer.answer(text, HITS) for text in questions]
    together = [answer for _, answer in answer_all(asked, answerer)]
    assert [answer.text for answer in together if isinstance(answer, Answer)] == [answer.text for answer in alone]


def test_a_conversation_that_is_too_long_costs_only_itself(engines: Engines, context: MixedContext) -> None:
    from llama_index.core.llms import ChatMessage

    assert engines.vllm.chat_many is not None
    long = [ChatMessage(role="user", content="word " * 2_000)]
    first, second = engines.vllm.chat_many([long, messages(context)], [{}, {}])
    assert isinstance(first, ModelError) and "answer.context_tokens is 1200" in str(first)
    assert not isinstance(second, Exception) and second.message.content


@pytest.mark.parametrize("name", ["vllm", "served"])
def test_claims_are_held_to_their_form(engines: Engines, name: str) -> None:
    """A model of random weights cannot write JSON by itself."""
    settings = engines.settings[name].model_copy(update={"form": "claims", "output_tokens": 60})
    generator = getattr(engines, name)
    answerer = LlmAnswerer(generator, settings, page_picture)
    context = answerer._context(QUESTION, HITS)
    assert context is not None
    options = {**answerer._options(context), "max_tokens": 60}
    reply = generator.llm.chat(messages(context), **options).message.content
    assert reply is not None and "".join(reply.split()).startswith('{"claims":['), reply
