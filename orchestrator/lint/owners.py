"""Who answers for a contact, and for what it is."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.finding import Finding
from orchestrator.lint.subject import Subject


def without_owner(subject: Subject) -> Iterator[Finding]:
    """Owners that are only blanks. That there is one, and a stage, is asked when the files are loaded."""
    if not subject.playbook.owner.strip():
        yield subject.finding("TP301", "nobody answers for this playbook", ("owner",), path=_first(subject))
    for node in subject.touches:
        step = subject.steps[node.id]
        if step.owner is not None and not step.owner.strip():
            way = subject.paths.to(node.id)
            yield subject.finding("TP301", f"nobody answers for '{node.id}'", node.id, "owner", path=way)


def purpose_not_said(subject: Subject) -> Iterator[Finding]:
    """Playbooks that do not say what they are for: service is assumed, which asks for less consent."""
    silent = [node for node in subject.touches if subject.steps[node.id].purpose is None]
    if "purpose" not in subject.playbook.model_fields_set and silent:
        message = f"the purpose of '{silent[0].id}' is not said, and taken as service"
        way = subject.paths.to(silent[0].id)
        yield subject.finding("TP302", message, ("playbook",), key=True, path=way)


def answers_to_nobody(subject: Subject) -> Iterator[Finding]:
    """E-mails whose answers have no address: neither the owner's, nor the company's, nor one of the e-mail's own."""
    rules = subject.design.house_rules
    if rules.company.email:
        return
    for node in subject.touches:
        words = subject.words(node)
        if node.channel == "email" and node.owner not in rules.owners and words and "reply_to" not in words.lines:
            message = (
                f"answers to '{node.id}' go nowhere: house-rules.yaml has no address of '{node.owner}' and none of the company"
            )
            yield subject.finding("TP303", message, node.id, "email", path=subject.paths.to(node.id))


def _first(subject: Subject) -> str:
    return subject.paths.words(())
