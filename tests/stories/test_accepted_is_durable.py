"""Promise 1: accepted is durable, and leads to exactly the touches that the pinned version prescribes."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator import engine
from orchestrator.errors import DatabaseError
from tests.stories.designs import playbook
from tests.stories.world import World

STEPS = """
- touchpoint: thanks
  email: thanks
  after: 10 minutes
- touchpoint: check-in
  call: check-in
  queue: sales
  after: 2 business days
  outcomes:
    completed: continue
- touchpoint: last-word
  text: last-word
  after: 1 day
"""


def test_an_accepted_event_survives_a_crash_right_after_the_answer(world: World) -> None:
    world.publish(playbook(STEPS))
    (receipt,) = engine.handle_events(world.parts, [world.event("quote.sent")])

    world.restarts()

    assert receipt.status == "accepted"
    world.time_passes_until("Mon 12:00")
    world.expect_email("thanks", at="Mon 2026-09-14 09:10")
    world.time_passes_until("Wed 12:00")
    world.expect_call("check-in")


def test_an_event_leads_to_exactly_the_touches_that_the_playbook_prescribes(world: World) -> None:
    world.publish(playbook(STEPS))

    world.arrives("quote.sent")

    world.time_passes_until("Wed 10:00")
    world.expect_email("thanks", at="Mon 2026-09-14 09:10")
    world.staff("ari").takes_next_call().ends("completed")
    world.time_passes_until("Tue 12:00")
    world.expect_text("last-word", at="Thu 2026-09-17 10:03")
    assert world.ended() == "exhausted"
    assert [t.touchpoint for t in world.touches()] == ["thanks", "check-in", "last-word"]


def test_a_refused_batch_leaves_nothing_behind(world: World, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="publish"):
        engine.handle_events(world.parts, [world.event("quote.sent", key="1")])

    world.publish(playbook(STEPS))
    again = world.arrives("quote.sent", key="1")

    assert again.status == "accepted", "it was refused before, so it is new now"
    world.time_passes_until("Mon 10:00")
    world.expect_email("thanks")


def test_a_thousand_events_at_once_each_get_their_own_answer(world: World) -> None:
    world.publish(playbook("- touchpoint: thanks\n  email: thanks\n  after: 1 day"))
    batch = [world.event("quote.sent", f"P{i % 40}", f"quote/{i}") for i in range(1_000)]

    receipts = engine.handle_events(world.parts, batch)

    assert [r.event for r in receipts] == [e.id for e in batch]
    assert all(r.status == "accepted" and len(r.enrollments) == 1 for r in receipts)
    assert len(world.runs()) == 1_000
