"""What Twilio posts, as recorded from its documents, and everything that could be wrong with it."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.channels.twilio_reports import CALL_RESULTS, TEXT_RESULTS, answered_by, read_call_status, read_text_status
from orchestrator.core.receipts import Report, Result
from orchestrator.ids import new_id

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
SM, CA = "SM" + "1" * 32, "CA" + "2" * 32
CONTRACT = Path(os.environ.get("TOUCHPOINT_CONTRACTS", Path(__file__).parents[3] / "shared" / "contracts")) / "twilio"
PARAMETERS = CONTRACT / "webhook_parameters.json"


@pytest.mark.parametrize(
    ("said", "result"),
    [
        ("accepted", Result.QUEUED), ("scheduled", Result.QUEUED), ("queued", Result.QUEUED), ("sending", Result.SENT),
        ("sent", Result.SENT), ("delivered", Result.DELIVERED), ("read", Result.DELIVERED), ("undelivered", Result.UNDELIVERED),
        ("failed", Result.UNDELIVERED),
    ],
)  # fmt: skip
def test_a_texts_status_becomes_ours(said: str, result: Result) -> None:
    handle = new_id()

    report = read_text_status({"MessageSid": SM, "MessageStatus": said, "SmsSid": SM, "To": "+13125550142"}, handle, NOW)

    assert report == Report(NOW, result, handle, SM)


@pytest.mark.parametrize(
    ("said", "result"),
    [
        ("queued", Result.QUEUED), ("initiated", Result.QUEUED), ("ringing", Result.RINGING), ("in-progress", Result.ANSWERED),
        ("completed", Result.COMPLETED), ("busy", Result.BUSY), ("no-answer", Result.NO_ANSWER), ("canceled", Result.CANCELED),
        ("failed", Result.FAILED),
    ],
)  # fmt: skip
def test_a_calls_status_becomes_ours_with_its_own_time(said: str, result: Result) -> None:
    params = {"CallSid": CA, "CallStatus": said, "Timestamp": "Fri, 20 Nov 2026 14:59:30 +0000", "Duration": "1"}

    report = read_call_status(params, None, NOW)

    assert report == Report(NOW - timedelta(seconds=30), result, None, CA)


def test_the_customers_line_of_a_bridged_call_names_the_line_that_it_belongs_to() -> None:
    ours = f"CA{'b' * 32}"

    report = read_call_status({"CallSid": CA, "ParentCallSid": ours, "CallStatus": "ringing"}, None, NOW)

    assert report == Report(NOW, Result.RINGING, None, CA, ours)


def test_a_call_that_is_over_says_who_answered_and_how_long() -> None:
    report = read_call_status(
        {"CallSid": CA, "CallStatus": "completed", "AnsweredBy": "machine_end_beep", "CallDuration": "31", "Duration": "1"},
        None,
        NOW,
    )

    assert report == Report(NOW, Result.COMPLETED, None, CA, answered_by="machine_end_beep", duration_s=31)


def test_a_texts_error_code_says_why_and_what_follows() -> None:
    lost = read_text_status({"MessageSid": SM, "MessageStatus": "undelivered", "ErrorCode": "30005"}, None, NOW)
    held = read_text_status({"MessageSid": SM, "MessageStatus": "undelivered", "ErrorCode": "30034"}, None, NOW)
    left = read_text_status({"MessageSid": SM, "MessageStatus": "failed", "ErrorCode": "21610"}, None, NOW)

    assert lost is not None
    assert lost.contact_point_is_dead
    assert "may no longer exist" in lost.why
    assert held is not None
    assert held.holds_sender
    assert left is not None
    assert left.suppresses == "text"


@pytest.mark.parametrize(
    "params",
    [{}, {"MessageStatus": ""}, {"MessageStatus": "teleported"}, {"CallStatus": "delivered"}, {"MessageStatus": "completed"}],
)
def test_what_says_nothing_known_is_no_report(params: dict[str, str]) -> None:
    assert read_text_status(params, None, NOW) is None
    assert read_call_status(params, None, NOW) is None


@pytest.mark.parametrize("time", ["", "yesterday", "Fri, 20 Nov 2026", "Fri, 20 Nov 99999 14:59:30 +0000", "Fri, 20 Nov 2026 14:59:30 +99999", "\x00", "Mon, 01 Jan 0001 00:00:00 +2300"])  # fmt: skip
def test_a_time_that_is_none_is_the_time_of_coming(time: str) -> None:
    report = read_call_status({"CallSid": CA, "CallStatus": "ringing", "Timestamp": time}, None, NOW)

    assert report is not None
    assert report.at == NOW


def test_a_time_in_the_future_is_the_time_of_coming_and_a_zone_is_honoured() -> None:
    ahead = read_call_status({"CallStatus": "ringing", "Timestamp": "Fri, 20 Nov 2026 16:00:00 +0000"}, None, NOW)
    east = read_call_status({"CallStatus": "ringing", "Timestamp": "Fri, 20 Nov 2026 15:30:00 +0100"}, None, NOW)

    assert ahead is not None
    assert ahead.at == NOW
    assert east is not None
    assert east.at == NOW - timedelta(minutes=30)


@pytest.mark.parametrize("hostile", ["", "x", "-1", "1e9", "٣", "9" * 4000, "SM' OR 1=1", "CA" + "/" * 32, "\ud800", "0"])
def test_ill_formed_values_are_left_out(hostile: str) -> None:
    params = {
        "CallSid": hostile, "CallStatus": "completed", "AnsweredBy": hostile, "CallDuration": hostile, "ErrorCode": hostile,
        "MessageSid": hostile, "MessageStatus": "sent", "Timestamp": hostile,
    }  # fmt: skip

    call, text = read_call_status(params, None, NOW), read_text_status(params, None, NOW)

    assert call is not None
    assert text is not None
    assert (call.ref, call.answered_by, call.code) == (None, None, "")
    assert (text.ref, text.code) == (None, "")
    assert call.duration_s in (None, 0)


@pytest.mark.skipif(
    not PARAMETERS.exists(), reason="Twilio's parameters are not at hand (TOUCHPOINT_CONTRACTS names their folder)"
)
def test_every_documented_status_and_answer_is_known() -> None:
    hooks = json.loads(PARAMETERS.read_text())["webhooks"]
    said = {
        word.strip() for words in hooks["call_status"]["events"].values() for word in words.removeprefix("CallStatus ").split("|")
    }
    detected = {word for words in hooks["async_amd"]["AnsweredBy"].values() for word in words}

    assert said <= set(CALL_RESULTS)
    assert {who for who in detected if answered_by({"AnsweredBy": who}) is None} == set()
    assert hooks["message_status"]["documented_example"]["MessageStatus"] in TEXT_RESULTS
