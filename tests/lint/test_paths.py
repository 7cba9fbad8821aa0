"""The ways through a playbook are those that the planner walks: all of them, and no others."""

from __future__ import annotations

from textwrap import indent

import pytest

from orchestrator.authoring import read_folder
from orchestrator.core.house import House
from orchestrator.language.design import load_design
from orchestrator.language.dispositions import BY_CODE
from orchestrator.lint.paths import Paths, State
from orchestrator.lint.subject import Subject
from tests.lint.designs import STARTERS, files

HEAD = """\
playbook: ways
title: Ways
stage: quote
owner: sales-ops
purpose: service
starts_on: quote.sent
stops_on: {quote.accepted: goal}
gives_up_after: 30 days
steps:
"""
CALL = """\
- touchpoint: check-in
  call: quote-check-in
  queue: sales
  attempts: {most: 3, apart: 1 business day}
  outcomes:
    voicemail_left:
      - {touchpoint: sorry, text: sorry-we-missed-you}
      - again
- {touchpoint: last-word, email: quote-last-word}
"""


def paths(steps: str, head: str = HEAD) -> Paths:
    return subject(steps, head).paths


def subject(steps: str, head: str = HEAD) -> Subject:
    design = load_design(files(head + indent(steps, "  ")))
    return Subject(design, design.playbooks["ways"], House.of(design.house_rules))


def test_the_way_to_a_step_is_told_with_what_happened() -> None:
    through = paths(CALL)

    assert through.words(through.find(lambda s: s.node == "check-in" and s.tries == 3) or ()) == (
        "quote.sent → check-in: no_answer ×2 → check-in"
    )
    assert through.words(through.to("last-word", "sent") or ()) == "quote.sent → check-in: completed → last-word: sent → the end"


def test_tries_are_counted_across_steps_in_between() -> None:
    """Three tries in all: after the third voicemail the text goes out, and the call does not come again."""
    through = paths(CALL)
    beside = [state for state in through.states if state.node == "sorry"]

    assert sorted(dict(state.memory)["check-in"] for state in beside) == [1, 2, 3]
    last = next(edge for state in beside if state.memory == (("check-in", 3),) for edge in through.out(state))
    assert last.used_up
    assert last.target.node == "last-word"


def test_every_disposition_has_an_edge() -> None:
    """Named, of its class, or the default of the disposition: no ending of a call leaves somebody behind."""
    through = paths(CALL)
    call = next(state for state in through.states if state.node == "check-in")

    assert {edge.result for edge in through.out(call)} >= set(BY_CODE)
    assert {edge.result: edge.target.node for edge in through.out(call)} | {
        "declined": "exit", "goal_met": "goal", "completed": "last-word", "no_answer": "check-in"
    } == {edge.result: edge.target.node for edge in through.out(call)}  # fmt: skip


def test_again_after_a_wait_or_a_condition_is_another_try() -> None:
    beside = "      - wait: 1 hour\n      - if: event.amount > 5\n        then: [again]\n"
    through = paths(CALL.replace("      - {touchpoint: sorry, text: sorry-we-missed-you}\n      - again\n", beside))

    assert through.find(lambda state: state.node == "check-in" and state.tries == 3)
    assert any(edge.used_up and edge.result == "yes" for state in through.states for edge in through.out(state))


def test_ways_that_contradict_themselves_are_not_walked() -> None:
    through = paths("- if: event.amount > 5\n  then:\n    - if: event.amount <= 5\n      then: [goal]\n")

    assert "goal" not in through.nodes
    assert "exhausted" in through.nodes


def test_what_may_change_while_somebody_waits_contradicts_nothing() -> None:
    """A locale may be corrected between two steps; at one moment it is one thing."""
    asked = "- if: customer.locale == null\n  then:\n{}    - if: customer.locale != null\n      then: [goal]\n"

    assert "goal" not in paths(asked.format("")).nodes
    assert "goal" in paths(asked.format("    - wait: 1 day\n")).nodes
    assert "goal" in paths(asked.format("    - {touchpoint: thanks, email: quote-thanks}\n")).nodes


def test_a_wait_sees_an_event_that_came_before_at_once() -> None:
    wait = "- wait_for: quote.withdrawn\n  within: 1 day\n  then:\n{}"
    through = paths(wait.format(indent(wait.format("    - goal\n  otherwise: [exit]\n"), "    ")))

    assert "goal" in through.nodes
    assert "exit" not in through.nodes


def test_a_wait_never_sees_an_event_that_ends_the_playbook() -> None:
    through = paths("- wait_for: [quote.accepted]\n  within: 1 day\n  then: [goal]\n  otherwise: [exit]\n")

    assert "exit" in through.nodes
    assert "goal" not in through.nodes


def test_the_company_s_playbooks_come_to_an_end_on_every_way() -> None:
    """No state leads back to itself: whatever happens, each step forward is one of finitely many."""
    design = load_design(read_folder(STARTERS))
    house = House.of(design.house_rules)

    for source in design.playbooks.values():
        through = Subject(design, source, house).paths
        assert through.exact
        done: set[State] = set()
        for state in reversed(_after_all_that_follow(through)):
            assert all(edge.target in done for edge in through.out(state)), f"{source.name}: {state} comes back"
            done.add(state)


def _after_all_that_follow(through: Paths) -> list[State]:
    """Every state before the states that it leads to, when there is such an order."""
    order: list[State] = []
    seen: set[State] = set()
    for start in through.starts:
        open_: list[tuple[State, bool]] = [(start, False)]
        while open_:
            state, left = open_.pop()
            if left:
                order.append(state)
            elif state not in seen:
                seen.add(state)
                open_.append((state, True))
                open_ += [(edge.target, False) for edge in through.out(state)]
    return list(reversed(order))


@pytest.mark.parametrize("most", [2, 20])
def test_a_playbook_with_very_many_states_is_still_walked(most: int) -> None:
    """Calls inside the outcomes of calls: their tries multiply. Then tries are not told apart, and nothing is missed."""
    steps = "- {touchpoint: end, email: quote-last-word}\n"
    for depth in range(4):
        call = f"- touchpoint: call-{depth}\n  call: quote-check-in\n  queue: sales\n  attempts: {{most: {most}, apart: 1 day}}\n"
        steps = f"{call}  outcomes:\n    busy:\n{indent(steps, '      ')}      - again\n"
    through = paths(steps)

    assert through.exact is (most == 2)
    assert "end" in through.contacts
    assert len(through.states) <= 1_000
