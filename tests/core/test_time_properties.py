"""What must hold for every window, zone and moment, checked along the clock with nothing but Python's own time zones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.windows import add, at_time, opening, subtract
from orchestrator.language.delays import Delay, TimeOfDay, Unit
from tests.core.houses import hours, house

MINUTE = timedelta(minutes=1)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = (
    "America/New_York", "America/Los_Angeles", "Europe/Berlin", "Pacific/Auckland", "Pacific/Honolulu", "Asia/Kolkata",
    "Australia/Adelaide", "Australia/Lord_Howe", "America/Havana", "Africa/Cairo", "Africa/Casablanca", "Europe/Dublin",
    "Antarctica/Troll", "America/St_Johns", "Pacific/Chatham", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Santiago",
)  # fmt: skip
CHANGES = tuple(  # moments at which the clocks change in one of them
    datetime.fromisoformat(text).replace(tzinfo=UTC)
    for text in (
        "2026-03-08 07:00", "2026-11-01 06:00", "2026-03-29 01:00", "2026-10-25 01:00", "2026-04-04 14:00", "2026-09-26 14:00",
        "2026-04-04 16:30", "2026-10-03 16:30", "2026-04-04 15:00", "2026-10-03 15:30", "2026-03-08 05:00", "2026-11-01 05:00",
        "2026-04-23 22:00", "2026-10-29 21:00", "2026-02-15 02:00", "2026-03-22 02:00", "2026-04-05 03:00", "2026-09-06 04:00",
    )
)  # fmt: skip

moments = st.one_of(
    st.builds(lambda m, n: m + n * MINUTE, st.sampled_from(CHANGES), st.integers(-2 * 1440, 2 * 1440)),
    st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # bounds are bare
)
spans = st.tuples(st.integers(0, 95), st.integers(1, 96)).filter(lambda s: s[0] < s[1]).map(lambda s: (s[0] * 15, s[1] * 15))
around_noon = st.tuples(st.integers(0, 40), st.integers(56, 96)).map(lambda s: (s[0] * 15, s[1] * 15))
weeks = st.lists(st.lists(spans, max_size=2), min_size=7, max_size=7).filter(any)
wide_weeks = st.builds(  # so that even zones far apart have hours in common
    lambda spans, off: [[] if day in off else [span] for day, span in enumerate(spans)],
    st.lists(around_noon, min_size=7, max_size=7),
    st.sets(st.integers(0, 6), max_size=2),
)
candidates = st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True).map(tuple)
holidays = st.lists(st.dates(date(2026, 3, 1), date(2026, 4, 10)), max_size=3)
delays = st.builds(Delay, st.integers(0, 40), st.sampled_from(Unit))

usual = lru_cache(house)  # one for all examples
Spans = Sequence[Sequence[tuple[int, int]]]


def written(week: Spans) -> dict[str, list[str]]:
    """A week as an author writes it."""
    clock = "{:02}:{:02}".format
    return {
        day: [f"{clock(*divmod(a, 60))}-{clock(*divmod(b, 60))}" for a, b in week[i]] for i, day in enumerate(DAYS) if week[i]
    }


def is_open(week: Spans, zones: Sequence[str], closed: Sequence[date], when: datetime) -> bool:
    """Whether the clocks of all zones show a time within the week's hours, on no holiday."""
    shown = [when.astimezone(ZoneInfo(zone)) for zone in zones]
    return all(
        there.date() not in closed and any(a <= there.hour * 60 + there.minute < b for a, b in week[there.weekday()])
        for there in shown
    )


def shown_twice(zones: Sequence[str], when: datetime) -> bool:
    """Whether one of the clocks shows this time twice: there windows may stay closed."""
    shown = [when.astimezone(ZoneInfo(zone)) for zone in zones]
    return any(t.replace(fold=0).utcoffset() != t.replace(fold=1).utcoffset() for t in shown)


