"""One element of an Event Webhook delivery becomes a report. Whatever is in it was written outside: nothing is taken on trust.

The signature is checked before (web/). What SendGrid writes about people (address, IP, browser, the mailbox's own words) stays out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from orchestrator.channels.codes import Code
from orchestrator.channels.sendgrid_codes import SENDGRID, of_bounce, of_drop
from orchestrator.core.receipts import Report, Result

# Our custom argument. Not "attempt": events have a field of that name (a deferral's count), and arguments become fields.
HANDLE = "touch_attempt"

_PLAIN = {
    "processed": Result.QUEUED, "deferred": Result.DEFERRED, "delivered": Result.DELIVERED,
    "open": Result.DELIVERED, "click": Result.DELIVERED,  # what was opened has arrived, whoever or whatever opened it
}  # fmt: skip
_WISHES = ("spamreport", "unsubscribe", "group_unsubscribe")
_SERVERS = re.compile(r"\.(?:st)?(?:filter|recvd).*")  # a message id of an event goes on with the servers that it went through
_AHEAD = timedelta(minutes=5)  # clocks differ; an event from later than that has no time that can be believed
_MESSAGE_ID = re.compile(r"[!-~]{1,150}")


def reference(message_id: str, handle: UUID) -> str:
    """Our name for one message of a request, whose messages share SendGrid's."""
    return f"{message_id}/{handle.hex}"


def read_event(event: Mapping[str, object], received_at: datetime) -> Report | None:
    """What an event says of an attempt; None when it says nothing that we use, or is none."""
    name = _text(event, "event").lower()
    at, handle = _at(event.get("timestamp"), received_at), _handle(event)
    ref = _ref(event, handle)
    if name in _PLAIN:
        return Report(at, _PLAIN[name], handle, ref)
    if name == "bounce":
        return _told(of_bounce(_text(event, "type").lower(), _text(event, "status")), at, handle, ref)
    if name == "dropped":
        return _told(of_drop(_text(event, "reason")), at, handle, ref)
    if name in _WISHES:
        return _told(SENDGRID[name], at, handle, ref)
    return None


def _told(code: Code, at: datetime, handle: UUID | None, ref: str | None) -> Report:
    return Report(
        at, Result.UNDELIVERED if code.result == "undelivered" else None, handle, ref, code=code.code, why=code.words,
        suppresses="email" if code.action == "suppress" else None,
        contact_point_is_dead=code.action == "dead", holds_sender=code.action == "hold",
    )  # fmt: skip


def _handle(event: Mapping[str, object]) -> UUID | None:
    text = _text(event, HANDLE)
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None


def _ref(event: Mapping[str, object], handle: UUID | None) -> str | None:
    message_id = _SERVERS.sub("", _text(event, "sg_message_id"))
    if not _MESSAGE_ID.fullmatch(message_id):
        return None
    return reference(message_id, handle) if handle else message_id


def _at(stamp: object, received_at: datetime) -> datetime:
    """When it happened: seconds since 1970, for some events milliseconds; the time of receipt where that is none."""
    if isinstance(stamp, str) and re.fullmatch(r"[0-9]{1,13}", stamp):
        stamp = int(stamp)
    if isinstance(stamp, bool) or not isinstance(stamp, int) or not 0 < stamp < 10**13:
        return received_at
    happened = datetime.fromtimestamp(stamp / 1000 if stamp >= 10**11 else stamp, UTC)
    return happened if happened <= received_at + _AHEAD else received_at


def _text(event: Mapping[str, object], name: str) -> str:
    value = event.get(name)
    return value if isinstance(value, str) else ""
