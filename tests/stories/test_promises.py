"""What somebody promised on a call comes back on its day, to whoever promised it, until it is kept."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from orchestrator import desk, filing
from orchestrator.filing import Filing
from orchestrator.store import promises
from orchestrator.store.promises import Promise
from tests.stories.designs import playbook
from tests.stories.world import Taken, World

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
CALL = "- touchpoint: check-in\n  call: check-in\n  queue: leads"
SCRIPT = """\
---
title: Check in
goal: Hear what they think.
questions:
  next_step: {ask: What did we agree on?, kind: commitment}
---
Hello.
"""
DRAWING = "I'll send the drawing"


def begins(world: World) -> None:
    world.publish(playbook(CALL), words={"scripts/check-in.md": SCRIPT})
    world.arrives("quote.sent")
    world.expect_call("check-in", "leads")


def ari_promises(world: World, day: str) -> None:
    """Ari calls, and promises the drawing for that day."""
    call = world.staff("ari").takes_next_call("leads")
    said = Filing("commitment_made", answers={"next_step": DRAWING}, due={"next_step": date.fromisoformat(day)})
    files(call, said)


def files(call: Taken, said: Filing) -> None:
    """The call ends so, and half a minute later that is final."""
    done = filing.file(call.world.parts, call.task.touch, call.who, said)
    assert isinstance(done, filing.Filed)
    call.world.passes(timedelta(minutes=1))


def the_reminder(world: World, who: str = "ari") -> Taken:
    world.expect_call("keep-promise", "leads")
    return world.staff(who).takes_next_call("leads")


def still_open(world: World) -> list[Promise]:
    dana = world.customer("Dana")
    with world.parts.database.work() as work:
        return promises.open_for(work, dana)


def test_a_promised_day_becomes_a_call_for_whoever_promised_it_on_that_morning(world: World) -> None:
    begins(world)
    ari_promises(world, "2026-09-18")
    world.time_passes_until("Fri 08:59")
    assert world.touches(state="ready") == []

    world.time_passes_until("Fri 09:00")

    world.expect_call("keep-promise", "leads")
    with world.parts.database.work() as work:
        (mine,) = promises.open_of(work, "ari")
    assert (mine.what, world.local(mine.due_at)[-5:]) == (DRAWING, "09:00")


def test_a_promise_is_kept_when_its_call_says_so_and_never_comes_again(world: World) -> None:
    begins(world)
    ari_promises(world, "2026-09-18")
    world.time_passes_until("Fri 09:00")

    files(the_reminder(world), Filing("completed", answers={"done": "yes"}))

    assert still_open(world) == []
    assert world.said("promise.kept") == ["the promise is kept"]
    world.passes(timedelta(days=20))


def test_a_promise_that_is_not_kept_gets_a_new_day(world: World) -> None:
    begins(world)
    ari_promises(world, "2026-09-18")
    world.time_passes_until("Fri 09:00")

    answers = {"done": "not yet", "new_day": "the drawing, with the railing"}
    files(the_reminder(world), Filing("commitment_made", answers=answers, due={"new_day": date(2026, 9, 22)}))

    (left,) = still_open(world)
    assert (left.what, world.local(left.due_at)) == ("the drawing, with the railing", "Tue 2026-09-22 09:00")
    world.time_passes_until("Tue 09:00")
    files(the_reminder(world), Filing("completed", answers={"done": "yes"}))
    assert still_open(world) == []


def test_a_customer_who_asks_to_be_called_later_moves_the_promise(world: World) -> None:
    begins(world)
    ari_promises(world, "2026-09-18")
    world.time_passes_until("Fri 09:00")

    files(the_reminder(world), Filing("call_back", call_back_at=world.moment("Mon 15:00")))

    assert [world.local(p.due_at) for p in still_open(world)] == ["Mon 2026-09-21 15:00"]
    world.time_passes_until("Mon 14:59")
    assert world.touches(state="ready") == []
    world.time_passes_until("Mon 15:00")
    world.expect_call("keep-promise", "leads")


def test_a_promise_that_nobody_looks_at_comes_again_and_stays_open(world: World) -> None:
    begins(world)
    ari_promises(world, "2026-09-18")
    world.time_passes_until("Fri 09:00")
    world.expect_call("keep-promise", "leads")

    world.passes(timedelta(days=5))

    assert len(world.touches(touchpoint="keep-promise")) > 1
    assert [p.what for p in still_open(world)] == [DRAWING]
    world.expects_anything()


def test_a_day_that_has_passed_is_due_at_once(world: World) -> None:
    begins(world)

    ari_promises(world, "2026-09-14")

    world.expect_call("keep-promise", "leads")


def test_after_a_stop_nobody_is_called_and_the_promise_can_still_be_seen(world: World) -> None:
    begins(world)
    ari_promises(world, "2026-09-18")

    world.opts_out("Dana", "call")

    world.time_passes_until("Fri 12:00")
    assert world.touches(state="ready") == []
    assert [p.what for p in still_open(world)] == [DRAWING]


def test_the_script_says_what_was_promised_by_whom_and_when(world: World) -> None:
    begins(world)
    ari_promises(world, "2026-09-18")
    world.time_passes_until("Fri 09:00")

    task = the_reminder(world).task

    assert isinstance(task, desk.CallTask)
    assert DRAWING in task.script
    assert "ari promised" in task.script
    assert "Monday, September 14" in task.script
