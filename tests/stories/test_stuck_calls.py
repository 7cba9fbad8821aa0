"""A filed call that cannot become final: it holds up nobody, a lead sees it with the reason, and a wish for no contact counts anyway."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from orchestrator import briefing, desk, dispatch, engine, erasing, filing, leading, sheets
from orchestrator.core.model import EndReason
from orchestrator.errors import InputError
from orchestrator.filing import UNDO_FOR, Filing
from orchestrator.settling import MAY_HEAL_FOR, STUCK, settle_filed
from orchestrator.store import schema
from tests.stories.designs import playbook
from tests.stories.test_filing import CALL, LEE, QUESTIONS, THEN, on_a_call, sheet, taken, touch
from tests.stories.world import World

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
NEWER = CALL.replace("most: 3", "most: 4")


def damage(world: World, **values: Any) -> dict[str, Any]:
    """The version of the first follow-up cannot be used any more, and another one is current. Answers what it was."""
    world.publish(playbook(NEWER))
    version = world.runs()[0].version_id
    was = dict(world.rows(schema.playbook_version, id=version)[0].document)
    repair(world, {**was, **values} if values else {"format": was["format"]}, version)
    return was


def repair(world: World, document: dict[str, Any], version: UUID | None = None) -> None:
    table, version = schema.playbook_version, version or world.runs()[0].version_id
    with world.parts.database.work() as work:
        work.connection.execute(update(table).where(table.c.id == version).values(document=document))
    world.restarts()


def test_a_call_that_cannot_become_final_waits_for_a_lead_who_sees_why(world: World) -> None:
    call = on_a_call(world, THEN)
    filing.file(world.parts, call, "ari", Filing("completed", note="They like it"))
    damage(world, format=99)

    world.clock.at += UNDO_FOR + MAY_HEAL_FOR - timedelta(seconds=1)
    settle_filed(world.parts)
    assert touch(world, call).state == "filed", "somebody may be publishing what it needs"
    world.clock.at += timedelta(seconds=1)
    settle_filed(world.parts)

    assert (touch(world, call).state, touch(world, call).reason) == ("unknown", STUCK)
    assert (sheet(world, call).phase, sheet(world, call).note) == ("left", "They like it")
    (why,) = world.said("touch.unknown")
    assert "ari said: completed; that cannot be settled: version 1 of" in why
    assert leading.decide_missing(world.parts, call, LEE, Filing("completed")) is None
    assert (touch(world, call).state, touch(world, call).disposition) == ("done", "completed")
    assert world.ended() is EndReason.ERROR, "what comes next cannot be told, so nobody is contacted"


def test_what_is_published_in_time_lets_the_call_become_final(world: World) -> None:
    call = on_a_call(world, THEN)
    filing.file(world.parts, call, "ari", Filing("completed"))
    was = damage(world, format=99)
    world.clock.at += UNDO_FOR
    settle_filed(world.parts)

    repair(world, was)
    world.settle()

    world.expect_email("thanks")
    assert touch(world, call).state == "done"


def test_one_call_that_cannot_be_settled_holds_up_nobody(world: World) -> None:
    stuck = on_a_call(world)
    filing.file(world.parts, stuck, "ari", Filing("completed"))
    damage(world)  # a defect, that no message foresees
    world.arrives("quote.sent", "Eli", "quote/Q-2")
    fine = taken(world, "bo")
    filing.file(world.parts, fine, "bo", Filing("completed"))
    engine.handle_events(world.parts, [world.event("quote.sent", "Kim", "quote/Q-3")])
    world.clock.at += UNDO_FOR

    dispatch.drain(world.parts, "call")

    assert touch(world, fine).state == "done"
    assert len(world.touches(state="ready")) == 1, "the next call is offered"
    assert (touch(world, stuck).state, touch(world, stuck).reason) == ("unknown", STUCK)
    assert settle_filed(world.parts) == 0, "it is not tried again every second"
    world.expects_anything()


def test_a_wish_not_to_be_contacted_is_kept_although_a_version_cannot_be_used(world: World) -> None:
    on_a_call(world)
    damage(world, format=99)

    world.opts_out("Dana")

    assert [r.channel for r in world.rows(schema.suppression)] == ["all"]
    assert world.ended() is EndReason.OPTED_OUT


def test_do_not_contact_ends_the_customers_other_follow_up_too_although_its_version_cannot_be_used(world: World) -> None:
    on_a_call(world)
    damage(world, format=99)
    world.arrives("quote.sent", "Dana", "quote/Q-2")
    call = taken(world, "bo")
    filing.file(world.parts, call, "bo", Filing("do_not_contact", scope="all"))

    world.passes(UNDO_FOR)

    assert touch(world, call).state == "done"
    assert {run.end_reason for run in world.runs()} == {"opted_out"}


def test_whoever_has_such_a_call_sees_a_gap_for_the_script_and_can_put_it_back(world: World) -> None:
    call = on_a_call(world)
    damage(world, format=99)

    task = desk.current(world.parts, "ari")
    brief = briefing.brief(world.parts, call)

    assert task is not None
    assert (task.touch, "cannot be used" in task.script) == (call, True)
    assert brief is not None
    assert "cannot be read" in (brief.script.gap or "")
    assert not brief.person.hours.open
    assert "cannot be used" in brief.person.hours.words
    assert desk.put_back(world.parts, call, "ari") is None


def test_such_a_customer_can_be_erased(world: World) -> None:
    call = on_a_call(world)
    desk.put_back(world.parts, call, "ari")
    damage(world, format=99)

    assert isinstance(erasing.erase(world.parts, world.customer("Dana"), "C-Dana", LEE), erasing.Erased)

    assert touch(world, call).state == "cancelled"


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_promise_for_a_day_that_cannot_be_is_refused_while_somebody_can_mend_it(world: World, day: str) -> None:
    call = on_a_call(world, words={"scripts/check-in.md": QUESTIONS})
    sheets.save(world.parts, call, "ari", answers={"drawing": "It", "feeling": "good"}, promised_for={"drawing": day})

    with pytest.raises(InputError) as refused:
        filing.file(world.parts, call, "ari", Filing("commitment_made"))

    assert [p.place for p in refused.value.problems] == ["drawing"]
    assert touch(world, call).state == "in_call"


@pytest.mark.parametrize("day", ["", "9999-12-31"])
@pytest.mark.parametrize("ending", ["voicemail_left", "completed", "commitment_made"])
def test_a_lead_decides_although_the_script_was_left_half_filled_in(world: World, day: str, ending: str) -> None:
    """Whoever decides was not on the call: what the script asks is not theirs to answer."""
    call = on_a_call(world, words={"scripts/check-in.md": QUESTIONS})
    sheets.save(world.parts, call, "ari", answers={"drawing": "The new draw", "budget": "a lo"}, promised_for={"drawing": day})
    world.passes(desk.WEB_LEASE + timedelta(seconds=1))

    assert leading.decide_missing(world.parts, call, LEE, Filing(ending)) is None

    assert (touch(world, call).state, touch(world, call).disposition) == ("done", ending)
    assert world.rows(schema.promise) == []
    assert sheet(world, call).answers["drawing"] == "The new draw", "it is still there to read"


def test_what_a_lead_says_wrongly_themselves_is_refused(world: World) -> None:
    call = on_a_call(world, words={"scripts/check-in.md": QUESTIONS})
    world.passes(desk.WEB_LEASE + timedelta(seconds=1))

    with pytest.raises(InputError) as refused:
        leading.decide_missing(world.parts, call, LEE, Filing("completed", answers={"budget": "a lot"}))

    assert [p.place for p in refused.value.problems] == ["budget"]
