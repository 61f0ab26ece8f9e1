"""Sets fetched from a hub on this machine; what cannot be fetched or unpacked is said in one line."""

import hashlib
import io
import json
import re
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pymupdf
import pytest

from eval.datasets.archives import unpack
from eval.datasets.hub import ELSEWHERE, HUB, HubSet, fetch, hub_set
from eval.datasets.registry import SOURCES, load
from eval.errors import EvaluationError
from pipeline.cli.main import run

COMMIT = "a" * 40


class Hub:
    """A hub with one data set, `owner/set`, and one that is gated. `files` by path."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.url, self.commit = "", COMMIT

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append(handler.path)
        path = handler.path.partition("?")[0]
        if "/owner/gated" in path:
            self._send(handler, 403, b"{}", {"X-Error-Code": "GatedRepo"})
        elif not path.startswith(("/api/datasets/owner/set", "/datasets/owner/set")):
            self._send(handler, 404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif found := re.fullmatch(r"/api/datasets/owner/set(?:/revision/(.+))?", path):
            known = found[1] in (None, "main", "v1", self.commit)
            body = json.dumps({"id": "owner/set", "sha": self.commit, "siblings": []}).encode()
            self._send(handler, 200 if known else 404, body, {} if known else {"X-Error-Code": "RevisionNotFound"})
        elif path == f"/api/datasets/owner/set/tree/{self.commit}":
            tree = [
                {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                for name, data in self.files.items()
            ]
            self._send(handler, 200, json.dumps(tree).encode(), {"Content-Type": "application/json"})
        else:
            data = self.files[path.partition(f"/resolve/{self.commit}/")[2]]
            etag = f'"{hashlib.sha1(data).hexdigest()}"'
            self._send(handler, 200, data, {"ETag": etag, "X-Repo-Commit": self.commit})

    @staticmethod
    def _send(handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(body)


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.answer(self)

        def do_HEAD(self) -> None:
            made.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """Keeps the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, data in files.items():
            file.writestr(name, data)
    return stream.getvalue()


def a_pdf(pages: int) -> bytes:
    with pymupdf.open() as file:
        for _ in range(pages):
            file.new_page()
        return bytes(file.tobytes())


