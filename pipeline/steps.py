"""Questions that need more than one search: the model looks at what was found and says what is still missing.

Owns the loop and its bounds: at most `answer.steps` searches, none twice, and it stops when a step brings no new page.
Every step is in the question log with the pages it found.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from pipeline.asking import in_turn
from pipeline.questions import MOST_CHARACTERS
from pipeline.results import FoundPart, SearchResult
from prompts.loader import load

if TYPE_CHECKING:
    from pipeline.generation.base import Generator

log = logging.getLogger(__name__)

Search = Callable[[str], SearchResult]

_SHOWN_SHARE = 2
"""What was found may take one part in so many of `answer.context_tokens`."""


def further_steps(
    question: str,
    parts: Sequence[FoundPart],
    generator: Generator,
    search: Search,
    *,
    most: int,
    context_tokens: int,
) -> Iterator[FoundPart]:
    """What the model wants to see beside `parts`, at most `most` searches. Raises `ModelError`."""
    done = list(parts)
    for step in range(most):
        wanted = _missing(question, done, generator, context_tokens // _SHOWN_SHARE)
        known = {" ".join(part.found.question.casefold().split()) for part in done}
        if wanted is None or " ".join(wanted.casefold().split()) in known:
            return
        found = search(wanted)
        log.info("step %d of at most %d: searched for %s", step + 2, most + 1, wanted)
        part = FoundPart(wanted, found)
        yield part
        pages = {hit.ref for one in done for hit in one.found.hits}
        if not {hit.ref for hit in found.hits} - pages:
            return
        done.append(part)


def _missing(question: str, parts: Sequence[FoundPart], generator: Generator, room: int) -> str | None:
    """What to search for next; None when the model says that it is enough, or says nothing that can be read."""
    from llama_index.core.llms import ChatMessage

    searched = "\n".join(f"- {' '.join(part.found.question.split())}" for part in parts)
    prompt = load("next_step").render(question=question, searched=searched, found=_shown(parts, generator, room))
    reply = generator.reply(ChatMessage(role="user", content=prompt))
    found = re.search(r"\{.*\}", reply, re.DOTALL)
    try:
        said = json.loads(found[0]) if found else None
    except ValueError:
        return None
    wanted = said.get("search") if isinstance(said, dict) and not said.get("enough") else None
    return wanted.strip() if isinstance(wanted, str) and 0 < len(wanted.strip()) <= MOST_CHARACTERS else None


def _shown(parts: Sequence[FoundPart], generator: Generator, room: int) -> str:
    """The best piece of every page found, best pages first, as many as fit."""
    lines: list[str] = []
    for hit in in_turn([part.found for part in parts]):
        for scored in hit.chunks[:1]:
            line = f"{hit.name}, page {hit.page_label}: {' '.join(scored.chunk.text.split())}"
            room -= generator.costs.text(line)
            if room < 0:
                return "\n".join(lines)
            lines.append(line)
    return "\n".join(lines) or "(nothing)"
