"""Two values of one model, field by field, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from pydantic import BaseModel

from orchestrator.language.difference.nouns import NOUNS
from orchestrator.language.difference.sentence import listed, quoted, say
from orchestrator.language.house_rules import WEEKDAYS, Cap, Shift, Window
from orchestrator.language.playbook import Attempts, Escalates, Repeat

Said = tuple[str, str]  # (model and field, what is another)


def fields(old: BaseModel, new: BaseModel, but: Collection[str] = ()) -> Iterator[Said]:
    """What is another in each field of two models of one kind, e.g. ("Touchpoint.queue", "the queue changes from sales to leads")."""
    nouns = NOUNS[type(old)]
    for name in type(old).model_fields:
        before, after = getattr(old, name), getattr(new, name)
        if name not in but and before != after:
            for field, text in values(nouns[name], before, after):
                yield field or f"{type(old).__name__}.{name}", text


def values(noun: str, before: object, after: object) -> Iterator[tuple[str, str]]:
    """The same of two values; the field is empty where it is the value itself that differs."""
    match before, after:
        case (BaseModel(), BaseModel()) if type(before) is type(after) and not isinstance(before, Window | Cap | Shift):
            inside = isinstance(before, Attempts | Repeat | Escalates)  # their own nouns say enough
            for field, text in fields(before, after):
                yield field, text if inside else f"{noun}: {text}"
        case (Mapping(), Mapping()):
            yield from _keys(noun, before, after)
        case (list() | tuple(), list() | tuple()) if not isinstance(before, str):
            yield from (("", text) for text in _entries(noun, before, after))
        case _:
            yield "", change(noun, before, after)


def change(noun: str, before: object, after: object) -> str:
    """ "the queue changes from sales to leads"."""
    many = _is_many(noun)
    if not noun.startswith("the "):  # "how long it may wait"
        if not _there(after):
            return f"{noun}: not said any more; it was {shown(before)}"
        return f"{noun}: {shown(after)}, before {shown(before)}" if _there(before) else f"{noun}: now {shown(after)}"
    if not _there(before):
        return f"{noun} {'are' if many else 'is'} now {shown(after)}"
    if not _there(after):
        return f"{noun} {'are gone; they were' if many else 'is gone; it was'} {shown(before)}"
    return f"{noun} {'change' if many else 'changes'} from {shown(before)} to {shown(after)}"


def _is_many(noun: str) -> bool:
    word = noun.removeprefix("the ").split(" ", 1)[0]
    return word.endswith("s") and not word.endswith("ss")


def shown(value: object) -> str:
    """A value in a sentence; words stand in quotation marks."""
    match value:
        case Window():
            return hours(value)
        case Cap():
            return f"{value.most} {value.of + 's' if value.of else 'contacts'} a {value.per}"
        case Shift():
            return f"{value.people:g} on {value.days} from {value.hours}"
        case str() if " " in value or len(value) > 60 or value.endswith((".", "?", "!", ",", ";", ":")):
            return quoted(value)
    return say(value)


def hours(window: Window) -> str:
    """A contact window: "mon-fri 09:00-17:30, closed on holidays"."""
    runs: list[tuple[int, int, str]] = []
    for day, spans in enumerate(window.week):
        said = " and ".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in spans)
        if runs and runs[-1][2] == said:
            runs[-1] = (runs[-1][0], day, said)
        else:
            runs.append((day, day, said))
    days = [f"{WEEKDAYS[a]}{'-' + WEEKDAYS[b] if b > a else ''} {said}" for a, b, said in runs if said]
    return f"{', '.join(days) or 'never'}, {window.on_holidays} on holidays"


def _there(value: object) -> bool:
    return value is not None and value not in ("", [], {}, ())


def _keys(noun: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for key in [*before, *(k for k in after if k not in before)]:
        named = noun.format(key) if "{}" in noun else f"{noun} {key}"
        if key not in after:
            yield "", f"{named} is gone"
        elif key not in before:
            yield "", f"{named} is new: {shown(after[key])}"
        elif before[key] != after[key]:
            yield from values(named, before[key], after[key])
    if list(before) != list(after) and dict(before) == dict(after):
        yield "", f"{noun.replace(' {}', 's')} are in another order"


def _entries(noun: str, before: Sequence[object], after: Sequence[object]) -> Iterator[str]:
    gone = [shown(one) for one in before if one not in after]
    new = [shown(one) for one in after if one not in before]
    if new:
        yield f"{noun}: now also {listed(new)}"
    if gone:
        yield f"{noun}: no longer {listed(gone)}"
    if not new and not gone:
        yield f"{noun}: now {listed([shown(one) for one in after])}, before {listed([shown(one) for one in before])}"
