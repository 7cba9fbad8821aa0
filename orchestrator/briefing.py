"""What somebody on the desk has to know of a call, in the order in which they need it: who, why now, what happened before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from orchestrator import scripting
from orchestrator.core.house import House
from orchestrator.core.model import Customer, TouchState
from orchestrator.core.still import may_still
from orchestrator.core.windows import field_moment, local_words, opening, why_never
from orchestrator.core.zones import zone_of
from orchestrator.facts import Defect, facts_of
from orchestrator.language.house_rules import label
from orchestrator.language.lifecycle import Lifecycle
from orchestrator.language.program import TouchNode
from orchestrator.language.script import Script
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store import briefs, pauses, promises, sheets
from orchestrator.store.briefs import Seen
from orchestrator.store.database import Row, Work
from orchestrator.store.promises import Promise
from orchestrator.store.sheets import Sheet
from orchestrator.why_now import title_of, why_now

MOST_EARLIER = 3  # sheets of the same call that others began
MOST_BEFORE = 8  # earlier contacts on the page; the customer's page has all of them
LEAST_SHOWN = 4  # characters at the end of a number that are hidden until the dial is allowed
_BAD_ENDINGS = frozenset({"completed_concern", "declined", "do_not_contact", "wrong_number"})
_GOOD_ENDINGS = frozenset({"goal_met", "completed", "already_done", "commitment_made"})
_STATES: Mapping[str, str] = {
    "sent": "sent", "done": "done", "failed": "refused", "unknown": "nobody knows whether it arrived", "sending": "going out",
    "calling": "being called", "in_call": "being made", "filed": "just made",
}  # fmt: skip
_SAYINGS: Mapping[str, str] = {
    "reply": "They answered", "maybe_stop": "They may want no more contact", "missed_call": "They called us",
    "asked_for_call": "They asked to be called",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hours:
    """Whether calling is allowed at this moment, and until or from when."""

    open: bool
    until: datetime | None  # open: when the window closes. Closed: when it opens; None: not within sight
    words: str  # "Calls until 17:30 there", or why not


@dataclass(frozen=True, slots=True)
class Person:
    """Whom it is about."""

    id: UUID
    name: str
    first: str
    ref: str
    phone: str  # its end hidden: the whole number comes with the permission to dial
    zone: str
    zone_sure: bool  # False: they may be in others as well
    wish: str  # when they want to be called; empty: any time
    locale: str
    hours: Hours


@dataclass(frozen=True, slots=True)
class Before:
    """One thing that happened earlier, whoever's follow-up it was."""

    at: datetime
    what: str
    result: str
    tone: str  # good | bad | warn | empty
    about: str  # the subject
    note: str
    who: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """What somebody typed about this very call who did not finish it, as far as it is not on the sheet of now."""

    sheet: UUID
    who: str
    title: str
    at: datetime
    note: str
    answers: Sequence[tuple[str, str]]  # the question as it is asked, and what was typed


@dataclass(frozen=True, slots=True)
class Brief:
    """Everything on the page of one call."""

    touch: UUID
    state: TouchState
    held_by: str | None
    lease_until: datetime | None
    person: Person
    title: str
    goal: str
    why: str
    subject: str
    playbook: str
    queue: str
    queue_title: str
    tries: int
    most: int
    due_by: datetime | None
    facts: Sequence[tuple[str, str]]
    before: Sequence[Before]
    unread: Sequence[Before]  # what the customer said that nobody has dealt with
    promises: Sequence[Promise]
    script: Script
    sheet: Sheet | None
    earlier: Sequence[Earlier]
    answers: Mapping[str, str]
    rules_of: InUse

    def label(self, code: str) -> str:
        """How the team calls this ending."""
        return label(self.rules_of.house.rules, code)


def seen(parts: Parts, touch: UUID) -> Seen | None:
    """The call as it stands, without anything around it; None when there is no such call."""
    return parts.database.run(lambda work: briefs.call(work, touch))


def brief(parts: Parts, touch: UUID, answers: Mapping[str, str] | None = None) -> Brief | None:
    """Everything to show of one call; None when there is no such call. answers: what was typed and not saved."""
    now = parts.clock()

    def unit(work: Work) -> Brief | None:
        found = briefs.call(work, touch)
        return None if found is None else _brief(work, parts.rulebook.refresh(work), found, answers, now)

    return parts.database.run(unit)


def moved_call_back(parts: Parts, touch: UUID) -> str:
    """When they will be called, where that is later than they asked for, because of the hours. Empty: as they asked."""

    def unit(work: Work) -> str:
        found, sheet = briefs.call(work, touch), sheets.newest(work, touch)
        if found is None or sheet is None or sheet.call_back_at is None:
            return ""
        in_use, customer = parts.rulebook.refresh(work), found.due.customer
        house = in_use.house
        windows = (*_own_window(work, in_use, found), house.never_outside["call"])
        span = opening(house, windows, customer.zones, customer.hours, sheet.call_back_at)
        if span is None or span.start <= sheet.call_back_at:
            return ""
        then = local_words(span.start, zone_for(customer, house), parts.clock())
        return f"They may not be called then: it is planned for {then} there."

    return parts.database.run(unit)


