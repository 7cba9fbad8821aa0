"""Whether the house's caps hold playbooks back beside each other when they hold back none of them alone: proved, shown, or not known.

Proved: the most contacts of each, added up, are no more than the cap allows. Shown: the real planner walks them, for one customer and
with every policy asked, until the cap holds a contact back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import permutations

from orchestrator.core.model import Verdict
from orchestrator.core.windows import local_day
from orchestrator.core.zones import zone_of
from orchestrator.language.design import Design
from orchestrator.language.dispositions import ALL
from orchestrator.language.house_rules import Cap
from orchestrator.language.program import WaitNode
from orchestrator.lint.bounds import Graph, TooMuch, Work, graph_of, most_within
from orchestrator.lint.capped import DAYS, Going, counted_by, until_held
from orchestrator.lint.caps import contacts_words, dated, then_words, walk, walk_of
from orchestrator.lint.finding import Finding
from orchestrator.lint.imaginary import Person
from orchestrator.lint.pairs import groups_of, kinds_of, meet, pairs, same_customer, start_alike
from orchestrator.lint.paths import Edge
from orchestrator.lint.subject import Subject
from orchestrator.lint.walking import Made, Walk, quiet_weeks
from orchestrator.lint.week import week_of

MOST_WORK = 60_000  # standings and examples looked at for all playbooks, about a second: counted, not timed
MOST_TOLD = 3  # others that a playbook is said to be held back beside; then there is enough to mend
MOST_TOGETHER = 6  # playbooks in one example
_EXAMPLE = 40  # standings that an example counts for
_HOURS = (9, 15)  # at which the event of an example comes
_LATER = (timedelta(0), timedelta(minutes=45))  # of the second event: calls of both at one moment are none
_OWN = frozenset({"touch.sent", "call.finished"})
_SUPPRESS = frozenset(d.code for d in ALL if d.kind == "suppress")


@dataclass(frozen=True, slots=True)
class Part:
    """What one playbook does in an example."""

    subject: Subject
    anchor: datetime
    person: Person
    made: tuple[Made, ...]
    results: tuple[tuple[str, str], ...]  # what came of each contact and wait


@dataclass(frozen=True, slots=True)
class Example:
    """Contacts of some playbooks with one customer, all allowed but the last: its part comes first."""

    zone: str
    parts: tuple[Part, ...]
    counted: tuple[Made, ...]  # those that fall into the cap's days, the last one is held back
    verdict: Verdict  # what the policies say of the last one


@dataclass(frozen=True, slots=True)
class JointProof:
    """One cap and some playbooks, none of which it holds back alone.

    bound: one enrollment of each never makes more contacts in that time; None: it could not be worked out.
    """

    cap: Cap
    subjects: tuple[Subject, ...]
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
    """Playbooks about one subject that a cap holds back only because more than one is under way.

    Of which it is not known, because it would take too long or enough is found already, is said too.
    """
    beside = Beside(Work(MOST_WORK))
    told: dict[str, int] = {}
    left_out: dict[str, list[str]] = {}
    passed: set[tuple[str, int]] = set()  # kinds and caps of which there is an example
    for pair in pairs(subjects):
        name = pair[0].name
        proofs = beside.proofs(pair) if told.get(name, 0) < MOST_TOLD else None
        shown = [p for p in proofs or () if p.example is not None]
        passed |= {(kind, id(p.cap)) for p in shown for kind in kinds_of(pair[0]) & kinds_of(pair[1])}
        if shown and shown[0].example is not None:
            told[name] = told.get(name, 0) + 1
            yield _finding(shown[0].cap, shown[0].example)
        elif proofs is None or any(p.bound is None for p in proofs):
            left_out.setdefault(name, []).append(pair[1].name)
    for kind, group in groups_of(subjects).items():
        if len(group) < 3 or any(name in left_out for name in (subject.name for subject in group)):
            continue  # enough is said, or too much to look at
        for cap in group[0].house.caps:
            if (kind, id(cap)) not in passed and (found := beside.of_all(cap, group)) is not None:
                yield _finding(cap, found)
                break
    for name, more in left_out.items():
        others = "another playbook" if len(more) == 1 else f"{len(more)} other playbooks"
        message = f"whether the house's caps hold '{name}' back beside {others} is not said here: there are too many ways"
        fix = "mend what is shown, then check again"
        yield subjects[name].finding("TP503", message, ("starts_on",), fix=fix, beside=more)


class Beside:
    """Playbooks laid beside each other; what is worked out for one of them is kept."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._mosts: dict[str, Most] = {}

    def proofs(self, subjects: Sequence[Subject]) -> list[JointProof]:
        """What is known of each cap that holds back none of these alone."""
        mosts = [self.most_of(subject) for subject in subjects]
        return [proof for cap in subjects[0].house.caps if (proof := _prove(cap, mosts, self.work)) is not None]

    def of_all(self, cap: Cap, group: Sequence[Subject]) -> Example | None:
        """Three playbooks or more of a group that pass the cap together: the fullest ones that can all be under way at once."""
        mosts = fullest(cap, [most for most in map(self.most_of, group) if (most.within(cap)[0] or 0) <= cap.most])
        for many in range(3, len(mosts) + 1):
            proof = _prove(cap, mosts[:many], self.work)
            if proof is not None and proof.example is not None:
                return proof.example
        return None

    def most_of(self, subject: Subject) -> Most:
        """The most of one of them."""
        return self._mosts.setdefault(subject.name, Most(subject, self.work))


