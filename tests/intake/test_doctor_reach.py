"""Before the first customer is contacted, the doctor says whether providers reach us, whom our messages reach, and the mail server."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from starlette.testclient import TestClient

from orchestrator.carrier import credentials
from orchestrator.carrier.running import RunningCarrier
from orchestrator.doctor.by_sendgrid import look_at_sendgrid
from orchestrator.doctor.by_smtp import look_at_smtp
from orchestrator.doctor.by_twilio import look_at_twilio
from orchestrator.doctor.contacting import contacting, look_at_carrier
from orchestrator.doctor.outside import look_from_outside
from orchestrator.parts import Parts
from orchestrator.web.app import create_app
from tests.carrier.receiver import Answer, Receiver
from tests.intake.providers import OFFLINE, by_check, settings

# -- the public address --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://localhost:8000", "cannot reach localhost"),
        ("https://127.0.0.1", "cannot reach"),
        ("https://10.1.2.3", "cannot reach"),
        ("https://[::1]:8000", "cannot reach"),
        ("https://touchpoint", "cannot reach touchpoint"),
        ("https://web.internal", "cannot reach"),
        ("http://touch.example.com", "not https"),
        ("touch.example.com", "no web address"),
    ],
)
def test_an_address_that_providers_cannot_use_is_found(url: str, words: str) -> None:
    these = settings(public_url=url, twilio_url="https://api.twilio.com", sendgrid_url="https://api.sendgrid.com")

    (finding,) = look_from_outside(these)

    assert finding.state == "error"
    assert words in finding.found


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        ((405, '{"error": {"problem": "GET is not possible at /stripped/texts"}}'), "error", "something else answers"),
        ((405, "<html>Not allowed</html>"), "error", "something else answers"),
        ((200, "<html>Welcome to nginx</html>"), "error", "something else answers"),
        ((401, ""), "error", "something else answers"),
        ((502, ""), "error", "something else answers"),
        ((301, ""), "error", "leads elsewhere"),
    ],
)
def test_whoever_answers_at_the_public_address_is_told(provider: Receiver, answer: Answer, state: str, words: str) -> None:
    provider.answers = {"/": answer}

    (finding,) = look_from_outside(settings(public_url=provider.url))

    assert finding.state == state
    assert words in finding.found


def test_our_own_web_is_recognised(provider: Receiver, ready: Parts) -> None:
    web = TestClient(create_app(ready, settings()))
    ours = web.get("/hooks/twilio/texts")
    provider.answers = {"/hooks/twilio/texts": (ours.status_code, ours.text)}

    (finding,) = look_from_outside(settings(public_url=provider.url))

    assert finding.state == "ok"


def test_a_rehearsal_needs_nobody_outside() -> None:
    these = settings(twilio_account_sid="", sendgrid_api_key="", public_url="http://localhost:8000")

    assert [*look_from_outside(these), *look_at_twilio(these), *look_at_sendgrid(these)] == []


# -- who is contacted ----------------------------------------------------------------------------------------------

NOBODY: dict[str, Any] = {"twilio_account_sid": "", "sendgrid_api_key": ""}


@pytest.mark.parametrize(
    ("changed", "state", "says"),
    [
        (NOBODY, "warning", r"Nobody is contacted: e-mails, texts and calls go to the rehearsal carrier"),
        ({**NOBODY, "email_via": "ledger"}, "warning", r"Nobody is contacted: texts and calls go to the rehearsal carrier"),
        ({**NOBODY, "email_via": "smtp"}, "ok", r"Customers are contacted: e-mails by smtp, texts by twilio, calls by twilio"),
        (
            {**NOBODY, "email_via": "smtp", "text_via": "null", "voice_via": "null"},
            "ok",
            r"Customers are contacted: e-mails by smtp",
        ),
        (
            dict.fromkeys(("email_via", "text_via", "voice_via"), "ledger"),
            "ok",
            r"Nobody is contacted: e-mails to a file, texts to",
        ),
        ({}, "ok", r"Customers are contacted: e-mails by sendgrid, texts by twilio, calls by twilio"),
        (
            {"twilio_account_sid": credentials.ACCOUNT_SID, "sendgrid_api_key": credentials.SENDGRID_KEY},
            "warning",
            r"Nobody is contacted",
        ),
        (
            {"twilio_account_sid": credentials.ACCOUNT_SID},
            "warning",
            r"Customers are contacted: e-mails by sendgrid; only texts and",
        ),
    ],
)
def test_whether_anybody_is_contacted_is_said_first_and_rightly(changed: dict[str, Any], state: str, says: str) -> None:
    finding = contacting(settings(**changed))

    assert finding.state == state
    assert re.match(says, finding.found)


def test_the_carrier_that_stands_in_is_looked_for(carrier: RunningCarrier, provider: Receiver) -> None:
    scaled_out = {**NOBODY, "broker_url": "redis://localhost:1/0"}

    (answers,) = look_at_carrier(settings(**NOBODY, carrier_url=carrier.url))
    (stranger,) = look_at_carrier(settings(**NOBODY, carrier_url=provider.url))
    (not_yet,) = look_at_carrier(settings(**NOBODY, carrier_url=OFFLINE))
    (nobody,) = look_at_carrier(settings(**scaled_out, carrier_url=OFFLINE))

    assert (answers.state, stranger.state, not_yet.state, nobody.state) == ("ok", "error", "warning", "error")
    assert "touchpoint serve" in not_yet.hint
    assert "touchpoint rehearse carrier" in nobody.hint
    assert list(look_at_carrier(settings(carrier_url=OFFLINE))) == []


# -- the mail server -----------------------------------------------------------------------------------------------


class Doorkeeper:
    """A mail server that lets in who knows the password, and counts what it is given."""

    def __init__(self) -> None:
        self.mails = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails += 1
        return "250 OK"


def right_password(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    return AuthResult(success=isinstance(data, LoginPassword) and data.password == b"right", handled=False)


@pytest.fixture
def mail_server() -> Iterator[tuple[Doorkeeper, int]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    keeper = Doorkeeper()
    controller = Controller(keeper, hostname="127.0.0.1", port=port, authenticator=right_password, auth_require_tls=False)
    controller.start()
    yield keeper, port
    controller.stop()


@pytest.mark.parametrize(
    ("changed", "state", "words"),
    [
        ({}, "warning", "NOT encrypted"),
        ({"smtp_password": "wrong"}, "error", "TOUCHPOINT_SMTP_PASSWORD"),
        ({"smtp_security": "starttls"}, "error", "TOUCHPOINT_SMTP_SECURITY"),
        ({"smtp_port": 1}, "warning", "could not be reached"),
    ],
)
def test_a_mail_server_is_tried_up_to_its_door(
    mail_server: tuple[Doorkeeper, int], changed: dict[str, Any], state: str, words: str
) -> None:
    keeper, port = mail_server
    way = {"email_via": "smtp", "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_user": "ari", "smtp_password": "right"}

    found = by_check(look_at_smtp(settings(**{**way, "smtp_security": "none", **changed})))

    assert found["smtp.sender"].state == "ok"
    assert found["smtp.login"].state == state
    assert words in found["smtp.login"].found
    assert keeper.mails == 0


def test_a_sender_that_mailboxes_refuse_is_found() -> None:
    found = by_check(look_at_smtp(settings(email_via="smtp", email_from="harborandpine@gmail.com", smtp_port=1)))

    assert found["smtp.sender"].state == "warning"
    assert "gmail.com" in found["smtp.sender"].found
