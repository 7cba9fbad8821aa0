"""One way through a playbook, walked by the real planner and the real policies: which contacts it makes, and at which moments.

What lint finds wrong it shows this way: an imaginary customer, an event with data that lead along the way, and each moment.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import count
from typing import Any
from uuid import UUID

from orchestrator.core import planner
from orchestrator.core.house import House
from orchestrator.core.known import known
from orchestrator.core.model import Allow, Case, Change, Contact, Customer, Defer, Deny, End, EndReason, Plan, Run, Touch, Verdict
from orchestrator.core.planner import Facts
from orchestrator.core.policies import agree, caps, standing, window
from orchestrator.core.windows import add, local_day, subtract
from orchestrator.core.zones import zone_of
from orchestrator.language.delays import Moment
from orchestrator.language.facts import flat
from orchestrator.language.house_rules import Cap
from orchestrator.language.program import NodeId, Program, TouchNode, WaitNode
from orchestrator.lint.bounds import LATE, NOT_MADE
from orchestrator.lint.imaginary import Person
from orchestrator.lint.paths import CAME, Edge

QUIET_DAYS = 42  # an example shall lie in weeks without a holiday and without a change of the clocks
SUBJECT = "subject/1"
_FIRST = date(2026, 1, 5)
_OWN = ("name", "email", "phone", "locale")
_UNCAPPED = (standing.judge, window.judge)
_ALL = (*_UNCAPPED, caps.judge)


@dataclass(frozen=True, slots=True)
class Made:
    """One contact of an example."""

    node: NodeId
    touchpoint: str
    channel: str
    tries: int
    at: datetime
    result: str


@dataclass(frozen=True, slots=True)
class Walked:
    """An example: contacts in their order. `at`: when it stopped."""

    anchor: datetime
    made: tuple[Made, ...]
    stopped: str  # "": the way was walked to its end; "time": a step comes too late for that; "elsewhere": the planner went on otherwise
    at: datetime
    planned: tuple[Touch, ...]  # every touch and wait that was dated
    results: tuple[tuple[NodeId, str], ...]  # what came of each of them


@dataclass(frozen=True, slots=True)
class Offer:
    """A contact of a way whose time comes. `at`: its earliest; results: what came of the contacts and waits before it."""

    touch: Touch
    run: Run
    node: TouchNode
    result: str
    at: datetime
    results: tuple[tuple[NodeId, str], ...]

    def made(self, at: datetime) -> Made:
        """The contact, made at that moment."""
        return Made(self.node.id, self.node.touchpoint, self.node.channel, self.touch.tries, at, self.result)


class Walk:
    """The real core for one playbook and one imaginary customer."""

    def __init__(self, program: Program, house: House, person: Person) -> None:
        self.program, self.house, self.person = program, house, person
        self._ids = count(1)
        own: dict[str, Any] = {name: person.customer.get(name) for name in _OWN}
        extra = {name: value for name, value in person.customer.items() if name not in _OWN}
        self.customer = Customer(UUID(int=1), person.ref, zones=(person.zone,), time_zone=person.zone, extra=extra, **own)

    def along(self, way: Sequence[Edge], anchor: datetime) -> Walked:
        """Walk a way from its first edge on, everything as early as it may be; caps are not asked."""
        going = self.going(way, anchor)
        try:
            offer = next(going)
            while True:
                offer = going.send(self.moment(offer.touch, offer.run, offer.node, offer.at))
        except StopIteration as end:
            walked: Walked = end.value
            return walked

    def going(self, way: Sequence[Edge], anchor: datetime) -> Generator[Offer, datetime | None, Walked]:
        """The same, contact by contact: each is offered, and goes on when it is said at which moment it is made; None: never."""
        run = self.run(anchor)
        seen: dict[str, datetime] = {self.person.started_by: anchor}
        made: list[Made] = []
        dated: list[Touch] = []
        results: list[tuple[NodeId, str]] = []
        at = anchor

        def stop(why: str) -> Walked:
            return Walked(anchor, tuple(made), why, at, tuple(dated), tuple(results))

        changes = planner.start(self.facts(run, seen, answered=False), at, self.new_id)
        for edge in way:
            node, touch = self.program.nodes[edge.source.node], _planned(changes)
            if not isinstance(node, WaitNode) and not (isinstance(node, TouchNode) and edge.source.tries):
                continue  # takes no time
            if isinstance(node, WaitNode) and edge.result == CAME and (touch is None or touch.step != node.id):
                continue  # the event had come already
            if touch is None or touch.step != node.id or (isinstance(node, TouchNode) and touch.tries != edge.source.tries):
                return stop("time" if _given_up(changes) else "elsewhere")
            dated.append(touch)
            if isinstance(node, WaitNode) and edge.result == CAME:
                seen[next(e for e in node.events if e not in self.program.stops_on)] = at
            elif isinstance(node, WaitNode) or edge.result in NOT_MADE:
                late = touch.expires_at if edge.result in LATE else None
                at = max(at, touch.due_at, late or at)
            else:
                offer = Offer(touch, run, node, edge.result, max(at, touch.due_at), tuple(results))
                moment = yield offer
                if moment is None:
                    return stop("time")
                at = moment
                touch = replace(touch, effect_at=at)
                made.append(offer.made(at))
            results.append((touch.step, edge.result))
            changes = planner.after(self.facts(run, seen, answered=bool(made)), touch, edge.result, at, self.new_id)
        if (touch := _planned(changes)) is not None:
            dated.append(touch)
        return stop("time" if _given_up(changes) else "")

    def begins(self, anchor: datetime) -> bool:
        """Whether the playbook's condition lets this event in."""
        only_if = self.program.only_if
        return only_if is None or only_if.holds(self.facts(self.run(anchor), {}, answered=False).names()) is True

    def run(self, anchor: datetime) -> Run:
        """The enrollment of the event that occurs then."""
        gives_up_at = add(self.program.gives_up_after, anchor, self.customer.zones, self.house)
        ids = (UUID(int=2), UUID(int=3))
        return Run(*ids, self.program.playbook, 1, SUBJECT, self.customer.id, anchor, gives_up_at, dict(self.person.event))

    def facts(self, run: Run, seen: Mapping[str, datetime], *, answered: bool) -> Facts:
        """What the planner is told. answered: somebody was contacted, so there may be answers."""

        def names() -> Mapping[str, object]:
            known_so_far = replace(run, answers=dict(self.person.answers)) if answered else run
            return flat(known(known_so_far, self.customer, self.program, 0, self.house, {}))

        return Facts(self.program, run, self.customer, self.house, names, seen)

    def moment(self, touch: Touch, run: Run, node: TouchNode, at: datetime) -> datetime | None:
        """When a contact that is due can be made, by its window and its time of use; None: never."""
        verdict = self.asked(touch, run, node, at, (), capped=False)
        if isinstance(verdict, Defer):
            return verdict.until if touch.expires_at is None or verdict.until < touch.expires_at else None
        return at if isinstance(verdict, Allow) else None

    def asked(
        self, touch: Touch, run: Run, node: TouchNode, at: datetime, contacts: Sequence[Contact], *, capped: bool = True
    ) -> Verdict:
        """What the policies say of a contact at a moment, after these contacts."""
        if touch.expires_at is not None and touch.expires_at <= at:
            return Deny("too late", "it is of no use any more")
        return agree(self._case(touch, run, node, contacts), at, self.house, _ALL if capped else _UNCAPPED)

    def holds_back(self, cap: Cap, offer: Offer, at: datetime, contacts: Sequence[Contact]) -> bool:
        """Whether this cap alone would hold the contact back then."""
        case = self._case(offer.touch, offer.run, offer.node, contacts)
        return not isinstance(caps.judge(case, at, replace(self.house, caps=(cap,))), Allow)

    def _case(self, touch: Touch, run: Run, node: TouchNode, contacts: Sequence[Contact]) -> Case:
        return Case(touch, run, self.customer, self.program, node.purpose, node.window, tuple(contacts))

    def new_id(self) -> UUID:
        return UUID(int=next(self._ids) + 10)


