"""JSON as outside systems send it, read strictly: what two readers would understand differently is refused, with its place."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from orchestrator.errors import EventError, Problem

MOST_DEPTH = 50  # an event has four levels; a thousand would overflow somebody's stack, ours or the database's
# PostgreSQL stores neither NUL nor half of a surrogate pair, and cannot say which row had it.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_ESCAPES = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


class Unreadable(EventError):
    """The text is not JSON, or JSON that could be read in two ways: it never became an event."""


def read_json(text: bytes) -> Any:  # Any: JSON is whatever the sender wrote; receiving.py finds out
    """The value in a JSON text. Raises Unreadable, saying what is wrong and where.

    Refused beyond what is no JSON: NaN and Infinity, numbers too large for a float, a key that comes twice in one object, more than
    MOST_DEPTH levels, text that is not UTF-8, NUL and broken surrogate pairs in texts. A byte order mark is passed over.
    """
    text = text.removeprefix(b"\xef\xbb\xbf")
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        where = f"byte {error.start + 1}"
        raise Unreadable(Problem("the text is not UTF-8", "send JSON as UTF-8, without another charset", where)) from None
    try:
        value = _DECODER.decode(decoded)
    except json.JSONDecodeError as error:
        raise Unreadable(_explain(error, text)) from None
    except RecursionError:
        raise Unreadable(_too_deep()) from None
    except ValueError as error:  # an integer of more than 4,300 digits
        raise Unreadable(Problem(f"a number cannot be read: {error}", "send it as a text in quotes")) from None
    # Counting brackets and escapes is cheap; only what could be wrong is walked through.
    if text.count(b"{") + text.count(b"[") > MOST_DEPTH or _ESCAPES.search(text):
        check_storable(value)
    return value


def check_storable(value: object) -> None:
    """Raise Unreadable with the path of a part that no database takes: too deep, NUL, half a character, an infinite number."""
    for path, part in _walk(value):
        if isinstance(part, str):
            if _UNSTORABLE.search(part):
                sign = "NUL (U+0000)" if "\x00" in part else "half of a surrogate pair"
                raise Unreadable(Problem(f"there is {sign} in a text", "leave it out", place_of(path)))
        elif isinstance(part, float):
            if not math.isfinite(part):
                raise Unreadable(
                    Problem("a number is beyond what can be stored", "send a smaller one, or a text", place_of(path))
                )
        elif len(path) >= MOST_DEPTH and isinstance(part, dict | list):
            raise Unreadable(_too_deep())


def place_of(path: Iterable[object]) -> str:
    """A path into an event as people read it: ("customer", "phones", 0) -> "customer.phones.0"."""
    return _UNSTORABLE.sub("?", ".".join(str(p) for p in path))


def _walk(value: object) -> Iterator[tuple[tuple[object, ...], object]]:
    """Every value and key with its path, without recursion."""
    left: list[tuple[tuple[object, ...], object]] = [((), value)]
    while left:
        path, part = left.pop()
        yield path, part
        if len(path) > MOST_DEPTH:
            return
        if isinstance(part, dict):
            for key, inner in part.items():
                yield (*path, key), key
                left.append(((*path, key), inner))
        elif isinstance(part, list):
            left.extend(((*path, index), inner) for index, inner in enumerate(part))


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Unreadable(Problem(f"'{twice}' comes twice in one object", "keep one of them", twice))
    return made


def _constant(name: str) -> Any:
    raise Unreadable(Problem(f"{name} is no JSON", "leave the field out, or send null"))


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise Unreadable(Problem(f"the number {digits[:30]} is too large", "send a smaller one, or a text in quotes"))
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant, parse_float=_float)


def _too_deep() -> Problem:
    return Problem(f"more than {MOST_DEPTH} levels inside each other", "send flat data: lists and objects a few levels deep")


def _explain(error: json.JSONDecodeError, text: bytes) -> Problem:
    place = f"line {error.lineno}, column {error.colno}"
    if not text.strip():
        return Problem("there is no body", "send an event as a JSON object")
    if error.msg.startswith("Invalid control character"):
        return Problem("there is a raw control character in a text", "write a line break as \\n, and leave NUL out", place)
    if error.msg.startswith("Extra data"):
        return Problem("there is more after the end of the JSON value", "send several events as one array: [ {…}, {…} ]", place)
    return Problem(f"this is not JSON: {error.msg[0].lower()}{error.msg[1:]}", "check the quotes and commas there", place)
