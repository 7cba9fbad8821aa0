"""Promise 4: every due touch and every accepted event reaches an end, or a list where a person sees it, within a bound."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from orchestrator import desk, dispatch, engine
from orchestrator.core.model import OPEN_STATES
from orchestrator.desk import CALL_LEASE
from orchestrator.store import events, pauses, schema, touches
from orchestrator.sweep import BATCH, reconcile, sweep
from tests.stories.designs import playbook
from tests.stories.post import Died
from tests.stories.world import World

TEXT = "- touchpoint: hello\n  text: hello\n- wait: 30 days"
CALL = "- touchpoint: check-in\n  call: check-in\n  queue: sales\n  due_within: 4 hours"


def shown(world: World) -> set[str | None]:
    """What the list of unknown touches shows a person."""
    with world.parts.database.work() as work:
        return {due.touch.touchpoint for due in touches.unknown(work, 200)}


def test_a_claim_whose_worker_died_is_on_the_list_within_its_lease(world: World) -> None:
    world.publish(playbook(TEXT))
    world.post.can_tell = False
    world.post.will("die before")
    engine.handle_events(world.parts, [world.event("quote.sent")])
    with pytest.raises(Died):
        dispatch.drain(world.parts, "text")

    world.passes(world.parts.lease + timedelta(seconds=5))

    assert shown(world) == {"hello"}


def test_a_call_that_nobody_finished_is_on_the_list_when_its_lease_is_over(world: World) -> None:
    world.publish(playbook(CALL))
    world.arrives("quote.sent")
    world.staff("ari").takes_next_call()

    world.passes(CALL_LEASE + timedelta(seconds=5))

    assert shown(world) == {"check-in"}


def test_a_call_that_nobody_took_expires_and_the_playbook_goes_on(world: World) -> None:
    world.publish(
        playbook(f"{CALL}\n  outcomes: {{not_taken: continue}}\n- touchpoint: thanks\n  email: thanks\n  after: 1 hour")
    )
    world.arrives("quote.sent")
    world.expect_call("check-in")

    world.time_passes_until("Mon 15:00")

    assert world.states("check-in") == ["expired"]
    world.expect_email("thanks", at="Mon 2026-09-14 13:00")


def test_the_calls_that_nobody_finished_do_not_hide_the_messages_that_nobody_knows_about(world: World) -> None:
    """More calls without a disposition than the sweep looks at in one go, all of them older."""
    world.publish(playbook(CALL), playbook(TEXT, name="texts", starts_on="quote.changed"))
    engine.handle_events(world.parts, [world.event("quote.sent", f"P{i}", f"quote/{i}") for i in range(BATCH + 5)])
    dispatch.drain(world.parts, "call")
    for i in range(BATCH + 5):
        assert desk.claim_next(world.parts, f"person {i}") is not None
    world.clock.at += CALL_LEASE + timedelta(seconds=1)
    while sweep(world.parts).leases:
        pass
    world.post.will("answer lost")
    engine.handle_events(world.parts, [world.event("quote.changed")])
    dispatch.drain(world.parts, "text")

    assert reconcile(world.parts) == (1, 0)

    assert world.states("hello") == ["sent"]
    world.expects_anything()


def test_a_poison_event_is_set_aside_after_three_tries_and_the_rest_flows(world: World) -> None:
    """A defect that one event brings out: its neighbours of the same batch are handled, and it waits for a person."""
    world.publish(playbook(TEXT))
    broken = Poison(world, "quote/Q-2")
    batch = [world.event("quote.sent", name, f"quote/Q-{i}") for i, name in enumerate(("Dana", "Eli", "Fay"), 1)]
    with broken:
        receipts = engine.handle_events(world.parts, batch)
        assert {r.status for r in receipts} == {"later"}
        world.settle()

        assert {row.subject: row.state for row in world.rows(schema.event)} == {
            "quote/Q-1": "handled", "quote/Q-2": "set_aside", "quote/Q-3": "handled",
        }  # fmt: skip
        with world.parts.database.work() as work:
            (aside,) = events.set_aside(work)
        assert "defect" in aside.error
        assert aside.tries == 3
        world.expect_text("hello", to="Dana")
        world.expect_text("hello", to="Fay")

    assert world.parts.database.run(lambda work: events.release(work, aside.id))
    world.settle()

    world.expect_text("hello", to="Eli")


def test_a_waiting_event_is_not_lost_when_the_process_dies(world: World) -> None:
    world.publish(playbook(TEXT))
    with Poison(world, "quote/Q-1"):
        assert engine.handle_events(world.parts, [world.event("quote.sent")])[0].status == "later"

    world.restarts()
    world.settle()

    world.expect_text("hello")


def test_a_pause_holds_and_never_drops(world: World) -> None:
    world.publish(playbook(TEXT))
    world.parts.database.run(lambda work: pauses.put(work, "channel", "text", "ari", world.clock.at))
    world.arrives("quote.sent")
    world.passes(timedelta(hours=6))
    world.expect_nothing()

    world.parts.database.run(lambda work: pauses.lift(work, "channel", "text"))
    world.passes(timedelta(minutes=15))

    world.expect_text("hello")


def test_every_touch_of_a_busy_month_comes_to_an_end_or_to_a_person(world: World) -> None:
    steps = f"{TEXT}\n{CALL}\n- touchpoint: thanks\n  email: thanks"
    world.publish(playbook(steps), house={"caps": "[{most: 1, per: day}]"})
    world.post.will("busy", "lost", "accept", "dead", "unsubscribed", "answer lost")
    engine.handle_events(world.parts, [world.event("quote.sent", f"P{i}", f"quote/{i}") for i in range(8)])

    world.passes(timedelta(days=45))

    stuck = [(t.touchpoint, t.state) for t in world.touches() if t.state in OPEN_STATES and t.state != "unknown"]
    assert stuck == []
    assert sum(run.ended_at is None for run in world.runs()) == len(world.touches(state="unknown"))
    world.expects_anything()


class Poison:
    """A defect that one subject brings out: asking for its names fails in a way that nobody foresaw."""

    def __init__(self, world: World, subject: str) -> None:
        self._rulebook = world.parts.rulebook
        self._subject = subject

    def __enter__(self) -> None:
        fresh = type(self._rulebook).refresh
        subject = self._subject

        class Defective:
            def __init__(self, in_use: Any) -> None:
                self._in_use = in_use

            def __getattr__(self, name: str) -> object:
                return getattr(self._in_use, name)

            def names(self, run: Any, *rest: Any) -> Any:
                if run.subject == subject:
                    raise ZeroDivisionOfLabour("a defect")
                return self._in_use.names(run, *rest)

        defective: Any = lambda work: Defective(fresh(self._rulebook, work))  # noqa: E731
        self._rulebook.refresh = defective  # type: ignore[method-assign]

    def __exit__(self, *_: object) -> None:
        del self._rulebook.refresh


class ZeroDivisionOfLabour(Exception):
    """Something that no code expects."""
