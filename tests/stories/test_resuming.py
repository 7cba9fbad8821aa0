"""A pause is over: what it held moves by its length, follows spaced out, or is not made, and nothing is dropped silently."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from orchestrator import holds, resuming
from orchestrator.core.resuming import How
from orchestrator.errors import InputError
from orchestrator.store import schema, touches
from orchestrator.store.audit import By
from orchestrator.store.schema import touch
from tests.stories.designs import playbook
from tests.stories.world import World

LEE = By("lee", "lead")
HELD = holds.read("playbook:follow-up")
STEPS = """\
- touchpoint: hello
  text: hello
  after: 2 days
- touchpoint: later
  text: later
  after: 1 day
"""
sqlite = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)


def paused(world: World, *names: str, until: str, steps: str = STEPS, **head: str) -> None:
    """These enter on Monday at 09:00, so that hello is due on Wednesday at 09:00; paused from Monday noon."""
    world.publish(playbook(steps, **head))
    for name in names:
        world.arrives("quote.sent", name, f"quote/{name}")
    world.time_passes_until("Mon 12:00")
    assert holds.pause(world.parts, HELD, LEE)
    stands_still(world, until)


def stands_still(world: World, until: str) -> None:
    """Workers look at what comes due, and again at the end: in between they would only look again every quarter of an hour."""
    end = world.moment(until)
    for _ in range(3):
        with world.parts.database.work() as work:
            upcoming = touches.next_change(work)
        if upcoming is not None and upcoming < end:
            world.clock.at = upcoming
            world.settle()
    world.clock.at = end
    world.settle()
    world.expect_nothing()


def resumes(world: World, how: How, per_minute: int = 60, batch: int = 1_000) -> resuming.Resumed:
    done = resuming.resume(world.parts, HELD, LEE, how, per_minute, batch)
    assert done is not None, "it was paused"
    world.settle()
    return done


@pytest.mark.parametrize(
    ("how", "hello", "later"),
    [
        (How.IN_TIME, "Thu 12:00", "Fri 12:00"),  # at once, and the rest a day after it
        (How.SHIFT, "Sat 09:00", "Sun 09:00"),  # three days later than planned
        (How.EXPIRE, None, "Fri 12:00"),  # not made; the rest a day after the pause
    ],
)
def test_each_way_to_go_on_does_what_it_says(world: World, how: How, hello: str | None, later: str) -> None:
    paused(world, "Dana", until="Thu 12:00")

    resumes(world, how)

    world.time_passes_until("Mon 09:00")
    if hello:
        world.expect_text("hello", at=hello)
    else:
        assert world.states("hello") == ["expired"]
        assert "lee let it expire" in world.said("touch.expired")[0]
    world.expect_text("later", at=later)


@sqlite
def test_what_was_not_due_yet_moves_by_the_length_of_the_pause_too(world: World) -> None:
    paused(world, "Dana", until="Tue 18:00")

    assert resumes(world, How.SHIFT).shifted == 1

    world.time_passes_until("Fri 09:00")
    world.expect_text("hello", at="Thu 15:00")
    assert "1 day 6 hours later than planned" in world.said("touch.shifted")[0]


@sqlite
@pytest.mark.parametrize("how", [How.IN_TIME, How.EXPIRE])
def test_what_was_not_due_yet_keeps_its_date_otherwise(world: World, how: How) -> None:
    paused(world, "Dana", until="Tue 18:00")

    resumes(world, how)

    world.time_passes_until("Thu 08:00")
    world.expect_text("hello", at="Wed 09:00")


@sqlite
def test_who_entered_during_the_pause_moves_only_by_the_rest_of_it(world: World) -> None:
    paused(world, until="Tue 12:00", steps="- touchpoint: hello\n  text: hello\n  after: 2 hours")
    world.arrives("quote.sent")
    stands_still(world, "Wed 12:00")

    resumes(world, How.SHIFT)

    world.time_passes_until("Thu 12:00")
    world.expect_text("hello", at="Wed 14:00")


@sqlite
def test_a_date_of_the_event_does_not_move(world: World) -> None:
    """A reminder of a visit that comes after the visit is of no use to anybody."""
    steps = "- touchpoint: hello\n  text: hello\n  when: 1 day before event.starts_at\n  only_if: event.starts_at != null"
    world.publish(playbook(steps))
    world.arrives("quote.sent", starts_at="2026-09-18T14:00:00-05:00")
    assert holds.pause(world.parts, HELD, LEE)
    world.time_passes_until("Wed 12:00")

    resumes(world, How.SHIFT)

    world.time_passes_until("Fri 12:00")
    world.expect_text("hello", at="Thu 14:00")


@sqlite
@pytest.mark.parametrize(("asked", "due"), [("Thu 10:00", "Thu 10:00"), ("Thu 05:00", "Thu 09:00")])  # hours begin at 9
def test_a_time_that_the_customer_asked_for_does_not_move(world: World, asked: str, due: str) -> None:
    world.publish(playbook("- touchpoint: check-in\n  call: check-in\n  queue: sales"))
    world.arrives("quote.sent")
    world.staff("ari").takes_next_call().ends("call_back", call_back_at=asked)
    world.time_passes_until("Mon 12:00")
    assert holds.pause(world.parts, HELD, LEE)
    world.time_passes_until("Tue 12:00")

    resumes(world, How.SHIFT)

    world.time_passes_until(due)
    world.expect_call("check-in")


@sqlite
@pytest.mark.parametrize(
    ("how", "told"),
    [
        (How.IN_TIME, "(in-time: 2 sent one after the other)"),
        (How.SHIFT, "(shift: 2 shifted)"),
        (How.EXPIRE, "(expire: 2 given up)"),
    ],
)
@pytest.mark.parametrize("batch", [1, 1_000])
def test_the_journal_and_the_audit_trail_say_which_way_was_chosen_and_what_it_did(
    world: World, how: How, told: str, batch: int
) -> None:
    paused(world, "Dana", "Eli", until="Thu 12:00")

    resumes(world, how, batch=batch)

    world.expects_anything()
    assert world.said("pause.resumed") == [f"lee resumed playbook:follow-up {told}"]
    with world.parts.database.work() as work:
        said = work.connection.execute(select(schema.audit.c.said).where(schema.audit.c.what == "pause.lifted")).scalar_one()
    assert said.endswith(told)


@sqlite
def test_what_is_too_late_expires_and_says_so(world: World) -> None:
    """Texts are of use for two days after they were due (skip_when_late)."""
    paused(world, "Dana", until="Sat 12:00")

    resumes(world, How.IN_TIME)

    assert world.states("hello") == ["expired"]
    assert "too late" in world.said("touch.expired")[0]
    world.expects_anything()


@sqlite
def test_deadlines_move_with_what_is_shifted(world: World) -> None:
    """The playbook gives up after four days, and five days of pause do not count."""
    paused(world, "Dana", until="Sat 12:00", gives_up_after="4 days")

    resumes(world, How.SHIFT)

    world.time_passes_until("Sat 11:00")
    world.expect_text("hello", at="Mon 09:00")
    world.expect_text("later", at="Tue 09:00")


@sqlite
@pytest.mark.parametrize("batch", [1, 2, 1_000])
def test_what_follows_is_spaced_out_in_the_order_in_which_it_was_due(world: World, batch: int) -> None:
    names = ["Ann", "Bea", "Cleo", "Dana", "Eli"]
    paused(world, *names, until="Thu 12:00")
    start = world.clock.at

    assert resumes(world, How.IN_TIME, per_minute=2, batch=batch).followed == 5

    world.passes(timedelta(minutes=10))
    came = [world.expect_text("hello", to=name).at for name in names]
    assert Counter((at - start) // timedelta(minutes=1) for at in came) == {0: 2, 1: 2, 2: 1}
    assert len(world.said("touch.spaced")) == 3


@sqlite
def test_nothing_is_spaced_out_past_its_deadline(world: World) -> None:
    paused(world, "Ann", "Bea", "Cleo", until="Fri 08:58")

    resumes(world, How.IN_TIME, per_minute=1)

    world.passes(timedelta(minutes=10))
    assert world.states("hello") == ["sent", "sent", "sent"]
    world.expects_anything()


@sqlite
def test_closed_hours_hold_for_what_follows(world: World) -> None:
    paused(world, "Dana", until="Wed 23:00")

    resumes(world, How.IN_TIME)

    world.time_passes_until("Thu 12:00")
    world.expect_text("hello", at="Thu 08:00")


@sqlite
def test_the_preview_says_what_each_way_does_and_changes_nothing(world: World) -> None:
    paused(world, "Dana", "Eli", until="Thu 12:00")
    world.arrives("quote.sent", "Fay", "quote/Fay")
    before = world.touches()

    look = resuming.look(world.parts, HELD, per_minute=1)

    assert look is not None
    assert (look.in_time, look.too_late, look.later, look.calls) == (2, 0, 1, 0)
    assert (look.length, look.last_at - world.clock.at) == (timedelta(days=3), timedelta(minutes=1))
    assert look.is_spaced
    at_once = resuming.look(world.parts, HELD)
    assert at_once is not None
    assert not at_once.is_spaced, "nobody is told of a last one then"
    assert world.touches() == before
    assert resumes(world, How.EXPIRE).expired == look.held
    world.expects_anything()


@sqlite
def test_the_second_lead_hears_that_it_goes_on_already(world: World) -> None:
    paused(world, "Dana", until="Thu 12:00")
    resumes(world, How.SHIFT)

    assert resuming.resume(world.parts, HELD, LEE, How.SHIFT) is None
    assert resuming.look(world.parts, HELD) is None
    assert len(world.said("pause.resumed")) == 1


@sqlite
def test_two_pauses_over_the_same_time_move_a_touch_once(world: World) -> None:
    paused(world, "Dana", until="Wed 12:00")
    everything = holds.read("all")
    holds.pause(world.parts, everything, LEE)
    stands_still(world, "Thu 12:00")
    resumes(world, How.SHIFT)

    resuming.resume(world.parts, everything, LEE, How.SHIFT)

    world.time_passes_until("Sun 08:00")
    world.expect_text("hello", at="Sat 09:00")


@sqlite
@pytest.mark.parametrize("pace", [0, -1, 1_000_000])
def test_a_pace_that_is_none_is_refused(world: World, pace: int) -> None:
    with pytest.raises(InputError):
        resuming.resume(world.parts, HELD, LEE, How.IN_TIME, pace)


@sqlite
@pytest.mark.parametrize("words", ["They want it then.", "check-in, try 2 of 3: the customer asked for this time"])
@pytest.mark.parametrize("asked", [True, False])
def test_what_stays_was_asked_for_whatever_the_sentence_says(world: World, words: str, asked: bool) -> None:
    world.publish(playbook("- touchpoint: check-in\n  call: check-in\n  queue: sales\n  attempts: {most: 3, apart: 3 days}"))
    world.arrives("quote.sent")
    ends = ("call_back", "Thu 10:00") if asked else ("no_answer", None)
    world.staff("ari").takes_next_call().ends(ends[0], call_back_at=ends[1])
    with world.parts.database.work() as work:
        work.connection.execute(update(touch).where(touch.c.state == "planned").values(why=words))
    assert holds.pause(world.parts, HELD, LEE)
    world.time_passes_until("Tue 09:00")

    resumes(world, How.SHIFT)

    (planned,) = world.touches(state="planned")
    assert world.local(planned.due_at)[:3] == ("Thu" if asked else "Fri")
