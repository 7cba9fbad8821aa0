"""The local clock of a rehearsal: moments as authors write them -> UTC, and back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from orchestrator.core.zones import zone_of
from orchestrator.language.local_moments import WEEKDAYS, LocalMoment

NO_CLOCK = "UTC"  # of a design that names no time zone at all


class NoSuchMoment(ValueError):
    """A time that the clock skips, or one that does not come twice."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock on the wall, in one zone."""

    zone: ZoneInfo

    @classmethod
    def of(cls, name: str) -> Clock | None:
        """The clock of a zone; None when there is no such zone."""
        zone = zone_of(name)
        return cls(zone) if zone is not None else None

    def moment(self, written: LocalMoment, previous: datetime) -> datetime:
        """Aware UTC; without a date, the next one like it from `previous` on. Raises NoSuchMoment."""
        local = written.after(previous.astimezone(self.zone).replace(tzinfo=None))
        first, second = (local.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if first.astimezone(self.zone).replace(tzinfo=None) != local:
            raise NoSuchMoment(f"there is no {self.said(first)[:14]} {local:%H:%M} in {self.zone.key}: the clock skips it")
        if written.again:
            if first == second:
                raise NoSuchMoment(f"{local:%H:%M} comes only once on that day in {self.zone.key}")
            return second
        if first < previous <= second:  # of the two, the one that is not over yet
            return second
        return first

    def said(self, at: datetime) -> str:
        """ "Tue 2026-03-03 10:10", as authors would write it."""
        local = at.astimezone(self.zone)
        seconds = f":{local:%S}" if local.second else ""
        return f"{WEEKDAYS[local.weekday()]} {local:%Y-%m-%d %H:%M}{seconds}{' again' if local.fold else ''}"

    def day(self, at: datetime) -> str:
        """ "Tue 2026-03-03"."""
        return self.said(at)[:14]
