"""A move beside everything else that decides about the same customers: each comes before the other or after, never between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from orchestrator import desk, dispatch, engine, moving
from orchestrator.core.model import EndReason
from orchestrator.ids import new_id
from orchestrator.moving import Moved, Who
from orchestrator.parts import Parts
from orchestrator.store.audit import By
from tests.stories.designs import playbook
from tests.stories.world import World

BY = By("mika", "lead")
TEXTS = "- touchpoint: hello\n  text: hello\n  after: {}\n- touchpoint: last-word\n  email: last-word\n  after: 9 days\n"
CALLS = "- touchpoint: check-in\n  call: check-in\n  queue: {}\n  after: 1 day\n"
SOON = 20.0  # seconds: a test that waits so long has failed


class Stopping:
    """Makes ids, and stops at the first one until it is let go: inside a unit of work, with its locks held."""

    def __init__(self) -> None:
        self.there, self.go = threading.Event(), threading.Event()

    def __call__(self) -> UUID:
        self.there.set()
        assert self.go.wait(SOON), "it was never let go"
        return new_id()


@contextmanager
def in_the_middle_of(act: Callable[[Parts], Any], parts: Parts) -> Iterator[Future[Any]]:
    """Another process does this and stands still inside its unit of work; it goes on when the block is over."""
    stopping = Stopping()
    with ThreadPoolExecutor(1) as pool:
        doing = pool.submit(act, replace(parts, new_id=stopping))
        try:
            assert stopping.there.wait(SOON), doing.exception(0) if doing.done() else "it never made an id"
            yield doing
        finally:
            stopping.go.set()


def moves(parts: Parts) -> Moved:
    return moving.move(parts, Who("follow-up"), BY)


def begun(world: World, steps: str, before: str, after: str) -> None:
    """Dana is inside version 1, and version 2 is out."""
    world.publish(playbook(steps.format(before)))
    world.arrives("quote.sent")
    world.publish(playbook(steps.format(after)))


def beside(act: Callable[[Parts], Any], world: World, meanwhile: Callable[[Parts], Any]) -> tuple[Any, Any]:
    """One process is in the middle of something when another one begins; both results."""
    with ThreadPoolExecutor(1) as pool:
        with in_the_middle_of(act, world.another_process()) as first:
            second = pool.submit(meanwhile, world.another_process())
            second.exception(0.3) if second.done() else threading.Event().wait(0.3)  # it has reached the locks
        return first.result(SOON), second.result(SOON)


def test_a_stop_that_comes_during_the_move_ends_it_in_the_new_version(world: World) -> None:
    begun(world, TEXTS, "4 days", "2 days")
    stop = world.event("quote.accepted", None)  # it names no customer: the subject alone keeps them apart

    done, _ = beside(moves, world, lambda parts: engine.handle_events(parts, [stop]))
    world.passes(timedelta(days=12))

    assert done.moved == 1
    assert world.ended() is EndReason.GOAL
    assert world.states("hello") == ["cancelled", "cancelled"]


def test_an_opt_out_that_comes_during_the_move_ends_it_too(world: World) -> None:
    begun(world, TEXTS, "4 days", "2 days")
    dana = world.customer("Dana")

    done, ended = beside(moves, world, lambda parts: engine.opt_out(parts, dana, "all", "asked for it", world.clock.at))
    world.passes(timedelta(days=12))

    assert (done.moved, ended) == (1, 1)
    assert world.ended() is EndReason.OPTED_OUT


def test_a_worker_that_comes_during_the_move_sends_what_the_new_version_says_and_only_that(world: World) -> None:
    begun(world, TEXTS, "1 day", "3 days")
    world.outage_until("Tue 09:00")  # due in version 1 at this moment

    done, _ = beside(moves, world, lambda parts: dispatch.drain(parts, "text"))
    world.passes(timedelta(days=4))

    assert done.moved == 1
    world.expect_text("hello", at="Thu 2026-09-17 09:00")


def test_a_touch_that_a_worker_has_claimed_is_left_alone(world: World) -> None:
    begun(world, TEXTS, "1 day", "3 days")
    world.outage_until("Tue 09:00")

    _, done = beside(lambda parts: dispatch.drain(parts, "text"), world, moves)
    world.passes(timedelta(days=1))

    assert done.moved + len(done.stayed) == 1
    world.expect_text("hello", at="Tue 2026-09-15 09:00")
    if done.moved:  # it came after the text: what is left counts from it
        assert world.states("hello") == ["sent"]


def test_a_call_that_somebody_takes_during_the_move_is_in_one_queue_only(world: World) -> None:
    begun(world, CALLS, "sales", "leads")
    world.time_passes_until("Tue 12:00")

    done, taken = beside(moves, world, lambda parts: desk.claim_next(parts, "ari", ("sales",)))
    world.settle()

    assert (done.moved, taken) == (1, None)
    world.expect_call("check-in", queue="leads")
    assert world.states("check-in") == ["cancelled", "ready"]


def test_a_call_that_is_being_taken_stays_with_whoever_takes_it(world: World) -> None:
    begun(world, CALLS, "sales", "leads")
    world.time_passes_until("Tue 12:00")

    taken, done = beside(lambda parts: desk.claim_next(parts, "ari", ("sales",)), world, moves)

    assert taken is not None
    assert done.stayed == {"somebody has the call": 1}
    assert world.states("check-in") == ["in_call"]


def test_two_moves_at_once_move_each_of_them_once(world: World) -> None:
    begun(world, TEXTS, "4 days", "2 days")

    first, second = beside(moves, world, moves)

    assert first.moved + second.moved == 1
    assert world.states("hello") == ["cancelled", "planned"]
    assert len(world.said("enrollment.moved")) == 1


def test_moved_to_and_fro_among_workers_and_events_nobody_is_contacted_twice_or_after_a_stop(world: World) -> None:
    text = "- touchpoint: hello\n  text: hello\n  after: 1 day\n"
    mail = "- touchpoint: last-word\n  email: last-word\n  after: 1 day\n"
    people = [f"P{n}" for n in range(12)]
    for steps, some in ((text + mail, people[:6]), (mail + text, people[6:])):
        world.publish(playbook(steps))
        for name in some:
            world.arrives("quote.sent", name, f"quote/{name}")
    for turn in range(6):
        world.clock.at += timedelta(hours=11)
        acts: list[Callable[[Parts], Any]] = [
            lambda parts, to=turn % 2 + 1: moving.move(parts, Who("follow-up", to=to), BY),  # type: ignore[misc]  # bound at once
            lambda parts: [dispatch.drain(parts, channel) for channel in ("text", "email", "text")],
        ]
        if turn == 2:
            stops = [world.event("quote.accepted", name, f"quote/{name}") for name in people[::4]]
            acts.append(lambda parts, stops=stops: engine.handle_events(parts, stops))  # type: ignore[misc]  # bound at once
        with ThreadPoolExecutor(len(acts)) as pool:
            for result in [pool.submit(act, world.another_process()) for act in acts]:
                result.result(SOON)
    world.passes(timedelta(days=6))

    runs = {run.id: run for run in world.runs()}
    made = [t for t in world.touches() if t.effect_at is not None]
    assert len({(t.enrollment_id, t.touchpoint) for t in made}) == len(made), "somebody got the same twice"
    assert [t.id for t in made if t.effect_at > runs[t.enrollment_id].ended_at] == [], "somebody was contacted after the end"
    assert {run.end_reason for run in runs.values()} == {"exhausted", "goal"}
    assert {t.enrollment_id for t in made} >= {run.id for run in runs.values() if run.end_reason == "exhausted"}, "left out"
    world.expects_anything()
