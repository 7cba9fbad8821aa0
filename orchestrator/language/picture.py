"""A program as something to look at: each step with its kind, title and timing in words, and every way on with its label.

The graph (placing.py, drawing.py), the list below it and `touchpoint graph` all show this one picture, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from orchestrator.language.dispositions import BY_CODE
from orchestrator.language.program import (
    AGAIN,
    BranchNode,
    EndNode,
    EndReason,
    Node,
    NodeId,
    Program,
    SplitNode,
    Timing,
    TouchNode,
    WaitNode,
)

START: NodeId = "start:"  # the picture's own first node; no step can be called that
ENDS: Mapping[EndReason, str] = {"goal": "ends, goal reached", "exit": "ends", "exhausted": "ends, all is done"}
CHANNELS: Mapping[str, str] = {
    "email": "E-mail", "text": "Text", "call": "Call", "voice": "Automatic call", "voicemail": "Voicemail",
}  # fmt: skip
_RESULTS: Mapping[str, str] = {
    "not_reached": "Not reached, tries used up",
    "not_taken": "Nobody took it in time",
    "skipped": "Not allowed",
    "failed": "Refused by the provider",
    "sent": "Sent",
    "expired": "Too late",
    "final": "Any ending that settles it",
    "retry": "Nobody reached yet",
    "continue": "Talked, nothing settled",
    "suppress": "Must not be contacted so",
    "needs_review": "A person has to look",
}


@dataclass(frozen=True, slots=True)
class Way:
    """One way on. The same place reached by several endings is one way with several labels."""

    labels: tuple[str, ...]
    to: NodeId  # a spot, an end's id, or "again:…"


@dataclass(frozen=True, slots=True)
class Spot:
    """One step as it is shown."""

    id: NodeId
    number: int  # in reading order; 0 is the start
    kind: str  # start | email | text | call | voice | voicemail | wait | wait_for | branch | split
    sort: str  # what kind it is, in words: "Call, queue sales"
    title: str
    said: tuple[str, ...]  # when, and how often
    ways: tuple[Way, ...]  # those with a label, as their author wrote them
    then: NodeId | None  # where it goes when no label fits; None: the labels are all there is


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole playbook, spots in the order in which people read them: each after all that lead to it."""

    playbook: str
    title: str
    spots: tuple[Spot, ...]
    ends: Mapping[NodeId, EndReason]
    by_id: Mapping[NodeId, Spot] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {spot.id: spot for spot in self.spots})

    @property
    def edges(self) -> Iterator[tuple[NodeId, str, NodeId]]:
        """Every way of every spot: from, label ("" where none fits), to."""
        for spot in self.spots:
            for way in spot.ways:
                yield from ((spot.id, label, way.to) for label in way.labels)
            if spot.then is not None:
                yield spot.id, "", spot.then


def picture(program: Program, labels: Mapping[str, str] | None = None) -> Picture:
    """What the program looks like. labels: the team's own words for dispositions (house rules)."""
    own = labels or {}
    order = _reading_order(program)
    ends: dict[NodeId, EndReason] = {n.id: n.reason for n in program.nodes.values() if isinstance(n, EndNode)}
    first = Spot(
        START, 0, "start", "Starts", " or ".join(sorted(program.starts_on)), _start(program), _stops(program), program.first
    )
    spots = [_spot(program, program.nodes[id_], number, own) for number, id_ in enumerate(order, 1)]
    return Picture(program.playbook, program.title, (first, *spots), ends)


def timing_words(timing: Timing) -> str:
    """ "2 business days later, at 09:30 there"; "at once" when nothing is said."""
    at = f"at {timing.at}, their clock" if timing.at else ""
    if timing.when is not None:
        field = f"“{timing.when.field.replace('_', ' ')}”"
        when = f"{timing.when.delay} {timing.when.side} {field}" if timing.when.delay else f"at {field}"
        return f"{when}, {at}" if at else when
    if timing.after is not None and timing.after.count:
        return f"{timing.after} later, {at}" if at else f"{timing.after} later"
    return at or "at once"


def outcome_words(code: str, labels: Mapping[str, str]) -> str:
    """How an outcome is called: the team's own label, else the usual one."""
    if code in labels:
        return labels[code]
    return BY_CODE[code].label if code in BY_CODE else _RESULTS.get(code, code.replace("_", " "))


def leads(picture: Picture, source: NodeId, to: NodeId) -> str:
    """Where a way leads, in words: "again", "ends, goal reached", "step 7"."""
    if to.startswith(AGAIN):
        again = to.removeprefix(AGAIN)
        return "again" if again == source else f"again, step {picture.by_id[again].number}"
    return ENDS[picture.ends[to]] if to in picture.ends else f"step {picture.by_id[to].number}"


