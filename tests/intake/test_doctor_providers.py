"""Before the first customer is contacted, the doctor says what Twilio and SendGrid would refuse."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from orchestrator.carrier import credentials
from orchestrator.carrier.carrier import Carrier
from orchestrator.carrier.running import RunningCarrier
from orchestrator.config import Settings
from orchestrator.doctor.by_sendgrid import look_at_sendgrid
from orchestrator.doctor.by_twilio import look_at_twilio
from orchestrator.doctor.contacting import contacting
from orchestrator.doctor.outside import look_from_outside
from tests.carrier.receiver import Answer, Receiver
from tests.intake.providers import OURS, PUBLIC, SID, by_check, settings

NUMBER = {
    "phone_number": OURS,
    "capabilities": {"voice": True, "sms": True},
    "sms_url": f"{PUBLIC}/hooks/twilio/texts",
    "sms_method": "POST",
    "voice_url": f"{PUBLIC}/hooks/twilio/calls",
    "voice_method": "POST",
}


def twilio(account: Answer | None = None, **numbers: Any) -> dict[str, Any]:
    """What a Twilio would answer that is asked for its account and its numbers."""
    whole = (200, json.dumps({"sid": SID, "status": "active", "type": "Full"}))
    rows = {name: (200, json.dumps({name: found})) for name, found in numbers.items()}
    path = f"/2010-04-01/Accounts/{SID}"
    return {
        f"{path}/IncomingPhoneNumbers.json": rows.get("incoming_phone_numbers", (200, '{"incoming_phone_numbers": []}')),
        f"{path}/OutgoingCallerIds.json": rows.get("outgoing_caller_ids", (200, '{"outgoing_caller_ids": []}')),
        f"{path}.json": account or whole,
    }


def at_carrier(carrier: RunningCarrier, **changed: Any) -> Settings:
    return settings(
        **{
            "twilio_account_sid": credentials.ACCOUNT_SID,
            "twilio_auth_token": credentials.AUTH_TOKEN,
            "twilio_url": carrier.url,
            "sendgrid_api_key": credentials.SENDGRID_KEY,
            "sendgrid_url": carrier.url,
            **changed,
        }
    )


def test_accounts_that_are_set_up_well_have_nothing_to_do(carrier: RunningCarrier) -> None:
    these = at_carrier(carrier)

    found = by_check([*look_at_twilio(these), *look_at_sendgrid(these)])

    assert [f for f in found.values() if f.state != "ok"] == []
    assert set(found) == {
        "twilio.keys", "twilio.sender", "twilio.incoming_texts", "twilio.caller", "twilio.incoming_calls",
        "sendgrid.keys", "sendgrid.sender", "sendgrid.signature",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "check", "found", "hint"),
    [
        ({"twilio_auth_token": "wrong"}, "twilio.keys", "does not accept", "TOUCHPOINT_TWILIO_AUTH_TOKEN"),
        ({"twilio_auth_token": ""}, "twilio.keys", "TOUCHPOINT_TWILIO_AUTH_TOKEN is not set", "first page"),
        ({"twilio_account_sid": "AC" + "2" * 32}, "twilio.keys", "does not accept", "TOUCHPOINT_TWILIO_ACCOUNT_SID"),
        ({"twilio_account_sid": "SK" + "2" * 32}, "twilio.keys", "no Account SID", "API key"),
        ({"twilio_account_sid": "AC../../Accounts"}, "twilio.keys", "no Account SID", "first page"),
        ({"text_from": ""}, "twilio.sender", "TOUCHPOINT_TEXT_FROM is not set", "MG"),
        ({"text_from": "312 555 0100"}, "twilio.sender", "neither a number", "+13125550142"),
        ({"text_from": "+13125550199"}, "twilio.sender", "does not belong", "Active numbers"),
        ({"caller_id": ""}, "twilio.caller", "TOUCHPOINT_CALLER_ID is not set", "+1"),
        ({"caller_id": "MG" + "2" * 32}, "twilio.caller", "no telephone number", "+13125550142"),
        ({"caller_id": "+13125550199"}, "twilio.caller", "does not belong", "Active numbers"),
        ({"sendgrid_api_key": "SG.wrong"}, "sendgrid.keys", "does not accept", "TOUCHPOINT_SENDGRID_API_KEY"),
        ({"sendgrid_api_key": "SG.wr ong"}, "sendgrid.keys", "characters", "Mail Send"),
        ({"email_from": ""}, "sendgrid.sender", "TOUCHPOINT_EMAIL_FROM is not set", "domain of your own"),
        ({"email_from": "hello at example"}, "sendgrid.sender", "no e-mail address", "domain of your own"),
        ({"sendgrid_public_key": ""}, "sendgrid.signature", "no bounce", "TOUCHPOINT_SENDGRID_PUBLIC_KEY"),
        ({"sendgrid_public_key": "MFkw===nonsense"}, "sendgrid.signature", "no verification key", "Event Webhook"),
    ],
)  # fmt: skip
def test_what_a_provider_would_refuse_is_found(
    carrier: RunningCarrier, changed: dict[str, Any], check: str, found: str, hint: str
) -> None:
    these = at_carrier(carrier, **changed)

    finding = by_check([*look_at_twilio(these), *look_at_sendgrid(these)])[check]

    assert finding.state == "error"
    assert found in finding.found
    assert hint in finding.hint


def test_a_key_of_another_kind_verifies_nothing() -> None:
    key = rsa.generate_private_key(65537, 1024).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    finding = by_check(look_at_sendgrid(settings(sendgrid_public_key=base64.b64encode(key).decode())))["sendgrid.signature"]

    assert finding.state == "error"


@pytest.mark.parametrize(
    ("named", "check", "names"),
    [
        ({"sendgrid_api_key": ""}, "sendgrid.keys", ["TOUCHPOINT_SENDGRID_API_KEY", "TOUCHPOINT_EMAIL_VIA"]),
        ({"twilio_account_sid": ""}, "twilio.keys", ["TOUCHPOINT_TWILIO_ACCOUNT_SID", "TOUCHPOINT_TEXT_VIA"]),
    ],
)
def test_one_account_without_the_other_is_found(named: dict[str, Any], check: str, names: list[str]) -> None:
    these = settings(**named)

    finding = by_check([*look_at_twilio(these), *look_at_sendgrid(these)])[check]

    assert finding.state == "error"
    assert [name for name in names if name not in finding.hint] == []


def test_one_account_is_enough_where_the_other_channels_go_elsewhere() -> None:
    these = settings(sendgrid_api_key="", email_via="ledger", twilio_account_sid=SID)

    assert by_check(look_at_sendgrid(these)) == {}


@pytest.mark.parametrize(
    ("account", "state", "found"),
    [
        ((200, json.dumps({"sid": SID, "status": "suspended"})), "error", "suspended"),
        ((200, json.dumps({"sid": SID, "status": "active", "type": "Trial"})), "warning", "trial"),
        ((403, json.dumps({"code": 20008, "message": "x"})), "error", "test credentials"),
        ((200, json.dumps({"sid": "AC" + "9" * 32, "status": "active"})), "warning", "not what Twilio"),
        ((200, "<html>please log in</html>"), "warning", "not what Twilio"),
        ((200, "[" * 50_000), "warning", "not what Twilio"),
        ((307, ""), "warning", "307"),
        ((429, "{}"), "warning", "429"),
        ((503, "{}"), "warning", "503"),
    ],
)
def test_an_account_is_told_as_it_stands_and_a_strange_answer_proves_nothing(
    provider: Receiver, account: Answer, state: str, found: str
) -> None:
    provider.answers = twilio(account)

    finding = by_check(look_at_twilio(settings(twilio_url=provider.url)))["twilio.keys"]

    assert finding.state == state
    assert found in finding.found


@pytest.mark.parametrize(
    ("number", "check", "state", "words"),
    [
        ({**NUMBER, "capabilities": {"voice": True, "sms": False}}, "twilio.sender", "error", "cannot do texts"),
        ({**NUMBER, "capabilities": {"voice": False, "sms": True}}, "twilio.caller", "error", "cannot do calls"),
        ({**NUMBER, "sms_url": "https://demo.example.com/"}, "twilio.incoming_texts", "warning", f"{PUBLIC}/hooks/twilio/texts"),
        ({**NUMBER, "voice_url": ""}, "twilio.incoming_calls", "warning", f"{PUBLIC}/hooks/twilio/calls"),
        ({**NUMBER, "voice_method": "GET"}, "twilio.incoming_calls", "warning", "HTTP POST"),
        ({**NUMBER, "voice_application_sid": "AP1"}, "twilio.incoming_calls", "warning", "application"),
    ],
)
def test_a_number_that_cannot_do_it_or_hands_nothing_on_is_found(
    provider: Receiver, number: Mapping[str, Any], check: str, state: str, words: str
) -> None:
    provider.answers = twilio(incoming_phone_numbers=[number])

    finding = by_check(look_at_twilio(settings(twilio_url=provider.url)))[check]

    assert finding.state == state
    assert words in f"{finding.found} {finding.hint}"


def test_a_number_that_only_resembles_ours_is_not_ours(provider: Receiver) -> None:
    provider.answers = twilio(incoming_phone_numbers=[{**NUMBER, "phone_number": f"{OURS}9"}, "nonsense"])

    assert by_check(look_at_twilio(settings(twilio_url=provider.url)))["twilio.sender"].state == "error"


@pytest.mark.parametrize("account", [(401, "{}"), (503, "")])
def test_where_the_keys_are_not_taken_nothing_is_said_against_the_numbers(provider: Receiver, account: Answer) -> None:
    provider.answers = twilio(account)

    found = by_check(look_at_twilio(settings(twilio_url=provider.url)))

    assert (found["twilio.sender"].state, found["twilio.caller"].state) == ("warning", "warning")
    assert [got.path for got in provider.got] == [f"/2010-04-01/Accounts/{SID}.json"]


def test_a_verified_caller_id_may_be_shown(provider: Receiver) -> None:
    provider.answers = twilio(outgoing_caller_ids=[{"phone_number": OURS}])

    finding = by_check(look_at_twilio(settings(twilio_url=provider.url)))["twilio.caller"]

    assert finding.state == "ok"
    assert "calls it back" in finding.hint


def test_a_messaging_service_is_a_sender(provider: Receiver) -> None:
    provider.answers = twilio(incoming_phone_numbers=[NUMBER])

    finding = by_check(look_at_twilio(settings(twilio_url=provider.url, text_from="MG" + "a" * 32)))["twilio.sender"]

    assert finding.state == "ok"
    assert f"{PUBLIC}/hooks/twilio/texts" in finding.hint


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ((200, '{"scopes": ["mail.send", "sender_verification_eligible"]}'), "ok"),
        ((200, '{"scopes": ["stats.read"]}'), "error"),
        ((403, "{}"), "error"),
        ((200, '{"scopes": "mail.send"}'), "warning"),
        ((200, "null"), "warning"),
        ((500, ""), "warning"),
    ],
)
def test_a_key_that_may_send_mail_is_told_from_one_that_may_not(provider: Receiver, answer: Answer, state: str) -> None:
    provider.answers = {"/v3/scopes": answer}

    assert by_check(look_at_sendgrid(settings(sendgrid_url=provider.url)))["sendgrid.keys"].state == state


def test_offline_nothing_is_certain_and_nothing_is_called_wrong() -> None:
    these = settings(public_url="https://touch.example.invalid")

    found = by_check([*look_at_twilio(these), *look_at_sendgrid(these), *look_from_outside(these)])

    assert {name for name, f in found.items() if f.state == "warning"} == {
        "twilio.keys", "twilio.sender", "twilio.caller", "sendgrid.keys", "hooks.public_url",
    }  # fmt: skip
    assert [name for name, f in found.items() if f.state == "error"] == []


def test_a_provider_that_never_answers_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        these = settings(sendgrid_url=f"http://127.0.0.1:{deaf.getsockname()[1]}", provider_timeout_s=0.3)

        finding = by_check(look_at_sendgrid(these))["sendgrid.keys"]

    assert finding.state == "warning"
    assert "no answer came in time" in finding.found


@pytest.mark.parametrize(("fault", "why"), [("huge", "larger than"), ("hang_before", "in time"), ("reset_before", "broke")])
def test_a_provider_that_misbehaves_proves_nothing(fault: str, why: str) -> None:
    strange = Carrier()
    strange.set_faults({fault: 1.0, "lookups": True, "hang_s": 1.0})
    with RunningCarrier(strange) as running:
        finding = by_check(look_at_twilio(at_carrier(running, provider_timeout_s=0.5)))["twilio.keys"]

    assert finding.state == "warning"
    assert why in finding.found


def test_secrets_are_never_shown(provider: Receiver) -> None:
    provider.answers = {"/": (401, '{"message": "geheim"}')}
    these = settings(twilio_url=provider.url, sendgrid_url=provider.url, smtp_password="geheim", email_via="sendgrid")

    found = [*look_at_twilio(these), *look_at_sendgrid(these), *look_from_outside(these), contacting(these)]

    assert len(found) > 4
    assert "geheim" not in repr(found)


def test_asking_creates_nothing_at_a_provider(provider: Receiver) -> None:
    provider.answers = {**twilio(incoming_phone_numbers=[NUMBER]), "/v3/scopes": (200, '{"scopes": ["mail.send"]}')}
    these = settings(twilio_url=provider.url, sendgrid_url=provider.url, public_url=provider.url)

    list(look_at_twilio(these)), list(look_at_sendgrid(these)), list(look_from_outside(these))

    assert len(provider.got) >= 5
    assert {got.method for got in provider.got} == {"GET"}
