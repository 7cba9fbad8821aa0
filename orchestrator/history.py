"""The timeline of one customer over all playbooks: what is to come with its why, then what was, newest first, page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrator.core.model import TouchState
from orchestrator.language.dispositions import BY_CODE
from orchestrator.language.house_rules import label
from orchestrator.reports import SAID, named
from orchestrator.rulebook import InUse
from orchestrator.store import person as kept
from orchestrator.store.database import Row, Work
from orchestrator.store.person import SOURCES, Place

PAGE = 50
CHANNELS = {"call": "Call", "text": "Text", "email": "E-mail", "voice": "Automatic call", "voicemail": "Voicemail", None: "Wait"}
_GOOD = frozenset({"goal_met", "completed", "already_done", "commitment_made"})
_BAD = frozenset({"completed_concern", "declined", "do_not_contact", "wrong_number", "invalid_number", "disposition_missing"})
_STATES = {
    "planned": "planned", "ready": "waits for staff", "sending": "going out", "in_call": "being made", "filed": "just made",
    "calling": "being called", "sent": "sent", "done": "done", "unknown": "nobody knows whether it arrived", "failed": "failed",
    "skipped": "not done", "cancelled": "called off", "expired": "too late",
}  # fmt: skip
_ARRIVALS = {
    "delivered": "arrived", "undelivered": "did not arrive", "sent": "on its way", "queued": "waits at the provider",
    "deferred": "the mailbox said later", "answered": "picked up",
    "completed": "the line was open", "busy": "busy", "no_answer": "nobody answered", "failed": "no connection",
    "canceled": "called off", "ringing": "rings", "in_progress": "on the line",
}  # fmt: skip
_OUTCOMES = {
    "accepted": "accepted", "rejected_safe": "refused for now", "rejected_permanent": "refused for good",
    "unknown": "nobody knows whether it arrived", "absent": "it never arrived there", None: "no answer yet",
}  # fmt: skip
_REPLIES = {
    "reply": "They answered", "maybe_stop": "They may want no more", "missed_call": "They called us",
    "asked_for_call": "They asked to be called",
}  # fmt: skip
_VERDICTS = {"stop": "they want no more contact", "go_on": "the follow-up goes on", "end": "the follow-up is over"}
_MOODS = {"good": "in good spirits", "neutral": "neither pleased nor displeased", "bad": "displeased"}
# Changes by hand that stand in the journal too, with more to say.
_TOLD_TWICE = frozenset({"customer.stopped", "customer.lifted", "customer.paused", "customer.resumed", "customer.erased", "touch.moved",
                         "follow_up.stopped", "touch.asked"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Detail:
    """More about an item: a word, and what was said or noted, exactly as it was."""

    name: str
    text: str
    quoted: bool = False  # somebody's own words


@dataclass(frozen=True, slots=True)
class Item:
    """One thing on the timeline."""

    at: datetime
    source: str
    id: UUID | int
    title: str
    result: str = ""
    tone: str = ""  # good | warn | bad | info | nothing
    why: str = ""
    playbook: str = ""
    playbook_title: str = ""
    subject: str = ""
    run: UUID | None = None
    touch: UUID | None = None  # its whole why has a page
    channel: str | None = None
    state: str = ""
    details: Sequence[Detail] = ()

    @property
    def cursor(self) -> str:
        """Its place, for asking for what is older."""
        return f"{self.at.isoformat()}~{self.source}~{self.id}"


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the past."""

    items: Sequence[Item]
    older: str  # the cursor to ask for more with; empty: that was all


def place(cursor: str) -> Place | None:
    """Where a page begins; None (from the top) when it says nothing that we understand."""
    parts = cursor.split("~")
    if len(parts) != 3 or parts[1] not in SOURCES:
        return None
    try:
        at = datetime.fromisoformat(parts[0])
        id_: UUID | int = int(parts[2]) if parts[1] in ("journal", "audit") else UUID(parts[2])
    except ValueError:
        return None
    return Place(at, parts[1], id_) if at.utcoffset() is not None and -1 < _number(id_) < 2**128 else None


def coming(work: Work, in_use: InUse, customer: UUID) -> list[Item]:
    """Everything that is planned or waits for staff, the soonest first, each with why it is planned for then."""
    rows = kept.coming(work, customer)
    said = kept.said_of(work, [r.enrollment_id for r in rows], [r.id for r in rows])
    return [_touch(row, row.due_at, in_use, said.get(row.id, ()), (), ()) for row in rows]


