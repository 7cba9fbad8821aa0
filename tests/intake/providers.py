"""Accounts at both providers as settings name them, and who answers in their place when the doctor asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from orchestrator.carrier import credentials
from orchestrator.carrier.carrier import Carrier
from orchestrator.carrier.running import RunningCarrier
from orchestrator.config import Settings
from orchestrator.doctor.finding import Finding
from tests.carrier.receiver import Receiver

PUBLIC = "https://touch.example.com"
SID = "AC" + "1" * 32
OURS = "+13125550100"
OFFLINE = "http://127.0.0.1:1"


def settings(**changed: Any) -> Settings:
    """Both accounts are named, everything is set."""
    given = {
        "public_url": PUBLIC,
        "twilio_account_sid": SID,
        "twilio_auth_token": "geheim-token",
        "twilio_url": OFFLINE,
        "text_from": OURS,
        "caller_id": OURS,
        "sendgrid_api_key": "SG.geheim.key",
        "sendgrid_url": OFFLINE,
        "sendgrid_public_key": credentials.public_key(),
        "email_from": "hello@harborandpine.example.com",
        "provider_timeout_s": 2.0,
        **changed,
    }
    return Settings(_env_file=None, **given)


def by_check(findings: Iterable[Finding]) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings}


@pytest.fixture
def provider() -> Iterator[Receiver]:
    """A server that answers as a test says."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def carrier() -> Iterator[RunningCarrier]:
    """The rehearsal carrier: it answers these questions as the providers do."""
    with RunningCarrier(Carrier(hooks=PUBLIC)) as running:
        yield running
