"""An event is read as its sender meant it, or refused with every field that is wrong; a bad phone number loses no follow-up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import EventError, Problem
from orchestrator.ids import new_id
from orchestrator.language.lifecycle import Lifecycle
from orchestrator.language.source import parse, read_yaml
from orchestrator.receiving import Received, read_event
from tests.intake.ready import Hands, quote_sent

LIFECYCLE = parse(
    Lifecycle,
    read_yaml(
        """
stages: {quote: {title: Quote}}
events:
  quote.sent:
    stage: quote
    fields: {amount: number, currency: text, owner: optional text}
  quote.noted: {stage: quote}
customer: {floor: optional number}
""",
        "lifecycle.yaml",
    ),
)
NOW = Hands("2026-11-20 10:00")()


def read(event: dict[str, Any], **how: Any) -> Received:
    return read_event(event, lifecycle=LIFECYCLE, received_at=NOW, new_id=new_id, **how)


def refused(event: dict[str, Any]) -> dict[str, str]:
    """Place -> problem."""
    with pytest.raises(EventError) as error:
        read(event)
    return {p.place: p.problem for p in error.value.problems}


def customer(**fields: Any) -> dict[str, Any]:
    return quote_sent(customer={"id": "C-77", **fields})


def said(**fields: Any) -> tuple[dict[str, Any], list[Problem]]:
    """What is stored of these fields of a customer, and the warnings."""
    received = read(customer(**fields))
    return dict(received.event.customer_said or {}), list(received.warnings)


def test_an_event_arrives_as_it_was_sent() -> None:
    received = read(quote_sent(), backfill=True)

    event = received.event
    assert (event.key, event.source, event.type, event.subject) == ("81", "crm", "quote.sent", "quote/Q-1042")
    assert event.occurred_at == datetime(2026, 11, 20, 15, 12, tzinfo=UTC)
    assert event.received_at == NOW
    assert event.data == {"amount": 1850, "currency": "USD", "owner": "ari"}
    assert event.customer_said == quote_sent()["customer"]
    assert event.known
    assert event.backfill
    assert not received.warnings


def test_an_event_may_name_nobody() -> None:
    event = quote_sent()
    del event["customer"]

    assert read(event).event.customer_said is None
    assert read(event).event.body_hash == read({**event, "customer": None}).event.body_hash


def test_every_missing_field_is_named_at_once() -> None:
    assert set(refused({})) == {"id", "source", "type", "subject", "time"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""),
        ("id", "8\r\n1"),
        ("id", "81 "),
        ("id", "8\x001"),
        ("id", "8\u20281"),
        ("id", 81),
        ("id", "8" * 201),
        ("source", "c\x7frm"),
        ("source", "c" * 201),
        ("type", "t" * 121),
        ("subject", "Q-1042"),
        ("subject", "quote/"),
        ("subject", "/Q-1042"),
        ("subject", "the quote/Q-1042"),
        ("subject", "quote/" + "Q" * 300),
        ("data", [1]),
        ("data", "text"),
        ("time", None),
        ("time", 1763651520),
        ("customer", "C-77"),
    ],
)
def test_what_identifies_an_event_is_never_guessed(field: str, value: Any) -> None:
    assert set(refused(quote_sent(**{field: value}))) == {field}


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("tpye", "did you mean 'type'?"),
        ("occurred_at", "it is called 'time' here"),
        ("specversion", "application/cloudevents+json"),
        ("amount", "further fields belong into data"),
    ],
)
def test_an_unknown_field_is_refused_with_a_hint(key: str, hint: str) -> None:
    with pytest.raises(EventError) as error:
        read(quote_sent(**{key: "x"}))

    (problem,) = error.value.problems
    assert problem.place == key
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-20T09:12:00-06:00", "2026-11-20T15:12:00"),
        ("2026-11-20T15:12:00Z", "2026-11-20T15:12:00"),
        ("2026-11-20t15:12:00z", "2026-11-20T15:12:00"),
        ("2026-11-20 20:57:00.123456789+05:45", "2026-11-20T15:12:00.123456"),
        ("2026-11-01T01:30:00-06:00", "2026-11-01T07:30:00"),  # the second 01:30 of that night in Chicago
    ],
)
def test_a_moment_is_the_same_however_it_is_written(text: str, utc: str) -> None:
    assert read(quote_sent(time=text)).event.occurred_at == datetime.fromisoformat(utc + "+00:00")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("2026-11-20T09:12:00", "has no zone"),
        ("2026-11-20", "is no moment"),
        ("2026-02-30T09:12:00Z", "is no moment"),
        ("20261120T091200Z", "is no moment"),
        ("tomorrow", "is no moment"),
        ("0001-01-01T00:00:00+05:00", "is no moment"),
        ("1926-11-20T09:12:00Z", "before 1970"),
        ("2026-11-21T16:00:01Z", "in the future"),
    ],
)
def test_a_time_that_could_mean_two_moments_is_refused(text: str, problem: str) -> None:
    assert problem in refused(quote_sent(time=text))["time"]


def test_a_clock_that_is_a_day_ahead_is_forgiven() -> None:
    at = NOW + timedelta(days=1)

    assert read(quote_sent(time=at.isoformat())).event.occurred_at == at


def test_data_of_a_declared_type_is_checked_and_all_mistakes_are_named() -> None:
    assert set(refused(quote_sent(data={"amount": "1850", "owner": 7}))) == {"data.amount", "data.currency", "data.owner"}


def test_an_undeclared_type_is_kept_with_a_warning() -> None:
    received = read(quote_sent(type="quote.snet", data={"anything": [1, {"goes": None}]}))

    assert not received.event.known
    assert received.event.data == {"anything": [1, {"goes": None}]}
    (warning,) = received.warnings
    assert warning.place == "type"
    assert "did you mean 'quote.sent'?" in warning.hint


@pytest.mark.parametrize("type_", ["touch.sent", "call.finished", "customer.opted_out", "survey.answered"])
def test_nobody_can_pretend_that_a_touch_was_sent(type_: str) -> None:
    assert "type" in refused(quote_sent(type=type_))
    assert "source" in refused(quote_sent(source="touchpoint"))


@pytest.mark.parametrize(
    ("fields", "stored"),
    [
        ({"phone": "(312) 555-0142", "country": "us"}, {"phone": "+13125550142", "country": "US"}),
        ({"phone": " +1 312-555-0142 "}, {"phone": "+13125550142"}),
        ({"phone": "030 901820", "address": {"country": "DE"}}, {"phone": "+4930901820", "country": "DE"}),
        ({"email": " Dana@EXAMPLE.com"}, {"email": "Dana@example.com"}),
        ({"phone": "", "email": " ", "time_zone": ""}, {"phone": None, "email": None, "time_zone": None}),
        ({"phone": None}, {"phone": None}),
        ({"name": "Dana\r\nBcc: all@example.com"}, {"name": "Dana Bcc: all@example.com"}),
        ({"first_name": "\tDana\x07"}, {"first_name": "Dana"}),
        ({"consent": None}, {}),
        ({"floor": 3, "loyalty": {"tier": "gold"}}, {"floor": 3, "loyalty": {"tier": "gold"}}),
        ({"hours": "mon-fri 10:00-12:00"}, {"hours": "mon-fri 10:00-12:00"}),
    ],
)
def test_what_is_said_of_a_customer_is_stored_clean(fields: dict[str, Any], stored: dict[str, Any]) -> None:
    now, warnings = said(**fields)

    assert {k: v for k, v in now.items() if k != "id"} | stored == {k: v for k, v in now.items() if k != "id"}
    assert set(now) == {"id", *stored} | (set(fields) - {"consent"})
    assert not warnings


@pytest.mark.parametrize(
    ("field", "value", "hint"),
    [
        ("phone", "12345", "+13125550142"),
        ("phone", "(312) 555-0142", "send customer.country"),
        ("phone", "call me", "+13125550142"),
        ("email", "dana at example.com", "@"),
        ("email", "dana@example.com\nBcc: all@example.com", ""),
        ("time_zone", "America/Chicgo", "did you mean 'America/Chicago'?"),
        ("time_zone", "../../etc/passwd", ""),
        ("time_zone", "CST6CST", ""),
        ("country", "USA", "two letters"),
        ("locale", "in English please", "en-US"),
    ],
)
def test_a_contact_point_that_is_none_counts_as_not_known_and_the_rest_is_taken_in(field: str, value: str, hint: str) -> None:
    now, warnings = said(name="Dana", **{field: value})

    assert now == {"id": "C-77", "name": "Dana", field: None}
    (warning,) = warnings
    assert warning.place == f"customer.{field}"
    assert hint in warning.hint


def test_a_country_that_is_none_in_the_address_is_named_there() -> None:
    now, warnings = said(address={"city": "Chicago", "country": "United States"})

    assert now["country"] is None
    assert now["address"] == {"city": "Chicago", "country": "United States"}
    assert [w.place for w in warnings] == ["customer.address.country"]


def test_hours_that_nobody_can_read_stay_a_wish() -> None:
    now, warnings = said(hours="after lunch")

    assert now["hours"] == "after lunch"
    assert "not contacted" in warnings[0].hint


def test_a_further_field_of_the_wrong_kind_is_kept_with_a_warning() -> None:
    now, warnings = said(floor="third")

    assert now["floor"] == "third"
    assert [w.place for w in warnings] == ["customer.floor"]


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"consent": {"email": "yes"}}, "customer.consent.email"),
        ({"consent": {"email": None}}, "customer.consent.email"),
        ({"consent": {"sms": "service"}}, "customer.consent.sms"),
        ({"consent": "all"}, "customer.consent"),
        ({"consent.text": "marketing"}, "customer.consent.text"),  # would pass for consent where customers are merged
        ({"phone": 13125550142}, "customer.phone"),
        ({"id": "C\n77"}, "customer.id"),
        ({"id": None}, "customer.id"),
        ({"name": "D" * 201}, "customer.name"),
    ],
)
def test_consent_and_identity_of_a_customer_are_never_guessed(fields: dict[str, Any], place: str) -> None:
    assert set(refused(customer(**fields))) == {place}


def test_one_sentence_of_consent_is_not_widened() -> None:
    now, _ = said(consent={"email": "service"})

    assert now["consent"] == {"email": "service"}


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "82"},
        {"source": "erp"},
        {"type": "quote.noted"},
        {"subject": "quote/Q-1043"},
        {"time": "2026-11-20T09:12:01-06:00"},
        {"data": {"amount": 1851, "currency": "USD", "owner": "ari"}},
        {"customer": {**quote_sent()["customer"], "name": "Dana O."}},
        {"customer": {**quote_sent()["customer"], "note": None}},
    ],
)
def test_any_other_word_is_another_body(changed: dict[str, Any]) -> None:
    assert read(quote_sent(**changed)).event.body_hash != read(quote_sent()).event.body_hash


def test_order_zone_and_moment_of_arrival_make_no_other_body() -> None:
    again = dict(reversed(quote_sent(time="2026-11-20T15:12:00Z").items()))
    later = read_event(again, lifecycle=LIFECYCLE, received_at=NOW + timedelta(days=3), new_id=new_id, backfill=True)

    assert later.event.body_hash == read(quote_sent()).event.body_hash


@pytest.mark.parametrize("value", ["\0", "\ud800", float("nan")])
def test_what_no_database_takes_is_refused_from_any_way_in(value: object) -> None:
    assert set(refused(quote_sent(type="free.form", data={"deep": [value]}))) == {"data.deep.0"}


@given(
    st.dictionaries(
        st.sampled_from([*quote_sent(), "x"]), st.none() | st.integers() | st.text() | st.just({}) | st.just({"id": ""})
    )
)
def test_nonsense_is_refused_and_never_an_accident(nonsense: dict[str, Any]) -> None:
    try:
        read({**quote_sent(), **nonsense})
    except EventError as error:
        unnamed = [p for p in error.problems if not (p.problem and p.place)]
        assert not unnamed


def test_the_names_of_the_plain_form_are_those_of_the_page() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "events.md").read_text(encoding="utf-8")

    for field in (
        "id",
        "source",
        "type",
        "subject",
        "time",
        "customer",
        "data",
        "phone",
        "time_zone",
        "locale",
        "country",
        "hours",
    ):
        assert f"`{field}`" in page or f'"{field}"' in page
