"""Reading the journal while the story runs: what is new since the last look, and when time alone changes something next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from orchestrator.core.model import AUTOMATIC_CALLS, OPEN_STATES, TouchState
from orchestrator.core.windows import local_words
from orchestrator.demo.company import Person
from orchestrator.store import journal
from orchestrator.store.database import Work

CHANNEL_WORDS = {"email": "e-mail", "text": "text", "voice": "voice call", "voicemail": "voicemail"}
ON_ITS_WAY = frozenset({TouchState.SENDING, TouchState.CALLING, TouchState.SENT, TouchState.UNKNOWN})  # the provider may say more
# told only when a scene has something to say about them
QUIET = frozenset({"touch.planned", "touch.ready", "call.spoken", "reply.read"})


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened, in a few words."""

    at: datetime  # aware UTC
    zone: str  # of the customer
    word: str  # event, e-mail, text, voicemail, call, put off, called off …
    name: str  # the customer's first name
    text: str
    subject: str
    what: str  # as the journal calls it
    touchpoint: str = ""
    telling: str = ""  # what a scene has to say about it


@dataclass(slots=True)
class Counts:
    """So far."""

    events: int = 0
    sent: int = 0
    calls: int = 0
    put_off: int = 0
    called_off: int = 0
    waiting: int = 0  # touches that are dated or in a queue


