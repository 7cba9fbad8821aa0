"""Who really posted it: the providers' own signatures, checked with their own validators, over exactly what came.

The validators are loaded with the first request that needs them: importing them takes longer than starting the rest of the web.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import cache
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import ImmutableMultiDict

from orchestrator.clock import Clock
from orchestrator.config import Settings
from orchestrator.errors import Problem
from orchestrator.web.answers import Refused
from orchestrator.web.bodies import body_of, content_type, form_of

MOST_EVENT_BYTES = 5_000_000  # SendGrid's batches have 768 kB at most
# SendGrid posts again for 24 hours, and says nowhere whether a repeat is signed anew: an outage of ours must lose no bounce.
# What is replayed within that time is recognised by its id, and would change nothing a second time.
OLDEST = timedelta(hours=26)
FARTHEST_AHEAD = timedelta(minutes=10)  # clocks differ

Form = ImmutableMultiDict[str, str]


def signed_by_twilio(settings: Settings) -> Callable[[Request], Awaitable[Form]]:
    """A dependency that answers with the parameters of a request that Twilio signed; 403 for any other.

    The signature covers the address, so it is checked against TOUCHPOINT_PUBLIC_URL: headers of proxies could be anybody's.
    """
    token = settings.twilio_auth_token.get_secret_value()
    base = settings.public_url.rstrip("/")

    async def parameters(request: Request) -> Form:
        if not token:
            raise _not_set("Twilio", "TOUCHPOINT_TWILIO_AUTH_TOKEN")
        form = await form_of(request)
        given = request.headers.get("x-twilio-signature", "")
        if not given or not _twilio(token).validate(base + _path_and_query(request), form, given):
            hint = "TOUCHPOINT_PUBLIC_URL has to be the address that Twilio calls, and TOUCHPOINT_TWILIO_AUTH_TOKEN the account's"
            raise Refused(403, Problem("this is not signed by our Twilio account", hint, "X-Twilio-Signature"))
        return form

    return parameters


def signed_by_sendgrid(settings: Settings, clock: Clock) -> Callable[[Request], Awaitable[bytes]]:
    """A dependency that answers with the raw body of a request that SendGrid signed lately; 403 for any other."""
    key = "".join(settings.sendgrid_public_key.split())

    async def raw_body(request: Request) -> bytes:
        if not key:
            raise _not_set("SendGrid", "TOUCHPOINT_SENDGRID_PUBLIC_KEY")
        if content_type(request) != "application/json":
            raise Refused(415, Problem("this is no JSON", "send it as application/json", "Content-Type"))
        signature = request.headers.get("x-twilio-email-event-webhook-signature", "")
        stamp = request.headers.get("x-twilio-email-event-webhook-timestamp", "")
        if not signature or not re.fullmatch(r"[0-9]{1,11}", stamp):
            raise _not_sendgrid()
        body = await body_of(request, MOST_EVENT_BYTES)
        if not await run_in_threadpool(_verified, key, body, signature, stamp):
            raise _not_sendgrid()
        age = clock().timestamp() - int(stamp)
        if not -FARTHEST_AHEAD.total_seconds() <= age <= OLDEST.total_seconds():
            hint = "look at the clocks of both sides"
            raise Refused(403, Problem("this was signed too long ago, or in the future", hint, "Timestamp"))
        return body

    return raw_body


def _verified(key: str, body: bytes, signature: str, stamp: str) -> bool:
    verifier = _sendgrid(key)
    try:
        return bool(verifier.verify_signature(body.decode("utf-8"), signature, stamp))
    except ValueError:  # the body is not UTF-8, or the signature is not base64
        return False


def _path_and_query(request: Request) -> str:
    """As it was asked for, nothing decoded."""
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return (path + (b"?" + query if query else b"")).decode("latin-1")


@cache
def _twilio(token: str) -> Any:  # Any: the SDK has no types
    from twilio.request_validator import RequestValidator

    return RequestValidator(token)


@cache
def _sendgrid(key: str) -> Any:  # Any: the SDK has no types
    from sendgrid.helpers.eventwebhook import EventWebhook

    try:
        return EventWebhook(key)
    except ValueError:
        raise _not_set("SendGrid", "TOUCHPOINT_SENDGRID_PUBLIC_KEY", "is no verification key") from None


def _not_set(provider: str, name: str, what: str = "is not set") -> Refused:
    hint = f"set {name}; until then nothing that {provider} says can be believed"
    return Refused(503, Problem(f"{name} {what}", hint), Retry_After="300")


def _not_sendgrid() -> Refused:
    hint = "turn on the Signed Event Webhook, and set TOUCHPOINT_SENDGRID_PUBLIC_KEY to its verification key"
    return Refused(403, Problem("this is not signed by our SendGrid account", hint, "X-Twilio-Email-Event-Webhook-Signature"))
