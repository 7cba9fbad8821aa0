"""The names that conditions and words may use: what every playbook has, and what its events and scripts add."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from orchestrator.errors import did_you_mean
from orchestrator.language.lifecycle import FieldType, Lifecycle
from orchestrator.language.playbook import Playbook
from orchestrator.language.system_events import SYSTEM_EVENTS

# What is there in every playbook. `event.*` and `answers.*` are added by the playbook, further `customer.*` by lifecycle.yaml.
FIXED: Mapping[str, FieldType] = {
    name: FieldType.parse(kind)
    for name, kind in {
        "customer.id": "text",  # the business's own, "C-77"
        "customer.name": "optional text",
        "customer.first_name": "optional text",  # when the business sends one; names are not taken apart
        "customer.email": "optional text",
        "customer.phone": "optional text",
        "customer.locale": "optional text",
        "customer.time_zone": "optional text",  # the customer's own, when known
        "customer.zone": "text",  # the one that times are shown in
        "subject.id": "text",  # "quote/Q-1042"
        "subject.kind": "text",  # "quote"
        "subject.key": "text",  # "Q-1042"
        "playbook.name": "text",
        "playbook.title": "text",
        "touch.tries": "number",  # which try this is; 0 in conditions, which are asked before there is a touch
    }.items()
}
HOUSE = ("name", "phone", "email", "website", "address")  # house.NAME, for words only: conditions would always say the same
# A survey is answered through a link; its answers are there for every playbook.
SURVEY: Mapping[str, FieldType] = {
    "rating": FieldType.parse("optional number"),
    "comment": FieldType.parse("optional text"),
}


def declared_names(
    playbook: Playbook, lifecycle: Lifecycle, scripts: Sequence[tuple[str, Mapping[str, FieldType]]]
) -> tuple[dict[str, FieldType], list[str]]:
    """The names that conditions and words of a playbook may use, and what contradicts itself.

    A field of the event that some start event does not carry is optional, as is everything about a customer that may be missing.
    """
    starts = [(t, d) for t in playbook.start_types if (d := lifecycle.events.get(t) or SYSTEM_EVENTS.get(t)) is not None]
    event, wrong = _merged([(f"event {t}", d.fields) for t, d in starts], optional_when_missing=True)
    asked = {name for _, answers in scripts for name in answers}
    answers, more = _merged([*scripts, ("surveys", {name: kind for name, kind in SURVEY.items() if name not in asked})])
    customer = {f"customer.{name}": FieldType(kind.kind, optional=True) for name, kind in lifecycle.customer.items()}
    names = {f"event.{n}": k for n, k in event.items()} | {f"answers.{n}": k for n, k in answers.items()}
    return {**customer, **FIXED, **names}, wrong + more


def _merged(
    parts: Sequence[tuple[str, Mapping[str, FieldType]]], *, optional_when_missing: bool = False
) -> tuple[dict[str, FieldType], list[str]]:
    merged: dict[str, FieldType] = {}
    first: dict[str, str] = {}
    wrong = []
    for where, fields in parts:
        for name, kind in fields.items():
            known = merged.get(name)
            if known is not None and known.kind != kind.kind:
                wrong.append(f"'{name}' is a {known.kind} in {first[name]} and a {kind.kind} in {where}")
                continue
            everywhere = not optional_when_missing or all(name in other for _, other in parts)
            optional = kind.optional or not everywhere or (known is not None and known.optional)
            merged[name] = FieldType(kind.kind, optional=optional)
            first.setdefault(name, where)
    return merged, wrong


def which_name(name: str, declared: Iterable[str]) -> str:
    """A hint for a name that is not declared: the one that was meant, or what there is of that kind."""
    names = set(declared)
    group, _, field = name.partition(".")
    fields = {known.partition(".")[2] for known in names if known.startswith(f"{group}.")}
    if not fields:
        return did_you_mean(name, names)
    close = difflib.get_close_matches(field, fields, n=1, cutoff=0.6)  # without the group, which makes all of them look alike
    if close:
        return f"did you mean '{group}.{close[0]}'?"
    shown = [f"{group}.{known}" for known in sorted(fields)]
    return f"known: {', '.join(shown[:8])}{', …' if len(shown) > 8 else ''}"
