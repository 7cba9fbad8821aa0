"""Promise 6: never after an opt-out, and never after the goal or a stop event, however closely they race."""

from __future__ import annotations

import random
import threading
from datetime import timedelta
from uuid import UUID

import pytest

from orchestrator import desk, dispatch, engine
from orchestrator.channels.base import Outgoing
from orchestrator.store import schema
from tests.stories.designs import playbook
from tests.stories.world import World

STEPS = """
- touchpoint: thanks
  email: thanks
  after: 10 minutes
- touchpoint: check-in
  call: check-in
  queue: sales
  after: 1 hour
  attempts: {most: 3, apart: 1 business day}
- touchpoint: last-word
  text: last-word
  after: 1 day
"""
SEED = 20260914


def test_nothing_follows_the_goal(world: World) -> None:
    world.publish(playbook(STEPS))
    world.arrives("quote.sent")
    world.time_passes_until("Mon 09:30")
    world.expect_email("thanks")

    world.arrives("quote.accepted")

    world.passes(timedelta(days=70))
    assert world.ended() == "goal"


def test_nothing_follows_an_opt_out_from_everything(world: World) -> None:
    world.publish(playbook(STEPS), playbook(STEPS, name="other"))
    world.arrives("quote.sent")

    assert world.opts_out("Dana") == 2

    world.passes(timedelta(days=70))
    assert {run.end_reason for run in world.runs()} == {"opted_out"}
    world.arrives("quote.sent", "Dana", "quote/Q-2")
    world.passes(timedelta(days=1))


def test_an_opt_out_from_one_channel_leaves_the_others(world: World) -> None:
    world.publish(playbook("- touchpoint: thanks\n  email: thanks\n- touchpoint: hello\n  text: hello\n  after: 1 hour"))
    world.arrives("quote.sent", at="Mon 09:00")
    world.expect_email("thanks")

    world.opts_out("Dana", "text")

    world.passes(timedelta(days=2))
    assert world.states("hello") == ["skipped"]


@pytest.mark.parametrize("how", ["goal", "opt-out"])
def test_a_waiting_call_leaves_the_queue_with_its_enrollment(world: World, how: str) -> None:
    world.publish(playbook(STEPS))
    world.arrives("quote.sent")
    world.time_passes_until("Mon 11:00")
    world.expect_email("thanks")
    world.expect_call("check-in")

    if how == "goal":
        world.arrives("quote.accepted")
    else:
        world.opts_out("Dana")

    world.staff("ari").finds_no_call()
    assert world.states("check-in") == ["cancelled"]


def test_a_call_under_way_when_the_goal_comes_is_the_last(world: World) -> None:
    world.publish(playbook(STEPS))
    world.arrives("quote.sent")
    world.time_passes_until("Mon 11:00")
    world.expect_email("thanks")
    call = world.staff("ari").takes_next_call()

    world.arrives("quote.accepted")
    assert call.ends("no_answer") is None

    world.passes(timedelta(days=70))
    assert world.ended() == "goal"
    assert world.states("check-in") == ["done"]


def test_a_call_put_back_after_the_goal_is_never_offered_again_and_the_goal_stays(world: World) -> None:
    world.publish(playbook(STEPS))
    world.arrives("quote.sent")
    world.time_passes_until("Mon 11:00")
    world.expect_email("thanks")
    call = world.staff("ari").takes_next_call()
    world.arrives("quote.accepted")

    call.is_put_back()

    world.passes(timedelta(days=70))
    world.staff("ari").finds_no_call()
    assert world.ended() == "goal"
    assert world.states("check-in") == ["cancelled"]


def test_do_not_contact_on_the_phone_ends_everything_about_this_customer(world: World) -> None:
    world.publish(playbook(STEPS), playbook("- touchpoint: hello\n  text: hello\n  after: 3 days", name="other"))
    world.arrives("quote.sent")
    world.time_passes_until("Mon 11:00")
    world.expect_email("thanks")

    world.staff("ari").takes_next_call().ends("do_not_contact")

    world.passes(timedelta(days=70))
    assert {run.end_reason for run in world.runs()} == {"opted_out"}


def test_a_message_refused_for_now_is_not_tried_again_after_the_goal(world: World) -> None:
    world.publish(playbook("- touchpoint: thanks\n  email: thanks\n- wait: 1 day"))
    world.post.will("busy")
    world.arrives("quote.sent")

    world.arrives("quote.accepted")

    world.passes(timedelta(days=1))
    assert world.states("thanks") == ["cancelled"]


def test_a_goal_while_the_message_is_under_way_lets_nothing_follow(world: World) -> None:
    world.publish(playbook("- touchpoint: thanks\n  email: thanks\n- touchpoint: hello\n  text: hello\n  after: 1 hour"))

    def goal(_: Outgoing) -> None:
        world.post.during = None
        engine.handle_events(world.parts, [world.event("quote.accepted")])

    world.post.during = goal
    world.arrives("quote.sent")

    world.passes(timedelta(days=2))
    world.expect_email("thanks")
    assert world.ended() == "goal"


@pytest.mark.servers
@pytest.mark.parametrize("how", ["opt-out", "no-more-emails", "stop", "desk"])
def test_nothing_begins_after_an_opt_out_or_stop_was_committed_however_they_race(postgres_world: World, how: str) -> None:
    """Many small races: a dispatcher drains (or staff claims) while another process stops. Intents written after it are a breach."""
    world, count = postgres_world, 80
    channel = "email" if how == "no-more-emails" else "all"
    steps = "- touchpoint: thanks\n  email: thanks\n- wait: 30 days"
    if how == "desk":
        steps = "- touchpoint: check-in\n  call: check-in\n  queue: sales"
    world.publish(playbook(steps))
    engine.handle_events(world.parts, [world.event("quote.sent", f"P{i}", f"quote/{i}") for i in range(count)])
    if how == "desk":
        dispatch.drain(world.parts, "call")
    stopper = world.another_process()
    ids = {row.ref: row.id for row in world.rows(schema.customer)}
    chance = random.Random(SEED)
    print("seed", SEED)
    order = chance.sample(range(count), count)
    begun_then: dict[int, int] = {}
    gate = threading.Barrier(2)

    def stops() -> None:
        gate.wait()
        for i in order:
            if how == "stop":
                engine.handle_events(stopper, [world.event("quote.accepted", None, f"quote/{i}", key=f"stop{i}")])
            else:
                engine.opt_out(stopper, ids[f"C-P{i}"], channel, "asked for it", world.clock.at)
            begun_then[i] = _begun(world, ids[f"C-P{i}"])

    thread = threading.Thread(target=stops)
    thread.start()
    gate.wait()
    while thread.is_alive():
        if how == "desk":
            task = desk.claim_next(world.parts, "ari")
            if task is not None:
                desk.finish(world.parts, task.touch, "ari", "completed")
        else:
            dispatch.drain_once(world.parts, "email", chance.randint(1, 4))
    thread.join()
    world.settle()

    assert len(begun_then) == count
    assert {i: _begun(world, ids[f"C-P{i}"]) for i in order} == begun_then
    before = sum(begun_then.values())
    assert 0 < before < count, f"no race: {before} of {count} had begun"
    world.expects_anything()


def _begun(world: World, customer: UUID) -> int:
    touches = [row.id for row in world.touches(customer_id=customer)]
    return sum(len(world.rows(schema.attempt, touch_id=touch)) for touch in touches)