def page(work: Work, in_use: InUse, customer: UUID, before: Place | None = None, most: int = PAGE) -> Page:
    """What was, newest first."""
    # one more than is shown, so that we know whether there is more
    rows = [(source, row) for source, ask in _SOURCES.items() for row in ask(work, customer, before, most + 1)]
    rows.sort(key=lambda pair: (pair[1].at, -SOURCES.index(pair[0]), _number(pair[1].id)), reverse=True)
    shown = rows[:most]
    touches = [row for source, row in shown if source == "touch"]
    ids = [row.id for row in touches]
    said = kept.said_of(work, [row.enrollment_id for row in touches], ids)
    tried, sheets = kept.attempts_of(work, ids), kept.sheets_of(work, ids)
    items = []
    for source, row in shown:
        if source == "touch":
            items.append(_touch(row, row.at, in_use, said.get(row.id, ()), tried.get(row.id, ()), sheets.get(row.id, ())))
        elif source != "audit" or row.what not in _TOLD_TWICE:
            items.append(_ITEMS[source](row, in_use))
    older = Item(shown[-1][1].at, shown[-1][0], shown[-1][1].id, "").cursor if len(rows) > most else ""
    return Page(items, older)


def attempt_words(row: Row[Any]) -> str:
    """One try in plain words: how it went at the provider, and who picked up."""
    said = [_ARRIVALS.get(str(row.carrier_result), str(row.carrier_result))] if row.carrier_result else []
    if row.carrier_code:
        said.append(f"the provider says {row.carrier_code}")
    if row.answered_by:
        said.append("a person answered" if row.answered_by == "human" else f"answered by {row.answered_by.replace('_', ' ')}")
    if row.duration_s:
        said.append(f"{row.duration_s // 60} min {row.duration_s % 60} s" if row.duration_s >= 60 else f"{row.duration_s} s")
    if row.via == "desk":
        return ", ".join(said) or "by the staff"
    return ", ".join(said or [_OUTCOMES.get(row.outcome, str(row.outcome))])


def state_words(state: str) -> str:
    """ "waits for staff"."""
    return _STATES.get(state, state)


def _touch(
    row: Row[Any], at: datetime, in_use: InUse, said: Sequence[Row[Any]], tried: Sequence[Row[Any]], sheets: Sequence[Row[Any]]
) -> Item:
    by_staff = {sheet.disposition for sheet in sheets}
    result, tone = _result(row, in_use)
    details = [d for sheet in sheets for d in _noted(sheet)]
    for one in tried:
        if one.via == "desk" and one.detail and not by_staff:
            details.append(Detail("Note", one.detail, quoted=True))  # of a call filed at the terminal
        if one.via != "desk" or one.carrier_result:
            details.append(Detail("Try" if len(tried) == 1 else f"Try {one.number}", attempt_words(one)))
    decided = [s for s in said if not s.what.startswith("call.")]
    return Item(
        at, "touch", row.id, named(row.touchpoint or "wait"), result, tone, decided[-1].why if decided else row.why, row.playbook,
        title_of(in_use, row.playbook), row.subject, row.enrollment_id, row.id, row.channel, row.state, details,
    )  # fmt: skip


def _result(row: Row[Any], in_use: InUse) -> tuple[str, str]:
    if row.disposition:
        tone = "good" if row.disposition in _GOOD else "bad" if row.disposition in _BAD else "info"
        return label(in_use.house.rules, row.disposition) if row.disposition in BY_CODE else row.disposition, tone
    tones = {
        "sent": "good",
        "done": "good",
        "failed": "bad",
        "unknown": "bad",
        "expired": "warn",
        "skipped": "warn",
        "ready": "info",
    }
    words = _STATES.get(row.state, row.state)
    if row.state == TouchState.UNKNOWN and row.channel == "call":
        words = "nobody said how it ended"
    elif row.state in (TouchState.SKIPPED, TouchState.FAILED) and row.reason:
        words = f"{words}: {row.reason.replace('_', ' ')}"
    return words, tones.get(row.state, "") if row.channel else ""


