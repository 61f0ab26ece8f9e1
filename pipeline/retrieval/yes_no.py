"""A served vision-language model asked about each page, yes or no: the probability of "yes" is the page's score.

Goes through the same LlamaIndex `LLM` that answers (`answer.url`, `answer.model`); the server must give
log-probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from pipeline.config import AnswerSection
from pipeline.errors import ModelError
from pipeline.generation.endpoint import endpoint_llm, explain
from pipeline.results import PageHit, PageRef
from pipeline.retrieval.reranking import shown_pages
from pipeline.screenshots import png_bytes
from prompts.loader import load as load_prompt

if TYPE_CHECKING:
    from PIL import Image

PROMPT = "page_relevance"
SIDE_BY_SIDE = 8
"""Pages asked about at once: a server batches them."""
ALTERNATIVES = 20
"""Log-probabilities asked for, the most that OpenAI's protocol allows."""


class EndpointYesNo:
    """Asks the model at `answer.url` about page pictures."""

    def __init__(self, settings: AnswerSection, pictures: Callable[[PageRef], Image.Image]) -> None:
        self._settings, self._pictures = settings, pictures
        self._llm = endpoint_llm(settings.model_copy(update={"output_tokens": 1}))

    def scores(self, question: str, hits: Sequence[PageHit]) -> Mapping[PageRef, float]:
        """P(yes) / (P(yes) + P(no)) of the first token, 0.5 where it is neither. Raises `ModelError`.

        Pages that cannot be drawn are left out.
        """
        pages = shown_pages(hits, self._pictures)  # not in the threads: pages are drawn one by one
        shown = [png_bytes(picture) for picture in pages.values()]
        asked = load_prompt(PROMPT).render(question=question)
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            found = list(pool.map(lambda picture: self._ask(asked, picture), shown))
        return dict(zip(pages, found, strict=True))

    def _ask(self, asked: str, picture: bytes) -> float:
        from llama_index.core.base.llms.types import ChatMessage, ImageBlock, MessageRole, TextBlock

        blocks = [ImageBlock(image=picture, image_mimetype="image/png"), TextBlock(text=asked)]
        message = ChatMessage(role=MessageRole.USER, blocks=blocks)
        try:
            reply = self._llm.chat([message], logprobs=True, top_logprobs=ALTERNATIVES)
        except Exception as error:  # every integration raises the errors of its own library
            raise explain(error, self._settings) from error
        if not reply.logprobs:
            raise ModelError(
                f"{self._settings.url} gives no log-probabilities, which yes_no needs: start the server with them, "
                "or take the stage out of retrieval.rerank"
            )
        return probability_of_yes(reply.logprobs[0])


def probability_of_yes(alternatives: Sequence[Any]) -> float:
    """P(yes) / (P(yes) + P(no)) over all spellings among a token's alternatives (`token`, `logprob`)."""
    sums = {"yes": 0.0, "no": 0.0}
    for one in alternatives:
        word = one.token.strip(" \n▁Ġ\"'.,").lower()
        if word in sums:
            sums[word] += math.exp(one.logprob)
    total = sum(sums.values())
    return sums["yes"] / total if total else 0.5
