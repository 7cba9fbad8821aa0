"""Promise 6 through the providers: whoever says stop, however they say it, gets no more of it, before anything else goes out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator import callbacks, incoming
from orchestrator.store import inbox, replies, schema
from tests.stories.carried import CarriedWorld
from tests.stories.designs import playbook

TWO_TEXTS = """
- touchpoint: first
  text: first
- touchpoint: second
  text: second
  after: 1 hour
- touchpoint: mail
  email: mail
  after: 1 hour
"""
VOICE = """
- touchpoint: ring
  voice: ring
  outcomes: {do_not_contact: continue}
- touchpoint: ring-again
  voice: ring-again
  after: 1 hour
- touchpoint: staff-call
  call: staff-call
  queue: sales
  after: 1 hour
- touchpoint: mail
  email: mail
  after: 1 hour
"""
TWO_MAILS = """
- touchpoint: first
  email: first
- touchpoint: second
  email: second
  after: 1 hour
- touchpoint: text
  text: text
  after: 1 hour
"""


def states(world: CarriedWorld) -> dict[str, str]:
    return {row.touchpoint: row.state for row in world.touches()}


def test_a_text_answered_stop_ends_texts_and_nothing_else(carried: CarriedWorld) -> None:
    carried.publish(playbook(TWO_TEXTS), playbook(TWO_TEXTS, name="other", starts_on="visit.booked"))
    dana = carried.known("Dana", phone="11")
    carried.arrives("visit.booked", dana, "visit/V-1", starts_at="2026-09-20T10:00:00-05:00")
    carried.arrives("quote.sent", dana)

    carried.passes(timedelta(hours=6))

    assert carried.suppressed("Dana") == {"text"}
    assert [e.body.split(".")[0] for e in carried.reached("text")] == ["This is first"] * 2, "no further text after the answer"
    assert {(r.touchpoint, r.state, r.reason) for r in carried.touches() if r.touchpoint == "second"} == {
        ("second", "skipped", "suppression")
    }, "in both follow-ups"
    assert len(carried.reached("email")) == 2, "e-mails were not what they stopped"


def test_start_lifts_what_stop_had_ended(carried: CarriedWorld) -> None:
    carried.publish(playbook(TWO_TEXTS))
    dana = carried.known("Dana", phone="01")
    carried.arrives("quote.sent", dana)

    carried.texts_us(dana, "Stop.")
    assert carried.suppressed("Dana") == {"text"}
    carried.texts_us(dana, "START")

    assert carried.suppressed("Dana") == set()


def test_a_spoken_nine_ends_calls_by_machine_and_by_staff(carried: CarriedWorld) -> None:
    carried.publish(playbook(VOICE))
    carried.arrives("quote.sent", carried.known("Dana", phone="06"))

    carried.passes(timedelta(hours=8))

    assert carried.suppressed("Dana") == {"call"}
    assert len(carried.reached("call")) == 1
    assert states(carried) == {"ring": "done", "ring-again": "skipped", "staff-call": "skipped", "mail": "done"}
    (ring,) = carried.touches(touchpoint="ring")
    assert ring.disposition == "do_not_contact"
    assert "9" in carried.said("call.key")[0]


def test_the_mail_programs_unsubscribe_button_ends_e_mails(carried: CarriedWorld) -> None:
    carried.publish(playbook(TWO_MAILS), playbook(TWO_MAILS, name="other", starts_on="visit.done"))
    dana = carried.known("Dana", mailbox="unsubscribe")
    carried.arrives("visit.done", dana, "visit/V-1")
    carried.arrives("quote.sent", dana)

    carried.passes(timedelta(hours=6))

    assert carried.suppressed("Dana") == {"email"}
    assert {r.state for r in carried.touches(touchpoint="second")} == {"skipped"}
    assert len(carried.reached("email")) == 2
    assert len(carried.reached("text")) == 2


def test_a_spam_report_ends_e_mails(carried: CarriedWorld) -> None:
    carried.publish(playbook(TWO_MAILS))
    carried.arrives("quote.sent", carried.known("Dana", mailbox="spam"))

    carried.passes(timedelta(hours=6))

    assert carried.suppressed("Dana") == {"email"}
    assert len(carried.reached("email")) == 1
    assert states(carried) == {"first": "done", "second": "skipped", "text": "done"}


def test_stop_in_free_words_holds_everything_until_a_person_has_judged(carried: CarriedWorld) -> None:
    carried.publish(playbook(TWO_MAILS, name="mails", starts_on="visit.done"), playbook(TWO_TEXTS))
    dana = carried.known("Dana", phone="13")
    carried.arrives("visit.done", dana, "visit/V-1")
    carried.arrives("quote.sent", dana)

    carried.passes(timedelta(hours=6))

    assert carried.suppressed("Dana") == set(), "nobody has judged yet"
    assert len(carried.reached()) == 2, "but nothing more goes out, on any channel"
    with carried.parts.database.work() as work:
        (said,) = replies.open_ones(work)
    assert (said.kind, said.said) == ("maybe_stop", "please stop texting me")

    assert incoming.read(carried.parts, said.id, "ari", "stop")

    assert carried.suppressed("Dana") == {"all"}
    assert {r.end_reason for r in carried.runs()} == {"opted_out"}


@pytest.mark.parametrize(("verdict", "ends"), [("go_on", None), ("end", "stopped")])
def test_any_other_answer_holds_its_follow_up_until_somebody_has_read_it(
    carried: CarriedWorld, verdict: str, ends: str | None
) -> None:
    carried.publish(playbook(TWO_TEXTS), playbook(TWO_MAILS, name="mails", starts_on="visit.done"))
    dana = carried.known("Dana", phone="12")
    carried.arrives("quote.sent", dana)
    carried.arrives("visit.done", dana, "visit/V-1")

    carried.passes(timedelta(hours=3))

    assert "second" not in [t.touchpoint for t in carried.touches(state="sent")]
    assert len(carried.reached("text")) == 2, "the first text of the one, and all of the other, which is not held"
    with carried.parts.database.work() as work:
        said = replies.open_ones(work)[0]
    assert said.said == "Thanks, see you then"
    assert said.subject in ("quote/Q-1", "visit/V-1")

    for one in _open(carried):
        assert incoming.read(carried.parts, one, "ari", verdict)  # type: ignore[arg-type]
    carried.passes(timedelta(minutes=20))

    assert carried.ended("quote/Q-1") == ends
    with carried.parts.database.work() as work:
        assert not replies.open_ones(work) or verdict == "go_on", "an answered text may be answered again"


def _open(world: CarriedWorld) -> list:  # type: ignore[type-arg]
    with world.parts.database.work() as work:
        return [row.id for row in replies.open_ones(work)]


def test_a_number_that_has_stopped_at_the_carrier_is_not_tried_twice(carried: CarriedWorld) -> None:
    carried.publish(playbook(TWO_TEXTS))
    carried.arrives("quote.sent", carried.known("Dana", phone="17"))

    carried.passes(timedelta(hours=6))

    assert carried.suppressed("Dana") == {"text"}
    assert carried.reached("text") == []
    assert states(carried)["second"] == "skipped"


def test_a_number_that_does_not_exist_does_not_come_back_with_the_next_event(carried: CarriedWorld) -> None:
    carried.publish(playbook(TWO_TEXTS))
    nobody = carried.known("Dana", phone="09")
    carried.arrives("quote.sent", nobody)
    carried.passes(timedelta(minutes=5))
    assert [r.phone for r in carried.rows(schema.customer, schema.customer.c.id)] == [None]

    carried.arrives("quote.sent", nobody, "quote/Q-2")
    carried.passes(timedelta(minutes=5))
    assert [r.phone for r in carried.rows(schema.customer, schema.customer.c.id)] == [None]

    carried.arrives("quote.sent", carried.known("Dana", phone="01"), "quote/Q-3")
    carried.passes(timedelta(minutes=5))
    assert len(carried.reached("text")) == 1, "a new number is used"


LANDLINE = """
- touchpoint: first
  text: first
  outcomes:
    failed:
      - touchpoint: ring
        voice: ring
        after: 10 minutes
