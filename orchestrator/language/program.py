"""A compiled playbook: nodes with edges. The planner walks it and knows nothing of YAML.

Every edge names a node; every way through ends at an End. Touchpoint nodes carry an edge for every outcome that the
author named; the planner supplies the defaults (language/dispositions.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from orchestrator.language.delays import Delay, Moment, TimeOfDay

NodeId = str  # the touchpoint's name, or a path such as "quote-check-in/voicemail_left/2"
AGAIN: NodeId = "again:"  # prefix of an edge that leads back to a touchpoint: "again:quote-check-in"
EndReason = Literal["goal", "exit", "exhausted"]


class Check(Protocol):
    """A compiled condition."""

    @property
    def source(self) -> str:
        """The text as its author wrote it."""

    def holds(self, facts: Mapping[str, object]) -> bool | None:
        """True, False, or None when it cannot be told (a missing field, a wrong type): doubt."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When a node happens: after a delay, or at a moment of the event; then at a local time of day."""

    after: Delay | None = None
    when: Moment | None = None
    at: TimeOfDay | None = None


@dataclass(frozen=True, slots=True)
class TouchNode:
    """A designed contact."""

    id: NodeId
    touchpoint: str
    title: str
    channel: str  # email | text | call | voice | voicemail
    words: str  # name of the words: a file in the channel's folder
    timing: Timing
    stage: str
    owner: str
    purpose: str  # service | marketing
    window: str  # a contact window of the house rules
    next: NodeId
    only_if: Check | None = None
    not_later_than: Delay | None = None
    due_within: Delay | None = None
    queue: str | None = None
    queue_from: str | None = None  # the field of the event that names the queue instead
    skill: str | None = None  # calls: only for people who have it
    owner_first: Delay | None = None  # calls: so long for the person whom event.owner names, and for nobody else
    priority: int = 5
    most: int = 1  # tries, the first included
    apart: Delay | None = None
    vary: bool = False
    escalate_after: Delay | None = None
    escalate_to: str | None = None
    recorded: bool = False  # it plays a recorded message, which needs a consent of its own
    retry_unknown: bool = False  # provably absent or not, may it be tried again when its outcome is unknown
    # by disposition, its class, sent, failed, skipped, expired, not_reached, not_taken
    outcomes: Mapping[str, NodeId] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WaitNode:
    """Time passes, or an event comes first."""

    id: NodeId
    timing: Timing
    events: tuple[str, ...]  # empty: only time
    then: NodeId  # the event came
    otherwise: NodeId  # the time is over


@dataclass(frozen=True, slots=True)
class BranchNode:
    """One way or the other."""

    id: NodeId
    check: Check
    then: NodeId
    otherwise: NodeId


@dataclass(frozen=True, slots=True)
class SplitNode:
    """Sticky chance."""

    id: NodeId
    name: str
    ways: tuple[tuple[str, int, NodeId], ...]  # name, percent, where it leads


@dataclass(frozen=True, slots=True)
class EndNode:
    """The enrollment ends here."""

    id: NodeId
    reason: EndReason


Node = TouchNode | WaitNode | BranchNode | SplitNode | EndNode


@dataclass(frozen=True, slots=True)
class Program:
    """One playbook version, ready to walk."""

    playbook: str
    title: str
    stage: str
    owner: str
    purpose: str
    starts_on: frozenset[str]
    only_if: Check | None
    stops_on: Mapping[str, str]  # event type -> goal | exit
    re_entry: Literal["never", "after end", "restart"]
    gives_up_after: Delay
    first: NodeId
    nodes: Mapping[NodeId, Node]
    waits_for: frozenset[str]  # every event type that some wait listens to


def ways_on(node: Node) -> tuple[NodeId, ...]:
    """Every node (or "again:…") that may come after this one."""
    match node:
        case TouchNode():
            return (node.next, *node.outcomes.values())
        case WaitNode() | BranchNode():
            return (node.then, node.otherwise)
        case SplitNode():
            return tuple(to for _, _, to in node.ways)
        case EndNode():
            return ()
