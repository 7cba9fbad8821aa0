"""Against providers that misbehave: whatever they do, the caller learns in time whether the request may have gone out."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from orchestrator.channels.transport import NoAnswer, NotSent, Reply, Transport

OK = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nRetry-After: 7\r\n\r\n{}"


class Loopback:
    """A server whose every connection is handled as the test says, in a thread of its own."""

    def __init__(self, handle: Callable[[socket.socket, int], None]) -> None:
        self._handle, self._listener = handle, socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1/things?To=%2B13125550142"
        self.connections = 0
        self.over = threading.Event()  # a handler that hangs waits for it
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def stop(self) -> None:
        self.over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._threads.append(threading.Thread(target=self._serve, args=(connection, self.connections)))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection, contextlib.suppress(OSError):
            self._handle(connection, number)


Serve = Callable[[Callable[[socket.socket, int], None]], Loopback]


@pytest.fixture
def serve() -> Iterator[Serve]:
    running: list[Loopback] = []

    def one(handle: Callable[[socket.socket, int], None]) -> Loopback:
        running.append(Loopback(handle))
        return running[-1]

    yield one
    for server in running:
        server.stop()


def read_request(connection: socket.socket) -> bytes:
    """The next whole request; empty when the client closed."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = connection.recv(65536)
        if not piece:
            return b""
        got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answering(answer: bytes) -> Callable[[socket.socket, int], None]:
    def handle(connection: socket.socket, _: int) -> None:
        while read_request(connection):
            connection.sendall(answer)

    return handle


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def post(transport: Transport, url: str, body: bytes = b"To=x") -> Reply:
    return transport.request("POST", url, headers={"Content-Type": "text/plain"}, body=body, auth=("AC1", "secret"))


def transport(total_s: float = 5.0, most_bytes: int = 1_000_000) -> Transport:
    return Transport(total_s=total_s, pool=4, most_bytes=most_bytes)


def test_an_answer_comes_back_whole_with_headers_in_any_case(serve: Serve) -> None:
    seen: list[bytes] = []

    def handle(connection: socket.socket, _: int) -> None:
        seen.append(read_request(connection))
        connection.sendall(OK)

    reply = post(transport(), serve(handle).url)

    assert (reply.status, reply.body, reply.headers["retry-after"]) == (201, b"{}", "7")
    assert b"Authorization: Basic QUMxOnNlY3JldA==" in seen[0]
    assert b"accept-encoding: identity" in seen[0].lower(), "compressed answers are not asked for"
    assert seen[0].endswith(b"To=x")


def test_connections_stay_open_and_are_shared_by_threads(serve: Serve) -> None:
    server, own = serve(answering(OK)), transport()

    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: post(own, server.url), range(40)))

    assert {r.status for r in replies} == {201}
    assert server.connections <= 4


def test_a_refused_connection_certainly_sent_nothing(serve: Serve) -> None:
    server = serve(answering(OK))
    server.stop()

    with pytest.raises(NotSent, match="refused"):
        post(transport(), server.url)


def test_a_name_that_does_not_exist_certainly_sent_nothing() -> None:
    with pytest.raises(NotSent):
        post(transport(), "http://provider.invalid/v1")


def test_a_server_without_encryption_certainly_got_nothing_when_encryption_was_asked_for(serve: Serve) -> None:
    def handle(connection: socket.socket, _: int) -> None:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with pytest.raises(NotSent, match="encryption"):
        post(transport(), serve(handle).url.replace("http:", "https:"))


def test_an_encrypted_line_that_never_gets_ready_certainly_sent_nothing(serve: Serve) -> None:
    server = serve(lambda connection, _: server.over.wait(20) and None)

    with pytest.raises(NotSent, match="in time"):
        post(transport(0.3), server.url.replace("http:", "https:"))


