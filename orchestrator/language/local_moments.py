"""How authors write one moment of a story: "Tue 2026-03-03 10:10", or after another one just "Thu 10:10" or "10:10"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from orchestrator.language.delays import _Text

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MOMENT = re.compile(
    r"(?:(?P<weekday>mon|tue|wed|thu|fri|sat|sun)\s+)?(?:(?P<day>\d{4}-\d\d-\d\d)\s+)?"
    r"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?P<again>\s+again)?",
    re.IGNORECASE,
)
HINT = 'write "Tue 2026-03-03 10:10"; after another moment "Tue 10:10" or "10:10" will do'


@dataclass(frozen=True, slots=True)
class LocalMoment(_Text):
    """A moment by the customer's clock. Without a date: the next one like it. `again`: the second time that the clock shows it."""

    PATTERN = r"((Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?(\d{4}-\d\d-\d\d )?([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?( again)?"
    EXAMPLES = ("Tue 2026-03-03 10:10", "Thu 10:10", "10:10")

    text: str  # as it was written
    time: time
    day: date | None = None
    weekday: int | None = None  # 0 is Monday
    again: bool = False

    @classmethod
    def parse(cls, text: str) -> LocalMoment:
        found = _MOMENT.fullmatch(text.strip())
        if not found:
            raise ValueError(f"'{text}' is no moment|{HINT}")
        try:
            day = date.fromisoformat(found["day"]) if found["day"] else None
        except ValueError:
            raise ValueError(f"there is no day {found['day']}|{HINT}") from None
        weekday = WEEKDAYS.index(found["weekday"].capitalize()) if found["weekday"] else None
        if day is not None and weekday is not None and day.weekday() != weekday:
            right = WEEKDAYS[day.weekday()]
            raise ValueError(f"{day} is a {right}, not a {WEEKDAYS[weekday]}|write '{right} {day} …', or another date")
        shown = time(int(found["hour"]), int(found["minute"]), int(found["second"] or 0))
        return cls(text.strip(), shown, day, weekday, bool(found["again"]))

    def __str__(self) -> str:
        return self.text

    def after(self, previous: datetime) -> datetime:
        """The moment without a zone: its own date, or the next one like it from `previous` (local, without a zone) on."""
        if self.day is not None:
            return datetime.combine(self.day, self.time)  # a wall clock; whoever asks puts the zone to it
        at = datetime.combine(previous.date(), self.time)
        if at < previous:
            at += timedelta(days=1)
        if self.weekday is not None:
            at += timedelta(days=(self.weekday - at.weekday()) % 7)
        return at
