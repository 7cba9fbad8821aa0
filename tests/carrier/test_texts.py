"""Texts through Twilio's own SDK, and what the carrier posts back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator

from orchestrator.carrier import credentials
from orchestrator.carrier.texts import segments
from tests.carrier.conftest import Stage

HANDLE = UUID("0193f5a0-0000-7000-8000-000000000001")
SOMEBODY = "+13125550142"


def text(stage: Stage, to: str = SOMEBODY, body: str = "Hello Dana", **more: str) -> str:
    wanted: dict[str, Any] = {"status_callback": f"{stage.receiver.url}/status/{HANDLE}", **more}
    sent = stage.twilio().messages.create(to=to, from_=credentials.TEXT_FROM, body=body, **wanted)
    assert sent.sid is not None
    return sent.sid


def test_a_text_is_delivered_and_each_step_is_told_with_a_signature(stage: Stage) -> None:
    sid = text(stage)
    stage.pass_time(minutes=1)

    got = stage.receiver.at("/status")
    assert [one.form["MessageStatus"] for one in got] == ["queued", "sent", "delivered"]
    for one in got:
        assert RequestValidator(credentials.AUTH_TOKEN).validate(one.url, one.form, one.headers["x-twilio-signature"])
        assert one.form["MessageSid"] == one.form["SmsSid"] == sid
        assert len(one.headers["i-twilio-idempotency-token"]) == 36


def test_the_ledger_names_the_senders_handle_and_counts_how_often_it_came(stage: Stage) -> None:
    text(stage)
    text(stage)

    assert [(one.kind, one.handle, one.to, one.body, one.times) for one in stage.carrier.ledger()] == [
        ("text", HANDLE, SOMEBODY, "Hello Dana", 1),
        ("text", HANDLE, SOMEBODY, "Hello Dana", 2),
    ]


@pytest.mark.parametrize(
    ("to", "more", "code"),
    [
        ("+13125550109", {}, 21211),
        ("3125550142", {}, 21211),
        ("+13125550117", {}, 21610),
        ("+79161234567", {}, 21408),
        ("+18005550142", {}, 21614),
        (SOMEBODY, {"body": "x" * 1601}, 21617),
        (SOMEBODY, {"from_": "+13125559999"}, 21606),
        (SOMEBODY, {"status_callback": "not an address"}, 21609),
        (SOMEBODY, {"validity_period": 36_001}, 20001),
    ],
)
def test_what_twilio_would_refuse_is_refused_with_its_code(stage: Stage, to: str, more: dict[str, object], code: int) -> None:
    wanted: dict[str, object] = {"to": to, "from_": credentials.TEXT_FROM, "body": "Hello", **more}

    with pytest.raises(TwilioRestException) as refused:
        stage.twilio().messages.create(**wanted)  # type: ignore[arg-type]

    assert (refused.value.status, refused.value.code) == (400, code)
    assert to not in str(refused.value.msg)
    assert stage.carrier.ledger() == []


def test_a_wrong_token_is_not_let_in(stage: Stage) -> None:
    with pytest.raises(TwilioRestException) as refused:
        stage.twilio(token="0" * 32).messages.create(to=SOMEBODY, from_=credentials.TEXT_FROM, body="Hello")

    assert (refused.value.status, refused.value.code) == (401, 20003)


@pytest.mark.parametrize(("to", "code"), [("+13125550114", "30003"), ("+13125550115", "30006")])
def test_a_text_that_does_not_arrive_says_why(stage: Stage, to: str, code: str) -> None:
    sid = text(stage, to)
    stage.pass_time(minutes=1)

    last = stage.receiver.at("/status")[-1].form
    assert (last["MessageStatus"], last["ErrorCode"]) == ("undelivered", code)
    assert stage.twilio().messages(sid).fetch().error_code == int(code)


@pytest.mark.parametrize(
    ("to", "words"),
    [("+13125550111", "STOP"), ("+13125550112", "Thanks, see you then"), ("+13125550113", "please stop texting me")],
)
def test_people_answer_by_text(stage: Stage, to: str, words: str) -> None:
    text(stage, to)
    stage.pass_time(minutes=10)

    (answer,) = stage.receiver.at("/hooks/twilio/texts")
    assert (answer.form["From"], answer.form["To"], answer.form["Body"]) == (to, credentials.TEXT_FROM, words)
    assert (answer.form["SmsStatus"], answer.form["NumMedia"]) == ("received", "0")
    assert RequestValidator(credentials.AUTH_TOKEN).validate(answer.url, answer.form, answer.headers["x-twilio-signature"])


def test_after_stop_nothing_more_is_taken_until_start(stage: Stage) -> None:
    stage.carrier.text_us(SOMEBODY, "stop")
    with pytest.raises(TwilioRestException) as refused:
        text(stage)
    assert refused.value.code == 21610

    stage.carrier.text_us(SOMEBODY, "START")

    assert text(stage)


def test_a_status_that_is_not_taken_comes_once_more_with_the_same_token(stage: Stage) -> None:
    stage.receiver.answers["/status"] = (500, "")

    text(stage)
    stage.pass_time(minutes=5)

    tokens = [one.headers["i-twilio-idempotency-token"] for one in stage.receiver.at("/status")]
    assert len(tokens) == 6
    assert len(set(tokens)) == 3


def test_texts_are_found_by_recipient_and_day_page_by_page(stage: Stage) -> None:
    sids = [text(stage, body=f"number {number}") for number in range(5)]
    text(stage, to="+13125550143")
    stage.pass_time(minutes=1)

    today, tomorrow = stage.clock.now, stage.clock.now.replace(day=21)
    found = stage.twilio().messages.list(to=SOMEBODY, date_sent=today, page_size=2)

    assert [one.sid for one in found] == sids[::-1]
    assert stage.twilio().messages.list(to=SOMEBODY, date_sent=tomorrow) == []
    assert stage.twilio().messages.list(to=SOMEBODY, date_sent_after=tomorrow) == []
    assert len(stage.twilio().messages.list(to=SOMEBODY, date_sent_before=tomorrow)) == 5


@pytest.mark.parametrize(
    ("body", "parts"),
    [("x" * 160, 1), ("x" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("ж" * 70, 1), ("ж" * 71, 2), ("😀" * 36, 2)],
)
def test_parts_are_counted_as_the_network_bills_them(body: str, parts: int) -> None:
    assert segments(body) == parts


def test_a_list_that_grows_while_it_is_read_gives_each_text_once(stage: Stage) -> None:
    before = [text(stage, body=f"number {number}") for number in range(6)]

    found = []
    for one in stage.twilio().messages.stream(to=SOMEBODY, page_size=2):
        found.append(one.sid)
        text(stage, body="came meanwhile")

    assert found == before[::-1]
