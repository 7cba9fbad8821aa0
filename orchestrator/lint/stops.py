"""A playbook that nothing ends goes on contacting people who have long said yes or no."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.language.program import EndNode, WaitNode
from orchestrator.lint.finding import Finding
from orchestrator.lint.subject import Subject


def without_end(subject: Subject) -> Iterator[Finding]:
    """Playbooks without `stops_on`. What is in it is asked before each contact: core/judging.py."""
    if subject.program.stops_on or not subject.paths.contacts:
        return
    last = next(node for node in reversed(subject.touches) if node.id in subject.paths.contacts)
    message = f"no event ends the playbook: once '{last.id}' is due, it comes whatever has happened"
    stage = subject.design.lifecycle.events
    known = [event for event in stage if event not in subject.program.starts_on and _same_stage(subject, event)]
    fix = f"add stops_on: {{{known[0]}: goal}}, or whatever makes it needless" if known else ""
    yield subject.finding("TP201", message, ("starts_on",), key=True, path=subject.paths.to(last.id), fix=fix)


def heard_only_while_waiting(subject: Subject) -> Iterator[Finding]:
    """Events that end the playbook when a wait sees them, and that no contact before or after the wait is asked about."""
    program, paths = subject.program, subject.paths
    for node_id in subject.source.compiled.places:
        node = program.nodes[node_id]
        if not isinstance(node, WaitNode) or not node.events or node_id not in paths.nodes:
            continue
        end = program.nodes[node.then]
        if not isinstance(end, EndNode) or end.reason == "exhausted":
            continue
        made = [touch.id for touch in subject.touches if touch.id in paths.contacts]
        for index, event in enumerate(node.events):
            if event in program.stops_on or event in program.starts_on or not made:
                continue
            message = f"'{event}' ends the playbook only while it is waited for: '{made[-1]}' may come after it"
            path = paths.words(paths.to(made[-1]) or (), f"{event} comes → {made[-1]} all the same")
            fix = f"add it to stops_on: {{{event}: {end.reason}}}"
            yield subject.finding("TP204", message, node_id, "wait_for", index, path=path, fix=fix)


def _same_stage(subject: Subject, event: str) -> bool:
    events = subject.design.lifecycle.events
    return any(events[start].stage == events[event].stage for start in subject.program.starts_on if start in events)
