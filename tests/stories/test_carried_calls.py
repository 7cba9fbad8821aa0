"""Calls through the provider: automatic ones that know a voicemail when they hear it, and staff calls that are bridged."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator import bridging, dispatch, engine
from orchestrator.carrier.faults import Faults
from orchestrator.errors import InputError
from orchestrator.store import pauses, replies
from orchestrator.sweep import sweep
from tests.stories.carried import ON_SQLITE, CarriedWorld
from tests.stories.designs import playbook

pytestmark = ON_SQLITE

RING = """
- touchpoint: ring
  voice: ring
  attempts: {most: 2, apart: 2 hours}
  outcomes:
    voicemail_left:
      - touchpoint: beside
        text: beside
        after: 5 minutes
      - exit
    not_reached:
      - touchpoint: instead
        email: instead
      - exit
- touchpoint: thanks
  email: thanks
"""
STAFF = "- touchpoint: check-in\n  call: check-in\n  queue: sales\n- touchpoint: thanks\n  email: thanks"


def dispositions(world: CarriedWorld) -> list[tuple[str, str | None]]:
    return [(row.state, row.disposition) for row in world.touches(touchpoint="ring")]


def words(world: CarriedWorld) -> list[str]:
    return [e.body for e in world.reached("call")]


@pytest.mark.parametrize(
    ("phone", "state", "disposition", "follows"),
    [
        ("01", "done", "completed", "thanks"),
        ("02", "done", "voicemail_left", "beside"),
        ("07", "done", "fax", "thanks"),
        ("08", "done", "completed", "thanks"),  # detection cannot tell: a person
        ("09", "failed", "failed", "thanks"),  # the number does not exist
    ],
)
def test_how_a_call_ended_decides_what_follows(
    carried: CarriedWorld, phone: str, state: str, disposition: str, follows: str
) -> None:
    carried.publish(playbook(RING))
    carried.arrives("quote.sent", carried.known("Dana", phone=phone))

    carried.passes(timedelta(minutes=30))

    assert dispositions(carried) == [(state, disposition)]
    assert [t.touchpoint for t in carried.touches()][-1] == follows


@pytest.mark.parametrize(("phone", "result"), [("03", "busy"), ("04", "no_answer")])
def test_who_was_not_reached_is_tried_again_and_then_written_to(carried: CarriedWorld, phone: str, result: str) -> None:
    carried.publish(playbook(RING))
    carried.arrives("quote.sent", carried.known("Dana", phone=phone))

    carried.passes(timedelta(hours=4))

    assert dispositions(carried) == [("done", result)] * 2
    assert len(carried.reached("email")) == 1
    assert {a.carrier_result for a in carried.attempts(via="twilio")} == {result}


def test_the_line_the_detection_and_the_disposition_are_three_things(carried: CarriedWorld) -> None:
    carried.publish(playbook(RING))
    carried.arrives("quote.sent", carried.known("Dana", phone="02"))

    carried.passes(timedelta(minutes=5))

    (attempt,) = carried.attempts(via="twilio")
    assert (attempt.carrier_result, attempt.answered_by, attempt.heard) == ("completed", "machine_end_beep", "machine")
    assert attempt.duration_s > 0
    assert dispositions(carried) == [("done", "voicemail_left")]


def test_a_machine_hears_the_message_for_machines_and_a_person_who_is_calling_first(carried: CarriedWorld) -> None:
    carried.publish(playbook(RING))
    carried.arrives("quote.sent", carried.known("Dana", phone="02"))
    carried.arrives("quote.sent", carried.known("Robin", phone="01"), "quote/Q-2")

    carried.passes(timedelta(minutes=5))

    to_machine, to_person = words(carried)
    assert "This is ring for your voicemail." in to_machine
    assert "Northside Windows" in to_person.split(".")[0], "who is calling comes first"
    assert "This is ring. Northside Windows" in to_person
    assert "9" in to_person


def test_the_text_beside_a_voicemail_comes_within_ten_minutes(carried: CarriedWorld) -> None:
    carried.publish(playbook(RING))
    carried.arrives("quote.sent", carried.known("Dana", phone="02"))

    carried.passes(timedelta(minutes=14))

    (text,) = carried.reached("text")
    (ring,) = carried.touches(touchpoint="ring")
    assert timedelta(0) < text.at - ring.finished_at <= timedelta(minutes=10)


def test_somebody_who_hangs_up_at_once_was_not_reached(carried: CarriedWorld) -> None:
    carried.publish(playbook(RING))
    carried.arrives("quote.sent", carried.known("Dana", phone="10"))

    carried.passes(timedelta(minutes=5))

    assert dispositions(carried)[0] == ("done", "cut_off")


def test_when_the_goal_comes_while_it_rings_nothing_is_said(carried: CarriedWorld) -> None:
    carried.publish(playbook(RING))
    dana = carried.known("Dana", phone="01")
    carried.arrives("quote.sent", dana)
    assert carried.states("ring") == ["calling"]

    carried.arrives("quote.accepted", dana)
    carried.passes(timedelta(minutes=5))

    assert carried.states("ring") == ["cancelled"]
    assert words(carried) == [""], "nobody heard a word"
    assert carried.ended() == "goal"


def test_a_call_that_is_answered_after_the_window_has_closed_says_nothing(carried: CarriedWorld) -> None:
    """It was placed in time; everything is paused while it rings."""
    carried.publish(playbook(RING))
    carried.arrives("quote.sent", carried.known("Dana", phone="01"))
    with carried.parts.database.work() as work:
        pauses.put(work, "channel", "call", "ari", carried.clock.at)

    carried.passes(timedelta(minutes=5))

    assert words(carried) == [""]
    assert carried.states("ring") == ["planned"], "held, not dropped"
    carried.expects_anything()


def test_a_call_that_is_picked_up_after_the_window_has_closed_says_nothing(carried: CarriedWorld) -> None:
    carried.publish(playbook(RING))
    carried.clock.at = carried.moment("Mon 19:59") + timedelta(seconds=20)
    engine.handle_events(carried.parts, [carried.event("quote.sent", carried.known("Dana", phone="01"))])
    dispatch.drain(carried.parts, "voice")

    carried.clock.at = carried.moment("Mon 20:00") + timedelta(seconds=5)
    carried.carrier.work_until(carried.clock.at)  # it rings and is picked up; nobody of ours has swept meanwhile
    carried.passes(timedelta(minutes=5))

    assert words(carried) == [""]
    assert carried.states("ring") == ["planned"]
    carried.time_passes_until("Tue 08:10")
    assert carried.local(carried.touches(touchpoint="ring")[-1].effect_at).endswith("08:00")


@pytest.mark.parametrize(("days", "matched"), [(6.9, True), (8, False)])
def test_a_call_to_us_is_matched_with_a_contact_of_the_last_seven_days(carried: CarriedWorld, days: float, matched: bool) -> None:
    carried.publish(playbook("- touchpoint: ring\n  voice: ring\n- wait: 30 days\n- touchpoint: late\n  text: late"))
    dana = carried.known("Dana", phone="01")
    carried.arrives("quote.sent", dana)
    carried.passes(timedelta(days=days))

    carried.carrier.call_us(dana["phone"])
    carried.passes(timedelta(minutes=5))

    with carried.parts.database.work() as work:
        (said,) = replies.open_ones(work)
    assert (said.subject == "quote/Q-1") is matched


def test_a_call_whose_end_is_never_reported_is_asked_about(carried: CarriedWorld) -> None:
    carried.publish(playbook(RING))
    carried.carrier.hooks = None
    carried.carrier.faults = Faults(lost_once=0.0)
    carried.arrives("quote.sent", carried.known("Dana", phone="04"))
    carried.web.silent = True

    carried.passes(timedelta(minutes=40))
    carried.web.silent = False
    carried.passes(timedelta(minutes=20))

    assert dispositions(carried)[0] == ("done", "no_answer")


def test_a_customer_who_calls_back_is_put_before_staff_with_what_it_answers(carried: CarriedWorld) -> None:
    carried.publish(playbook(RING))
    carried.arrives("quote.sent", carried.known("Dana", phone="16"))

    carried.passes(timedelta(minutes=10))

    with carried.parts.database.work() as work:
        (said,) = replies.open_ones(work)
    assert (said.kind, said.subject, said.ref) == ("missed_call", "quote/Q-1", "C-Dana")
    carried.passes(timedelta(hours=4))
    assert len(carried.reached("call")) == 1, "nothing more goes out before somebody has seen to it"


# -- staff ------------------------------------------------------------------------------------------------------------


def test_the_agents_telephone_rings_and_then_the_customers(carried: CarriedWorld) -> None:
    carried.publish(playbook(STAFF))
    carried.arrives("quote.sent", carried.known("Dana", phone="01"))
    call = carried.staff("ari").takes_next_call()

    assert bridging.dial(carried.parts, call.task.touch, "ari", "+13125550190") is None
    carried.passes(timedelta(minutes=3))

    both = [e for e in carried.carrier.ledger() if e.kind == "call"]
    assert [e.to for e in both] == ["+13125550190", call.task.due.customer.phone]
    (attempt,) = carried.attempts(via="desk")
    assert attempt.carrier_result in ("answered", "completed")
    assert carried.states("check-in") == ["in_call"], "how it ended is for staff to say"

    call.ends("completed")
    carried.passes(timedelta(minutes=5))

    (row,) = carried.touches(touchpoint="check-in")
    assert (row.state, row.disposition) == ("done", "completed")


def test_a_second_click_does_not_ring_twice(carried: CarriedWorld) -> None:
    carried.publish(playbook(STAFF))
    carried.arrives("quote.sent", carried.known("Dana", phone="01"))
    call = carried.staff("ari").takes_next_call()
    bridging.dial(carried.parts, call.task.touch, "ari", "+13125550190")

    with pytest.raises(InputError, match="rings already"):
        bridging.dial(carried.parts, call.task.touch, "ari", "+13125550190")

    call.ends("completed")


def test_the_customer_is_not_rung_when_they_have_opted_out_meanwhile(carried: CarriedWorld) -> None:
    carried.publish(playbook(STAFF))
    carried.arrives("quote.sent", carried.known("Dana", phone="01"))
    call = carried.staff("ari").takes_next_call()
    bridging.dial(carried.parts, call.task.touch, "ari", "+13125550190")

    carried.opts_out("Dana")
    carried.passes(timedelta(minutes=3))

    assert [e.to for e in carried.carrier.ledger() if e.kind == "call"] == ["+13125550190"]
    call.ends("no_answer")


@pytest.mark.parametrize(("phone", "result"), [("03", "busy"), ("04", "no_answer"), ("01", "completed")])
def test_the_line_on_record_is_the_customers_not_the_agents(carried: CarriedWorld, phone: str, result: str) -> None:
    carried.publish(playbook(STAFF))
    carried.arrives("quote.sent", carried.known("Dana", phone=phone))
    call = carried.staff("ari").takes_next_call()
    bridging.dial(carried.parts, call.task.touch, "ari", "+13125550190")

    carried.passes(timedelta(minutes=10))

    (attempt,) = carried.attempts(via="desk")
    assert attempt.carrier_result == result
    call.ends("completed" if result == "completed" else "no_answer")


def test_a_number_that_is_no_telephone_of_ours_cannot_be_rung_for_staff(carried: CarriedWorld) -> None:
    carried.publish(playbook(STAFF))
    carried.arrives("quote.sent", carried.known("Dana", phone="01"))
    call = carried.staff("ari").takes_next_call()

    with pytest.raises(InputError, match="premium"):
        bridging.dial(carried.parts, call.task.touch, "ari", "+19005550190")

    assert carried.reached("call") == []
    call.ends("no_answer")


def test_a_call_that_still_waits_at_the_provider_when_the_window_closes_is_called_off(carried: CarriedWorld) -> None:
    carried.publish(playbook(RING))
    carried.clock.at = carried.moment("Mon 19:59") + timedelta(seconds=20)
    engine.handle_events(carried.parts, [carried.event("quote.sent", carried.known("Dana", phone="01"))])
    dispatch.drain(carried.parts, "voice")
    assert carried.states("ring") == ["calling"]

    carried.clock.at = carried.moment("Mon 20:01")  # the carrier has not got round to it: nothing has rung
    sweep(carried.parts)

    assert carried.states("ring") == ["planned"]
    assert [e.status for e in carried.reached("call")] == ["canceled"]
    carried.time_passes_until("Tue 08:10")
    assert dispositions(carried)[-1] == ("done", "completed")
    assert carried.local(carried.touches(touchpoint="ring")[-1].effect_at).endswith("08:00")


def test_whoever_presses_one_is_connected_and_put_before_staff(carried: CarriedWorld) -> None:
    """Nobody may pick up: then we have said that we will call back."""
    carried.publish(playbook(RING), words={"voices/ring.md": "---\nkeys: {1: speak}\n---\nYour quote is ready.\n"})
    carried.arrives("quote.sent", carried.known("Dana", phone="05"))

    carried.passes(timedelta(minutes=10))

    with carried.parts.database.work() as work:
        (said,) = replies.open_ones(work)
    assert (said.kind, said.said) == ("asked_for_call", "Pressed the key to speak to us.")
    assert dispositions(carried)[0] == ("done", "completed")
