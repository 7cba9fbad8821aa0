"""Calls that are given to somebody are never lost with them, and what somebody has is asked again after waiting for a lock."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from orchestrator import desk, filing, leading
from orchestrator.access import people
from orchestrator.by_person import lift
from orchestrator.errors import InputError
from orchestrator.filing import Filing
from orchestrator.store import schema
from orchestrator.store.audit import By
from tests.stories.designs import playbook
from tests.stories.test_taking_calls import SQLITE, WAIT, arrive, hired, step
from tests.stories.world import World

LEE = By("lee", "lead")


@SQLITE
def test_nobody_is_given_a_call_that_they_may_not_take(world: World) -> None:
    world.publish(playbook(step("roof", "  skill: roofing"), **WAIT))
    arrive(world, 1)
    (row,) = world.touches(state="ready")
    hired(world, "bo")

    with pytest.raises(InputError, match="knows about roofing"):
        leading.reassign(world.parts, row.id, "bo", LEE)

    hired(world, "cy", skills=("roofing",))
    assert leading.reassign(world.parts, row.id, "cy", LEE) is None


@SQLITE
def test_a_call_that_was_given_to_somebody_who_does_not_come_is_anybodys_after_half_of_its_time(world: World) -> None:
    world.publish(playbook(step("check-in"), **WAIT))
    arrive(world, 1)
    (row,) = world.touches(state="ready")
    hired(world, "bo")
    leading.reassign(world.parts, row.id, "bo", LEE)

    assert desk.claim_next(world.parts, "cy") is None
    world.passes(timedelta(days=10, hours=1))

    assert desk.claim_next(world.parts, "cy") is not None


@SQLITE
def test_the_calls_of_somebody_who_is_disabled_are_anybodys(world: World) -> None:
    world.publish(playbook(step("check-in"), **WAIT))
    arrive(world, 1)
    (row,) = world.touches(state="ready")
    bo = hired(world, "bo")
    leading.reassign(world.parts, row.id, "bo", LEE)

    world.parts.database.run(lambda work: people.disable(work, bo.id, LEE, world.clock.at))

    assert desk.claim_next(world.parts, "cy") is not None


@SQLITE
def test_a_stop_that_is_being_filed_cannot_be_lifted_before_it_is_final(world: World) -> None:
    world.publish(playbook(step("check-in"), **WAIT))
    arrive(world, 1)
    task = desk.claim_next(world.parts, "ari")
    assert task is not None
    filing.file(world.parts, task.touch, "ari", Filing("do_not_contact", scope="all"))

    with pytest.raises(InputError, match="filed just now"):
        lift(world.parts, task.due.customer.id, "all", "asked for it", LEE)

    world.passes(filing.UNDO_FOR + timedelta(seconds=1))
    assert lift(world.parts, task.due.customer.id, "all", "asked for it", LEE)


@SQLITE
def test_the_audit_trail_names_no_subject_of_a_customer(world: World) -> None:
    """It is kept for ever, and a subject may be somebody's name or address."""
    from orchestrator.by_person import end_run

    world.publish(playbook(step("check-in"), **WAIT))
    world.arrives("quote.sent", subject="quote/dana@example.com")
    (run,) = world.rows(schema.enrollment)
    world.expects_anything()

    assert end_run(world.parts, run.customer_id, run.id, LEE)

    assert not [r for r in world.rows(schema.audit) if "dana" in r.said.lower() or "dana" in r.about.lower()]


@pytest.mark.parametrize("ready_url", ["postgres"], indirect=True)
def test_who_asks_for_the_next_call_while_their_last_one_is_being_filed_gets_the_next_one(world: World) -> None:
    world.publish(playbook(step("check-in"), **WAIT))
    arrive(world, 2)
    first = desk.claim_next(world.parts, "ari")
    assert first is not None
    other, got = world.another_process(), []

    with world.parts.database.work() as work:
        filing._file(world.parts, work, first.touch, "ari", Filing("completed"), world.clock.at)
        asking = threading.Thread(target=lambda: got.append(desk.claim_next(other, "ari")))
        asking.start()
        _until_somebody_waits_for_a_lock(world)
    asking.join(20)

    assert got[0] is not None
    assert got[0].touch != first.touch
    world.expects_anything()


def _until_somebody_waits_for_a_lock(world: World) -> None:
    query = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
    watcher = world.another_process().database
    for _ in range(2_000):
        with watcher.work() as work:
            waiting: Any = work.connection.execute(query).scalar()
        if waiting:
            return
    raise AssertionError("nobody waits for a lock")
