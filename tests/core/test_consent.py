"""What the customer agreed to and stopped, and whether their address or number may be used at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.core.model import Allow, Case, Deny, EndReason
from orchestrator.core.policies import judge
from orchestrator.language.program import Timing, TouchNode
from tests.core.cases import CHICAGO, case, told
from tests.core.houses import house
from tests.core.moments import at

TUESDAY = at("Tue 12:00", CHICAGO)


@pytest.mark.parametrize(
    ("channel", "consent", "purpose", "expected"),
    [
        ("email", {"email": "service"}, "service", "allow"),
        ("email", {"email": "marketing"}, "marketing", "allow"),
        ("email", {"email": "marketing"}, "service", "allow"),  # who agreed to offers agreed to news about their order
        ("email", {"email": "service"}, "marketing", "no (consent)"),
        ("email", {"email": "none"}, "service", "no (consent)"),
        ("email", {}, "service", "no (consent)"),  # never given
        ("email", {"text": "marketing", "call": "marketing"}, "service", "no (consent)"),  # given for something else
        ("email", {"email": "yes"}, "service", "no (consent)"),  # a word nobody knows
        ("text", {"text": "service"}, "service", "allow"),
        ("call", {"call": "service"}, "service", "allow"),
        ("call", {"voicemail": "service"}, "service", "no (consent)"),
        ("voicemail", {"call": "service"}, "service", "allow"),
        ("voicemail", {"voicemail": "service"}, "service", "no (consent)"),
        ("voicemail", {"call": "service", "voicemail": "none"}, "service", "no (consent)"),  # calls yes, recordings no
        ("voice", {"call": "service"}, "service", "allow"),
        ("voice", {"voice": "service"}, "service", "no (consent)"),
        ("voice", {"call": "service", "voice": "none"}, "service", "no (consent)"),
        ("voice", {"call": "service", "voicemail": "none"}, "service", "allow"),  # that is about another kind of call
        ("email", {"email": "marketing"}, "espionage", "no (consent)"),
    ],
)
def test_a_channel_needs_consent_that_covers_the_purpose(
    channel: str, consent: dict[str, str], purpose: str, expected: str
) -> None:
    asked = case(touch={"channel": channel}, customer={"consent": consent}, purpose=purpose)

    assert told(judge(asked, TUESDAY, house())) == expected


@pytest.mark.parametrize(
    ("channel", "suppressed", "expected", "ends"),
    [
        ("email", {"all": "replied STOP"}, "no (suppression)", EndReason.OPTED_OUT),
        ("call", {"all": "replied STOP"}, "no (suppression)", EndReason.OPTED_OUT),
        ("text", {"text": "replied STOP"}, "no (suppression)", None),  # other channels go on
        ("email", {"text": "replied STOP"}, "allow", None),
        ("voicemail", {"call": "asked on the phone"}, "no (suppression)", None),
        ("voicemail", {"voicemail": "asked on the phone"}, "no (suppression)", None),
        ("voice", {"call": "pressed 9"}, "no (suppression)", None),
        ("voice", {"voice": "asked on the phone"}, "no (suppression)", None),
        ("call", {"voicemail": "asked on the phone"}, "allow", None),
        ("call", {"call": ""}, "no (suppression)", None),  # without a reason it counts all the same
    ],
)
def test_who_said_stop_is_not_contacted_again(
    channel: str, suppressed: dict[str, str], expected: str, ends: EndReason | None
) -> None:
    verdict = judge(case(touch={"channel": channel}, customer={"suppressed": suppressed}), TUESDAY, house())

    assert told(verdict) == expected
    assert not isinstance(verdict, Deny) or verdict.ends == ends


def test_an_opt_out_ends_the_enrollment_even_at_night_and_without_consent() -> None:
    asked = case(customer={"suppressed": {"all": "replied STOP"}, "consent": {}, "zones": ()})

    verdict = judge(asked, at("Tue 03:00", CHICAGO), house())

    assert isinstance(verdict, Deny)
    assert verdict.ends is EndReason.OPTED_OUT
    assert "replied STOP" in verdict.why


@pytest.mark.parametrize(
    ("channel", "lacks", "expected"),
    [
        ("email", {"email": None}, "no (contact point)"),
        ("email", {"email": ""}, "no (contact point)"),
        ("email", {"phone": None}, "allow"),
        ("text", {"phone": None}, "no (contact point)"),
        ("call", {"phone": None}, "no (contact point)"),
        ("voicemail", {"phone": None}, "no (contact point)"),
        ("voice", {"phone": None}, "no (contact point)"),
        ("call", {"email": None}, "allow"),
    ],
)
def test_without_an_address_or_number_there_is_no_contact(channel: str, lacks: dict[str, Any], expected: str) -> None:
    assert told(judge(case(touch={"channel": channel}, customer=lacks), TUESDAY, house())) == expected


@pytest.mark.parametrize("channel", ["text", "call", "voice", "voicemail"])
@pytest.mark.parametrize(
    ("phone", "countries", "expected"),
    [
        ("+13125550142", ["US", "CA"], "allow"),
        ("+4930901820", ["US", "CA"], "no (number)"),
        ("+4930901820", ["US", "DE"], "allow"),
        ("+19005551234", ["US", "CA"], "no (number)"),  # premium rate
        ("+881612345678", ["US", "CA"], "no (number)"),  # satellite
    ],
)
def test_only_numbers_of_the_allowed_countries_are_called_and_texted(
    channel: str, phone: str, countries: list[str], expected: str
) -> None:
    asked = case(touch={"channel": channel}, customer={"phone": phone})

    verdict = judge(asked, TUESDAY, house(countries=countries))

    assert told(verdict) == expected
    assert phone not in getattr(verdict, "why", "")


def test_a_number_that_may_not_be_called_is_no_reason_against_an_email() -> None:
    assert judge(case(touch={"channel": "email"}, customer={"phone": "+19005551234"}), TUESDAY, house()) == Allow()


def recorded(channel: str, consent: dict[str, str]) -> Case:
    """A call that plays a recording."""
    node = TouchNode(
        id="quote-check-in", touchpoint="quote-check-in", title="Hello", channel=channel, words="hello", timing=Timing(),
        stage="quote", owner="sales-ops", purpose="service", window="office", next="exhausted", recorded=True,
    )  # fmt: skip
    usual = case(touch={"channel": channel}, customer={"consent": consent})
    return replace(usual, program=replace(usual.program, nodes={**usual.program.nodes, node.id: node}))


@pytest.mark.parametrize("channel", ["voice", "voicemail"])
@pytest.mark.parametrize(
    ("consent", "allowed", "expected"),
    [
        ({"call": "service", "voicemail": "service"}, True, "allow"),
        ({"call": "service", "voicemail": "marketing"}, True, "allow"),
        ({"call": "service"}, True, "no (consent)"),  # a yes to calls is no yes to recordings
        ({"call": "marketing", "voicemail": "none"}, True, "no (consent)"),
        ({"voicemail": "service"}, True, "no (consent)"),
        ({"call": "service", "voicemail": "service"}, False, "no (recorded message)"),  # the house has changed its mind
    ],
)
def test_a_recorded_message_needs_a_consent_of_its_own_and_the_houses_leave(
    channel: str, consent: dict[str, str], allowed: bool, expected: str
) -> None:
    assert told(judge(recorded(channel, consent), TUESDAY, house(recorded_voicemail=allowed))) == expected
