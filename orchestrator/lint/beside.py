"""Whether the house's caps hold two playbooks back beside each other when they hold back neither alone: proved, shown, or not known.

Proved: the most contacts of both, added up, are no more than the cap allows. Shown: the real planner walks both, for one customer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property

from orchestrator.core.model import AUTOMATIC_CALLS, Contact, Verdict
from orchestrator.core.windows import local_day
from orchestrator.core.zones import zone_of
from orchestrator.language.design import Design
from orchestrator.language.dispositions import ALL
from orchestrator.language.house_rules import Cap
from orchestrator.language.program import TouchNode, WaitNode
from orchestrator.lint.bounds import Graph, TooMuch, Work, graph_of, most_within
from orchestrator.lint.caps import DAYS, contacts_words, counted_by, dated, then_words, too_many, walk
from orchestrator.lint.finding import Finding
from orchestrator.lint.imaginary import Person
from orchestrator.lint.pairs import Pair, kinds_of, pairs, same_customer
from orchestrator.lint.paths import Edge
from orchestrator.lint.subject import Subject
from orchestrator.lint.walking import Made, Walk, Walked, quiet_weeks
from orchestrator.lint.week import week_of

MOST_WORK = 60_000  # standings and examples looked at for all playbooks, about a second: counted, not timed
MOST_TOLD = 3  # others that a playbook is said to be held back beside; then there is enough to mend
_EXAMPLE = 40  # standings that an example counts for
_HOURS = (9, 15)  # at which the event of an example comes
_LATER = (timedelta(0), timedelta(minutes=45))  # of the second event: calls of both at one moment are none
CALLS = frozenset({"call", *AUTOMATIC_CALLS})
_OWN = frozenset({"touch.sent", "call.finished"})
_SUPPRESS = frozenset(d.code for d in ALL if d.kind == "suppress")


@dataclass(frozen=True, slots=True)
class Part:
    """What one of the two does in an example."""

    subject: Subject
    anchor: datetime
    person: Person
    made: tuple[Made, ...]
    results: tuple[tuple[str, str], ...]  # what came of each contact and wait


@dataclass(frozen=True, slots=True)
class Example:
    """Contacts of two playbooks with one customer, up to the one too many: its part comes first."""

    zone: str
    parts: tuple[Part, Part]
    counted: tuple[Made, ...]  # those that fall into the cap's days, the last one is too many
    verdict: Verdict  # what the policies say of the last one


@dataclass(frozen=True, slots=True)
class PairProof:
    """One cap and two playbooks, neither of which it holds back alone.

    bound: one enrollment of each never makes more contacts in that time; None: it could not be worked out.
    """

    cap: Cap
    pair: Pair
    bound: int | None
    example: Example | None = None

    @property
    def proved(self) -> bool:
        """One enrollment of each never makes more contacts than the cap allows."""
        return self.bound is not None and self.bound <= self.cap.most


class Most:
    """The most contacts of one playbook under each cap, worked out when first asked for."""

    def __init__(self, subject: Subject, work: Work) -> None:
        self.subject, self.work = subject, work
        self._known: dict[tuple[str | None, str], tuple[int | None, tuple[Edge, ...]]] = {}

    @cached_property
    def graph(self) -> Graph:
        return graph_of(self.subject.paths)

    def possible(self, cap: Cap) -> int | None:
        """No way makes more contacts than this, however long it takes; quickly told. None: it is too large to tell."""
        graph, counts = self.graph, counted_by(cap)
        if not graph.exact:
            return None
        follow: dict[int, int] = {}
        for state in graph.order:
            node = graph.contact(state)
            after = max((follow[target] for _, target in graph.out[state]), default=0)
            follow[state] = after + (node is not None and node.channel in counts)
        return max((follow[start] for start in range(graph.starts)), default=0)

    def within(self, cap: Cap) -> tuple[int | None, tuple[Edge, ...]]:
        """The most within the cap's days, and a whole way that comes nearest to it."""
        key = (cap.of, cap.per)
        if key not in self._known:
            found = most_within(self.graph, week_of(self.subject.house), DAYS[cap.per], counted_by(cap), 0, self.work)
            before = self.subject.paths.way_to(found.way[0].source) if found is not None and found.way else ()
            self._known[key] = (None, ()) if found is None else (found.most, (*before, *found.way))
        return self._known[key]


