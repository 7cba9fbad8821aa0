"""Whether the house's caps can ever hold a playbook back: proved that they never do, or shown by a way that the real planner walks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from orchestrator.core.model import Defer, Deny, Verdict
from orchestrator.core.zones import zone_of
from orchestrator.language.house_rules import Cap
from orchestrator.language.program import NodeId, TouchNode, WaitNode
from orchestrator.lint.bounds import Graph, TooMuch, Work, graph_of, most_within
from orchestrator.lint.capped import DAYS, Going, counted_by, until_held
from orchestrator.lint.finding import Finding
from orchestrator.lint.imaginary import Person, fields_of, imagine
from orchestrator.lint.paths import Edge
from orchestrator.lint.subject import Subject
from orchestrator.lint.walking import Made, Walk, Walked, at_words, moment_of, quiet_weeks
from orchestrator.lint.week import DAY, Week, week_of

_CODES = {"day": "TP501", "week": "TP502"}


@dataclass(frozen=True, slots=True)
class Witness:
    """An example in which a cap holds a contact back."""

    zone: str
    anchor: datetime
    made: tuple[Made, ...]  # every contact of the example, allowed by all policies, up to the one that is held back
    counted: tuple[Made, ...]  # those that fall into the cap's days, the last one is too many
    verdict: Verdict  # what the policies say of the last one
    person: Person
    results: tuple[tuple[NodeId, str], ...]  # what came of each contact and wait


@dataclass(frozen=True, slots=True)
class CapProof:
    """One cap and one playbook. bound: no enrollment makes more contacts in that time; None: it could not be worked out.

    cut: not everything was looked at, because that would take too long.
    """

    cap: Cap
    bound: int | None
    witness: Witness | None
    cut: bool = False

    @property
    def proved(self) -> bool:
        """No enrollment ever makes more contacts than the cap allows."""
        return self.bound is not None and self.bound <= self.cap.most

    @property
    def refuted(self) -> bool:
        """There is an example."""
        return self.witness is not None


def can_bite(subject: Subject) -> Iterator[Finding]:
    """A cap of the house that this playbook alone can reach: the contact is put off or dropped, hardly as meant."""
    found = proofs(subject)
    for proof in found:
        if proof.witness is not None:
            yield _finding(subject, proof.cap, proof.witness)
    if any(proof.cut for proof in found):
        message = "whether the house's caps hold this playbook back is not known: it has more ways than lint looks at"
        yield subject.finding("TP503", message)


def proofs(subject: Subject) -> tuple[CapProof, ...]:
    """For each cap of the house: proved, refuted by an example, or neither."""
    week, graph = week_of(subject.house), graph_of(subject.paths)
    work = Work()
    return tuple(_prove(subject, graph, week, cap, work) for cap in subject.house.caps)


def _prove(subject: Subject, graph: Graph, week: Week, cap: Cap, work: Work) -> CapProof:
    bound = most_within(graph, week, DAYS[cap.per], counted_by(cap), cap.most, work)
    if bound is None:
        return CapProof(cap, None, None, cut=True)
    if bound.most <= cap.most:
        return CapProof(cap, bound.most, None)
    before = subject.paths.way_to(bound.way[0].source)
    try:
        return CapProof(cap, bound.most, _example(subject, cap, (*before, *bound.way), work))
    except TooMuch:
        return CapProof(cap, bound.most, None, cut=True)


def _example(subject: Subject, cap: Cap, way: Sequence[Edge], work: Work) -> Witness | None:
    """A dated example along a way, from any hour of a week."""
    zone = next(iter(subject.house.strictest), "UTC")
    monday = quiet_weeks(subject.house, zone)
    most = 0
    person: Person | None = None
    for anchor, shortly in _anchors(subject, way, monday, zone):
        if shortly and most < cap.most:
            return None  # far from it at any hour
        work.more(4 * len(way))  # a step of an example takes as long as some of a bound
        walking = walk_of(subject, way, zone, anchor, person)
        if walking is None:
            return None  # nobody can go this way, whenever it begins
        person = walking.person
        held, many = until_held(cap, [Going(walking, way, anchor)], zone)
        most = max(most, many)
        if held is not None:
            return Witness(zone, anchor, held.made[0], held.counted, held.verdict, walking.person, held.results[0])
    return None


def walk(
    subject: Subject, way: Sequence[Edge], zone: str, anchor: datetime, person: Person | None = None
) -> tuple[Walk, Walked] | None:
    """The way walked from one moment, caps left aside; None when nobody can go it."""
    walking = walk_of(subject, way, zone, anchor, person)
    return None if walking is None else (walking, walking.along(way, anchor))


def walk_of(subject: Subject, way: Sequence[Edge], zone: str, anchor: datetime, person: Person | None = None) -> Walk | None:
    """Somebody who can go the way from that moment on. Steps timed by dates of the event follow at once.

    person: who goes it, when that is known from another moment.
    """
    program, declared = subject.program, subject.source.compiled.declared
    person = person or imagine(program, subject.design.lifecycle, declared, way, zone, anchor)
    if person is None:
        return None
    for node_id, name in fields_of(program, way):
        node = program.nodes[node_id]
        assert isinstance(node, TouchNode | WaitNode)
        assert node.timing.when is not None
        before = way[: next(i for i, edge in enumerate(way) if edge.source.node == node_id)]
        at_once = not any(edge.source.tries or isinstance(program.nodes[edge.source.node], WaitNode) for edge in before)
        reached = anchor if at_once else Walk(program, subject.house, person).along(before, anchor).at
        when = moment_of(node.timing.when, reached, zone, subject.house, declared[f"event.{name}"].kind)
        person = replace(person, event={**person.event, name: when})
    walking = Walk(program, subject.house, person)
    return walking if walking.begins(anchor) else None


def _anchors(subject: Subject, way: Sequence[Edge], monday: date, zone: str) -> Iterator[tuple[datetime, bool]]:
    """Moments of a week at which the event may come: each midnight; then each day when the first contact's hours begin (True)."""
    first = next(
        node for edge in way if isinstance(node := subject.program.nodes[edge.source.node], TouchNode) and edge.source.tries
    )
    there = zone_of(zone)
    for minute in sorted({0, *(start % DAY for start, _ in week_of(subject.house).hours(first.window, first.channel))}):
        for day in range(7):
            clock = datetime.combine(monday + timedelta(days=7 + day), time(minute // 60, minute % 60), there)
            yield clock.astimezone(UTC), minute > 0


def _finding(subject: Subject, cap: Cap, witness: Witness) -> Finding:
    zone = witness.zone
    last = witness.counted[-1]
    many, allowed = len(witness.counted), cap.most
    then = then_words(witness.verdict, last, zone)
    message = f"{many} {contacts_words(cap)} are possible and the house allows {allowed}: {then}"
    path = dated(subject, witness.anchor, witness.made, zone)
    return subject.finding(_CODES[cap.per], message, last.node, path=path)


def contacts_words(cap: Cap) -> str:
    """ "contacts on one day", "calls within seven days": what a cap counts."""
    what = {None: "contact", "email": "e-mail"}.get(cap.of, str(cap.of))
    return f"{what}s {'on one day' if cap.per == 'day' else 'within seven days'}"


def then_words(verdict: Verdict, last: Made, zone: str) -> str:
    """What becomes of the contact that is one too many."""
    match verdict:
        case Defer(until, _, _):
            return f"'{last.touchpoint}' is put off from {at_words(last.at, zone)} to {at_words(until, zone)}"
        case Deny(rule, _, _):
            return f"'{last.touchpoint}' is skipped ({rule})"
        case _:
            return f"'{last.touchpoint}' comes after the others"


def dated(subject: Subject, anchor: datetime, made: Sequence[Made], zone: str) -> str:
    """An example with its moments: "quote.sent Mon 2026-02-02 09:00 → quote-thanks Mon 2026-02-02 09:10 (sent) → …"."""
    parts = [f"{min(subject.program.starts_on)} {at_words(anchor, zone)}"]
    parts += [f"{m.touchpoint} {at_words(m.at, zone)} ({m.result})" for m in made]
    return " → ".join(parts)