def test_a_server_that_never_answers_leaves_it_unknown_in_time(serve: Serve) -> None:
    def handle(connection: socket.socket, _: int) -> None:
        read_request(connection)
        server.over.wait(20)

    server = serve(handle)
    began = time.monotonic()

    with pytest.raises(NoAnswer, match="in time"):
        post(transport(0.3), server.url)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "first", [b"", b"HTTP/1.1 201 Created\r\nX-Slow: ", b"HTTP/1.1 201 Created\r\nContent-Length: 9999\r\n\r\n"]
)
def test_one_byte_at_a_time_ends_with_the_deadline_in_head_and_body(serve: Serve, first: bytes) -> None:
    def handle(connection: socket.socket, _: int) -> None:
        read_request(connection)
        connection.sendall(first)
        for _ in range(250):  # five seconds
            if server.over.wait(0.02):
                break
            connection.sendall(b"H" if not first else b"x")

    server = serve(handle)
    began = time.monotonic()

    with pytest.raises(NoAnswer, match="in time"):
        post(transport(0.4), server.url)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 201 Cre", b"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{"])
def test_a_connection_that_breaks_after_the_request_leaves_it_unknown(serve: Serve, said: bytes) -> None:
    def handle(connection: socket.socket, _: int) -> None:
        read_request(connection)
        connection.sendall(said)
        connection.shutdown(socket.SHUT_RDWR) if said else reset(connection)

    with pytest.raises(NoAnswer):
        post(transport(), serve(handle).url)


@pytest.mark.parametrize("head", [b"Content-Length: 104857600\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n", b"\r\n"])
def test_a_hundred_megabytes_are_not_read(serve: Serve, head: bytes) -> None:
    sent = 0

    def handle(connection: socket.socket, _: int) -> None:
        nonlocal sent
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + head)
        piece = b"x" * 65536
        for _ in range(1600):
            connection.sendall(b"10000\r\n" + piece + b"\r\n" if b"chunked" in head else piece)
            sent += len(piece)

    with pytest.raises(NoAnswer, match="larger than 1,000,000"):
        post(transport(), serve(handle).url)
    assert sent < 30_000_000, "what the system's buffers take, and no more"


def test_answers_that_were_given_up_leave_room_and_nothing_of_themselves_to_the_next_ones(serve: Serve) -> None:
    requests: list[bytes] = []

    def handle(connection: socket.socket, _: int) -> None:
        while request := read_request(connection):
            requests.append(request)
            connection.sendall(OK if len(requests) > 3 else b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000)

    server, own = serve(handle), Transport(total_s=5, pool=1, most_bytes=100)
    for _ in range(3):
        with pytest.raises(NoAnswer, match="larger"):
            post(own, server.url)

    reply = post(own, server.url)

    assert reply.body == b"{}"
    assert server.connections == 4, "a connection with the rest of an answer in it is not used again"


def test_a_redirect_is_an_answer_and_is_not_followed(serve: Serve) -> None:
    other = serve(answering(OK))
    answer = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {other.url}\r\nContent-Length: 0\r\n\r\n"

    reply = post(transport(), serve(answering(answer.encode())).url)

    assert reply.status == 307
    assert other.connections == 0


def test_what_is_not_http_is_no_answer(serve: Serve) -> None:
    with pytest.raises(NoAnswer):
        post(transport(), serve(answering(b"<html>hello</html>\r\n\r\n")).url)


def test_a_connection_that_was_closed_while_quiet_is_replaced_without_doubt(serve: Serve) -> None:
    closed = threading.Event()

    def handle(connection: socket.socket, number: int) -> None:
        read_request(connection)
        connection.sendall(OK)
        if number == 1:
            connection.close()
            closed.set()
        else:
            read_request(connection)

    server, own = serve(handle), transport()
    post(own, server.url)
    assert closed.wait(5)

    reply = post(own, server.url)

    assert reply.status == 201
    assert server.connections == 2


def test_no_free_connection_certainly_sent_nothing(serve: Serve) -> None:
    began = threading.Event()

    def handle(connection: socket.socket, _: int) -> None:
        read_request(connection)
        began.set()
        server.over.wait(20)

    server = serve(handle)
    own = Transport(total_s=0.5, pool=1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(post, own, server.url)
        assert began.wait(5)

        with pytest.raises(NotSent, match="free"):
            post(own, server.url)
        assert isinstance(first.exception(10), NoAnswer)


def test_a_line_break_in_a_header_certainly_sends_nothing(serve: Serve) -> None:
    server = serve(answering(OK))

    with pytest.raises(NotSent):
        transport().request("POST", server.url, headers={"X-A": "a\r\nX-B: b"}, body=b"")


def test_errors_name_neither_the_address_nor_the_key(serve: Serve) -> None:
    server = serve(lambda connection, _: reset(connection))

    with pytest.raises((NoAnswer, NotSent)) as caught:
        post(transport(), server.url)

    assert caught.value.__suppress_context__, "a logged traceback would show urllib3's errors, which carry the address"
    assert "13125550142" not in str(caught.value)
    assert "secret" not in str(caught.value)
