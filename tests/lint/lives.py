"""Everything that can happen to one subject, by the real core: each ending of each contact, each event at each step.

Time does not decide here: each contact is made when it is due, an event comes when the step before it is over. Reckons with
nothing of orchestrator/lint: core/intake.py says what an event does, core/planner.py what follows a contact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

from orchestrator.core import planner
from orchestrator.core.house import House
from orchestrator.core.intake import Book, Standing, Version, take
from orchestrator.core.known import known
from orchestrator.core.model import Change, Close, Customer, End, Enroll, Event, Note, Plan, Run
from orchestrator.core.receipts import MACHINES, Result, call_disposition
from orchestrator.language.dispositions import ALL, BY_CODE
from orchestrator.language.facts import flat
from orchestrator.language.fronts import VoiceWords
from orchestrator.language.program import Program, TouchNode
from orchestrator.language.words import Words

SUBJECT = "quote/1"
START = datetime(2026, 2, 2, 15, tzinfo=UTC)
Told = tuple[str, str, str]  # what, about which step or event, how: ("made", "t0", "no_answer"), ("planned", "t1", "1")
Life = tuple[Told, ...]


def can_end(node: TouchNode, words: Words | None) -> list[str]:
    """Every result of a contact, from what reports and staff can say."""
    if node.channel == "call":
        return [*(d.code for d in ALL), "not_taken", "failed", "skipped"]
    messages = ["sent", "failed", "skipped", "expired"]
    if node.channel in ("email", "text"):
        return messages
    assert words is not None
    assert isinstance(words.front, VoiceWords)
    pressed = [None, *words.front.keys.values()]
    heard = [None, "nothing", "person", *(["machine"] if words.front.voicemail else [])]
    said = {call_disposition(r, by, h, p) for r in Result for by in ("human", "fax", *MACHINES) for h in heard for p in pressed}
    return [*sorted(code for code in said if code in BY_CODE), "invalid_number", *messages]


@dataclass
class Lives:
    """One customer and one subject; `comes`: the events that may come, each at each step, and never twice on one way."""

    programs: Sequence[Program]
    house: House
    data: Mapping[str, Any]
    started_by: str = "quote.sent"
    endings: Callable[[TouchNode], Sequence[str]] = lambda node: ("sent",)
    comes: Sequence[str] = ()
    answers: Mapping[str, Any] = field(default_factory=dict)
    later: Mapping[str, Any] | None = None  # what a second event says; None: the same
    ref: str = "C-1"
    most: int = 400  # ways looked at

    def __post_init__(self) -> None:
        self.ids = count(1)
        zone = "America/Chicago"
        self.customer = Customer(
            UUID(int=1), self.ref, phone="+13125550142", email="a@example.com", time_zone=zone, zones=(zone,)
        )
        self.current = {p.playbook: Version(self.new_id(), 1, p) for p in self.programs}

    def all(self) -> Iterator[Life]:
        """Every way, at most `most`."""
        self.left = self.most
        book = Book(self.house, self.current, self.names, {self.customer.id: self.customer})
        changes = take(self.event(self.started_by, START, self.data), book, self.new_id)
        yield from self.on(book, START, self.read(changes), 0)

    def on(self, book: Book, at: datetime, life: Life, came: int) -> Iterator[Life]:
        open_ = book.open.get(SUBJECT, [])
        if not open_:
            self.left -= 1
            yield life
            return
        for index, event in enumerate(self.comes):
            if self.left > 0 and not came >> index & 1:
                then = copied(book)
                changes = take(self.event(event, at, self.data if self.later is None else self.later), then, self.new_id)
                yield from self.on(then, at, (*life, ("event", event, ""), *self.read(changes)), came | 1 << index)
        standing = min((s for s in open_ if s.touch), key=lambda s: s.touch.due_at if s.touch else at)
        touch = standing.touch
        assert touch is not None
        node = standing.program.nodes[touch.step]
        results = self.endings(node) if isinstance(node, TouchNode) else ["over"]
        for result in results:
            if self.left <= 0:
                return
            then, when = copied(book), max(at, touch.due_at)
            mine = next(s for s in then.open[SUBJECT] if s.run.id == standing.run.id)
            facts = then.facts(replace(mine.run, answers=self.answers), mine.program)
            changes = planner.after(facts, replace(touch, effect_at=when), result, when, self.new_id)
            applied(mine, changes, then)
            told = ("made" if isinstance(node, TouchNode) else "wait", touch.step, result)
            yield from self.on(then, when, (*life, told, *self.read(changes)), came)

    def read(self, changes: Sequence[Change]) -> Life:
        found: list[Told] = []
        for change in changes:
            match change:
                case Plan(touch):
                    found.append(("planned", touch.step, str(touch.tries)))
                case Enroll(run):
                    found.append(("enrolled", run.playbook, ""))
                case End(_, reason):
                    assert reason != "error", change
                    found.append(("end", str(reason), ""))
                case Note(what="branch.taken"):
                    found.append(("branch", change.rule, "no" if change.why.endswith(" is not true") else "yes"))
                case Note(what="touch.passed_over"):
                    found.append(("passed over", change.why.partition(":")[0], ""))
                case Note(what="enrollment.not_meant"):
                    found.append(("not meant", change.rule, ""))
                case Close(reason="event came", why=why):
                    found.append(("came", why.removesuffix(" came"), ""))
                case Note(what="wait.not_needed"):
                    found.append(("had come", change.why.split()[0], ""))
                case _:
                    pass
        return tuple(found)

    def event(self, kind: str, at: datetime, data: Mapping[str, Any], subject: str = SUBJECT) -> Event:
        return Event(self.new_id(), "test", str(next(self.ids)), kind, subject, at, at, data, self.customer.id)

    def names(self, run: Run, customer: Customer, program: Program) -> Callable[[], Mapping[str, object]]:
        return lambda: flat(known(run, customer, program, 0, self.house, {}))

    def new_id(self) -> UUID:
        return UUID(int=next(self.ids) + 100)


def copied(book: Book) -> Book:
    open_ = {subject: [replace(each) for each in standing] for subject, standing in book.open.items()}
    seen = {subject: dict(events) for subject, events in book.seen.items()}
    return replace(book, open=open_, ended=set(book.ended), seen=seen)


def applied(standing: Standing, changes: Sequence[Change], book: Book) -> None:
    """What the store does with what follows a contact."""
    standing.touch = next((c.touch for c in changes if isinstance(c, Plan)), None)
    if any(isinstance(c, End) for c in changes):
        book.open[SUBJECT] = [s for s in book.open[SUBJECT] if s.run.id != standing.run.id]
        book.ended.add((SUBJECT, standing.run.playbook))
