"""Twilio's SDK on our own transport, and what its failures mean for a message or a call.

Imported at the first request and not before: the SDK costs a quarter of a second and 20 MB.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from orchestrator.channels.base import Answer, Held, RejectedSafe, Unknown
from orchestrator.channels.codes import TWILIO, of_refusal
from orchestrator.channels.transport import NoAnswer, NotSent, Transport
from orchestrator.config import Settings

LONGEST_WAIT_S = 3600.0  # that a Retry-After may ask for

# What a request may end with. The last five: the SDK reads whatever JSON came as if it were what its documents promise.
FAILURES = (TwilioException, NotSent, NoAnswer, ValueError, TypeError, AttributeError, KeyError, RecursionError)


class Http(HttpClient):  # type: ignore[misc]  # the SDK has no types
    """Sends what the SDK wants to send over our transport, to the address in the settings, without writing it into the log."""

    def __init__(self, transport: Transport, base: str) -> None:
        super().__init__(logging.getLogger(__name__), False)
        self._transport, self._base = transport, urlsplit(base)
        self._latest = threading.local()

    @property
    def latest_headers(self) -> Mapping[str, str]:
        """The headers of this thread's latest answer: the SDK's exceptions carry none."""
        return getattr(self._latest, "headers", None) or {}

    def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        self._latest.headers = None
        # Whichever host is asked for, by the address of a next page or by TWILIO_EDGE on this machine: only ours gets the keys.
        asked = urlsplit(url)
        query = "&".join(part for part in (asked.query, urlencode(params or {}, doseq=True)) if part)
        target = urlunsplit((self._base.scheme, self._base.netloc, self._base.path.rstrip("/") + asked.path, query, ""))
        body = urlencode(data, doseq=True, errors="replace").encode() if data is not None else None
        reply = self._transport.request(method, target, headers=headers or {}, body=body, auth=auth)
        self._latest.headers = reply.headers
        return Response(reply.status, reply.body.decode("utf-8", "replace"), reply.headers)


def connect(settings: Settings, transport: Transport) -> tuple[Client, Http]:
    """The SDK's client with its HTTP side."""
    http = Http(transport, settings.twilio_url)
    token = settings.twilio_auth_token.get_secret_value()
    return Client(settings.twilio_account_sid, token, http_client=http), http


def answer_to(error: BaseException, headers: Mapping[str, str], now: datetime) -> Answer:
    """What a failed creation of a message or a call is. Twilio's own words are left out: they carry telephone numbers."""
    match error:
        case NotSent():
            return RejectedSafe(str(error))
        case NoAnswer():
            return Unknown(str(error))
        case TwilioRestException() | TwilioServiceException():
            return _of_status(_number(error.status), _number(error.code), headers, now)
        case _:
            return Unknown("Twilio's answer could not be understood")


def _of_status(status: int, code: int, headers: Mapping[str, str], now: datetime) -> Answer:
    known = str(code) if code and code != status else ""  # without a code of its own, the SDK gives the status
    if status == 429:
        row = TWILIO.get(known)
        return RejectedSafe(row.words if row else TWILIO["20429"].words, _wait_s(headers, now), slow_down=True)
    if status in (401, 403, 407):
        held = TWILIO.get(known)
        return Held(held.words if held and held.action == "hold" else "Twilio does not accept our keys", known or str(status))
    if status == 404:
        return Held(TWILIO["20404"].words, known or "404")
    if status == 408 or not 400 <= status <= 499:
        return Unknown(f"Twilio answered with status {status}")
    return of_refusal(TWILIO, known)


def _wait_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """How long Retry-After asks us to wait: a number of seconds, or a date."""
    asked = headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit() and len(asked) < 10:
        return min(float(asked), LONGEST_WAIT_S)
    try:
        return min(max((parsedate_to_datetime(asked) - now).total_seconds(), 0.0), LONGEST_WAIT_S)
    except (TypeError, ValueError, OverflowError):  # none, no date, or a date without a zone
        return None


def _number(given: Any) -> int:  # Any: the SDK hands on what the JSON held
    return (
        given if isinstance(given, int) else int(given) if isinstance(given, str) and given.isascii() and given.isdigit() else 0
    )
