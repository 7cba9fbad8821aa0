"""A small made-up home-service company: its customers, and what its own systems report over six weeks. The same every time.

Nothing here knows the engine. An arrival is what the company's CRM, calendar or books would post; `endings` says how calls end.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from orchestrator.made_up import FIRST_NAMES, LAST_NAMES

START = date(2026, 10, 26)  # a Monday. US clocks go back on Sunday 1 November; Thanksgiving is Thursday 26 November
DAYS = 42
CLOSED = frozenset({date(2026, 11, 11), date(2026, 11, 26)})  # Veterans Day and Thanksgiving
HERE = "America/Chicago"  # where the company is
STAFF = ("ari", "sam", "lee")
PLACES = (  # time zone, area code: most live near the company
    ("America/Chicago", "312"), ("America/New_York", "212"), ("America/Chicago", "414"), ("America/Denver", "303"),
    ("America/Los_Angeles", "213"), ("America/New_York", "404"), ("America/Phoenix", "602"), ("America/Chicago", "612"),
)  # fmt: skip
JOBS = (  # so that it fits after "for"; about how much
    ("the back deck", 6400), ("a water heater", 1900), ("the roof gutters", 850), ("two bay windows", 4200), ("the heating", 3600),
    ("the bathroom tiles", 2700), ("a garden fence", 2300), ("the porch lights", 640), ("the basement drain", 1250),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """A customer as the CRM has them."""

    ref: str
    name: str
    first_name: str
    phone: str
    email: str
    time_zone: str
    consent: Mapping[str, str]
    locale: str = "en-US"

    def in_full(self) -> dict[str, Any]:
        """The `customer` part of an event."""
        return {
            "id": self.ref, "name": self.name, "first_name": self.first_name, "phone": self.phone, "time_zone": self.time_zone,
            "email": self.email, "locale": self.locale, "country": "US",
            "consent": dict(self.consent),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event on its way to the engine."""

    at: datetime  # when it is received, aware UTC
    person: Person
    raw: Mapping[str, Any]  # the plain form, as POST /events takes it
    said: str  # the same in a few words


@dataclass(frozen=True, slots=True)
class Company:
    """Everything that is decided before the first day."""

    people: Mapping[str, Person]  # by ref
    arrivals: Sequence[Arrival]  # in the order in which they come
    endings: Mapping[str, tuple[str, ...]]  # subject -> dispositions of its calls, in order; afterwards nobody answers
    promises: Mapping[str, tuple[str, date]] = field(default_factory=dict)  # subject -> what staff promise on its call, for when


def moment(day: date, clock: str, zone: str) -> datetime:
    """When clocks in that zone show this; clock: "09:05"."""
    return datetime.combine(day, time.fromisoformat(clock), ZoneInfo(zone)).astimezone(UTC)


def workday(n: int, after: date = START) -> date:
    """The n-th working day counted from `after` (0: that day, or the next one that is worked)."""
    day = after
    while True:
        if day.weekday() < 5 and day not in CLOSED:
            if n == 0:
                return day
            n -= 1
        day += timedelta(days=1)


