"""What SendGrid's answer to a request means. Only a 202 that names the message counts as accepted; doubt is Unknown."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum

from orchestrator.channels.base import Accepted, Answer, Held, RejectedPermanent, RejectedSafe, Unknown
from orchestrator.channels.sendgrid_codes import SENDGRID

LONGEST_WAIT_S = 3600.0  # whatever a 429 asks for
MOST_BODY = 20_000  # bytes; a complaint is short

_MESSAGE_ID = re.compile(r"[!-.0-~]{1,150}")  # no space, and no slash: our reference has one
_MOVED = (301, 307, 308)  # "go elsewhere": it was not done here


class Apart(Enum):
    """The request was refused as a whole, and its messages should go otherwise."""

    EACH = "each alone"
    HALVES = "in halves"


def read_answer(status: int, headers: Mapping[str, str], body: bytes, now: datetime, *, many: bool) -> Answer | Apart:
    """The answer to one request. Accepted carries SendGrid's name for the request. many: it was for more than one message."""
    if 200 <= status < 300:
        message_id = headers.get("X-Message-Id") or ""
        if status == 202 and _MESSAGE_ID.fullmatch(message_id):
            return Accepted(message_id)
        return Unknown(f"SendGrid answered {status} and named no message")
    if status in _MOVED:
        return Held("SendGrid's address leads elsewhere: look at TOUCHPOINT_SENDGRID_URL", str(status))
    if not 400 <= status < 500:
        return Unknown(f"SendGrid answered {status}")
    if status == 400 and many:
        return Apart.EACH
    if status == 413 and many:
        return Apart.HALVES
    return _refusal(status, headers, body, now)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait, as Retry-After (seconds or a date) or X-RateLimit-Reset (unix seconds) says; None when neither does."""
    asked = (headers.get("Retry-After") or "").strip()
    wait: float | None = None
    if re.fullmatch(r"[0-9]{1,9}", asked):
        wait = float(asked)
    elif asked:
        try:
            at = parsedate_to_datetime(asked)
            wait = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
        except (ValueError, OverflowError):
            wait = None
    if wait is None and re.fullmatch(r"[0-9]{1,12}", reset := (headers.get("X-RateLimit-Reset") or "").strip()):
        wait = int(reset) - now.timestamp()
    return None if wait is None else min(max(wait, 0.0), LONGEST_WAIT_S)


def _refusal(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Answer:
    complained = _field(body) if status == 400 else ""
    key = str(status)
    if complained.startswith("from"):
        key = "400 from"
    elif re.match(r"personalizations\.\d+\.to\b", complained):
        key = "400 to"
    code = SENDGRID.get(key)
    if code is None:
        return RejectedPermanent(f"SendGrid refuses the request with {status}", code=key)
    words = f"{code.words} ({complained})" if complained else code.words
    match code.result:
        case "held":
            return Held(words, code.code)
        case "safe":
            return RejectedSafe(words, retry_after(headers, now), slow_down=status == 429)
        case _:
            return RejectedPermanent(words, contact_point_is_dead=code.action == "dead", code=code.code)


def _field(body: bytes) -> str:
    """The field that SendGrid complains about. Its own words are left out: they repeat addresses."""
    try:
        errors = json.loads(body[:MOST_BODY])["errors"]
        field = errors[0]["field"]
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return ""
    return field if isinstance(field, str) and re.fullmatch(r"[a-z_.0-9\[\]-]{1,80}", field) else ""
