"""What goes wrong on purpose, as the SDKs and the receiver of callbacks see it."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioException, TwilioRestException

from orchestrator.carrier import credentials, faults
from orchestrator.carrier.faults import Dice, Faults
from orchestrator.errors import InputError
from tests.carrier.conftest import Stage
from tests.carrier.test_mails import body
from tests.carrier.test_texts import SOMEBODY, text


def always(stage: Stage, **shares: Any) -> None:
    answer = requests.post(f"{stage.url}/rehearsal/faults", json=shares, timeout=5)
    assert answer.status_code == 200, answer.text


def send(stage: Stage, timeout: float = 1.0) -> None:
    stage.twilio(timeout=timeout).messages.create(to=SOMEBODY, from_=credentials.TEXT_FROM, body="Hello")


@pytest.mark.parametrize(("fault", "taken"), [("error_before", 0), ("error_after", 1)])
def test_an_error_may_come_before_or_after_acceptance(stage: Stage, fault: str, taken: int) -> None:
    always(stage, **{fault: 1.0})

    with pytest.raises(TwilioRestException) as refused:
        send(stage)

    assert (refused.value.status, refused.value.code) == (500, 20500)
    assert len(stage.carrier.ledger()) == taken


@pytest.mark.parametrize(("fault", "taken"), [("hang_before", 0), ("hang_after", 1)])
def test_an_answer_may_not_come_in_time(stage: Stage, fault: str, taken: int) -> None:
    always(stage, **{fault: 1.0, "hang_s": 20})

    with pytest.raises(requests.ReadTimeout):
        send(stage, timeout=0.3)

    assert len(stage.carrier.ledger()) == taken


@pytest.mark.parametrize(("fault", "taken"), [("reset_before", 0), ("reset_after", 1)])
def test_a_connection_may_really_be_reset(stage: Stage, fault: str, taken: int) -> None:
    always(stage, **{fault: 1.0})
    raw = json.dumps(body("dana@example.com")).encode()
    host, port = stage.url.removeprefix("http://").split(":")
    head = f"POST /v3/mail/send HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {credentials.SENDGRID_KEY}\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"

    with socket.create_connection((host, int(port)), timeout=5) as line:
        line.sendall(head.encode() + raw)
        with pytest.raises(ConnectionResetError):
            line.recv(100)

    assert len(stage.carrier.ledger()) == taken


def test_too_many_requests_say_when_to_come_again(stage: Stage) -> None:
    always(stage, too_many=1.0, retry_after_s=7)

    texts = requests.post(
        f"{stage.url}/2010-04-01/Accounts/{credentials.ACCOUNT_SID}/Messages.json",
        auth=(credentials.ACCOUNT_SID, credentials.AUTH_TOKEN),
        data={"To": SOMEBODY, "From": credentials.TEXT_FROM, "Body": "x"},
        timeout=5,
    )
    mails = requests.post(
        f"{stage.url}/v3/mail/send", json={}, headers={"Authorization": f"Bearer {credentials.SENDGRID_KEY}"}, timeout=5
    )

    assert (texts.status_code, texts.headers["Retry-After"], texts.json()["code"]) == (429, "7", 20429)
    assert (mails.status_code, mails.headers["X-RateLimit-Remaining"]) == (429, "0")
    assert int(mails.headers["X-RateLimit-Reset"]) == int(stage.clock.now.timestamp()) + 7


def test_an_answer_may_be_a_redirect_a_page_or_far_too_much(stage: Stage) -> None:
    def answer() -> requests.Response:
        return requests.post(
            f"{stage.url}/v3/mail/send",
            json=body("dana@example.com"),
            headers={"Authorization": f"Bearer {credentials.SENDGRID_KEY}"},
            timeout=5,
            allow_redirects=False,
            stream=True,
        )

    always(stage, redirect=1.0)
    with answer() as redirect:
        assert (redirect.status_code, redirect.headers["Location"]) == (307, "/elsewhere")
    always(stage, redirect=0, html=1.0)
    with answer() as page:
        assert page.headers["Content-Type"].startswith("text/html")
    always(stage, html=0, huge=1.0)
    with answer() as huge:
        assert len(huge.raw.read(3_000_000)) == 3_000_000
    assert stage.carrier.ledger() == []


def test_an_answer_may_come_one_byte_at_a_time(stage: Stage) -> None:
    always(stage, slow=1.0)
    url = f"{stage.url}/2010-04-01/Accounts/{credentials.ACCOUNT_SID}/Messages.json"
    auth = (credentials.ACCOUNT_SID, credentials.AUTH_TOKEN)

    with requests.post(
        url, data={"To": SOMEBODY, "From": credentials.TEXT_FROM, "Body": "x"}, auth=auth, timeout=5, stream=True
    ) as slow:
        assert slow.raw.read(1) == b"{"

    assert len(stage.carrier.ledger()) == 1


def test_callbacks_may_come_twice_with_the_same_token(stage: Stage) -> None:
    always(stage, doubled=1.0)

    text(stage)
    stage.pass_time(minutes=5)

    tokens = [got.headers["i-twilio-idempotency-token"] for got in stage.receiver.at("/status")]
    assert (len(tokens), len(set(tokens))) == (6, 3)


def test_callbacks_may_overtake_each_other_and_come_late(stage: Stage) -> None:
    always(stage, shuffled=1.0)
    for _ in range(8):
        text(stage)
    stage.pass_time(minutes=5)
    orders: dict[str, list[str]] = {}
    for got in stage.receiver.at("/status"):
        orders.setdefault(got.form["MessageSid"], []).append(got.form["MessageStatus"])

    assert {len(order) for order in orders.values()} == {3}
    assert any(order != ["queued", "sent", "delivered"] for order in orders.values())

    always(stage, shuffled=0, delayed=1.0, delay_s=3600)
    before = len(stage.receiver.got)
    text(stage)
    stage.pass_time(minutes=50)
    assert len(stage.receiver.got) == before


def test_callbacks_may_be_lost_and_come_with_the_repetition(stage: Stage) -> None:
    always(stage, lost_once=1.0)

    text(stage)
    stage.pass_time(minutes=5)

    assert sorted(got.form["MessageStatus"] for got in stage.receiver.at("/status")) == ["delivered", "queued", "sent"]


def test_shares_are_kept_and_the_same_seed_gives_the_same_bad_day() -> None:
    def day(seed: int) -> list[str]:
        dice = Dice(seed, Faults(too_many=0.1, reset_after=0.1))
        return [dice.for_request() for _ in range(1000)]

    assert day(1) == day(1) != day(2)
    assert 60 < day(1).count("too_many") < 140
    assert 60 < day(1).count("reset_after") < 140


@pytest.mark.parametrize(
    "given", [{"too_meny": 0.1}, {"too_many": 1.1}, {"too_many": True}, {"hang_s": "long"}, {"html": 0.6, "huge": 0.6}]
)
def test_faults_that_cannot_be_had_are_refused_with_a_hint(stage: Stage, given: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        faults.read(given)

    answer = requests.post(f"{stage.url}/rehearsal/faults", json=given, timeout=5)
    assert answer.status_code == 422
    assert answer.json()["problems"]


def test_pages_of_other_sites_cannot_change_anything(stage: Stage) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}, {"Origin": "null"}):
        assert requests.post(f"{stage.url}/rehearsal/faults", json={}, headers=headers, timeout=5).status_code == 403


def test_a_name_that_was_made_to_lead_here_reads_nothing(stage: Stage) -> None:
    for path in ("/", "/rehearsal/page", "/rehearsal/ledger.json"):
        answer = requests.get(f"{stage.url}{path}", headers={"Host": "evil.example:8025"}, timeout=5)
        assert answer.status_code == 421


def test_the_ledger_can_be_read_over_http(stage: Stage) -> None:
    text(stage)

    (row,) = requests.get(f"{stage.url}/rehearsal/ledger.json", timeout=5).json()

    assert (row["kind"], row["to"], row["from"], row["times"]) == ("text", SOMEBODY, credentials.TEXT_FROM, 1)


def test_lookups_meet_faults_only_when_wanted(stage: Stage) -> None:
    text(stage)
    always(stage, error_before=1.0)
    assert len(stage.twilio().messages.list(to=SOMEBODY)) == 1

    always(stage, lookups=True)

    with pytest.raises(TwilioException):
        stage.twilio().messages.list(to=SOMEBODY)


def test_lost_email_events_come_with_the_repetition(stage: Stage) -> None:
    always(stage, lost_once=1.0)

    stage.sendgrid().client.mail.send.post(request_body=body("dana@example.com"))
    stage.pass_time(seconds=30)
    assert stage.receiver.at("/hooks/sendgrid/events") == []
    stage.pass_time(minutes=5)

    told = [event["event"] for got in stage.receiver.at("/hooks/sendgrid/events") for event in json.loads(got.body)]
    assert sorted(told) == ["delivered", "processed"]