@dataclass(slots=True)
class Diary:
    """What the company's systems will report, noted down in any order."""

    chance: random.Random
    arrivals: list[Arrival] = field(default_factory=list)
    endings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _numbers: dict[str, Iterator[int]] = field(
        default_factory=lambda: {"quote": count(1041), "visit": count(7701), "invoice": count(311), "project": count(51)}
    )

    def subject(self, kind: str) -> str:
        """The next quote, visit, invoice or project."""
        form = {"quote": "Q-{}", "visit": "V-{}", "invoice": "2026-{}", "project": "P-{}"}[kind]
        return f"{kind}/{form.format(next(self._numbers[kind]))}"

    def note(self, at: datetime, type_: str, subject: str, person: Person, words: str, **data: Any) -> None:
        """Something happens at that moment and is reported some seconds later. Later reports name the customer by id alone."""
        begins = type_ in ("quote.sent", "visit.booked", "invoice.issued", "project.started")
        raw = {
            "source": {"visit": "calendar", "invoice": "books"}.get(subject.partition("/")[0], "crm"),
            "type": type_,
            "subject": subject,
            "time": at.astimezone(ZoneInfo(person.time_zone)).isoformat(),
            "customer": person.in_full() if begins else {"id": person.ref},
            "data": data,
        }
        self.arrivals.append(Arrival(at + timedelta(seconds=self.chance.randint(2, 40)), person, raw, words))

    def quote(self, person: Person, at: datetime, amount: int, work: str, owner: str = "ari") -> str:
        """A quote goes out; answers its subject."""
        subject = self.subject("quote")
        said = f"quote sent: ${amount:,} for {work}"
        self.note(at, "quote.sent", subject, person, said, amount=amount, currency="USD", owner=owner, work=work)
        return subject

    def booking(self, person: Person, at: datetime, starts_at: datetime, kind: str, crew: str = "Joe") -> str:
        """A visit is booked; answers its subject."""
        subject = self.subject("visit")
        there = starts_at.astimezone(ZoneInfo(person.time_zone))
        said = f"{kind} visit booked for {there:%a} {there.day} {there:%b %H:%M}"
        self.note(at, "visit.booked", subject, person, said, kind=kind, starts_at=there.isoformat(), crew=crew)
        return subject

    def visit(self, person: Person, subject: str, starts_at: datetime, kind: str, work: str) -> datetime:
        """The crew comes and finishes; answers when."""
        began = starts_at + timedelta(minutes=self.chance.randint(2, 14))
        ended = began + timedelta(minutes=self.chance.randint(50, 140))
        self.note(began, "visit.started", subject, person, "the crew is at the door", crew="Joe")
        self.note(ended, "visit.done", subject, person, f"{kind} visit done: {work}", kind=kind, work=work, crew="Joe")
        return ended

    def invoice(self, person: Person, at: datetime, amount: int, due_on: date, work: str) -> str:
        """An invoice goes out; answers its subject."""
        subject = self.subject("invoice")
        said = f"invoice issued: ${amount:,}, due {due_on:%a} {due_on.day} {due_on:%b}"
        number = subject.partition("/")[2]
        self.note(
            at, "invoice.issued", subject, person, said,
            number=number, amount=amount, currency="USD", due_on=due_on.isoformat(), work=work,
        )  # fmt: skip
        return subject

    def paid(self, person: Person, subject: str, at: datetime) -> None:
        """The money is here."""
        self.note(at, "invoice.paid", subject, person, "invoice paid")

    def report(self, person: Person, subject: str, title: str, at: datetime) -> None:
        """The project lead's report of the week."""
        done = self.chance.sample(["old tiles out", "pipes laid", "floor leveled", "walls primed", "cabinets hung"], 2)
        following = self.chance.sample(["tiles", "second coat", "fixtures", "final cleaning"], 2)
        self.note(
            at, "project.progressed", subject, person, f"report of the week on the {title}",
            title=title, lead="Mia", done=done, next=following,
        )  # fmt: skip

    def hour(self, day: date, person: Person, first: int = 9, last: int = 16) -> datetime:
        """Some minute of that day while the customer's offices are open."""
        return moment(day, f"{self.chance.randint(first, last - 1):02d}:{self.chance.randint(0, 59):02d}", person.time_zone)

    def arrived(self) -> list[Arrival]:
        """Everything in order, each with the id that its sender gave it."""
        self.arrivals.sort(key=lambda a: a.at)
        return [Arrival(a.at, a.person, {"id": f"{81 + n}", **a.raw}, a.said) for n, a in enumerate(self.arrivals)]


def people(chance: random.Random) -> list[Person]:
    """Twenty-nine customers with different first names; a few want no texts or no calls."""
    firsts = [name for name in FIRST_NAMES if name.lower() not in STAFF]
    lasts = chance.sample(LAST_NAMES, len(LAST_NAMES))
    found = []
    for n, first in enumerate(firsts):
        zone, area = PLACES[n % len(PLACES)]
        consent = dict.fromkeys(("email", "text", "call"), "service")
        if n % 11 == 10:
            consent["text"] = "none"
        if n % 13 == 12:
            consent["call"] = "none"
        name = f"{first} {lasts[n % len(lasts)]}"
        email = f"{name.lower().replace(' ', '.')}@customers.example.com"
        found.append(Person(f"C-{201 + n}", name, first, number(area, n), email, zone, consent))
    return found


def number(area: str, n: int) -> str:
    """The n-th customer's telephone. The rehearsal carrier gives no endings from 18 to 89 a part of their own."""
    return f"+1{area}55501{n + 18}"


# -- ordinary life: how many of each, dealt out by chance ---------------------------------------------------------

_QUOTES = (  # how a quote ends: the event that comes by itself and after how many working days; how its calls end
    *[("accepted", 1, ())] * 5,
    *[("accepted", 3, ("goal_met",))] * 3,
    *[("accepted", 5, ("completed",))] * 3,
    *[("accepted", 6, ("voicemail_left", "goal_met"))] * 2,
    *[("declined", 1, ())] * 2,
    *[(None, 0, ("declined",))] * 2,
    *[(None, 0, ("no_answer", "voicemail_left", "no_answer"))] * 3,
    (None, 0, ("completed_concern", "completed")),
    ("withdrawn", 1, ()),
    (None, 0, ("completed",)),
    ("small", 0, ()),
)
_VISITS = (  # kind; how the day after goes: dispositions, and what is heard on paper
    *[("repair", ("completed",), None)] * 4,
    *[("maintenance", ("completed",), None)] * 3,
    ("repair", ("no_answer", "completed"), None),
    ("maintenance", ("not_available", "no_answer"), "satisfaction.answered"),
    ("repair", ("voicemail_left", "no_answer"), "satisfaction.concern"),
    ("estimate", (), None),
    ("estimate", (), "visit.cancelled"),
    ("repair", ("completed",), "visit.rescheduled"),
)
_INVOICES = (  # paid or disputed so many days after it was due; None: not yet
    *[("paid", -5)] * 6, *[("paid", -1)] * 3, *[("paid", 5)] * 2, ("paid", 10), ("disputed", 1), (None, 0), (None, 0)
)  # fmt: skip
_PROJECTS = (  # title; working day it begins; weeks it takes; the week without a report
    ("bathroom renovation", 1, 4, None), ("new kitchen", 4, 5, 2), ("attic conversion", 8, 6, None), ("garage", 12, 3, None),
    ("sun room", 17, 5, None),
)  # fmt: skip


