"""Texts and calls through Twilio's own SDK, against a small Twilio on loopback: what is asked of it, and what its answers mean."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qs

import pytest

from orchestrator.channels.base import Accepted, Answer, Held, Placed, RejectedPermanent, RejectedSafe, Unknown
from orchestrator.ids import new_id
from tests.channels.little_twilio import (
    ACCOUNT,
    DANA,
    DOCUMENT,
    NOW,
    SAM,
    US,
    Asked,
    LittleTwilio,
    Said,
    channel,
    faults,
    message,
    only,
    refusal,
    sought,
)

# -- what is sent ---------------------------------------------------------------------------------------------------------


def test_a_text_goes_out_with_its_words_its_sender_and_where_to_report(little: LittleTwilio) -> None:
    one = message(body="Hi Dana — 10 € \U0001f44b", closes_at=NOW + timedelta(hours=3))

    answer = only(channel(little).send([one]))

    assert answer == Accepted(little.kept["Messages"][0]["sid"])
    asked = little.asked[0]
    assert {k: v for k, (v,) in asked.form.items()} == {
        "To": DANA, "From": US, "Body": one.body, "ValidityPeriod": "10800",
        "StatusCallback": f"https://touch.example.com/hooks/twilio/text-status/{one.handle}",
    }  # fmt: skip
    assert asked.headers["Authorization"].startswith("Basic ")


def test_a_messaging_service_may_be_the_sender_and_a_text_never_waits_longer_than_twilio_lets_it(little: LittleTwilio) -> None:
    service = "MG" + "a" * 32

    channel(little, text_from=service).send([message(closes_at=NOW + timedelta(days=2))])

    assert little.asked[0]["MessagingServiceSid"] == service
    assert little.asked[0]["ValidityPeriod"] == "36000"
    assert "From" not in little.asked[0].form


def test_a_call_waits_for_the_beep_before_it_asks_what_to_say(little: LittleTwilio) -> None:
    one = message("voicemail")

    answer = only(channel(little).send([one]))

    assert answer == Placed(little.kept["Calls"][0]["sid"])
    form = little.asked[0].form
    assert form["Url"] == [f"https://touch.example.com/hooks/twilio/speak/{one.handle}"]
    assert form["StatusCallback"] == [f"https://touch.example.com/hooks/twilio/call-status/{one.handle}"]
    assert form["StatusCallbackEvent"] == ["initiated", "ringing", "answered", "completed"]
    assert form["MachineDetection"] == ["DetectMessageEnd"]
    assert "AsyncAmd" not in form
    assert one.body not in str(form), "the words are asked for when somebody answers"


def test_an_agent_is_rung_without_machine_detection(little: LittleTwilio) -> None:
    handle = new_id()

    answer = channel(little).bridge(handle, SAM, NOW + timedelta(minutes=1))

    assert isinstance(answer, Placed)
    assert little.asked[0]["To"] == SAM
    assert little.asked[0]["Url"] == f"https://touch.example.com/hooks/twilio/bridge/{handle}"
    assert "MachineDetection" not in little.asked[0].form
    assert channel(little).bridge(handle, SAM, NOW) == RejectedSafe("it was too late to begin")
    assert len(little.asked) == 1


def test_many_texts_get_their_own_answers_in_their_order(little: LittleTwilio) -> None:
    little.instead = lambda asked: refusal(400, 21610) if asked["Body"] == "7" else None

    answers = channel(little).send([message(body=str(n)) for n in range(40)])

    told = {r["sid"]: r["body"] for r in little.kept["Messages"]}
    assert [told[a.ref] if isinstance(a, Accepted) else "7" for a in answers] == [str(n) for n in range(40)]
    assert isinstance(answers[7], RejectedPermanent)


def test_nothing_begins_after_its_last_moment_even_in_the_middle_of_a_batch(little: LittleTwilio) -> None:
    def clock() -> datetime:
        return NOW + timedelta(minutes=len(little.asked))

    answers = channel(little, clock, sends_at_once=1).send([message(not_after=NOW + timedelta(minutes=2)) for _ in range(5)])

    assert [type(a) for a in answers] == [Accepted, Accepted, RejectedSafe, RejectedSafe, RejectedSafe]
    assert len(little.asked) == 2


def test_a_text_whose_window_closes_within_the_second_is_not_sent(little: LittleTwilio) -> None:
    answer = only(channel(little).send([message(closes_at=NOW + timedelta(milliseconds=900))]))

    assert isinstance(answer, RejectedSafe)
    assert little.asked == []


def test_a_text_that_would_cost_too_much_is_not_sent_and_says_which_character_did_it(little: LittleTwilio) -> None:
    answer = only(channel(little, most_segments=2).send([message(body="x" * 140 + "\u00a0")]))

    assert isinstance(answer, RejectedPermanent)
    assert "3 messages" in answer.why
    assert "U+00A0" in answer.why
    assert little.asked == []


@pytest.mark.parametrize("missing", ["twilio_account_sid", "twilio_auth_token", "text_from"])
def test_without_its_settings_everything_is_held_and_nothing_is_tried(little: LittleTwilio, missing: str) -> None:
    answers = channel(little, **{missing: ""}).send([message(), message()])

    assert [type(a) for a in answers] == [Held, Held]
    assert f"TOUCHPOINT_{missing.upper()}" in answers[0].why  # type: ignore[union-attr]
    assert little.asked == []


def test_another_programs_twilio_settings_on_this_machine_change_nothing(
    little: LittleTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"TWILIO_EDGE": "sydney", "TWILIO_REGION": "au1", "TWILIO_ACCOUNT_SID": "ACx", "HTTP_PROXY": ""}.items():
        monkeypatch.setenv(name, value)

    assert isinstance(only(channel(little).send([message()])), Accepted)


# -- what the answers mean ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (refusal(400, 21610), RejectedPermanent("The recipient has unsubscribed from our texts", suppresses=True, code="21610")),
        (refusal(400, 21211), RejectedPermanent("There is no such telephone number", contact_point_is_dead=True, code="21211")),
        (refusal(400, 21606), Held("Our sender cannot send texts from this account", "21606")),
        (refusal(400, 99999), RejectedPermanent("refused with code 99999", code="99999")),
        ((400, {}, b"<html>no</html>"), RejectedPermanent("refused without a code")),
        (refusal(401, 20003), Held("Twilio does not accept the account's keys", "20003")),
        ((403, {}, b""), Held("Twilio does not accept our keys", "403")),
        ((404, {}, b"<html>nginx</html>"), Held("Twilio knows no such account at this address", "404")),
        (refusal(429, 20429), RejectedSafe("Twilio asks us to slow down", None, slow_down=True)),
        ((429, {"Retry-After": "30"}, b""), RejectedSafe("Twilio asks us to slow down", 30.0, slow_down=True)),
        (
            refusal(429, 21611, **{"retry-after": format_datetime(NOW + timedelta(seconds=45), usegmt=True)}),
            RejectedSafe("Too many texts of our sender wait at Twilio", 45.0, slow_down=True),
        ),
        ((429, {"Retry-After": "soon"}, b""), RejectedSafe("Twilio asks us to slow down", None, slow_down=True)),
        (refusal(500, 20500), Unknown("Twilio answered with status 500")),
        ((503, {"Retry-After": "5"}, b"<html>"), Unknown("Twilio answered with status 503")),
        ((408, {}, b""), Unknown("Twilio answered with status 408")),
        ((307, {"Location": "http://127.0.0.1:1/"}, b""), Unknown("Twilio answered with status 307")),
        ((200, {}, b"<html>Welcome to the hotel</html>"), Unknown("Twilio's answer could not be understood")),
        ((201, {}, b""), Unknown("Twilio's answer does not name what it took")),
        ((201, {}, b"[1]"), Unknown("Twilio's answer could not be understood")),
        ((201, {}, b"[" * 90_000), Unknown("Twilio's answer could not be understood")),
        ((201, {}, b'{"sid": 7}'), Unknown("Twilio's answer does not name what it took")),
        ((201, {}, b'{"sid": "SMx"}'), Unknown("Twilio's answer does not name what it took")),
        ((201, {}, json.dumps({"sid": "CA" + "0" * 32}).encode()), Unknown("Twilio's answer does not name what it took")),
        ((200, {}, b"x" * 2_000_000), Unknown("the answer was larger than 1,000,000 bytes")),
    ],
)  # fmt: skip
def test_each_answer_means_what_it_proves_and_no_more(little: LittleTwilio, said: Said, expected: Answer) -> None:
    little.instead = lambda asked: said

    answer = only(channel(little).send([message()]))

    assert answer == expected


def test_a_provider_that_is_not_there_took_nothing(little: LittleTwilio) -> None:
    gone = channel(little, twilio_url="http://127.0.0.1:9")

    answer = only(gone.send([message()]))

    assert answer == RejectedSafe("the provider refused the connection")


def test_a_provider_that_does_not_answer_leaves_it_unknown(little: LittleTwilio) -> None:
    over = threading.Event()

    def hang(_: Asked) -> None:
        over.wait(20)

    little.instead = hang

    answer = only(channel(little, provider_timeout_s=0.4).send([message()]))
    over.set()

    assert answer == Unknown("no answer came in time")


def test_logs_hold_no_number_no_words_and_no_key(little: LittleTwilio, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "urllib3")  # as logs.py sets it
    little.instead = lambda asked: refusal(400, 21610) if asked["Body"] == "private" else None

    channel(little).send([message(body="private"), message()])

    assert not [word for word in (DANA, DANA[1:], "private", "t" * 32) if word in caplog.text]


def test_the_sdk_is_not_imported_before_something_is_sent() -> None:
    code = "import sys, orchestrator.channels.twilio, orchestrator.channels.twiml; print([m for m in sys.modules if m.startswith('twilio.')])"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"


# -- the official document ------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not DOCUMENT.exists(), reason="Twilio's document is not at hand (TOUCHPOINT_CONTRACTS names its folder)")
def test_every_request_is_as_the_official_document_says(little: LittleTwilio) -> None:
    own = channel(little)
    own.send([message(closes_at=NOW + timedelta(hours=1)), message("voice"), message("voicemail")])
    own.bridge(new_id(), SAM, NOW + timedelta(minutes=1))
    own.find([sought(), sought(kind="voice"), sought(ref=little.kept["Messages"][0]["sid"])])
    own.call_off([little.kept["Calls"][0]["sid"]])

    assert {a.method for a in little.asked} == {"GET", "POST"}
    assert [faults(a) for a in little.asked if faults(a)] == []


@pytest.mark.skipif(not DOCUMENT.exists(), reason="Twilio's document is not at hand (TOUCHPOINT_CONTRACTS names its folder)")
@pytest.mark.parametrize(
    "form", ["To=%2B1&ToDo=x", "From=%2B1", "To=%2B1&ValidityPeriod=soon", "To=%2B1&MessagingServiceSid=MGx"]
)
def test_a_request_against_the_document_is_seen(form: str) -> None:
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"

    assert faults(Asked("POST", path, {}, parse_qs(form), {}))
