"""Local moments written as local moments: moment("Sat 2026-03-07 19:00 America/New_York").

Reckons with Python's own time zones, without anything of the code that is tested.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WEEK = "2026-03-02"  # an ordinary one: no holiday in the US, clocks change in the night to the Sunday that ends it


def moment(text: str, zone: str = "") -> datetime:
    """ "Sat 2026-03-07 19:00 America/New_York" in UTC; the zone may come apart.

    A wrong weekday and a time that the clock skips are mistakes of the test. "… 01:30 again Zone" is the second of two.
    """
    weekday, day, clock, *rest = text.split()
    again = rest[:1] == ["again"]
    place = ZoneInfo(zone or (rest[1:] if again else rest)[0])
    there = datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=place, fold=int(again))
    assert WEEKDAYS[there.weekday()] == weekday, f"{day} is no {weekday}"
    answer = there.astimezone(UTC)
    assert shown(answer, place.key) == " ".join([weekday, day, clock, *(["again"] if again else [])]), f"{text} never comes"
    return answer


def at(text: str, zone: str, week: str = WEEK) -> datetime:
    """ "Tue 17:55" in that zone, of the week that begins with the Monday `week`."""
    weekday, clock = text.split()
    monday = date.fromisoformat(week)
    assert monday.weekday() == 0, f"{week} is no Monday"
    day = monday + timedelta(days=WEEKDAYS.index(weekday))
    return moment(f"{weekday} {day} {clock}", zone)


def shown(when: datetime, zone: str) -> str:
    """What people there read from the calendar and the clock: the reverse of `moment`."""
    there = when.astimezone(ZoneInfo(zone))
    words = f"{WEEKDAYS[there.weekday()]} {there:%Y-%m-%d %H:%M}" + (f":{there:%S}" if there.second else "")
    other = there.replace(fold=0).utcoffset()
    return f"{words} again" if there.fold and there.utcoffset() != other else words
