"""What a template may do with a value: Liquid's own filters that are safe here, and three for people: money, day, clock.

Safe means: bounded, without a clock (Liquid's `date` reads it for 'now'), without a random. A filter's result is capped because
Liquid does not: `{{ (1..3000000) | join: ',' }}` would take a second and 250 MB.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_currency
from liquid import RenderContext
from liquid.exceptions import FilterArgumentError, ResourceLimitError
from liquid.filter import flatten

FROM_LIQUID = (
    "abs", "append", "at_least", "at_most", "capitalize", "ceil", "compact", "default", "divided_by", "downcase", "first", "floor",
    "join", "last", "lstrip", "minus", "modulo", "plus", "prepend", "remove", "remove_first", "replace", "replace_first", "reverse",
    "round", "rstrip", "size", "slice", "sort", "split", "squish", "strip", "strip_newlines", "times", "truncate", "truncatewords",
    "uniq", "upcase", "url_encode",
)  # fmt: skip
MOST = 20_000  # characters or entries of one result
MOST_RANGE = 1_000
DEFAULT_LOCALE = "en_US"  # for customers whose language is not known
_SPACES = str.maketrans(
    {"\u00a0": " ", "\u202f": " "}
)  # either would double the price of a text message: it leaves the GSM alphabet

Filter = Callable[..., Any]


def filters(liquid: Mapping[str, Filter]) -> dict[str, Filter]:
    """Every filter that templates may use, each with its guard. liquid: the engine's own."""
    own: dict[str, Filter] = {"money": _money, "day": _day, "clock": _clock}
    for filter_ in own.values():
        filter_.with_context = True  # type: ignore[attr-defined]  # the engine's mark: it passes `context`
    at_least: dict[str, Callable[..., int]] = {"replace": _of_replaced, "join": _of_joined}
    return {name: _guarded(f, at_least.get(name)) for name, f in ({n: liquid[n] for n in FROM_LIQUID} | own).items()}


def _guarded(filter_: Filter, at_least: Callable[..., int] | None) -> Filter:
    """The filter with its limits. at_least: how long its result becomes, where arguments within the limits make it far longer."""

    @functools.wraps(filter_)  # keeps the engine's marks
    def guarded(left: object, *args: Any, **kwargs: Any) -> Any:
        if isinstance(left, range) and len(left) > MOST_RANGE:
            raise ResourceLimitError(f"a range of more than {MOST_RANGE}", token=None)
        if at_least is not None and at_least(left, *args, **kwargs) > MOST:  # 20,000 times 20,000 is 400 MB before it is refused
            raise _too_long()
        result = filter_(left, *args, **kwargs)
        if isinstance(result, str | list | tuple) and len(result) > MOST:
            raise _too_long()
        if isinstance(result, int | float) and not -(10**18) < result < 10**18:  # also infinity and NaN
            raise ResourceLimitError("a number of more than 18 digits", token=None)
        return result

    return guarded


def _too_long() -> ResourceLimitError:
    return ResourceLimitError(f"a value of more than {MOST:,} characters", token=None)


def _of_replaced(val: object, seq: object = "", sub: object = "") -> int:
    """Named like the engine's arguments: templates may name them too."""
    text, gone, there = "" if val is None else str(val), str(seq), str(sub)
    return len(text) + text.count(gone) * (len(there) - len(gone))


def _of_joined(left: object, separator: object = " ", **_: object) -> int:
    """Of the separators alone: the entries are no longer than they were."""
    entries = len(flatten(left)) if isinstance(left, list | tuple) else len(left) if isinstance(left, range) else 1
    return (entries - 1) * len(str(separator))


def _money(amount: object, currency: object = None, *, context: RenderContext) -> str:
    """1850 -> "$1,850.00", as the customer's language writes it."""
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        raise FilterArgumentError(f"money: {_short(amount)} is not a number", token=None)
    if not isinstance(currency, str) or len(currency) != 3 or not currency.isalpha():
        raise FilterArgumentError(f"money: {_short(currency)} is not a currency such as USD", token=None)
    return _format_money(amount, currency.upper(), _locale(context))


def _day(moment: object, *, context: RenderContext) -> str:
    """ "2026-11-24T10:00:00-06:00" -> "Tuesday, November 24", the customer's own day."""
    if isinstance(moment, str) and len(moment) == 10:
        try:
            return _format_day(date.fromisoformat(moment), _locale(context))
        except ValueError:
            raise FilterArgumentError(f"day: {_short(moment)} is not a date", token=None) from None
    return _format_day(_local("day", moment, context).date(), _locale(context))


def _clock(moment: object, *, context: RenderContext) -> str:
    """ "2026-11-24T10:00:00-06:00" -> "10:00 AM" where the customer lives."""
    local = _local("clock", moment, context)
    return _format_clock(local.hour, local.minute, _locale(context))


def _local(name: str, moment: object, context: RenderContext) -> datetime:
    customer: Any = context.globals.get("customer") or {}
    zone = customer.get("zone")
    try:
        instant = moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)  # type: ignore[arg-type]  # TypeError is caught
        if instant.tzinfo is None:
            raise ValueError("no zone")
        return instant.astimezone(ZoneInfo(zone))
    except (ValueError, TypeError):
        raise FilterArgumentError(f"{name}: {_short(moment)} is not a time with its zone", token=None) from None
    except (ZoneInfoNotFoundError, OSError):
        raise FilterArgumentError(f"{name}: there is no time zone {_short(zone)}", token=None) from None


def _locale(context: RenderContext) -> str:
    customer: Any = context.globals.get("customer") or {}
    return str(customer.get("locale") or DEFAULT_LOCALE)


# The answers depend on the arguments alone; babel takes 15 to 60 µs for each, a batch of messages asks for the same ones.
@functools.lru_cache(maxsize=4_096)
def _format_money(amount: float, currency: str, locale: str) -> str:
    return format_currency(amount, currency, locale=_known_locale(locale)).translate(_SPACES)


@functools.lru_cache(maxsize=4_096)
def _format_day(day: date, locale: str) -> str:
    known = _known_locale(locale)
    return format_date(day, _day_pattern(known), known).translate(_SPACES)


@functools.lru_cache(maxsize=4_096)
def _format_clock(hour: int, minute: int, locale: str) -> str:
    return format_time(time(hour, minute), format="short", locale=_known_locale(locale)).translate(_SPACES)


def _day_pattern(locale: Locale) -> str:
    """Weekday, day and month in the order of the language, all written out: "EEEE, MMMM d"."""
    patterns = locale.datetime_skeletons
    pattern = next((patterns[name] for name in ("MMMMEEEEd", "MMMMEd", "MMMEd") if name in patterns), "EEEE, MMMM d")
    text = getattr(pattern, "pattern", pattern)
    return re.sub(r"(?<!M)MMM(?!M)", "MMMM", re.sub(r"E+|c+", "EEEE", text))


@functools.lru_cache(maxsize=256)
def _known_locale(name: str) -> Locale:
    """The locale, or that of its language, or English: "en-GB" and "en_GB" are the same."""
    parts = name.replace("-", "_").split("_")
    for candidate in ("_".join(parts), parts[0], DEFAULT_LOCALE):
        try:
            return Locale.parse(candidate)
        except (ValueError, TypeError, UnknownLocaleError):
            continue
    raise AssertionError(DEFAULT_LOCALE)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
