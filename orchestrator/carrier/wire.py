"""How the carrier and its imaginary customers reach the outside: one HTTP request, with limits on everything."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import requests
import urllib3

CONNECT_S, READ_S = 5.0, 15.0  # as Twilio waits for an application
LARGEST_ANSWER = 1_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Ask:
    """One request."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. Status 0: nobody answered, or too late."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")


Deliver = Callable[[Ask], Reply]
NOBODY = Reply(0)


def form(method: str, url: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Ask:
    """A form as browsers and Twilio send it: in the body of a POST, in the query of a GET."""
    if method == "GET":
        return Ask("GET", url + ("&" if "?" in url else "?") + urlencode(fields) if fields else url, headers or {})
    kind = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    return Ask("POST", url, {**kind, **(headers or {})}, urlencode(fields).encode())


class Wire:
    """Real HTTP, with kept-open connections, one set a thread. Never follows a redirect, never raises."""

    def __init__(self, connect_s: float = CONNECT_S, read_s: float = READ_S) -> None:
        self._timeout = (connect_s, read_s)
        self._mine = threading.local()
        self._sessions: list[requests.Session] = []

    def __call__(self, ask: Ask) -> Reply:
        headers = {"User-Agent": "TwilioProxy/1.1", **ask.headers}
        try:
            with self._session().request(
                ask.method,
                ask.url,
                data=ask.body or None,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                body = answer.raw.read(LARGEST_ANSWER, decode_content=True)
                return Reply(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, body)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError):  # the body is read past requests
            return NOBODY

    def close(self) -> None:
        """Close every connection."""
        for session in self._sessions:
            session.close()

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._mine, "session", None)
        if session is None:
            session = self._mine.session = requests.Session()
            session.trust_env = False  # a proxy would only stand between two programs on one machine
            self._sessions.append(session)
        return session
