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
CLASSES: tuple[Class, ...] = ("final", "retry", "continue", "suppress", "needs_review")

# What a touch can answer beside dispositions; playbooks may name these as outcomes too.
CALL_RESULTS = ("not_reached", "not_taken", "skipped", "failed")  # tries used up; nobody took it in time; a policy; refused
MESSAGE_RESULTS = ("sent", "skipped", "failed", "expired")


def outcome_names(channel: str) -> tuple[str, ...]:
    """Every outcome that a touchpoint step of this channel may name."""
    return (*BY_CODE, *CLASSES, *CALL_RESULTS) if channel == "call" else MESSAGE_RESULTS
