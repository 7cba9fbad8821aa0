"""Delays, times of day and dates of events, in the customer's own time, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from orchestrator.core.windows import add, at_time, field_moment, subtract
from orchestrator.language.delays import Delay, TimeOfDay
from tests.core.houses import house
from tests.core.moments import moment, shown

CHICAGO, NEW_YORK, BERLIN, AUCKLAND, HONOLULU = (
    "America/Chicago", "America/New_York", "Europe/Berlin", "Pacific/Auckland", "Pacific/Honolulu",
)  # fmt: skip
KOLKATA, ADELAIDE, CAIRO = "Asia/Kolkata", "Australia/Adelaide", "Africa/Cairo"


@pytest.mark.parametrize(
    ("zone", "start", "delay", "expected"),
    [
        (CHICAGO, "Tue 2026-03-03 17:55", "10 minutes", "Tue 2026-03-03 18:05"),
        (CHICAGO, "Tue 2026-03-03 17:55", "1 day", "Wed 2026-03-04 17:55"),
        (CHICAGO, "Tue 2026-03-03 17:55", "2 weeks", "Tue 2026-03-17 17:55"),
        (CHICAGO, "Tue 2026-03-03 17:55", "0 days", "Tue 2026-03-03 17:55"),
        # hours are elapsed time, days are the clock's
        (NEW_YORK, "Sat 2026-03-07 19:00", "24 hours", "Sun 2026-03-08 20:00"),
        (NEW_YORK, "Sat 2026-03-07 19:00", "1 day", "Sun 2026-03-08 19:00"),
        (NEW_YORK, "Sat 2026-10-31 19:00", "24 hours", "Sun 2026-11-01 18:00"),
        (NEW_YORK, "Sat 2026-10-31 19:00", "1 day", "Sun 2026-11-01 19:00"),
        (BERLIN, "Sat 2026-03-28 19:00", "24 hours", "Sun 2026-03-29 20:00"),
        (BERLIN, "Sun 2026-03-22 19:00", "1 week", "Sun 2026-03-29 19:00"),
        (BERLIN, "Sat 2026-10-24 19:00", "1440 minutes", "Sun 2026-10-25 18:00"),
        (BERLIN, "Sat 2026-10-24 19:00", "1 day", "Sun 2026-10-25 19:00"),
        (AUCKLAND, "Sat 2026-04-04 19:00", "1 day", "Sun 2026-04-05 19:00"),
        (ADELAIDE, "Sat 2026-04-04 19:15", "1 day", "Sun 2026-04-05 19:15"),
        (KOLKATA, "Sat 2026-03-28 19:15", "1 day", "Sun 2026-03-29 19:15"),
        # a time that the clock skips is the first after the gap, one that it shows twice the earlier
        (NEW_YORK, "Sat 2026-03-07 02:30", "1 day", "Sun 2026-03-08 03:00"),
        (NEW_YORK, "Sat 2026-10-31 01:30", "1 day", "Sun 2026-11-01 01:30"),
        (NEW_YORK, "Sun 2026-11-01 01:30 again", "1 day", "Mon 2026-11-02 01:30"),
        (NEW_YORK, "Sun 2026-11-01 01:30 again", "0 days", "Sun 2026-11-01 01:30 again"),
        (BERLIN, "Sat 2026-03-28 02:59", "1 day", "Sun 2026-03-29 03:00"),
        (BERLIN, "Sat 2026-10-24 02:30", "1 day", "Sun 2026-10-25 02:30"),
        (CAIRO, "Thu 2026-04-23 00:30", "1 day", "Fri 2026-04-24 01:00"),
        ("Australia/Lord_Howe", "Sat 2026-10-03 02:10", "1 day", "Sun 2026-10-04 02:30"),  # a gap of half an hour
        ("Pacific/Apia", "Thu 2011-12-29 10:00", "1 day", "Sat 2011-12-31 00:00"),  # Friday never came
        ("Pacific/Apia", "Thu 2011-12-29 10:00", "2 days", "Sat 2011-12-31 10:00"),
    ],
)
def test_days_keep_the_time_of_day_and_hours_are_elapsed(zone: str, start: str, delay: str, expected: str) -> None:
    assert shown(add(Delay.parse(delay), moment(start, zone), (zone,), house()), zone) == expected


@pytest.mark.parametrize(
    ("zone", "start", "count", "expected"),
    [
        (CHICAGO, "Tue 2026-03-03 12:00", 0, "Tue 2026-03-03 12:00"),
        (CHICAGO, "Tue 2026-03-03 12:00", 2, "Thu 2026-03-05 12:00"),
        (CHICAGO, "Fri 2026-02-27 12:00", 1, "Mon 2026-03-02 12:00"),
        (CHICAGO, "Sat 2026-02-28 12:00", 0, "Mon 2026-03-02 12:00"),
        (CHICAGO, "Sat 2026-02-28 12:00", 1, "Mon 2026-03-02 12:00"),
        (CHICAGO, "Sun 2026-03-01 12:00", 1, "Mon 2026-03-02 12:00"),
        (CHICAGO, "Sat 2026-02-28 12:00", 2, "Tue 2026-03-03 12:00"),
        (CHICAGO, "Tue 2026-03-03 12:00", 10, "Tue 2026-03-17 12:00"),
        (CHICAGO, "Fri 2026-05-22 12:00", 1, "Tue 2026-05-26 12:00"),  # Memorial Day
        (CHICAGO, "Mon 2026-05-25 12:00", 0, "Tue 2026-05-26 12:00"),
        (CHICAGO, "Wed 2026-12-23 12:00", 1, "Mon 2026-12-28 12:00"),  # the house is closed, Christmas, a weekend
        (AUCKLAND, "Fri 2026-03-06 09:00", 1, "Mon 2026-03-09 09:00"),  # Thursday in UTC
        (HONOLULU, "Thu 2026-03-05 17:00", 1, "Fri 2026-03-06 17:00"),  # Friday in UTC
        (HONOLULU, "Fri 2026-03-06 17:00", 1, "Mon 2026-03-09 17:00"),  # Saturday in UTC
        (KOLKATA, "Mon 2026-03-02 03:00", 1, "Tue 2026-03-03 03:00"),  # Sunday in UTC
        (NEW_YORK, "Fri 2026-03-06 12:00", 1, "Mon 2026-03-09 12:00"),  # over the change of the clocks
        (BERLIN, "Fri 2026-10-23 12:00", 1, "Mon 2026-10-26 12:00"),
        (ADELAIDE, "Thu 2026-04-02 12:30", 2, "Mon 2026-04-06 12:30"),
        (CAIRO, "Thu 2026-04-23 00:30", 1, "Fri 2026-04-24 01:00"),  # the clock skips that midnight hour
    ],
)
def test_business_days_count_the_days_on_which_the_house_works(zone: str, start: str, count: int, expected: str) -> None:
    ours = house(closed_on=["2026-12-24"])

    assert shown(add(Delay.parse(f"{count} business days"), moment(start, zone), (zone,), ours), zone) == expected


@pytest.mark.parametrize(
    ("zone", "start", "delay", "expected"),
    [
        (CHICAGO, "Tue 2026-03-03 12:00", "90 minutes", "Tue 2026-03-03 10:30"),
        (CHICAGO, "Tue 2026-03-03 12:00", "2 business days", "Fri 2026-02-27 12:00"),
        (CHICAGO, "Sun 2026-03-01 12:00", "1 business day", "Fri 2026-02-27 12:00"),
        (CHICAGO, "Sat 2026-02-28 12:00", "0 business days", "Fri 2026-02-27 12:00"),
        (CHICAGO, "Tue 2026-05-26 12:00", "1 business day", "Fri 2026-05-22 12:00"),  # Memorial Day
        (AUCKLAND, "Mon 2026-03-02 09:00", "1 business day", "Fri 2026-02-27 09:00"),  # Sunday in UTC
        (NEW_YORK, "Sun 2026-03-08 19:00", "1 day", "Sat 2026-03-07 19:00"),
        (NEW_YORK, "Sun 2026-03-08 19:00", "24 hours", "Sat 2026-03-07 18:00"),
        (NEW_YORK, "Mon 2026-03-09 02:30", "1 day", "Sun 2026-03-08 03:00"),  # skipped
        (NEW_YORK, "Mon 2026-11-02 01:30", "1 day", "Sun 2026-11-01 01:30"),  # the earlier of two
        (NEW_YORK, "Sun 2026-11-01 01:30 again", "0 days", "Sun 2026-11-01 01:30 again"),
        (BERLIN, "Sun 2026-10-25 19:00", "1 week", "Sun 2026-10-18 19:00"),
        (ADELAIDE, "Sun 2026-04-05 19:30", "1 day", "Sat 2026-04-04 19:30"),
    ],
)
def test_before_a_moment_is_the_same_the_other_way_round(zone: str, start: str, delay: str, expected: str) -> None:
    assert shown(subtract(Delay.parse(delay), moment(start, zone), (zone,), house()), zone) == expected


@pytest.mark.parametrize(
    ("zones", "strictest", "reckoned_in"),
    [
        ((BERLIN, KOLKATA), [NEW_YORK], BERLIN),  # the first zone
        ((), [NEW_YORK, BERLIN], NEW_YORK),  # else the house's first
        (("Mars/Olympus",), [NEW_YORK], NEW_YORK),
        ((), [], "UTC"),
    ],
)
def test_days_are_reckoned_in_the_customers_first_zone_else_the_houses(
    zones: tuple[str, ...], strictest: list[str], reckoned_in: str
) -> None:
    saturday = datetime(2026, 3, 28, 0, 30, tzinfo=UTC)  # the clocks change in Berlin; in New York it is still Friday

    found = add(Delay.parse("1 business day"), saturday, zones, house(time_zones=strictest))

    there = saturday.astimezone(ZoneInfo(reckoned_in))
    assert found == (there + timedelta(days=7 - there.weekday())).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "start", "clock", "expected"),
    [
        (CHICAGO, "Tue 2026-03-03 08:00", "09:30", "Tue 2026-03-03 09:30"),
        (CHICAGO, "Tue 2026-03-03 09:30", "09:30", "Tue 2026-03-03 09:30"),
        (CHICAGO, "Tue 2026-03-03 09:31", "09:30", "Wed 2026-03-04 09:30"),
        (AUCKLAND, "Mon 2026-03-02 08:00", "09:30", "Mon 2026-03-02 09:30"),  # Sunday in UTC
        (HONOLULU, "Sun 2026-03-01 16:00", "17:00", "Sun 2026-03-01 17:00"),  # Monday in UTC
        (NEW_YORK, "Sat 2026-03-07 12:00", "09:30", "Sun 2026-03-08 09:30"),
        (NEW_YORK, "Sun 2026-03-08 00:30", "02:30", "Sun 2026-03-08 03:00"),  # skipped
        (NEW_YORK, "Sun 2026-11-01 00:30", "01:30", "Sun 2026-11-01 01:30"),  # the earlier of two
        (NEW_YORK, "Sun 2026-11-01 01:45", "01:30", "Mon 2026-11-02 01:30"),
        (BERLIN, "Sat 2026-03-28 12:00", "02:30", "Sun 2026-03-29 03:00"),
        (BERLIN, "Sat 2026-10-24 12:00", "02:30", "Sun 2026-10-25 02:30"),
        (KOLKATA, "Tue 2026-03-03 03:00", "04:45", "Tue 2026-03-03 04:45"),  # Monday in UTC
        (ADELAIDE, "Sat 2026-10-03 12:00", "02:30", "Sun 2026-10-04 03:00"),
        (CAIRO, "Thu 2026-04-23 12:00", "00:15", "Fri 2026-04-24 01:00"),
    ],
)
def test_a_time_of_day_is_todays_or_when_it_has_passed_tomorrows(zone: str, start: str, clock: str, expected: str) -> None:
    assert shown(at_time(moment(start, zone), TimeOfDay.parse(clock), (zone,), house()), zone) == expected


@pytest.mark.parametrize(
    ("zone", "start", "clock", "expected"),
    [
        (CHICAGO, "Tue 2026-03-03 14:00", "09:30", "Tue 2026-03-03 09:30"),
        (AUCKLAND, "Mon 2026-03-02 10:00", "09:30", "Mon 2026-03-02 09:30"),
        (NEW_YORK, "Sun 2026-03-08 12:00", "02:30", "Sun 2026-03-08 03:00"),
    ],
)
def test_a_time_of_day_may_be_asked_to_stay_on_its_day(zone: str, start: str, clock: str, expected: str) -> None:
    assert shown(at_time(moment(start, zone), TimeOfDay.parse(clock), (zone,), house(), keep_day=True), zone) == expected


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        ("2026-11-20T09:12:00-06:00", BERLIN, "Fri 2026-11-20 16:12"),
        ("2026-11-20T09:12:00Z", CHICAGO, "Fri 2026-11-20 03:12"),
        (datetime(2026, 11, 20, 9, 12, tzinfo=UTC), CHICAGO, "Fri 2026-11-20 03:12"),
        ("2026-11-20", CHICAGO, "Fri 2026-11-20 00:00"),  # the customer's midnight
        ("2026-11-20", AUCKLAND, "Fri 2026-11-20 00:00"),
        (date(2026, 11, 20), KOLKATA, "Fri 2026-11-20 00:00"),
        ("2026-03-29", BERLIN, "Sun 2026-03-29 00:00"),
        ("2026-04-24", CAIRO, "Fri 2026-04-24 01:00"),  # the day begins at one
        ("2026-11-01", "America/Havana", "Sun 2026-11-01 00:00"),  # the first of two midnights
    ],
)
def test_a_field_names_an_instant_or_the_midnight_of_a_day(value: object, zone: str, expected: str) -> None:
    found = field_moment(value, (zone,), house())

    assert found
    assert found.tzinfo is UTC
    assert shown(found, zone) == expected


@pytest.mark.parametrize(
    "value",
    ["2026-11-20T09:12:00", "2026-02-30", "2026-13-01", "20261120", "2026-W47-5", "tomorrow", "", "1700000000", 1_700_000_000,
     None, True, ["2026-11-20"], datetime(2026, 11, 20, 9, 12), "9999-12-31T23:00:00-06:00", "0001-01-01"],  # noqa: DTZ001
)  # fmt: skip
def test_a_field_that_names_no_moment_is_none(value: object) -> None:
    assert field_moment(value, (AUCKLAND,), house()) is None
