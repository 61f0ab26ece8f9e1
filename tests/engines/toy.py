"""A toy task that needs both eyes: a word from the text of the first page, a colour from the picture of the second.

Documents are real PDFs in a real library; what the model is trained on is exactly what the pipeline would send it. Some
documents are kept from training: their word was seen with their flag, never with the first page's colour too. Training
goes on until what it was shown is written right, so that no seed and no machine decides whether the task was learnt.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pymupdf

from pipeline import Library
from pipeline.answering.llm import messages
from pipeline.asking import best_of_all
from pipeline.config import AnswerSection
from pipeline.context import build_context
from pipeline.generation.formatting import ChatFormat
from tests.generation.tiny_vlm import configuration, make_processor, save

WORDS = ("amber", "basil", "cedar", "delta", "ember", "fjord", "grove", "heron", "ivory", "jolly", "karst", "lemon")
COLOURS = {"red": (0.85, 0.1, 0.1), "green": (0.1, 0.65, 0.2), "blue": (0.1, 0.2, 0.85)}
QUESTION = "What is the password, and which colour has the flag?"
SIZE = (200, 260)
MOST_STEPS, BATCH, RATE = 3_000, 8, 1e-3
WARM_UP, EVERY, CALM_DOWN = 100, 50, 100
LEARNT = 0.02
"""Mean loss from which it is worth looking whether every training document is answered right."""


@dataclass(frozen=True, slots=True)
class Toy:
    """One document: what its first page says, the colours of its two pages."""

    word: str
    first: str
    second: str

    @property
    def name(self) -> str:
        return f"{self.word}-{self.first}-{self.second}.pdf"

    @property
    def answer(self) -> str:
        return f"The password is {self.word} [1]. The flag is {self.second} [2]."

    @property
    def held_out(self) -> bool:
        first, second = (list(COLOURS).index(colour) for colour in (self.first, self.second))
        return (WORDS.index(self.word) + 2 * first + second) % 6 == 0


def toys() -> list[Toy]:
    return [Toy(*parts) for parts in product(WORDS, COLOURS, COLOURS)]


def write_documents(folder: Path) -> Path:
    """One PDF of two pages a toy. The file's name gives nothing away: it is a number."""
    folder.mkdir()
    for number, toy in enumerate(toys()):
        with pymupdf.open() as document:
            for colour, text in (
                (toy.first, f"The password of the harbour is {toy.word}."),
                (toy.second, "The flag of the harbour is this page."),
            ):
                page = document.new_page(width=SIZE[0], height=SIZE[1])
                page.draw_rect(page.rect, fill=COLOURS[colour], color=None)
                page.insert_textbox((10, 10, 190, 60), text, fontsize=10)
            document.save(folder / f"harbour-{number:02}.pdf")
    return folder


def file_of(toy: Toy) -> str:
    return f"harbour-{toys().index(toy):02}.pdf"


def settings(model: Path | str, answerer: str = "transformers", **changes: Any) -> AnswerSection:
    values = {
        "pages": 2,
        "context_tokens": 1_000,
        "output_tokens": 40,
        "image_tokens": 40,
        "dtype": "float32",
        "device": "cpu",
        **changes,
    }
    return AnswerSection(answerer=answerer, model=str(model), **values)  # type: ignore[arg-type]


def train(library: Library, folder: Path, seed: int = 0) -> bool:
    """Write a trained checkpoint to `folder`; whether its task was learnt. `library` holds the toy documents."""
    import torch
    from transformers import Idefics3ForConditionalGeneration

    processor = make_processor([QUESTION, *(toy.answer for toy in toys())])
    torch.manual_seed(seed)
    model = Idefics3ForConditionalGeneration(configuration(processor.tokenizer))
    save(folder, model, processor)  # so that contexts can be made in its own form
    examples = _examples(library, settings(folder))
    chooser = random.Random(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    losses: deque[float] = deque(maxlen=EVERY)
    last = MOST_STEPS
    for step in range(1, MOST_STEPS + 1):
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1.0, step / WARM_UP, (last - step + 1) / CALM_DOWN)
        loss = model.train()(**_padded(chooser.choices(examples, k=BATCH), model.config.pad_token_id)).loss
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
        if step == last:
            break
        calm = sum(losses) / len(losses) < LEARNT
        if last == MOST_STEPS and step % EVERY == 0 and calm and _all_right(model, examples):
            last = min(step + CALM_DOWN, MOST_STEPS)
    save(folder, model.eval(), processor)
    return _all_right(model, examples)


def _all_right(model: Any, examples: list[dict[str, Any]]) -> bool:
    """Whether the model would write every answer."""
    import torch

    model.eval()
    with torch.inference_mode():
        for start in range(0, len(examples), BATCH):
            batch = _padded(examples[start : start + BATCH], model.config.pad_token_id)
            labels = batch.pop("labels")[:, 1:]
            written = model(**batch).logits[:, :-1].argmax(-1)
            if bool(((written != labels) & (labels != -100)).any()):
                return False
    return True


def _examples(library: Library, section: AnswerSection) -> list[dict[str, Any]]:
    """The prompt of every toy that is not held out, as the pipeline makes it, with its answer as labels."""
    import torch

    form, made = ChatFormat(section), []
    end = form.tokenizer.eos_token
    for toy in toys():
        if toy.held_out:
            continue
        parts = library.find(QUESTION, k=2, filters={"name": file_of(toy)})
        hits = best_of_all([part.found for part in parts])
        context = build_context(QUESTION, hits, section, form.costs, library.page_picture)
        assert len(context.pages) == 2 and all(page.picture for page in context.pages)
        prompt = form.prompt(messages(context))
        inputs = dict(
            form.processor(
                text=f"{prompt.text} {toy.answer}{end}",
                images=list(prompt.pictures),
                add_special_tokens=False,
                return_tensors="pt",
            )
        )
        answer = len(form.tokenizer(f" {toy.answer}{end}", add_special_tokens=False)["input_ids"])
        labels = torch.full_like(inputs["input_ids"], -100)
        labels[:, -answer:] = inputs["input_ids"][:, -answer:]
        made.append({**inputs, "labels": labels})
    return made


def _padded(batch: list[dict[str, Any]], padding: int) -> dict[str, Any]:
    import torch

    longest = max(one["input_ids"].shape[1] for one in batch)
    fill = {"input_ids": padding, "attention_mask": 0, "labels": -100}
    padded = {
        key: torch.cat(
            [torch.nn.functional.pad(one[key], (0, longest - one[key].shape[1]), value=value) for one in batch]
        )
        for key, value in fill.items()
    }
    return padded | {key: torch.cat([one[key] for one in batch]) for key in ("pixel_values", "pixel_attention_mask")}
