"""A language model as judge of answers. Any LlamaIndex `LLM`, at temperature 0, its replies held to a schema.

A reply that is not of the schema is `unscored`: counted apart, never taken for a wrong answer or a right one. What
needs no judgement (an empty answer, an abstention) is decided here without asking.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from llama_index.core.llms import LLM, ChatMessage
from pydantic import BaseModel, ConfigDict, ValidationError

from eval.errors import EvaluationError
from eval.records import Outcome, Question
from ingest.errors import RectoError
from prompts.loader import load


class _Reply(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Verdict(_Reply):
    verdict: Literal["correct", "incorrect", "refusal"]
    reason: str


class _Claim(_Reply):
    claim: str
    holds: bool


class _Claims(_Reply):
    claims: list[_Claim]


class _Better(_Reply):
    better: Literal["1", "2", "same"]
    reason: str


Reply = TypeVar("Reply", bound=_Reply)


@dataclass(frozen=True, slots=True)
class Judged:
    """A score 0-1, or None: `unscored` if a reply was unusable, else the measure does not apply. `told`: the reply."""

    score: float | None
    told: str = ""
    unscored: bool = False


_NOT_ASKED = Judged(None)

MEASURES = ("correctness", "completeness", "faithfulness")
"""What is judged of single answers, by the name of the method; scores are called "judged correctness" and so on."""


class Judge:
    """`constrained`: the server takes an OpenAI `response_format` with a JSON schema (vLLM and most others do)."""

    def __init__(
        self, llm: LLM, *, constrained: bool = True, explain: Callable[[Exception], RectoError] | None = None
    ) -> None:
        """`explain` puts a failure of the model's library into one line for the user."""
        self._llm, self._constrained, self._explain = llm, constrained, explain or _explained

    def correctness(self, question: Question, outcome: Outcome) -> Judged:
        """1 if the answer says what a gold answer says. An abstention is right exactly on unanswerable questions."""
        if outcome.answer is None or (question.answerable and not question.answers):
            return _NOT_ASKED
        if not question.answerable or outcome.abstained or not outcome.answer.strip():
            return Judged(float(outcome.abstained and not question.answerable))
        verdict, told = self._ask(
            _Verdict, "judge_correctness", question=question.text, gold=_listed(question.answers), answer=outcome.answer
        )
        return Judged(None, told, True) if verdict is None else Judged(float(verdict.verdict == "correct"), told)

    def completeness(self, question: Question, outcome: Outcome) -> Judged:
        """Share of the claims needed to answer, taken from the gold answer, that the answer contains (UniDoc-Bench)."""
        if outcome.answer is None or not question.answerable or not question.answers:
            return _NOT_ASKED
        if outcome.abstained or not outcome.answer.strip():
            return Judged(0.0)
        return self._share(
            "judge_completeness", question=question.text, gold=_listed(question.answers), answer=outcome.answer
        )

    def faithfulness(self, question: Question, outcome: Outcome) -> Judged:
        """Share of the answer's claims that hold in what it cites, the gold evidence and the gold answer."""
        if outcome.answer is None or outcome.abstained or not outcome.answer.strip():
            return _NOT_ASKED
        quotes = [place.quote for claim in outcome.claims for place in claim.citations]
        sources = _listed([*dict.fromkeys(quotes), *question.evidence, *question.answers])
        return self._share("judge_faithfulness", question=question.text, sources=sources, answer=outcome.answer)

    def preference(self, question: Question, first: Outcome, second: Outcome) -> Judged:
        """1 if `second` is better, 0 if `first` is, 0.5 if neither. Asked both ways round: a judge that picks the same
        place twice has seen no difference."""
        if first.answer is None or second.answer is None:
            return _NOT_ASKED
        told, votes = [], []
        for one, other, better in ((first, second, "2"), (second, first, "1")):
            reply, said = self._ask(
                _Better,
                "judge_preference",
                question=question.text,
                gold=_listed(question.answers),
                first=one.answer,
                second=other.answer,
            )
            told.append(said)
            if reply is None:
                return Judged(None, "\n".join(told), True)
            votes.append(0.5 if reply.better == "same" else float(reply.better == better))
        return Judged(votes[0] if votes[0] == votes[1] else 0.5, "\n".join(told))

    def all_measures(self, question: Question, outcome: Outcome) -> dict[str, Judged]:
        """Every one of `MEASURES` by the name of its score."""
        return {f"judged {name}": getattr(self, name)(question, outcome) for name in MEASURES}

    def _share(self, prompt: str, **values: object) -> Judged:
        reply, told = self._ask(_Claims, prompt, **values)
        if reply is None or not reply.claims:
            return Judged(None, told, True)
        return Judged(sum(claim.holds for claim in reply.claims) / len(reply.claims), told)

    def _ask(self, shape: type[Reply], prompt: str, **values: object) -> tuple[Reply | None, str]:
        """The reply, None when it is not of the shape, and the reply as text."""
        options: dict[str, Any] = {}
        if self._constrained:
            schema = {"name": shape.__name__.strip("_").lower(), "schema": shape.model_json_schema(), "strict": True}
            options["response_format"] = {"type": "json_schema", "json_schema": schema}
        message = ChatMessage(role="user", content=load(prompt).render(**values))
        try:
            told = self._llm.chat([message], **options).message.content or ""
        except Exception as error:  # every integration raises the errors of its own library
            raise self._explain(error) from error
        found = re.search(r"\{.*\}", told, re.DOTALL)  # some models wrap it in a code fence all the same
        try:
            return (shape.model_validate_json(found[0]) if found else None), told
        except ValidationError:
            return None, told


def _explained(error: Exception) -> RectoError:
    return EvaluationError(f"the judge failed ({type(error).__name__}: {error}); what is judged so far is kept")


def _listed(texts: Sequence[str]) -> str:
    return "\n".join(f"- {' '.join(text.split())}" for text in texts) or "- (none)"
