"""The house rules, ready to use: windows by name, holidays, working days, caps and the outer bounds of each channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from types import MappingProxyType

from orchestrator.core.numbers import why_not
from orchestrator.core.zones import normal_phone, zone_exists
from orchestrator.errors import PlaybookError, Problem, did_you_mean
from orchestrator.language.delays import Delay, TimeOfDay
from orchestrator.language.house_rules import Cap, HouseRules, Queue, Window, days_of


@dataclass(frozen=True, slots=True, eq=False)
class House:
    """Compiled house rules. Immutable and equal only to itself, so that answers can be remembered per house."""

    rules: HouseRules
    windows: Mapping[str, Window]  # contact windows by name
    default_windows: Mapping[str, str]  # channel -> window of steps and playbooks that name none
    never_outside: Mapping[str, str]  # channel -> its outer bound, whatever a playbook says
    caps: tuple[Cap, ...]
    skip_when_late: Delay
    times_of_day: tuple[TimeOfDay, ...]
    strictest: tuple[str, ...]  # time zones that must all be open when a customer's zone is unknown
    queues: Mapping[str, Queue]
    working_days: frozenset[int]  # 0 is Monday
    calendars: tuple[str, ...]  # holiday calendars: "US", "US-CA", "DE-BY"
    closed_on: frozenset[date]
    countries: frozenset[str] = frozenset({"US", "CA"})  # whose telephone numbers we call and text
    recorded_voicemail: bool = False  # whether recorded messages may be played

    @classmethod
    def of(cls, rules: HouseRules) -> House:
        """The rules, compiled. PlaybookError when they name a time zone or a holiday calendar that does not exist."""
        problems = check_house(rules)
        if problems:
            raise PlaybookError(problems)
        return cls(
            rules=rules,
            windows=MappingProxyType(dict(rules.contact_windows)),
            default_windows=MappingProxyType({str(c): w for c, w in rules.default_windows.items()}),
            never_outside=MappingProxyType({str(c): w for c, w in rules.never_outside.items()}),
            caps=tuple(rules.caps),
            skip_when_late=rules.skip_when_late,
            times_of_day=tuple(rules.times_of_day),
            strictest=tuple(rules.time_zones),
            queues=MappingProxyType(dict(rules.queues)),
            working_days=frozenset(days_of(rules.working_days)),
            calendars=tuple(rules.holidays),
            closed_on=frozenset(rules.closed_on),
            countries=frozenset(rules.countries),
            recorded_voicemail=rules.recorded_voicemail,
        )

    @property
    def speak_to(self) -> str:
        """The number that "press 1 to speak to us" and calls to us are connected to, as E.164; empty: there is none."""
        return self.rules.speak_to or _company_phone(self.rules.company.phone, self.rules.countries[0])

    def is_holiday(self, day: date) -> bool:
        """Whether that local date is a holiday in one of the house's calendars, or a day on which the house is closed."""
        return day in self.closed_on or any(day in _holidays(calendar, day.year) for calendar in self.calendars)

    def is_working_day(self, day: date) -> bool:
        """Whether business days count that local date."""
        return day.weekday() in self.working_days and not self.is_holiday(day)


def check_house(rules: HouseRules) -> list[Problem]:
    """What House.of would refuse, with the path of each field; empty when nothing is wrong."""
    problems = [
        Problem(
            f"no time zone is called '{name}'",
            'write the name of a place, e.g. "America/Chicago" or "Europe/Berlin"',
            place=f"time_zones.{index}",
        )
        for index, name in enumerate(rules.time_zones)
        if not zone_exists(name)
    ]
    if rules.desk and not zone_exists(rules.desk.time_zone):
        hint = 'write the name of a place, e.g. "America/Chicago" or "Europe/Berlin"'
        problems.append(Problem(f"no time zone is called '{rules.desk.time_zone}'", hint, place="desk.time_zone"))
    problems += [
        Problem(f"no country is called '{name}'", "two capital letters, e.g. US or DE", place=f"countries.{index}")
        for index, name in enumerate(rules.countries)
        if not _country_exists(name)
    ]
    if rules.speak_to and normal_phone(rules.speak_to, None) is None and why_not(rules.speak_to, ()) is not None:
        problems.append(Problem(f"'{rules.speak_to}' is no telephone number", "e.g. +13125550100", place="speak_to"))
    for index, calendar in enumerate(rules.holidays):
        missing = _missing_calendar(calendar)
        if missing is not None:
            problems.append(Problem(f"there is no holiday calendar '{calendar}'", missing, place=f"holidays.{index}"))
    return problems


@lru_cache(maxsize=512)
def _holidays(calendar: str, year: int) -> frozenset[date]:
    """The public holidays of one calendar in one year, substitute days included."""
    from holidays import country_holidays  # here, because the import takes 0.2 s and not every house has calendars

    country, _, part = calendar.partition("-")
    return frozenset(country_holidays(country, subdiv=part or None, years=year))


@lru_cache(maxsize=64)
def _company_phone(phone: str, country: str) -> str:
    """The company's phone as it can be called; empty when it is no number, or has no country of its own and is none of that one."""
    return normal_phone(phone, country) or "" if phone else ""


def _country_exists(name: str) -> bool:
    from babel.core import get_global  # 30 ms

    return name in get_global("territory_zones")


def _missing_calendar(calendar: str) -> str | None:
    """A hint when the calendar does not exist; None when it does."""
    from holidays import country_holidays, list_supported_countries

    country, _, part = calendar.partition("-")
    try:
        country_holidays(country, subdiv=part or None)  # without years: nothing is computed
    except NotImplementedError:
        known = list_supported_countries()
        if country not in known:
            return f"write a country as two letters, e.g. 'US', or a part of one, e.g. 'US-CA'; {did_you_mean(country, known)}"
        return f"'{country}' has these parts: {', '.join(known[country]) or 'none'}"
    return None