def ordinary(diary: Diary, crowd: Sequence[Person]) -> None:
    """The life of customers to whom nothing special happens."""
    chance = diary.chance
    quotes = chance.sample(_QUOTES, len(_QUOTES))
    for n, (end, days, calls) in enumerate(quotes):
        person = crowd[n % len(crowd)]
        work, about = chance.choice(JOBS)
        amount = 380 if end == "small" else about + 10 * chance.randint(-9, 40)
        day = workday(n * 27 // len(quotes))
        subject = diary.quote(person, diary.hour(day, person), amount, work)
        diary.endings[subject] = calls
        if end and end != "small":
            at = diary.hour(workday(days, day + timedelta(days=1)), person)
            diary.note(at, f"quote.{end}", subject, person, f"quote {end}")
    for n, (kind, calls, heard) in enumerate(chance.sample(_VISITS, len(_VISITS))):
        _visit(diary, crowd[(3 * n + 1) % len(crowd)], 2 * n, kind, calls, heard)
    for n in range(3):  # still to come when the six weeks are over
        person = crowd[(5 * n + 2) % len(crowd)]
        starts_at = moment(workday(30 + 2 * n), "10:00", person.time_zone)
        diary.booking(person, diary.hour(workday(26 + n // 2), person), starts_at, "maintenance")
    for n, (end, days) in enumerate(chance.sample(_INVOICES, len(_INVOICES))):
        _invoice(diary, crowd[(7 * n + 3) % len(crowd)], n, end, days)
    for n, (title, begins, weeks, quiet) in enumerate(_PROJECTS):
        _project(diary, crowd[(4 * n) % len(crowd)], title, workday(begins), weeks, quiet)


def _visit(diary: Diary, person: Person, n: int, kind: str, calls: tuple[str, ...], heard: str | None) -> None:
    day = workday(n)
    starts_at = moment(workday(2, day), f"{diary.chance.randint(9, 14):02d}:30", person.time_zone)
    subject = diary.booking(person, diary.hour(day, person), starts_at, kind)
    diary.endings[subject] = (*calls, "completed") if heard == "satisfaction.concern" else calls
    if heard == "visit.cancelled":
        diary.note(
            diary.hour(workday(1, day), person, 9, 11), heard, subject, person, "visit cancelled", reason="no longer needed"
        )
        return
    if heard == "visit.rescheduled":
        starts_at = moment(workday(4, day), "11:00", person.time_zone)
        there = starts_at.astimezone(ZoneInfo(person.time_zone))
        said = f"visit moved to {there:%a} {there.day} {there:%b %H:%M}"
        at = diary.hour(workday(1, day), person, 9, 11)
        diary.note(at, heard, subject, person, said, kind=kind, starts_at=there.isoformat(), crew="Joe")
    ended = diary.visit(person, subject, starts_at, kind, diary.chance.choice(JOBS)[0])
    if heard and heard.startswith("satisfaction."):
        at = diary.hour(workday(4, ended.date()), person)
        rating, words = (2, "it drips again") if heard.endswith("concern") else (5, "all good, thank you")
        diary.note(at, heard, subject, person, f"answered with a {rating}: {words}", rating=rating, said=words)


def _invoice(diary: Diary, person: Person, n: int, end: str | None, days: int) -> None:
    issued = workday(n if days > 1 or end is None else 3 + n)  # late payers early, so that all of it is seen
    due_on = issued + timedelta(days=10)
    work, about = diary.chance.choice(JOBS)
    subject = diary.invoice(person, diary.hour(issued, person), about // 2, due_on, work)
    diary.endings[subject] = ("commitment_made",)
    at = diary.hour(workday(0, due_on + timedelta(days=days)), person, 11, 16)
    if end == "paid":
        diary.paid(person, subject, at)
    elif end == "disputed":
        diary.note(at, "invoice.disputed", subject, person, "invoice disputed: the hours are wrong", reason="the hours are wrong")


def _project(diary: Diary, person: Person, title: str, begins: date, weeks: int, quiet: int | None) -> None:
    subject = diary.subject("project")
    last = begins + timedelta(weeks=weeks)
    end = START + timedelta(days=DAYS)
    diary.note(
        diary.hour(begins, person, 8, 10), "project.started", subject, person, f"project begins: {title}",
        title=title, lead="Mia", ends_on=last.isoformat(),
    )  # fmt: skip
    friday = begins + timedelta(days=4 - begins.weekday())
    for week in range(weeks):
        day = friday + timedelta(weeks=week)
        if day > begins and day < end and week != quiet:
            diary.report(person, subject, title, diary.hour(day, person, 10, 13))
    if last < end:
        diary.note(diary.hour(workday(0, last), person), "project.done", subject, person, f"project done: {title}")
