"""E-mails through a scripted mail server that does what real ones do on bad days."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from orchestrator.channels.base import Accepted, Held, RejectedPermanent, RejectedSafe, Unknown
from tests.channels.smtp_cases import channel, message


class Scripted:
    """A mail server that answers each command as told; None: it closes the connection. HANG: it says nothing more."""

    HANG = b""

    def __init__(self, answer: Callable[[bytes], bytes | None]) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.connections:
            connection.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            with connection, connection.makefile("rb") as lines:
                self._talk(connection, lines)

    def _talk(self, connection: socket.socket, lines: Iterator[bytes]) -> None:
        said: bytes | None = self._answer(b"HELLO")
        in_words = False
        while said is not None:
            connection.sendall(said)
            in_words = said.startswith(b"354") or (in_words and said == self.HANG)
            try:
                line = next(lines, None)
                while in_words and line not in (b".\r\n", None):
                    line = next(lines, None)
            except OSError:
                return
            if line is None:
                return
            said = self._answer(b"WORDS" if in_words else line.split()[0].upper())
            in_words = False


USUAL = {b"HELLO": b"220 hi\r\n", b"EHLO": b"250 hi\r\n", b"MAIL": b"250 ok\r\n", b"RCPT": b"250 ok\r\n", b"DATA": b"354 go\r\n",
         b"WORDS": b"250 taken\r\n", b"RSET": b"250 ok\r\n", b"QUIT": b"221 bye\r\n"}  # fmt: skip


@pytest.mark.parametrize(
    ("at", "said", "expected"),
    [
        (b"HELLO", None, RejectedSafe), (b"HELLO", b"421 busy\r\n", RejectedSafe), (b"HELLO", b"554 go away\r\n", Held),
        (b"EHLO", None, RejectedSafe), (b"MAIL", None, RejectedSafe), (b"MAIL", b"451 later\r\n", RejectedSafe),
        (b"MAIL", b"550 not you\r\n", Held), (b"RCPT", None, RejectedSafe), (b"RCPT", b"421 closing\r\n", RejectedSafe),
        (b"RCPT", b"530 log in first\r\n", Held), (b"RCPT", b"550 no\r\n", RejectedPermanent), (b"DATA", b"451 later\r\n", RejectedSafe),
        (b"DATA", b"554 no\r\n", RejectedPermanent), (b"DATA", None, Unknown), (b"WORDS", None, Unknown),
        (b"WORDS", b"452 full\r\n", RejectedSafe), (b"WORDS", b"552 too big\r\n", RejectedPermanent),
        (b"WORDS", b"nonsense\r\n", Unknown), (b"QUIT", None, Accepted),
    ],
)  # fmt: skip
def test_what_a_server_says_or_fails_to_say_is_what_we_know(at: bytes, said: bytes | None, expected: type) -> None:
    server = Scripted(lambda command: said if command == at else USUAL[command])
    try:
        answer = channel(server.port).send([message()])[0]
    finally:
        server.close()

    assert isinstance(answer, expected), answer
    assert "dana" not in str(answer), "answers are written into logs"


def test_a_server_that_drips_one_byte_at_a_time_is_cut_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stop = threading.Event()

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"220-")
                while not stop.wait(0.05):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        answer = channel(listener.getsockname()[1], provider_timeout_s=0.3).send([message()])[0]
        stop.set()
        thread.join(10)

    assert isinstance(answer, RejectedSafe)


def test_after_a_lost_connection_the_next_e_mail_goes_over_a_new_one() -> None:
    turn = iter([None])  # the first e-mail's words are lost; afterwards all is as usual
    server = Scripted(lambda command: next(turn, USUAL[command]) if command == b"WORDS" else USUAL[command])
    try:
        answers = channel(server.port).send([message(), message()])
    finally:
        server.close()

    assert [type(a) for a in answers] == [Unknown, Accepted]
    assert len(server.connections) == 2
