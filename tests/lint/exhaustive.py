"""Everything that can happen to one enrollment, by the real core: each ending, taken at once or late, each wait, each way.

Reckons with nothing of orchestrator/lint: the planner says what follows, the fates of core/judging.py say what may be done when.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from orchestrator.core import judging, planner
from orchestrator.core.house import House
from orchestrator.core.judging import Go, Later, Over
from orchestrator.core.known import known
from orchestrator.core.model import AUTOMATIC_CALLS, Change, Contact, Customer, Deny, End, Plan, Run, Touch
from orchestrator.core.planner import Facts
from orchestrator.core.windows import add
from orchestrator.language.facts import flat
from orchestrator.language.house_rules import Cap
from orchestrator.language.program import Program, TouchNode, WaitNode

_LATE = timedelta(minutes=1)
CALLS = ("call", *AUTOMATIC_CALLS)


@dataclass(frozen=True)
class Trace:
    """One way that an enrollment went."""

    made: tuple[tuple[str, str, datetime], ...] = ()  # touchpoint, channel, when it took effect
    planned: tuple[str, ...] = ()  # steps with a dated touch or wait
    dated: tuple[Touch, ...] = ()  # the same as the planner dated them
    skipped: tuple[str, ...] = ()  # refused by their window


@dataclass
class World:
    """One customer, one event; `endings`: how each contact may end."""

    program: Program
    house: House
    zone: str
    anchor: datetime
    event: Mapping[str, Any]
    started_by: str
    endings: Mapping[str, Sequence[str]]
    ref: str = "C-1"
    answers: Mapping[str, Any] = field(default_factory=dict)
    most: int = 120  # ways looked at
    phone: str = "+13125550142"
    punctual: bool = False  # nothing is sent late

    def __post_init__(self) -> None:
        self.ids = count(1)
        consent = dict.fromkeys(("email", "text", "call"), "marketing")
        self.customer = Customer(
            UUID(int=1),
            self.ref,
            email="dana@example.com",
            phone=self.phone,
            time_zone=self.zone,
            zones=(self.zone,),
            consent=consent,
        )
        gives_up = add(self.program.gives_up_after, self.anchor, (self.zone,), self.house)
        self.run = Run(
            UUID(int=2), UUID(int=3), self.program.playbook, 1, "quote/1", self.customer.id, self.anchor, gives_up, self.event
        )

    def traces(self) -> Iterator[Trace]:
        """Every way, at most `most`."""
        self.left = self.most
        seen = {self.started_by: self.anchor}
        first = planner.start(self.facts(seen, ()), self.anchor, self.new_id)
        yield from self.on(first, self.anchor, seen, Trace())

    def along(
        self, results: Sequence[tuple[str, str]], others: Sequence[Contact] = (), *, held: bool = False
    ) -> list[tuple[str, str, datetime]]:
        """The contacts of the one way on which each contact and wait comes out as it is said here, each as early as every policy allows,
        the house's caps included. others: contacts of other playbooks. held: the last of them is held back by a cap: when it would come.
        """
        seen, at, made = {self.started_by: self.anchor}, self.anchor, list[tuple[str, str, datetime]]()
        changes: Sequence[Change] = planner.start(self.facts(seen, ()), at, self.new_id)
        for index, (step, result) in enumerate(results):
            touch = next((c.touch for c in changes if isinstance(c, Plan)), None)
            assert touch is not None, f"{step} is never planned"
            assert touch.step == step
            node = self.program.nodes[step]
            if result == "came":
                assert isinstance(node, WaitNode)
                seen = {**seen, next(e for e in node.events if e not in self.program.stops_on): at}
            elif isinstance(node, WaitNode) or result == "skipped":
                at = max(at, touch.due_at)
            elif result in ("expired", "not_taken"):
                assert touch.expires_at is not None
                at = max(at, touch.due_at, touch.expires_at)
            else:
                assert isinstance(node, TouchNode)
                last = held and index == len(results) - 1
                at = self.allowed(touch, max(at, touch.due_at), self.facts(seen, made), made, others, capped=not last)
                touch = replace(touch, effect_at=at)
                made.append((node.touchpoint, node.channel, at))
                if last:
                    contacts = [*(Contact(c, m) for _, c, m in made[:-1]), *(c for c in others if c.at <= at)]
                    fate = judging.fate(touch, self.run, self.facts(seen, made), contacts, (), at, self.new_id)
                    assert not isinstance(fate, Go), "with the caps asked it is put off or dropped"
                    return made
            changes = planner.after(self.facts(seen, made), touch, result, at, self.new_id)
        return made

    def allowed(
        self,
        touch: Touch,
        at: datetime,
        facts: Facts,
        made: Sequence[tuple[str, str, datetime]],
        others: Sequence[Contact],
        *,
        capped: bool,
    ) -> datetime:
        """The first moment at which the contact may be made. Two calls are never made at one moment."""
        for _ in range(20):
            contacts = [*(Contact(c, m) for _, c, m in made), *(c for c in others if c.at <= at)] if capped else []
            fate = judging.fate(touch, self.run, facts, contacts, (), at, self.new_id)
            if isinstance(fate, Later):
                at = fate.until
            elif touch.channel in CALLS and any(c.at == at and c.channel in CALLS for c in others):
                at += timedelta(minutes=1)
            else:
                assert isinstance(fate, Go), f"{touch.step} is never made"
                return at
        raise AssertionError(f"{touch.step} is put off again and again")

    def on(self, changes: Sequence[Change], at: datetime, seen: Mapping[str, datetime], so_far: Trace) -> Iterator[Trace]:
        touch = next((c.touch for c in changes if isinstance(c, Plan)), None)
        if touch is None:
            assert any(isinstance(c, End) for c in changes)
            self.left -= 1
            yield so_far
            return
        so_far = replace(so_far, planned=(*so_far.planned, touch.step), dated=(*so_far.dated, touch))
        for result, when, node in self.happens(touch, at, seen, so_far):
            if self.left <= 0:
                return
            then, made, later = seen, so_far, result
            facts = self.facts(seen, so_far.made)
            match result:
                case "came":
                    assert isinstance(node, WaitNode)
                    for event in node.events:
                        if event in self.program.stops_on:
                            continue
                        then = {**seen, event: when}
                        yield from self.on(
                            planner.after(self.facts(then, so_far.made), touch, "came", when, self.new_id), when, then, made
                        )
                    continue
                case "over":
                    follows = planner.after(facts, touch, "over", when, self.new_id)
                case "skipped":
                    follows = judging.refuse(facts, touch, Deny("consent", "it said no"), when, self.new_id)
                case "never":
                    made = replace(made, skipped=(*made.skipped, touch.step))
                    follows = judging.refuse(facts, touch, Deny("contact window", "never"), when, self.new_id)
                case "late":
                    follows = judging.expire(facts, touch, when, self.new_id)
                case _:
                    assert isinstance(node, TouchNode)
                    made = replace(made, made=(*made.made, (node.touchpoint, node.channel, when)))
                    follows = planner.after(self.facts(seen, made.made), replace(touch, effect_at=when), later, when, self.new_id)
            yield from self.on(follows, when, then, made)

    def happens(
        self, touch: Touch, at: datetime, seen: Mapping[str, datetime], so_far: Trace
    ) -> list[tuple[str, datetime, TouchNode | WaitNode]]:
        node = self.program.nodes[touch.step]
        due = max(at, touch.due_at)
        if isinstance(node, WaitNode):
            came = [("came", at, node)] if any(e not in self.program.stops_on for e in node.events) else []
            return [*came, ("over", due, node)]
        assert isinstance(node, TouchNode)
        assert touch.expires_at is not None
        facts = self.facts(seen, so_far.made)
        found: list[tuple[str, datetime, TouchNode | WaitNode]] = []
        moments: list[datetime] = []
        late = due if self.punctual and node.channel != "call" else max(due, touch.expires_at - _LATE)
        for now in dict.fromkeys((due, late)):
            fate = judging.fate(touch, self.run, facts, (), (), now, self.new_id)
            if isinstance(fate, Later):
                again = judging.fate(touch, self.run, facts, (), (), fate.until, self.new_id)
                if isinstance(again, Go):  # not when it is put off to the very moment at which it is of no use any more
                    moments.append(fate.until)
            elif isinstance(fate, Go):
                moments.append(now)
            else:
                assert isinstance(fate, Over)
                if now == due and touch.expires_at > due:
                    found.append(("never", now, node))
        for moment in dict.fromkeys(moments):
            found += [(result, moment, node) for result in one_each(node, self.endings[node.id])]
        if due < touch.expires_at:
            found.append(("skipped", due, node))
        return [*found, ("late", max(due, touch.expires_at), node)]

    def facts(self, seen: Mapping[str, datetime], made: Sequence[object]) -> Facts:
        run = replace(self.run, answers=self.answers) if made else self.run
        names = flat(known(run, self.customer, self.program, 0, self.house, {}))
        return Facts(self.program, run, self.customer, self.house, lambda: names, seen)

    def new_id(self) -> UUID:
        return UUID(int=next(self.ids) + 100)


def one_each(node: TouchNode, endings: Sequence[str]) -> list[str]:
    """The endings of a contact that was made, one for each way on."""
    ways: dict[str, str] = {}
    for ending in endings:
        if ending not in ("skipped", "expired", "not_taken"):
            ways.setdefault(planner.edge_of(node, ending), ending)
    return list(ways.values())


def most_of(cap: Cap, made: Sequence[tuple[str, str, datetime]], zone: str) -> int:
    """The most contacts that a cap counts within its days, by Python's own calendar."""
    there = ZoneInfo(zone)
    days = [
        at.astimezone(there).date()
        for _, channel, at in made
        if cap.of in (None, channel) or (cap.of == "call" and channel in AUTOMATIC_CALLS)
    ]
    length = timedelta(days=1 if cap.per == "day" else 7)
    return max((sum(timedelta(0) <= last - day < length for day in days) for last in days), default=0)
