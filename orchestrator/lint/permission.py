"""What law and decency want of calls that nobody makes, and of marketing.

Asked by the engine itself, and so proved for every playbook: consent for the channel and the purpose before each contact
(core/policies/consent.py); the company's name first, and key 9 to stop, on every automatic call to a person; a link that ends
e-mails below each of them. What only the words can do is checked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.language.program import TouchNode
from orchestrator.language.templates import Template
from orchestrator.lint.finding import Finding
from orchestrator.lint.subject import Subject

_NUMBER = re.compile(r"\(?\d{3}\)?[ .-]?\d{3}[ .-]?\d{4}|\+\d[\d ().-]{6,}\d")
_STOP = re.compile(
    r"\b(?:reply|text|send|answer|write|responda|responde|env[ií]e|antworten sie|r[eé]pondez)\W+(?:with\W+|mit\W+|con\W+)?STOP\b"
    r"|\bSTOP\W+(?:to|=|2)\W*(?:end|opt|quit|stop|unsubscribe|cancel|get no)",
    re.IGNORECASE,
)


def unnamed_caller(subject: Subject) -> Iterator[Finding]:
    """Messages on a voicemail that do not name the company: a machine hears only these words."""
    for node, template in _for_machines(subject):
        if not _says(template, "house.name", subject.design.house_rules.company.name):
            message = f"'{node.id}' leaves a voicemail that does not say who is calling"
            yield _at(subject, "TP311", message, node, template)


def spoken_opt_out(subject: Subject) -> Iterator[Finding]:
    """Messages on a voicemail without a number: there is no key to press, so there must be somebody to call."""
    for node, template in _for_machines(subject):
        phone = subject.design.house_rules.company.phone or "\0"
        if not template.always_says(lambda said, phone=phone: phone in said or _has_number(said), "house.phone"):  # type: ignore[misc]  # runs at once
            message = f"'{node.id}' leaves a voicemail without a number to call, so nobody can ask for no more of them"
            yield _at(subject, "TP312", message, node, template, severe=node.purpose == "marketing")


def marketing(subject: Subject) -> Iterator[Finding]:
    """Marketing without what it has to carry: a postal address in e-mails, the word STOP in texts."""
    for node in subject.touches:
        if node.purpose != "marketing":
            continue
        words = subject.words(node)
        way = subject.paths.to(node.id)
        if node.channel == "email" and not subject.design.house_rules.company.address:
            message = f"'{node.id}' is marketing, and house-rules.yaml has no postal address for it to carry"
            yield subject.finding("TP321", message, node.id, "email", path=way)
        if node.channel == "text" and words and not words.body.always_says(_names_stop):
            yield _at(subject, "TP322", f"'{node.id}' is marketing, and does not say how to stop it", node, words.body)


def _for_machines(subject: Subject) -> Iterator[tuple[TouchNode, Template]]:
    """What voicemails hear. Of a recorded message nobody here knows what it says; its words are for staff."""
    for node in subject.touches:
        words = subject.words(node)
        if words is None or node.recorded:
            continue
        if node.channel == "voicemail":
            yield node, words.body
        elif node.channel == "voice" and "voicemail" in words.lines:
            yield node, words.lines["voicemail"]


def _says(template: Template, name: str, text: str) -> bool:
    """Whether everybody hears this value or text: what stands in an `if`, a loop, a comment or a default may stay unsaid."""
    return template.always_says(lambda said: text in said, name)


def _has_number(said: str) -> bool:
    return _NUMBER.search(said) is not None


def _names_stop(said: str) -> bool:
    return _STOP.search(said) is not None


def _at(subject: Subject, code: str, message: str, node: TouchNode, template: Template, *, severe: bool = False) -> Finding:
    where = (template.path, *template.place(0))
    way = subject.paths.to(node.id)
    return subject.finding(code, message, path=way, where=where, severity="error" if severe else None)