def held_back_beside(design: Design, subjects: Mapping[str, Subject]) -> Iterator[Finding]:
    """Two playbooks about one subject that a cap holds back only because both are under way.

    Of which it is not known, because it would take too long or enough is found already, is said too.
    """
    beside = Beside(Work(MOST_WORK))
    told: dict[str, int] = {}
    left_out: dict[str, int] = {}
    for pair in pairs(subjects):
        name = pair[0].name
        proofs = beside.proofs(pair) if told.get(name, 0) < MOST_TOLD else None
        shown = next((p for p in proofs or () if p.example is not None), None)
        if shown is not None and shown.example is not None:
            told[name] = told.get(name, 0) + 1
            yield _finding(shown.cap, shown.example)
        elif proofs is None or any(p.bound is None for p in proofs):
            left_out[name] = left_out.get(name, 0) + 1
    for name, many in left_out.items():
        others = "another playbook" if many == 1 else f"{many} other playbooks"
        message = f"whether the house's caps hold '{name}' back beside {others} is not said here: there are too many ways"
        yield subjects[name].finding("TP503", message, ("starts_on",), fix="mend what is shown, then check again")


class Beside:
    """Playbooks laid beside each other, two by two; what is worked out for one of them is kept."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._mosts: dict[str, Most] = {}

    def proofs(self, pair: Pair) -> list[PairProof]:
        """What is known of each cap that holds back neither of the two alone."""
        mosts = [self._mosts.setdefault(subject.name, Most(subject, self.work)) for subject in pair]
        return [proof for cap in pair[0].house.caps if (proof := _prove(cap, pair, mosts, self.work)) is not None]


def _prove(cap: Cap, pair: Pair, mosts: Sequence[Most], work: Work) -> PairProof | None:
    quick = [most.possible(cap) for most in mosts]
    if None not in quick and (at_most := sum(many or 0 for many in quick)) <= cap.most:
        return PairProof(cap, pair, at_most)
    (mine, my_way), (theirs, their_way) = (most.within(cap) for most in mosts)
    if mine is None or theirs is None:
        return PairProof(cap, pair, None)
    if mine > cap.most or theirs > cap.most:
        return None  # said of that one already
    if mine + theirs <= cap.most:
        return PairProof(cap, pair, mine + theirs)
    try:
        return PairProof(cap, pair, mine + theirs, example(cap, pair, (my_way, their_way), work))
    except TooMuch:
        return PairProof(cap, pair, None)


def example(cap: Cap, pair: Pair, ways: tuple[Sequence[Edge], Sequence[Edge]], work: Work) -> Example | None:
    """Both ways walked for one customer so that they meet within the cap's days; None when that makes not one too many."""
    one, other = pair
    zone = next(iter(one.house.strictest), "UTC")
    monday = quiet_weeks(one.house, zone)
    if any(edge.result in _SUPPRESS for way in ways for edge in way[:-1]):
        return None  # it may end the contacts of the other as well
    if kinds_of(one) & kinds_of(other) and not (_leaves(ways[0], one, other) and _leaves(ways[1], other, one)):
        return None
    for day in range(7):
        for hour in _HOURS:
            clock = datetime.combine(monday + timedelta(days=7 + day), time(hour), zone_of(zone))
            work.more(_EXAMPLE)
            found = _met(cap, pair, ways, zone, clock.astimezone(UTC))
            if found is not None:
                return found
    return None


def _leaves(way: Sequence[Edge], one: Subject, other: Subject) -> bool:
    """Whether what happens on a way leaves the other playbook's enrollment alone."""
    nodes = other.program.nodes.values()
    heard = {event for node in nodes if isinstance(node, WaitNode) for event in node.events} | other.program.stops_on.keys()
    came = {event for edge in way if isinstance(node := one.program.nodes[edge.source.node], WaitNode) for event in node.events}
    return not heard & (came | _OWN)


