"""When contact windows open, in the customer's own time, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orchestrator.core.house import House
from orchestrator.core.windows import day_bounds, local_day, local_words, opening, why_never
from orchestrator.core.zones import candidate_zones
from tests.core.houses import hours, house
from tests.core.moments import at, moment, shown

CHICAGO, NEW_YORK, BERLIN, AUCKLAND, HONOLULU = (
    "America/Chicago", "America/New_York", "Europe/Berlin", "Pacific/Auckland", "Pacific/Honolulu",
)  # fmt: skip
KOLKATA, ADELAIDE = "Asia/Kolkata", "Australia/Adelaide"


def first(house: House, when: str, *zones: str, wish: str | None = None, window: str = "these") -> str:
    """The first opening from a local moment on, both read in the first zone: "Tue 2026-03-03 09:00 - 17:30"."""
    found = opening(house, (window,), zones, wish, moment(when, zones[0]))
    return "never" if found is None else f"{shown(found.start, zones[0])} - {shown(found.end, zones[0]).split(' ', 2)[2]}"


@pytest.mark.parametrize(
    ("when", "opens"),
    [
        ("Tue 17:29", "Tue 09:00"),  # still open
        ("Tue 17:30", "Wed 09:00"),  # the end is outside
        ("Tue 09:00", "Tue 09:00"),
        ("Tue 03:00", "Tue 09:00"),
        ("Fri 17:30", "Mon 09:00"),
        ("Sat 12:00", "Mon 09:00"),
    ],
)
@pytest.mark.parametrize("zone", [CHICAGO, BERLIN, AUCKLAND, HONOLULU, KOLKATA, ADELAIDE])
def test_office_hours_are_those_of_the_customers_own_clock_and_week(zone: str, when: str, opens: str) -> None:
    # In Auckland Monday morning is still Sunday in UTC; in Honolulu Friday evening is Saturday.
    found = opening(house(holidays=[]), ("office",), (zone,), None, at(when, zone))

    assert found
    expected = at(opens, zone, week="2026-03-09" if opens.startswith("Mon") else "2026-03-02")
    assert (shown(found.start, zone), found.end - found.start) == (shown(expected, zone), timedelta(hours=8, minutes=30))


@pytest.mark.parametrize("zone", [HONOLULU, "Pacific/Pago_Pago", CHICAGO])
def test_sunday_evening_is_still_open_where_it_is_already_monday_in_utc(zone: str) -> None:
    ours = hours({"mon-sun": "09:00-21:00"}, holidays=[])

    assert first(ours, "Sun 2026-03-01 20:30", zone) == "Sun 2026-03-01 09:00 - 21:00"


@pytest.mark.parametrize(
    ("zone", "night_before", "opens", "hours_later"),
    [
        (NEW_YORK, "Sat 2026-03-07 19:00", "Sun 2026-03-08 09:00", 13),  # clocks go forward that night
        (NEW_YORK, "Sat 2026-10-31 19:00", "Sun 2026-11-01 09:00", 15),  # and back
        (NEW_YORK, "Sat 2026-03-14 19:00", "Sun 2026-03-15 09:00", 14),
        (BERLIN, "Sat 2026-03-28 19:00", "Sun 2026-03-29 09:00", 13),
        (BERLIN, "Sat 2026-10-24 19:00", "Sun 2026-10-25 09:00", 15),
        (AUCKLAND, "Sat 2026-09-26 19:00", "Sun 2026-09-27 09:00", 13),  # south of the equator in September
        (ADELAIDE, "Sat 2026-04-04 19:00", "Sun 2026-04-05 09:00", 15),  # half an hour beside its neighbours
        ("Australia/Lord_Howe", "Sat 2026-10-03 19:00", "Sun 2026-10-04 09:00", 13.5),  # by half an hour
        (KOLKATA, "Sat 2026-03-28 19:00", "Sun 2026-03-29 09:00", 14),  # never changes
    ],
)
def test_a_window_opens_at_its_hour_after_the_clocks_have_changed(
    zone: str, night_before: str, opens: str, hours_later: float
) -> None:
    ours = hours({"mon-sun": "09:00-18:00"}, holidays=[])

    found = opening(ours, ("these",), (zone,), None, moment(night_before, zone))

    assert found
    assert shown(found.start, zone) == opens
    assert found.start - moment(night_before, zone) == timedelta(hours=hours_later)


@pytest.mark.parametrize(
    ("zone", "said", "when", "expected"),
    [
        # 02:00 to 03:00 does not exist on this day
        (NEW_YORK, "02:30-05:00", "Sun 2026-03-08 00:00", "Sun 2026-03-08 03:00 - 05:00"),
        (NEW_YORK, "00:30-02:30", "Sun 2026-03-08 00:00", "Sun 2026-03-08 00:30 - 03:00"),  # 03:00 is the moment after 01:59
        (NEW_YORK, "02:15-02:45", "Sun 2026-03-08 00:00", "Mon 2026-03-09 02:15 - 02:45"),  # not at all that day
        (NEW_YORK, "01:00-04:00", "Sun 2026-03-08 00:00", "Sun 2026-03-08 01:00 - 04:00"),
        (BERLIN, "02:30-05:00", "Sun 2026-03-29 00:00", "Sun 2026-03-29 03:00 - 05:00"),
        (BERLIN, "00:30-02:30", "Sun 2026-03-29 00:00", "Sun 2026-03-29 00:30 - 03:00"),
        (ADELAIDE, "02:30-05:00", "Sun 2026-10-04 00:00", "Sun 2026-10-04 03:00 - 05:00"),
        ("Africa/Cairo", "00:00-08:00", "Thu 2026-04-23 12:00", "Fri 2026-04-24 01:00 - 08:00"),  # midnight is skipped
        # 01:00 to 02:00 comes twice on this day
        (NEW_YORK, "01:30-05:00", "Sun 2026-11-01 00:00", "Sun 2026-11-01 01:30 again - 05:00"),
        (NEW_YORK, "00:00-01:30", "Sun 2026-11-01 00:00", "Sun 2026-11-01 00:00 - 01:30"),
        (NEW_YORK, "00:00-01:30", "Sun 2026-11-01 01:10 again", "Mon 2026-11-02 00:00 - 01:30"),  # closed after the first time
        (
            NEW_YORK,
            "01:15-01:45",
            "Sun 2026-11-01 00:00",
            "Mon 2026-11-02 01:15 - 01:45",
        ),  # later open, earlier close: not at all
        (NEW_YORK, "00:30-03:00", "Sun 2026-11-01 01:10 again", "Sun 2026-11-01 00:30 - 03:00"),
        (BERLIN, "02:30-05:00", "Sun 2026-10-25 00:00", "Sun 2026-10-25 02:30 again - 05:00"),
        (BERLIN, "00:00-02:30", "Sun 2026-10-25 02:10 again", "Mon 2026-10-26 00:00 - 02:30"),
        ("Africa/Cairo", "20:00-23:30", "Thu 2026-10-29 12:00", "Thu 2026-10-29 20:00 - 23:30"),  # 23:00 comes twice
        ("Africa/Cairo", "20:00-23:30", "Thu 2026-10-29 23:10 again", "Fri 2026-10-30 20:00 - 23:30"),
    ],
)
def test_hours_that_the_clock_skips_or_shows_twice_are_never_stretched(zone: str, said: str, when: str, expected: str) -> None:
    assert first(hours({"mon-sun": said}, holidays=[]), when, zone) == expected


def test_a_whole_day_that_a_country_skips_opens_nowhere() -> None:
    # Samoa crossed the date line: after Thursday the 29th came Saturday the 31st.
    ours = hours({"mon-sun": "09:00-17:00"}, holidays=[])

    assert first(ours, "Thu 2011-12-29 18:00", "Pacific/Apia") == "Sat 2011-12-31 09:00 - 17:00"


@pytest.mark.parametrize(
    ("said", "when", "expected"),
    [
        ({"mon-fri": "09:00-17:00"}, "Fri 2026-05-22 18:00", "Tue 2026-05-26 09:00 - 17:00"),  # Memorial Day
        ({"mon-fri": "09:00-17:00", "on_holidays": "open"}, "Fri 2026-05-22 18:00", "Mon 2026-05-25 09:00 - 17:00"),
        ({"mon-fri": "09:00-17:00"}, "Tue 2026-12-22 18:00", "Wed 2026-12-23 09:00 - 17:00"),
        ({"mon-fri": "09:00-17:00"}, "Wed 2026-12-23 18:00", "Mon 2026-12-28 09:00 - 17:00"),  # the house itself, then Christmas
    ],
)
def test_windows_are_closed_on_holidays_and_when_the_house_is_unless_they_say_otherwise(
    said: dict[str, Any], when: str, expected: str
) -> None:
    assert first(hours(said, closed_on=["2026-12-24"]), when, CHICAGO) == expected


@pytest.mark.parametrize(
    ("zone", "when", "expected"),
    [
        (AUCKLAND, "Thu 2026-12-24 18:00", "Sat 2026-12-26 09:00 - 17:00"),  # it is still the 24th in UTC until 13:00 of the 25th
        (HONOLULU, "Thu 2026-12-24 18:00", "Sat 2026-12-26 09:00 - 17:00"),  # and already the 25th since 14:00 of the 24th
        (HONOLULU, "Thu 2026-12-24 16:00", "Thu 2026-12-24 09:00 - 17:00"),
    ],
)
def test_a_holiday_is_a_day_of_the_customers_calendar(zone: str, when: str, expected: str) -> None:
    assert first(hours({"mon-sun": "09:00-17:00"}), when, zone) == expected


@pytest.mark.parametrize(
    ("said", "when", "expected"),
    [
        ({"tue": ["09:00-12:00", "13:00-17:00"]}, "Tue 2026-03-03 12:00", "Tue 2026-03-03 13:00 - 17:00"),
        (
            {"mon-fri": "09:00-12:00", "tue": "11:00-15:00"},
            "Tue 2026-03-03 00:00",
            "Tue 2026-03-03 09:00 - 15:00",
        ),  # lines add up
        ({"fri": "18:00-24:00", "sat": "00:00-02:00"}, "Fri 2026-03-06 12:00", "Fri 2026-03-06 18:00 - 02:00"),  # one night
        (
            {"sun": "18:00-24:00", "mon": "00:00-02:00"},
            "Sun 2026-03-01 12:00",
            "Sun 2026-03-01 18:00 - 00:00",
        ),  # but for this one
        ({"sun": "18:00-24:00", "mon": "00:00-02:00"}, "Mon 2026-03-02 00:00", "Mon 2026-03-02 00:00 - 02:00"),
    ],
)
def test_lines_that_touch_are_one_opening(said: dict[str, Any], when: str, expected: str) -> None:
    assert first(hours(said, holidays=[]), when, CHICAGO) == expected


def test_all_named_windows_must_be_open() -> None:
    ours = hours({"mon-sun": "07:00-10:00"})

    found = opening(ours, ("these", "waking"), (CHICAGO,), None, at("Tue 06:00", CHICAGO))

    assert found
    assert (found.start, found.end) == (at("Tue 08:00", CHICAGO), at("Tue 10:00", CHICAGO))


@pytest.mark.parametrize(
    ("wish", "when", "expected"),
    [
        ("mon-fri 10:00-12:00", "Mon 2026-03-02 12:00", "Tue 2026-03-03 10:00 - 12:00"),
        ("10:00-12:00", "Fri 2026-03-06 12:00", "Mon 2026-03-09 10:00 - 12:00"),  # every day, but the office is closed
        ("Wed 16:00-20:00", "Mon 2026-03-02 12:00", "Wed 2026-03-04 16:00 - 17:30"),
        ("tue 10:00 - 12:00, 14:00-15:00", "Tue 2026-03-03 12:00", "Tue 2026-03-03 14:00 - 15:00"),
        ("tue 10:00 - 12:00, 14:00-15:00", "Tue 2026-03-03 15:00", "Tue 2026-03-10 10:00 - 12:00"),  # all of it is for Tuesdays
        ("tue 10:00-12:00, thu 14:00-15:00", "Tue 2026-03-03 12:00", "Thu 2026-03-05 14:00 - 15:00"),
        ("", "Tue 2026-03-03 12:00", "Tue 2026-03-03 09:00 - 17:30"),
        ("sat 10:00-12:00", "Mon 2026-03-02 12:00", "never"),
        ("after lunch", "Tue 2026-03-03 12:00", "never"),
        ("tue", "Tue 2026-03-03 12:00", "never"),
        ("fri-mon 10:00-12:00", "Tue 2026-03-03 12:00", "never"),
        ("10:00-12:00,", "Tue 2026-03-03 12:00", "never"),
        ("12:00-10:00", "Tue 2026-03-03 12:00", "never"),
    ],
)
def test_the_customers_wish_narrows_the_window_and_a_wish_nobody_understands_closes_it(
    wish: str, when: str, expected: str
) -> None:
    assert first(house(holidays=[]), when, CHICAGO, wish=wish, window="office") == expected


@pytest.mark.parametrize(
    ("zones", "when", "expected"),
    [
        # 09:00 in Los Angeles is 12:00 in New York, whose office closes at 17:30
        ((NEW_YORK, "America/Los_Angeles"), "Tue 2026-03-03 09:00", "Tue 2026-03-03 12:00 - 17:30"),
        ((NEW_YORK, "America/Phoenix"), "Fri 2026-03-06 09:00", "Fri 2026-03-06 11:00 - 17:30"),
        ((NEW_YORK, "America/Phoenix"), "Mon 2026-03-09 09:00", "Mon 2026-03-09 12:00 - 17:30"),  # Arizona keeps its clocks
        ((NEW_YORK, BERLIN), "Mon 2026-03-23 00:00", "Mon 2026-03-23 09:00 - 12:30"),  # five hours apart between both changes
        ((NEW_YORK, BERLIN), "Mon 2026-03-30 00:00", "Mon 2026-03-30 09:00 - 11:30"),
        ((KOLKATA, BERLIN), "Mon 2026-03-02 00:00", "Mon 2026-03-02 13:30 - 17:30"),
        # across the date line it is nearly the same time of another day, and only four days are working days in both
        ((HONOLULU, AUCKLAND), "Mon 2026-03-02 00:00", "Mon 2026-03-02 10:00 - 17:30"),
        ((HONOLULU, AUCKLAND), "Thu 2026-03-05 17:30", "Mon 2026-03-09 10:00 - 17:30"),  # Friday there is Saturday here
        # nowhere at office hours in both
        ((NEW_YORK, "Asia/Tokyo"), "Tue 2026-03-03 09:00", "never"),
    ],
)
def test_every_zone_the_customer_may_be_in_must_be_open(zones: tuple[str, ...], when: str, expected: str) -> None:
    assert first(hours({"mon-fri": "09:00-17:30"}, holidays=[]), when, *zones) == expected


def test_a_toll_free_number_is_never_called_at_office_hours_but_may_be_written_to_at_all_hours() -> None:
    zones = candidate_zones(None, None, "+18002345678")
    tuesday = at("Tue 12:00", NEW_YORK)

    assert opening(house(), ("office",), zones, None, tuesday) is None
    always = opening(house(), ("always",), zones, None, tuesday)
    assert always
    assert always.start <= tuesday < always.end


def test_without_any_zone_the_houses_strictest_decide_and_without_those_nothing_opens() -> None:
    strict = house(time_zones=[NEW_YORK, "America/Los_Angeles"])
    tuesday = at("Tue 09:00", NEW_YORK)

    found = opening(strict, ("office",), (), None, tuesday)

    assert found
    assert (found.start, found.end) == (at("Tue 12:00", NEW_YORK), at("Tue 17:30", NEW_YORK))
    assert opening(house(), ("office",), (), None, tuesday) is None


@pytest.mark.parametrize(
    ("windows", "zones", "wish", "why"),
    [
        (("office",), ("Mars/Olympus",), None, "time zone unknown: there is none called 'Mars/Olympus'"),
        (("office",), (CHICAGO, "Mars/Olympus"), None, "time zone unknown: there is none called 'Mars/Olympus'"),
        (("office",), (), None, "time zone unknown"),
        (("office", "gone"), (CHICAGO,), None, "the house rules have no contact window 'gone'"),
        ((), (CHICAGO,), None, "no contact window is named"),
        (("office",), (CHICAGO,), "soon", "the customer's wish 'soon' cannot be read"),
        (("office",), (CHICAGO,), "sat 10:00-11:00", "no opening within 60 days"),
    ],
)
def test_doubt_opens_nothing_and_is_named(windows: tuple[str, ...], zones: tuple[str, ...], wish: str | None, why: str) -> None:
    ours = house()

    assert opening(ours, windows, zones, wish, at("Tue 12:00", CHICAGO)) is None
    assert why_never(ours, windows, zones, wish) == why


@pytest.mark.parametrize(
    ("reopens", "opens"),
    [
        ("2026-05-01", "Fri 2026-05-01 09:00 - 17:30"),  # Mon 2 March 09:00 and sixty days are Fri 1 May 10:00, clocks changed
        ("2026-05-02", "never"),
    ],
)
def test_a_window_that_stays_closed_for_sixty_days_is_closed_for_good(reopens: str, opens: str) -> None:
    monday, last = date(2026, 3, 2), date.fromisoformat(reopens)
    closed = [monday + timedelta(days=n) for n in range((last - monday).days)]
    ours = hours({"mon-sun": "09:00-17:30"}, holidays=[], closed_on=closed)

    assert first(ours, "Mon 2026-03-02 09:00", CHICAGO) == opens


def test_a_moment_in_another_zone_is_the_same_moment_and_one_without_a_zone_is_refused() -> None:
    here = at("Tue 23:30", CHICAGO)  # Wednesday in UTC
    ours, elsewhere = house(), here.astimezone(ZoneInfo(CHICAGO))

    assert opening(ours, ("waking",), (CHICAGO,), None, elsewhere) == opening(ours, ("waking",), (CHICAGO,), None, here)
    with pytest.raises(ValueError, match="without a time zone"):
        opening(ours, ("always",), (CHICAGO,), None, here.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("when", "zone", "day"),
    [
        ("Mon 2026-03-02 00:30", AUCKLAND, "2026-03-02"),  # Sunday in UTC
        ("Sun 2026-03-01 23:30", HONOLULU, "2026-03-01"),  # Monday in UTC
        ("Sun 2026-11-01 00:30", NEW_YORK, "2026-11-01"),
        ("Sun 2026-03-08 23:30", NEW_YORK, "2026-03-08"),
        ("Thu 2026-10-29 23:30 again", "Africa/Cairo", "2026-10-29"),
    ],
)
def test_the_local_day_is_the_one_on_the_wall_and_holds_the_moment(when: str, zone: str, day: str) -> None:
    now = moment(when, zone)

    start, end = day_bounds(date.fromisoformat(day), zone)

    assert str(local_day(now, zone)) == day
    assert start <= now < end


@pytest.mark.parametrize(
    ("day", "zone", "length"),
    [
        ("2026-03-08", NEW_YORK, 23),
        ("2026-11-01", NEW_YORK, 25),
        ("2026-03-29", BERLIN, 23),
        ("2026-10-25", BERLIN, 25),
        ("2026-04-24", "Africa/Cairo", 23),  # begins at 01:00
        ("2026-10-29", "Africa/Cairo", 25),  # 23:00 to 24:00 twice
        ("2026-03-08", "America/Havana", 23),
        ("2026-11-01", "America/Havana", 25),  # 00:00 to 01:00 twice
        ("2026-04-05", "Australia/Lord_Howe", 24.5),
        ("2011-12-30", "Pacific/Apia", 0),
        ("2026-03-29", KOLKATA, 24),
    ],
)
def test_a_local_day_is_as_long_as_the_clocks_make_it(day: str, zone: str, length: float) -> None:
    start, end = day_bounds(date.fromisoformat(day), zone)

    assert end - start == timedelta(hours=length)
    assert (start.tzinfo, end.tzinfo) == (UTC, UTC)


def test_a_day_in_a_zone_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(LookupError, match="Mars/Olympus"):
        local_day(at("Tue 12:00", CHICAGO), "Mars/Olympus")


@pytest.mark.parametrize(
    ("then", "words"),
    [
        ("Tue 2026-03-03 09:00", "Tue 09:00"),
        ("Sun 2026-03-08 09:05", "Sun 09:05"),
        ("Mon 2026-03-09 09:00", "Mon 9 Mar 09:00"),  # another Monday than today
        ("Fri 2027-01-01 09:00", "Fri 1 Jan 2027 09:00"),
    ],
)
def test_a_moment_is_said_as_short_as_it_is_clear(then: str, words: str) -> None:
    assert local_words(moment(then, CHICAGO), CHICAGO, at("Mon 12:00", CHICAGO)) == words
