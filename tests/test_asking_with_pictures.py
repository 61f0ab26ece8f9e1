"""A question with a picture: searched by it, shown to the model that answers, kept with its turn of a conversation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline import Library
from pipeline.answering.tokens import picture_tokens
from pipeline.chat import Standalone
from pipeline.config import load_settings
from pipeline.embedding.base import Vectors
from pipeline.embedding.models import load_embedders
from pipeline.errors import ConfigError, InputError, ModelError
from pipeline.transcript import markdown
from prompts.loader import load
from tests.answering.fake_server import ChatServer, picture_of, serving
from tests.cli.conftest import Recto, environment  # noqa: F401  # the fixture `recto` needs it
from tests.cli.conftest import recto as recto  # a fixture
from tests.test_page_embedders import OneVector, colour_vectors

COLOUR = (30, 160, 30)
TEXTS = {
    "skerry.txt": "Skerry Line\n\nRevenue of Skerry Line was 4.2 million euros in 2024, after 3.9 million in 2023.\n",
    "mell.txt": "Harbour of Mell\n\nThe harbour of Mell has nine berths and one crane.\n",
}


class Colours(OneVector):
    """Compares mean colours, of pictures that are asked by too."""

    def embed_picture(self, picture: Image.Image) -> Vectors:
        return colour_vectors(np.asarray(picture).mean(axis=(0, 1)))


def photograph(words: str = "") -> Image.Image:
    picture = Image.new("RGB", (640, 400), COLOUR)
    if words:
        picture.paste("white", (40, 40, 600, 200))
        ImageDraw.Draw(picture).text((60, 80), words, fill="black", font=ImageFont.load_default(44))
    return picture


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for name, text in TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    photograph("Harbour of Mell").save(folder / "mell.png")
    photograph().save(folder / "plain.png")
    with Library(folder / "library") as library:
        assert {report.status for report in library.add([folder / name for name in TEXTS])} == {"ready"}
    return folder


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with serving() as chat:
        chat.reply = "It has nine berths [1]."
        yield chat


def by_model(made: Path, server: ChatServer, **changes: Any) -> Library:
    answer = {"answerer": "endpoint", "url": server.url, "model": "m", "retries": 0, "image_tokens": 200, **changes}
    return Library(settings=load_settings({"library": made / "library", "answer": answer}))


def shown(server: ChatServer, request: int = -1) -> list[Image.Image]:
    """The pictures that stand after the label of a question's own picture, right before the question."""
    blocks = server.requests[request]["messages"][-1]["content"]
    label = {"type": "text", "text": load("attached_picture").text}
    return [picture_of(blocks[place + 1]) for place, block in enumerate(blocks[:-2]) if block == label]


def test_the_words_in_a_picture_find_its_page_and_a_question_is_quoted_for(made: Path) -> None:
    with Library(made / "library") as library:
        answer = library.ask("How many berths are there?", picture=photograph("Harbour of Mell"), k=1)
        assert "nine berths" in answer.text and answer.claims[0].citations[0].name == "mell.txt"
        assert json.loads(library.history.questions(1)[0].answer)["picture"] == [640, 400]
        with pytest.raises(InputError, match="a picture alone asks nothing that could be quoted"):
            library.ask(picture=photograph("Harbour of Mell"))
        assert "asks nothing" in json.loads(library.history.questions(1)[0].answer)["error"]


def test_a_model_sees_it_right_before_the_question_and_its_tokens_are_counted(made: Path, server: ChatServer) -> None:
    with by_model(made, server) as library:
        answer = library.ask("How many berths are there?", picture=photograph("Harbour of Mell"))
    blocks = server.blocks
    assert blocks[-1]["text"].endswith("How many berths are there?") and blocks[-2]["type"] == "image_url"
    (own,) = shown(server)
    assert own.getpixel((1, 1)) == COLOUR and picture_tokens(*own.size, 28) <= 200
    pictures = [picture_of(block) for block in blocks if block["type"] == "image_url"]
    assert answer.context.image_tokens == sum(picture_tokens(*one.size, 28) for one in pictures)
    assert answer.claims[0].supported


def test_a_picture_without_words_is_the_model_s_to_see(made: Path, server: ChatServer) -> None:
    with by_model(made, server) as library:
        library.ask("Which harbour is this?", picture=photograph())
        assert len(shown(server)) == 1
        with pytest.raises(InputError, match="no words were found in the picture"):
            library.ask(picture=photograph())
        library.ask(picture=photograph("Harbour of Mell"))
        assert server.blocks[-1]["text"].endswith(load("picture_question").text)


