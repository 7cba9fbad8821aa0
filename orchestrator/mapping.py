"""How rows of somebody's log become events: a small file, read by `touchpoint ingest` and `touchpoint replay`. Patterns, no code.

source: bank-log
id: "{event_id}"
type: "{event_type}"
rename: {offer_sent: quote.sent, offer_accepted: quote.accepted}
only: [quote.sent, quote.accepted]          # after renaming; without it all are kept
subject: "quote/{case_id}"
time: {column: occurred_at, zone: Europe/Amsterdam}
customer:
  id: "applicant-{case_id}"
  name: {made_up: true}
  phone: {made_up: true}
  time_zone: Europe/Amsterdam
  consent: {email: service, call: service}
data:
  amount: {column: amount_requested, kind: number}
  currency: EUR
  owner: "{resource}"
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from orchestrator.core.zones import zone_exists, zone_of
from orchestrator.errors import EventError, InputError, Problem, did_you_mean
from orchestrator.language.house_rules import ChannelName
from orchestrator.language.lifecycle import FieldName, Kind
from orchestrator.language.playbook import Model, wrong
from orchestrator.language.source import parse, read_yaml
from orchestrator.made_up import MADE_UP
from orchestrator.receiving import Level
from orchestrator.rows import read_rows as read_rows  # replays read files and maps from one place

Row = Mapping[str, Any]  # Any: text from CSV, any JSON from lines
Plain = dict[str, Any]  # an event in the plain form, not yet checked
_COLUMN = re.compile(r"\{([^{}]+)\}")
MOST_KEPT = 5_000  # customers of a map that are remembered
_YES, _NO = frozenset({"1", "true", "yes", "y", "t"}), frozenset({"0", "false", "no", "n", "f"})


class Value(Model):
    """Where one field comes from: a column, a pattern of columns, a constant, or made up by a rule from the customer's id."""

    column: str | None = Field(None, description="the column that holds it")
    text: str | None = Field(None, description="a pattern, e.g. text: '{first} {last}'")
    constant: str | int | float | bool | list[str] | None = Field(None, description="always the same")
    made_up: bool = Field(False, description="imaginary, and the same for the same customer")
    kind: Kind = Field("text", description="what the column holds")
    table: dict[str, str] = Field(default_factory=dict, description="value of the column -> what it means")
    otherwise: str | None = Field(None, description="for values that the table does not have; without it the field is left out")
    separator: str = Field(";", min_length=1, description="between the entries of a list")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: object) -> object:
        """`owner: "{resource}"` and `currency: EUR` are short for a pattern and a constant."""
        if isinstance(given, str):
            return {"text" if "{" in given else "constant": given}
        return {"constant": given} if isinstance(given, bool | int | float | list) else given

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        named = [n for n in ("column", "text", "constant") if getattr(self, n) is not None] + ["made_up"] * self.made_up
        if len(named) != 1:
            raise wrong("a field comes from one place", "write one of column, text, constant and made_up")
        if self.table and self.column is None:
            raise wrong("a table needs a column", "write column: and the column's name", "table")
        return self

    def of(self, row: Row, zone: str | None) -> Any:
        """The value for this row; None when its cell is empty. ValueError when the cell does not fit the kind."""
        if self.constant is not None:
            return self.constant
        if self.text is not None:
            return _filled(self.text, row) or None
        cell = row.get(str(self.column))
        if cell is None or cell == "":
            return None
        if self.table:
            return self.table.get(str(cell), self.otherwise)
        return _READ[self.kind](cell, self, zone) if isinstance(cell, str) else cell


