"""Text that looks like a language, in several, and the same text with its letters exchanged."""

import random

import pytest

from ingest.letters import looks_like_language, vowel_agreement

PROSE = {
    "en": "The committee met in the old harbour house and agreed on the budget of the coming year. Nobody had expected "
    "that the lighthouse would need another coat of paint before the winter. The treasurer showed what had been spent "
    "on ropes, lamps and the new boat, and all were content. After supper they walked along the water to see the ship.",
    "de": "Der Ausschuss traf sich im alten Hafenhaus und einigte sich auf den Haushalt des kommenden Jahres. Niemand "
    "hatte erwartet, dass der Leuchtturm noch vor dem Winter einen neuen Anstrich brauchen würde. Die Kassiererin "
    "zeigte, was für Seile, Lampen und das neue Boot ausgegeben worden war, und alle waren zufrieden.",
    "fr": "Le comité s'est réuni dans la vieille maison du port et s'est mis d'accord sur le budget de l'année "
    "à venir. "
    "Personne ne s'attendait à ce que le phare doive être repeint avant l'hiver. La trésorière a montré ce qui avait "
    "été dépensé pour les cordes, les lampes et le nouveau bateau, et tout le monde était content.",
    "es": "El comité se reunió en la vieja casa del puerto y aprobó el presupuesto del año siguiente. Nadie "
    "esperaba que "
    "el faro necesitara otra mano de pintura antes del invierno. La tesorera mostró lo que se había gastado en "
    "cuerdas, "
    "lámparas y el barco nuevo, y todos quedaron contentos.",
    "it": "Il comitato si è riunito nella vecchia casa del porto e ha approvato il bilancio dell'anno prossimo. "
    "Nessuno "
    "si aspettava che il faro avesse bisogno di una nuova mano di vernice prima dell'inverno. La tesoriera ha mostrato "
    "quanto era stato speso per corde, lampade e la barca nuova, e tutti erano contenti.",
}


@pytest.mark.parametrize("text", PROSE.values(), ids=PROSE)
def test_languages_look_like_languages(text: str) -> None:
    assert looks_like_language(text) and vowel_agreement(text) is not None


@pytest.mark.parametrize("text", PROSE.values(), ids=PROSE)
def test_exchanged_letters_seldom_do(text: str) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    passed = 0
    for seed in range(50):
        mixed = list(letters)
        random.Random(seed).shuffle(mixed)
        passed += looks_like_language(text.lower().translate(str.maketrans(letters, "".join(mixed))))
    assert passed <= 5


def test_a_table_of_signs_one_off_is_no_language() -> None:
    assert not looks_like_language("".join(chr(ord(sign) + 1) for sign in PROSE["en"] * 2))


@pytest.mark.parametrize("text", ["", "12.5 % 1,204 (88) " * 200, "QTY REF NO. " * 5, "所有人生而自由" * 100])
def test_nothing_is_said_of_what_has_few_letters(text: str) -> None:
    assert vowel_agreement(text) is None and looks_like_language(text)
