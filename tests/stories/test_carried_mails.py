"""E-mails through the provider: one click answers a survey, a bounce is remembered, a scanner answers nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.store import schema
from tests.stories.carried import ON_SQLITE, CarriedWorld
from tests.stories.designs import playbook

pytestmark = ON_SQLITE

ASK = """
- touchpoint: ask
  email: ask
- wait_for: survey.answered
  within: 1 week
  then:
    - if: answers.rating != null && answers.rating >= 9
      then: [goal]
    - touchpoint: concern
      call: concern
      queue: leads
"""
WORDS = {
    "emails/ask.md": "---\nsubject: How did it go?\nsurvey: {scale: 0-10, ask: Would you have us back?, low: Never, high: Any time}\n---\nHello.\n"
}
TWO = "- touchpoint: first\n  email: first\n- touchpoint: second\n  email: second\n  after: 1 hour"


def test_one_click_on_the_scale_becomes_an_event_that_the_playbook_waits_for(carried: CarriedWorld) -> None:
    carried.publish(playbook(ASK), words=WORDS)
    carried.arrives("quote.sent", carried.known("Dana", mailbox="nine"))

    carried.passes(timedelta(hours=2))

    assert carried.ended() == "goal"
    (run,) = carried.runs()
    assert run.answers["rating"] == 9
    (event,) = carried.rows(schema.event, schema.event.c.id, type="survey.answered")
    assert (event.source, event.subject, event.data["rating"]) == ("touchpoint", "quote/Q-1", 9)


def test_a_security_scanner_that_opens_every_link_answers_nothing_and_unsubscribes_nobody(carried: CarriedWorld) -> None:
    carried.publish(playbook(ASK), words=WORDS)
    carried.arrives("quote.sent", carried.known("Dana", mailbox="scanner"))

    carried.passes(timedelta(hours=5))

    assert carried.ended() is None
    assert carried.rows(schema.survey_answer, schema.survey_answer.c.attempt_id) == []
    assert carried.suppressed("Dana") == set()


def test_an_address_that_bounces_is_not_written_to_again(carried: CarriedWorld) -> None:
    carried.publish(playbook(TWO))
    dana = carried.known("Dana", mailbox="bounce")
    carried.arrives("quote.sent", dana)

    carried.passes(timedelta(hours=3))

    assert carried.states("first") == ["failed"]
    assert carried.states("second") == ["skipped"]
    assert len(carried.reached("email")) == 1
    carried.arrives("quote.sent", dana, "quote/Q-2")
    carried.passes(timedelta(hours=3))
    assert len(carried.reached("email")) == 1, "nor when another event repeats it"


@pytest.mark.parametrize(("mailbox", "state"), [("full", "done"), ("blocked", "failed")])
def test_a_mailbox_that_refuses_for_now_keeps_its_address(carried: CarriedWorld, mailbox: str, state: str) -> None:
    carried.publish(playbook(TWO))
    carried.arrives("quote.sent", carried.known("Dana", mailbox=mailbox))

    carried.passes(timedelta(days=2))

    assert carried.states("first") == [state]
    assert [r.email for r in carried.rows(schema.customer, schema.customer.c.id)] == [f"{mailbox}+dana@example.com"]


def test_nothing_of_the_customer_travels_beside_the_message_itself(carried: CarriedWorld) -> None:
    carried.publish(playbook(TWO))
    carried.arrives("quote.sent", carried.known("Dana", mailbox="opens"))
    carried.passes(timedelta(minutes=5))

    (mail,) = carried.carrier.mails.by_sid.values()

    (attempt,) = carried.attempts()
    assert set(mail.arguments.values()) == {str(attempt.id)}
    assert not {"Dana", "Ortiz", "C-Dana"} & set(" ".join(mail.categories).split())


def test_many_at_once_leave_together_and_each_gets_their_own(carried: CarriedWorld) -> None:
    carried.publish(playbook("- touchpoint: first\n  email: first"))
    from orchestrator import engine

    names = [f"P{n}" for n in range(60)]
    engine.handle_events(carried.parts, [carried.event("quote.sent", carried.known(n), f"quote/{n}") for n in names])

    carried.passes(timedelta(minutes=5))

    mails = carried.reached("email")
    assert sorted(m.to for m in mails) == sorted(f"{n.lower()}@example.com" for n in names)
    assert all(f"Hello {m.to.split('@')[0].capitalize()}," in m.body for m in mails)
    assert len({m.sid.split(".")[0] for m in mails}) < len(mails), "in few requests"
    assert set(carried.states("first")) == {"done"}


@pytest.mark.parametrize(
    ("owners", "goes_to"),
    [("{sales-ops: sales@example.com}", "sales@example.com"), ("{others: o@example.com}", "hello@example.com")],
)
def test_answers_go_to_whoever_owns_the_touchpoint_else_to_the_company(carried: CarriedWorld, owners: str, goes_to: str) -> None:
    company = "{name: Northside Windows, phone: (312) 555-0100, email: hello@example.com}"
    carried.publish(playbook(TWO), house={"owners": owners, "company": company})
    carried.arrives("quote.sent", carried.known("Dana"))
    carried.passes(timedelta(minutes=1))

    (mail,) = carried.carrier.mails.by_sid.values()

    assert mail.reply_to == goes_to