class Time(Model):
    """When the event happened."""

    column: str
    zone: str | None = Field(None, description="for moments that are written without one, e.g. zone: Europe/Amsterdam")
    format: str | None = Field(None, description="when it is not ISO 8601, e.g. format: '%d/%m/%Y %H:%M'")
    day_at: time | None = Field(None, description="for logs that know only the day: the local time to take, e.g. day_at: '09:00'")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: object) -> object:
        return {"column": given} if isinstance(given, str) else given

    @field_validator("zone")
    @classmethod
    def _real(cls, name: str | None) -> str | None:
        if name is not None and not zone_exists(name):
            raise wrong(f"there is no time zone '{name}'", 'write the name of a place, e.g. "Europe/Amsterdam"')
        return name

    @model_validator(mode="after")
    def _day_needs_zone(self) -> Self:
        if self.day_at is not None and self.zone is None:
            raise wrong("day_at is a local time", "write zone: as well", "day_at")
        return self

    def of(self, row: Row) -> str:
        """RFC 3339. ValueError when the cell holds no moment."""
        cell = str(row.get(self.column) or "").strip()
        if not cell:
            raise ValueError("it is empty")
        # A log in another form than ours has no zone in it; _zoned adds the one of the map.
        found = datetime.strptime(cell, self.format) if self.format else datetime.fromisoformat(cell.upper())  # noqa: DTZ007
        if self.day_at is not None:
            found = datetime.combine(found.date(), self.day_at)
        return _zoned(found, self.zone).isoformat()


class MapCustomer(Model):
    """Who the event is about. A row whose id comes out empty is an event without a customer."""

    id: str
    name: Value | None = None
    first_name: Value | None = None
    email: Value | None = None
    phone: Value | None = None
    time_zone: Value | None = None
    locale: Value | None = None
    country: Value | None = None
    hours: Value | None = None
    consent: dict[ChannelName, Level] = Field(default_factory=dict)
    more: dict[FieldName, Value] = Field(default_factory=dict, description="further fields of the customer")

    @model_validator(mode="after")
    def _only_some_can_be_made_up(self) -> Self:
        for name, value in self.values():
            if value.made_up and name not in MADE_UP:
                raise wrong(f"{name} cannot be made up", f"{', '.join(MADE_UP)} can", name)
        return self

    @cached_property
    def _cells(self) -> tuple[str, ...]:
        """The columns that are read here."""
        named = {v.column for _, v in self.values() if v.column is not None}
        patterns = [self.id, *(v.text for _, v in self.values() if v.text is not None)]
        return tuple(sorted(named | {column for pattern in patterns for column in _COLUMN.findall(pattern)}))

    @cached_property
    def _told(self) -> dict[tuple[object, ...], Plain | None]:
        """What was made of these cells before: in most logs a customer comes again and again."""
        return {}

    def values(self) -> list[tuple[str, Value]]:
        """Every field that has an origin."""
        named = [(n, getattr(self, n)) for n in type(self).model_fields if n not in ("id", "consent", "more")]
        return [(n, v) for n, v in named if v is not None] + list(self.more.items())

    def of(self, row: Row, zone: str | None, problems: list[Problem]) -> Plain | None:
        """The customer part of a plain event."""
        cells = (zone, *[row.get(column) for column in self._cells])
        is_text = all(
            cell is None or type(cell) is str for cell in cells
        )  # JSON has 1, 1.0 and true, which Python takes for the same
        if is_text and cells in self._told:
            return self._told[cells]
        made = self._of(row, zone, problems)
        if is_text and not problems:
            if len(self._told) >= MOST_KEPT:
                self._told.clear()
            self._told[cells] = made
        return made

    def _of(self, row: Row, zone: str | None, problems: list[Problem]) -> Plain | None:
        ref = _filled(self.id, row)
        if not ref:
            return None
        said: Plain = {"id": ref}
        for name, value in self.values():
            made = MADE_UP[name](ref) if value.made_up else _try(value, row, zone, f"customer.{name}", problems)
            if made is not None:
                said[name] = made
        return {**said, "consent": dict(self.consent)} if self.consent else said


