"""Keeping a call: renewed while somebody works, taken back by a lead, never dialled past a policy."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from orchestrator import desk, engine, filing, leading, sheets
from orchestrator.core.model import TouchState
from orchestrator.core.urgency import rank_at
from orchestrator.desk import WEB_LEASE, NotHeld
from orchestrator.errors import InputError
from orchestrator.filing import UNDO_FOR, Filing
from orchestrator.ids import new_id
from orchestrator.store import schema, staff
from orchestrator.store.staff import Member
from orchestrator.sweep import end_leases
from tests.stories.designs import playbook
from tests.stories.test_filing import CALL, LEE, on_a_call, sheet, taken, touch
from tests.stories.world import World

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)


def test_a_call_is_kept_while_somebody_works_and_wrap_up_is_capped(world: World) -> None:
    call = on_a_call(world)
    for _ in range(20):
        world.clock.at += timedelta(seconds=45)
        assert desk.renew(world.parts, call, "ari") == world.clock.at + WEB_LEASE
        end_leases(world.parts)
    assert sheets.dial_by_hand(world.parts, call, "ari") is None
    assert sheets.phase(world.parts, call, "ari", "talking") is None
    world.clock.at += timedelta(minutes=2)
    assert sheets.phase(world.parts, call, "ari", "wrap_up") is None
    over = world.clock.at + timedelta(minutes=3)

    for _ in range(4):
        world.clock.at += timedelta(seconds=45)
        assert desk.renew(world.parts, call, "ari") == over

    world.clock.at += timedelta(seconds=1)
    end_leases(world.parts)
    assert (touch(world, call).state, touch(world, call).reason) == ("unknown", "disposition missing")
    assert desk.renew(world.parts, call, "ari") == NotHeld(TouchState.UNKNOWN, "ari")


def test_a_call_that_was_dialled_cannot_be_put_back(world: World) -> None:
    call = on_a_call(world)
    sheets.dial_by_hand(world.parts, call, "ari")

    with pytest.raises(InputError, match="say how it ended"):
        desk.put_back(world.parts, call, "ari")

    assert touch(world, call).state == "in_call"


def test_a_call_that_never_had_a_place_in_the_queue_gets_one_when_it_is_put_back(world: World) -> None:
    call = on_a_call(world)
    with world.parts.database.work() as work:  # as older versions left it
        work.connection.execute(schema.touch.update().values(rank_at=None))

    assert desk.put_back(world.parts, call, "ari") is None

    assert touch(world, call).rank_at == rank_at(5, touch(world, call).due_at, touch(world, call).expires_at)
    assert taken(world) == call
    filing.file(world.parts, call, "ari", Filing("completed"))
    world.passes(UNDO_FOR)


def test_a_lead_takes_back_what_was_not_dialled_and_it_waits_again(world: World) -> None:
    call = on_a_call(world)
    sheets.save(world.parts, call, "ari", note="half a thought")

    assert leading.take_back(world.parts, call, LEE) is None

    assert (touch(world, call).state, touch(world, call).held_by) == ("ready", None)
    assert (sheet(world, call).phase, sheet(world, call).note) == ("left", "half a thought")
    assert desk.renew(world.parts, call, "ari") == NotHeld(TouchState.READY, None)
    assert [(r.who, r.what, r.about) for r in world.rows(schema.audit)][-1] == ("lee", "call.taken_back", f"call:{call}")


def test_a_lead_takes_back_what_was_dialled_and_its_disposition_is_missing(world: World) -> None:
    call = on_a_call(world)
    sheets.dial_by_hand(world.parts, call, "ari")

    assert leading.take_back(world.parts, call, LEE) is None

    assert (touch(world, call).state, touch(world, call).reason) == ("unknown", "disposition missing")
    assert filing.file(world.parts, call, "ari", Filing("completed")) == NotHeld(TouchState.UNKNOWN, None)


def test_policies_are_asked_on_the_server_before_every_dial(world: World) -> None:
    call = on_a_call(world)
    assert sheets.may_dial(world.parts, call, "ari") is None
    engine.opt_out(world.parts, world.customer("Dana"), "call", "texted STOP", world.clock.at)

    assert "texted STOP" in (sheets.may_dial(world.parts, call, "ari") or "")
    with pytest.raises(InputError, match="may not be called now"):
        sheets.dial_by_hand(world.parts, call, "ari")
    with pytest.raises(InputError, match="may not be called now"):
        sheets.phase(world.parts, call, "ari", "talking")
    assert sheet(world, call).dialled_at is None
    assert sheets.may_dial(world.parts, call, "bo") == "ari has this call"


def test_a_waiting_call_is_given_to_somebody_moved_and_made_urgent(world: World) -> None:
    world.publish(playbook(CALL))
    world.arrives("quote.sent")
    (call,) = world.touches(state="ready")
    with world.parts.database.work() as work:
        staff.add(work, Member(new_id(), "bo", "Bo", "agent", queues=("sales",)), world.clock.at)  # type: ignore[arg-type]

    with pytest.raises(InputError, match="nobody who works here"):
        leading.reassign(world.parts, call.id, "nobody", LEE)
    assert leading.reassign(world.parts, call.id, "Bo", LEE) is None
    assert desk.claim_next(world.parts, "ari") is None
    assert leading.reprioritise(world.parts, call.id, 1, LEE) is None
    assert touch(world, call.id).rank_at == call.rank_at - timedelta(hours=24)
    assert leading.requeue(world.parts, call.id, "leads", LEE) is None
    with pytest.raises(InputError, match="does not work the queue"):
        leading.reassign(world.parts, call.id, "bo", LEE)
    assert leading.requeue(world.parts, call.id, "sales", LEE) is None
    assert desk.claim_next(world.parts, "ari") is not None, "in its new queue it is anybody's"
    assert leading.reassign(world.parts, call.id, None, LEE) == NotHeld(TouchState.IN_CALL, "ari")
    world.expects_anything()


def test_it_is_over_pressed_by_mistake_is_no_end_of_a_call_by_hand(world: World) -> None:
    call = on_a_call(world)
    sheets.dial_by_hand(world.parts, call, "ari")
    with pytest.raises(InputError, match="dialled already"):
        sheets.phase(world.parts, call, "ari", "reading")
    sheets.phase(world.parts, call, "ari", "talking")
    began = sheet(world, call).talked_from
    world.clock.at += timedelta(minutes=1)
    sheets.phase(world.parts, call, "ari", "wrap_up")

    world.clock.at += timedelta(seconds=5)
    assert sheets.phase(world.parts, call, "ari", "talking") is None

    assert (sheet(world, call).phase, sheet(world, call).talked_from, sheet(world, call).wrap_up_from) == ("talking", began, None)
    world.passes(timedelta(minutes=4))
    assert touch(world, call).state == "in_call", "they talk, and the time to wrap up does not run"
    sheets.phase(world.parts, call, "ari", "wrap_up")
    world.passes(timedelta(minutes=4))
    assert touch(world, call).reason == "disposition missing", "the wrap-up is capped"


# -- who walks away and leaves the page open -----------------------------------------------------------------------------


def page_stays_open(world: World, call: UUID, minutes: int, *, there: bool) -> timedelta | None:
    """The page asks every 45 seconds. there: somebody touches something before each of them. After how long nobody had the call."""
    began = world.clock.at
    for _ in range(minutes * 60 // 45):
        world.clock.at += timedelta(seconds=45)
        end_leases(world.parts)
        if isinstance(desk.renew(world.parts, call, "ari", there=there), NotHeld):
            return world.clock.at - began
    return None


def begins(world: World, call: UUID, how: str) -> None:
    if how != "reading":
        sheets.dial_by_hand(world.parts, call, "ari")
    if how == "talking":
        sheets.phase(world.parts, call, "ari", "talking")


@pytest.mark.parametrize(("how", "minutes"), [("reading", 4), ("dialling", 4), ("talking", 16)])
def test_a_page_that_nobody_touches_keeps_no_call(world: World, how: str, minutes: int) -> None:
    call = on_a_call(world)
    begins(world, call, how)

    after = page_stays_open(world, call, minutes, there=False)

    assert after is not None
    assert after > timedelta(minutes=14 if how == "talking" else 3), "who listens to a customer touches nothing for a while"
    assert (touch(world, call).state, touch(world, call).reason) == ("unknown", "disposition missing")


@pytest.mark.parametrize(("how", "least", "most"), [("reading", 20, 21), ("dialling", 120, 121), ("talking", 120, 121)])
def test_nobody_keeps_a_call_longer_than_the_house_allows(world: World, how: str, least: int, most: int) -> None:
    call = on_a_call(world)
    begins(world, call, how)

    after = page_stays_open(world, call, 13 * 60, there=True)

    assert after is not None
    assert timedelta(minutes=least) <= after <= timedelta(minutes=most)
    assert touch(world, call).reason == "disposition missing"


def test_the_house_says_how_long(world: World) -> None:
    call = on_a_call(world, house={"reading": "5 minutes"})

    after = page_stays_open(world, call, 60, there=True)

    assert after is not None
    assert after <= timedelta(minutes=6)
