"""A map file says how the rows of somebody's log become events; a mistake in it is found before the first row."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.zones import normal_phone
from orchestrator.errors import EventError, InputError
from orchestrator.ids import new_id
from orchestrator.made_up import AREA_CODES, MADE_UP
from orchestrator.mapping import Map, read_map, read_rows
from orchestrator.receiving import read_event
from orchestrator.rows import Rows
from tests.intake.ready import Hands
from tests.intake.test_receiving import LIFECYCLE

OFFERS = """
source: bank-log
id: "{event_id}"
type: "{event_type}"
rename: {offer_sent: quote.sent, offer_accepted: quote.accepted}
only: [quote.sent, quote.accepted]
subject: "quote/{case_id}"
time: occurred_at
customer:
  id: "applicant-{case_id}"
  name: {made_up: true}
  phone: {made_up: true}
  email: {made_up: true}
  time_zone: Europe/Amsterdam
  consent: {email: service, call: service}
data:
  amount: {column: amount_requested, kind: number}
  currency: EUR
  owner: "clerk {resource}"
"""
INVOICES = """
source: ledger
id: "{event_id}"
type: "{event_type}"
rename: {invoice_issued: invoice.issued, invoice_settled: invoice.paid, customer_went_paperless: customer.went_paperless}
only: [invoice.issued, invoice.paid]
subject: "invoice/{case_id}"
time: {column: occurred_at, zone: America/Chicago, day_at: "09:00"}
customer:
  id: "{customer_id}"
  name: {made_up: true}
  email: {made_up: true}
  country: {column: country_code, table: {391: US, 818: CA}, otherwise: US}
  time_zone: America/Chicago
  consent: {email: service}
data:
  number: "{case_id}"
  amount: {column: amount, kind: number}
  currency: USD
  due_on: {column: due_date, kind: date}
  paper: {column: delivery, table: {paper: "yes"}}
  disputed: {column: disputed, kind: boolean}
