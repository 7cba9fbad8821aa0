"""An ending said a second time: the same again, something else, by somebody else, or after the line has gone on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from orchestrator import desk, filing, sheets
from orchestrator.core.model import TouchState
from orchestrator.desk import WEB_LEASE, CallTask, NotHeld
from orchestrator.errors import InputError
from orchestrator.filing import UNDO_FOR, Filed, Filing
from orchestrator.store import schema
from tests.stories.carried import CarriedWorld
from tests.stories.designs import playbook
from tests.stories.test_bridged_lines import dialled, until
from tests.stories.test_filing import CALL, QUESTIONS, on_a_call, sheet, taken, touch
from tests.stories.world import World

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)


def live(world: World) -> set[str]:
    return {r.channel for r in world.rows(schema.suppression) if r.lifted_at is None}


def test_a_wider_wish_is_not_taken_for_the_same_one_and_its_note_is_kept(world: World) -> None:
    call = on_a_call(world)
    filing.file(world.parts, call, "ari", Filing("do_not_contact", scope="call", note="No calls"))

    with pytest.raises(InputError, match="undo that first"):
        filing.file(world.parts, call, "ari", Filing("do_not_contact", scope="all", note="Really nothing any more"))

    assert sheet(world, call).note == "No calls\n\nReally nothing any more"
    assert isinstance(filing.undo(world.parts, call, "ari"), CallTask)
    assert isinstance(filing.file(world.parts, call, "ari", Filing("do_not_contact", scope="all")), Filed)
    assert live(world) == {"all"}


@pytest.mark.parametrize(
    "other",
    [
        {"call_back_by": "me"},
        {"call_back_at": timedelta(days=3)},
        {"answers": {"mood": "angry"}},
    ],
)
def test_a_second_tab_that_says_something_else_is_told_so(world: World, other: dict[str, Any]) -> None:
    call = on_a_call(world)
    if "call_back_at" in other:
        other = {"call_back_at": world.clock.at + other["call_back_at"]}
    sheets.save(world.parts, call, "ari", answers={"mood": "happy"})
    filing.file(world.parts, call, "ari", Filing("call_back"))

    with pytest.raises(InputError, match="you said 'Call back' already, but not the same about it"):
        filing.file(world.parts, call, "ari", Filing("call_back", **other))


def test_the_same_again_is_said_once_and_what_was_written_on_is_kept(world: World) -> None:
    call = on_a_call(world)
    at = world.moment("Wed 10:00")
    first = filing.file(world.parts, call, "ari", Filing("call_back", note="Busy", call_back_at=at, call_back_by="me"))

    again = filing.file(world.parts, call, "ari", Filing("call_back", note="Busy now", call_back_at=at, call_back_by="me"))

    assert again == first
    assert sheet(world, call).note == "Busy now"
    world.passes(UNDO_FOR)
    final = filing.file(world.parts, call, "ari", Filing("call_back", note="late words"))
    assert final == NotHeld(TouchState.DONE, "ari"), "that is final, and says something else"
    assert sheet(world, call).note == "Busy now\n\nlate words"


def test_undoing_does_not_lift_what_the_customer_said_on_another_call_as_well(world: World) -> None:
    world.publish(playbook(CALL))
    world.arrives("quote.sent", subject="quote/1")
    world.arrives("quote.sent", subject="quote/2")
    aris, bos = taken(world, "ari"), taken(world, "bo")
    for call, who in ((aris, "ari"), (bos, "bo")):
        filing.file(world.parts, call, who, Filing("do_not_contact", scope="all"))
        world.clock.at += timedelta(seconds=5)

    filing.undo(world.parts, aris, "ari")
    assert live(world) == {"all"}, "Bo's customer said so, too"

    filing.undo(world.parts, bos, "bo")
    assert live(world) == set(), "and now nobody has said it"


def test_what_two_calls_said_has_its_consequences_once_the_second_is_final(world: World) -> None:
    world.publish(playbook(CALL))
    world.arrives("quote.sent", subject="quote/1")
    world.arrives("quote.sent", subject="quote/2")
    aris, bos = taken(world, "ari"), taken(world, "bo")
    filing.file(world.parts, aris, "ari", Filing("do_not_contact", scope="all"))
    filing.file(world.parts, bos, "bo", Filing("do_not_contact", scope="all"))
    filing.undo(world.parts, aris, "ari")
    desk.put_back(world.parts, aris, "ari")

    world.passes(UNDO_FOR)

    assert {run.end_reason for run in world.runs()} == {"opted_out"}
    assert touch(world, aris).state == "cancelled"


def test_undone_after_the_line_is_over_the_call_is_in_its_wrap_up(carried: CarriedWorld) -> None:
    call = dialled(carried, "01")
    until(carried, "talking")
    filing.file(carried.parts, call, "ari", Filing("completed"))
    for _ in range(29):
        carried.passes(timedelta(seconds=1))
        if carried.rows(schema.attempt)[0].carrier_result == "completed":
            break
    else:
        raise AssertionError("the line never ended")

    filing.undo(carried.parts, call, "ari")

    assert (sheet(carried, call).phase, sheet(carried, call).wrap_up_from) == ("wrap_up", carried.clock.at)
    for _ in range(10):
        desk.renew(carried.parts, call, "ari", lease=WEB_LEASE)
        carried.passes(timedelta(seconds=45))
    assert touch(carried, call).state == "unknown", "wrap-up is capped, as ever"


def test_a_call_back_after_the_follow_up_is_over_is_refused_at_once(world: World) -> None:
    call = on_a_call(world)
    late = world.clock.at + timedelta(days=200)

    with pytest.raises(InputError, match="gives up on") as refused:
        filing.file(world.parts, call, "ari", Filing("call_back", call_back_at=late))

    assert [p.place for p in refused.value.problems] == ["call_back_at"]
    assert touch(world, call).state == "in_call"


@pytest.mark.parametrize("code", ["do_not_contact", "wrong_number", "no_answer", "voicemail_left"])
def test_half_typed_answers_hold_back_no_ending_in_which_nothing_was_said(world: World, code: str) -> None:
    call = on_a_call(world, words={"scripts/check-in.md": QUESTIONS})
    sheets.save(
        world.parts, call, "ari", answers={"budget": "about 12", "drawing": "the plan"}, promised_for={"drawing": "2026-09-18"}
    )

    scope = "all" if code == "do_not_contact" else None
    said = filing.file(world.parts, call, "ari", Filing(code, answers={"budget": "about 12"}, scope=scope))

    assert isinstance(said, Filed)
    world.passes(UNDO_FOR + timedelta(seconds=1))
    assert world.rows(schema.promise) == [], "nobody promised anything to anybody"
    world.expects_anything()
