"""Promises 3, 10 and 11 with a provider that fails: nothing twice, nothing lost, and what nobody knows is found out or shown."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from orchestrator import callbacks, desk, dispatch, engine
from orchestrator.carrier.faults import Faults
from orchestrator.core.receipts import Result
from orchestrator.store import schema, senders
from orchestrator.sweep import sweep
from tests.stories.carried import ON_SQLITE, CarriedWorld
from tests.stories.designs import playbook

pytestmark = ON_SQLITE

TEXT = "- touchpoint: hello\n  text: hello\n- touchpoint: after\n  email: after\n  after: 1 day"
MAIL = "- touchpoint: hello\n  email: hello\n- touchpoint: after\n  text: after\n  after: 1 day"
CALL = "- touchpoint: hello\n  voice: hello\n- touchpoint: after\n  email: after\n  after: 1 day"
AFTER = ["error_after", "hang_after", "reset_after", "slow"]  # it arrived, and we are not told
BEFORE = ["error_before", "hang_before", "reset_before", "html", "huge"]  # it did not, and we cannot know


def fails(world: CarriedWorld, fault: str) -> None:
    world.carrier.faults = Faults(**{fault: 1.0}, hang_s=3.0)  # type: ignore[arg-type]


def recovers(world: CarriedWorld) -> None:
    world.carrier.faults = Faults()


def accepted(world: CarriedWorld, kind: str) -> int:
    return len(world.reached(kind))


@pytest.mark.parametrize("fault", AFTER)
@pytest.mark.parametrize(("steps", "kind"), [(TEXT, "text"), (MAIL, "email"), (CALL, "call")])
def test_what_arrived_without_our_knowing_is_found_and_not_sent_again(
    carried: CarriedWorld, steps: str, kind: str, fault: str
) -> None:
    carried.publish(playbook(steps))
    fails(carried, fault)
    engine.handle_events(carried.parts, [carried.event("quote.sent", carried.known("Dana", phone="01"))])
    dispatch.drain(carried.parts, "voice" if kind == "call" else kind)
    if (fault, kind) == ("slow", "email"):
        pytest.skip("SendGrid says all in the head of its answer, which comes at once")
    assert carried.states("hello") == ["unknown"], "shown until somebody knows"
    recovers(carried)

    carried.passes(timedelta(minutes=20))

    assert carried.states("hello") in (["done"], ["sent"])
    assert accepted(carried, kind) == 1


@pytest.mark.parametrize("fault", BEFORE)
def test_a_text_that_never_arrived_waits_for_a_person(carried: CarriedWorld, fault: str) -> None:
    carried.publish(playbook(TEXT))
    fails(carried, fault)
    carried.arrives("quote.sent", carried.known("Dana", phone="01"))
    recovers(carried)

    carried.passes(timedelta(hours=1))

    assert carried.states("hello") == ["unknown"], "texts are never tried again by themselves"
    assert accepted(carried, "text") == 0
    (touch,) = carried.touches(touchpoint="hello")
    assert desk.settle(carried.parts, touch.id, "ari", "again") is None
    carried.passes(timedelta(minutes=5))
    assert accepted(carried, "text") == 1


def test_a_text_whose_playbook_says_so_is_tried_again_once_it_is_certain(carried: CarriedWorld) -> None:
    carried.publish(playbook(TEXT.replace("text: hello", "text: hello\n  if_unknown: try again")))
    fails(carried, "error_before")
    carried.arrives("quote.sent", carried.known("Dana", phone="01"))
    recovers(carried)

    carried.passes(timedelta(minutes=30))

    assert carried.states("hello")[0] in ("sent", "done")
    assert accepted(carried, "text") == 1


def test_an_e_mail_of_which_nothing_was_heard_is_sent_again_when_others_were_reported(carried: CarriedWorld) -> None:
    carried.publish(playbook(MAIL))
    carried.passes(timedelta(hours=5))  # two o'clock: eighteen hours later mails go out again
    fails(carried, "error_before")
    carried.arrives("quote.sent", carried.known("Dana"))
    recovers(carried)
    carried.passes(timedelta(hours=18, minutes=10))
    assert carried.states("hello") == ["unknown"], "SendGrid tells late, for a day"
    carried.arrives("quote.sent", carried.known("Robin"), "quote/Q-2")  # of this one it does tell

    carried.passes(timedelta(hours=8))

    assert Counter(e.to for e in carried.reached("email")) == {"dana@example.com": 1, "robin@example.com": 1}


def test_an_e_mail_stays_unknown_while_reports_do_not_arrive_at_all(carried: CarriedWorld) -> None:
    carried.publish(playbook(MAIL))
    fails(carried, "error_before")
    carried.arrives("quote.sent", carried.known("Dana"))
    recovers(carried)
    carried.web.silent = True
    carried.arrives("quote.sent", carried.known("Robin"), "quote/Q-2")

    carried.passes(timedelta(hours=30))

    assert carried.states("hello")[0] == "unknown", "silence means nothing when nobody could be heard"
    carried.web.silent = False


def test_an_e_mail_whose_report_nobody_could_take_is_not_sent_again(carried: CarriedWorld) -> None:
    carried.publish(playbook(MAIL))
    fails(carried, "error_after")
    carried.web.silent = True
    carried.arrives("quote.sent", carried.known("Dana"))  # it arrives; SendGrid tells a closed door, for a day
    recovers(carried)
    carried.passes(timedelta(hours=25))
    carried.web.silent = False
    carried.arrives("quote.sent", carried.known("Robin"), "quote/Q-2")  # of this one it tells at once

    carried.passes(timedelta(hours=30))

    assert Counter(e.to for e in carried.reached("email")) == {"dana@example.com": 1, "robin@example.com": 1}
    assert carried.states("hello")[0] == "unknown", "who listened too late has heard nothing"


def test_an_e_mail_stays_unknown_while_the_report_of_another_that_did_leave_is_missing_too(carried: CarriedWorld) -> None:
    carried.publish(playbook(MAIL))
    carried.passes(timedelta(hours=5))
    carried.web.silent = True
    carried.arrives("quote.sent", carried.known("Kim"), "quote/Q-2")
    fails(carried, "error_after")
    carried.arrives("quote.sent", carried.known("Dana"))
    recovers(carried)
    carried.passes(timedelta(hours=18, minutes=10))  # SendGrid has just tried again, and will do so in an hour
    carried.web.silent = False
    carried.arrives("quote.sent", carried.known("Robin"), "quote/Q-3")
    carried.passes(timedelta(minutes=10))
    assert carried.states("hello").count("done") == 1, "Robin's report is there, the others' are not"
    carried.web.silent = True
    carried.passes(timedelta(hours=5))  # it gives up
    carried.web.silent = False

    carried.passes(timedelta(hours=10))

    assert Counter(e.to for e in carried.reached("email"))["dana@example.com"] == 1


def test_two_texts_with_the_same_words_to_one_number_are_told_apart_or_left_to_a_person(carried: CarriedWorld) -> None:
    """Two follow-ups say the same to one number; one text arrived. It is never taken for both."""
    carried.publish(playbook(TEXT), playbook(TEXT, name="other", starts_on="visit.done"))
    dana = carried.known("Dana", phone="01")
    fails(carried, "error_after")
    carried.arrives("quote.sent", dana)
    fails(carried, "error_before")
    carried.arrives("visit.done", dana, "visit/V-1")
    carried.web.silent = True  # the callback with our handle does not come
    recovers(carried)

    carried.passes(timedelta(hours=2))

    refs = [a.provider_ref for a in carried.attempts(outcome="accepted", via="twilio")]
    assert len(refs) == len(set(refs)) <= 1
    carried.web.silent = False
    carried.passes(timedelta(hours=1))
    assert len(carried.reached("text")) == 1


@pytest.mark.parametrize("fault", ["doubled", "shuffled", "delayed", "lost_once"])
@pytest.mark.parametrize(("steps", "kind"), [(TEXT, "text"), (MAIL, "email"), (CALL, "call")])
def test_callbacks_in_any_order_and_number_lead_to_the_same_truth(
    carried: CarriedWorld, steps: str, kind: str, fault: str
) -> None:
    carried.publish(playbook(steps))
    carried.carrier.faults = Faults(**{fault: 1.0}, delay_s=600.0)  # type: ignore[arg-type]
    carried.arrives("quote.sent", carried.known("Dana", phone="01"))

    carried.passes(timedelta(hours=3))

    assert carried.states("hello") == ["done"]
    (attempt,) = carried.attempts()
    assert attempt.carrier_result == (Result.COMPLETED if kind == "call" else Result.DELIVERED)
    assert accepted(carried, kind) == 1


def test_a_callback_that_overtakes_our_own_answer_is_matched_by_its_handle(carried: CarriedWorld) -> None:
    """The carrier reports delivery while our request still waits; the process dies before it hears the answer."""
    carried.publish(playbook(TEXT))
    fails(carried, "hang_after")
    engine.handle_events(carried.parts, [carried.event("quote.sent", carried.known("Dana", phone="01"))])
    carried.during_the_call(lambda: carried.report_everything())

    dispatch.drain(carried.parts, "text")

    assert carried.states("hello") == ["done"]
    recovers(carried)
    sweep(carried.parts)
    assert carried.states("hello") == ["done"], "our own time-out changes nothing any more"


def test_a_provider_that_asks_to_wait_is_obeyed_by_the_whole_sender(carried: CarriedWorld) -> None:
    carried.publish(playbook(TEXT))
    carried.carrier.faults = Faults(too_many=1.0, retry_after_s=120)
    carried.arrives("quote.sent", carried.known("Dana", phone="01"))
    recovers(carried)
    carried.arrives("quote.sent", carried.known("Robin", phone="02"), "quote/Q-2")
    assert accepted(carried, "text") == 0, "Robin's waits as well"

    carried.passes(timedelta(minutes=3))

    assert accepted(carried, "text") == 2
    assert {a.outcome for a in carried.attempts(number=1)} == {"rejected_safe", "accepted"}


def test_a_wrong_key_holds_what_is_due_and_says_so_until_it_is_mended(carried: CarriedWorld) -> None:
    carried.publish(playbook(TEXT))
    mended = carried.parts
    carried.parts = carried.with_token("not the token")
    carried.arrives("quote.sent", carried.known("Dana", phone="01"))
    carried.arrives("quote.sent", carried.known("Robin", phone="02"), "quote/Q-2")
    carried.passes(timedelta(hours=1))

    with carried.parts.database.work() as work:
        (held,) = senders.held(work)
    assert "twilio" in held.name
    assert held.held_why
    assert set(carried.states("hello")) == {"planned"}, "held, not failed"
    assert len(carried.attempts()) <= 14, [a.began_at.strftime("%H:%M:%S") for a in carried.attempts()]

    carried.parts = mended
    carried.passes(timedelta(minutes=6))

    assert accepted(carried, "text") == 2
    with carried.parts.database.work() as work:
        assert senders.held(work) == []


def test_what_is_due_at_once_is_spread_out(slow_texts: CarriedWorld) -> None:
    """Forty texts are held to eight o'clock; the sender may send one a second."""
    world = slow_texts
    world.publish(playbook("- touchpoint: hello\n  text: hello"))
    world.clock.at = world.moment("Tue 06:00")
    for n in range(40):
        world.arrives("quote.sent", world.known(f"P{n}", phone="01"), f"quote/{n}")

    world.time_passes_until("Tue 08:05")

    came = sorted(e.at for e in world.reached("text"))
    assert len(came) == 40
    assert world.local(came[0]).endswith("08:00")
    per_ten_seconds = Counter(int((at - came[0]).total_seconds() // 10) for at in came)
    assert max(per_ten_seconds.values()) <= 13, "ten, and what two quiet seconds allow"


def test_a_report_about_nothing_of_ours_is_kept_and_tried_again(carried: CarriedWorld) -> None:
    carried.publish(playbook(TEXT))
    stranger = carried.delivery("text_status", {"MessageSid": "SM" + "0" * 32, "MessageStatus": "delivered"})

    callbacks.take_in(carried.parts, [stranger])
    carried.passes(timedelta(minutes=10))

    (row,) = carried.rows(schema.inbox, schema.inbox.c.id)
    assert (row.state, row.tries > 1) == ("waiting", True)
    carried.passes(timedelta(days=4))
    (row,) = carried.rows(schema.inbox, schema.inbox.c.id)
    assert row.state == "set_aside"
