"""A real local HTTP server that takes notices, and now and then answers errors, hangs or loses its reply."""

from __future__ import annotations

import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Got = tuple[str, str, bytes]
"""Path, idempotency key and body of one request that was taken."""


class Receiver:
    """Takes POST requests. `taken` has every one whose body arrived and that was not answered with an error.

    Of all requests, `errors` are answered 503, `lost` are taken and then the connection is closed without an answer,
    `hangs` are taken and not answered before `hang_s`.
    """

    def __init__(self, *, errors: float = 0.0, lost: float = 0.0, hangs: float = 0.0, hang_s: float = 0.5) -> None:
        self.taken: list[Got] = []
        self.refused = 0
        self.errors, self.lost, self.hangs, self.hang_s = errors, lost, hangs, hang_s
        self._random = random.Random(4)
        self._lock = threading.Lock()
        self._ended = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10

            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                body = self.rfile.read(length)
                if len(body) == length:
                    receiver._answer(self, body)
                else:
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                """Silence."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """A client that was killed is no news."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def _answer(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        with self._lock:
            fate = self._random.random()
            if fate < self.errors:
                self.refused += 1
            else:
                self.taken.append((request.path, request.headers["idempotency-key"], body))
        if fate < self.errors:
            request.send_response(503)
        elif fate < self.errors + self.lost:
            request.close_connection = True
            return
        else:
            if fate < self.errors + self.lost + self.hangs:
                self._ended.wait(self.hang_s)
            request.send_response(200)
        request.send_header("content-length", "0")
        request.end_headers()

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
