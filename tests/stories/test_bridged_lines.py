"""A bridged call as its line goes: the page follows the provider, and a line on which nobody was heard files itself."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from orchestrator import bridging, callbacks, desk, filing, sheets
from orchestrator.desk import WEB_LEASE
from orchestrator.errors import InputError
from orchestrator.filing import UNDO_FOR, Filing
from orchestrator.store import inbox, schema
from orchestrator.store.inbox import Delivery
from orchestrator.sweep import end_leases
from tests.stories.carried import CarriedWorld
from tests.stories.designs import playbook
from tests.stories.test_filing import sheet, taken, touch

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
STAFF = "- touchpoint: check-in\n  call: check-in\n  queue: sales\n  attempts: {most: 3, apart: 1 business day}"
MINE = "+13125550190"


def dialled(world: CarriedWorld, phone: str) -> UUID:
    world.publish(playbook(STAFF))
    world.arrives("quote.sent", world.known("Dana", phone=phone))
    call = taken(world)
    assert bridging.dial(world.parts, call, "ari", MINE) is None
    return call


def until(world: CarriedWorld, phase: str, seconds: int = 300) -> None:
    """Time passes, second by second, and the browser stays open."""
    for _ in range(seconds):
        world.passes(timedelta(seconds=1))
        (one,) = world.rows(schema.call_sheet)
        if one.phase == phase:
            return
    raise AssertionError(f"never {phase}: {one.phase}")


def test_the_sheet_follows_the_line_from_ringing_to_wrap_up(carried: CarriedWorld) -> None:
    call = dialled(carried, "01")
    assert sheet(carried, call).phase == "dialling"

    until(carried, "ringing")
    until(carried, "talking")
    until(carried, "wrap_up")

    done = sheet(carried, call)
    assert done.dialled_by == "bridge"
    assert done.dialled_at <= done.talked_from <= done.wrap_up_from  # type: ignore[operator]
    assert touch(carried, call).lease_until == done.wrap_up_from + timedelta(minutes=3)  # type: ignore[operator]
    with pytest.raises(InputError, match="the line says by itself"):
        sheets.phase(carried.parts, call, "ari", "talking")
    filing.file(carried.parts, call, "ari", Filing("completed"))
    carried.passes(UNDO_FOR)
    assert touch(carried, call).disposition == "completed"


def test_a_talk_that_was_over_before_we_heard_that_it_began_counts_as_long_as_it_was(carried: CarriedWorld) -> None:
    call = dialled(carried, "01")
    until(carried, "ringing")

    for _ in range(300):  # the provider tells both, and no worker has time for either
        carried.clock.at += timedelta(seconds=1)
        carried.carrier.work_until(carried.clock.at)
    callbacks.handle_waiting(carried.parts)

    over, attempt = sheet(carried, call), carried.attempts()[-1]
    assert over.phase == "wrap_up"
    assert over.talked_from is not None, "somebody was heard"
    assert over.wrap_up_from - over.talked_from == timedelta(seconds=attempt.duration_s) > timedelta(0)  # type: ignore[operator]
    filing.file(carried.parts, call, "ari", Filing("completed"))
    carried.passes(UNDO_FOR)


def test_two_tabs_make_one_call(carried: CarriedWorld) -> None:
    call = dialled(carried, "01")

    with pytest.raises(InputError, match="on the line already"):
        sheets.dial_by_hand(carried.parts, call, "ari")  # the other tab, while their telephone rings
    until(carried, "talking")
    with pytest.raises(InputError, match="on the line already"):
        sheets.dial_by_hand(carried.parts, call, "ari")

    until(carried, "wrap_up")
    assert sheet(carried, call).dialled_by == "bridge"
    filing.file(carried.parts, call, "ari", Filing("completed"))
    carried.passes(UNDO_FOR)


def test_who_dialled_by_hand_is_not_connected_as_well(carried: CarriedWorld) -> None:
    carried.publish(playbook(STAFF))
    carried.arrives("quote.sent", carried.known("Dana", phone="01"))
    call = taken(carried)
    sheets.dial_by_hand(carried.parts, call, "ari")
    sheets.phase(carried.parts, call, "ari", "talking")

    with pytest.raises(InputError, match="dialled by hand already"):
        bridging.dial(carried.parts, call, "ari", MINE)

    assert [r.what for r in carried.rows(schema.audit)] == ["call.taken", "call.dialled"], "what a person did is on record"
    filing.file(carried.parts, call, "ari", Filing("completed"))
    carried.passes(UNDO_FOR)


@pytest.mark.parametrize(("phone", "code"), [("03", "busy"), ("04", "no_answer"), ("09", "failed")])
def test_a_line_on_which_nobody_was_heard_files_itself_and_can_be_undone(carried: CarriedWorld, phone: str, code: str) -> None:
    call = dialled(carried, phone)

    until(carried, "filed")

    assert (touch(carried, call).state, touch(carried, call).disposition) == ("filed", code)
    filed = filing.last_filed(carried.parts, "ari")
    assert filed is not None
    assert isinstance(filing.undo(carried.parts, call, "ari"), desk.CallTask)
    assert filing.file(carried.parts, call, "ari", Filing("not_available"))
    carried.passes(UNDO_FOR)
    assert [(r.state, r.disposition) for r in carried.touches(id=call)] == [("done", "not_available")]


def test_what_the_provider_repeats_about_a_line_that_is_over_is_not_taken_for_the_next_one(carried: CarriedWorld) -> None:
    call = dialled(carried, "03")
    until(carried, "filed")
    assert isinstance(filing.undo(carried.parts, call, "ari"), desk.CallTask)
    carried.clock.at += timedelta(seconds=45)
    told = [row for row in carried.rows(schema.inbox) if row.kind in ("customer_leg", "agent_leg")]
    assert {"customer_leg", "agent_leg"} == {row.kind for row in told}

    assert bridging.dial(carried.parts, call, "ari", MINE) is None
    with carried.parts.database.work() as work:
        again = [Delivery("twilio", r.kind, f"{r.key} again", r.body, carried.clock.at, r.handle, r.ref) for r in told]
        inbox.put(work, again)
    callbacks.handle_waiting(carried.parts)

    assert (touch(carried, call).state, sheet(carried, call).phase) == ("in_call", "dialling")
    until(carried, "filed")
    carried.passes(UNDO_FOR)
    assert touch(carried, call).disposition == "busy", "as the second line says by itself"


def test_answers_that_were_typed_leave_the_ending_to_the_person(carried: CarriedWorld) -> None:
    call = dialled(carried, "03")
    sheets.save(carried.parts, call, "ari", answers={"mood": "spoke to the daughter"})

    until(carried, "wrap_up")

    assert touch(carried, call).state == "in_call"
    filing.file(carried.parts, call, "ari", Filing("left_message"))
    carried.passes(UNDO_FOR)


def test_a_closed_browser_does_not_end_a_call_whose_line_is_open(carried: CarriedWorld) -> None:
    call = dialled(carried, "01")
    until(carried, "talking")
    with carried.parts.database.work() as work:  # as if the line stayed open for longer than the lease
        work.connection.execute(schema.touch.update().values(lease_until=carried.clock.at - timedelta(seconds=1)))

    carried.settle()

    assert touch(carried, call).state == "in_call"
    until(carried, "wrap_up")
    carried.passes(timedelta(minutes=3, seconds=2))
    assert (touch(carried, call).state, touch(carried, call).reason) == ("unknown", "disposition missing")


def test_a_line_that_is_open_keeps_the_call_though_nobody_touches_the_page(carried: CarriedWorld) -> None:
    call = dialled(carried, "01")
    until(carried, "talking")
    for _ in range(8):
        carried.clock.at += timedelta(seconds=45)
        end_leases(carried.parts)
        assert desk.renew(carried.parts, call, "ari", there=False) == carried.clock.at + WEB_LEASE

    until(carried, "wrap_up")
    filing.file(carried.parts, call, "ari", Filing("left_message"))
    carried.passes(UNDO_FOR)


def test_when_ones_own_telephone_is_not_answered_the_call_can_be_put_back(carried: CarriedWorld) -> None:
    carried.publish(playbook(STAFF))
    carried.arrives("quote.sent", carried.known("Dana", phone="01"))
    call = taken(carried)
    assert bridging.dial(carried.parts, call, "ari", "+13125550104") is None  # nobody picks up there

    for _ in range(3):
        carried.passes(timedelta(seconds=40))
        desk.renew(carried.parts, call, "ari", lease=WEB_LEASE)

    assert (sheet(carried, call).phase, sheet(carried, call).dialled_at) == ("reading", None)
    assert desk.put_back(carried.parts, call, "ari") is None
    assert [e.to for e in carried.carrier.ledger() if e.kind == "call"] == ["+13125550104"], "the customer was never rung"