@dataclass(slots=True)
class Watch:
    """What is known about each subject, as of the last look."""

    counts: Counts = field(default_factory=Counts)
    who: dict[str, Person] = field(default_factory=dict)  # by subject
    _last: dict[str, int] = field(default_factory=dict)  # the newest journal entry that was seen, by subject
    _open: dict[str, list[Any]] = field(default_factory=dict)  # rows of open touches, by subject
    _on_its_way: set[str] = field(default_factory=set)  # subjects about which a provider may say more

    def due(self, now: datetime) -> set[str]:
        """Subjects about which something may happen by itself now."""
        return {subject for subject, rows in self._open.items() if any(_is_due(row, now) for row in rows)}

    def on_its_way(self) -> set[str]:
        """Subjects with a message or a call of which the provider may still say something."""
        return set(self._on_its_way)

    def channels_due(self, now: datetime) -> set[str]:
        """Channels with something to do now; "wait" for waits that are over."""
        rows = (row for rows in self._open.values() for row in rows)
        return {row.channel or "wait" for row in rows if row.state == TouchState.PLANNED and row.due_at <= now}

    def untaken(self, now: datetime) -> bool:
        """Whether a call has waited in its queue for too long, or the end of one can be undone no more."""
        by_sweep = (TouchState.READY, TouchState.FILED)
        return any(row.state in by_sweep and _is_due(row, now) for rows in self._open.values() for row in rows)

    def ready(self, queues: Iterable[str]) -> set[str]:
        """Subjects with a call that waits in one of these queues."""
        wanted = set(queues)
        return {s for s, rows in self._open.items() if any(r.state == TouchState.READY and r.queue in wanted for r in rows)}

    def of(self, person: Person) -> set[str]:
        """Everything that is about this customer."""
        return {subject for subject, known in self.who.items() if known.ref == person.ref}

    def look(self, work: Work, subjects: Iterable[str]) -> list[Moment]:
        """What is new about these subjects, in the order in which it was decided."""
        found: list[tuple[tuple[datetime, bool, int], Moment]] = []
        for subject in sorted(subjects):
            touches = {row.id: row for row in journal.touches_of(work, subject)}
            self._open[subject] = [row for row in touches.values() if row.state in OPEN_STATES]
            if any(row.state in ON_ITS_WAY for row in touches.values()):
                self._on_its_way.add(subject)
            else:
                self._on_its_way.discard(subject)
            last = self._last.get(subject, 0)
            for entry in journal.of_subject(work, subject):
                if entry.id > last:
                    self._last[subject] = max(entry.id, self._last.get(subject, 0))
                    moment = self._moment(subject, entry, touches)
                    if moment is not None:
                        # a call comes before what follows from it, whichever was written first
                        found.append(((entry.at, entry.what != "touch.done", entry.id), moment))
        self.counts.waiting = sum(1 for rows in self._open.values() for row in rows if row.channel is not None)
        return [moment for _, moment in sorted(found, key=lambda pair: pair[0])]

    def _moment(self, subject: str, entry: Any, touches: Mapping[Any, Any]) -> Moment | None:
        person = self.who[subject]
        touch = touches.get(entry.touch_id)
        said = self._said(entry, touch, person.time_zone, subject)
        if said is None:
            return None
        word, text = said
        about = touch.touchpoint if touch is not None else ""
        return Moment(entry.at, person.time_zone, word, person.first_name, text, subject, entry.what, about)

    def _said(self, entry: Any, touch: Any, zone: str, subject: str) -> tuple[str, str] | None:
        """A word and a few more for an entry; None for those that nobody needs to see."""
        if touch is None:
            if entry.what == "customer.replied":
                return "held", f"all about {subject}, until it has been read"
            if entry.what == "reply.read":
                return "read", entry.why
            is_no = entry.what.startswith("enrollment.") and entry.what not in ("enrollment.started", "enrollment.ended")
            return ("no follow-up", entry.why) if is_no else None
        if touch.touchpoint is None:
            return None  # a wait
        counts, about = self.counts, touch.touchpoint
        match entry.what:
            case "touch.sent":
                counts.sent += 1
                return CHANNEL_WORDS[touch.channel], touch.why
            case "touch.done" if touch.channel in ("email", "text"):
                return None  # delivered, which is what everybody expected
            case "touch.done" if touch.channel in AUTOMATIC_CALLS:
                counts.sent += 1
                how, _, line = entry.why.partition("; the line: ")
                by = line.partition("answered by: ")[2].partition(",")[0]
                return CHANNEL_WORDS[touch.channel], f"{about}: {how}" + (f" ({by})" if by and by != "not told" else "")
            case "touch.done":
                counts.calls += 1
                again = f", try {touch.tries}" if touch.tries > 1 else ""
                return "call", f"{entry.why} · {about}{again}"
            case "touch.deferred":
                counts.put_off += 1
                why = entry.why.partition(" UTC: ")[2]
                return "put off", f"{about} to {local_words(touch.due_at, zone, entry.at)}: {why}"
            case "touch.cancelled" if entry.rule == "superseded":
                return None  # another one takes its place: nobody was spared anything
            case "touch.cancelled":
                counts.called_off += 1
                why = entry.why.removeprefix("called off: ")
                return "called off", f"{about} of {local_words(touch.due_at, zone, entry.at)}: {why}"
            case "touch.skipped":
                return "not done", f"{about}: {entry.why}"
            case "touch.expired":
                return "too late", f"{about}: {entry.why}"
            case "touch.escalated":
                return "passed on", f"{about}: {entry.why}"
            case "touch.planned":
                return "dated", f"{touch.why}, {local_words(touch.due_at, zone, entry.at)}"
            case "touch.ready":
                return "call is due", touch.why
            case "survey.answered":
                return "survey", entry.why
            case "call.spoken":
                return "on the line", entry.why
            case "touch.sending" | "touch.in_call" | "touch.calling" | "call.dialling" | "call.dialled" | "call.connecting":
                return None
        return entry.what.removeprefix("touch."), f"{about}: {entry.why}"


def _is_due(row: Any, now: datetime) -> bool:
    """Whether time alone changes something about this touch. What is under way waits for staff or for the provider."""
    match row.state:
        case TouchState.PLANNED:
            return bool(row.due_at <= now)
        case TouchState.READY:
            return any(m is not None and m <= now for m in (row.expires_at, row.escalate_at))
        case TouchState.FILED:
            return row.lease_until is not None and bool(row.lease_until <= now)
    return False


def local_clock(moment: datetime, zone: str) -> str:
    """What a clock on the wall there shows: "09:12 CST"."""
    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M %Z}"
