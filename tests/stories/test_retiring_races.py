"""Publishing and retiring beside events: whoever begins does so with what is in force then, or not at all."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from orchestrator import authoring, engine, moving, versioning
from orchestrator.errors import InputError, NotFound
from orchestrator.parts import Parts
from orchestrator.store import enrollments
from orchestrator.store.audit import By
from orchestrator.store.database import Work
from tests.stories import designs
from tests.stories.designs import playbook
from tests.stories.meanwhile import meanwhile
from tests.stories.test_moving_races import SOON, beside, in_the_middle_of
from tests.stories.world import World

BY = By("mika", "lead")
TEXT = "- touchpoint: hello\n  text: hello\n  after: {}\n"


def taken_in(world: World, subject: str) -> Callable[[Parts], list[engine.Receipt]]:
    """What begins a follow-up with somebody who is known; it makes its first id when it has decided."""
    event = world.event("quote.sent", "Dana", subject)
    return lambda parts: engine.handle_events(parts, [event])


def retires(parts: Parts) -> versioning.Retired:
    return versioning.retire(parts, "follow-up", BY, end_inside=True)


def publishes(world: World, *playbooks: str) -> Callable[[Parts], Any]:
    designs.write(world.folder, *playbooks)
    return lambda parts: authoring.publish(parts, world.folder, "ops")


def test_nobody_is_left_inside_when_a_playbook_is_retired_and_everybody_ended_while_an_event_comes(world: World) -> None:
    world.publish(playbook(TEXT.format("1 day")))
    world.arrives("quote.sent", "Dana", "quote/old")

    _, retired = beside(taken_in(world, "quote/new"), world, retires)
    world.passes(timedelta(days=3))

    assert (retired.number, retired.ended) == (1, retired.inside)
    assert {run.end_reason for run in world.runs()} == {"stopped"}, "and nobody was contacted, says the world"


@pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("after", range(1, 8))  # units of work of whoever retires
@pytest.mark.parametrize(("frm", "to"), [(1, 2), (2, 1)])
def test_nobody_is_moved_past_the_end_of_everybody_inside(world: World, frm: int, to: int, after: int) -> None:
    world.publish(playbook(TEXT.format("1 day")))
    world.arrives("quote.sent", "Dana", "quote/1")
    world.publish(playbook(TEXT.format("2 days")))
    world.arrives("quote.sent", "Eli", "quote/2")
    who = moving.Who("follow-up", to, frm)

    def moves() -> None:
        with contextlib.suppress(InputError, NotFound):  # everybody is out already
            moving.move(world.another_process(), who, By("lee", "lead"))

    done = retires(meanwhile(world.parts, moves, after))

    assert {run.end_reason for run in world.runs()} == {"stopped"}
    assert done.ended == 2
    world.expects_anything()


def test_an_event_that_comes_while_another_version_is_published_begins_with_one_that_is_in_force(world: World) -> None:
    world.publish(playbook(TEXT.format("1 day")))
    world.arrives("quote.sent", "Dana", "quote/old")
    in_force: dict[str, int] = {}

    def publish(parts: Parts) -> None:
        publishes(world, playbook(TEXT.format("2 days")))(parts)
        in_force.update({run.subject: run.number for run, _ in parts.database.run(opened)})

    def opened(work: Work) -> list[Any]:
        return enrollments.open_for(work, ["quote/new"])

    ((receipt,), _) = beside(taken_in(world, "quote/new"), world, publish)

    (run,) = world.runs(subject="quote/new")
    (begun,) = (r.number for r, _ in world.parts.database.run(opened))
    assert receipt.enrollments == (run.id,)
    assert begun == in_force.get("quote/new", 2), "the first one, if it was inside before the second came out"
    world.expects_anything()


@pytest.mark.parametrize("ready_url", [pytest.param("postgres", marks=pytest.mark.servers)], indirect=True)  # SQLite: one writer
def test_who_retires_or_publishes_waits_for_an_event_that_is_under_way(world: World) -> None:
    world.publish(playbook(TEXT.format("1 day")))
    world.arrives("quote.sent", "Dana", "quote/old")
    order: list[str] = []

    def retire(parts: Parts) -> None:
        versioning.retire(parts, "follow-up", BY)
        order.append("retired")

    with ThreadPoolExecutor(1) as pool:
        with in_the_middle_of(taken_in(world, "quote/new"), world.another_process()) as event:
            event.add_done_callback(lambda _: order.append("taken in"))
            retiring = pool.submit(retire, world.another_process())
            threading.Event().wait(0.3)
            assert order == []
        retiring.result(SOON)

    assert order == ["taken in", "retired"]
    assert [run.end_reason for run in world.runs()] == [None, None]
    world.expects_anything()