def samples(start: datetime, end: datetime) -> list[datetime]:
    """The first and last instant of a span and every fifth minute between: hours here begin at quarters, clocks change at them."""
    first = start.replace(minute=start.minute - start.minute % 5, second=0, microsecond=0)
    inner = [first + n * 5 * MINUTE for n in range(1, int((end - first) / MINUTE) // 5 + 1)]
    return [start, *(m for m in inner if m < end), end - timedelta(microseconds=1)]


@settings(max_examples=60, deadline=None)
@given(wide_weeks, wide_weeks, candidates, holidays, moments)
def test_an_opening_is_inside_every_window_in_every_zone(
    ours: Spans, bound: Spans, zones: tuple[str, ...], closed: list[date], now: datetime
) -> None:
    strict = house(contact_windows={"these": written(ours), "bound": written(bound)}, closed_on=closed, holidays=[])

    found = opening(strict, ("these", "bound"), zones, None, now)

    if found:  # three zones around the world may have nothing in common
        assert found.end > now
        inside = samples(found.start, min(found.end, found.start + timedelta(days=2)))
        assert all(is_open(ours, zones, closed, m) and is_open(bound, zones, closed, m) for m in inside)


@settings(max_examples=60, deadline=None)
@given(weeks, candidates, holidays, moments)
def test_nothing_that_is_surely_open_comes_before_the_first_opening(
    week: Spans, zones: tuple[str, ...], closed: list[date], now: datetime
) -> None:
    found = opening(hours(written(week), closed_on=closed, holidays=[]), ("these",), zones, None, now)

    waiting = samples(now, min(found.start, now + timedelta(days=3)) if found else now + timedelta(days=3))
    if found is None or now < found.start:
        assert not [m for m in waiting if is_open(week, zones, closed, m) and not shown_twice(zones, m)]


@settings(max_examples=60, deadline=None)
@given(weeks, candidates, holidays, moments, st.timedeltas(timedelta(0), timedelta(days=9)))
def test_a_later_moment_never_opens_earlier(
    week: Spans, zones: tuple[str, ...], closed: list[date], now: datetime, passed: timedelta
) -> None:
    ours = hours(written(week), closed_on=closed, holidays=[])

    first, later = (opening(ours, ("these",), zones, None, m) for m in (now, now + passed))

    if first and later:
        assert first.start <= later.start
        assert first.end <= later.end
    assert not (first and now + passed < first.end and later != first), "until it closes the answer stays the same"


@settings(max_examples=60, deadline=None)
@given(weeks, candidates, moments)
def test_an_answer_does_not_depend_on_what_was_asked_before(week: Spans, zones: tuple[str, ...], now: datetime) -> None:
    asked, fresh = (hours(written(week), holidays=[]) for _ in range(2))
    for days in (-6, 3, 1, -1):
        opening(asked, ("these",), zones, None, now + timedelta(days=days))

    assert opening(asked, ("these",), zones, None, now) == opening(fresh, ("these",), zones, None, now)


@settings(max_examples=150, deadline=None)
@given(delays, moments, st.sampled_from(ZONES))
def test_a_delay_never_leads_back_and_its_reverse_never_forward(delay: Delay, now: datetime, zone: str) -> None:
    ours = usual()

    assert subtract(delay, now, (zone,), ours) <= now <= add(delay, now, (zone,), ours)


@settings(max_examples=150, deadline=None)
@given(delays.filter(lambda d: d.unit is not Unit.BUSINESS_DAYS), moments, st.integers(0, 3000), st.sampled_from(ZONES))
def test_who_starts_later_is_not_due_earlier_but_for_an_hour_shown_twice(
    delay: Delay, now: datetime, passed: int, zone: str
) -> None:
    ours, later = usual(), now + passed * MINUTE

    first, second = add(delay, now, (zone,), ours), add(delay, later, (zone,), ours)

    assert second >= first or any(shown_twice((zone,), m) for m in (now, later))


@settings(max_examples=150, deadline=None)
@given(delays.filter(lambda d: d.unit in (Unit.DAYS, Unit.WEEKS, Unit.BUSINESS_DAYS)), moments, st.sampled_from(ZONES))
def test_days_keep_the_time_on_the_clock_unless_that_day_skips_it(delay: Delay, now: datetime, zone: str) -> None:
    place = ZoneInfo(zone)

    due = add(delay, now, (zone,), usual()).astimezone(place)

    wanted, before = now.astimezone(place).time(), (due.astimezone(UTC) - timedelta(microseconds=1)).astimezone(place)
    skipped = due.utcoffset() != before.utcoffset() and before.time() < wanted
    assert due.time() == wanted or skipped


@settings(max_examples=200, deadline=None)
@given(moments, st.integers(0, 23), st.integers(0, 59), st.sampled_from(ZONES))
def test_a_time_of_day_comes_within_a_day_and_is_the_one_asked_for(now: datetime, hour: int, minute: int, zone: str) -> None:
    due = at_time(now, TimeOfDay(hour, minute), (zone,), usual())

    there = due.astimezone(ZoneInfo(zone))
    gap = there.utcoffset() != (due - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).utcoffset()
    assert now <= due <= now + timedelta(hours=26)
    assert (there.hour, there.minute) == (hour, minute) or gap
