"""Words of scripts that shape their letters, in books and texts that MuPDF made PDFs of."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pymupdf
import pytest

from ingest.conversion import open_document
from ingest.files import identify
from ingest.glyph_meanings import add_meanings
from tests.ingest.made_files import write_epub

SENTENCES = {
    "ar": "سجلت الشركة إيرادات بلغت مليون دولار في عام واحد",
    "fa": "شرکت در سال گذشته درآمد بالایی ثبت کرد",
    "hi": "भारत की अर्थव्यवस्था पिछले वर्ष की तुलना में तेजी से बढ़ी",
    "ne": "क्षेत्रफल ज्ञान श्रीमती द्वारा प्राप्त",
    "th": "เศรษฐกิจของประเทศไทยเติบโตเร็วกว่าปีที่ผ่านมา ผู้เชี่ยวชาญกล่าวว่าการส่งออกเพิ่มขึ้น",
    "ta": "தமிழ்நாட்டின் கடந்த அதிகரித்துள்ளதாகவும் நிபுணர்கள் கூறினர்",
    "bn": "জন্য নতুন এবং দ্রুত গত",
    "signs": "Thumbs 👍 up and 🎉 with 𝛼𝛽 on the quay",
}
FLAGS = pymupdf.TEXTFLAGS_TEXT & ~pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE


def text_of(document: pymupdf.Document) -> str:
    text = " ".join(document[index].get_text(flags=FLAGS) for index in range(document.page_count))
    return unicodedata.normalize("NFC", text)


def made_of(text: str, body: str = "<p>{}</p>") -> tuple[pymupdf.Document, pymupdf.Document]:
    """A book of the text, and the PDF that MuPDF makes of it."""
    source = pymupdf.open(stream=f"<html><body>{body.format(text)}</body></html>".encode(), filetype="html")
    source.layout(width=420, height=595, fontsize=11)
    return source, pymupdf.open("pdf", source.convert_to_pdf())


@pytest.mark.parametrize("language", SENTENCES)
@pytest.mark.parametrize("kind", ["epub", "txt"])
def test_no_word_of_a_book_or_a_text_is_lost(tmp_path: Path, kind: str, language: str) -> None:
    sentence = SENTENCES[language]
    path = tmp_path / f"a.{kind}"
    if kind == "epub":
        write_epub(path, (sentence,))
    else:
        path.write_text(sentence, encoding="utf-8")
    with open_document(path, identify(path).media_type) as document:
        found = text_of(document)
    wanted = unicodedata.normalize("NFC", sentence).split()
    assert [word for word in wanted if word not in found.split()] == []
    assert "\ufffd" not in found


def test_letters_of_later_pages_and_of_headings_are_completed() -> None:
    source, document = made_of(SENTENCES["ar"], "<p>office</p>" * 60 + "<h1>{0}</h1><p>{0} <b>{0}</b></p>")
    assert document.page_count > 1
    add_meanings(source, document)
    found = text_of(pymupdf.open("pdf", document.tobytes()))
    assert all(found.split().count(word) == 3 for word in SENTENCES["ar"].split())


def test_a_pdf_of_plain_words_stays_as_it_is() -> None:
    source, document = made_of(
        "The office staff affirmed the “first” co-op — für alle, Ελλάδα, Москва, 東京, שנה, nai\u0308ve"
    )
    before = [document.xref_object(number) for number in range(1, document.xref_length())]
    streams = [document.xref_stream(number) for number in range(1, document.xref_length())]
    add_meanings(source, document)
    assert before == [document.xref_object(number) for number in range(1, document.xref_length())]
    assert streams == [document.xref_stream(number) for number in range(1, document.xref_length())]


def test_a_letter_that_has_a_meaning_keeps_it() -> None:
    # The first hyphen, which one letter shows like all others, may break a word: to be left out when it is read.
    source, document = made_of(f"co\u2011op, co\u2011op, one-two {SENTENCES['hi']} 👍")
    before = text_of(document)
    add_meanings(source, document)
    after = text_of(pymupdf.open("pdf", document.tobytes()))
    assert "\ufffd" in before and "\ufffd" not in after
    assert before[: before.index("two")] == after[: after.index("two")]


def test_fonts_of_one_name_that_differ_are_left_alone() -> None:
    source, document = made_of(SENTENCES["hi"])
    page = document[0]
    other = document.get_new_xref()
    [xref] = [font[0] for font in page.get_fonts() if "Devanagari" in font[3]]
    document.update_object(other, document.xref_object(xref))
    characters = document.get_new_xref()
    document.update_object(characters, "<<>>")
    document.update_stream(characters, b"<0001> <0041>\nendcmap")
    document.xref_set_key(other, "ToUnicode", f"{characters} 0 R")
    document.xref_set_key(page.xref, "Resources/Font/FX", f"{other} 0 R")
    document = pymupdf.open("pdf", document.tobytes())
    before = text_of(document)
    add_meanings(source, document)
    assert text_of(pymupdf.open("pdf", document.tobytes())) == before


def test_a_page_that_cannot_be_traced_costs_only_its_own_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    source, document = made_of(SENTENCES["ar"], "<p>{0}</p>" * 60)
    traced = pymupdf.Page.get_texttrace

    def broken(page: pymupdf.Page) -> object:
        if page.number == 0:
            raise RuntimeError("broken")
        return traced(page)

    monkeypatch.setattr(pymupdf.Page, "get_texttrace", broken)
    add_meanings(source, document)
    assert "\ufffd" not in text_of(pymupdf.open("pdf", document.tobytes()))
