"""One request to a provider: it was answered, it certainly did not go out, or nobody knows.

Both provider SDKs run on this, because neither has a time-out, and neither says whether a failed request left the house.
Built on urllib3, the layer below `requests`: connections stay open and are shared by threads, and nothing of what `requests` adds
(redirects, cookies, .netrc, retries) may happen to a message that must go out once.
"""

from __future__ import annotations

import base64
import http.client
import io
import os
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    EmptyPoolError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.response import BaseHTTPResponse

CONNECT_S = 5.0  # of one address of the provider; its name may stand for several
KEEP_S = 20.0  # a connection that was quiet for longer is not used again: the provider may be closing it at this moment
PIECE = 64 * 1024


class NotSent(Exception):
    """Certainly nothing of the request reached the provider. The message says why, and names nobody."""


class NoAnswer(Exception):
    """The request may have arrived; no usable answer came. The message says why, and names nobody."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the provider answered, whatever its status."""

    status: int
    headers: Mapping[str, str]  # names in any case
    body: bytes


class _Now(threading.local):
    """The request that this thread is making."""

    ends: float = 0.0  # monotonic seconds
    wrote: bool = False  # the first byte of it may have left


_now = _Now()


def _left() -> float:
    """Seconds that the request of this thread still has; TimeoutError when there are none."""
    left = _now.ends - time.monotonic()  # clock: deadline of one request
    if left <= 0:
        raise TimeoutError("the time for the whole request is over")
    return left


