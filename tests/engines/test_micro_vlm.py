"""A vision-language model trained here, in minutes: the pipeline's answer is right, through every generator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("vllm", reason="`make test-engines` installs vLLM's CPU build in an environment of its own")

from pipeline import Library
from pipeline.config import Settings, load_settings
from pipeline.results import Answer
from tests.engines.conftest import ENGINE, served
from tests.engines.toy import QUESTION, Toy, file_of, settings, toys, train, write_documents

ASKED = [toy for toy in toys() if toy.held_out]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `library/` and `vlm/`."""
    folder = tmp_path_factory.mktemp("micro")
    docs = write_documents(folder / "docs")
    with Library(folder / "library") as library:
        assert {report.status for report in library.add([docs])} == {"ready"}
        assert train(library, folder / "vlm"), "the toy task was not learnt"
    return folder


@pytest.fixture(scope="module")
def url(trained: Path) -> Iterator[str]:
    with served(trained / "vlm", 2, 1_000, trained / "serve.log") as url:
        yield url


def ways(trained: Path, url: str) -> dict[str, Settings]:
    model = trained / "vlm"
    named = {"api_base": url, "api_key": "none", "is_chat_model": True, "max_tokens": 40, "temperature": 0.0}
    sections = {
        "transformers": settings(model),
        "vllm": settings(model, "vllm", options=ENGINE),
        "endpoint": settings("tiny", "endpoint", url=url, image_patch=9),
        "llm": settings("tiny", "llm", llm="llama_index.llms.openai_like:OpenAILike", options=named, image_patch=9),
    }
    library = {"library": trained / "library"}
    return {name: load_settings({**library, "answer": one.model_dump()}) for name, one in sections.items()}


@pytest.mark.parametrize("way", ["transformers", "vllm", "endpoint", "llm"])
def test_a_word_from_the_text_and_a_colour_from_the_second_picture(trained: Path, url: str, way: str) -> None:
    with Library(settings=ways(trained, url)[way]) as library:
        answers = {toy: library.ask(QUESTION, k=2, filters={"name": file_of(toy)}) for toy in ASKED}
    assert [toy for toy, answer in answers.items() if not right(toy, answer)] == []


def right(toy: Toy, answer: Answer) -> bool:
    """The word and the colour are said, each with the page it stands on, and no other."""
    cited = [[citation.ref.page_index for citation in claim.citations] for claim in answer.claims]
    said = f"The password is {toy.word}. The flag is {toy.second}."
    return answer.text == said and cited == [[0], [1]] and answer.claims[0].supported
