"""The house's hours as one plain week in whole minutes: no holiday, no known day, only what holds in every week.

A holiday closes windows and is no business day: it only ever makes things later. So what is reckoned here is the earliest moment
that can be, in any week and any time zone. `spare` takes off the hour by which clocks go back within a length of time.
Reckons with holidays only where a proof needs the longest that something can take (`longest`, `latest`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date
from functools import lru_cache

from orchestrator.core.house import House
from orchestrator.language.delays import Delay, Moment, TimeOfDay, Unit
from orchestrator.language.house_rules import Minutes

DAY, WEEK, HOUR = 1_440, 10_080, 60
YEARS = (2024, 2037)  # whose holidays count for the longest that something can take
_ELAPSED = {Unit.MINUTES: 1, Unit.HOURS: HOUR}
_WEEKS = {Unit.DAYS: 1, Unit.WEEKS: 7}


class Week:
    """Moments are minutes after the midnight that begins some Monday; they may be negative."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._open: dict[tuple[str, str], tuple[list[int], list[int]]] = {}
        self._opens: dict[tuple[str, str], tuple[list[int], list[int]]] = {}  # the same, by window and channel
        self._ahead: dict[int, list[int]] = {}
        self._latest: dict[tuple[str, str, Delay], int | None] = {}

    def opens(self, window: str, channel: str, at: int) -> int | None:
        """The first minute from `at` on in which that channel may contact somebody; None when it never may."""
        found = self._opens.get((window, channel))
        if found is None:
            found = self._opens[window, channel] = self._spans((window, self.house.never_outside[channel]))
        starts, ends = found
        if not starts:
            return None
        weeks, minute = divmod(at, WEEK)
        index = bisect_right(ends, minute)  # the first that ends later
        if index == len(ends):
            return (weeks + 1) * WEEK + starts[0]
        return max(at, weeks * WEEK + starts[index])

    def hours(self, window: str, channel: str) -> tuple[Minutes, ...]:
        """When that channel may contact somebody: spans in minutes of the week."""
        starts, ends = self._spans((window, self.house.never_outside[channel]))
        return tuple(zip(starts, ends, strict=True))

    def add(self, delay: Delay, at: int, *, spare: bool = False) -> int:
        """No moment from `at` on leads to an earlier one than this. Never later than `windows.add` says of `at` itself.

        Of a Friday evening and a Saturday morning the later one leads to the earlier moment of Monday, one business day on.
        """
        if delay.unit in _ELAPSED:
            return at + delay.count * _ELAPSED[delay.unit] - (HOUR if spare else 0)
        if delay.unit in _WEEKS:
            return at + delay.count * _WEEKS[delay.unit] * DAY
        ahead = self._business_days(delay.count)
        day, minute = divmod(at, DAY)
        there = day + ahead[day % 7]
        tomorrow = day + 1 + ahead[(day + 1) % 7]
        return there * DAY + (0 if tomorrow <= there else minute)

    def moment(self, moment: Moment, field: int) -> int:
        """The earliest moment that `3 days before event.x` can be when the field is not before `field`."""
        if moment.delay is None:
            return field
        if moment.side == "after":
            return self.add(moment.delay, field, spare=True)
        return field - self.longest(moment.delay)

    def field(self, moment: Moment, due: int) -> int:
        """The earliest that the field can be when the moment named from it is not before `due`."""
        if moment.delay is None:
            return due
        if moment.side == "after":
            return due - self.longest(moment.delay)
        return self.add(moment.delay, due, spare=True) if moment.delay.unit is not Unit.BUSINESS_DAYS else due

    def at_time(self, due: int, time: TimeOfDay, *, keep_day: bool) -> int:
        """That time of day on the day of `due`, or the next one to come."""
        that = due // DAY * DAY + time.hour * HOUR + time.minute
        return that if keep_day or that >= due else that + DAY

    def longest(self, delay: Delay) -> int:
        """The longest that a delay can take, holidays and the change of clocks included."""
        if delay.unit in _ELAPSED:
            return delay.count * _ELAPSED[delay.unit] + HOUR
        if delay.unit in _WEEKS:
            return delay.count * _WEEKS[delay.unit] * DAY + HOUR
        return _longest_business_days(delay.count, self.house.working_days, _holidays(self.house)) * DAY + HOUR

    def shut(self, window: str, channel: str, days: int) -> tuple[date, date] | None:
        """The first and last of the longest run of days on which that channel may contact nobody, when it is longer than `days`."""
        names = (window, self.house.never_outside[channel])
        weekdays = {start // DAY for start in self._spans(names)[0]}
        if all(self.house.windows[name].on_holidays == "open" for name in names):
            return None  # a week of its own is never longer
        run = _longest_shut(frozenset(weekdays), _holidays(self.house))
        if len(run) <= days or not weekdays:
            return None
        return date.fromordinal(run[0]), date.fromordinal(run[-1])

    def latest(self, window: str, channel: str, useful: Delay) -> int | None:
        """The longest from when a contact is due, before it is moved to open hours, to when it is of no use; None: it never opens."""
        names = (window, self.house.never_outside[channel])
        key = (*names, useful)
        if key not in self._latest:
            self._latest[key] = self._longest_use(names, useful)
        return self._latest[key]

    def _spans(self, names: tuple[str, str]) -> tuple[list[int], list[int]]:
        if names not in self._open:
            ours, theirs = (_joined(self.house.windows[name].week) for name in names)
            spans = [(max(a, c), min(b, d)) for a, b in ours for c, d in theirs if max(a, c) < min(b, d)]
            self._open[names] = ([start for start, _ in spans], [end for _, end in spans])
        return self._open[names]

    def _business_days(self, count: int) -> list[int]:
        """How many days ahead the count-th working day is, from each day of a week without holidays."""
        if count not in self._ahead:
            working = self.house.working_days
            weeks, rest = divmod(max(count, 1), len(working))
            ahead = []
            for weekday in range(7):
                day, left = weekday - (count == 0), rest or len(working)
                while left:
                    day += 1
                    left -= day % 7 in working
                ahead.append(day - weekday + 7 * (weeks - (0 if rest else 1)))
            self._ahead[count] = ahead
        return self._ahead[count]

    def _longest_use(self, names: tuple[str, str], useful: Delay) -> int | None:
        spans = self._spans(names)[0]
        if not spans:
            return None
        weekdays = frozenset(start // DAY for start in spans)
        holidays = _holidays(self.house)
        closing = any(self.house.windows[name].on_holidays == "closed" for name in names)
        if not closing and self._spans(names) == ([0], [WEEK]):
            return self.longest(useful)  # always open
        opens = (weekdays, holidays if closing else frozenset[int]())
        if useful.unit is Unit.BUSINESS_DAYS:
            return _longest_use(*opens, useful.count, self.house.working_days, holidays) * DAY + HOUR
        return _longest_use(*opens, 0, frozenset(range(7)), frozenset()) * DAY + self.longest(useful)


def week_of(house: House) -> Week:
    """The plain week of a house, worked out once: a design is checked under one house."""
    if house not in _LAST:
        _LAST.clear()
        _LAST[house] = Week(house)
    return _LAST[house]


_LAST: dict[House, Week] = {}


def _holidays(house: House) -> frozenset[int]:
    """Every holiday and closed day of the years, as ordinals."""
    calendars = house.calendars
    key = (calendars, house.closed_on)
    if key not in _KNOWN:
        closed = frozenset(day.toordinal() for day in house.closed_on)
        public = frozenset(day for day in _YEARS if house.is_holiday(date.fromordinal(day))) if calendars else frozenset[int]()
        _KNOWN[key] = closed | public
    return _KNOWN[key]


_YEARS = range(date(YEARS[0], 1, 1).toordinal(), date(YEARS[1], 1, 1).toordinal())
_KNOWN: dict[tuple[tuple[str, ...], frozenset[date]], frozenset[int]] = {}


@lru_cache(maxsize=256)
def _longest_business_days(count: int, working_days: frozenset[int], holidays: frozenset[int]) -> int:
    """The most days that so many business days can take, there or back."""
    working = [day for day in _YEARS if (day - 1) % 7 in working_days and day not in holidays]  # ordinal 1 is a Monday
    counted, longest = max(count, 1), 0
    for day in _YEARS:
        ahead = bisect_left(working, day + (count > 0)) + counted - 1
        back = bisect_right(working, day - (count > 0)) - counted
        if ahead < len(working) and back >= 0:
            longest = max(longest, working[ahead] - day, day - working[back])
    return longest or 10_000  # no two years without so many


@lru_cache(maxsize=256)
def _longest_shut(weekdays: frozenset[int], holidays: frozenset[int]) -> range:
    """The longest run of days that are none of these weekdays, or holidays."""
    longest = range(0)
    last = _YEARS[0] - 1  # the open day before
    for day in (*(day for day in _YEARS if (day - 1) % 7 in weekdays and day not in holidays), _YEARS[-1] + 1):
        if day - last - 1 > len(longest):
            longest = range(last + 1, day)
        last = day
    return longest


@lru_cache(maxsize=256)
def _longest_use(
    weekdays: frozenset[int], shut: frozenset[int], count: int, working_days: frozenset[int], holidays: frozenset[int]
) -> int:
    """The most days from an evening to the end of so many business days after the next opening; and the rest of that first day."""
    working = [day for day in _YEARS if (day - 1) % 7 in working_days and day not in holidays]
    opening, longest = 0, 0
    for day in reversed(_YEARS):  # `opening`: the first open day after this one
        if opening:
            index = bisect_left(working, opening + (count > 0)) + max(count, 1) - 1
            if index < len(working):
                longest = max(longest, working[index] - day)
        if (day - 1) % 7 in weekdays and day not in shut:
            opening = day
    return longest + 1 if opening else 10_000


def _joined(week: tuple[tuple[Minutes, ...], ...]) -> list[Minutes]:
    """The spans of a week in minutes of the week, in order, those that touch made one."""
    joined: list[Minutes] = []
    for weekday, spans in enumerate(week):
        for start, end in sorted(spans):
            start, end = weekday * DAY + start, weekday * DAY + end
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
    return joined
