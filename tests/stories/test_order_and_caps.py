"""Promise 7: never early, never out of order within an enrollment; caps hold over calls and messages together."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from orchestrator import desk, dispatch, engine
from orchestrator.store import schema
from tests.stories.designs import playbook
from tests.stories.test_same_event_same_result import at_once
from tests.stories.world import World

THREE = """
- touchpoint: one
  email: one
  after: 10 minutes
- touchpoint: two
  text: two
  after: 3 days
  at: "10:00"
- touchpoint: three
  email: three
  after: 1 week
"""
CAP = {"caps": "[{most: 2, per: day}]"}


def test_each_step_comes_at_its_hour_and_in_its_order(world: World) -> None:
    world.publish(playbook(THREE))

    world.arrives("quote.sent")

    world.passes(timedelta(days=30))
    world.expect_email("one", at="Mon 2026-09-14 09:10")
    world.expect_text("two", at="Thu 2026-09-17 10:00")
    world.expect_email("three", at="Thu 2026-09-24 10:00")


def test_a_step_that_hangs_holds_those_after_it_and_no_other_enrollment(world: World) -> None:
    world.publish(playbook("- touchpoint: one\n  text: one\n- touchpoint: two\n  email: two\n  after: 1 hour"))
    world.post.can_tell = False
    world.post.will("answer lost")
    world.arrives("quote.sent", "Dana")
    world.arrives("quote.sent", "Eli", "quote/Q-2")

    world.passes(timedelta(days=1))

    world.expect_text("one", to="Dana")
    world.expect_text("one", to="Eli")
    world.expect_email("two", to="Eli")
    assert world.states("two") == ["sent"], "Dana's waits until somebody knows about the first"


def test_a_daily_cap_counts_calls_and_messages_of_all_playbooks(world: World) -> None:
    call = "- touchpoint: check-in\n  call: check-in\n  queue: sales\n  due_within: 2 days"
    world.publish(
        playbook("- touchpoint: one\n  email: one"),
        playbook("- touchpoint: two\n  text: two\n  after: 1 hour", name="other"),
        playbook(call, name="calls"),
        house=CAP,
    )
    world.arrives("quote.sent")
    world.expect_email("one")
    world.staff("ari").takes_next_call().ends("completed")

    world.time_passes_until("Mon 20:00")
    world.expect_nothing()

    world.time_passes_until("Tue 12:00")
    world.expect_text("two", at="Tue 2026-09-15 08:00")
    assert "2 contacts on this day" in " ".join(world.said("touch.deferred"))


def test_a_call_that_would_be_one_too_many_leaves_the_queue_until_tomorrow(world: World) -> None:
    call = "- touchpoint: check-in\n  call: check-in\n  queue: sales\n  due_within: 2 days"
    world.publish(
        playbook(call),
        playbook("- touchpoint: one\n  email: one\n  after: 1 hour", name="other"),
        house={"caps": "[{most: 1, per: day}]"},
    )
    world.arrives("quote.sent")
    world.expect_call("check-in")
    world.time_passes_until("Mon 11:00")
    world.expect_email("one")

    world.staff("ari").finds_no_call()

    world.time_passes_until("Tue 09:30")
    assert world.staff("ari").takes_next_call().touchpoint == "check-in"


def test_a_call_put_off_to_tomorrow_is_not_passed_on_the_moment_it_comes_back(world: World) -> None:
    call = "- touchpoint: check-in\n  call: check-in\n  queue: sales\n  due_within: 2 days\n  escalates: {after: 1 hour, queue: leads}"
    world.publish(
        playbook("- touchpoint: one\n  email: one"),
        playbook(call, name="calls", starts_on="quote.changed"),
        house={"caps": "[{most: 1, per: day}]"},
    )
    world.arrives("quote.sent")
    world.expect_email("one")
    world.arrives("quote.changed")

    world.time_passes_until("Tue 09:30")
    world.expect_call("check-in", queue="sales")

    world.time_passes_until("Tue 10:30")
    assert world.touches(touchpoint="check-in")[0].queue == "leads"


@pytest.mark.servers
@pytest.mark.parametrize("most", [1, 2])
def test_a_cap_holds_while_two_dispatchers_and_the_desk_race_for_the_same_customers(postgres_world: World, most: int) -> None:
    world = postgres_world
    world.publish(
        playbook("- touchpoint: one\n  email: one", name="mails"),
        playbook("- touchpoint: two\n  text: two", name="texts"),
        playbook("- touchpoint: three\n  voicemail: three", name="voicemails"),
        playbook("- touchpoint: check-in\n  call: check-in\n  queue: sales", name="calls"),
        house={"caps": f"[{{most: {most}, per: day}}]"},
    )
    engine.handle_events(world.parts, [world.event("quote.sent", f"P{i}", f"quote/{i}") for i in range(40)])
    dispatch.drain(world.parts, "call")
    processes = [world.another_process() for _ in range(5)]
    channels = ("email", "text", "voicemail", "email")

    def race(i: int) -> None:
        for _ in range(15):
            if i < len(channels):
                dispatch.drain_once(processes[i], channels[i], 5)
            elif (task := desk.claim_next(processes[i], "ari")) is not None:
                desk.finish(processes[i], task.touch, "ari", "completed")

    at_once(5, race)
    world.settle()

    per_customer = Counter(row.customer_id for row in world.touches() if row.effect_at is not None)
    assert set(per_customer.values()) == {most}, "as many as are allowed, and no more"
    assert len(per_customer) == len(world.rows(schema.customer)) == 40
    world.expects_anything()
