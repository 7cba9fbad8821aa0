"""Frequency caps: so many contacts with one customer in a local day or a week, over all playbooks and channels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from orchestrator.core.house import House
from orchestrator.core.model import AUTOMATIC_CALLS, Allow, Case, Defer, Deny, Verdict
from orchestrator.core.windows import day_bounds, local_day, local_words
from orchestrator.language.house_rules import Cap

RULE = "frequency cap"
_DAYS = {"day": 1, "week": 7}
LOOKS_BACK = timedelta(days=9)  # a week of local days, and a day for the zones


def judge(case: Case, at: datetime, house: House) -> Verdict:
    """Defer to the local midnight at which every cap has room again, in whichever possible zone counts most."""
    latest: Defer | None = None
    for cap in house.caps:
        if not _counts(cap, case.touch.channel):
            continue
        # A day more than the cap's own covers clock changes: whoever has room by this count has it by the exact one.
        reach = timedelta(days=_DAYS[cap.per] + 1)
        counted = [c.at for c in case.contacts if at - c.at < reach and _counts(cap, c.channel)]
        if len(counted) < cap.most:
            continue
        zones = case.customer.zones or house.strictest
        if not zones:
            return Deny(RULE, "time zone unknown")  # nobody knows which day it is for the customer
        for zone in zones:
            later = _room(cap, counted, zone, at)
            if later is not None and (latest is None or later.until > latest.until):
                latest = later
    return latest or Allow()


def _counts(cap: Cap, channel: str | None) -> bool:
    """Whether the cap is about contacts on that channel. Automatic calls are calls: the telephone rings all the same."""
    return cap.of is None or cap.of == channel or (cap.of == "call" and channel in AUTOMATIC_CALLS)


def _room(cap: Cap, counted: Sequence[datetime], zone: str, at: datetime) -> Defer | None:
    """When the cap has room again in that zone; None when it has now."""
    today = day = local_day(at, zone)
    days = [local_day(moment, zone) for moment in counted]
    had = _within(days, day, _DAYS[cap.per])
    while _within(days, day, _DAYS[cap.per]) >= cap.most:
        day += timedelta(days=1)
    if day == today:
        return None
    until = day_bounds(day, zone)[0]
    what = f"{cap.of or 'contact'}{'' if had == 1 else 's'}"
    when = "on this day" if cap.per == "day" else "within seven days"
    why = f"the customer has had {had} {what} {when} and the house allows {cap.most}"
    return Defer(until, RULE, f"{why}: again from {local_words(until, zone, at)} in {zone}")


def _within(days: Sequence[date], last: date, length: int) -> int:
    """How many of the days lie in the run of days that ends with `last`."""
    first = last - timedelta(days=length - 1)
    return sum(first <= day <= last for day in days)
