"""The system that is rehearsed, as these tests stand in for it: a small HTTP server that remembers and answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qsl


@dataclass
class Got:
    """One request that came in."""

    method: str
    url: str  # full, as the sender asked for it
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


Answer = tuple[int, str]


@dataclass
class Receiver:
    """Answers 200 and nothing, or what `answers` says of a path's beginning."""

    got: list[Got] = field(default_factory=list)
    answers: dict[str, Answer | Callable[[Got], Answer]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65_536  # head and body in one packet: two would wait 40 ms for each other

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                url = f"http://{self.headers['Host']}{self.path}"
                got = Got(self.command, url, self.path.partition("?")[0], {k.lower(): v for k, v in self.headers.items()}, body)
                receiver.got.append(got)
                status, text = receiver.answer_to(got)
                data = text.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Content-Type", "text/html" if "<html" in text else "text/xml")
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                """Nothing: what came is in `got`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer_to(self, got: Got) -> Answer:
        for path, answer in self.answers.items():
            if got.path.startswith(path):
                return answer(got) if callable(answer) else answer
        return 200, ""

    def at(self, path: str) -> list[Got]:
        """What came to addresses that begin so."""
        return [got for got in self.got if got.path.startswith(path)]
