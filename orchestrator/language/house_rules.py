"""What house-rules.yaml may say: contact windows, holidays, caps and queues. Playbooks may tighten these, never loosen them."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from orchestrator.errors import did_you_mean
from orchestrator.language.delays import Delay, TimeOfDay, Unit
from orchestrator.language.dispositions import LABELS
from orchestrator.language.playbook import CHANNELS, Model, Name, wrong

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Minutes = tuple[int, int]  # from, to: minutes after local midnight, 0 <= from < to <= 1440
_HOURS = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)\s*-\s*([01]?\d|2[0-4]):([0-5]\d)")
HOURS_HINT = 'write hours as "09:00-17:30", days as "mon" or "mon-fri"'
ChannelName = Literal["email", "text", "call", "voice", "voicemail"]


def days_of(text: str) -> list[int]:
    """ "mon-fri" -> [0, 1, 2, 3, 4]; 0 is Monday."""
    first, _, last = text.strip().lower().partition("-")
    if first not in WEEKDAYS or (last and last not in WEEKDAYS):
        raise PydanticCustomError("days", "{problem}", {"problem": f"'{text}' names no days", "hint": HOURS_HINT})
    start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    if end < start:
        raise PydanticCustomError("days", "{problem}", {"problem": f"'{text}' runs backwards", "hint": HOURS_HINT})
    return list(range(start, end + 1))


def hours_of(text: str) -> Minutes:
    """ "09:00-17:30" -> (540, 1050). Hours do not run over midnight: write two lines."""
    found = _HOURS.fullmatch(text.strip())
    start, end = (int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])) if found else (0, 0)
    if not found or not start < end <= 1440:
        raise PydanticCustomError("hours", "{problem}", {"problem": f"'{text}' is no span of a day", "hint": HOURS_HINT})
    return start, end


class Window(Model):
    """When contact is allowed: spans of local time for each weekday, closed on holidays unless said otherwise."""

    week: tuple[tuple[Minutes, ...], ...]  # seven entries, Monday first
    on_holidays: Literal["closed", "open"] = "closed"

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "week" in value:
            return value
        week: list[list[Minutes]] = [[] for _ in WEEKDAYS]
        for days, spans in value.items():
            if days == "on_holidays":
                continue
            for day in days_of(str(days)):
                week[day] += [hours_of(str(s)) for s in (spans if isinstance(spans, list) else [spans])]
        return {"week": tuple(tuple(sorted(day)) for day in week), "on_holidays": value.get("on_holidays", "closed")}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        spans = {"type": "string", "pattern": _HOURS.pattern, "examples": ["09:00-17:30"]}
        return {
            "type": "object",
            "properties": {"on_holidays": {"enum": ["closed", "open"]}},
            "patternProperties": {
                "^(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?$": {
                    "anyOf": [spans, {"type": "array", "items": spans}]
                }
            },
            "additionalProperties": False,
        }


class Cap(Model):
    """At most so many contacts with one customer, over all playbooks, in a local day or a run of local days."""

    most: int = Field(ge=1, le=100)
    per: Literal["day", "week"]  # day: the customer's calendar day; week: that day and the six before it
    of: ChannelName | None = None  # one channel only; all of them when not said


class Queue(Model):
    """A list in which calls wait for staff."""

    title: str = Field(min_length=1, max_length=200, description="what staff see, e.g. title: Sales")
    about: str = Field("", max_length=1_000, description="what is in it and who takes it")


class Shift(Model):
    """So many people are on the desk at these hours of its own clock."""

    people: int = Field(ge=1, le=10_000, description="how many of them, e.g. people: 2")
    days: str = Field(description="on which days, e.g. days: mon-fri, or days: sat")
    hours: str = Field(description='at which hours, e.g. hours: "09:00-17:00"', pattern=_HOURS.pattern)

    @field_validator("days")
    @classmethod
    def _are_days(cls, value: str) -> str:
        days_of(value)
        return value

    @field_validator("hours")
    @classmethod
    def _are_hours(cls, value: str) -> str:
        hours_of(value)
        return value

    def people_at(self, weekday: int, hour: int) -> float:
        """People in that hour of that weekday (0 is Monday), on average: half an hour of two people is one."""
        start, end = hours_of(self.hours)
        shared = min(end, (hour + 1) * 60) - max(start, hour * 60)
        return self.people * max(shared, 0) / 60 if weekday in days_of(self.days) else 0.0


class Desk(Model):
    """Who takes calls, and when. Backtests hold it against the calls; nobody is kept from working at other hours."""

    time_zone: str = Field(description="whose clock the hours mean, e.g. time_zone: America/Chicago")
    minutes_per_call: int | None = Field(
        None, ge=1, le=240, description="how long a call takes with its notes; not said: as long as the outcomes file says"
    )
    staff: dict[Name, list[Shift]] = Field(
        default_factory=dict, description='by queue, e.g. sales: [{people: 2, days: mon-fri, hours: "09:00-17:00"}]'
    )

    def people_at(self, queue: str, weekday: int, hour: int) -> float | None:
        """People for that queue in that hour of that weekday; None when nothing is said of the queue."""
        shifts = self.staff.get(queue)
        return None if shifts is None else sum(shift.people_at(weekday, hour) for shift in shifts)


class Company(Model):
    """Who is speaking; templates print it as `house.name`, `house.phone` …"""

    name: str = Field(min_length=1, description="who is speaking")
    phone: str = ""
    email: str = ""
    website: str = ""
    address: str = ""


class HouseRules(Model):
    """All of house-rules.yaml."""

    company: Company = Field(description="who is speaking, e.g. company: {name: …, phone: …}")
    # where customers live: all must be open when a zone is unknown
    time_zones: list[str] = Field(default_factory=list, description="where customers live, e.g. [America/Chicago]")
    working_days: str = Field("mon-fri", description="the days that count as business days")
    countries: list[Annotated[str, Field(pattern=r"^[A-Z]{2}$")]] = Field(
        default_factory=lambda: ["US", "CA"], min_length=1, description="whose telephone numbers we call and text, e.g. [US, CA]"
    )
    speak_to: Annotated[str, Field(pattern=r"^\+[1-9]\d{6,14}$")] | None = Field(
        None, description="whom 'press 1 to speak to us' rings, e.g. speak_to: +13125550100; the company's phone when not said"
    )
    recorded_voicemail: bool = Field(False, description="whether recorded messages may be played; ask a lawyer first")
    holidays: list[Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]] = Field(
        default_factory=list, description="public holidays of these countries or parts of them, e.g. [US, DE-BY]"
    )
    closed_on: list[date] = Field(default_factory=list, description="further days off, e.g. [2026-12-24]")
    contact_windows: dict[Name, Window] = Field(min_length=1, description="hours in which contact is allowed, by name")
    default_windows: dict[ChannelName, Name] = Field(description="for steps and playbooks that name none, by channel")
    never_outside: dict[ChannelName, Name] = Field(description="the outer bound of each channel, whatever a playbook says")
    caps: list[Cap] = Field(default_factory=list, description="how often at most, e.g. [{most: 2, per: day}]")
    skip_when_late: Delay = Field(Delay.parse("2 days"), description="for steps that do not say not_later_than")
    times_of_day: list[TimeOfDay] = Field(
        default_factory=lambda: [TimeOfDay(10, 0), TimeOfDay(14, 0), TimeOfDay(16, 30)],
        min_length=1,
        description="where 'vary: time of day' puts later tries",
    )
    owners: dict[str, Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]] = Field(
        default_factory=dict,
        description="where answers to an owner's e-mails go, e.g. {team-leads: leads@example.com}; else company.email",
    )
    queues: dict[Name, Queue] = Field(default_factory=dict, description="the lists in which calls wait for staff")
    desk: Desk | None = Field(None, description="who takes calls and when, for backtests, e.g. desk: {time_zone: …, staff: …}")
    dispositions: dict[str, Annotated[str, Field(min_length=1, max_length=60)]] = Field(
        default_factory=dict, description="the team's own labels, by disposition"
    )
    wrap_up: Delay = Field(
        Delay(3, Unit.MINUTES), description="how long a call may stay without its ending after the line is closed"
    )
    reading: Delay = Field(
        Delay(20, Unit.MINUTES), description="how long somebody may have a call before they dial, e.g. reading: 20 minutes"
    )
    by_hand: Delay = Field(
        Delay(2, Unit.HOURS),
        description="how long a call dialled by hand may go on, e.g. by_hand: 2 hours; others end with the line",
    )
    languages: list[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]] = Field(
        default_factory=list,
        max_length=30,
        description="spoken on the desk, e.g. [en, es]: a customer of such a locale gets somebody who speaks it",
    )
    needs_approval: bool = Field(False, description="whatever is published waits until another person approves it")

    @field_validator("default_windows", "never_outside", mode="before")
    @classmethod
    def _voice_is_like_voicemail(cls, value: Any) -> Any:
        """Files written before there were voice calls say nothing for them."""
        if isinstance(value, dict) and "voicemail" in value:
            return {"voice": value["voicemail"], **value}
        return value

    @field_validator("working_days")
    @classmethod
    def _days(cls, value: str) -> str:
        days_of(value)
        return value

    @model_validator(mode="after")
    def _names_known_windows(self) -> HouseRules:
        for block in ("default_windows", "never_outside"):
            windows: dict[str, str] = getattr(self, block)
            for channel, window in windows.items():
                if window not in self.contact_windows:
                    hint = did_you_mean(window, self.contact_windows)
                    raise wrong(f"{block} of {channel}: there is no contact window '{window}'", hint, block)
            if missing := [channel for channel in CHANNELS if channel not in windows]:
                raise wrong(f"{block} says nothing for {missing[0]}", f"each channel needs one: {', '.join(CHANNELS)}", block)
        return self

    @model_validator(mode="after")
    def _staffs_known_queues(self) -> HouseRules:
        for queue in self.desk.staff if self.desk else ():
            if queue not in self.queues:
                raise wrong(f"desk: there is no queue '{queue}'", did_you_mean(queue, self.queues), "desk")
        return self

    @model_validator(mode="after")
    def _names_known_dispositions(self) -> HouseRules:
        for code in self.dispositions:
            if code not in LABELS:
                raise wrong(f"there is no disposition '{code}'", did_you_mean(code, LABELS), "dispositions")
        return self

    @field_validator("wrap_up")
    @classmethod
    def _is_short(cls, value: Delay) -> Delay:
        if value.unit not in _ELAPSED or not timedelta() < _elapsed(value) <= timedelta(hours=2):
            raise wrong(f"'{value}' is no wrap-up time", "from 1 minute to 2 hours, e.g. wrap_up: 3 minutes", "")
        return value

    @field_validator("reading", "by_hand")
    @classmethod
    def _is_part_of_a_day(cls, value: Delay) -> Delay:
        if value.unit not in _ELAPSED or not timedelta(minutes=5) <= _elapsed(value) <= timedelta(hours=8):
            raise wrong(f"'{value}' is too short or too long for a call", "from 5 minutes to 8 hours, e.g. 20 minutes", "")
        return value

    @property
    def clock(self) -> str:
        """The time zone of the house's own days and hours: the desk's, else the first place where customers live."""
        return self.desk.time_zone if self.desk is not None else next(iter(self.time_zones), "UTC")

    @property
    def wraps_up_in(self) -> timedelta:
        """`wrap_up` as a length of time."""
        return _elapsed(self.wrap_up)

    @property
    def reads_for(self) -> timedelta:
        """`reading` as a length of time."""
        return _elapsed(self.reading)

    @property
    def by_hand_for(self) -> timedelta:
        """`by_hand` as a length of time."""
        return _elapsed(self.by_hand)


_ELAPSED = {Unit.MINUTES: timedelta(minutes=1), Unit.HOURS: timedelta(hours=1)}


def _elapsed(delay: Delay) -> timedelta:
    return delay.count * _ELAPSED[delay.unit]


def label(rules: HouseRules, code: str) -> str:
    """What people read for a disposition: the team's own words where they have some."""
    return rules.dispositions.get(code) or LABELS.get(code) or code.replace("_", " ")