def _noted(sheet: Row[Any]) -> list[Detail]:
    details = [Detail("Note", sheet.note, quoted=True)] if sheet.note else []
    details += [
        Detail(str(question), str(answer), quoted=True) for question, answer in sheet.answers.items() if answer not in ("", None)
    ]
    if sheet.sentiment:
        details.append(Detail("They were", _MOODS.get(sheet.sentiment, sheet.sentiment)))
    if sheet.phase == "left" and details:
        details.insert(0, Detail("By", f"{sheet.who}, who left the call"))
    return details


def _survey(row: Row[Any], in_use: InUse) -> Item:
    details = [Detail("They wrote", row.comment, quoted=True)] if row.comment else []
    tone = "good" if row.rating * 10 >= row.scale_most * 7 else "bad" if row.rating * 10 <= row.scale_most * 4 else "info"
    return Item(
        row.at, "survey", row.id, "Survey answered", f"{row.rating} of {row.scale_most}", tone, f"asked by {row.touchpoint}",
        row.playbook, title_of(in_use, row.playbook), row.subject, None, row.touch_id, details=details,
    )  # fmt: skip


def _reply(row: Row[Any], in_use: InUse) -> Item:
    details = [Detail("They wrote" if row.channel != "call" else "It says", row.said, quoted=True)] if row.said else []
    if row.read_at is None:
        return Item(row.at, "reply", row.id, _REPLIES.get(row.kind, row.kind), "waits to be read", "warn", "", details=details)
    read = f"{row.read_by} read it: {_VERDICTS.get(row.verdict, row.verdict)}"
    return Item(row.at, "reply", row.id, _REPLIES.get(row.kind, row.kind), "read", "", read, details=details)


def _promise(row: Row[Any], in_use: InUse) -> Item:
    result, tone = ("kept", "good") if row.kept_at else ("void", "") if row.dropped_at else ("open", "info")
    why = f"promised by {row.owner}, for {row.due_at:%Y-%m-%d}"
    details = [Detail("We said", row.what, quoted=True)]
    return Item(row.at, "promise", row.id, "Promise", result, tone, why, run=row.enrollment_id, details=details)


def _event(row: Row[Any], in_use: InUse) -> Item:
    result, tone = {"waiting": ("not handled yet", "warn"), "set_aside": ("set aside", "bad")}.get(row.state, ("", ""))
    declared = in_use.lifecycle.events.get(row.type)
    means = declared.means if declared is not None else ""
    why = f"{f'{row.type} ' if means else ''}came from {row.source}" + (
        "" if row.known else "; nobody declared this kind of event"
    )
    why += "; history, nothing follows from it" if row.backfill else ""
    details = [Detail(str(name), _shown(value), quoted=True) for name, value in list(row.data.items())[:40]]
    return Item(row.at, "event", row.id, means or row.type, result, tone, why, subject=row.subject, details=details)


def _decided(row: Row[Any], in_use: InUse) -> Item:
    tone = "warn" if row.what in ("customer.opted_out", "customer.paused", "event.warning") else ""
    said = SAID.get(row.what, row.what.replace(".", " ").replace("_", " "))
    return Item(
        row.at,
        "journal",
        row.id,
        said[:1].upper() + said[1:],
        "",
        tone,
        row.why,
        subject=row.subject or "",
        run=row.enrollment_id,
    )


def _changed(row: Row[Any], in_use: InUse) -> Item:
    title = row.what.replace(".", " ").replace("_", " ").capitalize()
    return Item(row.at, "audit", row.id, title, why=f"{row.who} ({row.role}): {row.said}")


_SOURCES = {
    "touch": kept.touches_before, "survey": kept.surveys_before, "reply": kept.replies_before, "promise": kept.promises_before,
    "event": kept.events_before, "journal": kept.journal_before, "audit": kept.audit_before,
}  # fmt: skip
_ITEMS: Mapping[str, Any] = {  # Any: rows have no type of their own
    "survey": _survey, "reply": _reply, "promise": _promise, "event": _event, "journal": _decided, "audit": _changed,
}  # fmt: skip


def title_of(in_use: InUse, playbook: str) -> str:
    """What people call a playbook; its name when it is not in use any more."""
    version = in_use.current.get(playbook)
    return version.program.title if version is not None else playbook


def _shown(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _number(id_: UUID | int) -> int:
    return id_.int if isinstance(id_, UUID) else id_
