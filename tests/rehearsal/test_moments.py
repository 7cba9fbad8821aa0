"""Moments as authors write them, by the customer's clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orchestrator.language.local_moments import LocalMoment
from orchestrator.rehearsal.clocks import Clock, NoSuchMoment

BEFORE = "Tue 2026-03-03 10:00"


def clock(name: str = "America/Chicago") -> Clock:
    found = Clock.of(name)
    assert found is not None
    return found


def moment(text: str, previous: str = BEFORE, zone: str = "America/Chicago") -> datetime:
    at = clock(zone)
    return at.moment(LocalMoment.parse(text), at.moment(LocalMoment.parse(previous), datetime(2000, 1, 1, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tue 2026-03-10 10:10", "Tue 2026-03-10 10:10"),
        ("2026-03-10 9:05", "Tue 2026-03-10 09:05"),
        ("tue 10:00", "Tue 2026-03-03 10:00"),  # this very moment counts
        ("Tue 09:59", "Tue 2026-03-10 09:59"),
        ("Mon 09:00", "Mon 2026-03-09 09:00"),
        ("10:30", "Tue 2026-03-03 10:30"),
        ("09:30", "Wed 2026-03-04 09:30"),
        ("Sun 12:00", "Sun 2026-03-08 12:00"),  # the clocks went forward that morning
        ("Tue 2026-03-03 10:10:30", "Tue 2026-03-03 10:10:30"),
    ],
)
def test_a_moment_without_its_date_is_the_next_one_like_it(text: str, expected: str) -> None:
    assert clock().said(moment(text)) == expected


def test_of_a_time_that_comes_twice_again_is_the_second() -> None:
    first, second = moment("Sun 2026-11-01 01:30"), moment("Sun 2026-11-01 01:30 again")

    assert (second - first).total_seconds() == 3600
    assert clock().said(second) == "Sun 2026-11-01 01:30 again"


def test_after_the_first_of_two_the_next_is_the_second() -> None:
    assert clock().said(moment("Sun 2026-11-01 01:30", "Sun 2026-11-01 01:45")) == "Sun 2026-11-01 01:30 again"


@pytest.mark.parametrize("text", ["Sun 2026-03-08 02:30", "Tue 2026-03-10 10:00 again"])
def test_a_moment_that_no_clock_shows_is_refused(text: str) -> None:
    with pytest.raises(NoSuchMoment):
        moment(text)


@pytest.mark.parametrize(
    "text", ["Wed 2026-03-10 10:00", "2026-02-30 10:00", "24:00", "10", "next Tuesday", "", "Tue 2026-03-10"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\|"):
        LocalMoment.parse(text)


def test_what_is_written_is_read_as_the_same_moment_all_year() -> None:
    at = clock("America/New_York")
    hour = 3_600
    start = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    for second in range(start, start + 366 * 24 * hour, 7 * hour // 2):
        there = datetime.fromtimestamp(second, UTC)
        assert at.moment(LocalMoment.parse(at.said(there)), datetime(2000, 1, 1, tzinfo=UTC)) == there
