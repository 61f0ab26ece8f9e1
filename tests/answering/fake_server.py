"""A local HTTP server that speaks the OpenAI chat-completions protocol, plain and streamed, and keeps what it got."""

from __future__ import annotations

import base64
import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image


class ChatServer:
    """`reply` is what the model says, or what `say` makes of the last message; the rest makes it misbehave.

    failures: statuses of the next requests, one each. breaks_off: a stream ends before its reply does.
    finish_reason: why a reply ends; `length` is the limit of tokens.
    """

    def __init__(self) -> None:
        self.reply = ""
        self.say: Callable[[str], str] | None = None
        self.pieces: list[str] | None = None
        self.status = 200
        self.body: bytes | None = None
        self.delay = 0.0
        self._gone = threading.Event()
        self._counting = threading.Lock()
        self._now = self.most_at_once = 0
        self.breaks_off = False
        self.finish_reason = "stop"
        self.failures: list[int] = []
        self.logprobs: list[dict[str, Any]] | None = None
        """Alternatives of the first token, given where a request asks for them."""
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.usage = {"prompt_tokens": 321, "completion_tokens": 21, "total_tokens": 342}
        self.url = ""

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """Content blocks of the last request's user message."""
        return self.requests[-1]["messages"][-1]["content"]

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        request = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        self.requests.append(request)
        with self._counting:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            self._answer(handler, request)
        finally:
            with self._counting:
                self._now -= 1

    def _answer(self, handler: BaseHTTPRequestHandler, request: dict[str, Any]) -> None:
        self.keys.append(handler.headers.get("Authorization"))
        self._gone.wait(self.delay)
        reply = self.reply
        if self.say is not None:
            content = request["messages"][-1]["content"]
            reply = self.say(content if isinstance(content, str) else content[-1]["text"])
        if self.failures:
            self._send(handler, self.failures.pop(0), "application/json", b'{"error": {"message": "not now"}}')
        elif self.status != 200 or self.body is not None:
            body = self.body if self.body is not None else b'{"error": {"message": "so it is"}}'
            self._send(handler, self.status, "application/json", body)
        elif request.get("stream"):
            self._send(handler, 200, "text/event-stream", b"".join(self._events(request, reply)))
        else:
            message = {"role": "assistant", "content": reply}
            body = {**self._head(request, "chat.completion"), "usage": self.usage}
            choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": self.finish_reason}
            if self.logprobs and request.get("logprobs"):
                choice["logprobs"] = {"content": [{**self.logprobs[0], "top_logprobs": self.logprobs}]}
            body["choices"] = [choice]
            self._send(handler, 200, "application/json", json.dumps(body).encode())

    def _events(self, request: dict[str, Any], reply: str) -> Iterator[bytes]:
        for text in self.pieces or [reply]:
            choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
            yield _event({**self._head(request, "chat.completion.chunk"), "choices": [choice]})
        if self.breaks_off:
            return
        end = {"index": 0, "delta": {}, "finish_reason": self.finish_reason}
        yield _event({**self._head(request, "chat.completion.chunk"), "choices": [end]})
        if request.get("stream_options", {}).get("include_usage"):
            yield _event({**self._head(request, "chat.completion.chunk"), "choices": [], "usage": self.usage})
        yield b"data: [DONE]\n\n"

    def _head(self, request: dict[str, Any], kind: str) -> dict[str, Any]:
        return {"id": "chat-1", "object": kind, "created": 1, "model": request["model"]}

    @staticmethod
    def _send(handler: BaseHTTPRequestHandler, status: int, media_type: str, body: bytes) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", media_type)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        with suppress(ConnectionError):  # who asked may have given up, and its traceback would be another test's stderr
            handler.wfile.write(body)


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def picture_of(block: dict[str, Any]) -> Image.Image:
    """The picture in an image_url block."""
    head, data = block["image_url"]["url"].split(",", 1)
    assert head == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


@contextmanager
def serving() -> Iterator[ChatServer]:
    chat = ChatServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/chat/completions"
            chat.handle(self)

        def log_message(self, format: str, *args: object) -> None:
            """Keeps the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    chat.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield chat
    finally:
        chat._gone.set()  # whoever is being kept waiting
        server.shutdown()
        server.server_close()
        thread.join()
