"""The most contacts that fall within a day or a week, on any way through a playbook: an upper bound that holds in every week.

Worked out over the states of `paths.py` with the earliest moments of `week.py`. Everything only ever happens later than reckoned here,
and whatever happens later leaves less room: so no enrollment makes more contacts in that time than this. It counts from each contact,
on each weekday, as the first one. What it leaves out is said in docs/lint.md: times that customers ask for, pauses that move touches,
and several enrollments at once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from orchestrator.language.delays import Delay
from orchestrator.language.program import Node, TouchNode, WaitNode
from orchestrator.lint.paths import CAME, OVER, Edge, Paths, State
from orchestrator.lint.week import DAY, Week

MOST_WORK = 30_000  # standings looked at for all bounds of one playbook, about half a second; beyond it there is none
LATE = frozenset({"expired", "not_taken"})  # it was not made, and that is known when it is of no use any more
NOT_MADE = LATE | {"skipped"}


@dataclass(frozen=True, slots=True)
class Bound:
    """At most `most` contacts; `way`: a way that comes nearest to it, from its first contact on."""

    most: int
    way: tuple[Edge, ...] = ()


class Standing(NamedTuple):
    """Where the way is, and the earliest that it can be there."""

    state: int  # its number in the graph
    since: int | None  # what delays count from; None: maybe long ago
    at: int  # now
    fields: tuple[tuple[str, int], ...]  # the earliest that fields of the event can be, as far as a contact has shown it
    spare: bool  # whether clocks may still go back


class TooMuch(Exception):
    """More work than a bound is worth."""


class Work:
    """How much may still be looked at. Counted, not timed: the same playbook has the same findings on every machine."""

    def __init__(self, left: int = MOST_WORK) -> None:
        self.left = left

    def more(self, steps: int = 1) -> None:
        """So much more is looked at; raises TooMuch when that is too much."""
        self.left -= steps
        if self.left < 0:
            raise TooMuch


Follows = tuple[int, Edge | None, Standing | None]  # how many at most, and the first step of a way that comes to so many
Place = tuple[int, tuple[tuple[str, int], ...], bool]  # a Standing without its moment
_NOTHING: tuple[list[int], list[Follows]] = ([], [])


class Graph:
    """The states of a playbook by number, so that many searches can share them."""

    def __init__(self, paths: Paths) -> None:
        self.program, self.exact = paths.program, paths.exact
        self.states: tuple[State, ...] = tuple(paths.states)
        self._starts = len(paths.starts)
        number = {state: index for index, state in enumerate(self.states)}
        self.nodes: tuple[Node, ...] = tuple(paths.program.nodes[state.node] for state in self.states)
        self.out: list[list[tuple[Edge, int]]] = []
        for state in self.states:
            ways: dict[tuple[int, str], tuple[Edge, int]] = {}
            for edge in paths.out(state):  # of endings that lead to the same place one is enough
                target, result = number[edge.target], edge.result
                kind = result if result in NOT_MADE or not state.tries else "made"
                ways.setdefault((target, kind), (edge, target))
            # What is skipped leads there sooner than what is late, and as much can follow.
            gone = {target for target, kind in ways if kind == "skipped"}
            self.out.append([way for (target, kind), way in ways.items() if kind not in LATE or target not in gone])
        self.made = [[(edge, target) for edge, target in out if edge.result not in NOT_MADE] for out in self.out]
        self.lost = [[(edge, target) for edge, target in out if edge.result in NOT_MADE] for out in self.out]
        planned = zip(self.nodes, self.states, strict=True)
        self._contacts = [node if isinstance(node, TouchNode) and state.tries else None for node, state in planned]

    @property
    def starts(self) -> int:
        """How many first states there are; they come first."""
        return self._starts

    @cached_property
    def order(self) -> list[int]:
        """The states, each after all that it leads to: nothing goes in a circle."""
        done: dict[int, None] = {}
        for start in range(self._starts):
            open_ = [start]
            while open_:
                state = open_[-1]
                ahead = [target for _, target in self.out[state] if target not in done]
                if state in done or not ahead:
                    done[state] = None
                    open_.pop()
                else:
                    open_ += ahead
        return list(done)

    def contact(self, state: int) -> TouchNode | None:
        """The contact that is planned in a state; None when none is."""
        return self._contacts[state]


@lru_cache(maxsize=2)
def graph_of(paths: Paths) -> Graph:
    """The graph of a playbook; several checks ask for it one after the other."""
    return Graph(paths)


def most_within(
    graph: Graph, week: Week, days: int, counts: frozenset[str], enough: int = 0, work: Work | None = None
) -> Bound | None:
    """The most contacts on these channels on so many local days in a row; None when that cannot be told.

    counts: channels. enough: do not look closer at what is at most this; the answer is never less. work: shared by several
    bounds. The days begin with that of the first contact; the first zone's calendar counts.
    """
    if not graph.exact:
        return None
    search = Search(graph, week, days, counts, work)
    best, first = Bound(enough), len(graph.states)
    try:
        for weekday in range(7):
            search.until((weekday + days) * DAY)
            for state in range(len(graph.states)):
                node, room = graph.contact(state), search.rooms[state]
                if node is None or node.channel not in counts or room <= enough or (room, -state) < (best.most, -first):
                    continue
                found = search.begins_with(state, node, weekday)
                if found is not None and (found.most, -state) > (best.most, -first):
                    best, first = found, state
    except (TooMuch, RecursionError):
        return None
    return best


class Search:
    """One search: the longest way within the days."""

    def __init__(self, graph: Graph, week: Week, days: int, counts: frozenset[str], work: Work | None = None) -> None:
        self.graph, self.week, self.days, self.counts = graph, week, days, counts
        self.work = work or Work()
        self.deadline = 0
        self.known: dict[Standing, Follows] = {}
        self.by_time: dict[Place, tuple[list[int], list[Follows]]] = {}  # at moments from which delays count, in their order
        self.rooms: dict[int, int] = {}  # how many contacts can follow on a state, its own included, however long it takes
        for state in graph.order:
            node = graph.contact(state)
            after = max((self.rooms[target] for _, target in graph.out[state]), default=0)
            self.rooms[state] = after + (node is not None and node.channel in counts)
        nodes = graph.program.nodes.values()
        self.timed = sum(isinstance(n, TouchNode | WaitNode) and n.timing.when is not None for n in nodes) > 1

    def until(self, deadline: int) -> None:
        """From now on nothing later counts; what was found for another end is forgotten."""
        self.deadline = deadline
        self.known.clear()
        self.by_time.clear()

    def begins_with(self, state: int, node: TouchNode, weekday: int) -> Bound | None:
        """The most when this contact is the first one, at the first hour of that weekday; None when it cannot be on it."""
        made = self.week.opens(node.window, node.channel, weekday * DAY)
        if made is None or made >= (weekday + 1) * DAY:
            return None
        shown = self.shown(node, state, made, ())
        best: Follows = (0, None, None)
        for edge, to in self.graph.made[state]:
            then = Standing(to, made, made, shown, True)
            found = self.most(then)
            if best[1] is None or found > best[0]:
                best = (found, edge, then)
        most, next_, on = best
        way: list[Edge] = []
        while next_ is not None:
            way.append(next_)
            if on is None:
                break
            _, next_, on = self.follows(on) or (0, None, None)
        return Bound(most + 1, tuple(way))

    def most(self, here: Standing) -> int:
        """The most contacts from here on before the days are over."""
        if here.at >= self.deadline or not self.rooms[here.state]:
            return 0
        if (known := self.follows(here)) is not None:
            return known[0]
        self.work.more()
        best: Follows = (0, None, None)
        for counted, edge, then in self.ways(here):
            if best[1] is not None and counted + self.rooms[then.state] <= best[0]:
                continue
            found = counted + self.most(then)
            if best[1] is None or found > best[0]:
                best = (found, edge, then)
        self._keep(here, best)
        return best[0]

    def follows(self, here: Standing) -> Follows | None:
        """What is known of the most that can follow; None: nothing yet.

        Later is never more: between two moments after which as much can follow, it is the same.
        """
        if here.since != here.at:
            return self.known.get(here)
        moments, found = self.by_time.get((here.state, here.fields, here.spare), _NOTHING)
        index = bisect_left(moments, here.at)
        if index < len(moments) and (moments[index] == here.at or (index and found[index - 1][0] == found[index][0])):
            return found[index]
        return None

    def _keep(self, here: Standing, best: Follows) -> None:
        if here.since != here.at:
            self.known[here] = best
            return
        moments, found = self.by_time.setdefault((here.state, here.fields, here.spare), ([], []))
        index = bisect_left(moments, here.at)
        moments.insert(index, here.at)
        found.insert(index, best)

    def ways(self, here: Standing) -> list[tuple[int, Edge, Standing]]:
        """What may happen here: whether it is a contact that counts, and where it leads."""
        touch = self.graph.contact(here.state)
        if touch is not None:
            return self.contact(here, touch)
        node = self.graph.nodes[here.state]
        if isinstance(node, WaitNode):
            return [(0, edge, then) for edge, to in self.graph.out[here.state] for then in self.waited(here, node, edge, to)]
        return [(0, edge, Standing(to, *here[1:])) for edge, to in self.graph.out[here.state]]

    def contact(self, here: Standing, node: TouchNode) -> list[tuple[int, Edge, Standing]]:
        found: list[tuple[int, Edge, Standing]] = []
        counted = int(node.channel in self.counts)
        dues = self.dues(here, node)
        opens = [None if due is None else self.week.opens(node.window, node.channel, due) for due, _ in dues]
        if len(opens) == 2 and opens[0] is not None and opens[0] == opens[1]:
            dues, opens = dues[:1], opens[:1]  # the first keeps the hour that clocks may still go back
        for (due, spare), planned in zip(dues, opens, strict=True):
            made = self.week.opens(node.window, node.channel, here.at if planned is None else max(here.at, planned))
            if made is not None and made < self.deadline:
                shown = self.shown(node, here.state, made, here.fields)
                found += [(counted, edge, Standing(to, made, made, shown, spare)) for edge, to in self.graph.made[here.state]]
            due_at = due if planned is None else planned
            over = here.at if due_at is None else max(here.at, due_at)
            for edge, to in self.graph.lost[here.state]:
                at = over
                if edge.result in LATE and due_at is not None:
                    useful = node.due_within or node.not_later_than or self.week.house.skip_when_late
                    at = max(over, self.week.add(useful, due_at, spare=True))
                found.append((0, edge, Standing(to, due_at, at, here.fields, spare)))
        return found

    def waited(self, here: Standing, node: WaitNode, edge: Edge, to: int) -> list[Standing]:
        if edge.result == CAME:
            return [here._replace(state=to, since=here.at)]
        assert edge.result == OVER
        return [
            here._replace(state=to, since=due, at=here.at if due is None else max(here.at, due), spare=spare)
            for due, spare in self.timed_from(here, node)
        ]

    def dues(self, here: Standing, node: TouchNode) -> list[tuple[int | None, bool]]:
        """When a contact is due at the earliest, and whether clocks may still go back after that."""
        if self.graph.states[here.state].tries == 1:
            return self.timed_from(here, node)
        if here.since is None:
            return [(None, here.spare)]
        dues = self.added(node.apart, here.since, here.spare) if node.apart else [(here.since, here.spare)]
        if node.vary:
            times = self.week.house.times_of_day
            dues = [(min(self.week.at_time(due, time, keep_day=False) for time in times), spare) for due, spare in dues]
        return list(dues)

    def timed_from(self, here: Standing, node: TouchNode | WaitNode) -> list[tuple[int | None, bool]]:
        timing = node.timing
        dues: list[tuple[int | None, bool]]
        if timing.when is not None:
            field = dict(here.fields).get(timing.when.field)
            dues = [(None if field is None else self.week.moment(timing.when, field), here.spare)]
        elif timing.after is None or here.since is None:
            dues = [(here.since, here.spare)]
        else:
            dues = [*self.added(timing.after, here.since, here.spare)]
        if timing.at is None:
            return dues
        keep = timing.when is not None or (timing.after is not None and timing.after.unit not in ("minutes", "hours"))
        at = timing.at
        return [(None if due is None else self.week.at_time(due, at, keep_day=keep), spare) for due, spare in dues]

    def added(self, delay: Delay, since: int, spare: bool) -> list[tuple[int, bool]]:
        plain = self.week.add(delay, since)
        early = self.week.add(delay, since, spare=True) if spare else plain
        return [(plain, spare)] if early == plain else [(plain, spare), (early, False)]

    def shown(self, node: TouchNode, state: int, made: int, fields: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
        """What a contact that was made then says of the field it is timed by: it was still of use."""
        when = node.timing.when
        if when is None or not self.timed or self.graph.states[state].tries != 1:
            return fields
        useful = node.due_within or node.not_later_than or self.week.house.skip_when_late
        latest = self.week.latest(node.window, node.channel, useful)
        assert latest is not None, "it was made"
        due = made - latest - (DAY if node.timing.at else 0)
        earliest = self.week.field(when, due)
        known: Mapping[str, int] = dict(fields)
        return tuple(sorted({**known, when.field: max(earliest, known.get(when.field, earliest))}.items()))
