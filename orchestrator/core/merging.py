"""What events say of a customer, put together so that the newest word about each field wins. Pure: rows as plain dicts.

The database and the simulation keep the same row: the plain COLUMNS, `consent`, `extra`, `zones`, and in `told_at` when each field
was said last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

COLUMNS = ("name", "email", "phone", "locale", "time_zone", "country", "hours")  # plain fields; the rest is `extra`
Dead = frozenset[tuple[str, str]]  # contact points of a customer that turned out to be nobody's: ("phone", "+1…")
ZonesOf = Callable[[str | None, str | None, str | None], tuple[str, ...]]  # core.zones.candidate_zones


@dataclass(frozen=True, slots=True)
class Said:
    """What one event says about a customer: only the fields it carries."""

    ref: str
    at: datetime  # when the event occurred
    fields: Mapping[str, Any] = field(default_factory=dict)  # COLUMNS, consent (a mapping), or anything else


def blank(ref: str, id_: UUID) -> dict[str, Any]:
    """A customer of whom nothing is known but the business's own id."""
    return {
        "id": id_,
        "ref": ref,
        **dict.fromkeys(COLUMNS),
        "zones": [],
        "consent": {},
        "extra": {},
        "told_at": {},
        "name_key": None,
        "family_key": None,
    }


def merge_one(row: dict[str, Any], said: Said, zones_of: ZonesOf, buried: Dead) -> bool:
    """Take over the fields that this event knows newer. Answers whether anything changed."""
    at = said.at.astimezone(UTC).isoformat(timespec="microseconds")
    told: dict[str, str] = row["told_at"]
    changed = False
    for key, value in _flat(said.fields):
        if told.get(key, "") > at or (key in ("email", "phone") and (key, value) in buried):
            continue  # something newer was said before, or it is known to lead nowhere
        if _get(row, key) != value:
            _set(row, key, value)
            changed = True
        if told.get(key) != at:  # also when the value is the same: else an event from in between could undo it later
            told[key] = at
            changed = True
    if changed:
        row |= found_by(row["name"])
        row["zones"] = list(zones_of(row["time_zone"], row["country"], row["phone"]))
    return changed


def found_by(name: str | None) -> dict[str, str | None]:
    """What the search compares with."""
    words = name.lower().split() if name else []
    return {"name_key": " ".join(words)[:80], "family_key": words[-1][:80]} if words else {"name_key": None, "family_key": None}


def _flat(fields: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for key, value in fields.items():
        if key == "consent":
            for channel, level in value.items():
                yield f"consent.{channel}", level
        else:
            yield key, value


def _get(row: Mapping[str, Any], key: str) -> Any:
    if key.startswith("consent."):
        return row["consent"].get(key[8:])
    return row[key] if key in COLUMNS else row["extra"].get(key)


def _set(row: dict[str, Any], key: str, value: Any) -> None:
    if key.startswith("consent."):
        row["consent"][key[8:]] = value
    elif key in COLUMNS:
        row[key] = value
    else:
        row["extra"][key] = value
