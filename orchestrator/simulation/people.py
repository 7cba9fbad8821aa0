"""The customers of a simulation: what is said of them, whom to leave alone, and what reached them of late."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from orchestrator.core.merging import Said, blank, merge_one
from orchestrator.core.model import Contact, Customer
from orchestrator.core.policies.caps import LOOKS_BACK
from orchestrator.core.zones import candidate_zones

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Person:
    """One customer."""

    row: dict[str, Any]  # as core.merging keeps it
    suppressed: dict[str, str] = field(default_factory=dict)
    dead: frozenset[tuple[str, str]] = frozenset()
    contacts: list[Contact] = field(default_factory=list)
    latest: datetime = _LONG_AGO  # of all that was said
    last: Mapping[str, Any] | None = None  # what was said then, when every word of it counts
    again: datetime | None = None  # when the very same was said later


class People:
    """Everybody who was met."""

    def __init__(self, new_id: Callable[[], UUID]) -> None:
        self._new_id = new_id
        self._by_ref: dict[str, _Person] = {}
        self._by_id: dict[UUID, _Person] = {}
        self.customers: dict[UUID, Customer] = {}  # as the core sees them

    def hear(self, said: Mapping[str, Any], at: datetime) -> UUID:
        """What an event that occurred then says of its customer; answers our id."""
        ref = said["id"]
        person = self._by_ref.get(ref)
        if person is None:
            person = _Person(blank(ref, self._new_id()))
            self._keep(person)
        if said == person.last and at >= person.latest:  # most events say nothing new, and there are many
            person.latest = person.again = at
        else:
            self._merge(person, said, at)
        id_: UUID = person.row["id"]
        return id_

    def one(self, id_: UUID) -> Customer:
        """A customer by our own id."""
        return self.customers[id_]

    def by_ref(self, ref: str) -> Customer | None:
        """A customer by the business's own id."""
        person = self._by_ref.get(ref)
        return self.customers[person.row["id"]] if person is not None else None

    def suppress(self, id_: UUID, channel: str, why: str) -> bool:
        """No more contact on that channel ("all": on none). Answers False when that was so already."""
        person = self._by_id[id_]
        if channel in person.suppressed:
            return False
        person.suppressed[channel] = why
        self._show(person)
        return True

    def forget_contact_point(self, id_: UUID, column: Literal["email", "phone"], value: str | None) -> None:
        """It is nobody's: it goes, and no later event brings it back. A newer one is left alone."""
        person = self._by_id[id_]
        value = value if value is not None else person.row[column]
        if value is None:
            return
        self._catch_up(person)
        person.last = None
        person.dead |= {(column, value)}
        if person.row[column] == value:
            person.row[column] = None
            self._show(person)

    def reached(self, id_: UUID, channel: str, at: datetime) -> None:
        """Something took effect."""
        self._by_id[id_].contacts.append(Contact(channel, at))

    def contacts(self, id_: UUID, now: datetime) -> list[Contact]:
        """What reached this customer of late, as far back as caps look."""
        person, since = self._by_id[id_], now - LOOKS_BACK
        if person.contacts and person.contacts[0].at <= since:
            person.contacts = [c for c in person.contacts if c.at > since]
        return list(person.contacts)

    def _merge(self, person: _Person, said: Mapping[str, Any], at: datetime) -> None:
        self._catch_up(person)
        fields = {k: v for k, v in said.items() if k != "id"}
        if fields and merge_one(person.row, Said(said["id"], at, fields), candidate_zones, person.dead):
            self._show(person)
        person.last = said if at >= person.latest and not person.dead else None
        person.latest = max(at, person.latest)

    def _catch_up(self, person: _Person) -> None:
        """Keep when the same was said again, before something else is."""
        if person.again is not None and person.last is not None:
            fields = {k: v for k, v in person.last.items() if k != "id"}
            merge_one(person.row, Said(person.row["ref"], person.again, fields), candidate_zones, person.dead)
            person.again = None

    def _keep(self, person: _Person) -> None:
        self._by_ref[person.row["ref"]] = self._by_id[person.row["id"]] = person
        self._show(person)

    def _show(self, person: _Person) -> None:
        row = person.row
        self.customers[row["id"]] = Customer(
            row["id"], row["ref"], row["name"], row["email"], row["phone"], row["locale"], row["time_zone"], tuple(row["zones"]),
            row["hours"], dict(row["consent"]), dict(person.suppressed), dict(row["extra"]),
        )  # fmt: skip
