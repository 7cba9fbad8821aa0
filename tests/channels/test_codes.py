"""What each code of a provider does: once when a request is refused with it, once when a report carries it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orchestrator.channels.base import Held, RejectedPermanent, RejectedSafe
from orchestrator.channels.codes import TWILIO, Code, in_report, of_refusal
from orchestrator.core.receipts import Report, Result
from orchestrator.ids import new_id

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
ROWS = list(TWILIO.values())

# Written apart from the table: what must follow from a code, whatever its row says. The rest has no consequence but its words.
UNSUBSCRIBED = {"21610"}
NOBODYS = {"21211", "21217", "13223", "13226", "30005"}
LATER = {"10004", "20429", "21611", "21702"}
SENDER = {
    "10001", "20003", "20005", "20006", "20403", "20404", "90010", "21205", "21210", "21212", "21213", "21601", "21603", "21606",
    "21609", "21659", "21660", "21661", "21701", "21704", "21705", "30002", "30034", "30035",
}  # fmt: skip


def test_every_code_with_consequences_is_in_the_table() -> None:
    assert set(TWILIO) >= UNSUBSCRIBED | NOBODYS | LATER | SENDER


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.code)
def test_a_refusal_with_the_code_does_what_it_must(row: Code) -> None:
    answer = of_refusal(TWILIO, row.code)

    if row.code in SENDER:
        assert answer == Held(row.words, row.code)
    elif row.code in LATER:
        assert answer == RejectedSafe(row.words, slow_down=True)
    else:
        assert answer == RejectedPermanent(
            row.words, suppresses=row.code in UNSUBSCRIBED, contact_point_is_dead=row.code in NOBODYS, code=row.code
        )


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.code)
def test_a_report_with_the_code_does_what_it_must(row: Code) -> None:
    before = Report(NOW, Result.UNDELIVERED, new_id(), "SM1", answered_by="human", duration_s=3)

    report = in_report(TWILIO, row.code, "text", before)

    assert report == Report(
        NOW, Result.UNDELIVERED, before.handle, "SM1", code=row.code, why=row.words, answered_by="human", duration_s=3,
        suppresses="text" if row.code in UNSUBSCRIBED else None,
        contact_point_is_dead=row.code in NOBODYS,
        holds_sender=row.code in SENDER,
    )  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.code)
def test_the_words_are_for_people(row: Code) -> None:
    assert row.words[0].isupper()
    assert not row.words.endswith(".")
    assert row.code not in row.words
    assert len(row.words) <= 80
    assert (row.action == "hold") == (row.result == "held") or row.result == "undelivered"


def test_an_unknown_code_refuses_this_one_message_and_nothing_more() -> None:
    assert of_refusal(TWILIO, "99999") == RejectedPermanent("refused with code 99999", code="99999")
    assert in_report(TWILIO, "99999", "text", Report(NOW, Result.UNDELIVERED)) == Report(
        NOW, Result.UNDELIVERED, code="99999", why="code 99999"
    )


def test_a_report_without_a_code_stays_as_it_is() -> None:
    report = Report(NOW, Result.DELIVERED)

    assert in_report(TWILIO, "", "text", report) is report
