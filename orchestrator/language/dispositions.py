"""How a call can end, and what each ending means for the engine when the playbook does not say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Class = Literal["final", "retry", "continue", "suppress", "needs_review"]


@dataclass(frozen=True, slots=True)
class Disposition:
    """One ending. `default` is the edge taken when the playbook names neither the code nor its class."""

    code: str
    label: str
    kind: Class
    default: Literal["goal", "exit", "again", "continue"]
    by: Literal["staff", "system"] = "staff"


ALL: tuple[Disposition, ...] = (
    Disposition("goal_met", "Goal met", "final", "goal"),
    Disposition("completed", "Completed", "continue", "continue"),
    Disposition("completed_concern", "Completed, with a concern", "needs_review", "continue"),
    Disposition("declined", "Declined", "final", "exit"),
    Disposition("already_done", "Already done", "final", "goal"),
    Disposition("commitment_made", "Commitment made", "continue", "continue"),
    Disposition("call_back", "Call back", "retry", "again"),
    Disposition("left_message", "Left a message with someone", "retry", "again"),
    Disposition("not_available", "Not available", "retry", "again"),
    Disposition("cut_off", "Cut off", "retry", "again"),
    Disposition("voicemail_left", "Voicemail left", "retry", "again"),
    Disposition("voicemail_not_left", "Voicemail, nothing left", "retry", "again"),
    Disposition("wrong_number", "Wrong number", "suppress", "continue"),
    Disposition("do_not_contact", "Do not contact", "suppress", "exit"),
    Disposition("no_answer", "No answer", "retry", "again"),
    Disposition("busy", "Busy", "retry", "again", "system"),
    Disposition("invalid_number", "Invalid number", "suppress", "continue", "system"),
    Disposition("fax", "Fax machine", "suppress", "continue", "system"),
    Disposition("disposition_missing", "Nobody said how it ended", "needs_review", "continue", "system"),
)
BY_CODE = {d.code: d for d in ALL}
# What the engine itself notes on a call that ended without a person: for people to read. The language has results for these, below.
SET_BY_ENGINE: tuple[Disposition, ...] = (
    Disposition("failed", "The line failed", "continue", "continue", "system"),
    Disposition("suppressed", "Contact is not wanted", "suppress", "continue", "system"),
    Disposition("expired", "Nobody took it in time", "continue", "continue", "system"),
)
LABELS = {d.code: d.label for d in (*ALL, *SET_BY_ENGINE)}
STAFF_CODES = tuple(d.code for d in ALL if d.by == "staff")  # what may be on screen, in this order
# There was a conversation: required questions have been asked, and hold the finish back.
TALKED = frozenset({"goal_met", "completed", "completed_concern", "declined", "already_done", "commitment_made"})
HEARD = TALKED | {"call_back", "cut_off"}  # the customer said something: what was typed of it counts
DEAD_NUMBER = frozenset({"wrong_number", "invalid_number", "fax"})  # nobody is to call this number again
CLASSES: tuple[Class, ...] = ("final", "retry", "continue", "suppress", "needs_review")

# What a touch can answer beside dispositions; playbooks may name these as outcomes too.
CALL_RESULTS = ("not_reached", "not_taken", "skipped", "failed")  # tries used up; nobody took it in time; a policy; refused
MESSAGE_RESULTS = ("sent", "skipped", "failed", "expired")

AUTOMATIC_CALLS = ("voice", "voicemail")  # channels on which a provider calls by itself; core/model.py has the same
# How an automatic call can end: what a provider can tell, and what a pressed key means (goal_met, call_back, do_not_contact).
AUTOMATIC_ENDINGS = (
    "completed", "voicemail_left", "voicemail_not_left", "no_answer", "busy", "cut_off",
    "goal_met", "call_back", "do_not_contact", "invalid_number", "fax",
)  # fmt: skip
AUTOMATIC_CLASSES = tuple(c for c in CLASSES if any(BY_CODE[code].kind == c for code in AUTOMATIC_ENDINGS))
AUTOMATIC_RESULTS = ("not_reached", *MESSAGE_RESULTS)  # "sent" comes from channels that make no calls, such as the ledger


def outcome_names(channel: str) -> tuple[str, ...]:
    """Every outcome that a touchpoint step of this channel may name."""
    if channel == "call":
        return (*BY_CODE, *CLASSES, *CALL_RESULTS)
    return (*AUTOMATIC_ENDINGS, *AUTOMATIC_CLASSES, *AUTOMATIC_RESULTS) if channel in AUTOMATIC_CALLS else MESSAGE_RESULTS


def carried_out(channel: str) -> tuple[str, ...]:
    """The results that say that a message did what it was for: what `repeat` says again after."""
    return ("sent", "completed", "voicemail_left") if channel == "voicemail" else ("sent",)