def details(node: TouchNode) -> list[tuple[str, str]]:
    """Everything its author said about a contact, as term and words."""
    said = [("When", timing_words(node.timing).capitalize())]
    if node.only_if is not None:
        said.append(("Only if", node.only_if.source))
    said.append(("Contact window", node.window))
    if node.not_later_than is not None:
        said.append(("Skipped when later than", str(node.not_later_than)))
    if queue := _queue(node):
        said.append(("Queue", queue))
        said.append(("Priority", f"{node.priority} of 9, 1 is most urgent"))
    if node.skill is not None:
        said.append(("Skill", node.skill))
    if node.owner_first is not None:
        said.append(("First offered to", f"the owner that the event names, for {node.owner_first}"))
    if node.due_within is not None:
        said.append(("To be taken within", str(node.due_within)))
    if node.escalate_to is not None:
        said.append(("If nobody takes it", f"to queue {node.escalate_to} after {node.escalate_after}"))
    if tries := _tries(node):
        said.append(("Tries", tries))
    return [*said, ("Owner", node.owner), ("Purpose", node.purpose), ("Stage", node.stage)]


def _spot(program: Program, node: Node, number: int, own: Mapping[str, str]) -> Spot:
    match node:
        case TouchNode():
            sort = ", ".join(word for word in (CHANNELS[node.channel], _queue(node)) if word)
            said = [timing_words(node.timing)]
            if node.only_if is not None:
                said.append(f"only if {node.only_if.source}")
            if tries := _tries(node):
                said.append(tries)
            ways = _together((outcome_words(code, own), to) for code, to in node.outcomes.items())
            return Spot(node.id, number, node.channel, sort, node.title, tuple(said), ways, node.next)
        case WaitNode(events=()):
            return Spot(node.id, number, "wait", "Wait", _wait(node), (), (), node.then)
        case WaitNode():
            ways = _together([("It comes", node.then), (f"Not within {node.timing.after}", node.otherwise)])
            return Spot(node.id, number, "wait_for", "Wait for", " or ".join(node.events), (), ways, None)
        case BranchNode():
            ways = _together([("Yes", node.then), ("No, or not known", node.otherwise)])
            return Spot(node.id, number, "branch", "If", node.check.source, (), ways, None)
        case SplitNode():
            ways = _together((f"{name}, {share} of 100", to) for name, share, to in node.ways)
            return Spot(node.id, number, "split", "Split by chance", node.name, (), ways, None)
        case EndNode():
            raise AssertionError("ends are no spots")


def _start(program: Program) -> tuple[str, ...]:
    said = [f"only if {program.only_if.source}"] if program.only_if is not None else []
    return (*said, f"gives up after {program.gives_up_after}")


def _stops(program: Program) -> tuple[Way, ...]:
    return _together(list(program.stops_on.items()))


def _together(ways: Iterator[tuple[str, NodeId]] | list[tuple[str, NodeId]]) -> tuple[Way, ...]:
    """Ways to the same place as one, in the order of the first of them."""
    found: dict[NodeId, list[str]] = {}
    for label, to in ways:
        found.setdefault(to, []).append(label)
    return tuple(Way(tuple(labels), to) for to, labels in found.items())


def _wait(node: WaitNode) -> str:
    if node.timing.when is not None:
        return f"Until {timing_words(node.timing).removeprefix('at ')}"
    return timing_words(node.timing).replace(" later", "").capitalize()


def _queue(node: TouchNode) -> str:
    """The list in which a call waits; "" for everything else."""
    return node.queue or (f"as event.{node.queue_from} says" if node.queue_from else "")


def _tries(node: TouchNode) -> str:
    if node.most == 1:
        return ""
    messages = node.channel in ("email", "text") or node.outcomes.get("completed") == f"{AGAIN}{node.id}"
    vary = ", other times of day" if node.vary else ""
    return f"{node.most} times, every {node.apart}" if messages else f"up to {node.most} tries, {node.apart} apart{vary}"


def _reading_order(program: Program) -> list[NodeId]:
    """Steps in an order in which each comes after all that lead to it, side ways before what comes after them."""
    order: list[NodeId] = []
    seen: set[NodeId] = set()
    open_: list[tuple[NodeId, bool]] = [(program.first, False)]
    while open_:  # depth first, written out: a playbook may be longer than Python's stack
        id_, done = open_.pop()
        if done:
            order.append(id_)
            continue
        if id_ in seen or id_.startswith(AGAIN) or isinstance(program.nodes[id_], EndNode):
            continue
        seen.add(id_)
        open_.append((id_, True))
        open_ += [(to, False) for to in reversed(_next_first(program.nodes[id_]))]
    return order[::-1]


def _next_first(node: Node) -> list[NodeId]:
    """Where it leads, what comes last on the page first."""
    match node:
        case TouchNode():
            return [node.next, *reversed([*node.outcomes.values()])]
        case WaitNode() | BranchNode():
            return [node.otherwise, node.then]
        case SplitNode():
            return [to for _, _, to in reversed(node.ways)]
        case EndNode():
            return []
