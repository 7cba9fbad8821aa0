"""What a system sent becomes a NewEvent, or an EventError that names every field that is wrong.

Strict where a mistake would change meaning (ids, times, types, consent); forgiving where strictness would lose a follow-up: a phone
number that is none is dropped with a warning, and the customer can still be reached otherwise. Every way in leads through here.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.core.windows import read_wish
from orchestrator.core.zones import candidate_zones, normal_phone, zone_exists
from orchestrator.errors import EventError, Problem, did_you_mean
from orchestrator.ids import NewId
from orchestrator.jsontext import check_storable
from orchestrator.language.lifecycle import EventDeclaration, Lifecycle, check_data
from orchestrator.language.system_events import SYSTEM_EVENTS
from orchestrator.store.events import NewEvent
from orchestrator.system import SOURCE as OURSELVES

CLOCK_SKEW = timedelta(days=1)  # how far a sender's clock may be ahead
OLDEST = datetime(1970, 1, 1, tzinfo=UTC)
MOST_KEPT = 20_000  # numbers and addresses remembered as read: reading one takes 20 to 60 µs

# Ids are compared, so nothing invisible may be in them: refused. In names the same characters become spaces.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_PLAIN = r"^[^\s\p{Cc}]([^\p{Cc}\x{2028}\x{2029}]*[^\s\p{Cc}])?$"
_SUBJECT = r"^[A-Za-z][A-Za-z0-9_-]*/[^\s\p{Cc}]([^\p{Cc}\x{2028}\x{2029}]*[^\s\p{Cc}])?$"
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,59}")  # no dot: "consent.text" would pass for consent where customers are merged
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}")
_OTHER_WORDS = {  # what other systems call it
    "event_id": "id", "occurred_at": "time", "timestamp": "time", "event_type": "type", "event": "type", "payload": "data",
    "customer_id": "customer.id", "subject_id": "subject",
}  # fmt: skip
_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), allow_nan=False
)  # kept: making one takes longer than using it
_CLOUD = frozenset({"specversion", "datacontenttype", "dataschema", "data_base64"})

Ident = Annotated[str, Field(min_length=1, max_length=200, pattern=_PLAIN)]
Level = Literal["none", "service", "marketing"]


@dataclass(frozen=True, slots=True)
class Received:
    """An event that can be handled, and what was dropped from it on the way."""

    event: NewEvent
    warnings: tuple[Problem, ...] = ()


class _Consent(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    email: Level = "none"
    text: Level = "none"
    call: Level = "none"
    voice: Level = "none"
    voicemail: Level = "none"


class _Customer(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)

    id: Ident
    name: Annotated[str, Field(max_length=200)] | None = None
    first_name: Annotated[str, Field(max_length=200)] | None = None
    email: Annotated[str, Field(max_length=320)] | None = None
    phone: Annotated[str, Field(max_length=60)] | None = None
    time_zone: Annotated[str, Field(max_length=64)] | None = None
    locale: Annotated[str, Field(max_length=32)] | None = None
    country: Annotated[str, Field(max_length=60)] | None = None
    address: dict[str, Any] | None = None  # Any: the business's own; only its country means something here
    hours: Annotated[str, Field(max_length=200)] | None = None
    consent: _Consent | None = None


class _Plain(BaseModel):
    """The plain form, as DESIGN and docs/events.md show it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: Ident
    source: Ident
    type: Annotated[str, Field(min_length=1, max_length=120, pattern=_PLAIN)]
    subject: Annotated[str, Field(min_length=3, max_length=300, pattern=_SUBJECT)]
    time: str
    customer: _Customer | None = None
    data: dict[str, Any] | None = None  # Any: checked against the type's declaration