- touchpoint: second
  email: second
  after: 1 day
"""


def test_a_text_that_turns_out_not_to_have_arrived_takes_the_way_for_failures(carried: CarriedWorld) -> None:
    """The carrier takes a text to a landline, and says a moment later that it cannot be delivered."""
    carried.publish(playbook(LANDLINE))
    carried.arrives("quote.sent", carried.known("Dana", phone="15"))

    carried.passes(timedelta(hours=1))

    assert states(carried)["first"] == "failed"
    assert [(r.touchpoint, r.state) for r in carried.touches()][1:] == [
        ("second", "cancelled"),
        ("ring", "done"),
        ("second", "planned"),
    ]
    carried.passes(timedelta(days=2))
    assert len(carried.reached("email")) == 1


@pytest.mark.parametrize("words", ["Yes", "help"])
def test_a_yes_or_a_help_from_somebody_who_had_stopped_nothing_is_an_answer_like_any_other(
    carried: CarriedWorld, words: str
) -> None:
    carried.publish(playbook(TWO_TEXTS))
    dana = carried.known("Dana", phone="01")
    carried.arrives("quote.sent", dana)

    carried.texts_us(dana, words)
    carried.passes(timedelta(hours=3))

    assert len(carried.reached("text")) == 1, "held"
    (one,) = _open(carried)
    assert incoming.read(carried.parts, one, "ari", "go_on")
    carried.settle()
    assert len(carried.reached("text")) == 2, "what was put off for it goes out at once"


def test_a_start_that_is_dealt_with_after_a_later_stop_lifts_nothing(carried: CarriedWorld) -> None:
    carried.publish(playbook(TWO_TEXTS))
    dana = carried.known("Dana", phone="01")
    carried.arrives("quote.sent", dana)
    came = [
        carried.delivery("incoming_text", {"From": dana["phone"], "Body": words, "MessageSid": words})
        for words in ("STOP", "START", "Stop")
    ]
    for n, one in enumerate(came):
        callbacks.take_in(carried.parts, [replace(one, received_at=carried.clock.at + timedelta(seconds=n))])
    carried.clock.at += timedelta(seconds=5)
    with carried.parts.database.work() as work:  # another worker has taken the START and is slow
        rows = {row.ref: row for row in inbox.waiting(work, carried.clock.at, 10)}
        in_use = carried.parts.rulebook.refresh(work)
        for ref in ("STOP", "Stop", "START"):
            incoming.take(carried.parts, work, in_use, rows[ref], carried.clock.at)
            inbox.handled(work, [rows[ref].id])

    assert carried.suppressed("Dana") == {"text"}


def test_two_customers_with_one_number_are_one_telephone(carried: CarriedWorld) -> None:
    """Ann presses nine, or says stop in her own words: Bob's follow-up leaves the telephone alone as well."""
    carried.publish(playbook(VOICE), playbook(TWO_TEXTS, name="texts", starts_on="visit.done"))
    ann = carried.known("Ann", phone="06")
    bob = {**carried.known("Bob"), "phone": ann["phone"]}
    carried.arrives("quote.sent", ann)
    carried.arrives("quote.sent", bob, "quote/Q-2", at="Mon 09:00")
    carried.passes(timedelta(minutes=5))
    assert carried.suppressed("Ann") == carried.suppressed("Bob") == {"call"}

    carried.texts_us(ann, "please leave me alone")
    carried.arrives("visit.done", bob, "visit/V-1")
    carried.passes(timedelta(hours=3))

    assert carried.reached("text") == [], "nobody has judged yet, and it began after that"
