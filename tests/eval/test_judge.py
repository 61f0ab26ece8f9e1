"""The judge over the real protocol, with replies good and bad: what is scored, what is not, what is never asked."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, LLMMetadata
from llama_index.core.llms import CustomLLM
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback

from eval.judge.calibration import calibrate, hard_cases
from eval.judge.judge import Judge
from eval.records import Outcome, Question
from pipeline.errors import RectoError

QUESTION = Question("q", "What was net revenue?", ("$5 million",), evidence=("Net revenue | 5",))
ANSWER = Outcome("q", answer="It was 5 million dollars.")


class Scripted(CustomLLM):
    """A LlamaIndex LLM that answers what `say` makes of the prompt; keeps the prompts and options."""

    say: Callable[[str], str]
    asked: list[str]
    options: list[dict[str, Any]]

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="scripted", is_chat_model=True)

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        prompt = messages[-1].content or ""
        self.asked.append(prompt)
        self.options.append(kwargs)
        return ChatResponse(message=ChatMessage(role="assistant", content=self.say(prompt)))

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        raise NotImplementedError

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Iterator[Any]:
        raise NotImplementedError


def judge(*replies: str, **options: Any) -> tuple[Judge, Scripted]:
    left = list(replies)
    llm = Scripted(say=lambda prompt: left.pop(0), asked=[], options=[])
    return Judge(llm, **options), llm


def test_a_reply_of_the_schema_is_scored_even_in_a_code_fence() -> None:
    plain = '{"verdict": "correct", "reason": "same"}'
    by, llm = judge(plain, f"Sure:\n```json\n{plain}\n```", '{"verdict": "refusal", "reason": "none"}')
    assert [by.correctness(QUESTION, ANSWER).score for _ in range(3)] == [1, 1, 0]
    assert "$5 million" in llm.asked[0] and ANSWER.answer in llm.asked[0]
    schema = llm.options[0]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["verdict"]["enum"] == ["correct", "incorrect", "refusal"]


@pytest.mark.parametrize("reply", ["", "correct", '{"verdict": "yes", "reason": ""}', '{"verdict": "correct"', "{}"])
def test_an_unusable_reply_is_unscored_and_kept(reply: str) -> None:
    by, _ = judge(reply)
    found = by.correctness(QUESTION, ANSWER)
    assert found.score is None and found.unscored and found.told == reply


def test_shares_of_claims() -> None:
    reply = json.dumps({"claims": [{"claim": "a", "holds": True}, {"claim": "b", "holds": False}]})
    by, llm = judge(reply, reply, '{"claims": []}')
    assert by.completeness(QUESTION, ANSWER).score == 0.5
    assert by.faithfulness(QUESTION, ANSWER).score == 0.5
    assert "Net revenue | 5" in llm.asked[1]
    assert by.faithfulness(QUESTION, ANSWER).unscored


def test_what_needs_no_judgement_is_not_asked() -> None:
    by, llm = judge()
    silent, empty, unasked = Outcome("q", answer="No.", abstained=True), Outcome("q", answer=" "), Outcome("q")
    unanswerable = Question("q", "?", answerable=False)
    assert by.correctness(QUESTION, silent).score == 0 and by.correctness(unanswerable, silent).score == 1
    assert by.correctness(unanswerable, ANSWER).score == 0 and by.completeness(QUESTION, empty).score == 0
    assert by.faithfulness(QUESTION, silent).score is None and not by.faithfulness(QUESTION, silent).unscored
    assert all(one.score is None and not one.unscored for one in by.all_measures(QUESTION, unasked).values())
    assert llm.asked == []


def test_a_judge_that_always_prefers_the_first_place_sees_no_difference() -> None:
    first, second = '{"better": "1", "reason": ""}', '{"better": "2", "reason": ""}'
    biased, _ = judge(first, first)
    assert biased.preference(QUESTION, ANSWER, ANSWER).score == 0.5
    fair, _ = judge(second, first)
    assert fair.preference(QUESTION, ANSWER, Outcome("q", answer="better")).score == 1
    broken, _ = judge(second, "?")
    assert broken.preference(QUESTION, ANSWER, ANSWER).unscored


def test_calibration_counts_both_kinds_of_error() -> None:
    cases = hard_cases()
    assert len(cases) >= 20 and {case.correct for case in cases} == {True, False}
    wrong = sum(not case.correct for case in cases)
    verdict = {case.outcome.answer: "correct" if case.correct else "incorrect" for case in cases}
    flattered = next(case for case in cases if not case.correct)
    verdict[flattered.outcome.answer] = "correct"

    def say(prompt: str) -> str:
        answer = prompt.split("Answer to grade:\n")[1].split("\n\nThe answer is correct")[0]
        return json.dumps({"verdict": verdict[answer], "reason": ""}) if answer != "2,341" else "no idea"

    found = calibrate(Judge(Scripted(say=say, asked=[], options=[]), constrained=False))
    assert found.true_positive_rate == 1 and found.unscored == 1 and found.cases == len(cases)
    assert found.false_positive_rate == pytest.approx(1 / (wrong - 1))
    assert found.mistaken == (f"{flattered.question.text} — {flattered.why}",)


def test_a_failing_model_is_one_line() -> None:
    def say(prompt: str) -> str:
        raise ConnectionError("nobody there")

    with pytest.raises(RectoError, match="the judge failed"):
        Judge(Scripted(say=say, asked=[], options=[])).correctness(QUESTION, ANSWER)