"""


def map_of(text: str, folder: Path) -> Map:
    file = folder / "map.yaml"
    file.write_text(text, encoding="utf-8")
    return read_map(file)


def small(folder: Path, **changed: str) -> Map:
    """A map whose data field `value` is written like this."""
    lines = {"source": "log", "id": '"{n}"', "type": "free.form", "subject": '"row/{n}"', "time": "at", **changed}
    return map_of("".join(f"{name}: {value}\n" for name, value in lines.items()), folder)


def test_a_row_becomes_an_event_that_can_be_taken_in(tmp_path: Path) -> None:
    row = {
        "event_id": "e1", "event_type": "offer_sent", "case_id": "173730", "occurred_at": "2011-10-01T12:36:08.943+02:00",
        "amount_requested": "15000", "resource": "112",
    }  # fmt: skip

    event = map_of(OFFERS, tmp_path).event(row)

    assert event is not None
    customer = event.pop("customer")
    assert event == {
        "id": "e1",
        "source": "bank-log",
        "type": "quote.sent",
        "subject": "quote/173730",
        "time": "2011-10-01T12:36:08.943000+02:00",
        "data": {"amount": 15000, "currency": "EUR", "owner": "clerk 112"},
    }
    assert customer["id"] == "applicant-173730"
    assert customer["consent"] == {"email": "service", "call": "service"}
    received = read_event(
        {**event, "customer": customer}, lifecycle=LIFECYCLE, received_at=Hands("2026-11-20 10:00")(), new_id=new_id
    )
    assert not received.warnings


def test_a_pattern_with_an_empty_column_is_empty_as_a_whole(tmp_path: Path) -> None:
    event = small(tmp_path, customer='{id: "C-{who}"}', data='{value: "{who} and more"}').event(
        {"n": " ", "at": "2012-01-03T00:00:00Z", "who": ""}
    )

    assert event is not None
    assert (event["subject"], event.get("customer"), event["data"]) == (
        "",
        None,
        {},
    )  # never "row/", which would be one subject for all


def test_types_that_are_not_wanted_are_left_out(tmp_path: Path) -> None:
    assert map_of(OFFERS, tmp_path).event({"event_type": "call_after_offer_started"}) is None


def test_an_empty_cell_leaves_its_field_out_and_an_empty_id_names_nobody(tmp_path: Path) -> None:
    row = {
        "event_id": "e1", "event_type": "invoice_issued", "case_id": "7", "customer_id": "", "occurred_at": "2012-01-03T00:00:00+00:00",
        "country_code": "818", "amount": "55.37", "due_date": "2012-02-02", "delivery": "web", "disputed": "",
    }  # fmt: skip

    event = map_of(INVOICES, tmp_path).event(row)

    assert event is not None
    assert "customer" not in event
    assert event["data"] == {"number": "7", "amount": 55.37, "currency": "USD", "due_on": "2012-02-02"}
    assert event["time"] == "2012-01-03T09:00:00-06:00"  # a log that knows only the day: nine in Chicago
    assert map_of(INVOICES, tmp_path).event({**row, "customer_id": "C"})["customer"]["country"] == "CA"  # type: ignore[index]


@pytest.mark.parametrize(
    ("value", "cell", "read"),
    [
        ("{column: c, kind: number}", "007", 7),
        ("{column: c, kind: number}", "-1.50", -1.5),
        ("{column: c, kind: boolean}", "Yes", True),
        ("{column: c, kind: boolean}", "0", False),
        ("{column: c, kind: date}", "2012-02-02T00:00:00+00:00", "2012-02-02"),
        ("{column: c, kind: time}", "2012-02-02T10:00:00Z", "2012-02-02T10:00:00+00:00"),
        ("{column: c, kind: list}", "tap; sink ;", ["tap", "sink"]),
        ("{column: c, kind: list, separator: '|'}", "tap|sink", ["tap", "sink"]),
        ("{column: c, table: {a: Apple}}", "a", "Apple"),
        ("{column: c, table: {a: Apple}, otherwise: Fruit}", "b", "Fruit"),
        ('"{c} and {c}"', "x", "x and x"),
        ("{constant: 7}", "", 7),
        ("7", "", 7),
        ("{constant: [a, b]}", "", ["a", "b"]),
        ("USD", "", "USD"),
        ("{column: c}", " as it is ", " as it is "),
    ],
)
def test_a_cell_is_read_as_the_kind_that_the_map_says(tmp_path: Path, value: str, cell: str, read: object) -> None:
    event = small(tmp_path, data=f"{{value: {value}}}").event({"n": "1", "at": "2012-01-03T00:00:00Z", "c": cell})

    assert event is not None
    assert event["data"] == {"value": read}


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("number", "many"),
        ("number", "nan"),
        ("number", "1e999"),
        ("boolean", "perhaps"),
        ("date", "03/01/2012"),
        ("time", "noon"),
    ],
)
def test_a_cell_of_another_kind_is_refused_with_its_column(tmp_path: Path, kind: str, cell: str) -> None:
    with pytest.raises(EventError) as refused:
        small(tmp_path, data=f"{{value: {{column: c, kind: {kind}}}}}").event({"n": "1", "at": "2012-01-03T00:00:00Z", "c": cell})

    (problem,) = refused.value.problems
    assert problem.place == "data.value"
    assert "column 'c'" in problem.problem


@pytest.mark.parametrize(
    ("time", "cell", "moment"),
    [
        ("{column: at, zone: Europe/Amsterdam}", "2011-10-01 12:36:08", "2011-10-01T12:36:08+02:00"),
        (
            "{column: at, zone: Europe/Amsterdam}",
            "2011-10-01T12:36:08+05:00",
            "2011-10-01T12:36:08+05:00",
        ),  # the log knows better
        (
            "{column: at, zone: Europe/Amsterdam}",
            "2011-10-30T02:30:00",
            "2011-10-30T02:30:00+02:00",
        ),  # twice that night: the first
        ("{column: at, zone: America/Chicago, format: '%m/%d/%Y %H:%M'}", "11/20/2026 09:12", "2026-11-20T09:12:00-06:00"),
        ("{column: at, zone: America/Chicago, day_at: '09:00'}", "2012-07-03", "2012-07-03T09:00:00-05:00"),
    ],
)
def test_a_moment_without_zone_is_one_of_the_map_s_zone(tmp_path: Path, time: str, cell: str, moment: str) -> None:
    event = small(tmp_path, time=time).event({"n": "1", "at": cell})

    assert event is not None
    assert event["time"] == moment


@pytest.mark.parametrize("cell", ["", "2011-10-01T12:36:08", "yesterday"])
def test_a_moment_that_nobody_can_tell_is_refused(tmp_path: Path, cell: str) -> None:
    with pytest.raises(EventError, match="holds no moment"):
        small(tmp_path).event({"n": "1", "at": cell})


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"tpye": "x"}, "'tpye' is not known here"),
        ({"time": "{column: at, zone: Mars/Olympus}"}, "no time zone 'Mars/Olympus'"),
        ({"time": "{column: at, day_at: '09:00'}"}, "day_at is a local time"),
        ({"data": "{value: {column: c, constant: 1}}"}, "one place"),
        ({"data": "{value: {kind: number}}"}, "one place"),
        ({"data": "{value: {constant: 1, table: {a: b}}}"}, "a table needs a column"),
        ({"data": "{value: {made_up: true}}"}, "contact points"),
        ({"data": "{value: {column: c, kind: money}}"}, "money"),
        ({"customer": "{id: x, hours: {made_up: true}}"}, "cannot be made up"),
        ({"customer": "{id: x, consent: {email: all}}"}, "all"),
        ({"customer": "{id: x, consent: {sms: service}}"}, "sms"),
    ],
)
def test_a_mistake_in_a_map_is_told_with_line_and_column(tmp_path: Path, changed: dict[str, str], problem: str) -> None:
    with pytest.raises(InputError) as refused:
        small(tmp_path, **changed)

    assert problem in str(refused.value)
    assert all(p.line and p.column for p in refused.value.problems)


def test_a_misspelt_column_is_found_before_the_first_row(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'at_'"):
        small(tmp_path).check_columns(["n", "at_"])
    assert map_of(INVOICES, tmp_path).columns() == {
        "event_id", "event_type", "case_id", "occurred_at", "customer_id", "country_code", "amount", "due_date", "delivery", "disputed",
    }  # fmt: skip


def test_made_up_people_are_the_same_each_time_and_nobody_s() -> None:
    assert [make("C-77") for make in MADE_UP.values()] == [make("C-77") for make in MADE_UP.values()]
    assert all(normal_phone(f"+1{code}5550100", None) for code in AREA_CODES)
    made = {MADE_UP["email"](f"C-{n}") for n in range(2_000)}
    assert len(made) == 2_000
    assert {m.partition("@")[2] for m in made} == {"customers.example.com"}
    assert MADE_UP["email"]("C 1") != MADE_UP["email"]("C-1")
    assert len({MADE_UP["phone"](f"C-{n}") for n in range(200)}) > 150


def test_a_file_is_read_whatever_its_separator_packing_and_mark(tmp_path: Path) -> None:
    text = '\ufeffid;note\r\n1;"a;b\r\nc"\r\n\r\n2;é\r\n'
    (tmp_path / "a.csv").write_bytes(text.encode())
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.replace(";", "\t").encode()))
    (tmp_path / "a.jsonl").write_text('{"id": "1"}\n\n{"id": "2"}')

    assert list(read_rows(tmp_path / "a.csv")) == [{"id": "1", "note": "a;b\r\nc"}, {"id": "2", "note": "é"}]
    assert list(read_rows(tmp_path / "a.csv.gz")) == [{"id": "1", "note": "a\tb\r\nc"}, {"id": "2", "note": "é"}]
    assert list(read_rows(tmp_path / "a.jsonl")) == [{"id": "1"}, {"id": "2"}]
    with Rows(tmp_path / "a.csv") as rows:
        assert rows.header() == ["id", "note"]
        assert [row.number for row in rows] == [1, 2]


@pytest.mark.parametrize(
    ("name", "content", "problems"),
    [
        ("a.jsonl", b'{"a": 1}\n{"a": NaN}\n[1]\n{"a": 2}\n', [None, "NaN is no JSON", "the line is no JSON object", None]),
        ("a.csv", b"a,b\n1,2\n3\n4,5,6\n7,8\n", [None, "1 cells", "3 cells", None]),
        ("a.csv", b'a,b\n1,"2"3\n4,5\n', ["cannot be read", None]),
        ("a.jsonl", b'{"a": "' + b"x" * 6_000_000 + b'"}\n{"a": 1}\n', ["longer than", None]),
    ],
)
def test_a_row_that_cannot_be_read_stops_no_other(tmp_path: Path, name: str, content: bytes, problems: list[Any]) -> None:
    (tmp_path / name).write_bytes(content)

    with Rows(tmp_path / name) as rows:
        found = [row.problem.problem if row.problem else None for row in rows]

    assert len(found) == len(problems)
    assert all(
        (said is None) == (wanted is None) and (wanted or "") in (said or "")
        for said, wanted in zip(found, problems, strict=True)
    )


def test_a_file_that_ends_in_the_middle_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 50_000)[:-20])

    with pytest.raises(InputError, match="ends in the middle"):
        list(read_rows(tmp_path / "a.csv.gz"))


@pytest.mark.parametrize("name", ["a.txt", "a", "a.xlsx", "a.gz"])
def test_a_file_of_an_unknown_kind_is_told_what_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("a")

    with pytest.raises(InputError, match=r"\.csv"):
        list(read_rows(tmp_path / name))


@pytest.mark.parametrize(("log", "text", "kept"), [("bpi2012_loan_offers", OFFERS, 0.05), ("ar_invoices", INVOICES, 0.6)])
def test_a_real_log_becomes_events_without_one_that_is_refused(
    samples: Path, tmp_path: Path, log: str, text: str, kept: float
) -> None:
    how = map_of(text, tmp_path)
    rows = list(read_rows(samples / f"{log}.1k.csv.gz"))
    how.check_columns(rows[0])

    events = [event for row in rows if (event := how.event(row)) is not None]

    assert len(events) > kept * len(rows) * 0.5
    for event in events:
        received = read_event(event, lifecycle=LIFECYCLE, received_at=Hands("2026-11-20 10:00")(), new_id=new_id)
        assert {w.place for w in received.warnings} <= {"type"}  # the small lifecycle of this test does not declare invoices