def read_event(
    raw: Mapping[str, Any], *, lifecycle: Lifecycle, received_at: datetime, new_id: NewId, backfill: bool = False
) -> Received:
    """One event in the plain form, read. Raises EventError with all that is wrong; nothing of the event was stored then."""
    said = _checked(raw)
    problems: list[Problem] = []
    occurred_at = _moment(said.time, received_at, problems)
    if said.source == OURSELVES:
        hint = "name the system that sends it, e.g. 'crm'"
        problems.append(Problem(f"'{OURSELVES}' is this program's own source", hint, "source"))
    declared = lifecycle.events.get(said.type)
    warnings: list[Problem] = []
    data = raw.get("data") or {}
    if declared is not None:
        problems += check_data(declared, data)
    elif said.type in SYSTEM_EVENTS:
        problems.append(Problem(f"'{said.type}' is made by this program itself", "use a type of your own", "type"))
    else:
        hint = did_you_mean(said.type, lifecycle.events)
        warnings.append(
            Problem(f"'{said.type}' is not declared in lifecycle.yaml: it was kept, and nothing follows from it", hint, "type")
        )
    customer = _customer(raw["customer"], said.customer, lifecycle, problems, warnings) if said.customer else None
    if problems or occurred_at is None:
        raise EventError(problems)
    event = NewEvent(
        new_id(), said.source, said.id, said.type, said.subject, occurred_at, received_at, data, customer,
        body_hash(raw, occurred_at), declared is not None, backfill,
    )  # fmt: skip
    return Received(event, tuple(warnings))


def body_hash(raw: Mapping[str, Any], occurred_at: datetime) -> str:
    """sha256 over everything the sender said, the same in every form and for every way to write the moment.

    Taken before anything is normalised: a newer list of phone numbers must not turn a repeat into a conflict.
    """
    said = {
        "id": raw["id"], "source": raw["source"], "type": raw["type"], "subject": raw["subject"], "time": occurred_at.isoformat(),
        "customer": raw.get("customer"), "data": raw.get("data") or {},
    }  # fmt: skip
    try:
        text = _CANONICAL.encode(said)
    except ValueError:  # NaN or Infinity, which only a caller in Python can bring
        check_storable(said)
        raise
    if "\\u0000" in text or "\\ud" in text:
        check_storable(said)
    return hashlib.sha256(text.encode()).hexdigest()


def _checked(raw: Mapping[str, Any]) -> _Plain:
    try:
        return _Plain.model_validate(raw)
    except ValidationError as error:
        raise EventError([_explained(dict(e)) for e in error.errors(include_url=False)]) from None


def _moment(text: str, received_at: datetime, problems: list[Problem]) -> datetime | None:
    """When it occurred, in UTC; None, with a problem, when that cannot be told."""
    hint = "write date, time and zone, e.g. 2026-11-20T09:12:00-06:00 or 2026-11-20T15:12:00Z"
    try:
        found = datetime.fromisoformat(text.upper()).astimezone(UTC) if _TIME.fullmatch(text) else None
    except (ValueError, OverflowError):  # 2026-02-30; the year 1 in a zone east of UTC
        found = None
    if found is None:
        zone_missing = _TIME.fullmatch(text + "Z") is not None
        what = "has no zone: nobody can tell which moment it is" if zone_missing else "is no moment in time"
        problems.append(Problem(f"'{text[:40]}' {what}", hint, "time"))
    elif found > received_at + CLOCK_SKEW:
        problems.append(
            Problem("the time lies in the future", "an event tells what has happened; put a planned moment into data", "time")
        )
    elif found < OLDEST:
        problems.append(Problem("the time lies before 1970", "check the year", "time"))
    return found


