"""A way through a playbook in words, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.language.program import BranchNode, EndNode, NodeId, Program, SplitNode, TouchNode, WaitNode

if TYPE_CHECKING:
    from orchestrator.lint.paths import Edge

ARROW = " → "
_ENDS = {"goal": "goal", "exit": "exit", "exhausted": "the end"}


def tell(program: Program, way: Sequence[Edge], end: str = "") -> str:
    """A way: "quote.sent → quote-check-in: no_answer ×3, tries used up → quote-last-word". end: said last instead of where it leads."""
    parts = [_started_by(program, way)]
    index = 0
    while index < len(way):
        node = program.nodes[way[index].source.node]
        if isinstance(node, TouchNode) and way[index].source.tries:
            stop = index
            while stop < len(way) and way[stop].source.node == node.id:
                stop += 1
            parts.append(f"{node.touchpoint}: {_results(way[index:stop])}")
            index = stop
            continue
        if said := _said(program, way[index]):
            parts.append(f"{said}, tries used up" if way[index].used_up else said)
        index += 1
    last = way[-1].target.node if way else program.first
    parts.append(end or where(program, last))
    return ARROW.join(part for part in parts if part)


def where(program: Program, node_id: NodeId) -> str:
    """A step in a word or two."""
    match node := program.nodes[node_id]:
        case TouchNode():
            return node.touchpoint
        case WaitNode():
            return f"wait for {' or '.join(node.events)}" if node.events else f"wait {node.timing.after or node.timing.when}"
        case BranchNode():
            return f"if {node.check.source}"
        case SplitNode():
            return f"split {node.name}"
        case EndNode():
            return _ENDS[node.reason]


def _results(edges: Sequence[Edge]) -> str:
    """ "no_answer ×3, tries used up"."""
    counted: list[tuple[str, int]] = []
    for edge in edges:
        if counted and counted[-1][0] == edge.result:
            counted[-1] = (edge.result, counted[-1][1] + 1)
        else:
            counted.append((edge.result, 1))
    said = ", ".join(result if times == 1 else f"{result} ×{times}" for result, times in counted)
    return f"{said}, tries used up" if edges[-1].used_up and edges[-1].source.tries > 1 else said


def _said(program: Program, edge: Edge) -> str:
    match node := program.nodes[edge.source.node]:
        case TouchNode():
            return f"{node.touchpoint} is passed over" if edge.result else ""
        case WaitNode() if edge.result == "came":
            return f"{' or '.join(node.events)} comes"
        case WaitNode():
            length = node.timing.after or node.timing.when
            return f"no {' or '.join(node.events)} within {length}" if node.events else f"wait {length}"
        case BranchNode():
            return f"{node.check.source} is {'true' if edge.result == 'yes' else 'not true'}"
        case SplitNode():
            return f"split {node.name}: {edge.result}"
        case _:
            return ""


def _started_by(program: Program, way: Sequence[Edge]) -> str:
    known = dict(way[-1].target.known) if way else {}
    among = known["the event"].among if "the event" in known else None
    return " or ".join(sorted(among or program.starts_on))
