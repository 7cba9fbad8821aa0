"""Every state that an enrollment can come to, as the planner walks, and the shortest way to each.

A state is a step, the try it is in, and what is known about the event by then: a way on which `event.amount` would have to be both
below 500 and above 1,000 is no way. What happens (which disposition, whether an event comes) is free; what the words or keys of a
contact rule out never happens. A stop event may end it at any time; that is no edge.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from orchestrator.core.planner import edge_of
from orchestrator.language.lifecycle import FieldType
from orchestrator.language.program import (
    AGAIN,
    BranchNode,
    EndNode,
    NodeId,
    Program,
    SplitNode,
    TouchNode,
    WaitNode,
)
from orchestrator.lint import claims
from orchestrator.lint.claims import is_lasting, ways
from orchestrator.lint.reach import STARTED_BY, Reach
from orchestrator.lint.values import Known, Values, beside, none_of, one_of

MOST_STATES = 1_000  # of one playbook; beyond that tries and conditions are not told apart
PLANNED, PASSED_OVER, CAME, OVER, YES, NO = "", "passed over", "came", "over", "yes", "no"


Memory = Iterable[tuple[NodeId, int]]  # how often contacts were made that may come again


@dataclass(frozen=True, slots=True)
class State:
    """Where somebody stands. tries: 0 when a contact is reached but its `only_if` was not asked yet."""

    node: NodeId
    tries: int = 0
    memory: tuple[tuple[NodeId, int], ...] = ()  # tries of contacts that may come again from here
    known: Known = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """One thing that may happen in a state, and what comes of it."""

    source: State
    result: str  # a disposition or result, came | over, yes | no, the way of a split, "passed over", "" for "it is planned"
    target: State
    used_up: bool = False  # it would have come again, but the tries are used up


class Paths:
    """The states of one program. Worked out at once; asking is cheap."""

    def __init__(
        self,
        program: Program,
        declared: Mapping[str, FieldType],
        endings: Mapping[NodeId, Sequence[str]],
        choices: Mapping[str, Sequence[str]] = {},
    ) -> None:
        """endings: the results that a contact may have, by its node. choices: the possible answers of questions, "answers.mood"."""
        self.program = program
        self._declared = declared
        self._endings = endings
        self._base = claims.base(declared) | {name: one_of(listed, null=True) for name, listed in choices.items()}
        self._base |= {"playbook.name": one_of([program.playbook]), "playbook.title": one_of([program.title])}
        self._base[STARTED_BY] = one_of(program.starts_on)
        self._reach = Reach(program, declared)
        self.comes_again = self._reach.comes_again_from  # by node: the contacts that may come again after it
        self.exact = True  # False: too many states, so that tries are not told apart and conditions not compared
        self.starts: tuple[State, ...] = ()
        self._out: dict[State, tuple[Edge, ...]] = {}
        self.states: dict[State, Edge | None] = {}  # nearest first, with the edge by which each is reached
        if not self._walk():
            self.exact = False
            self._walk()
        self._of: dict[NodeId, list[State]] = {}
        for state in self.states:
            self._of.setdefault(state.node, []).append(state)
        self.nodes: frozenset[NodeId] = frozenset(self._of)
        self.contacts: frozenset[NodeId] = frozenset(state.node for state in self.states if state.tries)  # those that are made

    def out(self, state: State) -> tuple[Edge, ...]:
        """Everything that may happen in a state."""
        return self._out[state]

    def of(self, node: NodeId) -> Sequence[State]:
        """Every state at a step, nearest first."""
        return self._of.get(node, ())

    def find(self, wanted: Callable[[State], bool]) -> tuple[Edge, ...] | None:
        """The shortest way to a state; None when there is none. Empty when it is a first state."""
        for state in self.states:
            if wanted(state):
                return self.way_to(state)
        return None

    def to(self, node: NodeId, result: str | None = None) -> tuple[Edge, ...] | None:
        """The shortest way to a step, with a contact planned; out of it by `result` when one is given. None: there is no way."""
        contact = isinstance(self.program.nodes[node], TouchNode)
        for state in self.of(node):
            if contact and not state.tries and result != PASSED_OVER:
                continue
            if result is None:
                return self.way_to(state)
            for edge in self.out(state):
                if edge.result == result:
                    return (*self.way_to(state), edge)
        return None

    def after(self, way: Sequence[Edge], wanted: Callable[[State], bool]) -> tuple[Edge, ...] | None:
        """A way that goes on from the end of another one to a state, the shortest; None when there is none."""
        first = way[-1].target if way else self.starts[0]
        came: dict[State, Edge | None] = {first: None}
        open_ = deque([first])
        while open_:
            state = open_.popleft()
            if wanted(state):
                on: list[Edge] = []
                while (edge := came[state]) is not None:
                    on.append(edge)
                    state = edge.source
                return (*way, *reversed(on))
            for edge in self.out(state):
                if edge.target not in came:
                    came[edge.target] = edge
                    open_.append(edge.target)
        return None

    def way_to(self, state: State) -> tuple[Edge, ...]:
        """The shortest way to a state that can be reached."""
        way: list[Edge] = []
        while (edge := self.states[state]) is not None:
            way.append(edge)
            state = edge.source
        return tuple(reversed(way))

    def words(self, way: Sequence[Edge], end: str = "") -> str:
        """A way for people: "quote.sent → quote-check-in: no_answer ×3, tries used up → quote-last-word"."""
        from orchestrator.lint.telling import tell

        return tell(self.program, way, end)

    # -- one walk over everything ----------------------------------------------------------------------------------

    def _walk(self) -> bool:
        """Collect every state; False when there are too many."""
        self.starts = tuple(dict.fromkeys(self._starts()))
        self.states = dict.fromkeys(self.starts)
        self._out = {}
        open_ = deque(self.starts)
        while open_:
            state = open_.popleft()
            self._out[state] = tuple(self._edges(state))
            for edge in self._out[state]:
                if edge.target not in self.states:
                    self.states[edge.target] = edge
                    open_.append(edge.target)
            if self.exact and len(self.states) > MOST_STATES:
                return False
        return True

    @property
    def prevented(self) -> bool:
        """Whether some start events are not meant: the playbook's own condition can fail."""
        only_if = self.program.only_if
        claims_of = ways(only_if.source, self._declared, holds=False) if only_if else ()
        return any(beside({}, claim, self._base) is not None for claim in claims_of)

    def _starts(self) -> Iterator[State]:
        only_if = self.program.only_if
        for claim in ways(only_if.source, self._declared, holds=True) if only_if else ((),):
            known = beside({}, claim, self._base)
            if known is not None:
                yield self._arrive(self.program.first, (), known)

    def _edges(self, state: State) -> Iterator[Edge]:
        match node := self.program.nodes[state.node]:
            case TouchNode():
                yield from self._contact(state, node) if state.tries else self._asked(state, node)
            case WaitNode():
                yield from self._wait(state, node)
            case BranchNode():
                for holds, result, target in ((True, YES, node.then), (False, NO, node.otherwise)):
                    for known in self._narrowed(state, node.check.source, holds=holds):
                        yield from self._follow(state, result, target, state.memory, known)
            case SplitNode():
                yield from self._split(state, node)
            case EndNode():
                return
            case _:
                assert_never(node)

    def _asked(self, state: State, node: TouchNode) -> Iterator[Edge]:
        """A contact that is reached: it is planned, or its condition passes it over."""
        if node.only_if is None:
            yield Edge(state, PLANNED, self._planned(node, 1, state.memory, state.known))
            return
        for known in self._narrowed(state, node.only_if.source, holds=True):
            yield Edge(state, PLANNED, self._planned(node, 1, state.memory, known))
        for known in self._narrowed(state, node.only_if.source, holds=False):
            yield from self._follow(state, PASSED_OVER, node.next, state.memory, known)

    def _contact(self, state: State, node: TouchNode) -> Iterator[Edge]:
        memory = dict(state.memory)
        if node.most > 1:
            memory[node.id] = state.tries
        led: dict[NodeId, list[Edge]] = {}  # most of the twenty endings lead to one of three places
        for result in self._endings[node.id]:
            to = edge_of(node, result)
            if to not in led:
                led[to] = list(self._follow(state, result, to, memory.items(), state.known))
            yield from (Edge(state, result, edge.target, edge.used_up) for edge in led[to])

    def _wait(self, state: State, node: WaitNode) -> Iterator[Edge]:
        """An event that started it has come already; one that stops it never satisfies a wait."""
        events = [event for event in node.events if event not in self.program.stops_on]
        known = dict(state.known)
        came = [event for event in events if f"{CAME} {event}" in known]
        starting = [event for event in events if event in self.program.starts_on]
        if not came and starting:
            for event in starting:
                if (by := beside(known, [(STARTED_BY, one_of([event]))], self._base)) is not None:
                    yield from self._follow(state, CAME, node.then, state.memory, by)
            others = beside(known, [(STARTED_BY, none_of(starting))], self._base)
            if others is None:
                return
            known = dict(others)
        if came:
            yield from self._follow(state, CAME, node.then, state.memory, state.known)
            return
        later = _lasting(tuple(sorted(known.items(), key=lambda item: item[0])))
        if events:
            since = beside(dict(later), [(f"{CAME} {events[0]}", one_of([True]))], {}) if len(events) == 1 else later
            assert since is not None
            yield from self._follow(state, CAME, node.then, state.memory, since)
        yield from self._follow(state, OVER, node.otherwise, state.memory, later)

    def _split(self, state: State, node: SplitNode) -> Iterator[Edge]:
        """Who went one way goes the same one at every split of that name."""
        low = 0
        for name, share, target in node.ways:
            span = Values(null=False, low=low, high=low + share, high_open=True)
            known = beside(dict(state.known), [(f"split {node.name}", span)], {})
            if known is not None:
                yield from self._follow(state, name, target, state.memory, known)
            low += share

    def _narrowed(self, state: State, source: str, *, holds: bool) -> Iterator[Known]:
        for claim in ways(source, self._declared, holds=holds):
            if (known := beside(dict(state.known), claim, self._base)) is not None:
                yield known

    def _follow(
        self, state: State, result: str, to: NodeId, memory: Memory, known: Known, *, used_up: bool = False
    ) -> Iterator[Edge]:
        """Where an edge leads: on, or back to a contact for one more try, or on from there when its tries are used up."""
        if not to.startswith(AGAIN):
            yield Edge(state, result, self._arrive(to, memory, known), used_up)
            return
        target = self.program.nodes[to.removeprefix(AGAIN)]
        assert isinstance(target, TouchNode)
        made = dict(memory).get(target.id, 1)
        left = [(name, tries) for name, tries in memory if name != target.id]
        if made < target.most:
            yield Edge(state, result, self._planned(target, made + 1, left, known), used_up)
        if made >= target.most or not self.exact:
            edge = target.outcomes.get("not_reached", target.next)
            yield from self._follow(state, result, edge, left, known, used_up=True)

    def _arrive(self, node: NodeId, memory: Memory, known: Known) -> State:
        if node.startswith(AGAIN):  # after a wait, a branch, or a contact that was passed over
            target = self.program.nodes[node.removeprefix(AGAIN)]
            assert isinstance(target, TouchNode)
            made = dict(memory).get(target.id, 1)
            left = [(name, tries) for name, tries in memory if name != target.id]
            if made >= target.most and self.exact:
                return self._arrive(target.outcomes.get("not_reached", target.next), left, known)
            return self._planned(target, made + 1 if self.exact else 1, left, known)
        if isinstance(found := self.program.nodes[node], TouchNode) and found.only_if is None:
            return self._planned(found, 1, memory, known)
        return self._state(node, 0, memory, known, self._reach.asked_from[node], self._reach.comes_again_from[node])

    def _planned(self, node: TouchNode, tries: int, memory: Memory, known: Known) -> State:
        reach = self._reach
        return self._state(node.id, tries, memory, _lasting(known), reach.asked_after[node.id], reach.comes_again_after[node.id])

    def _state(
        self,
        node: NodeId,
        tries: int,
        memory: Memory,
        known: Known,
        asked: frozenset[str],
        again: frozenset[NodeId],
    ) -> State:
        """Only what can matter later is kept, so that states which go on alike are one."""
        if not self.exact:
            return State(node, min(tries, 1))
        kept = tuple(sorted((name, made) for name, made in memory if name in again))
        return State(node, tries, kept, tuple(item for item in known if item[0] in asked))


def _lasting(known: Known) -> Known:
    """What is still known after time has passed."""
    return tuple(item for item in known if is_lasting(item[0]))
