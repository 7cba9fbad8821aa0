"""Promise 9: one live lease per touch, one person per call; a stale owner's write changes nothing."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from orchestrator import desk, dispatch, engine
from orchestrator.channels.base import Outgoing
from orchestrator.core.model import TouchState
from orchestrator.desk import CALL_LEASE, NotHeld
from orchestrator.errors import NotFound
from orchestrator.ids import new_id
from orchestrator.store import touches
from orchestrator.sweep import sweep
from tests.stories.designs import playbook
from tests.stories.test_same_event_same_result import at_once
from tests.stories.world import World

CALL = "- touchpoint: check-in\n  call: check-in\n  queue: sales\n  attempts: {most: 2, apart: 1 business day}"


def test_a_dispatcher_that_comes_back_after_its_lease_changes_nothing(world: World) -> None:
    """It hangs at the provider, the sweep takes its claim over, and then it returns with 'accepted'."""
    world.publish(playbook("- touchpoint: hello\n  text: hello\n- touchpoint: thanks\n  email: thanks\n  after: 1 hour"))
    seen = []

    def hang(_: Outgoing) -> None:
        world.post.during = None
        world.clock.at += timedelta(seconds=121)
        sweep(world.another_process())
        seen.append(world.touches(touchpoint="hello")[0])

    world.post.during = hang
    engine.handle_events(world.parts, [world.event("quote.sent")])
    dispatch.drain(world.parts, "text")

    (hello,) = world.touches(touchpoint="hello")
    assert seen[0].state == hello.state == "unknown"
    assert seen[0].epoch == hello.epoch
    assert world.states("thanks") == [], "nothing follows from an answer that came too late"
    world.passes(timedelta(hours=3))
    world.expect_text("hello")
    world.expect_email("thanks")


def test_a_write_with_an_old_epoch_changes_nothing(world: World) -> None:
    world.publish(playbook(CALL))
    world.arrives("quote.sent")
    (before,) = world.touches()

    def late() -> set[object]:
        with world.parts.database.work() as work:
            row = {
                "id": before.id,
                "epoch": before.epoch - 1,
                "was_state": before.state,
                "state": TouchState.EXPIRED,
                "finished_at": world.clock.at,
            }
            return set(touches.move(work, [row]))

    assert late() == set()
    assert world.touches() == [before]
    world.expect_call("check-in")


def test_ten_people_who_click_at_once_get_ten_different_calls(world: World) -> None:
    world.publish(playbook(CALL))
    engine.handle_events(world.parts, [world.event("quote.sent", f"P{i}", f"quote/{i}") for i in range(10)])
    dispatch.drain(world.parts, "call")
    processes = [world.another_process() for _ in range(10)]

    def click(i: int) -> desk.CallTask | None:
        for _ in range(50):  # a row that somebody else looks at just now is passed over
            task = desk.claim_next(processes[i], f"person {i}")
            if task is not None:
                return task
        return None

    tasks = at_once(10, click)

    assert Counter(t.touch for t in tasks if t) == Counter({row.id: 1 for row in world.touches()})
    world.expects_anything()


def test_two_people_claim_one_call_and_one_gets_it(world: World) -> None:
    world.publish(playbook(CALL))
    world.arrives("quote.sent")
    processes = [world.another_process() for _ in range(6)]

    tasks = at_once(6, lambda i: desk.claim_next(processes[i], f"person {i}"))

    assert sum(t is not None for t in tasks) == 1
    world.expects_anything()


def test_a_second_click_of_the_same_person_gives_the_same_call(world: World) -> None:
    world.publish(playbook(CALL))
    engine.handle_events(world.parts, [world.event("quote.sent", f"P{i}", f"quote/{i}") for i in range(4)])
    dispatch.drain(world.parts, "call")
    processes = [world.another_process() for _ in range(4)]

    tasks = at_once(4, lambda i: desk.claim_next(processes[i], "ari"))

    assert len({t.touch for t in tasks if t}) == 1
    assert sorted(t.already_held for t in tasks if t) == [False, True, True, True]
    assert Counter(world.states("check-in")) == {"in_call": 1, "ready": 3}
    world.expects_anything()


def test_a_call_that_somebody_else_has_cannot_be_finished_and_says_who_has_it(world: World) -> None:
    world.publish(playbook(CALL))
    world.arrives("quote.sent")
    call = world.staff("ari").takes_next_call()

    refused = desk.finish(world.parts, call.task.touch, "bo", "completed")

    assert refused == NotHeld(TouchState.IN_CALL, "ari")
    assert desk.put_back(world.parts, call.task.touch, "bo") == NotHeld(TouchState.IN_CALL, "ari")
    assert call.ends("completed") is None
    assert call.ends("completed") == NotHeld(TouchState.DONE, "ari"), "the second click changes nothing"
    with pytest.raises(NotFound):
        desk.finish(world.parts, new_id(), "ari", "completed")


def test_a_call_that_was_put_back_is_there_for_the_next(world: World) -> None:
    world.publish(playbook(CALL))
    world.arrives("quote.sent")

    assert world.staff("ari").takes_next_call().is_put_back() is None

    call = world.staff("bo").takes_next_call()
    assert call.ends("completed") is None


def test_a_call_whose_disposition_is_missing_is_shown_and_may_be_finished_by_anyone(world: World) -> None:
    world.publish(playbook(CALL))
    world.arrives("quote.sent")
    call = world.staff("ari").takes_next_call()
    world.passes(CALL_LEASE + timedelta(minutes=1))
    (touch,) = world.touches()
    assert (touch.state, touch.reason) == ("unknown", "disposition missing")

    assert desk.finish(world.parts, call.task.touch, "bo", "no_answer") is None

    world.time_passes_until("Tue 10:00")
    assert world.staff("ari").takes_next_call().task.due.touch.tries == 2


def test_a_person_of_a_very_long_name_can_take_a_call(world: World) -> None:
    world.publish(playbook(CALL))
    world.arrives("quote.sent")

    assert world.staff("a." * 55).takes_next_call().ends("completed") is None