def quiet_weeks(house: House, zone: str) -> date:
    """The Monday on which weeks without a holiday and a change of the clocks begin; an ordinary one when there are none."""
    return _quiet(house, zone)


def moment_of(moment: Moment, at: datetime, zone: str, house: House, kind: str) -> str:
    """The field of an event for which `3 days before event.x` is due then, as an event carries it."""
    field = at
    if moment.delay is not None:
        field = (add if moment.side == "before" else subtract)(moment.delay, at, (zone,), house)
    return local_day(field, zone).isoformat() if kind == "date" else field.isoformat()


@lru_cache(maxsize=64)
def _quiet(house: House, zone: str) -> date:
    there = zone_of(zone)
    for weeks in range(104):
        monday = _FIRST + timedelta(weeks=weeks)
        days = [monday + timedelta(days=day) for day in range(-1, QUIET_DAYS)]
        offsets = {datetime(d.year, d.month, d.day, 12, tzinfo=there).utcoffset() for d in (days[0], days[-1])}
        if len(offsets) == 1 and not any(house.is_holiday(day) for day in days[:29]):
            return monday
    return _FIRST


def _given_up(changes: Sequence[Change]) -> bool:
    return any(isinstance(change, End) and change.reason is EndReason.EXPIRED for change in changes)


def _planned(changes: Sequence[Change]) -> Touch | None:
    return next((change.touch for change in changes if isinstance(change, Plan)), None)


def at_words(moment: datetime, zone: str) -> str:
    """ "Mon 2026-02-02 09:10", as the clock shows it there."""
    there = moment.astimezone(zone_of(zone))
    return f"{_WEEKDAYS[there.weekday()]} {there:%Y-%m-%d %H:%M}"


_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
