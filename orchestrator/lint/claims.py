"""What a condition says about the values of names, as far as that can be told from its text.

A condition becomes the ways in which it can hold, and those in which it can not: each a set of claims about single names.
What cannot be read (`event.note.contains('x')`) is a claim about itself: it holds or not, and the same text always alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any

from orchestrator.language.conditions import TOKEN
from orchestrator.language.lifecycle import FieldType
from orchestrator.lint.values import MISSING, THERE, Values, none_of, one_of

Claim = tuple[tuple[str, Values], ...]  # all of them at once
MOST_WAYS = 16  # of one condition; beyond that it is a claim about itself
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
_OPPOSITE = {"<": ">=", ">": "<=", "<=": ">", ">=": "<", "==": "!=", "!=": "=="}


def ways(source: str, declared: Mapping[str, FieldType], *, holds: bool) -> tuple[Claim, ...]:
    """The ways in which a condition holds (or does not)."""
    return _ways(source, tuple(sorted((n, k.kind) for n, k in declared.items() if n in source)), holds)


def base(declared: Mapping[str, FieldType]) -> dict[str, Values]:
    """What the names may be before anything is asked."""
    values = {}
    for name, kind in declared.items():
        among = frozenset((True, False)) if kind.kind == "boolean" else None
        values[name] = Values(null=kind.optional, among=among)
    values["touch.tries"] = one_of([0.0])  # conditions are asked before there is a touch
    return values


def is_lasting(name: str) -> bool:
    """Whether a name keeps its value for as long as somebody is inside: the event does, the customer's data and answers do not."""
    if name.startswith("⟨"):
        return "customer." not in name.replace("customer.id", "") and "answers." not in name
    return name == "customer.id" or not name.startswith(("customer.", "answers."))


@lru_cache(maxsize=4096)
def _ways(source: str, kinds: tuple[tuple[str, str], ...], holds: bool) -> tuple[Claim, ...]:
    tokens = [t[0] if t.lastgroup != "name" else "".join(t[0].split()) for t in TOKEN.finditer(source) if t.lastgroup != "space"]
    try:
        found = tuple(_read(tokens, dict(kinds), holds))
    except _TooMany:
        found = (_itself(tokens, holds),)
    return found


class _TooMany(Exception):
    """The condition has more ways than are worth looking at."""


def _read(tokens: Sequence[str], kinds: Mapping[str, str], holds: bool) -> list[Claim]:
    if _split(tokens, "?"):
        return [_itself(tokens, holds)]
    for sign, together in (("||", not holds), ("&&", holds)):
        if parts := _split(tokens, sign):
            each = [_read(part, kinds, holds) for part in parts]
            if not together:
                return _bounded([claim for part in each for claim in part])
            if prod(map(len, each)) > MOST_WAYS:
                raise _TooMany
            return [sum(combination, ()) for combination in product(*each)]
    if tokens[:1] == ["("] and _closes(tokens, 0) == len(tokens) - 1:
        return _read(tokens[1:-1], kinds, holds)
    if tokens[:1] == ["!"] and (len(tokens) == 2 or (tokens[1] == "(" and _closes(tokens, 1) == len(tokens) - 1)):
        return _read(tokens[1:], kinds, not holds)
    return [_atom(tokens, kinds, holds)]


def _bounded(claims: list[Claim]) -> list[Claim]:
    if len(claims) > MOST_WAYS:
        raise _TooMany
    return claims


def _split(tokens: Sequence[str], sign: str) -> list[list[str]]:
    """The parts between a sign that stands outside of all brackets; empty when it does not."""
    parts: list[list[str]] = [[]]
    depth = 0
    for word in tokens:
        depth += (word in "([{") - (word in ")]}")
        if word == sign and depth == 0:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts if len(parts) > 1 else []


def _closes(tokens: Sequence[str], opened: int) -> int:
    depth = 0
    for index in range(opened, len(tokens)):
        depth += (tokens[index] in "([{") - (tokens[index] in ")]}")
        if depth == 0:
            return index
    return -1


def _atom(tokens: Sequence[str], kinds: Mapping[str, str], holds: bool) -> Claim:
    """`event.amount >= 500`, `500 <= event.amount`, `event.kind in ["repair"]`, `event.rush`: a claim about one name."""
    if len(tokens) == 1 and kinds.get(tokens[0]) == "boolean":
        return ((tokens[0], one_of([holds])),)
    if len(tokens) > 3 and tokens[1] == "in" and tokens[0] in kinds and tokens[2] == "[" and tokens[-1] == "]":
        listed = [_literal(part, kinds[tokens[0]]) for part in _split([*tokens[3:-1]], ",") or [list(tokens[3:-1])]]
        values = [found[0] for found in listed if found]
        if len(values) == len(listed):
            return ((tokens[0], one_of(values) if holds else none_of(values)),)
    for sign in _OPPOSITE:
        sides = _split(tokens, sign)
        if len(sides) != 2:
            continue
        left, right = sides
        if len(right) == 1 and right[0] in kinds:
            left, right, sign = right, left, _FLIPPED[sign]
        if len(left) == 1 and left[0] in kinds:
            if right == ["null"] and sign in ("==", "!="):
                return ((left[0], MISSING if (sign == "==") == holds else THERE),)
            if value := _literal(right, kinds[left[0]]):
                return ((left[0], _compared(sign if holds else _OPPOSITE[sign], value[0])),)
    return _itself(tokens, holds)


def _compared(sign: str, value: Any) -> Values:
    match sign:
        case "==":
            return one_of([value])
        case "!=":
            return none_of([value])  # what is missing is also something else
        case "<" | "<=":
            return Values(null=False, high=value, high_open=sign == "<")
        case _:
            return Values(null=False, low=value, low_open=sign == ">")


def _literal(tokens: Sequence[str], kind: str) -> tuple[Any] | None:
    """The value that is written there, of the kind that the name has; None when it is no plain value."""
    text = "".join(tokens)
    try:
        if kind == "number" and (len(tokens) == 1 or (len(tokens) == 2 and tokens[0] == "-")):
            return (float(text),)
        if kind == "boolean" and text in ("true", "false"):
            return (text == "true",)
        if kind in ("text", "date") and len(tokens) == 1 and (found := _text(text)) is not None:
            return (found,)
        if kind == "time" and len(tokens) == 4 and tokens[:2] == ["timestamp", "("] and (found := _text(tokens[2])) is not None:
            moment = datetime.fromisoformat(found)
            return (moment,) if moment.tzinfo else None
    except ValueError:
        return None
    return None


def _text(token: str) -> str | None:
    quoted = len(token) >= 2 and token[0] == token[-1] and token[0] in "'\"" and not token.startswith(("'''", '"""'))
    return token[1:-1] if quoted and "\\" not in token else None


def _itself(tokens: Sequence[str], holds: bool) -> Claim:
    return ((f"⟨{' '.join(tokens)}⟩", one_of([holds])),)


def names_of(claims: Sequence[Claim]) -> Iterator[str]:
    """The names that claims are about."""
    for claim in claims:
        for name, _ in claim:
            yield name
