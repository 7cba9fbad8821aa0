"""Steps that nothing leads to, and conditions that always answer the same."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.language.program import BranchNode, NodeId, SplitNode, TouchNode
from orchestrator.lint.finding import Finding
from orchestrator.lint.paths import NO, PASSED_OVER, YES
from orchestrator.lint.subject import Subject
from orchestrator.lint.telling import where


def unreachable(subject: Subject) -> Iterator[Finding]:
    """The first steps of ways that nobody can go: a condition above them cannot hold, or cannot fail.

    Steps below an ending or a wait that cannot happen are found there (outcomes.py, waits.py).
    """
    paths, nodes, only_if = subject.paths, subject.program.nodes, subject.program.only_if
    if not paths.starts and only_if is not None:
        path = f"{' or '.join(sorted(subject.program.starts_on))} → '{only_if.source}' is not true → nothing starts"
        fix = "change the condition"
        yield subject.finding(
            "TP101", f"the playbook never starts: '{only_if.source}' never holds", ("only_if",), path=path, fix=fix
        )
        return
    for node_id in subject.source.compiled.places:
        node = nodes[node_id]
        if isinstance(node, TouchNode) and node_id in paths.nodes and node_id not in paths.contacts:
            assert node.only_if is not None, "only a condition passes a contact over"
            way = paths.to(node_id, PASSED_OVER)
            message = f"'{node_id}' is never made: '{node.only_if.source}' never holds here"
            yield subject.finding("TP101", message, node_id, "only_if", path=way, fix="change the condition, or delete the step")
        if node_id not in paths.nodes:
            continue
        for target, end in _closed(subject, node_id):
            message = f"'{where(subject.program, target)}' is never reached: {end}"
            yield subject.finding("TP101", message, target, path=subject.paths.words(paths.to(node_id) or (), end))


def always_so(subject: Subject) -> Iterator[Finding]:
    """Conditions whose answer is known on every way to them, when nothing stands below the other answer."""
    if subject.program.only_if is not None and subject.paths.starts and not subject.paths.prevented:
        message = f"'{subject.program.only_if.source}' always holds"
        fix = "delete only_if, or compare with another value"
        yield subject.finding("TP102", message, ("only_if",), path=subject.paths.words(()), fix=fix)
    for node_id in subject.source.compiled.places:
        node = subject.program.nodes[node_id]
        if node_id not in subject.paths.nodes:
            continue
        if isinstance(node, BranchNode) and not list(_closed(subject, node_id)):
            found = _results(subject, node_id)
            if len(found & {YES, NO}) == 1:
                message = f"'{node.check.source}' {'always' if YES in found else 'never'} holds here"
                way = subject.paths.to(node_id, YES if YES in found else NO)
                yield subject.finding("TP102", message, node_id, "if", path=way)
        elif isinstance(node, TouchNode) and node.only_if and PASSED_OVER not in _results(subject, node_id):
            message = f"'{node.only_if.source}' always holds here"
            fix = "delete only_if, or compare with another value"
            yield subject.finding("TP102", message, node_id, "only_if", path=subject.paths.to(node_id), fix=fix)


def _closed(subject: Subject, node_id: NodeId) -> Iterator[tuple[NodeId, str]]:
    """The steps that begin a way out of this one that nobody can go, with why."""
    node, reached = subject.program.nodes[node_id], subject.paths.nodes
    if isinstance(node, BranchNode):
        found = _results(subject, node_id)
        for result, target, answer in ((YES, node.then, "never holds"), (NO, node.otherwise, "always holds")):
            if target not in reached and result not in found:
                yield target, f"'{node.check.source}' {answer} here"
    elif isinstance(node, SplitNode):
        found = _results(subject, node_id)
        for name, _, target in node.ways:
            if target not in reached and name not in found:
                yield target, f"nobody goes the way '{name}': a split '{node.name}' before it has sent them elsewhere"


def _results(subject: Subject, node_id: NodeId) -> set[str]:
    return {edge.result for state in subject.paths.of(node_id) for edge in subject.paths.out(state)}
