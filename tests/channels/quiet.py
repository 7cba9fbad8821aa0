"""A server that says nothing when a client hangs up on it: some tests want exactly that."""

from __future__ import annotations

from http.server import ThreadingHTTPServer


class Quiet(ThreadingHTTPServer):
    """See above."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass
