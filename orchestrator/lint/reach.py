"""What can still be asked, and what can still come again, from each step on: all that a state has to remember."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.language.lifecycle import FieldType
from orchestrator.language.program import AGAIN, BranchNode, NodeId, Program, SplitNode, TouchNode, WaitNode, ways_on
from orchestrator.lint.claims import names_of, ways

STARTED_BY = "the event"  # which of several start events it was: a name like those of conditions


class Reach:
    """For each node: names asked about (`asked_…`) and contacts that come again (`comes_again_…`), from it on or only after it."""

    def __init__(self, program: Program, declared: Mapping[str, FieldType]) -> None:
        self._program = program
        own = {node: _asks(program, node, declared) for node in program.nodes}
        nothing: frozenset[str] = frozenset()
        self.asked_from = dict.fromkeys(program.nodes, nothing)
        self.asked_after = dict.fromkeys(program.nodes, nothing)
        self.comes_again_from = dict.fromkeys(program.nodes, nothing)
        self.comes_again_after = dict.fromkeys(program.nodes, nothing)
        changed = True
        while changed:  # a compiled playbook has its later steps first, so two or three rounds are enough
            changed = False
            for node in program.nodes:
                asked, again = self._after(node)
                if asked != self.asked_after[node] or again != self.comes_again_after[node]:
                    changed = True
                    self.asked_after[node], self.comes_again_after[node] = asked, again
                    self.asked_from[node] = asked | own[node]
                    self.comes_again_from[node] = again - {node}
                elif self.asked_from[node] != asked | own[node]:
                    changed = True
                    self.asked_from[node] = asked | own[node]

    def _after(self, node: NodeId) -> tuple[frozenset[str], frozenset[NodeId]]:
        asked: set[str] = set()
        again: set[NodeId] = set()
        for edge in ways_on(self._program.nodes[node]):
            if edge.startswith(AGAIN) and (target := edge.removeprefix(AGAIN)) != node:
                asked |= self.asked_after[target]
                again |= {target} | self.comes_again_after[target]
            elif not edge.startswith(AGAIN):
                asked |= self.asked_from[edge]
                again |= self.comes_again_from[edge]
        return frozenset(asked), frozenset(again)


def _asks(program: Program, node_id: NodeId, declared: Mapping[str, FieldType]) -> frozenset[str]:
    match node := program.nodes[node_id]:
        case BranchNode():
            check = node.check
        case TouchNode() if node.only_if is not None:
            check = node.only_if
        case WaitNode():
            return frozenset({f"came {event}" for event in node.events} | _types(program, node))
        case SplitNode():
            return frozenset({f"split {node.name}"})
        case _:
            return frozenset()
    return frozenset(names_of((*ways(check.source, declared, holds=True), *ways(check.source, declared, holds=False))))


def _types(program: Program, node: WaitNode) -> set[str]:
    return {STARTED_BY} if program.starts_on & set(node.events) else set()
