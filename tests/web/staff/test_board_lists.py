"""What waits for a person to decide: replies, calls without an end, messages in doubt, and what was set aside."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from orchestrator.core.roles import Role
from orchestrator.store import schema
from tests.web.staff.office import Browser, Office
from tests.web.staff.test_board import alter, on_the_desk, seen, take


@pytest.fixture
def lead(office: Office) -> Browser:
    return office.browser(office.member("lee", Role.LEAD))


def insert(office: Office, table: Any, **values: Any) -> Any:
    with office.parts.database.work() as work:
        return work.connection.execute(table.insert().values(**values)).inserted_primary_key


def said(office: Office, words: str, kind: str = "reply") -> UUID:
    """Dana says something; her follow-ups wait."""
    dana, run = office.customer("Dana"), office.touch(office.call("Dana")).enrollment_id
    id_ = office.parts.new_id()
    insert(
        office,
        schema.reply,
        id=id_,
        customer_id=dana,
        enrollment_id=run,
        channel="text",
        kind=kind,
        said=words,
        came_at=office.clock.now,
    )
    with office.parts.database.work() as work:
        mine = schema.enrollment.c.customer_id == dana
        work.connection.execute(schema.enrollment.update().where(mine).values(held_at=office.clock.now, held_why="answered"))
    return id_


def in_doubt(office: Office, call: UUID, **values: Any) -> UUID:
    """Nobody knows what became of it."""
    now = office.clock.now
    alter(office, call, state="unknown", effect_at=now, lease_until=None, rank_at=None, **values)
    insert(office, schema.attempt, id=office.parts.new_id(), touch_id=call, number=1, epoch=1, via="twilio", began_at=now,
           outcome="unknown", ended_at=now, detail="<b>timed out</b>")  # fmt: skip
    return call


def decide(lead: Browser, message: UUID, end: str) -> Any:
    fields: dict[str, Any] = {"as": end}
    return lead.send_form(f"/undecided/{message}/message", **fields)


def run_of(office: Office, call: UUID) -> Any:
    return office.rows(select(schema.enrollment).where(schema.enrollment.c.id == office.touch(call).enrollment_id))[0]


def test_a_reply_is_shown_as_it_was_written_and_its_follow_ups_wait(office: Office, lead: Browser) -> None:
    reply = said(office, "Call me <script>alert(1)</script> 😀\u202etxet")

    listed, page = lead.get("/replies").text, lead.get(f"/replies/{reply}").text

    assert seen(office).needs.replies == 1
    for text in (listed, page):
        assert "&lt;script&gt;" in text
        assert "<script>alert" not in text
        assert "\u202e" not in text
    assert "quote/Dana" in page


def test_a_follow_up_goes_on_once_somebody_has_read_the_reply(office: Office, lead: Browser) -> None:
    reply = said(office, "Thanks")

    answer = lead.send_form(f"/replies/{reply}", verdict="go_on")

    assert answer.headers["location"] == "/replies?done=go_on"
    assert run_of(office, office.call("Dana")).held_at is None
    assert [(who, what) for who, what, _ in office.audit()] == [("lee", "reply.read")]


def test_who_wants_no_more_gets_no_more(office: Office, lead: Browser) -> None:
    reply = said(office, "Leave me alone", "maybe_stop")

    lead.send_form(f"/replies/{reply}", verdict="stop")

    assert run_of(office, office.call("Dana")).end_reason == "opted_out"
    assert office.touch(office.call("Dana")).state == "cancelled"


def test_a_reply_needs_a_verdict(office: Office, lead: Browser) -> None:
    reply = said(office, "Thanks")

    answer = lead.send_form(f"/replies/{reply}", verdict="maybe")

    assert answer.status_code == 422
    assert "Say what is to happen" in answer.text
    assert seen(office).needs.replies == 1


def test_the_second_reader_is_told_who_has_read_it(office: Office, lead: Browser) -> None:
    reply = said(office, "Thanks")
    other = office.browser(office.member("max", Role.LEAD))
    lead.send_form(f"/replies/{reply}", verdict="end")

    late = other.send_form(f"/replies/{reply}", verdict="stop")

    assert late.status_code == 409
    assert "lee has read this" in late.text
    assert run_of(office, office.call("Dana")).end_reason == "stopped"
    assert len(office.audit()) == 1


def test_a_lead_says_how_a_call_ended_that_nobody_finished(office: Office, lead: Browser) -> None:
    call = take(office, on_the_desk(office, "ari"))
    lead.send_form(f"/board/calls/{call}/take-back")
    state = office.touch(call).state
    doubt = office.call("Kim") if call != office.call("Kim") else office.call("Dana")
    in_doubt(office, doubt, held_by="ari")

    missing = lead.send_form(f"/undecided/{doubt}/call", disposition="")
    unheard_of = lead.send_form(f"/undecided/{doubt}/call", disposition="reached")
    decided = lead.send_form(f"/undecided/{doubt}/call", disposition="goal_met", note="Ari says it is settled")
    again = lead.send_form(f"/undecided/{doubt}/call", disposition="declined")

    assert state == "ready"
    assert (missing.status_code, unheard_of.status_code) == (422, 422)
    assert decided.headers["location"] == "/undecided?done=1"
    assert again.status_code == 409
    assert (office.touch(doubt).state, office.touch(doubt).disposition) == ("done", "goal_met")
    assert run_of(office, doubt).end_reason == "goal"
    assert seen(office).needs.calls == 0


@pytest.mark.parametrize(("end", "state"), [("sent", "sent"), ("failed", "failed"), ("again", "planned")])
def test_a_lead_decides_what_became_of_a_message(office: Office, lead: Browser, end: str, state: str) -> None:
    message = in_doubt(office, office.call("Dana"), channel="text", queue=None)
    listed = lead.get("/undecided").text

    decided = decide(lead, message, end)
    again = decide(lead, message, "again")

    assert "&lt;b&gt;timed out&lt;/b&gt;" in listed
    assert decided.headers["location"] == "/undecided?done=1"
    assert again.status_code == 409
    assert office.touch(message).state == state
    assert [(who, what) for who, what, _ in office.audit()] == [("lee", "message.decided")]


def test_an_event_that_was_set_aside_shows_its_error_and_is_tried_again(office: Office, lead: Browser) -> None:
    now, id_ = office.clock.now, office.parts.new_id()
    insert(office, schema.event, id=id_, source="crm", key="bad", type="quote.sent", subject="quote/<i>9</i>", occurred_at=now, received_at=now,
           data={"amount": "<script>alert(1)</script>"}, body_hash="x", known=True, backfill=False, state="set_aside", tries=3,
           error="ValueError: <img src=x>", said=None)  # fmt: skip
    pages = [lead.get("/set-aside").text, lead.get(f"/set-aside/events/{id_}").text]

    first = lead.send_form(f"/set-aside/events/{id_}")
    second = lead.send_form(f"/set-aside/events/{id_}")

    for text in pages:
        assert "ValueError: &lt;img" in text
        assert "<script>alert" not in text
        assert "<img" not in text
    assert first.headers["location"].startswith("/set-aside?done=")
    assert second.status_code in (303, 409)
    assert ("lee", "event.retried") in [(who, what) for who, what, _ in office.audit()]


def test_a_delivery_that_was_set_aside_is_tried_again_or_put_away_once(office: Office, lead: Browser) -> None:
    row = {"provider": "twilio", "kind": "text_status", "body": {"Body": "<script>alert(1)</script>"}, "received_at": office.clock.now,
           "state": "set_aside", "tries": 5, "error": "nothing of ours"}  # fmt: skip
    one, two = (insert(office, schema.inbox, **row, key=key)[0] for key in ("a", "b"))
    page = lead.get(f"/set-aside/deliveries/{one}").text

    lead.send_form(f"/set-aside/deliveries/{one}", do="away")
    lead.send_form(f"/set-aside/deliveries/{two}", do="again")
    late = lead.send_form(f"/set-aside/deliveries/{one}", do="again")

    assert "<script>alert" not in page
    assert late.status_code == 409
    assert seen(office).needs.deliveries == 0
    assert [r.state for r in office.rows(select(schema.inbox).order_by(schema.inbox.c.id))] == ["handled", "waiting"]
    assert [what for _, what, _ in office.audit()] == ["delivery.put_away", "delivery.retried"]