def fullest(cap: Cap, mosts: Sequence[Most]) -> list[Most]:
    """Playbooks that can all be under way at once, those with the most first."""
    chosen: list[Most] = []
    for one in sorted(mosts, key=lambda most: -(most.within(cap)[0] or 0)):
        if one.within(cap)[0] and all(_side_by_side(one.subject, other.subject) for other in chosen):
            chosen.append(one)
    return chosen[:MOST_TOGETHER]


def _side_by_side(one: Subject, other: Subject) -> bool:
    return not kinds_of(one) & kinds_of(other) or meet(one, other)


def _prove(cap: Cap, mosts: Sequence[Most], work: Work) -> JointProof | None:
    subjects = tuple(most.subject for most in mosts)
    quick = [most.possible(cap) for most in mosts]
    if None not in quick and (at_most := sum(many or 0 for many in quick)) <= cap.most:
        return JointProof(cap, subjects, at_most)
    each = [most.within(cap) for most in mosts]
    if any(many is None for many, _ in each):
        return JointProof(cap, subjects, None)
    if any(many > cap.most for many, _ in each if many is not None):
        return None  # said of that one already
    together = sum(many for many, _ in each if many is not None)
    if together <= cap.most:
        return JointProof(cap, subjects, together)
    try:
        return JointProof(cap, subjects, together, example(cap, subjects, [way for _, way in each], work))
    except TooMuch:
        return JointProof(cap, subjects, None)


def example(cap: Cap, subjects: Sequence[Subject], ways: Sequence[Sequence[Edge]], work: Work) -> Example | None:
    """All ways walked for one customer so that their fullest days meet; None when the cap holds nothing back then."""
    zone = next(iter(subjects[0].house.strictest), "UTC")
    monday = quiet_weeks(subjects[0].house, zone)
    if any(edge.result in _SUPPRESS for way in ways for edge in way[:-1]):
        return None  # it may end the contacts of the others as well
    for (one, way), (other, _) in permutations(zip(subjects, ways, strict=True), 2):
        if kinds_of(one) & kinds_of(other) and not _leaves(way, one, other):
            return None
    for day in range(7):
        for hour in _HOURS:
            clock = datetime.combine(monday + timedelta(days=7 + day), time(hour), zone_of(zone))
            work.more(_EXAMPLE * len(ways))
            found = _met(cap, subjects, ways, zone, clock.astimezone(UTC))
            if found is not None:
                return found
    return None