def _met(cap: Cap, pair: Pair, ways: tuple[Sequence[Edge], Sequence[Edge]], zone: str, anchor: datetime) -> Example | None:
    first = _walked(pair, ways, zone, (anchor, anchor))
    if first is None:
        return None
    found = _one_too_many(cap, pair, first, zone, (anchor, anchor))
    if found is not None or pair[0].program.starts_on & pair[1].program.starts_on:
        return found
    fullest = [_fullest(cap, walked.made, zone) for _, walked in first]
    if None in fullest:
        return None
    days = local_day(fullest[0].at, zone) - local_day(fullest[1].at, zone)  # type: ignore[union-attr]  # neither is None
    there = anchor.astimezone(zone_of(zone))
    for later in _LATER:
        begins = datetime.combine(there.date() + days, there.time(), zone_of(zone)).astimezone(UTC) + later
        second = _walked(pair, ways, zone, (anchor, begins))
        found = None if second is None else _one_too_many(cap, pair, second, zone, (anchor, begins))
        if found is not None:
            return found
    return None


def _walked(
    pair: Pair, ways: tuple[Sequence[Edge], Sequence[Edge]], zone: str, anchors: tuple[datetime, datetime]
) -> tuple[tuple[Walk, Walked], tuple[Walk, Walked]] | None:
    """Both ways, gone by one customer. One event that starts both is one: then none of its fields is made to fit a way."""
    people = same_customer(pair[0], ways[0], pair[1], ways[1], zone, anchors)
    if people is None:
        return None
    if pair[0].program.starts_on & pair[1].program.starts_on:
        walks = [Walk(subject.program, subject.house, person) for subject, person in zip(pair, people, strict=True)]
        first, second = ((w, w.along(way, at)) for w, way, at in zip(walks, ways, anchors, strict=True))
        return first, second
    mine, theirs = (walk(s, way, zone, at, p) for s, way, at, p in zip(pair, ways, anchors, people, strict=True))
    return None if mine is None or theirs is None else (mine, theirs)


def _fullest(cap: Cap, made: Sequence[Made], zone: str) -> Made | None:
    """The first contact of the days in which most of them lie."""
    counted = [m for m in made if m.channel in counted_by(cap)]
    length = timedelta(days=DAYS[cap.per])

    def many(first: Made) -> int:
        day = local_day(first.at, zone)
        return sum(timedelta(0) <= local_day(m.at, zone) - day < length for m in counted)

    return max(counted, key=many, default=None)


def _one_too_many(
    cap: Cap,
    pair: Pair,
    walked: tuple[tuple[Walk, Walked], tuple[Walk, Walked]],
    zone: str,
    anchors: tuple[datetime, datetime],
) -> Example | None:
    together = sorted(((m.at, which, m) for which, (_, w) in enumerate(walked) for m in w.made), key=lambda x: x[:2])
    counted, _ = too_many(cap, [m for _, _, m in together], zone)
    if not counted:
        return None
    place = next(index for index, (_, _, m) in enumerate(together) if m is counted[-1])
    before, (_, whose, last) = together[:place], together[place]
    if _rings_twice(together[: place + 1]):
        return None
    going, way = walked[whose]
    node = going.program.nodes[last.node]
    assert isinstance(node, TouchNode)
    touch = next(t for t in way.planned if t.step == last.node and t.tries == last.tries and t.due_at <= last.at)
    earlier = [Contact(m.channel, m.at) for _, _, m in before]
    verdict = going.asked(touch, going.run(way.anchor), node, last.at, earlier)

    def part(which: int) -> Part:
        mine = tuple(m for _, w, m in together[: place + 1] if w == which)
        return Part(pair[which], anchors[which], walked[which][0].person, mine, walked[which][1].results)

    return Example(zone, (part(whose), part(1 - whose)), counted, verdict)


def _rings_twice(made: Sequence[tuple[datetime, int, Made]]) -> bool:
    """Whether both make a call at one moment: one of them would wait for the other."""
    calls = [{m.at for _, whose, m in made if whose == which and m.channel in CALLS} for which in (0, 1)]
    return bool(calls[0] & calls[1])


def _finding(cap: Cap, shown: Example) -> Finding:
    mine, theirs = shown.parts
    last = shown.counted[-1]
    then = then_words(shown.verdict, last, shown.zone)
    message = (
        f"beside {theirs.subject.name} {len(shown.counted)} {contacts_words(cap)} are possible and the house allows {cap.most}, "
        f"which neither of them passes alone: {then}"
    )
    return mine.subject.finding("TP504", message, last.node, path=example_words(shown))


def example_words(shown: Example) -> str:
    """Both ways of an example with their moments; the first has the contact that is too many."""
    return "; ".join(f"{p.subject.name}: {dated(p.subject, p.anchor, p.made, shown.zone)}" for p in shown.parts)
