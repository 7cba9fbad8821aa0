"""Steps that time alone keeps from being made: the playbook gives up before, or their moment has always passed by then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta

from orchestrator.core.zones import zone_of
from orchestrator.language.delays import Delay, Unit
from orchestrator.language.program import TouchNode, WaitNode
from orchestrator.lint.bounds import NOT_MADE, Graph, Search, Standing, graph_of
from orchestrator.lint.caps import dated, walk
from orchestrator.lint.finding import Finding
from orchestrator.lint.paths import CAME
from orchestrator.lint.subject import Subject
from orchestrator.lint.walking import at_words, quiet_weeks
from orchestrator.lint.week import DAY, HOUR, WEEK, Week, week_of

Earliest = tuple[int | None, int | None]  # what delays count from, and now; None: maybe long ago
_FAR = 10**9
_ELAPSED = (Unit.MINUTES, Unit.HOURS)


def given_up(subject: Subject) -> Iterator[Finding]:
    """A step that can only be due when the playbook has given up. What lies behind a contact that is never made is not said again."""
    program, week, graph = subject.program, week_of(subject.house), graph_of(subject.paths)
    if not graph.exact:
        return
    limit = week.longest(program.gives_up_after)
    maybe = {node.id for node in subject.touches if node.id in subject.paths.contacts}
    dated_ever: set[str] = set()
    for start in (12 * HOUR, *range(0, WEEK, HOUR)):  # the first alone shows most of them to be in time
        slack = 0 if start == 12 * HOUR else HOUR
        dues = _dues(graph, week, start)
        dated_ever |= dues.keys()
        maybe -= {step for step, due in dues.items() if due - start - slack < limit}
        if not maybe:
            return
    for node in subject.touches:
        way = subject.paths.to(node.id)
        if node.id in maybe & dated_ever and way is not None:
            zone = next(iter(subject.house.strictest), "UTC")
            monday = quiet_weeks(subject.house, zone)
            anchor = datetime.combine(monday + timedelta(days=7), time(9), zone_of(zone)).astimezone(UTC)
            found = walk(subject, way, zone, anchor)
            over = f"gives up {at_words(found[0].run(anchor).gives_up_at, zone)}" if found else "gives up"
            path = f"{dated(subject, anchor, found[1].made, zone) if found else subject.paths.words(way)} → {over}"
            message = f"'{node.touchpoint}' is never made: it is due after the playbook has given up ({program.gives_up_after})"
            yield subject.finding("TP406", message, node.id, path=path)


def never_in_time(subject: Subject) -> Iterator[Finding]:
    """A step timed by a date of the event that is only reached when that date has passed by more than the step is of use."""
    program, week, graph = subject.program, week_of(subject.house), graph_of(subject.paths)
    nodes = [n for n in program.nodes.values() if isinstance(n, TouchNode | WaitNode) and n.timing.when is not None]
    if len(nodes) < 2 or not graph.exact:
        return
    for field in sorted({n.timing.when.field for n in nodes if n.timing.when is not None}):
        lags = _lags(graph, week, field)
        for node in nodes:
            when = node.timing.when
            if not isinstance(node, TouchNode) or when is None or when.field != field or node.id not in subject.paths.contacts:
                continue
            useful = node.due_within or node.not_later_than or subject.house.skip_when_late
            latest = week.latest(node.window, node.channel, useful)
            reached = [lag for state, lag in lags.items() if graph.states[state].node == node.id and graph.states[state].tries]
            if latest is None or not reached or any(lag is None for lag in reached):
                continue
            last = _after_field(week, when.delay, when.side) + (DAY if node.timing.at else 0) + latest
            if all(lag is not None and lag >= last for lag in reached):
                way = subject.paths.to(node.id)
                assert way is not None
                message = (
                    f"'{node.touchpoint}' always comes too late and is never made: when it is reached, {when} has long passed"
                )
                path = subject.paths.words(way, f"{node.touchpoint} is too late")
                yield subject.finding("TP404", message, node.id, "when", path=path)


def _dues(graph: Graph, week: Week, start: int) -> dict[str, int]:
    """The earliest that each contact can be due, and somebody still inside, when the event occurs then."""
    search = Search(graph, week, 1, frozenset())
    search.deadline, search.timed = _FAR, False
    found: dict[str, int] = {}

    def on(state: int, here: Earliest) -> Iterator[tuple[int, Earliest]]:
        since, at = here
        assert at is not None
        standing = Standing(state, since, at, (), True)
        node = graph.contact(state)
        if node is not None and graph.states[state].tries == 1:
            dues = [due for due, _ in search.dues(standing, node)]
            known = [due for due in dues if due is not None]
            due = week.opens(node.window, node.channel, min(known)) if len(known) == len(dues) else None
            found[node.id] = min(at if due is None else max(at, due), found.get(node.id, _FAR))  # before now nothing is planned
        for _, _, then in search.ways(standing):
            yield then.state, (then.since, then.at)

    _spread(graph, (start, start), on)
    return found


def _lags(graph: Graph, week: Week, field: str) -> dict[int, int | None]:
    """How long after a field of the event each state is reached at the earliest; None: maybe before it."""

    def on(state: int, here: Earliest) -> Iterator[tuple[int, Earliest]]:
        since, at = here
        node = graph.nodes[state]
        contact = graph.contact(state)
        if contact is None and not isinstance(node, WaitNode):
            for _, target in graph.out[state]:
                yield target, here
            return
        assert isinstance(node, TouchNode | WaitNode)
        due = since
        again = contact is not None and graph.states[state].tries > 1
        if again or node.timing.when is None:
            delay = contact.apart if again and contact is not None else node.timing.after
            due = None if since is None else since + (_shortest(week, delay) if delay else 0)
        elif node.timing.when.field == field:
            due = _before_field(week, node.timing.when.delay, node.timing.when.side)
        else:
            due = None
        if due is not None and node.timing.at is not None and not again:
            due -= DAY  # that time of the day may have been earlier
        over = _later(at, due)
        for edge, target in graph.out[state]:
            if edge.result == CAME:
                yield target, (at, at)
            elif isinstance(node, WaitNode) or edge.result in NOT_MADE:
                yield target, (due, over)
            else:
                yield target, (over, over)

    return {state: at for state, (_, at) in _spread(graph, (None, None), on).items()}


def _spread(graph: Graph, first: Earliest, on: Callable[[int, Earliest], Iterator[tuple[int, Earliest]]]) -> dict[int, Earliest]:
    """What holds in each state on every way to it: the earliest of all."""
    reached: dict[int, Earliest] = dict.fromkeys(range(graph.starts), first)
    order = list(reversed(graph.order))
    for state in order:  # each after all that lead to it
        if state not in reached:
            continue
        for target, then in on(state, reached[state]):
            known = reached.get(target)
            reached[target] = then if known is None else (_earlier(known[0], then[0]), _earlier(known[1], then[1]))
    return reached


def _earlier(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else min(one, other)


def _later(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else max(one, other)


def _shortest(week: Week, delay: Delay) -> int:
    """The shortest that a delay can take by the clock, from any day."""
    if delay.unit in _ELAPSED:
        return week.add(delay, 0, spare=True)
    if delay.unit is Unit.BUSINESS_DAYS:
        return min(week.add(delay, day * DAY) - day * DAY for day in range(7))
    return week.add(delay, 0)


def _before_field(week: Week, delay: Delay | None, side: str) -> int:
    """The earliest that a moment can be, from its field."""
    if delay is None:
        return 0
    return -week.longest(delay) if side == "before" else _shortest(week, delay)


def _after_field(week: Week, delay: Delay | None, side: str) -> int:
    """The latest that a moment can be, from its field."""
    if delay is None:
        return 0
    return -max(_shortest(week, delay), 0) if side == "before" else week.longest(delay)