class Map(Model):
    """A whole map file."""

    source: str
    id: str
    type: str
    rename: dict[str, str] = Field(default_factory=dict, description="the log's event type -> ours")
    only: list[str] | None = Field(None, description="event types to keep, as they are called after renaming")
    subject: str
    time: Time
    customer: MapCustomer | None = None
    data: dict[FieldName, Value] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _data_is_not_made_up(self) -> Self:
        if any(value.made_up for value in self.data.values()):
            raise wrong("only the customer's contact points can be made up", "take a column or a constant", "data")
        return self

    def columns(self) -> set[str]:
        """Every column that the map reads."""
        values = [*self.data.values(), *(v for _, v in self.customer.values())] if self.customer else list(self.data.values())
        patterns = [self.id, self.type, self.subject, self.customer.id if self.customer else "", *(v.text or "" for v in values)]
        named = {self.time.column, *(v.column for v in values if v.column is not None)}
        return named | {column for pattern in patterns for column in _COLUMN.findall(pattern)}

    def check_columns(self, header: Iterable[str]) -> None:
        """Raise InputError unless the file has every column that the map reads."""
        there = list(header)
        missing = sorted(self.columns() - set(there))
        if missing:
            raise InputError(Problem(f"the file has no column '{column}'", did_you_mean(column, there)) for column in missing)

    def event(self, row: Row) -> Plain | None:
        """The row as an event in the plain form, still to be checked; None when its type is not one to keep.

        Raises EventError when a cell cannot be read.
        """
        type_ = _filled(self.type, row)
        type_ = self.rename.get(type_, type_)
        if self.only is not None and type_ not in self.only:
            return None
        problems: list[Problem] = []
        try:
            at = self.time.of(row)
        except ValueError as error:
            at = ""
            problems.append(
                Problem(f"column '{self.time.column}' holds no moment: {error}", "time: can have zone: and format:", "time")
            )
        zone = self.time.zone
        data = {name: _try(value, row, zone, f"data.{name}", problems) for name, value in self.data.items()}
        customer = self.customer.of(row, zone, problems) if self.customer else None
        if problems:
            raise EventError(problems)
        event: Plain = {
            "id": _filled(self.id, row),
            "source": self.source,
            "type": type_,
            "subject": _filled(self.subject, row),
            "time": at,
        }
        if customer is not None:
            event["customer"] = customer
        return {**event, "data": {name: value for name, value in data.items() if value is not None}}


def read_map(path: Path) -> Map:
    """A map file, checked. Raises InputError (a PlaybookError, with line and column) when it cannot be used."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(Problem(f"the map cannot be read: {error}", "", str(path))) from None
    return parse(Map, read_yaml(text, str(path)))


def _try(value: Value, row: Row, zone: str | None, place: str, problems: list[Problem]) -> Any:
    try:
        return value.of(row, zone)
    except ValueError as error:
        problems.append(Problem(f"column '{value.column}': {error}", f"kind: {value.kind} does not fit", place))
        return None


def _filled(pattern: str, row: Row) -> str:
    """The pattern with its columns put in; empty when one of them is, so that "quote/" never becomes a subject."""
    text = ""
    for literal, column in _parts(pattern):
        text += literal
        if column is not None:
            cell = row.get(column)
            filled = "" if cell is None else str(cell).strip()
            if not filled:
                return ""
            text += filled
    return text


@lru_cache(maxsize=1024)
def _parts(pattern: str) -> tuple[tuple[str, str | None], ...]:
    """ "quote/{case_id}" -> (("quote/", "case_id"), ("", None))."""
    pieces = _COLUMN.split(pattern)
    columns: list[str | None] = [*pieces[1::2], None]
    return tuple(zip(pieces[::2], columns, strict=True))


def _zoned(found: datetime, zone: str | None) -> datetime:
    """The moment with its zone. An hour that comes twice in autumn counts as the first, as clocks on the wall do."""
    if found.tzinfo is not None:
        return found
    local = zone_of(zone) if zone else None
    if local is None:
        raise ValueError("it has no zone")
    return found.replace(tzinfo=local)


def _number(cell: str, value: Value, zone: str | None) -> int | float:
    try:
        return int(cell)
    except ValueError:
        number = float(cell)
    if not math.isfinite(number):
        raise ValueError(f"'{cell}' is no number")
    return number


def _boolean(cell: str, value: Value, zone: str | None) -> bool:
    word = cell.strip().lower()
    if word not in _YES | _NO:
        raise ValueError(f"'{cell[:40]}' is neither true nor false")
    return word in _YES


_READ: Mapping[Kind, Any] = {  # Any: functions of (cell, value, zone) with answers of their kind
    "text": lambda cell, value, zone: cell,
    "number": _number,
    "boolean": _boolean,
    "date": lambda cell, value, zone: date.fromisoformat(cell.strip()[:10]).isoformat(),
    "time": lambda cell, value, zone: _zoned(datetime.fromisoformat(cell.strip().upper()), zone).isoformat(),
    "list": lambda cell, value, zone: [part.strip() for part in cell.split(value.separator) if part.strip()],
}
