"""What customers and staff were promised, checked on real event logs against the logs themselves, without the engine's help.

The hours and holidays here are written down a second time, by hand, and local time is reckoned by zoneinfo.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from orchestrator.replay.play import Summary
from tests.replay.cases import LOGS, Line, contacts, lines_of, play, rows_of, some_cases

Hours = dict[str, tuple[time, time]]  # weekday -> from, to


@dataclass(frozen=True)
class Expected:
    """One log, and what its design promises."""

    design: str
    log: str
    start: str
    stops: frozenset[str]
    first: str  # touchpoint
    order: tuple[str, ...]  # touchpoints of one follow-up
    most: dict[str, int]  # touchpoint -> how often in one follow-up; once when not said
    hours: dict[str, Hours]  # channel -> when
    open_on_holidays: frozenset[str]
    holidays: frozenset[date]
    caps: tuple[tuple[int, int, str | None], ...]  # at most so many, in so many local days, of one channel


WORKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri")
NINE, HALF_PAST_FIVE = time(9), time(17, 30)


def on(days: tuple[str, ...], start: time, end: time) -> Hours:
    return {day: (start, end) for day in days}


def days(text: str) -> frozenset[date]:
    return frozenset(date.fromisoformat(day) for day in text.split())


LOANS = Expected(
    design="loans",
    log=LOGS["loans"],
    start="offer_sent",
    stops=frozenset({"offer_returned", "offer_accepted", "offer_cancelled", "offer_declined"}),
    first="offer-thanks",
    order=("offer-thanks", "offer-check-in", "large-offer-call", "offer-reminder", "offer-last-word"),
    most={"offer-check-in": 3},
    hours={
        "email": on((*WORKDAYS, "Sat", "Sun"), time(7), time(21)),
        "text": on(WORKDAYS, NINE, time(20)) | on(("Sat",), time(10), time(16)),
        "call": on(WORKDAYS, NINE, HALF_PAST_FIVE),
    },
    open_on_holidays=frozenset({"email"}),
    holidays=days("2011-12-25 2011-12-26 2012-01-01 2012-04-08 2012-04-09 2011-12-27"),  # the last one the house's own
    caps=((2, 1, None), (5, 7, None), (1, 1, "call")),
)
INVOICES = Expected(
    design="invoices",
    log=LOGS["invoices"],
    start="invoice_issued",
    stops=frozenset({"invoice_settled"}),
    first="due-soon",
    order=("due-soon", "overdue", "overdue-text", "invoice-call", "lead-call"),
    most={"invoice-call": 3},
    hours={
        "email": on(WORKDAYS, NINE, time(17)),
        "text": on((*WORKDAYS, "Sat"), NINE, time(19)),
        "call": on(WORKDAYS, NINE, time(17)),
    },
    open_on_holidays=frozenset(),
    holidays=days(
        "2012-01-02 2012-01-16 2012-02-20 2012-05-28 2012-07-04 2012-09-03 2012-10-08 2012-11-12 2012-11-22 2012-12-25"
        " 2013-01-01 2013-01-21 2013-02-18 2013-05-27 2013-07-04 2013-09-02 2013-10-14 2013-11-11 2013-11-28 2013-12-25"
        " 2014-01-01 2014-01-20 2014-02-17"
    ),
    caps=((2, 1, None), (6, 7, None)),
)
ZONES = {"391": "America/New_York", "406": "America/Chicago", "770": "America/Denver", "818": "America/Los_Angeles"}


@dataclass(frozen=True)
class Played:
    """A log with what came of it."""

    expected: Expected
    summary: Summary
    lines: list[Line]
    events: dict[str, list[tuple[datetime, str]]]  # subject -> (when, type), in order
    zones: dict[str, ZoneInfo]  # by customer

    def there(self, line: Line) -> datetime:
        """When it took effect on the clock of the customer."""
        return line.took_effect().astimezone(self.zones[line.customer])

    def started(self, line: Line) -> datetime:
        """When the follow-up of this touch began: with the last start event before the touch was planned."""
        starts = [at for at, type_ in self.events[line.subject] if type_ == self.expected.start]
        return starts[bisect_right(starts, line.planned_at) - 1]

    def follow_ups(self) -> dict[tuple[str, datetime], list[Line]]:
        """The contacts of each follow-up, in order."""
        found: dict[tuple[str, datetime], list[Line]] = defaultdict(list)
        for line in contacts(self.lines):
            found[line.subject, self.started(line)].append(line)
        return found


@pytest.fixture(scope="module", params=[LOANS, INVOICES], ids=lambda expected: expected.design)
def played(request: pytest.FixtureRequest, samples: Path, replayed: Callable[[str], tuple[Summary, Path]]) -> Played:
    """One of the logs, replayed once for all tests of this page."""
    expected: Expected = request.param
    summary, ledger = replayed(expected.design)
    events: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    zones: dict[str, ZoneInfo] = {}
    for row in rows_of(samples / expected.log):
        at = datetime.fromisoformat(row["occurred_at"])
        if expected is LOANS:
            subject = f"application/{row['case_id']}"
            zones[f"applicant-{row['case_id']}"] = ZoneInfo("Europe/Amsterdam")
        else:
            subject = f"{row['case_kind']}/{row['case_id']}"
            at = datetime.combine(at.date(), time(7), ZoneInfo("America/New_York"))  # days only: the map says seven in New York
            zones[row["customer_id"]] = ZoneInfo(ZONES.get(row["country_code"], "Pacific/Honolulu"))
        events[subject].append((at, row["event_type"]))
    return Played(expected, summary, lines_of(ledger), events, zones)


def test_every_event_counts_and_every_start_is_followed_up(played: Played) -> None:
    wanted = Counter(subject for subject, came in played.events.items() for _, type_ in came if type_ == played.expected.start)
    first = Counter(line.subject for line in played.lines if line.touchpoint == played.expected.first)

    assert dict(played.summary.events) == {"accepted": sum(len(came) for came in played.events.values())}
    assert first == wanted
    assert sum(n for _, reason, n in played.summary.enrollments if reason is not None) == wanted.total()
    assert played.summary.lines == len(played.lines)
    assert {line.state for line in played.lines} <= {"sent", "done", "cancelled", "skipped", "expired"}


def test_nobody_is_contacted_outside_the_hours_where_they_live(played: Played) -> None:
    outside = [line for line in contacts(played.lines) if not _is_open(played.expected, line.channel, played.there(line))]

    assert len(contacts(played.lines)) > 500
    assert outside == []


def test_nobody_is_contacted_once_the_matter_is_settled(played: Played) -> None:
    late = [
        (line, at, type_)
        for line in contacts(played.lines)
        for at, type_ in played.events[line.subject]
        if type_ in played.expected.stops and played.started(line) <= at <= line.took_effect()
    ]

    assert late == []
    assert any(line.state == "cancelled" for line in played.lines)


def test_nothing_is_said_twice_in_one_follow_up(played: Played) -> None:
    for key, lines in played.follow_ups().items():
        counts = Counter(line.touchpoint for line in lines)
        assert all(n <= played.expected.most.get(str(touchpoint), 1) for touchpoint, n in counts.items()), key
        assert len({line.effect_at for line in lines}) == len(lines), key


def test_touches_follow_each_other_in_the_order_of_the_playbook(played: Played) -> None:
    place = {touchpoint: index for index, touchpoint in enumerate(played.expected.order)}
    for key, lines in played.follow_ups().items():
        places = [place[str(line.touchpoint)] for line in lines if line.touchpoint in place]
        assert places == sorted(places), key
        for earlier, later in pairwise(lines):
            assert later.planned_at >= earlier.took_effect(), key


def test_nothing_happens_before_it_is_due(played: Played) -> None:
    assert [
        line for line in contacts(played.lines) if line.took_effect() < line.due_at or line.took_effect() < line.planned_at
    ] == []


def test_the_caps_hold_over_messages_and_calls_of_all_follow_ups(played: Played) -> None:
    by_customer: dict[str, list[Line]] = defaultdict(list)
    for line in contacts(played.lines):
        by_customer[line.customer].append(line)
    for customer, lines in by_customer.items():
        for most, length, channel in played.expected.caps:
            on_days = [played.there(line).date() for line in lines if channel in (None, line.channel)]
            for last in on_days:
                assert sum(last - timedelta(days=length) < day <= last for day in on_days) <= most, (customer, last)


def test_each_policy_that_put_something_off_or_refused_it_is_counted(played: Played) -> None:
    assert sum(n for _, n in played.summary.deferred) > 0
    assert sum(n for _, n in played.summary.skipped) == sum(line.state == "skipped" for line in played.lines)


@pytest.mark.parametrize("expected", [LOANS, INVOICES], ids=lambda expected: expected.design)
def test_a_rerun_gives_the_same_bytes_on_either_database_and_in_batches_of_any_size(
    samples: Path, tmp_path: Path, database_url: str, expected: Expected
) -> None:
    log = some_cases(samples / expected.log, tmp_path / "some.csv", lambda row: sum(row["case_id"].encode()) % 10 == 0)

    play(expected.design, log, tmp_path / "one")
    play(expected.design, log, tmp_path / "two", database=database_url, most=7)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert len((tmp_path / "one").read_bytes().splitlines()) > 100


def _is_open(expected: Expected, channel: str | None, local: datetime) -> bool:
    span = expected.hours[str(channel)].get(f"{local:%a}")
    closed = local.date() in expected.holidays and channel not in expected.open_on_holidays
    return span is not None and not closed and span[0] <= local.time() < span[1]
