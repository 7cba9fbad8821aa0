"""Local time: openings of contact windows, delays, times of day. The only wall-clock arithmetic there is.

Everything is reckoned day by day in the customer's zone, and answered in UTC. When clocks change:
a time that the clock skips becomes the first moment after the gap; of a time that it shows twice, a window opens at
the later and closes at the earlier, and a delay ends at the earlier.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo

from orchestrator.core.house import House
from orchestrator.core.zones import zone_exists, zone_of
from orchestrator.language.delays import Delay, TimeOfDay, Unit
from orchestrator.language.house_rules import Minutes, days_of, hours_of

FAR_DAYS = 60  # a window that does not open within these counts as closed for good
DAY = timedelta(days=1)
_FAR = timedelta(days=FAR_DAYS)
_UTC_ZONE = ZoneInfo("UTC")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_WISH = re.compile(r"([^\d]*)(\d.*)")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EVERY_DAY = range(7)

Week = tuple[tuple[Minutes, ...], ...]  # seven entries, Monday first: spans in minutes after local midnight
Span = tuple[datetime, datetime]  # from, to; in UTC where nothing else is said
Edge = TypeVar("Edge", int, datetime)


@dataclass(frozen=True, slots=True)
class Opening:
    """One unbroken span, aware UTC, from `start` up to but not including `end`."""

    start: datetime
    end: datetime


# -- openings -----------------------------------------------------------------------------------------------------


def opening(house: House, windows: tuple[str, ...], zones: tuple[str, ...], wish: str | None, at: datetime) -> Opening | None:
    """The first span that ends after `at` in which all windows and the wish are open in all zones.

    zones: every one the customer may be in; empty means the house's strictest.
    wish: "mon-fri 10:00-12:00", "10:00-12:00" for every day, several with commas; None or "" when there is none.
    None when nothing opens within 60 days, and when in doubt: no zone at all, an unknown zone or window, an
    unreadable wish. No span runs over the night from Sunday to Monday: there another one begins at once.
    """
    if at.tzinfo is not UTC:
        if at.utcoffset() is None:
            raise ValueError("a moment without a time zone is no moment")  # Python would take it for this machine's time
        at = at.astimezone(UTC)
    for span in _openings(house, windows, zones or house.strictest, wish, at.toordinal()):
        if at < span.end:
            return span if span.start - at <= _FAR else None
    return None


def why_never(house: House, windows: tuple[str, ...], zones: tuple[str, ...], wish: str | None) -> str:
    """Why `opening` answered None, in words for the journal."""
    unknown = [name for name in zones or house.strictest if not zone_exists(name)]
    missing = [name for name in windows if name not in house.windows]
    if not (zones or house.strictest):
        return "time zone unknown"
    if unknown:
        return f"time zone unknown: there is none called '{unknown[0]}'"
    if missing or not windows:
        return f"the house rules have no contact window '{missing[0]}'" if missing else "no contact window is named"
    if _hours(house, windows, wish) is None:
        return f"the customer's wish '{wish}' cannot be read"
    return f"no opening within {FAR_DAYS} days"


def read_wish(wish: str | None) -> Week | None:
    """A customer's wish as a week; all of it when there is none; None when it cannot be read.

    Hours without days after some with days are for the same days: "mon-fri 10:00-12:00, 14:00-16:00".
    """
    if not wish:
        return (((0, 1440),),) * 7
    week: list[list[Minutes]] = [[] for _ in _EVERY_DAY]
    days: Iterable[int] = _EVERY_DAY
    try:
        for part in wish.split(","):
            words, hours = _split_wish(part)
            days = days_of(words) if words else days
            for day in days:
                week[day].append(hours_of(hours))
    except ValueError:
        return None
    return tuple(tuple(spans) for spans in week)


@lru_cache(maxsize=8192)
def _openings(house: House, windows: tuple[str, ...], zones: tuple[str, ...], wish: str | None, day: int) -> tuple[Opening, ...]:
    """The openings that matter to any moment of one UTC day (an ordinal), up to the first that outlasts it."""
    if not zones:
        return ()
    monday = day - 1 - date.fromordinal(day - 1).weekday()  # of the day before: west of UTC it may still be yesterday
    midnight = datetime.fromordinal(day + 1).replace(tzinfo=UTC)
    for weeks in (2, FAR_DAYS // 7 + 3):  # most windows open within days; look far only when they do not
        common = _spans(house, windows, wish, zones[0], monday, weeks)
        for name in zones[1:]:
            if not common:
                break
            common = _common(common, _spans(house, windows, wish, name, monday, weeks))
        found: list[Opening] = []
        for start, end in common:
            if end > midnight - DAY:
                found.append(Opening(start, end))
            if end >= midnight:
                return tuple(found)
    return tuple(found)


def _spans(house: House, windows: tuple[str, ...], wish: str | None, zone: str, monday: int, weeks: int) -> list[Span]:
    return [span for week in range(weeks) for span in _week_of(house, windows, wish, zone, monday + 7 * week)]


@lru_cache(maxsize=16_384)
def _week_of(house: House, windows: tuple[str, ...], wish: str | None, zone: str, monday: int) -> tuple[Span, ...]:
    """The open spans of one local week in one zone: none when in doubt. Holidays are those of the local dates."""
    hours = _hours(house, windows, wish)
    local_zone = zone_of(zone)
    if hours is None or local_zone is None:
        return ()
    on_workdays, on_holidays = hours
    local: list[Span] = []  # without zone: what a clock on the wall shows
    for weekday in _EVERY_DAY:
        day = date.fromordinal(monday + weekday)
        midnight = datetime.fromordinal(monday + weekday)
        for start, end in (on_holidays if house.is_holiday(day) else on_workdays)[weekday]:
            local.append((midnight + timedelta(minutes=start), midnight + timedelta(minutes=end)))
    spans = ((_instant(start, local_zone, later=True), _instant(end, local_zone)) for start, end in _joined(local))
    return tuple((start, end) for start, end in spans if start < end)


@lru_cache(maxsize=4096)
def _hours(house: House, windows: tuple[str, ...], wish: str | None) -> tuple[Week, Week] | None:
    """What all windows and the wish have in common: on other days, on holidays. None when one of them is in doubt."""
    wished = read_wish(wish)
    if wished is None or not windows or any(name not in house.windows for name in windows):
        return None
    usual, holiday = wished, wished
    for name in windows:
        window = house.windows[name]
        usual = _common_week(usual, window.week)
        holiday = _common_week(holiday, window.week if window.on_holidays == "open" else ((),) * 7)
    return usual, holiday


def _split_wish(part: str) -> tuple[str, str]:
    """ "mon-fri 10:00-12:00" -> ("mon-fri", "10:00-12:00")."""
    found = _WISH.fullmatch(part.strip())
    if not found:
        raise ValueError(f"'{part}' names no hours")
    return found[1].strip(), found[2]


def _common_week(ours: Iterable[Iterable[Minutes]], theirs: Iterable[Iterable[Minutes]]) -> Week:
    return tuple(tuple(_common(_joined(sorted(a)), _joined(sorted(b)))) for a, b in zip(ours, theirs, strict=True))


def _joined(spans: Iterable[tuple[Edge, Edge]]) -> list[tuple[Edge, Edge]]:
    """Spans in order of their start, with those that touch or overlap made one."""
    joined: list[tuple[Edge, Edge]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _common(ours: list[tuple[Edge, Edge]], theirs: list[tuple[Edge, Edge]]) -> list[tuple[Edge, Edge]]:
    """What two ordered lists of separate spans have in common."""
    common: list[tuple[Edge, Edge]] = []
    i = j = 0
    while i < len(ours) and j < len(theirs):
        start, end = max(ours[i][0], theirs[j][0]), min(ours[i][1], theirs[j][1])
        if start < end:
            common.append((start, end))
        if ours[i][1] < theirs[j][1]:
            i += 1
        else:
            j += 1
    return common


# -- delays and moments -------------------------------------------------------------------------------------------


def add(delay: Delay, at: datetime, zones: tuple[str, ...], house: House) -> datetime:
    """The moment that long after `at`, never before it.

    Minutes and hours are elapsed time. Days, weeks and business days keep the local time of day in the first zone
    (none known: the house's first, else UTC). Business days count the house's working days; none of them after a
    Saturday, like one, is Monday.
    """
    return _moved(delay, at, zones, house, 1)


def subtract(delay: Delay, at: datetime, zones: tuple[str, ...], house: House) -> datetime:
    """The moment that long before `at`, never after it: `add` mirrored. One business day before a Sunday is Friday."""
    return _moved(delay, at, zones, house, -1)


def at_time(
    moment: datetime, time_of_day: TimeOfDay, zones: tuple[str, ...], house: House, *, keep_day: bool = False
) -> datetime:
    """That local time on the moment's local day, or on the next day when it has passed.

    keep_day: stay on the moment's day even so: "2 days before event.starts_at" at 09:00 is not the day after that.
    """
    zone = _home(zones, house)
    there = datetime.combine(moment.astimezone(zone).date(), datetime.min.time())
    there += timedelta(hours=time_of_day.hour, minutes=time_of_day.minute)
    today = _instant(there, zone)
    return today if keep_day or today >= moment else _instant(there + DAY, zone)


def field_moment(value: object, zones: tuple[str, ...], house: House) -> datetime | None:
    """The moment that a field of an event names, in UTC: an instant with its zone, or the local midnight that begins a date.

    value: text as it came ("2026-11-20T09:12:00-06:00", "2026-11-20"), or a datetime or date already read.
    None when it cannot be read, and for a time without a zone: nobody knows which moment that is.
    """
    try:
        if isinstance(value, str):
            value = date.fromisoformat(value) if _DATE.fullmatch(value) else datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return value.astimezone(UTC) if value.utcoffset() is not None else None
        if isinstance(value, date):
            return _instant(datetime.combine(value, datetime.min.time()), _home(zones, house))
    except (ValueError, OverflowError):  # no such day; beyond the year 9999 in UTC
        return None
    return None


def local_day(at: datetime, zone: str) -> date:
    """The date on the wall in that zone. LookupError when there is no such zone."""
    return at.astimezone(_known(zone)).date()


def day_bounds(day: date, zone: str) -> Span:
    """The first moment of a local date and that of the next one. LookupError when there is no such zone."""
    there, midnight = _known(zone), datetime.combine(day, datetime.min.time())
    return _instant(midnight, there), _instant(midnight + DAY, there)


def local_words(moment: datetime, zone: str, at: datetime) -> str:
    """A moment as people there say it at `at`: "Tue 09:00"; beyond six days "Tue 10 Mar 09:00"; in another year that too."""
    there, today = moment.astimezone(_known(zone)), local_day(at, zone)
    words = [_WEEKDAYS[there.weekday()], f"{there:%H:%M}"]
    if not 0 <= (there.date() - today).days < 7:
        words[1:1] = [f"{there.day} {_MONTHS[there.month - 1]}"] + ([str(there.year)] if there.year != today.year else [])
    return " ".join(words)


def _moved(delay: Delay, at: datetime, zones: tuple[str, ...], house: House, step: int) -> datetime:
    """The moment so far after (step 1) or before (step -1) `at`."""
    count, unit = delay.count, delay.unit
    if unit is Unit.MINUTES:
        return at + timedelta(minutes=step * count)
    if unit is Unit.HOURS:
        return at + timedelta(hours=step * count)
    zone = _home(zones, house)
    there = at.astimezone(zone).replace(tzinfo=None)
    days = step * count * (7 if unit is Unit.WEEKS else 1)
    if unit is Unit.BUSINESS_DAYS:
        days = _business_days(there.date(), count, step, house)
    return _instant(there + timedelta(days=days), zone) if days else at  # none: at 01:30 shown twice, stay at this one


@lru_cache(maxsize=8192)
def _business_days(day: date, count: int, step: int, house: House) -> int:
    """How many calendar days away the count-th working day is; for none: the nearest working day, today included."""
    moved = 0 if count == 0 else step
    left = max(count, 1)
    while True:
        left -= house.is_working_day(day + timedelta(days=moved))
        if not left:
            return moved
        moved += step


def _home(zones: tuple[str, ...], house: House) -> ZoneInfo:
    """The zone in which days are reckoned: the customer's first, else the house's first, else UTC."""
    for names in (zones, house.strictest):
        for name in names:
            zone = zone_of(name)
            if zone is not None:
                return zone
    return _UTC_ZONE


def _known(name: str) -> ZoneInfo:
    zone = zone_of(name)
    if zone is None:
        raise LookupError(f"no time zone is called '{name}'")
    return zone


def _instant(local: datetime, zone: ZoneInfo, *, later: bool = False) -> datetime:
    """When a clock on the wall shows `local`: the earlier or the later of two times, the end of the gap when it never does."""
    steady = _steady_offset(zone, local.toordinal())
    if steady is not None:
        return (local - steady).replace(tzinfo=UTC)
    before, after = _offsets(local, zone)
    if before < after:
        return _end_of_gap(local - after, local - before, after, zone)
    return (local - (after if later else before)).replace(tzinfo=UTC)


@lru_cache(maxsize=8192)
def _steady_offset(zone: ZoneInfo, day: int) -> timedelta | None:
    """The offset from UTC of a whole local day; None when the clocks change during it or at one of its midnights."""
    midnight = datetime.fromordinal(day)
    offsets = {*_offsets(midnight, zone), *_offsets(midnight + DAY, zone)}
    return offsets.pop() if len(offsets) == 1 else None


def _offsets(local: datetime, zone: ZoneInfo) -> tuple[timedelta, timedelta]:
    """What the clock is ahead of UTC at a local time: before and after a change, when there is one; else twice the same."""
    before, after = (local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    if before is None or after is None:
        raise ValueError(f"{zone} has no offset at {local}")
    return before, after


def _end_of_gap(low: datetime, high: datetime, after: timedelta, zone: ZoneInfo) -> datetime:
    """The moment in (low, high] at which the clocks jump and the offset becomes `after`. Clocks jump at whole seconds."""
    first = low.replace(microsecond=0, tzinfo=UTC)
    width = int((high.replace(tzinfo=UTC) - first) / timedelta(seconds=1)) + 1
    under, over = 0, width  # seconds after `first`: still the old offset, surely the new one
    while over - under > 1:
        middle = (under + over) // 2
        if (first + timedelta(seconds=middle)).astimezone(zone).utcoffset() == after:
            over = middle
        else:
            under = middle
    return first + timedelta(seconds=over)