def _customer(
    raw: Mapping[str, Any], said: _Customer, lifecycle: Lifecycle, problems: list[Problem], warnings: list[Problem]
) -> dict[str, Any]:
    """What the event says of the customer, cleaned: only the fields it carries, in the form that is stored."""
    given = dict(raw)
    for name in said.model_extra or ():
        if not _FIELD.fullmatch(name):
            hint = "use letters, digits, '-' and '_', at most 60"
            problems.append(Problem(f"'{name[:80]}' cannot be the name of a field", hint, f"customer.{name[:80]}"))
    if given.get("consent", ...) is None:
        del given["consent"]  # nothing was said about it
    country = _country(given, warnings)
    for name, read in _READERS.items():
        if given.get(name) is not None:
            given[name] = read(given[name], country, warnings)
    if lifecycle.customer:
        # Conditions and words that need a field of the wrong kind doubt it, so nobody is contacted on its account.
        fields = EventDeclaration.model_construct(stage="customer", means="", fields=lifecycle.customer)
        mine = {k: v for k, v in given.items() if k in lifecycle.customer and v is not None}
        missing_is_fine = [p for p in check_data(fields, mine) if p.place.removeprefix("data.") in mine]
        warnings += [Problem(p.problem, p.hint, f"customer.{p.place.removeprefix('data.')}") for p in missing_is_fine]
    return given


def _country(given: dict[str, Any], warnings: list[Problem]) -> str | None:
    """Two letters: the customer's own, else that of the address. Sets it in `given` when the event tells it at all."""
    address = given.get("address") or {}
    place, text = ("country", given["country"]) if given.get("country") else ("address.country", address.get("country"))
    if not text:
        return None
    found = _known_country(text) if isinstance(text, str) else None
    if found is None:
        warnings.append(_dropped(f"'{str(text)[:40]}' is no country", "write two letters, e.g. US", place))
    given["country"] = found
    return found


def _phone(text: str, country: str | None, warnings: list[Problem]) -> str | None:
    if not text.strip():
        return None
    found = _known_phone(text.strip(), country)
    if found is None:
        hint = "write it with + and the country's number, e.g. +13125550142"
        warnings.append(
            _dropped(f"'{text[:40]}' is no phone number", hint if country else f"{hint}, or send customer.country", "phone")
        )
    return found


def _email(text: str, country: str | None, warnings: list[Problem]) -> str | None:
    if not text.strip():
        return None
    found, why = _known_email(text.strip())
    if found is None:
        warnings.append(_dropped(f"'{text[:80]}' is no e-mail address", why, "email"))
    return found


def _time_zone(text: str, country: str | None, warnings: list[Problem]) -> str | None:
    if not text.strip():
        return None
    if zone_exists(text):
        return text
    warnings.append(_dropped(f"there is no time zone '{text}'", _zone_hint(text), "time_zone"))
    return None


def _locale(text: str, country: str | None, warnings: list[Problem]) -> str | None:
    if not text.strip() or _LOCALE.fullmatch(text):
        return text.strip() or None
    warnings.append(_dropped(f"'{text}' is no locale", "write a language and a country, e.g. en-US", "locale"))
    return None


def _hours(text: str, country: str | None, warnings: list[Problem]) -> str | None:
    if not text.strip():
        return None
    if read_wish(text) is None:  # kept: there is a wish, so until it can be read there is no contact
        hint = 'write e.g. "mon-fri 10:00-12:00, 14:00-16:00"; until then this customer is not contacted'
        warnings.append(Problem(f"'{text[:80]}' are no hours", hint, "customer.hours"))
    return text


def _name(text: str, country: str | None, warnings: list[Problem]) -> str | None:
    """A line break in a name would start a header line of an e-mail."""
    return _CONTROL.sub(" ", text).strip() or None


_READERS: Mapping[str, Callable[[str, str | None, list[Problem]], str | None]] = {
    "name": _name, "first_name": _name, "email": _email, "phone": _phone, "time_zone": _time_zone, "locale": _locale, "hours": _hours,
}  # fmt: skip


def _dropped(problem: str, hint: str, field: str) -> Problem:
    return Problem(f"{problem}: it counts as not known", hint, f"customer.{field}")


@lru_cache(maxsize=MOST_KEPT)
def _known_phone(text: str, country: str | None) -> str | None:
    return normal_phone(text, country)


