"""BM25 over tantivy. Keeps words and keys, never text that could be read back."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import StoreError
from pipeline.results import PageRef
from pipeline.stores.database import storable
from pipeline.stores.durable import disk_errors, half_built, settle_folder, swap_folder

if TYPE_CHECKING:
    from tantivy import DocAddress, Document, Index, IndexWriter, Occur, Query, Searcher, TextAnalyzer

TOKENIZER = "en_stem"
"""tantivy's: split at all but letters and digits, drop words over 40 bytes, lower case, English stems."""
WRITER_BYTES = 64_000_000
QUESTION_WORDS = 512
"""Different words of a question that are looked for; of a longer one the first count."""
KEY, DOCUMENT = "key", "document_id"
PAIRS = "{}_pairs"
"""The field of a text field's neighbouring words, each two one term: a phrase of two common words is then looked up,
not searched for (`eval/decisions/2026-11-21-latency.md`)."""
_PAUSE = re.compile(r"[,;:.?!()](?=\s|$)")


@dataclass(frozen=True, slots=True)
class LexicalRecord:
    """The words of one page (or document) by field, under `key`."""

    key: str
    ref: PageRef
    texts: Mapping[str, str]


class LexicalIndex:
    """The index in the folder `path`. `fields` are the names of the text fields with their weights.

    pairs: weight of two content words of the question that follow one another in the text too, beside 1 for a word
    (the sequential dependence model's ordered features; Metzler and Croft, SIGIR 2005); 0 keeps none.
    Weights act on the question only; other fields are another index. Not for several threads at once.
    """

    def __init__(self, path: Path, fields: Mapping[str, float], pairs: float = 0.0) -> None:
        self.path = path
        self.fields = dict(fields)
        self._pair_fields = {PAIRS.format(field): weight * pairs for field, weight in fields.items() if pairs}
        self._analyzer, self._content = _analyzer(), _analyzer(content_only=True)
        self._writer: IndexWriter | None = None
        settle_folder(path)
        self._index = self._open(path)

    # ---- writing

    def add(self, records: Iterable[LexicalRecord]) -> None:
        """Add records, each in the place of an earlier one of its key. Visible and durable after `commit`."""
        with self._refusals():
            writer = self._opened_writer()
            for record in records:
                writer.delete_documents_by_term(KEY, record.key)
                writer.add_document(self._document(record))

    def commit(self) -> None:
        """Make what was added durable and visible."""
        with self._refusals():
            if self._writer is not None:
                self._writer.commit()
                self._index.reload()

    def rebuild(self, records: Iterable[LexicalRecord]) -> None:
        """Write a new index of `records` alone and swap it in; no word of any other is left. Kill-safe."""
        with self._refusals():
            self.close()
            fresh = half_built(self.path)
            writer = self._open(fresh).writer(WRITER_BYTES, 1)
            for record in records:
                writer.add_document(self._document(record))
            writer.commit()
            writer.wait_merging_threads()
            swap_folder(self.path)
            self._index = self._open(self.path)

    # ---- reading

    def search(
        self, question: str, k: int, document_ids: Collection[str] | None = None, *, function_words: bool = True
    ) -> list[tuple[str, float]]:
        """The `k` best records by BM25 of single words: (key, score) by (-score, key). Any characters are harmless.

        A record need not have all words. `document_ids` narrows the search; scores stay what they are without. Without
        `function_words` ("of", "the") most of the index is skipped, unless the question has no others.
        """
        words = self.words(question) if function_words else self._content_words(question) or self.words(question)
        if not words or k <= 0 or (document_ids is not None and not document_ids):
            return []
        from tantivy import Occur, Query

        with self._refusals():
            query = Query.boolean_query(self._should(words, self.fields))
            if document_ids is not None:
                query = Query.boolean_query([(Occur.Must, query), (Occur.Must, self._among(DOCUMENT, document_ids))])
            searcher = self._index.searcher()
            hits = searcher.search(query, k, count=False).hits
            found = [(self._key(searcher, address), float(score)) for score, address in hits]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def scores(self, questions: Sequence[str], keys: Collection[str]) -> dict[str, float]:
        """BM25 of each of the records that exist, by words and by pairs of words; 0 with none of them.

        Of several questions the one counts that gives a record most.
        """
        from tantivy import Occur, Query

        wanted = [
            self._should(words, self.fields) + self._should(self._pairs_of(one), self._pair_fields)
            for one in questions
            if (words := self.words(one))
        ]
        if not wanted or not keys:
            return {}
        best = Query.disjunction_max_query([Query.boolean_query(terms) for terms in wanted])
        query = Query.boolean_query([(Occur.Must, self._among(KEY, keys)), (Occur.Should, best)])
        with self._refusals():
            searcher = self._index.searcher()
            hits = searcher.search(query, len(keys), count=False).hits
            return {self._key(searcher, address): float(score) for score, address in hits}

    def words(self, question: str) -> list[str]:
        """The different stems of a question as they are looked for, in order."""
        return list(dict.fromkeys(self._analyzer.analyze(storable(question))))[:QUESTION_WORDS]

    def with_phrase(self, phrases: Iterable[Sequence[str]], document_ids: Collection[str]) -> list[str]:
        """Keys of the documents' records that have all words and pairs of any of the phrases, sorted. Needs pairs."""
        from tantivy import Occur, Query

        schema = self._index.schema
        wanted: list[tuple[Occur, Query]] = []
        for phrase in map(" ".join, phrases):
            for field in self.fields:
                parts = [
                    *(Query.term_query(schema, PAIRS.format(field), pair, "basic") for pair in self._joined(phrase)),
                    *(Query.term_query(schema, field, stem, "basic") for stem in self._analyzer.analyze(phrase)),
                ]
                wanted.append((Occur.Should, Query.boolean_query([(Occur.Must, part) for part in parts])))
        among = self._among(DOCUMENT, document_ids)
        query = Query.boolean_query([(Occur.Must, Query.boolean_query(wanted)), (Occur.Must, among)])
        with self._refusals():
            searcher = self._index.searcher()
            hits = searcher.search(query, max(1, searcher.num_docs), count=False).hits
            return sorted(self._key(searcher, address) for _, address in hits)

    def keys(self, document_id: str | None = None) -> list[str]:
        """Keys of one document's records or of all, sorted."""
        from tantivy import Query

        schema = self._index.schema
        query = Query.all_query() if document_id is None else Query.term_query(schema, DOCUMENT, document_id, "basic")
        with self._refusals():
            searcher = self._index.searcher()
            hits = searcher.search(query, max(1, searcher.num_docs), count=False).hits
            return sorted(self._key(searcher, address) for _, address in hits)

    def close(self) -> None:
        """Let go of the writer; what was not committed is lost. Idempotent, and the index can be used again."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.rollback()
            writer.wait_merging_threads()

    # ---- tantivy

    def _open(self, path: Path) -> Index:
        from tantivy import Index, SchemaBuilder

        builder = SchemaBuilder()
        builder.add_text_field(KEY, stored=True, tokenizer_name="raw", index_option="basic")
        builder.add_text_field(DOCUMENT, tokenizer_name="raw", index_option="basic")
        for field in self.fields:
            builder.add_text_field(field, tokenizer_name=TOKENIZER, index_option="freq")
        for field in self._pair_fields:
            builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
        with self._refusals():
            path.mkdir(parents=True, exist_ok=True)
            return Index(builder.build(), path=str(path))

    def _opened_writer(self) -> IndexWriter:
        if self._writer is None:
            self._writer = self._index.writer(WRITER_BYTES, 1)
        return self._writer

    def _document(self, record: LexicalRecord) -> Document:
        from tantivy import Document

        document = Document()
        document.add_text(KEY, record.key)
        document.add_text(DOCUMENT, record.ref.document_id)
        for field, text in record.texts.items():
            document.add_text(field, storable(text))
            if self._pair_fields:
                document.add_text(PAIRS.format(field), " ".join(self._joined(storable(text))))
        return document

    def _joined(self, text: str) -> list[str]:
        """Every two content words that follow one another, function words between them left out, as one term.

        Two numbers are none: most of a table would be.
        """
        neighbours = pairwise(self._content.analyze(text))
        return [f"{a}_{b}" for a, b in neighbours if a != b and not (a.isdigit() and b.isdigit())]

    def _content_words(self, question: str) -> list[str]:
        return list(dict.fromkeys(self._content.analyze(storable(question))))[:QUESTION_WORDS]

    def _pairs_of(self, question: str) -> list[str]:
        """The different pairs of neighbours in the question; none over a comma or stop."""
        parts = _PAUSE.split(storable(question))
        return list(dict.fromkeys(pair for part in parts for pair in self._joined(part)))[:QUESTION_WORDS]

    def _should(self, terms: Sequence[str], fields: Mapping[str, float]) -> list[tuple[Occur, Query]]:
        """The terms in each of the fields, as much as the fields weigh."""
        from tantivy import Occur, Query

        schema = self._index.schema
        return [
            (Occur.Should, Query.boost_query(Query.term_query(schema, field, term, "freq"), weight))
            for term in terms
            for field, weight in fields.items()
        ]

    def _among(self, field: str, values: Collection[str]) -> Query:
        """Records with any of the values; adds nothing to a score."""
        from tantivy import Query

        return Query.const_score_query(Query.term_set_query(self._index.schema, field, list(values)), 0.0)

    @staticmethod
    def _key(searcher: Searcher, address: DocAddress) -> str:
        return str(searcher.doc(address).get_first(KEY))

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """tantivy says everything, a full disk included, by `ValueError`."""
        try:
            with disk_errors(f"writing {self.path.name}"):
                yield
        except ValueError as error:
            text = " ".join(str(error).split())
            if "No space left" in text or "StorageFull" in text:
                raise StoreError(
                    f"the disk is full (writing {self.path.name}): free some space and run the command again; "
                    "nothing stored is harmed"
                ) from error
            raise StoreError(f"the word index {self.path} failed ({text[:300]}): `recto vacuum` rebuilds it") from error


def _analyzer(content_only: bool = False) -> TextAnalyzer:
    """The steps of tantivy's `en_stem`, to take a question apart as the fields were; or without function words."""
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    builder = TextAnalyzerBuilder(Tokenizer.simple())
    without = [Filter.stopword("english")] if content_only else []
    for step in (Filter.remove_long(40), Filter.lowercase(), *without, Filter.stemmer("english")):
        builder = builder.filter(step)
    return builder.build()
