"""What the outcomes of contacts lead to: endings that cannot happen, concerns for nobody, contact after the end."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.core.planner import edge_of
from orchestrator.language.dispositions import AUTOMATIC_CALLS, BY_CODE, CLASSES
from orchestrator.language.program import AGAIN, TouchNode
from orchestrator.lint.endings import endings, why_never
from orchestrator.lint.finding import Finding
from orchestrator.lint.paths import Edge, State
from orchestrator.lint.subject import Subject

ENDS_IT = ("goal_met", "already_done", "do_not_contact")


def dead_outcomes(subject: Subject) -> Iterator[Finding]:
    """Outcomes that no ending leads to: endings that cannot happen, classes of which every ending is named, tries that never end."""
    for node in subject.touches:
        words = subject.words(node)
        can = endings(node, words)
        for outcome in subject.steps[node.id].outcomes:
            at = (node.id, "outcomes", outcome)
            if why := why_never(outcome, node, words):
                message = f"'{node.id}' never ends with '{outcome}': {why}"
                yield subject.finding("TP104", message, *at, key=True, fix=_give(outcome), path=_to(subject, node))
            elif outcome in CLASSES and not any(_leads(node, code, outcome) for code in can):
                named = [code for code in can if code in BY_CODE and BY_CODE[code].kind == outcome]
                message = f"the class '{outcome}' is never used: each of its endings is named ({', '.join(named)})"
                yield subject.finding("TP103", message, *at, key=True, path=_to(subject, node))
            elif outcome == "not_reached" and not _comes_again(subject, node):
                message = f"'{node.id}' is never 'not_reached': no ending of it leads to another try"
                yield subject.finding("TP103", message, *at, key=True, path=_to(subject, node))


def concern_for_nobody(subject: Subject) -> Iterator[Finding]:
    """Calls of staff whose ending "something is wrong" has no edge: it would go on as if nothing were."""
    for node in subject.touches:
        if (
            node.channel == "call"
            and not {"completed_concern", "needs_review"} & node.outcomes.keys()
            and node.id in subject.paths.contacts
        ):
            message = f"when '{node.id}' ends with a concern, the playbook goes on as if nothing were wrong"
            way = subject.paths.to(node.id, "completed_concern")
            yield subject.finding("TP105", message, node.id, path=way)


def goes_on_after_the_end(subject: Subject) -> Iterator[Finding]:
    """Endings that say that it is over, and an outcome that leads on to a contact all the same."""
    for node in subject.touches:
        if node.id not in subject.paths.contacts:
            continue
        for code in ENDS_IT:
            if code not in endings(node, subject.words(node)) or not (named := _named(node, code)):
                continue
            if node.channel in AUTOMATIC_CALLS and code != "do_not_contact":
                continue  # a key says yes to this call, which need not be the goal of the playbook
            if (on := _on(subject, node, code)) is not None:
                message = f"after '{code}' the playbook contacts them again"
                yield subject.finding("TP106", message, node.id, "outcomes", named, key=True, path=on)


def _leads(node: TouchNode, code: str, kind: str) -> bool:
    """Whether an ending takes the edge of its class."""
    known = BY_CODE.get(code)
    if known is None or known.kind != kind or code in node.outcomes:
        return False
    return not (node.channel == "voicemail" and code == "voicemail_left")


def _comes_again(subject: Subject, node: TouchNode) -> bool:
    """Whether something leads back to it: an ending of its own, or an `again` among the steps of its outcomes."""
    back = f"{AGAIN}{node.id}"
    if any(edge_of(node, code) == back for code in endings(node, subject.words(node))):
        return True
    reach = subject.paths.comes_again
    return any(node.id in reach[target] for target in node.outcomes.values() if not target.startswith(AGAIN))


def _named(node: TouchNode, code: str) -> str:
    """The outcome of the file that an ending takes; empty when none is named."""
    return code if code in node.outcomes else BY_CODE[code].kind if BY_CODE[code].kind in node.outcomes else ""


def _on(subject: Subject, node: TouchNode, code: str) -> tuple[Edge, ...] | None:
    """A way to a contact after an ending; from each state in which it may come, as not all of them lead to one."""
    paths = subject.paths
    ways = (
        (*paths.way_to(state), edge)
        for state in paths.of(node.id)
        if state.tries
        for edge in paths.out(state)
        if edge.result == code
    )
    return next((on for way in ways if (on := paths.after(way, _is_contact)) is not None), None)


def _is_contact(state: State) -> bool:
    return state.tries > 0


def _give(outcome: str) -> str:
    if outcome == "voicemail_left":
        return "write the words for it as voicemail: …, or delete the outcome"
    key = {"goal_met": "confirm", "call_back": "call_back"}.get(outcome, "…")
    return f"give it one, e.g. keys: {{1: {key}}}, or delete the outcome"


def _to(subject: Subject, node: TouchNode) -> str:
    way = subject.paths.to(node.id)
    return subject.paths.words(way) if way is not None else ""
