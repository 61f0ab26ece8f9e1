"""`Library`: the one object a caller holds. Opens the stores, loads models when first needed, hands work on.

Owns no logic of its own: indexing, retrieval, answering and the stores each do theirs.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ingest.document import Box, Page, PageIssue
from ingest.files import find_files
from ingest.settings import PARSER_VERSION, ChunkSettings
from pipeline.config import Mode, Settings, load_settings
from pipeline.embedding.base import PictureEmbedder, candidate_vector
from pipeline.embedding.models import Embedders, identities, load_embedders
from pipeline.embedding.text import DEFAULT_MODEL
from pipeline.errors import InputError, RectoError
from pipeline.filters import fitting
from pipeline.made_once import made_once
from pipeline.picture_questions import asked_with, sought_by_words
from pipeline.progress import Progress
from pipeline.questions import check_question
from pipeline.results import Answer, FoundPart, PageRef, SearchResult
from pipeline.retrieval.words import PageWords
from pipeline.screenshots import ScreenshotCache
from pipeline.stores.layout import LibraryPaths
from pipeline.stores.manifest import Manifest
from pipeline.stores.opened import Stores
from pipeline.stores.rows import DocumentRow
from pipeline.stores.vacuum import VacuumReport, vacuum
from pipeline.stores.verify import verify
from pipeline.turns import COMPUTING

if TYPE_CHECKING:
    from llama_index.core.base.base_query_engine import BaseQueryEngine
    from llama_index.core.base.base_retriever import BaseRetriever
    from PIL import Image

    from ingest.figures import Figure
    from pipeline.answering.base import Answerer, AnswerEvent
    from pipeline.captioning import Captioner
    from pipeline.chat import Conversation
    from pipeline.finding import Finder
    from pipeline.generation.base import Generator
    from pipeline.indexing import AddReport
    from pipeline.retrieval.retriever import Retriever
    from pipeline.stores.history import History

log = logging.getLogger(__name__)


class Library:
    """A library on disk, opened for one process. Use it in a `with` statement, or call `close`.

    Searching, finding and asking are for several threads: they search in turn, and wait for an endpoint's model side by
    side. Adding, removing and upkeep are for one thread, and nothing beside it.

    Raises `StoreError` when it is held by another process, damaged, or made with other settings, and `ConfigError`
    for impossible settings.
    """

    def __init__(
        self, path: Path | str | None = None, *, settings: Settings | None = None, embedders: Embedders | None = None
    ) -> None:
        """Without `path` it is the library that the settings name; without `settings`, those in force.

        `embedders` replaces the configured models by objects of the same protocols.
        """
        self.settings = load_settings() if settings is None else settings
        if path is not None:
            self.settings = self.settings.model_copy(update={"library": Path(path)})
        self._given = embedders
        self._making = threading.RLock()  # of `made_once`
        self._stores = Stores.open(
            self.settings.library,
            self._manifest(),
            PageWords(),
            lambda vectors: candidate_vector(self._embedders.pages.encoder, vectors),
            chroma_url=self.settings.retrieval.chroma_url,
        )
        self._screenshots = ScreenshotCache(self._stores.paths.cache, self.settings.screenshots.cache_mb * 1_000_000)

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """The library that `settings.library` names."""
        return cls(settings=settings)

    def close(self) -> None:
        """Give the library back to other processes, and the memory of a model in this one."""
        generator = self.__dict__.get("generator")  # made only when first needed
        if generator is not None and generator.close is not None:
            generator.close()
        self._stores.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ---- documents

    def add(
        self,
        paths: Iterable[Path | str],
        *,
        retry_failed: bool = False,
        passwords: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> Iterator[AddReport]:
        """Add files and folders; one report a file, in the order finished. Raises `InputError` for a missing path.

        `passwords` are tried on encrypted files, and kept nowhere.
        """
        files = self.files([Path(path) for path in paths])
        return self._index(files, retry_failed=retry_failed, passwords=passwords, progress=progress)

    def files(self, paths: Sequence[Path]) -> list[Path]:
        """The files meant by `paths`. A library inside an added folder is no document of it."""
        own = self._stores.paths.root.resolve()
        return [file for file in find_files(paths) if own not in Path(os.path.realpath(file)).parents]

    def sync(
        self,
        folder: Path | str,
        *,
        dry_run: bool = False,
        passwords: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> Iterator[AddReport]:
        """Make the library equal to `folder`; one report a file, its `change` saying what happened (or would)."""
        from pipeline.syncing import sync

        return sync(self, Path(folder), dry_run=dry_run, passwords=passwords, progress=progress)

    def documents(self) -> list[DocumentRow]:
        """All documents, failed ones included, by name."""
        return self._stores.catalog.documents()

    def resolve(self, reference: str) -> DocumentRow:
        """The document of an id, an unambiguous beginning of one, or a file name. Raises `InputError`."""
        return self._stores.catalog.resolve(reference)

    def issues(self, document_id: str) -> list[PageIssue]:
        """Troubles on a document's pages."""
        return self._stores.catalog.issues(document_id)

    def remove(self, *references: str) -> list[DocumentRow]:
        """Remove documents from every store; gives back what they were. One unknown reference removes nothing."""
        rows = {row.info.document_id: row for row in map(self.resolve, references)}
        self._stores.remove_documents(list(rows))
        return list(rows.values())

    def move(self, document_id: str, path: Path) -> None:
        """The document's file is at `path` now: nothing is read or embedded again, only its name changes."""
        stores = self._stores
        row = self.resolve(document_id)
        stores.catalog.set_path(document_id, str(path))
        info = replace(row.info, name=path.name)
        stores.catalog.set_info(info)
        stores.cards.add([stores.words.card_record(info, stores.catalog.parsed_pages(document_id))])
        stores.cards.commit()

    # ---- questions

    def search(
        self,
        question: str = "",
        *,
        picture: Image.Image | None = None,
        k: int | None = None,
        mode: Mode | None = None,
        filters: Mapping[str, str] | None = None,
    ) -> SearchResult:
        """The `k` best pages. `filters`: name, title, author, media_type or document_id a document must have.

        `picture` is searched by instead of a question, or beside one: by what it looks like where the page model looks
        at pictures, else by the words in it.
        """
        _refuse_none_wanted(k)
        if picture is not None and not self._looks:
            question, picture = sought_by_words(question, picture, seen=False), None
        asked = check_question(question) if question.strip() or picture is None else ""
        among = self._among(filters)
        return self._retriever.search(asked, picture=picture, k=k, mode=mode, document_ids=among)

    def search_many(
        self,
        questions: Iterable[tuple[str | int | None, str]],
        *,
        k: int | None = None,
        mode: Mode | None = None,
        filters: Mapping[str, str] | None = None,
    ) -> Iterator[tuple[str | int | None, SearchResult]]:
        """`search` for each (id, question), in order."""
        for question_id, question in questions:
            yield question_id, self.search(question, k=k, mode=mode, filters=filters)

    def ask(
        self,
        question: str = "",
        *,
        picture: Image.Image | None = None,
        k: int | None = None,
        mode: Mode | None = None,
        filters: Mapping[str, str] | None = None,
        pages: Sequence[PageRef] | None = None,
    ) -> Answer:
        """The answer, each claim with the place it rests on; or that the documents do not say.

        `pages`: read these instead of searching. `picture` belongs to the question, or is asked about without one: it
        is searched by, and shown to the model that answers.
        """
        return _whole(self.ask_stream(question, picture=picture, k=k, mode=mode, filters=filters, pages=pages))

    def ask_many(
        self,
        questions: Iterable[tuple[str | int | None, str]],
        *,
        k: int | None = None,
        mode: Mode | None = None,
        filters: Mapping[str, str] | None = None,
    ) -> Iterator[tuple[str | int | None, Answer | RectoError]]:
        """`ask` for each (id, question), in order, the model kept busy; a question that fails comes with its error.

        Raises `ConfigError`, which would be the same for every question.
        """
        from pipeline.batch import ask_all

        _refuse_none_wanted(k)

        def find(question: str) -> tuple[FoundPart, ...]:
            return self.find(question, k=k, mode=mode, filters=filters)

        return ask_all(self._answerer, questions, find, self.history, self.settings.hash)

    def ask_stream(
        self,
        question: str = "",
        *,
        picture: Image.Image | None = None,
        k: int | None = None,
        mode: Mode | None = None,
        filters: Mapping[str, str] | None = None,
        pages: Sequence[PageRef] | None = None,
    ) -> Iterator[AnswerEvent]:
        """`ask`, as typed events: text as it is written, claims as they end, then the whole answer."""

        def find() -> Sequence[FoundPart]:
            return self.find(question, picture=picture, k=k, mode=mode, filters=filters, pages=pages)

        yield from self._answer_events(question, find, picture)

    def chat(
        self,
        session: str | None = None,
        *,
        k: int | None = None,
        mode: Mode | None = None,
        filters: Mapping[str, str] | None = None,
    ) -> Conversation:
        """A conversation: a new one, or the stored one of `session` (an id, the beginning of one, or `last`)."""
        from pipeline.chat import Conversation

        _refuse_none_wanted(k)
        return Conversation(self, self.history, session, k=k, mode=mode, filters=filters)

    def find(
        self,
        question: str = "",
        *,
        picture: Image.Image | None = None,
        k: int | None = None,
        mode: Mode | None = None,
        filters: Mapping[str, str] | None = None,
        pages: Sequence[PageRef] | None = None,
    ) -> tuple[FoundPart, ...]:
        """What `ask` would read: the pages of each part of the question."""
        _refuse_none_wanted(k)
        k = self.settings.answer.pages if k is None else k
        if pages is None:
            words = question if picture is not None else check_question(question)
            return tuple(self._finder.find(words, k, mode, self._among(filters), picture))
        question = asked_with(question, picture)
        read = tuple(self._retriever.look_at(question, ref) for ref in pages)
        return (FoundPart(question, SearchResult(question, read)),)

    def answer(self, question: str, parts: Sequence[FoundPart], picture: Image.Image | None = None) -> Answer:
        """`ask` from what `find` found."""
        return _whole(self._answer_events(question, lambda: parts, picture))

    def _answer_events(
        self, question: str, find: Callable[[], Sequence[FoundPart]], picture: Image.Image | None
    ) -> Iterator[AnswerEvent]:
        from pipeline.asking import ask_stream

        asked = asked_with(question, picture)
        return ask_stream(lambda: self._answerer, asked, find, self.history, self.settings.hash, picture)

    def _among(self, filters: Mapping[str, str] | None) -> frozenset[str] | None:
        """Ids of the documents that the filters leave; None without filters."""
        return fitting(self.documents(), filters) if filters else None

    @property
    def history(self) -> History:
        """Questions asked and conversations held."""
        return self._stores.catalog.history

    # ---- pages

    def page_picture(self, ref: PageRef) -> Image.Image:
        """The page as a picture (RGB). Raises `InputError` for a page that the library does not have."""
        row = self._stores.catalog.document(ref.document_id)
        if row is None or not 0 <= ref.page_index < row.info.page_count:
            have = "is not in the library" if row is None else f"has pages 0 to {row.info.page_count - 1}"
            raise InputError(f"there is no page {ref.page_index}: document {ref.document_id} {have}")
        readable = self._stores.originals.readable(ref.document_id)
        return self._screenshots.page(
            ref.document_id, readable, row.info.media_type, ref.page_index, self.settings.screenshots.dpi
        )

    def page(self, ref: PageRef) -> Page | None:
        """The page as it was read: blocks with their text and boxes. None where it could not be, or is not there."""
        return self._stores.catalog.page(ref)

    def figures(self, document_id: str) -> list[Figure]:
        """The document's captioned figures and tables, each with its box, its words and the sentences that name it."""
        from ingest.figures import find_figures

        return find_figures(self._stores.catalog.parsed_pages(document_id))

    def page_boxes(self, ref: PageRef, question: str) -> tuple[Box, ...]:
        """Where on the page the evidence for the question stands: cited boxes, else the regions that match it."""
        hit = self._retriever.look_at(check_question(question), ref)
        answer = self._answerer.answer(question, [hit])
        cited = tuple(citation.box for claim in answer.claims for citation in claim.citations)
        return cited or tuple(region.box for region in hit.regions[:1])

    def heat_map(self, ref: PageRef, question: str) -> Image.Image:
        """The page's picture with colours where its vectors answer to the question. Raises `InputError`."""
        from pipeline.heat_map import draw_heat

        picture = self.page_picture(ref)
        places = self._stores.catalog.bag_refs([ref], self._stores.manifest.text_embedder.dimension)
        embedder = self._embedders.pages
        with COMPUTING:
            bags = self._stores.bags.read(pair.page for pair in places.values())
            asked = embedder.embed_question(check_question(question))
        return draw_heat(picture, bags[0], asked) if bags else picture

    # ---- upkeep

    def verify(self) -> list[str]:
        """Differences between the catalog and the other stores; none means that they agree."""
        return verify(self._stores)

    def vacuum(self) -> VacuumReport:
        """Give disk space back by rebuilding what cannot shrink."""
        return vacuum(self._stores)

    # ---- LlamaIndex

    def as_retriever(self, k: int | None = None) -> BaseRetriever:
        """A LlamaIndex retriever of text nodes and page `ImageNode`s."""
        from pipeline.llamaindex import RectoRetriever

        return RectoRetriever(self, k=k)

    def as_query_engine(self) -> BaseQueryEngine:
        """A LlamaIndex query engine whose responses carry claims and citations."""
        from pipeline.llamaindex import RectoQueryEngine

        return RectoQueryEngine(self)

    # ---- parts, made when first needed

    def _manifest(self) -> Manifest:
        """What the settings in force would make. Models are loaded for it only where nothing else tells."""
        stored = Manifest.load(LibraryPaths(self.settings.library).manifest)
        known = None if self._given else identities(self.settings.embedding, stored.embedders if stored else None)
        text, pages = known or self._embedders.identities
        same_text = known is not None and stored is not None and stored.text_embedder == text
        return Manifest(
            parser_version=PARSER_VERSION,
            text_embedder=text,
            page_embedder=pages,
            ingest=self.settings.ingest.parsing(),
            chunks=stored.chunks if same_text and stored else self._chunking(),
            captions=self._captions(),
            page_storage=self.settings.embedding.page_storage,
        )

    def _captions(self) -> str:
        if self.settings.captions == "off":
            return ""
        from pipeline.captioning import identity

        return identity(self.settings.answer)

    def _chunking(self) -> ChunkSettings:
        """Chunks as large as the text model sees, and no larger than what was measured to be best."""
        usual = ChunkSettings()
        if not self._given and self.settings.embedding.text_model == DEFAULT_MODEL:
            return usual
        return replace(usual, max_tokens=min(usual.max_tokens, self._embedders.text.max_tokens))

    @made_once
    def _embedders(self) -> Embedders:
        return self._given or load_embedders(self.settings.embedding)

    @made_once
    def _retriever(self) -> Retriever:
        from pipeline.retrieval.reranking import make_chain
        from pipeline.retrieval.retriever import Retriever

        chain = make_chain(self.settings, self.page_picture)
        return Retriever(self._stores, self._embedders, self.settings.retrieval, chain)

    @made_once
    def _finder(self) -> Finder:
        from pipeline.finding import Finder

        return Finder(self._retriever, self.settings, self.history, lambda: self.generator, self._looks)

    @property
    def _looks(self) -> bool:
        """Whether the page model looks at pictures."""
        return isinstance(self._embedders.pages, PictureEmbedder)

    @made_once
    def generator(self) -> Generator:
        """The configured model, loaded once. Raises `ConfigError` when none is configured."""
        from pipeline.generation.factory import make_generator

        return make_generator(self.settings.answer)

    @made_once
    def _answerer(self) -> Answerer:
        from pipeline.answering.factory import make_answerer

        terms = self.settings.retrieval.terms
        return make_answerer(
            self.settings.answer, self._embedders.text, lambda: self.generator, self.page_picture, terms
        )

    def _captioner(self) -> Captioner | None:
        if self.settings.captions == "off":
            return None
        from pipeline.captioning import Captioner

        return Captioner(lambda: self.generator, self.settings.answer, self.page_picture)

    def _index(
        self, files: Sequence[Path], *, retry_failed: bool, passwords: Sequence[str], progress: Progress | None
    ) -> Iterator[AddReport]:
        from ingest.workers import ParserPool
        from pipeline.indexing import Indexer
        from pipeline.writing import IndexWriter

        section = self.settings.ingest
        with ParserPool(section.parsing(), section.limits(passwords)) as pool:
            writer = IndexWriter(self._stores, self._embedders, self.page_picture)
            indexer = Indexer(writer, pool, self._stores.manifest.chunks, self._captioner())
            yield from indexer.add(files, retry_failed=retry_failed, progress=progress)
            for stage, seconds in indexer.seconds.items():
                log.info("%s: %.1f s", stage, seconds)


def _refuse_none_wanted(k: int | None) -> None:
    if k is not None and k < 1:
        raise InputError(f"k must be at least 1, not {k}")


def _whole(events: Iterable[AnswerEvent]) -> Answer:
    """The answer that a stream ends with."""
    from pipeline.answering.base import AnswerReady

    for event in events:
        if isinstance(event, AnswerReady):
            return event.answer
    raise RuntimeError("the answerer ended without an answer")
