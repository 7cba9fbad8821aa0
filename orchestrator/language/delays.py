"""How authors write time: "2 business days", "3 days before event.starts_at", "09:30"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

MOST = {"minutes": 525_600, "hours": 8_760, "days": 1_830, "business_days": 1_300, "weeks": 260}  # five years or less


class Unit(StrEnum):
    """Minutes and hours are elapsed time; the others are wall-clock time in the customer's zone."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    BUSINESS_DAYS = "business_days"
    WEEKS = "weeks"


_WORDS = {
    "minute": Unit.MINUTES, "minutes": Unit.MINUTES, "min": Unit.MINUTES,
    "hour": Unit.HOURS, "hours": Unit.HOURS,
    "day": Unit.DAYS, "days": Unit.DAYS,
    "business day": Unit.BUSINESS_DAYS, "business days": Unit.BUSINESS_DAYS,
    "week": Unit.WEEKS, "weeks": Unit.WEEKS,
}  # fmt: skip
_DELAY = re.compile(r"(\d{1,6})\s+(minutes?|min|hours?|business days?|days?|weeks?)")
_MOMENT = re.compile(r"(?:(?P<delay>.+?)\s+(?P<side>before|after)\s+)?event\.(?P<field>[a-z][a-z0-9_]*)")
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
DELAY_HINT = 'write a whole number and a unit, e.g. "10 minutes", "4 hours", "3 days", "2 business days", "1 week"'
MOMENT_HINT = 'write "event.FIELD", "2 days before event.FIELD" or "1 business day after event.FIELD"'
TIME_HINT = 'write a local time as "09:30"'


class _Text:
    """A value that authors write as one string; pydantic parses it and shows it as a string with a pattern."""

    PATTERN = ""
    EXAMPLES: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Any:
        raise NotImplementedError  # each kind of text says how it is read

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: object) -> object:
            if isinstance(value, cls):
                return value
            try:
                return cls.parse(str(value))
            except ValueError as wrong:
                problem, _, hint = str(wrong).partition("|")
                raise PydanticCustomError("time_words", "{problem}", {"problem": problem, "hint": hint}) from None

        return core_schema.no_info_plain_validator_function(read, serialization=core_schema.to_string_ser_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{cls.PATTERN}$", "examples": list(cls.EXAMPLES)}


@dataclass(frozen=True, slots=True)
class Delay(_Text):
    """A length of time as an author writes it, e.g. Delay(2, BUSINESS_DAYS)."""

    PATTERN = r"\d{1,6} (minutes?|min|hours?|business days?|days?|weeks?)"
    EXAMPLES = ("10 minutes", "4 hours", "2 business days", "1 week")

    count: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Delay:
        found = _DELAY.fullmatch(text.strip().lower())
        if not found:
            raise ValueError(f"'{text}' is not a delay|{DELAY_HINT}")
        delay = cls(int(found[1]), _WORDS[found[2]])
        if delay.count > MOST[delay.unit]:
            raise ValueError(f"'{text}' is longer than five years|a follow-up that far away is a mistake in the number")
        return delay

    def __str__(self) -> str:
        unit = self.unit.replace("_", " ")
        return f"{self.count} {unit[:-1] if self.count == 1 else unit}"


@dataclass(frozen=True, slots=True)
class Moment(_Text):
    """A moment taken from the event: a field, or a delay before or after it."""

    PATTERN = r"(\d{1,6} (minutes?|min|hours?|business days?|days?|weeks?) (before|after) )?event\.[a-z][a-z0-9_]*"
    EXAMPLES = ("event.starts_at", "2 days before event.starts_at", "1 business day after event.due_on")

    field: str
    delay: Delay | None = None
    side: Literal["before", "after"] = "after"

    @classmethod
    def parse(cls, text: str) -> Moment:
        found = _MOMENT.fullmatch(text.strip())
        if not found:
            raise ValueError(f"'{text}' is not a moment of the event|{MOMENT_HINT}")
        delay = Delay.parse(found["delay"]) if found["delay"] else None
        return cls(found["field"], delay, "before" if found["side"] == "before" else "after")

    def __str__(self) -> str:
        return f"{self.delay} {self.side} event.{self.field}" if self.delay else f"event.{self.field}"


@dataclass(frozen=True, slots=True)
class TimeOfDay(_Text):
    """A local time of day such as "09:30"."""

    PATTERN = r"([01]?\d|2[0-3]):[0-5]\d"
    EXAMPLES = ("09:30",)

    hour: int
    minute: int

    @classmethod
    def parse(cls, text: str) -> TimeOfDay:
        found = _TIME.fullmatch(text.strip())
        if not found:
            raise ValueError(f"'{text}' is not a time of day|{TIME_HINT}")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.hour:02}:{self.minute:02}"
