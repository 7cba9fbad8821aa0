"""Answers that are looked at before anybody has asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from orchestrator.language.conditions import Condition
from orchestrator.language.program import BranchNode, NodeId, TouchNode
from orchestrator.lint.finding import Finding
from orchestrator.lint.paths import State
from orchestrator.lint.subject import Subject


def asked_later(subject: Subject) -> Iterator[Finding]:
    """Conditions and words that look at an answer on whose every way nobody has asked the question yet."""
    known: dict[str, frozenset[NodeId]] = {}

    def told(name: str) -> frozenset[NodeId]:
        if name not in known:
            known[name] = _after(subject, _askers(subject, name.removeprefix("answers.")))
        return known[name]

    for node_id in subject.source.compiled.places:
        node = subject.program.nodes[node_id]
        if node_id not in subject.paths.nodes:
            continue
        check = node.check if isinstance(node, BranchNode) else node.only_if if isinstance(node, TouchNode) else None
        names = sorted(check.names) if isinstance(check, Condition) else []
        for name in names:
            if name.startswith("answers.") and node_id not in told(name):
                message = f"'{name}' is never known here: {_who(subject, name)}"
                way = subject.paths.to(node_id)
                key = "if" if isinstance(node, BranchNode) else "only_if"
                yield subject.finding("TP211", message, node_id, key, path=way)
        if isinstance(node, TouchNode):
            yield from _printed(subject, node, told)


def _printed(subject: Subject, node: TouchNode, told: Callable[[str], frozenset[NodeId]]) -> Iterator[Finding]:
    words = subject.words(node)
    if words is None or node.id not in subject.paths.contacts:
        return
    seen: set[str] = set()
    for template in (*words.lines.values(), words.body):
        for use in template.uses:
            name = ".".join(use.name.split(".")[:2])
            if not name.startswith("answers.") or name in seen or name.removeprefix("answers.") in words.answers:
                continue
            seen.add(name)
            if node.id not in told(name):
                message = f"'{node.id}' prints '{name}', which is never known by then: {_who(subject, name)}"
                where = (words.path, *template.place(use.at))
                yield subject.finding("TP211", message, path=subject.paths.to(node.id), where=where)


def _askers(subject: Subject, name: str) -> frozenset[NodeId]:
    return frozenset(node.id for node in subject.touches if (words := subject.words(node)) and name in words.answers)


def _after(subject: Subject, askers: Iterable[NodeId]) -> frozenset[NodeId]:
    """Every step that may come after one of these contacts was made."""
    wanted = frozenset(askers)
    open_: list[State] = [s for s in subject.paths.states if s.node in wanted and s.tries]
    seen: set[State] = set()
    while open_:
        for edge in subject.paths.out(open_.pop()):
            if edge.target not in seen:
                seen.add(edge.target)
                open_.append(edge.target)
    return frozenset(state.node for state in seen)


def _who(subject: Subject, name: str) -> str:
    askers = sorted(_askers(subject, name.removeprefix("answers.")))
    return f"'{askers[0]}', which asks it, comes only later or never" if askers else "no contact of this playbook asks it"