class Transport:
    """Makes requests over kept-open connections, from any number of threads."""

    def __init__(self, *, total_s: float, pool: int, most_bytes: int = 1_000_000) -> None:
        """Settings of all its requests; nothing is opened yet.

        total_s: of one request, from the look-up of the name to the last byte of the answer; only that look-up can exceed it.
        pool: connections to one provider; a request that finds none free waits for half of its time, and keeps the other half.
        most_bytes: of an answer's body.
        """
        self._total_s, self._pool, self._most_bytes = total_s, pool, most_bytes
        self._lock = threading.Lock()
        self._managers: dict[tuple[str, str], PoolManager] = {}

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None, auth: tuple[str, str] | None = None
    ) -> Reply:
        """The provider's answer, also when it is an error or a redirect. Raises NotSent or NoAnswer."""
        _now.ends = time.monotonic() + self._total_s  # clock: deadline of one request
        _now.wrote = False
        # An answer that is compressed could be small on the line and huge in memory; none is asked for and none unpacked.
        sent = {name: value for name, value in headers.items() if name.lower() not in ("accept-encoding", "authorization")}
        if auth is not None:
            sent["Authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode()
        else:
            sent |= {name: value for name, value in headers.items() if name.lower() == "authorization"}
        try:
            response = self._manager(url).request(
                method, url, headers=sent, body=body, redirect=False, retries=False, preload_content=False, decode_content=False,
                timeout=Timeout(connect=CONNECT_S, read=self._total_s), pool_timeout=self._total_s / 2,
            )  # fmt: skip
            return Reply(response.status, response.headers, self._read(response))
        except NoAnswer:
            raise
        except (HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            # "from None": the errors of urllib3 carry the address, and with it a telephone number that was searched for.
            if _now.wrote:
                raise NoAnswer(_why_no_answer(error)) from None
            raise NotSent(_why_not_sent(error)) from None

    def _read(self, response: BaseHTTPResponse) -> bytes:
        """The whole body. One that grows too large, or comes too slowly, ends with its connection."""
        body = io.BytesIO()
        try:
            while piece := response.read(PIECE, decode_content=False):
                _left()
                if body.tell() + len(piece) > self._most_bytes:
                    raise NoAnswer(f"the answer was larger than {self._most_bytes:,} bytes")
                body.write(piece)
        except BaseException:
            response.close()  # what is left of the answer must not stand before the next one
            raise
        finally:
            response.release_conn()  # its place in the pool, which a closed connection would keep for good
        return body.getvalue()

    def _manager(self, url: str) -> PoolManager:
        """The connections to a provider; through the proxy that the environment names, if it names one."""
        parts = urlsplit(url)
        key = (parts.scheme, parts.netloc)
        with self._lock:
            if key not in self._managers:
                self._managers[key] = self._new_manager(parts.scheme, parts.hostname or "")
            return self._managers[key]

    def _new_manager(self, scheme: str, host: str) -> PoolManager:
        trusted = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or certifi.where()
        how: dict[str, Any] = {"num_pools": 1, "maxsize": self._pool, "block": True, "ca_certs": trusted}  # urllib3's keywords
        proxy = None if proxy_bypass(host) else getproxies().get(scheme)
        manager = ProxyManager(proxy, **how) if proxy else PoolManager(**how)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
        return manager


def _why_not_sent(error: BaseException) -> str:
    match error:
        case NameResolutionError():
            return "the provider's name could not be looked up"
        case NewConnectionError() | ConnectionError():  # before its base class, which urllib3 makes the time-out of connecting
            return "the provider refused the connection"
        case ConnectTimeoutError() | TimeoutError():
            return "the provider could not be reached in time"
        case ReadTimeoutError():  # so does urllib3 call a handshake that takes too long
            return "the encrypted line was not ready in time"
        case SSLError():
            return "the provider's certificate or encryption was not acceptable"
        case EmptyPoolError():
            return "no connection to the provider was free in time"
        case _:
            return f"the request could not begin ({type(error).__name__})"


def _why_no_answer(error: BaseException) -> str:
    causes = {type(error).__name__, *(type(arg).__name__ for arg in error.args if isinstance(arg, BaseException))}
    if causes & {"ReadTimeoutError", "TimeoutError", "timeout"}:
        return "no answer came in time"
    if causes & {"RemoteDisconnected", "ConnectionResetError", "BrokenPipeError", "IncompleteRead", "SSLEOFError", "SSLError"}:
        return "the connection broke before the whole answer was there"
    return f"the answer could not be understood ({type(error).__name__})"


class _Timed(io.RawIOBase):
    """Reads a socket until the request's deadline, however few bytes come at a time. A socket's own time-out begins anew with each."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)  # keeps the socket open for as long as it is read
        self.ended = False  # the other side said everything

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # Any: what io calls a writable buffer has no name in Python 3.11
        self._sock.settimeout(_left())
        read = self._raw.readinto(buffer)
        self.ended = read == 0
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Readable:
    """What http.client asks of a socket."""

    def __init__(self, raw: _Timed) -> None:
        self._raw = raw

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._raw)


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # Any: http.client's own, handed on
        self._timed = _Timed(sock)
        super().__init__(_Readable(self._timed), *args, **kwargs)  # type: ignore[arg-type]  # it calls makefile and nothing else

    def begin(self) -> None:
        """Read the head. One that was cut off is none, though http.client takes "HTTP/1.1 202 Acc" for an answer."""
        super().begin()  # commit: http.client's word for reading the head of an answer
        if self._timed.ended:
            raise http.client.IncompleteRead(b"")


class _Watched(HTTPConnection):
    """A connection that knows the deadline, and whether anything of the request was written."""

    response_class = _Response
    _quiet_since = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether the kept-open connection may be used again."""
        kept = time.monotonic() - self._quiet_since < KEEP_S  # clock: age of a connection
        return kept and super().is_connected

    def send(self, data: Any) -> None:  # Any: as in http.client, which takes bytes, files and iterables
        if self.sock is None:
            self.connect()
        self.sock.settimeout(_left())
        first, _now.wrote = not _now.wrote, True
        try:
            super().send(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            # The head of a request is one small write: a connection that was closed while it was quiet has taken nothing of it.
            # urllib3 would swallow this error, wait for an answer, and leave us in doubt.
            if first:
                _now.wrote = False
                raise NewConnectionError(self, "the connection had been closed") from error
            raise

    def getresponse(self) -> Any:  # Any: urllib3's response, whose class the override may not name
        response = super().getresponse()
        self._quiet_since = time.monotonic()  # clock: age of a connection
        return response

    def _new_conn(self) -> socket.socket:
        """Try each address of the name, all within the deadline: urllib3 gives each of them the whole time."""
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise NameResolutionError(self.host, self, socket.gaierror(str(error))) from error
        failure: OSError = OSError("the name has no address")
        for family, kind, protocol, _, address in found:
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(min(CONNECT_S, _left()))
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.connect(address)
            except OSError as error:
                sock.close()
                failure = error
            else:
                return sock
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, "no address answered in time") from failure
        raise NewConnectionError(self, "no address took the connection") from failure


class _WatchedTls(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls
