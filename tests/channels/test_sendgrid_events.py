"""What SendGrid reports about e-mails, in our words; and what it never makes us believe."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from orchestrator.channels.sendgrid_codes import SENDGRID, of_bounce, of_drop
from orchestrator.channels.sendgrid_events import HANDLE, read_event, reference
from orchestrator.core.receipts import Report, Result

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
STAMP = 1_763_650_000  # in the past of NOW
AT = datetime.fromtimestamp(STAMP, UTC)
H = UUID("0199d0c0-5a00-7000-8000-0000000000e1")
EXAMPLES = (
    Path(os.environ.get("TOUCHPOINT_CONTRACTS") or Path(__file__).resolve().parents[3] / "shared" / "contracts")
    / "sendgrid"
    / "event_webhook_examples.json"
)


def event(name: str, **more: object) -> dict[str, object]:
    """As SendGrid posts them: our custom argument stands among its own fields."""
    return {
        "email": "dana@example.com", "timestamp": STAMP, "event": name, "sg_event_id": "e1", HANDLE: str(H), "category": ["quote-thanks"],
        "sg_message_id": "14c5d75ce93.dfd.64b469.filterdrecv-5645d9c87f-78xwx-1-5F.0", "smtp-id": "<x@y>", "ip": "203.0.113.9", **more,
    }  # fmt: skip


def read(name: str, **more: object) -> Report:
    report = read_event(event(name, **more), NOW)
    assert report is not None
    return report


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("processed", Result.QUEUED), ("deferred", Result.DEFERRED), ("delivered", Result.DELIVERED), ("open", Result.DELIVERED),
        ("click", Result.DELIVERED), ("bounce", Result.UNDELIVERED), ("dropped", Result.UNDELIVERED), ("Processed", Result.QUEUED),
        ("spamreport", None), ("unsubscribe", None), ("group_unsubscribe", None),
    ],
)  # fmt: skip
def test_each_event_says_how_the_e_mail_stands(name: str, result: Result | None) -> None:
    report = read(name)

    assert (report.result, report.handle, report.at) == (result, H, AT)
    assert report.ref == reference("14c5d75ce93.dfd.64b469", H), "as the answer to the request named it"


@pytest.mark.parametrize("name", ["spamreport", "unsubscribe", "group_unsubscribe"])
def test_a_customer_who_wants_no_more_gets_no_more(name: str) -> None:
    report = read(name)

    assert report.suppresses == "email"
    assert not report.contact_point_is_dead
    assert report.why


@pytest.mark.parametrize(
    ("more", "dead"),
    [
        ({"type": "bounce", "status": "5.1.1"}, True), ({"type": "bounce", "status": "5.1.10"}, True), ({"type": "bounce", "status": "5.0.0"}, True),
        ({"type": "bounce", "status": ""}, True), ({"type": "bounce"}, True), ({"status": "5.0.0"}, True), ({"type": "bounce", "status": "5.2.1"}, True),
        ({"type": "bounce", "status": "5.1.8"}, False),  # our own domain
        ({"type": "bounce", "status": "5.2.2"}, False),  # full
        ({"type": "bounce", "status": "5.7.1"}, False), ({"type": "bounce", "status": "4.2.2"}, False), ({"type": "bounce", "status": "5.4.4"}, False),
        ({"type": "blocked", "status": "5.1.1"}, False), ({"type": "blocked", "status": "4.0.0"}, False),
    ],
)  # fmt: skip
def test_an_address_is_given_up_only_when_the_mailbox_is_not_there(more: dict[str, object], dead: bool) -> None:
    report = read("bounce", reason="550 for dana@example.com", **more)

    assert report.result is Result.UNDELIVERED
    assert report.contact_point_is_dead is dead
    assert report.suppresses is None
    assert "dana" not in report.why, "the mailbox's own words repeat the address"


@pytest.mark.parametrize(
    ("reason", "suppresses", "dead", "holds"),
    [
        ("Bounced Address", None, True, False), ("Invalid", None, True, False), ("Unsubscribed Address", "email", False, False),
        ("Spam Reporting Address", "email", False, False), ("Spam Content", None, False, False), ("Invalid SMTPAPI header", None, False, False),
        ("Recipient List over Package Quota", None, False, True), ("something new", None, False, False), ("", None, False, False),
    ],
)  # fmt: skip
def test_the_reason_of_a_drop_decides_what_follows(reason: str, suppresses: str | None, dead: bool, holds: bool) -> None:
    report = read("dropped", reason=reason)

    assert (report.suppresses, report.contact_point_is_dead, report.holds_sender) == (suppresses, dead, holds)


def test_a_deferrals_own_count_of_attempts_is_not_taken_for_our_handle() -> None:
    assert read("deferred", attempt="5").handle == H


@pytest.mark.parametrize("handle", [None, "", "5", 7, "not-a-uuid-not-a-uuid-not-a-uuid-not", {"a": 1}, str(H) * 2, f"{{{H}}}"])
def test_a_handle_that_is_none_leaves_the_event_without_one(handle: object) -> None:
    report = read("delivered", **{HANDLE: handle})

    assert report.handle is None
    assert report.ref == "14c5d75ce93.dfd.64b469"


@pytest.mark.parametrize("stamp", [None, "soon", -1, 0, True, 10**15, 3.5, {"a": 1}, "9" * 500])
def test_a_time_that_cannot_be_is_the_time_of_receipt(stamp: object) -> None:
    assert read("delivered", timestamp=stamp).at == NOW


def test_an_event_from_the_future_happened_when_it_came() -> None:
    assert read("delivered", timestamp=int(NOW.timestamp()) + 86_400).at == NOW


def test_times_in_milliseconds_or_as_text_are_read() -> None:
    assert read("open", timestamp=STAMP * 1000).at == AT
    assert read("open", timestamp=str(STAMP)).at == AT


@pytest.mark.parametrize("message_id", [None, 5, "", "a b", "x" * 500, "a\r\nb"])
def test_a_message_id_that_is_none_leaves_the_event_without_a_reference(message_id: object) -> None:
    assert read("delivered", sg_message_id=message_id).ref is None


@pytest.mark.parametrize(
    "told",
    [{}, {"event": 7}, {"event": "group_resubscribe"}, {"event": "account_status_change"}, {"event": ["open"]}, {"event": None}],
)
def test_what_tells_us_nothing_is_no_report(told: dict[str, object]) -> None:
    assert read_event(told, NOW) is None


def test_a_resubscription_never_widens_consent() -> None:
    assert read_event(event("group_resubscribe"), NOW) is None


@pytest.mark.parametrize("key", SENDGRID)
def test_every_row_of_the_codes_has_a_meaning_and_words(key: str) -> None:
    code = SENDGRID[key]

    assert (code.provider, code.code) == ("sendgrid", key)
    assert len(code.words) > 10
    assert (code.result == "held") == (code.action == "hold") or key.startswith("dropped")


@pytest.mark.parametrize(
    ("kind", "status", "key"),
    [("bounce", "5.1.1", "bounce 5.1"), ("bounce", "5.1.8", "bounce 5.1.8"), ("bounce", "5.9.9", "bounce 5"), ("bounce", "4.4.1", "bounce 4"),
     ("bounce", "2.0.0", "bounce"), ("blocked", "5.1.1", "blocked"), ("", "5.7.26", "bounce 5.7"), ("bounce", " 5.1.1 ", "bounce 5.1")],
)  # fmt: skip
def test_a_bounce_is_read_by_its_closest_row(kind: str, status: str, key: str) -> None:
    assert of_bounce(kind, status).code == key


def test_a_drop_is_read_whatever_its_letters() -> None:
    assert of_drop("  bounced ADDRESS ").code == "dropped: bounced address"


def _examples() -> list[dict[str, Any]]:
    if not EXAMPLES.is_file():
        pytest.skip(f"no contracts: there is no file {EXAMPLES}; set TOUCHPOINT_CONTRACTS")
    payloads = [example.get("payload", []) for example in json.loads(EXAMPLES.read_text())["examples"]]
    return [e for p in payloads for e in (p if isinstance(p, list) else [p])]


def test_sendgrids_own_examples_are_understood() -> None:
    seen = {}
    for example in _examples():
        report = read_event(example, NOW)
        name = str(example.get("event", "")).lower()
        assert (report is None) == (name in ("", "group_resubscribe")), example
        seen[name, str(example.get("type"))] = report

    bounced, blocked = seen["bounce", "bounce"], seen["bounce", "blocked"]
    assert bounced is not None
    assert bounced.contact_point_is_dead
    assert bounced.ref == "14c5d75ce93.dfd.64b469"
    assert blocked is not None
    assert not blocked.contact_point_is_dead
