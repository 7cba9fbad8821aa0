"""Events that nothing causes, that nobody uses, or that are about something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orchestrator.language.design import LIFECYCLE, Design
from orchestrator.language.dispositions import AUTOMATIC_CALLS
from orchestrator.language.fronts import EmailWords
from orchestrator.language.program import TouchNode, WaitNode
from orchestrator.language.source import Loc
from orchestrator.lint.codes import CODES
from orchestrator.lint.finding import Finding
from orchestrator.lint.subject import Subject
from orchestrator.lint.telling import where

_CALLED = {
    "survey.answered": "no e-mail asks a question (survey: …)",
    "call.finished": "no playbook makes a call",
    "touch.sent": "no playbook sends anything or calls by itself",
}


def never_caused(design: Design, subjects: Mapping[str, Subject]) -> Iterator[Finding]:
    """Events of the system that playbooks start, stop or wait on, although no contact of any playbook brings them about."""
    caused = {event for subject in subjects.values() for event in _causes(subject)}
    for subject in subjects.values():
        for event, loc in _named(subject):
            if event in _CALLED and event not in caused:
                message = f"'{event}' never comes: {_CALLED[event]}"
                fix = "add a contact that brings it about, or delete the event"
                start = " or ".join(sorted(subject.program.starts_on))
                path = f"{start} → … → {event} (never)" if loc[0] != "starts_on" else f"{event} (never) → nothing starts"
                yield subject.finding("TP231", message, loc, key=loc[0] == "stops_on", path=path, fix=fix)


def unused_events(design: Design, subjects: Mapping[str, Subject]) -> Iterator[Finding]:
    """Events that no playbook names, of a stage for which there are playbooks: what they say is heard by nobody."""
    used = {event for subject in subjects.values() for event, _ in _named(subject)}
    stages = {design.lifecycle.events[event].stage for event in used if event in design.lifecycle.events}
    code = CODES["TP232"]
    for event, declared in design.lifecycle.events.items():
        if event not in used and declared.stage in stages:
            line, column = design.sources[LIFECYCLE].place(("events", event), key=True)
            message = f"no playbook starts, stops or waits on '{event}'"
            yield Finding(code.code, code.severity, LIFECYCLE, line, column, message, "", code.fix)


def of_another_subject(subject: Subject) -> Iterator[Finding]:
    """An opt-out is about the customer: as a stop or in a wait of a playbook about a quote it never comes."""
    if "customer.opted_out" in subject.program.starts_on:
        return
    for event, loc in _named(subject):
        if event == "customer.opted_out":
            message = "'customer.opted_out' is about the customer, so it never comes for what this playbook is about"
            start = " or ".join(sorted(subject.program.starts_on))
            path = f"{start} (about {start.split('.')[0]}/…) → customer.opted_out (about the customer) → nothing changes"
            yield subject.finding("TP203", message, loc, key=loc[0] == "stops_on", path=path)


def stale_start(subject: Subject) -> Iterator[Finding]:
    """Several start events, moments taken from them, and a second one that is ignored: the first one's moment is kept."""
    playbook = subject.playbook
    if len(playbook.start_types) < 2 or playbook.re_entry == "restart":
        return
    nodes = (subject.program.nodes[node] for node in reversed(list(subject.source.compiled.places)))  # the file's order, nearly
    timed = next((node for node in nodes if isinstance(node, TouchNode | WaitNode) and node.timing.when), None)
    if timed is None:
        return
    first, second = playbook.start_types[:2]
    said = where(subject.program, timed.id)
    message = f"'{second}' changes nothing for those inside: '{said}' still counts from the event before"
    path = f"{first} → {second}, already inside → {said}, at the old moment"
    yield subject.finding(
        "TP202", message, ("re_entry" if "re_entry" in playbook.model_fields_set else "starts_on",), key=True, path=path
    )


def _named(subject: Subject) -> Iterator[tuple[str, Loc]]:
    """Every event that a playbook names, with its place."""
    playbook = subject.playbook
    for index, event in enumerate(playbook.start_types):
        yield event, ("starts_on", index)
    for event in playbook.stops_on:
        yield event, ("stops_on", event)
    for node_id, loc in subject.source.compiled.places.items():
        for index, event in enumerate(getattr(subject.program.nodes[node_id], "events", ())):
            yield event, (*loc, "wait_for", index)


def _causes(subject: Subject) -> Iterator[str]:
    for node in subject.touches:
        words = subject.words(node)
        if words and isinstance(words.front, EmailWords) and words.front.survey:
            yield "survey.answered"
        if node.channel == "call" or node.channel in AUTOMATIC_CALLS:
            yield "call.finished"
        if node.channel != "call":
            yield "touch.sent"
