"""What Twilio posts about a text or a call, as a Report. Whatever is missing or ill-formed gives less, never an error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID

from orchestrator.channels.codes import TWILIO, in_report
from orchestrator.core.receipts import Report, Result

TEXT_RESULTS: Mapping[str, Result] = {
    "accepted": Result.QUEUED, "scheduled": Result.QUEUED, "queued": Result.QUEUED, "sending": Result.SENT, "sent": Result.SENT,
    "delivered": Result.DELIVERED, "read": Result.DELIVERED, "undelivered": Result.UNDELIVERED, "failed": Result.UNDELIVERED,
    "canceled": Result.UNDELIVERED,
}  # fmt: skip
CALL_RESULTS: Mapping[str, Result] = {
    "queued": Result.QUEUED, "initiated": Result.QUEUED, "ringing": Result.RINGING, "in-progress": Result.ANSWERED,
    "completed": Result.COMPLETED, "busy": Result.BUSY, "no-answer": Result.NO_ANSWER, "canceled": Result.CANCELED,
    "failed": Result.FAILED,
}  # fmt: skip
ANSWERED_BY = frozenset(
    {"human", "fax", "machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other", "unknown"}
)
LONGEST_CALL_S = 24 * 3600
OLDEST = timedelta(days=7)  # Twilio does not try to tell us for longer


def read_text_status(params: Mapping[str, str], handle: UUID | None, received_at: datetime) -> Report | None:
    """The status of a text that Twilio posts to TEXT_STATUS; None when it says nothing that we know.

    Twilio gives no time with it, so it happened when it came.
    """
    result = TEXT_RESULTS.get(params.get("MessageStatus") or params.get("SmsStatus") or "")
    if result is None:
        return None
    report = Report(received_at, result, handle, _sid(params.get("MessageSid") or params.get("SmsSid"), ("SM", "MM")))
    return in_report(TWILIO, _code(params.get("ErrorCode")), "text", report)


def read_call_status(params: Mapping[str, str], handle: UUID | None, received_at: datetime) -> Report | None:
    """The status of a call's line that Twilio posts to CALL_STATUS or CUSTOMER_LEG; None when it says nothing that we know."""
    result = CALL_RESULTS.get(params.get("CallStatus") or "")
    if result is None:
        return None
    at = _moment(params.get("Timestamp"), received_at)
    ref = _sid(params.get("CallSid"), ("CA",))
    by = answered_by(params)
    parent = _sid(params.get("ParentCallSid"), ("CA",))
    report = Report(at, result, handle, ref, parent, answered_by=by, duration_s=_seconds(params.get("CallDuration")))
    return in_report(TWILIO, _code(params.get("ErrorCode")), "call", report)


def answered_by(params: Mapping[str, str]) -> str | None:
    """Who picked up, as answer detection says, of a status or a request for TwiML; None when it was not on or said nothing known."""
    found = params.get("AnsweredBy")
    return found if found in ANSWERED_BY else None


def _sid(given: str | None, kinds: tuple[str, ...]) -> str | None:
    return given if given and len(given) == 34 and given.startswith(kinds) and given.isascii() and given.isalnum() else None


def _code(given: str | None) -> str:
    """The error's number; "" for none. "0" is how Twilio writes that there was no error."""
    return given if given and given.isascii() and given.isdigit() and len(given) <= 6 and given.strip("0") else ""


def _seconds(given: str | None) -> int | None:
    if not given or not given.isascii() or not given.isdigit() or len(given) > 6:
        return None
    return min(int(given), LONGEST_CALL_S)


def _moment(given: str | None, received_at: datetime) -> datetime:
    """When it happened. What has not happened yet, or is older than any report, is a wrong clock: then it happened when it came."""
    try:
        at = parsedate_to_datetime(given or "")
    except (ValueError, OverflowError):  # also of what is no date at all
        return received_at
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at if received_at - OLDEST <= at <= received_at else received_at