def _leaves(way: Sequence[Edge], one: Subject, other: Subject) -> bool:
    """Whether what happens on a way leaves the other playbook's enrollment alone."""
    nodes = other.program.nodes.values()
    heard = {event for node in nodes if isinstance(node, WaitNode) for event in node.events} | other.program.stops_on.keys()
    came = {event for edge in way if isinstance(node := one.program.nodes[edge.source.node], WaitNode) for event in node.events}
    return not heard & (came | _OWN)


def _met(cap: Cap, subjects: Sequence[Subject], ways: Sequence[Sequence[Edge]], zone: str, anchor: datetime) -> Example | None:
    """Events at one moment; then those that have events of their own come so that their fullest days meet that of the first."""
    anchors = [anchor] * len(ways)
    found = _held(cap, subjects, ways, zone, anchors)
    if found is not None or all(start_alike(subjects[0], other) for other in subjects[1:]):
        return found
    there = anchor.astimezone(zone_of(zone))
    first = [_first_full_day(cap, subject, way, zone, anchor) for subject, way in zip(subjects, ways, strict=True)]
    for later in _LATER:
        for index, day in enumerate(first):
            if index and day is not None and first[0] is not None and not start_alike(subjects[0], subjects[index]):
                shifted = datetime.combine(there.date() + (first[0] - day), there.time(), zone_of(zone))
                anchors[index] = shifted.astimezone(UTC) + later
        found = _held(cap, subjects, ways, zone, anchors)
        if found is not None:
            return found
    return None


def _held(
    cap: Cap, subjects: Sequence[Subject], ways: Sequence[Sequence[Edge]], zone: str, anchors: Sequence[datetime]
) -> Example | None:
    """All ways, gone by one customer with every policy asked. Of an event that starts more than one no field is made to fit a way."""
    parts = tuple(zip(subjects, ways, anchors, strict=True))
    people = same_customer(parts, zone)
    if people is None:
        return None
    goings = []
    for (subject, way, at), person in zip(parts, people, strict=True):
        alike = any(other is not subject and start_alike(subject, other) for other in subjects)
        walk = Walk(subject.program, subject.house, person) if alike else walk_of(subject, way, zone, at, person)
        if walk is None:
            return None
        goings.append(Going(walk, way, at))
    held, _ = until_held(cap, goings, zone)
    if held is None:
        return None
    shown = [
        Part(subject, going.anchor, going.walk.person, made, results)
        for subject, going, made, results in zip(subjects, goings, held.made, held.results, strict=True)
    ]
    last = shown.pop(held.whose)
    return Example(zone, (last, *(part for part in shown if part.made)), held.counted, held.verdict)


def _first_full_day(cap: Cap, subject: Subject, way: Sequence[Edge], zone: str, anchor: datetime) -> date | None:
    """The first of the days in which most of a way's contacts lie when its event comes then."""
    walked = walk(subject, way, zone, anchor)
    days = [local_day(m.at, zone) for m in walked[1].made if m.channel in counted_by(cap)] if walked is not None else []
    length = timedelta(days=DAYS[cap.per])
    return max(days, key=lambda first: sum(timedelta(0) <= day - first < length for day in days), default=None)


def _finding(cap: Cap, shown: Example) -> Finding:
    mine, *others = shown.parts
    names = " and ".join(part.subject.name for part in others)
    last = shown.counted[-1]
    then = then_words(shown.verdict, last, shown.zone)
    message = (
        f"beside {names} {len(shown.counted)} {contacts_words(cap)} are possible and the house allows {cap.most}, "
        f"which none of them passes alone: {then}"
    )
    beside = [part.subject.name for part in others]
    return mine.subject.finding("TP504", message, last.node, path=example_words(shown), beside=beside)


def example_words(shown: Example) -> str:
    """All ways of an example with their moments; the first has the contact that is held back."""
    return "; ".join(f"{p.subject.name}: {dated(p.subject, p.anchor, p.made, shown.zone)}" for p in shown.parts)