def test_a_model_that_is_shown_no_pictures_says_so(made: Path, server: ChatServer) -> None:
    with by_model(made, server, image_tokens=0) as library:
        with pytest.raises(ConfigError, match=r"answer\.image_tokens is 0"):
            library.ask("Which harbour is this?", picture=photograph("Harbour of Mell"))
        assert "answer.image_tokens" in json.loads(library.history.questions(1)[0].answer)["error"]
    assert server.requests == []


def test_a_page_model_that_looks_is_searched_by_what_the_picture_shows(tmp_path: Path, server: ChatServer) -> None:
    for name, colour in (("green", COLOUR), ("red", (200, 30, 30))):
        Image.new("RGB", (300, 400), colour).save(tmp_path / f"{name}.png")
    answer = {"answerer": "endpoint", "url": server.url, "model": "m"}
    settings = load_settings({"library": tmp_path / "library", "answer": answer})
    looking = replace(load_embedders(settings.embedding), pages=Colours())
    with Library(settings=settings, embedders=looking) as library:
        list(library.add([tmp_path / "green.png", tmp_path / "red.png"]))
        for words in ("", "Which one?"):
            (part,) = library.find(words, picture=photograph())
            assert part.found.hits[0].name == "green.png"
            library.ask(words, picture=photograph())
            assert server.blocks[-1]["text"].endswith(words or load("picture_question").text)


def test_a_conversation_keeps_the_picture_for_what_refers_to_it(made: Path, server: ChatServer) -> None:
    with by_model(made, server) as library:
        conversation = library.chat()
        list(conversation.ask("How many berths has this harbour?", photograph("Harbour of Mell")))
    with by_model(made, server) as library:  # another process would do the same
        again = library.chat(conversation.session_id)
        assert [turn.pictured for turn in again.turns()] == [True]
        kept = again.picture(0)
        assert kept is not None and kept.size == (640, 400) and kept.getpixel((1, 1)) == COLOUR
        server.say = lambda asked: (
            '{"read": "pages", "question": "How many cranes has the harbour of Mell?"}'
            if "Last message:" in asked
            else "One crane [1]."
        )
        first, *_ = list(again.ask("And how many cranes has it?"))
        assert isinstance(first, Standalone) and first.pictured
        assert "(with a picture)" in server.requests[-2]["messages"][-1]["content"]
        assert [one.getpixel((1, 1)) for one in shown(server)] == [COLOUR]
        server.say = None
        list(again.ask("What was the revenue of Skerry Line in 2024?"))  # a model that says no JSON: rules decide
        assert shown(server) == []
        text = markdown(again.session_id, again.turns(), {0: "x-turn-0.png"})
        assert text.count("![the picture asked about](<x-turn-0.png>)") == 1
        library.history.delete_session(again.session_id)
        assert library.history.turn_picture(again.session_id, 0) is None


def test_where_it_cannot_be_understood_the_question_and_its_picture_are_kept(made: Path, server: ChatServer) -> None:
    with by_model(made, server) as library:
        conversation = library.chat()
        list(conversation.ask("How many berths has the harbour of Mell?"))
        server.status = 500
        with pytest.raises(ModelError, match="status 500"):
            list(conversation.ask("Is this it?", photograph("Harbour of Mell")))
        turn = conversation.turns()[-1]
        assert (turn.question, turn.state, turn.pictured) == ("Is this it?", "failed", True)
        logged = json.loads(library.history.questions(1)[0].answer)
        assert "status 500" in logged["error"] and logged["picture"] == [640, 400]


def test_the_command_asks_and_talks_about_pictures(made: Path, recto: Recto) -> None:
    library = ("--library", made / "library")
    asked = recto("ask", *library, "--json", "--image", made / "mell.png", "-k", "1", "How many berths are there?")
    assert asked.code == 0 and "nine berths" in asked.lines[0]["answer"]
    part = ("--image", made / "mell.png", "--box", "0,0.6,1,1")
    recto("ask", *library, *part, "How many?").fails_in_one_line(1, "no words were found in the picture")
    recto("ask", *library, "--image", made / "mell.png").fails_in_one_line(1, "write a question beside it")
    recto("ask", *library, "--image", made / "gone.png", "What?").fails_in_one_line(1, "gone.png", "no such file")
    recto("ask", *library, "--page", "1", "What?").fails_in_one_line(2, "--image")
    typed = f"/image {made / 'mell.png'}\nHow many berths are there?\n/image\nThanks\n"
    talked = recto("chat", *library, "--json", stdin=typed)
    assert talked.code == 1 and "/image: name the file" in talked.err
    assert [(line["question"], line["picture"]) for line in talked.lines] == [
        ("How many berths are there?", True),
        ("Thanks", False),
    ]
    out = made / "talk.md"
    assert recto("chat", *library, "--session", "last", "--export", out).code == 0
    assert "](<talk-turn-0.png>)" in out.read_text("utf-8")
    assert Image.open(made / "talk-turn-0.png").size == (640, 400)
