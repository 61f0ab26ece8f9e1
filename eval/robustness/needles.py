"""Needles: a sentence that only one page says, at a known depth of documents of known length, as text or picture.

After "needle in a haystack" tests and Document Haystack (2025). The set is in Recto's own form; recall by slice shows
how far depth, length and being a picture cost. The hay is the filling of pages with made sentences, seeded.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Sequence
from pathlib import Path

from eval.errors import EvaluationError

DEPTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
LENGTHS = (5, 25, 100)
_THINGS = ("lantern", "violin", "anchor", "teapot", "compass", "ladder", "barrel", "saddle", "mirror", "candle")
_PLACES = ("Arbroath", "Bergen", "Cadiz", "Dundalk", "Esbjerg", "Funchal", "Gdynia", "Horta", "Izola", "Jurmala")
_SUBJECTS = ("The committee", "Our office", "The harbour", "A visitor", "The supplier", "Every branch", "The museum")
_VERBS = ("reviewed", "postponed", "described", "repaired", "ordered", "compared", "returned")
_OBJECTS = ("the plans for spring", "a set of drawings", "the old records", "three offers", "the minutes", "its stock")


def make_needles(folder: Path, seed: int = 0, lengths: Sequence[int] = LENGTHS) -> int:
    """Writes `docs/` and `questions.jsonl` to `folder`; returns the number of questions.

    One document for each length, each with a needle at every depth, half of them as pictures of words. Raises
    `EvaluationError` for a folder that holds something already, or cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise EvaluationError(f"{folder} is not empty: name a new folder for the needles")
        return _make(folder, seed, lengths)
    except OSError as error:
        raise EvaluationError(f"{folder} cannot be written to ({error.strerror}): name another folder") from None


def _make(folder: Path, seed: int, lengths: Sequence[int]) -> int:
    import pymupdf

    chance = random.Random(seed)
    pairs = [(thing, place) for thing in _THINGS for place in _PLACES]
    chance.shuffle(pairs)
    (folder / "docs").mkdir()
    records = []
    for length in lengths:
        name = f"hay-{length}.pdf"
        with pymupdf.open() as pdf:
            for _ in range(length):
                pdf.new_page().insert_textbox((72, 72, 523, 560), _hay(chance), fontsize=11)
            for depth in DEPTHS:
                for form in ("text", "picture"):
                    thing, place = pairs.pop()
                    number = chance.randrange(1_000, 10_000)
                    page_index = round(depth * (length - 1))
                    sentence = f"The {thing} of {place} was sold for {number} crowns."
                    top = 600 if form == "text" else 660
                    _write(pdf[page_index], sentence, form, top)
                    records.append(
                        {
                            "id": f"{length}-{depth:g}-{form}",
                            "question": f"For how much was the {thing} of {place} sold?",
                            "answers": [f"{number} crowns"],
                            "gold": [{"doc": name, "page_index": page_index}],
                            "slices": {"depth": f"{depth:g}", "pages": str(length), "form": form},
                        }
                    )
            pdf.save(folder / "docs" / name, garbage=3, deflate=True, no_new_id=True)
    lines = (json.dumps(record) + "\n" for record in records)
    (folder / "questions.jsonl").write_text("".join(lines), encoding="utf-8")
    return len(records)


def _write(page: object, sentence: str, form: str, top: float) -> None:
    import pymupdf

    if form == "text":
        page.insert_text((72, top), sentence, fontsize=12)  # type: ignore[attr-defined]
        return
    with pymupdf.open() as strip:
        picture = strip.new_page(width=451, height=40)
        picture.insert_text((8, 26), sentence, fontsize=15)
        data = io.BytesIO(picture.get_pixmap(dpi=200).tobytes("png"))
    page.insert_image((72, top, 523, top + 40), stream=data)  # type: ignore[attr-defined]


def _hay(chance: random.Random) -> str:
    sentences = (
        f"{chance.choice(_SUBJECTS)} {chance.choice(_VERBS)} {chance.choice(_OBJECTS)}, "
        f"and {chance.choice(_SUBJECTS).lower()} {chance.choice(_VERBS)} {chance.choice(_OBJECTS)}."
        for _ in range(22)
    )
    return " ".join(sentences)