def _own_window(work: Work, in_use: InUse, found: Seen) -> tuple[str, ...]:
    facts = facts_of(work, in_use, [found.due])[0]
    node = None if isinstance(facts, Defect) else facts.program.nodes[found.due.touch.step]
    return (node.window,) if isinstance(node, TouchNode) else ()


def script(parts: Parts, touch: UUID, answers: Mapping[str, str]) -> Script | None:
    """The script alone, as it goes on from what is on the sheet, and from these answers."""

    def unit(work: Work) -> Script | None:
        found = briefs.call(work, touch)
        if found is None:
            return None
        sheet = sheets.newest(work, touch)
        return scripting.script_of(work, parts.rulebook.refresh(work), found.due, {**(sheet.answers if sheet else {}), **answers})

    return parts.database.run(unit)


def _brief(work: Work, in_use: InUse, found: Seen, answers: Mapping[str, str] | None, now: datetime) -> Brief:
    due = found.due
    touch, run, customer = due.touch, due.run, due.customer
    noted = sheets.of(work, touch.id)
    sheet = noted[-1] if noted else None
    typed = dict(sheet.answers if sheet else {}) if answers is None else dict(answers)
    facts = facts_of(work, in_use, [due])[0]
    program = None if isinstance(facts, Defect) else facts.program
    node = None if program is None else program.nodes[touch.step]
    assert node is None or isinstance(node, TouchNode), "a call is a touchpoint"
    against = facts.why if isinstance(facts, Defect) else may_still(touch, run, facts, pauses.live(work), now)
    shape = scripting.script_of(work, in_use, due, typed)
    zone = zone_for(customer, in_use.house)
    said = briefs.said(work, customer.id, MOST_BEFORE)
    contacts = briefs.contacts(work, customer.id, touch.id, MOST_BEFORE)
    before = [_contact(in_use, row) for row in contacts] + [_saying(row) for row in said if row.read_at is not None]
    queue = in_use.house.queues.get(touch.queue or "")
    open_promises = promises.open_for(work, customer.id)
    return Brief(
        touch=touch.id,
        state=touch.state,
        held_by=found.held_by,
        lease_until=found.lease_until,
        person=_person(in_use, customer, node, against, zone, now),
        title=shape.title or (node.title if node else str(touch.touchpoint)),
        goal=shape.goal or "",
        why=why_now(work, due, program, open_promises, zone, now),
        subject=run.subject,
        playbook=program.title if program else run.playbook,
        queue=touch.queue or "",
        queue_title=queue.title if queue else touch.queue or "",
        tries=touch.tries,
        most=node.most if node else touch.tries,
        due_by=touch.expires_at,
        facts=subject_facts(in_use.lifecycle, found.began_with, run.event, zone),
        before=sorted(before, key=lambda one: one.at, reverse=True)[:MOST_BEFORE],
        unread=[_saying(row) for row in said if row.read_at is None],
        promises=open_promises,
        script=shape,
        sheet=sheet,
        earlier=_earlier(work, noted, shape),
        answers=typed,
        rules_of=in_use,
    )


def _earlier(work: Work, noted: Sequence[Sheet], shape: Script) -> list[Earlier]:
    """What was typed on the last sheets before this one and is not on this one, the newest first."""
    if len(noted) < 2:
        return []
    mine, found = noted[-1], []
    for one in reversed(noted[:-1]):
        note = "" if one.note.strip() in mine.note else one.note.strip()
        answers = [
            (shape.questions[name].ask if name in shape.questions else name.replace("_", " "), _said(one, name))
            for name in one.answers
            if not mine.answers.get(name)
        ]
        if one.phase != "filed" and (note or answers):
            found.append(Earlier(one.attempt_id, one.who, title_of(work, one.who), one.began_at, note, answers))
        if len(found) == MOST_EARLIER:
            break
    return found


def _said(sheet: Sheet, name: str) -> str:
    day = sheet.promised_for.get(name)
    return f"{sheet.answers[name]} (for {_date_words(day, 'date', 'UTC')})" if day else sheet.answers[name]


def zone_for(customer: Customer, house: House) -> str:
    """The zone in which times are shown: theirs, the likeliest, or the house's first."""
    return customer.time_zone or next(iter(customer.zones or house.strictest), "UTC")


def _person(in_use: InUse, customer: Customer, node: TouchNode | None, against: str | None, zone: str, now: datetime) -> Person:
    house = in_use.house
    windows = (*((node.window,) if node else ()), house.never_outside["call"])
    span = opening(house, windows, customer.zones, customer.hours, now)
    if against is not None:
        hours = Hours(open=False, until=span.start if span and span.start > now else None, words=against)
    elif span is None:  # a policy let it pass and the hours do not: say so rather than call
        hours = Hours(open=False, until=None, words=why_never(house, windows, customer.zones, customer.hours))
    else:
        hours = Hours(open=True, until=span.end, words=f"Calls until {local_words(span.end, zone, now)} there")
    name = customer.name or customer.ref
    first = str(customer.extra.get("first_name") or "") or name.split(" ")[0]
    sure = len(customer.zones) == 1 or customer.time_zone is not None
    phone, wish, locale = hidden(customer.phone), customer.hours or "", customer.locale or ""
    return Person(customer.id, name, first, customer.ref, phone, zone, sure, wish, locale, hours)


