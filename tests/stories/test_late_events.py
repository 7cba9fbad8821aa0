"""Events come late, doubled, out of order, or after an outage; what follows is what would have followed in order, never a burst."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator import dispatch, engine
from orchestrator.channels.base import Outgoing
from tests.stories.designs import playbook
from tests.stories.world import World, repeated

HELLO = "- touchpoint: hello\n  text: hello\n  after: 1 hour"
WAIT = """
- touchpoint: thanks
  email: thanks
- wait_for: quote.viewed
  within: 3 days
  then:
    - touchpoint: seen
      text: seen
      after: 1 hour
  otherwise:
    - touchpoint: unseen
      text: unseen
"""


def test_a_stop_that_is_seen_before_its_start_prevents_it(world: World) -> None:
    world.publish(playbook(HELLO))
    world.time_passes_until("Mon 12:00")
    world.arrives("quote.accepted", at="Mon 2026-09-14 11:00")

    world.arrives("quote.sent", at="Mon 2026-09-14 10:00")

    world.passes(timedelta(days=2))
    assert world.runs() == []
    assert "had already come" in world.said("enrollment.prevented")[0]


def test_a_stop_that_is_older_than_the_start_changes_nothing(world: World) -> None:
    world.publish(playbook(HELLO))
    world.arrives("quote.sent")

    world.arrives("quote.accepted", at="Mon 2026-09-14 08:00")

    world.time_passes_until("Mon 12:00")
    world.expect_text("hello")
    assert world.said("stop.older_than_start")


def test_a_start_and_its_stop_in_one_batch_in_either_order(world: World) -> None:
    world.publish(playbook(HELLO))
    start, stop = world.event("quote.sent", subject="quote/1"), world.event("quote.accepted", subject="quote/1")
    late_start, early_stop = world.event("quote.sent", subject="quote/2"), world.event("quote.accepted", subject="quote/2")

    engine.handle_events(world.parts, [start, stop, early_stop, late_start])

    world.passes(timedelta(days=2))
    assert world.ended("quote/1") == "goal"
    assert world.runs(subject="quote/2") == []


def test_history_that_is_filled_in_contacts_nobody_but_counts_as_known(world: World) -> None:
    world.publish(playbook(HELLO))
    world.arrives("quote.sent", backfill=True)
    world.passes(timedelta(days=2))
    assert world.runs() == []

    world.arrives("quote.accepted", None, "quote/Q-2", backfill=True)
    world.arrives("quote.sent", "Dana", "quote/Q-2", at=world.clock.at - timedelta(hours=1))

    world.passes(timedelta(days=2))
    assert world.runs() == []


def test_history_still_stops_what_is_running(world: World) -> None:
    world.publish(playbook(HELLO))
    world.arrives("quote.sent")

    world.arrives("quote.accepted", backfill=True)

    world.passes(timedelta(days=2))
    assert world.ended() == "goal"


def test_an_event_that_comes_a_week_late_is_not_followed_up_in_a_hurry(world: World) -> None:
    world.publish(playbook(f"{HELLO}\n- touchpoint: thanks\n  email: thanks\n  after: 8 days"))

    world.arrives("quote.sent", at="Tue 2026-09-08 09:00")

    assert world.states("hello") == ["expired"]
    world.passes(timedelta(days=3))
    world.expect_email("thanks", at="Wed 2026-09-16 10:00")


def test_an_event_older_than_the_follow_up_lasts_starts_nothing(world: World) -> None:
    world.publish(playbook(HELLO, gives_up_after="5 days"))

    world.arrives("quote.sent", at="Mon 2026-09-07 09:00")

    assert world.runs() == []
    assert world.said("enrollment.too_late")


def test_after_an_outage_of_ten_days_nobody_gets_a_burst(world: World) -> None:
    daily = "\n".join(f"- touchpoint: day-{i}\n  email: day-{i}\n  after: 1 day" for i in range(1, 15))
    world.publish(playbook(daily), playbook(HELLO, name="other"))
    for i in range(20):
        engine.handle_events(world.parts, [world.event("quote.sent", f"P{i}", f"quote/{i}")])

    world.outage_until("Thu 2026-09-24 10:00")
    world.settle()

    emails = [r for r in world.post.reached if r.channel == "email"]
    assert len(emails) <= 20, "one each at most: the latest that is still of use"
    assert {r.touchpoint for r in emails} <= {"day-8", "day-9", "day-10"}
    assert [r for r in world.post.reached if r.channel == "text"] == [], "ten days late is too late"
    assert set(world.states("hello")) == {"expired"}
    world.expects_anything()


def test_a_wait_ends_when_its_event_comes(world: World) -> None:
    world.publish(playbook(WAIT))
    world.arrives("quote.sent")
    world.expect_email("thanks")
    world.time_passes_until("Tue 09:00")

    world.arrives("quote.viewed", None)

    world.time_passes_until("Tue 12:00")
    world.expect_text("seen", at="Tue 2026-09-15 10:00")
    world.passes(timedelta(days=5))


def test_a_wait_that_is_over_goes_the_other_way_and_its_event_comes_too_late(world: World) -> None:
    world.publish(playbook(WAIT))
    world.arrives("quote.sent")
    world.expect_email("thanks")

    world.time_passes_until("Thu 10:00")
    world.expect_text("unseen", at="Thu 2026-09-17 09:00")

    world.arrives("quote.viewed", None)
    world.passes(timedelta(days=5))


def test_an_event_that_comes_before_its_wait_is_reached_counts(world: World) -> None:
    world.publish(playbook(WAIT.replace("email: thanks", "email: thanks\n  after: 1 day")))
    world.arrives("quote.sent")
    world.arrives("quote.viewed", None)

    world.time_passes_until("Tue 12:00")

    world.expect_email("thanks")
    world.expect_text("seen", at="Tue 2026-09-15 10:00")


def test_an_event_that_comes_while_the_message_before_its_wait_is_going_out_counts(world: World) -> None:
    world.publish(playbook(WAIT))

    def viewed(_: Outgoing) -> None:
        world.post.during = None
        engine.handle_events(world.parts, [world.event("quote.viewed", None)])

    world.post.during = viewed
    world.arrives("quote.sent")

    world.time_passes_until("Mon 12:00")
    world.expect_email("thanks")
    world.expect_text("seen", at="Mon 2026-09-14 10:00")


def test_an_event_older_than_the_start_ends_no_wait(world: World) -> None:
    world.publish(playbook(WAIT))
    world.arrives("quote.sent")
    world.expect_email("thanks")

    world.arrives("quote.viewed", None, at="Mon 2026-09-14 08:00")

    world.time_passes_until("Thu 10:00")
    world.expect_text("unseen")


def test_one_event_ends_the_waits_of_two_playbooks_and_each_once(world: World) -> None:
    other = WAIT.replace("thanks", "two-thanks").replace(": seen", ": two-seen").replace(": unseen", ": two-unseen")
    world.publish(playbook(WAIT), playbook(other, name="two"))
    world.arrives("quote.sent")
    world.expect_email("thanks")
    world.expect_email("two-thanks")
    viewed = world.event("quote.viewed", None)

    engine.handle_events(world.parts, [viewed, repeated(viewed)])
    engine.handle_events(world.parts, [repeated(viewed)])

    world.passes(timedelta(days=5))
    world.expect_text("seen")
    world.expect_text("two-seen")


def test_a_wait_is_over_and_its_event_comes_in_the_same_second(world: World) -> None:
    world.publish(playbook(WAIT))
    world.arrives("quote.sent")
    world.expect_email("thanks")
    world.outage_until("Thu 09:00")

    engine.handle_events(world.parts, [world.event("quote.viewed", None)])
    dispatch.drain(world.parts, "wait")

    world.passes(timedelta(days=2))
    world.expect_text("seen")


@pytest.mark.parametrize(
    ("re_entry", "again_while_inside", "again_afterwards"),
    [("never", 1, 1), ("after end", 1, 2), ("restart", 2, 3)],
)
def test_a_second_start_does_what_the_playbook_says(
    world: World, re_entry: str, again_while_inside: int, again_afterwards: int
) -> None:
    world.publish(playbook(HELLO, re_entry=re_entry))
    world.arrives("quote.sent")
    world.passes(timedelta(minutes=10))

    world.arrives("quote.sent")
    assert len(world.runs()) == again_while_inside
    assert sum(run.ended_at is None for run in world.runs()) == 1
    world.passes(timedelta(days=1))
    world.expect_text("hello")

    world.arrives("quote.sent")
    assert len(world.runs()) == again_afterwards
    world.passes(timedelta(days=1))
    if again_afterwards > again_while_inside:
        world.expect_text("hello")


def test_a_restart_never_sends_the_touch_of_the_old_run(world: World) -> None:
    world.publish(playbook(HELLO, re_entry="restart"))
    world.arrives("quote.sent")
    world.time_passes_until("Mon 09:30")

    world.arrives("quote.sent")
    world.arrives("quote.sent", at="Mon 2026-09-14 08:00")

    world.time_passes_until("Mon 15:00")
    world.expect_text("hello", at="Mon 2026-09-14 10:30")
    assert world.said("enrollment.older")
    assert [run.end_reason for run in world.runs()] == ["superseded", "exhausted"]