def test_a_set_is_fetched_unpacked_and_read_at_its_commit(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = {"file_name": "a.pdf", "reference_page": [2]}
    row = {"uid": "u", "query": "?", "reference_answer": "x", "meta_info": about}
    hub.files = {
        "vidoseek.json": json.dumps({"examples": [row]}).encode(),
        "vidoseek_pdf_document.zip": zipped({"deep/er/a.pdf": a_pdf(2), "__MACOSX/._a.pdf": b"no pdf"}),
        "not-needed.bin": b"0" * 100,
    }
    wanted = HubSet("owner/set", None, HUB["vidoseek"]["vidoseek"].patterns)
    fetched = fetch(wanted, tmp_path / "set", endpoint=hub.url)
    assert fetched.revision == COMMIT and fetched.files == 2
    assert not any("not-needed" in path for path in hub.asked)
    monkeypatch.setitem(SOURCES, "vidoseek", SOURCES["vidoseek"].__class__(SOURCES["vidoseek"].load))  # type: ignore[index]
    corpus = load("vidoseek", tmp_path / "set", tmp_path)
    assert corpus.revision == COMMIT and corpus.questions[0].gold[0].page_index == 1
    hub.asked.clear()
    fetch(wanted, tmp_path / "set", endpoint=hub.url)
    assert not any("resolve" in path for path in hub.asked), "what is there is not fetched again"


def test_files_of_another_commit_do_not_stay(hub: Hub, tmp_path: Path) -> None:
    """Renamed shards would be read beside the new ones."""
    wanted = HubSet("owner/set", None, ("qrels/*",))
    hub.files = {"qrels/0-of-1.parquet": b"old"}
    fetch(wanted, tmp_path, endpoint=hub.url)
    (tmp_path / "qrels" / "my-own.txt").write_text("kept")
    hub.files, hub.commit = {"qrels/0-of-2.parquet": b"new", "qrels/1-of-2.parquet": b"new"}, "b" * 40
    assert fetch(wanted, tmp_path, endpoint=hub.url).revision == "b" * 40
    assert sorted(file.name for file in (tmp_path / "qrels").iterdir()) == [
        "0-of-2.parquet",
        "1-of-2.parquet",
        "my-own.txt",
    ]


def test_what_the_hub_does_not_give_is_one_line(hub: Hub, tmp_path: Path) -> None:
    for repository, revision, message in (
        ("owner/gated", None, "gated: accept its conditions"),
        ("owner/other", None, "no data set owner/other"),
        ("no repository", None, "no data set no repository"),
        ("owner/set", "b" * 40, "has no revision"),
    ):
        with pytest.raises(EvaluationError, match=message) as caught:
            fetch(HubSet(repository, revision), tmp_path, endpoint=hub.url)
        assert "\n" not in str(caught.value)
    hub.files = {"README.md": b"#"}
    with pytest.raises(EvaluationError, match="another layout"):
        fetch(HubSet("owner/set", None, ("*.parquet",)), tmp_path, endpoint=hub.url)
    assert not (tmp_path / "hub.json").exists()


def test_without_a_network_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "vidoseek.json").write_text("{}")  # what is there must not pass for what was to be fetched
    with pytest.raises(EvaluationError, match=r"cannot be fetched .* by hand"):
        fetch(HUB["vidoseek"]["vidoseek"], tmp_path, endpoint="http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(EvaluationError, match="cannot be fetched"):
        fetch(HUB["vidoseek"]["vidoseek"], tmp_path)


def test_unknown_names_are_helped(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for arguments, message in (
        (["squad"], "no kind 'squad'"),
        (["financebench"], "clone github.com/patronus-ai/financebench"),
        (["vidore"], "several sets: name one with --set"),
        (["vidore", "--set", "v4"], "no set 'v4'"),
    ):
        assert run(["eval", "fetch", arguments[0], str(tmp_path), *arguments[1:]]) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1
    assert hub_set("vidore", "me/mine") == HubSet("me/mine", None, ("corpus/*", "queries/*", "qrels/*"))
    assert set(HUB) | set(ELSEWHERE) == set(SOURCES) - {"recto"}


@pytest.mark.parametrize("name", ["../out.txt", "/out.txt", "a/../../out.txt", "..\\out.txt", "C:out.txt"])
def test_archives_write_nothing_outside_their_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "bad.zip").write_bytes(zipped({"fine.txt": b"x", name: b"x"}))
    with tarfile.open(tmp_path / "bad.tar.gz", "w:gz") as file:
        file.addfile(tarfile.TarInfo("fine.txt"))
        file.addfile(tarfile.TarInfo(name))
    for archive in ("bad.zip", "bad.tar.gz"):
        with pytest.raises(EvaluationError, match="outside its folder"):
            unpack(tmp_path / archive)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["bad.tar.gz", "bad.zip"]


def test_archives_with_links_or_damage_are_refused_and_whole_ones_unpacked(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "link.tgz", "w:gz") as file:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        file.addfile(link)
    info = zipfile.ZipInfo("link")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as file:
        file.writestr(info, "/etc")
    (tmp_path / "torn.zip").write_bytes(zipped({"a": b"x" * 1000})[:-30])
    for name, message in (("link.tgz", "link"), ("link.zip", "link"), ("torn.zip", "cannot be unpacked")):
        with pytest.raises(EvaluationError, match=message):
            unpack(tmp_path / name)
    with tarfile.open(tmp_path / "good.tar.gz", "w:gz") as file:
        member = tarfile.TarInfo("./pdfs/a.pdf")
        member.size = 3
        file.addfile(member, io.BytesIO(b"abc"))
    folder = unpack(tmp_path / "good.tar.gz")
    assert folder == tmp_path / "good" and (folder / "pdfs" / "a.pdf").read_bytes() == b"abc"
    assert unpack(tmp_path / "good" / "pdfs" / "a.pdf") is None
