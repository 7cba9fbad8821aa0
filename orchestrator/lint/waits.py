"""Waits that wait for nothing: for an event that ends the playbook, or one that has come already."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.language.program import WaitNode
from orchestrator.lint.finding import Finding, Severity
from orchestrator.lint.paths import OVER
from orchestrator.lint.subject import Subject


def not_a_wait(subject: Subject) -> Iterator[Finding]:
    """Events that a wait never sees, and waits that are over at once."""
    paths = subject.paths
    for node_id in subject.source.compiled.places:
        node = subject.program.nodes[node_id]
        if not isinstance(node, WaitNode) or not node.events or node_id not in paths.nodes:
            continue
        for index, event in enumerate(node.events):
            if event in subject.program.stops_on:
                message = f"the wait never sees '{event}': it ends the playbook (stops_on)"
                way = paths.words(paths.to(node_id) or (), f"{event} comes → {_ends(subject, event)}")
                partly = any(other not in subject.program.stops_on for other in node.events)
                severity: Severity | None = "warning" if partly else None  # the rest of the wait makes sense
                yield subject.finding("TP111", message, node_id, "wait_for", index, path=way, severity=severity)
        if not any(edge.result == OVER for state in paths.of(node_id) for edge in paths.out(state)):
            starts = [event for event in node.events if event in subject.program.starts_on]
            said = f"'{starts[0]}' starts the playbook" if starts else f"'{node.events[0]}' came before"
            message = f"the wait is over at once: {said}, so it has already come"
            yield subject.finding("TP112", message, node_id, "wait_for", path=paths.to(node_id, "came"))


def _ends(subject: Subject, event: str) -> str:
    return f"the playbook ends ({subject.program.stops_on[event]})"
