"""Whom a call is for: a skill, its owner first, and a queue that the event names."""

from __future__ import annotations

import pytest

from orchestrator.language.delays import Delay
from orchestrator.language.design import load_document
from orchestrator.language.program import TouchNode
from tests.language.designs import LIFECYCLE, design, files, node, only, place

CALL = "  - touchpoint: talk\n    call: check-in\n    queue: sales\n"
OWNED = LIFECYCLE.replace("      rush: boolean\n", "      rush: boolean\n      owner: optional text\n      team: text\n")


def test_a_call_keeps_its_skill_and_how_long_it_is_for_its_owner() -> None:
    steps = f"{CALL}    skill: structural\n    owner_first: 4 hours\n"

    talk = design(steps, lifecycle=OWNED).playbooks["follow-up"].program.nodes["talk"]

    assert isinstance(talk, TouchNode)
    assert (talk.skill, talk.owner_first) == ("structural", Delay.parse("4 hours"))
    assert (talk.queue, talk.queue_from) == ("sales", None)


def test_a_queue_may_come_from_the_event_and_stays_so_in_a_published_version() -> None:
    made = design(CALL.replace("sales", "event.team"), lifecycle=OWNED)

    pinned = load_document(made.document("follow-up"), made.house_rules)

    for program in (made.playbooks["follow-up"].program, pinned.program):
        talk = program.nodes["talk"]
        assert isinstance(talk, TouchNode)
        assert (talk.queue, talk.queue_from) == (None, "team")


def test_without_a_word_anybody_takes_it() -> None:
    talk = node(CALL, "talk")

    assert isinstance(talk, TouchNode)
    assert (talk.skill, talk.owner_first, talk.queue_from) == (None, None, None)


@pytest.mark.parametrize(
    ("line", "part", "problem", "hint"),
    [
        ("    owner_first: 4 hours\n", "4 hours", "'event.owner' is not known", "declare 'owner: text' in lifecycle.yaml"),
        ("    owner_first: soon\n", "soon", "'soon' is not a delay", "4 hours"),
        ("    skill: Roof Work\n", "Roof Work", "'Roof Work' is not a name", "small letters"),
    ],
)
def test_mistakes_are_told_with_their_place(line: str, part: str, problem: str, hint: str) -> None:
    given = files(CALL + line)

    found = only(given)

    assert found.problem.startswith(problem)
    assert hint in found.hint
    assert (found.line, found.column) == place(given["follow-up.yaml"], part)


@pytest.mark.parametrize(
    ("queue", "problem", "hint"),
    [
        ("event.tema", "'event.tema' is not known", "declare 'tema: text'"),
        ("event.amount", "'event.amount' is a number, not a text", "the name of a queue"),
        ("customer.team", "'customer.team' is not a queue", "event.team"),
        ("Sales", "'Sales' is not a queue", "e.g. sales"),
    ],
)
def test_a_queue_that_cannot_be_is_told_with_its_place(queue: str, problem: str, hint: str) -> None:
    given = files(CALL.replace("sales", queue), lifecycle=OWNED)

    found = only(given)

    assert (found.problem, found.line) == (problem, 10)
    assert hint in found.hint


def test_a_queue_of_the_event_needs_a_house_with_queues() -> None:
    given = files(CALL.replace("sales", "event.team"), lifecycle=OWNED)
    given["house-rules.yaml"] = given["house-rules.yaml"].split("queues:")[0]

    assert only(given).problem == "house-rules.yaml has no queue"


@pytest.mark.parametrize("line", ["skill: structural", "owner_first: 4 hours"])
@pytest.mark.parametrize("said", ["email: thanks", "voicemail: hello"])
def test_only_calls_that_staff_make_are_for_somebody(line: str, said: str) -> None:
    found = only(files(f"  - touchpoint: hello\n    {said}\n    {line}\n", lifecycle=OWNED))

    assert found.problem.startswith(f"'{line.split(':')[0]}' is for calls")
