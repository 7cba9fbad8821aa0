"""What SendGrid posts: what became of e-mails, many at once. Each is kept by itself; what is none is passed over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from orchestrator.channels.hook_urls import SENDGRID_EVENTS
from orchestrator.channels.sendgrid_events import HANDLE
from orchestrator.config import Settings
from orchestrator.errors import Problem
from orchestrator.parts import Parts
from orchestrator.store.inbox import Delivery
from orchestrator.web.answers import Refused
from orchestrator.web.deliveries import MOST_KEY, MOST_REF, keeper, named, storable
from orchestrator.web.signatures import signed_by_sendgrid

# About the person who opened or clicked, and links with our own signatures in them: nothing here needs it, so it is not kept.
NOT_OURS_TO_KEEP = ("ip", "useragent", "url")


def router(parts: Parts, settings: Settings) -> APIRouter:
    """The routes of this file. settings: rehearsed, so that there is a key to check with."""
    routes = APIRouter()
    signed = signed_by_sendgrid(settings, parts.clock)
    keep = keeper(parts, most=4)  # one post has up to a thousand events already

    @routes.post(SENDGRID_EVENTS)
    async def events(body: bytes = Depends(signed)) -> Response:
        await keep.ask(await run_in_threadpool(_deliveries, body, parts.clock()))
        return Response(status_code=204)

    return routes


def _deliveries(body: bytes, now: datetime) -> list[Delivery]:
    try:
        events = json.loads(body)
    except (ValueError, RecursionError):  # also what is not UTF-8, and numbers of thousands of digits
        raise Refused(400, Problem("this is not JSON", "SendGrid posts an array of events")) from None
    if not isinstance(events, list):
        raise Refused(400, Problem("this is no array", "SendGrid posts an array of events"))
    return [_delivery(event, now) for event in events if isinstance(event, dict)]


def _delivery(event: Mapping[str, Any], now: datetime) -> Delivery:
    kept = storable({name: value for name, value in event.items() if name not in NOT_OURS_TO_KEEP})
    return Delivery(
        "sendgrid", "email_event", _text(kept, "sg_event_id", MOST_KEY) or named(kept), kept, now,
        _handle(kept.get(HANDLE)), _text(kept, "sg_message_id", MOST_REF),
    )  # fmt: skip


def _text(kept: Mapping[str, Any], name: str, most: int) -> str | None:
    value = kept.get(name)
    return value if isinstance(value, str) and 0 < len(value) <= most else None


def _handle(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) and len(value) == 36 else None
    except ValueError:
        return None
