"""pydantic's errors in the words of the people who write the files: what is wrong, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag

from orchestrator.errors import Problem, did_you_mean

if TYPE_CHECKING:
    from orchestrator.language.source import Loc, Source

# What a text with this pattern is called, and how to write one.
_PATTERNS = {
    r"^[a-z0-9]+(-[a-z0-9]+)*$": ("name", "small letters, digits and hyphens, e.g. quote-check-in"),
    r"^([a-z0-9]+(-[a-z0-9]+)*|event\.[a-z][a-z0-9_]*)$": (
        "queue",
        "a queue of house-rules.yaml, e.g. sales, or a field, e.g. event.team",
    ),
    r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$": ("event type", "small letters and dots, e.g. quote.sent"),
    r"^[a-z][a-z0-9_]*$": ("field name", "small letters, digits and underscores, e.g. due_on"),
    r"^[A-Z]{2}$": ("country", "two capital letters, e.g. US"),
    r"^\+[1-9]\d{6,14}$": ("telephone number", "with + and the country before it, e.g. +13125550100"),
    r"^[0-9]$": ("key of a telephone", "one digit, e.g. keys: {1: speak}"),
    r"^https://[^\s{}<>\"']+$": ("web address", "it begins with https://, e.g. https://example.com/message.mp3"),
    r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$": ("country", "two capital letters, with a region if need be, e.g. US or DE-BY"),
}
_KINDS = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list, whose lines start with '- '",
    "dict_type": "lines 'key: value' below it",
    "model_type": "lines 'key: value' below it",
    "model_attributes_type": "lines 'key: value' below it",
    "date_type": "a date such as 2026-12-24",
    "date_parsing": "a date such as 2026-12-24",
    "date_from_datetime_parsing": "a date such as 2026-12-24",
}


def explain(error: Any, model: type[BaseModel], source: Source) -> Problem:
    """One pydantic error (a dict of ValidationError.errors()) as a Problem at its line and column."""
    kind, loc, given, ctx = error["type"], tuple(error["loc"]), error["input"], error.get("ctx") or {}
    names_key = loc[-1:] == ("[key]",)
    if names_key:
        loc = loc[:-1]
    if "key" in ctx and isinstance(given, dict) and ctx["key"] in given:
        loc = (*loc, ctx["key"])  # a check over a whole model says which of its keys to look at
    name = str(loc[-1]) if kind in ("missing", "extra_forbidden") else _key(source.real(loc)[0])
    problem, hint = _words(kind, name, loc, given, ctx, model)
    return source.problem(loc, problem, hint, key=names_key or kind == "extra_forbidden" or "key" in ctx)


def _key(path: Loc) -> str:
    """The last key on the way to a value."""
    return next((part for part in reversed(path) if isinstance(part, str)), "the file")


def _words(kind: str, last: str, loc: Loc, given: object, ctx: dict[str, Any], model: type[BaseModel]) -> tuple[str, str]:
    if "problem" in ctx:  # our own: it says what and what to do
        return str(ctx["problem"]), str(ctx.get("hint", ""))
    match kind:
        case "missing":
            return f"'{last}' is missing", _description(model, loc)
        case "extra_forbidden":
            if given is None and not last.replace("-", "_").isidentifier():  # {says: $1,850.00}: YAML parts it at the comma
                return f"'{last}' is not known here", "a text with a comma in it stands in quotes"
            return f"'{last}' is not known here", did_you_mean(last, known_keys(model, loc[:-1]))
        case "value_error":
            return str(ctx.get("error", "")), ""
        case "literal_error":
            known = [word.strip(" '") for word in str(ctx["expected"]).replace(" or ", ", ").split(", ")]
            return f"{_shown(given)} is not possible here", did_you_mean(str(given), known)
        case "string_pattern_mismatch":
            what, hint = _PATTERNS.get(str(ctx["pattern"]), ("text of the right form", f"pattern: {ctx['pattern']}"))
            return f"{_shown(given)} is not a{'n' if what[0] in 'aeio' else ''} {what}", hint
        case "string_too_long" | "string_too_short" | "too_long" | "too_short":
            return _length(kind, last, ctx)
        case "greater_than_equal":
            return f"{_shown(given)} is too small", f"at least {ctx['ge']}"
        case "less_than_equal":
            return f"{_shown(given)} is too large", f"at most {ctx['le']}"
        case "step_kind":
            return _not_a_step(given)
    if kind in _KINDS:
        if given is None:
            return f"'{last}' has no value", f"it must be {_KINDS[kind]}"
        return f"{_shown(given)} does not fit here", f"it must be {_KINDS[kind]}"
    return f"{_shown(given)} does not fit here", kind.replace("_", " ")


def _length(kind: str, last: str, ctx: dict[str, Any]) -> tuple[str, str]:
    unit = "characters" if kind.startswith("string") else "entries"
    if kind.endswith("long"):
        return f"'{last}' is too long", f"at most {ctx['max_length']} {unit}"
    return (
        (f"'{last}' is empty", "")
        if ctx["min_length"] == 1
        else (f"'{last}' is too short", f"at least {ctx['min_length']} {unit}")
    )


STEP_KEYS = ("touchpoint", "wait", "wait_for", "if", "split")
STEP_WORDS = ("continue", "again", "exit", "goal")


def _not_a_step(given: object) -> tuple[str, str]:
    if isinstance(given, dict) and given:
        first = next(iter(given))
        hint = did_you_mean(str(first), STEP_KEYS)
        if "did you mean" in hint:
            return f"a step cannot start with '{first}'", hint
    return "this is no step", f"a step has one of {', '.join(STEP_KEYS)}, or is one of the words {', '.join(STEP_WORDS)}"


def _shown(given: object) -> str:
    if isinstance(given, dict):
        return "a block of 'key: value' lines"
    if isinstance(given, list):
        return "a list"
    if given is None:
        return "nothing"
    text = str(given).lower() if isinstance(given, bool) else str(given)
    return f"'{text[:60]}{'…' if len(text) > 60 else ''}'"


def known_keys(model: type[BaseModel], loc: Sequence[int | str]) -> set[str]:
    """The keys that the model at `loc` may have."""
    return {info.alias or name for found in _models_at(model, loc) for name, info in found.model_fields.items()}


def _description(model: type[BaseModel], loc: Loc) -> str:
    """What the missing key is for, as its field says."""
    for found in _models_at(model, loc[:-1]):
        for name, info in found.model_fields.items():
            if loc[-1] in (name, info.alias):
                return info.description or ""
    return ""


def _models_at(model: type[BaseModel], loc: Sequence[int | str]) -> list[type[BaseModel]]:
    kinds: list[Any] = [model]
    for part in loc:
        kinds = [inner for kind in kinds for inner in _inside(kind, part)]
    return [m for kind in kinds for m in _models(kind)]


def _inside(kind: Any, part: int | str) -> Iterator[Any]:
    """What stands behind one part of a pydantic location, within an annotation."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        yield from _inside(args[0], part)
    elif origin in (Union, UnionType):
        tagged = [a for a in args if any(isinstance(m, Tag) and m.tag == part for m in getattr(a, "__metadata__", ()))]
        if tagged:
            yield from tagged
        else:
            for arg in args:
                yield from _inside(arg, part)
    elif origin is list and isinstance(part, int):
        yield args[0]
    elif origin is dict:
        yield args[1]
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, info in kind.model_fields.items():
            if part in (name, info.alias):
                yield info.annotation


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        yield from _models(args[0])
    elif origin in (Union, UnionType):
        for arg in args:
            yield from _models(arg)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
