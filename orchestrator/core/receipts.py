"""What providers report about attempts: their words become ours, and only ever move a truth forward. Pure.

A report may come late, twice, out of order, or before our own request was answered. The rank of a result decides what is
news; the first final result of a touch stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID


class Result(StrEnum):
    """How an attempt stands at the provider. Never how the customer took it: that is a disposition."""

    QUEUED = "queued"  # the provider has it
    DEFERRED = "deferred"  # e-mail: the mailbox said later; the provider goes on trying
    SENT = "sent"  # the carrier has it
    RINGING = "ringing"
    ANSWERED = "answered"  # somebody, or something, picked up
    DELIVERED = "delivered"
    COMPLETED = "completed"  # the call is over; never "reached"
    UNDELIVERED = "undelivered"  # bounced, dropped, blocked, refused by the carrier
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CANCELED = "canceled"  # a call that we called off before it was answered
    FAILED = "failed"  # a call that could not be made


RANK = {
    Result.QUEUED: 1, Result.DEFERRED: 2, Result.SENT: 3, Result.RINGING: 4, Result.ANSWERED: 5, Result.DELIVERED: 8,
    Result.COMPLETED: 9, Result.UNDELIVERED: 9, Result.BUSY: 9, Result.NO_ANSWER: 9, Result.CANCELED: 9, Result.FAILED: 9,
}  # fmt: skip
FINAL = frozenset(r for r, rank in RANK.items() if rank >= 8)
CALL_ENDS = frozenset({Result.COMPLETED, Result.BUSY, Result.NO_ANSWER, Result.CANCELED, Result.FAILED})
MACHINES = frozenset({"machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other"})

Scope = Literal["email", "text", "call"]


@dataclass(frozen=True, slots=True)
class Report:
    """What a provider says of one attempt, in our words. Without a result it tells something else, such as an unsubscribe."""

    at: datetime  # when it happened, as the provider says; else when it came
    result: Result | None = None
    handle: UUID | None = None  # the attempt, where the provider gave our handle back
    ref: str | None = None  # the provider's name for it
    parent: str | None = None  # the customer's line of a bridged call: the name of the line to our own telephone
    code: str = ""  # the provider's, of a refusal
    why: str = ""  # the code in words
    answered_by: str | None = None  # human | machine_… | fax | unknown
    duration_s: int | None = None
    suppresses: Scope | None = None  # the customer wants no more on this channel
    contact_point_is_dead: bool = False
    holds_sender: bool = False  # the sender cannot be used until somebody mends it
    our_end: Result | None = None  # a bridged call: how the line to our own telephone goes


def is_news(before: str | None, now: Result) -> bool:
    """Whether a result says more than the one that we have: a report that is late or repeated does not."""
    return before is None or RANK[now] > RANK[Result(before)]


def is_human(answered_by: str | None) -> bool:
    """Who could be a person is treated as one: also when detection does not know."""
    return answered_by not in MACHINES and answered_by != "fax"


def call_disposition(result: Result, answered_by: str | None, heard: str | None, pressed: str | None) -> str:
    """How an automatic call ended, as a disposition of language/dispositions.py, or "failed" or "canceled".

    heard: "person" or "machine" once we were asked what to say and said it, "nothing" when we hung up instead; None: nobody asked.
    pressed: what the pressed key does (speak, call_back, confirm, stop).
    """
    if heard not in ("person", "machine") and pressed is None:  # once something was said, the call has taken effect
        match result:
            case Result.BUSY:
                return "busy"
            case Result.NO_ANSWER:
                return "no_answer"
            case Result.CANCELED:
                return "canceled"
            case Result.FAILED:
                return "failed"
    if pressed is not None:
        return {"speak": "completed", "call_back": "call_back", "confirm": "goal_met", "stop": "do_not_contact"}[pressed]
    if heard == "nothing":
        return "canceled"
    if answered_by == "fax":
        return "fax"
    if heard == "machine":
        return "voicemail_left"
    if answered_by in MACHINES:
        return "voicemail_not_left"
    return "completed" if heard == "person" else "cut_off"  # picked up, and gone before we could say anything
