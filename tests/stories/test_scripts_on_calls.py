"""The script that follows a call, and what it holds back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from orchestrator import filing, scripting
from orchestrator.errors import InputError
from orchestrator.filing import Filing
from orchestrator.language.script import Script
from tests.stories.designs import playbook
from tests.stories.world import Taken, World

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
SCRIPT = """\
---
title: Check in
goal: Hear what they think.
questions:
  feeling: {ask: How does it look?, kind: choice, choices: [good, too dear], required: true}
  budget: {ask: What would fit?, kind: number, required: true}
---
> Hello {{ customer.first_name | default: "you" }}.

{% ask feeling %}
{% if answers.feeling == "too dear" %}
{% ask budget %}
{% if answers.budget > 1000 %}
> That is possible.
{% endif %}
{% endif %}
"""


def called(world: World, script: str = SCRIPT) -> Taken:
    world.publish(playbook("- touchpoint: check-in\n  call: check-in\n  queue: sales"), words={"scripts/check-in.md": script})
    world.arrives("quote.sent")
    world.expect_call("check-in")
    return world.staff("ari").takes_next_call()


def read(world: World, call: Taken, **answers: str) -> Script:
    def unit(work: Any) -> Script:
        return scripting.script_of(work, world.parts.rulebook.refresh(work), call.task.due, answers)

    return world.parts.database.run(unit)


def said(made: Script) -> list[str]:
    return [b.name if b.block == "ask" else b.html for b in made.sections[0].blocks]


def test_the_script_follows_what_is_typed_so_far(world: World) -> None:
    call = called(world)

    assert said(read(world, call)) == ["<p>Hello Dana.</p>", "feeling"]
    assert said(read(world, call, feeling="too dear", budget="9oo")) == ["<p>Hello Dana.</p>", "feeling", "budget"]
    assert said(read(world, call, feeling="too dear", budget="1 200"))[-1] == "<p>That is possible.</p>"


def test_what_cannot_be_filled_in_leaves_a_gap_and_the_questions(world: World) -> None:
    call = called(world, SCRIPT.replace("> Hello", "> {{ customer.id | money: 'USD' }}. Hello"))

    made = read(world, call)

    assert made.gap is not None
    assert "is not a number" in made.gap
    assert made.asked == {"feeling", "budget"}


@pytest.mark.parametrize(("answers", "missing"), [({}, "feeling"), ({"feeling": "too dear"}, "budget")])
def test_a_required_question_that_was_asked_holds_the_finish_back(world: World, answers: dict[str, str], missing: str) -> None:
    call = called(world)

    with pytest.raises(InputError) as refused:
        filing.file(world.parts, call.task.touch, "ari", Filing("completed", answers=answers))

    assert [p.place for p in refused.value.problems] == [missing]


@pytest.mark.parametrize("answers", [{"feeling": "good"}, {"feeling": "too dear", "budget": "900"}])
def test_a_required_question_that_was_not_asked_holds_nothing_back(world: World, answers: dict[str, str]) -> None:
    call = called(world)

    done = filing.file(world.parts, call.task.touch, "ari", Filing("completed", answers=answers))

    assert isinstance(done, filing.Filed)
    world.passes(timedelta(minutes=1))  # it cannot be undone any more
    assert world.states("check-in") == ["done"]
