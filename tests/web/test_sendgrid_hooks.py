"""What SendGrid posts: only what it signed lately is believed, each event is kept once, and one that is none harms no other."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr
from starlette.testclient import TestClient

from orchestrator import callbacks
from orchestrator.channels.hook_urls import SENDGRID_EVENTS
from orchestrator.channels.sendgrid_events import HANDLE
from tests.web.practice import SETTINGS, Business, post_sendgrid, sendgrid_headers

CONTRACTS = Path(os.environ.get("TOUCHPOINT_CONTRACTS") or Path(__file__).resolve().parents[3] / "shared" / "contracts")


def event(business: Business, name: str = "delivered", key: str = "e1", **more: Any) -> dict[str, Any]:
    happened = int(business.clock.now.timestamp())
    return {
        "event": name, "email": "dana@example.com", "timestamp": happened, "sg_event_id": key, "sg_message_id": "m1.filter1",
        HANDLE: str(business.handle("email")), **more,
    }  # fmt: skip


def test_each_event_of_a_post_is_kept_by_itself(business: Business, web: TestClient) -> None:
    answer = post_sendgrid(
        web, [event(business, "processed", "e1"), event(business, "delivered", "e2", ip="1.2.3.4")], business.clock.now
    )

    assert (answer.status_code, answer.content) == (204, b"")
    rows = business.inbox()
    assert [(row.kind, row.key, row.handle, row.ref) for row in rows] == [
        ("email_event", "e1", business.handle("email"), "m1.filter1"),
        ("email_event", "e2", business.handle("email"), "m1.filter1"),
    ]
    assert "ip" not in rows[1].body  # of whoever opened it: nothing here needs it
    assert callbacks.handle_waiting(business.parts) == 2
    assert business.attempt("email").carrier_result == "delivered"


def test_doubled_and_shuffled_events_end_in_the_same_truth(business: Business, web: TestClient) -> None:
    for batch in (["delivered", "processed"], ["deferred"], ["processed", "delivered", "deferred"]):
        post_sendgrid(web, [event(business, name, name) for name in batch], business.clock.now)
        callbacks.handle_waiting(business.parts)

    assert business.attempt("email").carrier_result == "delivered"
    assert sorted(row.key for row in business.inbox()) == ["deferred", "delivered", "processed"]


@pytest.mark.parametrize("name", ["unsubscribe", "spamreport", "group_unsubscribe"])
def test_a_wish_for_no_more_takes_effect_before_it_is_answered(business: Business, web: TestClient, name: str) -> None:
    post_sendgrid(web, [event(business, name)], business.clock.now)

    assert "email" in business.suppressed()


def test_what_is_no_event_is_passed_over_and_the_others_are_kept(web_on_both: tuple[Business, TestClient]) -> None:
    business, web = web_on_both
    strange: list[Any] = [
        None, 1, "text", [], [[]], {}, {"event": 5, HANDLE: 7, "sg_event_id": "", "timestamp": "soon"},
        event(business, key="k" * 500, **{HANDLE: "not-a-handle"}), event(business, key="nul", reason="a\x00b\ud800"),
        event(business, key="deep", x=json.loads("[" * 40 + "]" * 40)), event(business, key="huge", n=10**400, y="y" * 9_000),
        {str(n): n for n in range(500)},
    ]  # fmt: skip

    answer = post_sendgrid(web, [*strange, event(business, key="good")], business.clock.now)

    assert answer.status_code == 204
    keys = [row.key for row in business.inbox()]
    assert {"nul", "deep", "huge", "good"} <= set(keys)
    assert len(keys) == 8  # of thirteen, five are no objects
    callbacks.handle_waiting(business.parts)
    assert business.attempt("email").carrier_result == "delivered"


def test_an_event_without_an_id_is_recognised_by_what_it_says(business: Business, web: TestClient) -> None:
    nameless = event(business)
    del nameless["sg_event_id"]
    for _ in range(2):
        post_sendgrid(web, [nameless, {**nameless, "event": "open"}], business.clock.now)

    assert len(business.inbox()) == 2


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b'{"event": "delivered"}', b'"text"', b"[1" + b"0" * 5_000 + b"]"])
def test_what_is_no_array_in_json_is_refused(business: Business, web: TestClient, body: bytes) -> None:
    answer = web.post(SENDGRID_EVENTS, content=body, headers=sendgrid_headers(body, business.clock.now))

    assert answer.status_code == 400
    assert business.inbox() == []


@pytest.mark.parametrize("gone", ["X-Twilio-Email-Event-Webhook-Signature", "X-Twilio-Email-Event-Webhook-Timestamp"])
def test_without_a_signature_or_its_time_nothing_is_believed(business: Business, web: TestClient, gone: str) -> None:
    headers = sendgrid_headers(b"[]", business.clock.now)
    del headers[gone]

    assert web.post(SENDGRID_EVENTS, content=b"[]", headers=headers).status_code == 403


@pytest.mark.parametrize("signature", ["x", "====", "ünsigned".encode().decode("latin-1"), "AAAA", "A" * 5_000])
def test_what_is_no_signature_is_refused(business: Business, web: TestClient, signature: str) -> None:
    headers = {**sendgrid_headers(b"[]", business.clock.now), "X-Twilio-Email-Event-Webhook-Signature": signature}

    answer = web.post(SENDGRID_EVENTS, content=b"[]", headers={k: v.encode("latin-1") for k, v in headers.items()})

    assert answer.status_code == 403


def test_each_altered_byte_is_refused(business: Business, web: TestClient) -> None:
    body = json.dumps([event(business)]).encode()
    headers = sendgrid_headers(body, business.clock.now)

    for place in range(len(body)):
        altered = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert web.post(SENDGRID_EVENTS, content=altered, headers=headers).status_code == 403
    assert business.inbox() == []


def test_a_body_that_is_not_utf_8_is_refused(business: Business, web: TestClient) -> None:
    body = b'["\xff"]'

    assert web.post(SENDGRID_EVENTS, content=body, headers=sendgrid_headers(body, business.clock.now)).status_code == 403


def test_another_accounts_signature_is_refused(business: Business, web: TestClient) -> None:
    headers = sendgrid_headers(b"[]", business.clock.now, ec.generate_private_key(ec.SECP256R1()))

    assert web.post(SENDGRID_EVENTS, content=b"[]", headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(hours=27), 403),
        (timedelta(hours=25), 204),  # SendGrid tries for a day, and may not sign anew
        (timedelta(0), 204),
        (timedelta(minutes=-9), 204),
        (timedelta(minutes=-11), 403),
    ],
)
def test_what_was_signed_long_ago_or_in_the_future_is_refused(
    business: Business, web: TestClient, age: timedelta, expected: int
) -> None:
    body = json.dumps([event(business)]).encode()

    answer = web.post(SENDGRID_EVENTS, content=body, headers=sendgrid_headers(body, business.clock.now - age))

    assert answer.status_code == expected


@pytest.mark.parametrize("stamp", ["soon", "-1", "1e9", " 1", "9" * 40, "١٢٣"])
def test_a_time_that_is_none_is_refused(business: Business, web: TestClient, stamp: str) -> None:
    headers = {**sendgrid_headers(b"[]", business.clock.now), "X-Twilio-Email-Event-Webhook-Timestamp": stamp}

    assert web.post(SENDGRID_EVENTS, content=b"[]", headers={k: v.encode() for k, v in headers.items()}).status_code == 403


def test_a_post_replayed_within_the_day_changes_nothing(business: Business, web: TestClient) -> None:
    for _ in range(2):
        post_sendgrid(web, [event(business, "bounce", type="bounce", status="5.1.1")], business.clock.now)
        callbacks.handle_waiting(business.parts)

    assert len(business.inbox()) == 1


def test_a_body_over_the_limit_and_another_content_type_are_refused(business: Business, web: TestClient) -> None:
    headers = sendgrid_headers(b"[]", business.clock.now)
    pieces = iter([b"x" * 1_000_000] * 6)  # no length is stated

    assert web.post(SENDGRID_EVENTS, content=b"x" * 5_000_001, headers=headers).status_code == 413
    assert web.post(SENDGRID_EVENTS, content=pieces, headers=headers).status_code == 413
    assert web.post(SENDGRID_EVENTS, content=b"[]", headers={**headers, "Content-Type": "text/plain"}).status_code == 415


@pytest.mark.parametrize("key", ["", "no key", "MFkw"])
def test_without_a_key_or_with_a_wrong_one_the_answer_says_which_setting_to_mend(business: Business, key: str) -> None:
    real = SETTINGS.model_copy(update={"sendgrid_api_key": SecretStr("SG.x"), "sendgrid_public_key": key})
    with business.client(real) as web:
        answer = post_sendgrid(web, [], business.clock.now)

    assert answer.status_code == 503
    assert "TOUCHPOINT_SENDGRID_PUBLIC_KEY" in answer.json()["error"]["problem"]


def test_a_key_may_be_pasted_with_line_breaks(business: Business) -> None:
    own = ec.generate_private_key(ec.SECP256R1())
    shown = b64encode(own.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    real = SETTINGS.model_copy(
        update={"sendgrid_api_key": SecretStr("SG.x"), "sendgrid_public_key": f" {shown[:64]}\n{shown[64:]}\n"}
    )
    with business.client(real) as web:
        answer = web.post(SENDGRID_EVENTS, content=b"[]", headers=sendgrid_headers(b"[]", business.clock.now, own))

    assert answer.status_code == 204


def test_the_vendors_own_examples_are_all_kept(business: Business, web: TestClient) -> None:
    file = CONTRACTS / "sendgrid" / "event_webhook_examples.json"
    if not file.exists():
        pytest.skip(f"no contracts: there is no file {file}; set TOUCHPOINT_CONTRACTS")
    examples = [example.get("payload") for example in json.loads(file.read_text())["examples"]]
    batches = [payload for payload in examples if isinstance(payload, list)]
    # they all have the one id "sg_event_id"; without it each is known by what it says
    different = {json.dumps({k: v for k, v in one.items() if k != "sg_event_id"}): None for batch in batches for one in batch}

    assert post_sendgrid(web, [json.loads(one) for one in different], business.clock.now).status_code == 204
    callbacks.handle_waiting(business.parts)

    assert len(different) > 10
    assert len(business.inbox()) > 10
    assert not [row for row in business.inbox() if row.state == "waiting"]