def hidden(phone: str | None) -> str:
    """A number without its end: enough to see where it is, too little to dial around the policies."""
    return f"{phone[:-LEAST_SHOWN]}{'•' * LEAST_SHOWN}" if phone and len(phone) > LEAST_SHOWN + 2 else ""


def subject_facts(lifecycle: Lifecycle, began_with: str, data: Mapping[str, object], zone: str) -> list[tuple[str, str]]:
    """The fields of the event that began it, readable: money with its currency, days and times as people say them."""
    declared = lifecycle.events.get(began_with)
    kinds = {name: kind.kind for name, kind in declared.fields.items()} if declared else {}
    currency = data.get("currency")
    shown = []
    for name, value in data.items():
        if value is None or value == "" or (name == "currency" and isinstance(data.get("amount"), int | float)):
            continue
        words = _in_words(value, kinds.get(name, "text"), zone)
        if name == "amount" and isinstance(currency, str) and currency:
            words = f"{currency} {words}"
        shown.append((name.replace("_", " ").capitalize(), words))
    return shown


def _in_words(value: object, kind: str, zone: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,}" if value == int(value) and isinstance(value, int) else f"{value:,.2f}"
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    if isinstance(value, str) and kind in ("time", "date"):
        return _date_words(value, kind, zone)
    return str(value)


def _date_words(value: str, kind: str, zone: str) -> str:
    try:
        if kind == "date":
            day = date.fromisoformat(value)
            return f"{day:%a} {day.day} {day:%b %Y}"
        there = datetime.fromisoformat(value).astimezone(zone_of(zone) or UTC)
        return f"{there:%a} {there.day} {there:%b %Y, %H:%M}"
    except (ValueError, OverflowError):
        return value


def _contact(in_use: InUse, row: Row[Any]) -> Before:
    """One earlier touch, with how it went."""
    code = row.disposition
    if code:
        tone = "good" if code in _GOOD_ENDINGS else "bad" if code in _BAD_ENDINGS else ""
        result = label(in_use.house.rules, code)
    else:
        tone = {"failed": "bad", "unknown": "warn"}.get(row.state, "")
        result = _STATES.get(row.state, row.state.replace("_", " "))
    what = f"{row.channel.capitalize()}: {row.touchpoint.replace('-', ' ')}"
    return Before(row.effect_at, what, result, tone, row.subject, row.note or "", row.who or "")


def _saying(row: Row[Any]) -> Before:
    """What a customer said of themselves."""
    said = "" if row.kind == "missed_call" else row.said
    tone = "warn" if row.read_at is None or row.kind == "maybe_stop" else ""
    return Before(row.came_at, _SAYINGS.get(row.kind, "They wrote"), "", tone, "", said, "")


# -- the room in which people wait for the next call ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Day:
    """What somebody did since midnight."""

    calls: int
    talking: str  # "1 h 05 min"
    wrap_up: str


@dataclass(frozen=True, slots=True)
class Room:
    """What waits for somebody."""

    queues: Sequence[tuple[str, int]]  # title and how many wait; more than briefs.MOST_COUNTED - 1: many
    next_due: datetime | None
    promises: Sequence[Promise]  # of theirs, the next first
    day: Day
    zone: str  # of the house: in which their day begins

    @property
    def waiting(self) -> int:
        """How many wait in all."""
        return sum(n for _, n in self.queues)


def room(parts: Parts, who: str, queues: Sequence[str] | None) -> Room:
    """How busy it is. queues: those that they work (None: all)."""
    now = parts.clock()

    def unit(work: Work) -> Room:
        house = parts.rulebook.refresh(work).house
        mine = list(house.queues) if queues is None else [name for name in queues if name in house.queues]
        zone = house.rules.clock
        waiting = briefs.waiting(work, mine)
        titles = [(house.queues[name].title, waiting.get(name, 0)) for name in mine]
        today = field_moment(now.astimezone(zone_of(zone) or UTC).date(), (zone,), house) or now
        following = briefs.next_due(work, mine) if mine else None
        return Room(titles, following, promises.open_of(work, who), _day(briefs.calls_since(work, who, today), now), zone)

    return parts.database.run(unit)


def _day(rows: Sequence[Row[Any]], now: datetime) -> Day:
    filed = [row for row in rows if row.phase == "filed"]
    none = timedelta(0)
    talk = sum(((r.wrap_up_from or r.filed_at or now) - r.talked_from for r in filed if r.talked_from), none)
    wrap_up = sum((r.filed_at - r.wrap_up_from for r in filed if r.wrap_up_from), none)
    return Day(len(filed), _length(max(talk, none)), _length(max(wrap_up, none)))


def _length(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"