# What most addresses look like: of these the library says yes, in just this form (a test asks it), and takes 100 µs for it.
_PLAIN_EMAIL = re.compile(r"[a-zA-Z0-9]+(?:[._+-][a-zA-Z0-9]+){0,4}@(?=.{4,60}$)(?:[a-z][a-z0-9]{1,30}\.){1,3}(?:com|org|net)")


@lru_cache(maxsize=MOST_KEPT)
def _known_email(text: str) -> tuple[str | None, str]:
    """The address, or None and why it is none. Nobody is asked whether it exists: that would take a second and a network."""
    if _PLAIN_EMAIL.fullmatch(text):
        name, _, domain = text.partition("@")
        return f"{name}@{domain.lower()}", ""
    from email_validator import EmailNotValidError, validate_email  # 40 ms

    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized, ""
    except EmailNotValidError as error:
        return None, str(error)


@lru_cache(maxsize=512)
def _known_country(text: str) -> str | None:
    """The country in capitals when it is one that has time zones."""
    found = text.strip().upper()
    return found if re.fullmatch("[A-Z]{2}", found) and candidate_zones(None, found, None) else None


@lru_cache(maxsize=512)
def _zone_hint(text: str) -> str:
    return did_you_mean(text, _zone_names()) + '; write the name of a place, e.g. "America/Chicago"'


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    from zoneinfo import available_timezones  # reads 600 files

    return frozenset(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))


def _explained(error: dict[str, Any]) -> Problem:
    """A pydantic error in the words of somebody who sends events."""
    kind, ctx = error["type"], error.get("ctx") or {}
    loc = [str(part) for part in error["loc"]]
    place, last = ".".join(loc), loc[-1] if loc else "event"
    match kind:
        case "missing":
            return Problem(f"'{last}' is missing", _WANTED.get(place, ""), place)
        case "extra_forbidden":
            return Problem(f"'{last}' is not known here", _unknown_key(loc), place)
        case "string_pattern_mismatch":
            return Problem(f"this cannot be {_WHAT.get(place, 'an id')}", _WANTED.get(place, ""), place)
        case "string_too_long":
            return Problem(f"'{last}' is too long", f"at most {ctx['max_length']} characters", place)
        case "string_too_short":
            return Problem(f"'{last}' is empty", _WANTED.get(place, ""), place)
        case "literal_error":
            return Problem(f"{_shown(error['input'])} is no level of consent", "write none, service or marketing", place)
    wanted = {
        "string_type": "a text in quotes",
        "dict_type": "an object",
        "model_type": "an object",
        "model_attributes_type": "an object",
    }
    shape = wanted.get(kind)
    return Problem(
        f"'{last}' must be {shape}" if shape else f"'{last}' cannot be used: {error['msg']}", _WANTED.get(place, ""), place
    )


_WHAT = {"subject": "a subject", "type": "an event type", "source": "a source"}
_WANTED = {
    "id": "your own id of this event, without spaces around it or control characters; the same id when you send it again",
    "source": "the system that sends it, e.g. crm",
    "type": "e.g. quote.sent",
    "subject": "what it is about, as kind/key, e.g. quote/Q-1042",
    "time": "when it happened, with zone, e.g. 2026-11-20T09:12:00-06:00",
    "customer.id": "your own id of the customer, e.g. C-77",
    "data": 'the fields of the event, e.g. {"amount": 1850}',
}


def _unknown_key(loc: list[str]) -> str:
    last = loc[-1]
    if len(loc) > 1:
        return did_you_mean(last, _Consent.model_fields)
    if last in _CLOUD:
        return "a CloudEvent is sent with the content type application/cloudevents+json"
    if last in _OTHER_WORDS:
        return f"it is called '{_OTHER_WORDS[last]}' here"
    return did_you_mean(last, _Plain.model_fields) + "; further fields belong into data"


def _shown(value: object) -> str:
    return f"'{value[:40]}'" if isinstance(value, str) else json.dumps(value, default=str)[:40]
