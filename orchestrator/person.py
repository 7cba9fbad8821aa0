"""One customer as staff see them: who they are, how they may be reached, what they allow, and what is running."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from orchestrator import history
from orchestrator.core.windows import local_words, opening, why_never
from orchestrator.errors import NotFound
from orchestrator.history import Item, Page
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store import person as kept
from orchestrator.store.database import Row, Work
from orchestrator.store.person import Place

CHANNELS = {"email": "E-mail", "text": "Texts", "call": "Calls", "voice": "Automatic calls", "voicemail": "Recorded messages"}
_LEVELS = {"none": "no", "service": "service", "marketing": "service and marketing"}


@dataclass(frozen=True, slots=True)
class Point:
    """A number or an address."""

    kind: str  # phone | email
    value: str
    dead_since: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What they allow on one channel."""

    channel: str
    title: str
    level: str  # in words
    told_at: datetime | None  # when they, or somebody for them, last said so
    stopped: str = ""  # why nothing goes out on it; empty: nothing against it


@dataclass(frozen=True, slots=True)
class Stop:
    """Something they wanted no more of."""

    channel: str
    title: str
    since: datetime
    why: str
    lifted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Running:
    """A follow-up that is going on."""

    id: UUID
    playbook: str
    title: str
    number: int
    subject: str
    started_at: datetime
    gives_up_at: datetime
    held_why: str | None
    next: Item | None


@dataclass(frozen=True, slots=True)
class Hours:
    """Whether calls are allowed there at this moment, as far as the hour goes."""

    open: bool
    words: str


@dataclass(frozen=True, slots=True)
class Person:
    """Everything on their page but the past."""

    id: UUID
    ref: str
    name: str
    locale: str
    zone: str  # that times are shown in
    zones: Sequence[str]
    wish: str  # their own hours, in words; empty: none
    created_at: datetime
    erased_at: datetime | None
    points: Sequence[Point]
    hours: Hours
    allowed: Sequence[Allowed]
    stops: Sequence[Stop]
    stopped: str  # why there is no contact at all; empty: there may be
    paused_since: datetime | None
    paused_by: str
    extra: Sequence[tuple[str, str]]
    running: Sequence[Running]
    coming: Sequence[Item]


def look(parts: Parts, customer: UUID, now: datetime, before: Place | None = None) -> tuple[Person, Page]:
    """A customer and a page of their past. Raises NotFound."""

    def unit(work: Work) -> tuple[Person, Page]:
        in_use = parts.rulebook.refresh(work)
        row = _row(work, customer)
        return _person(work, in_use, row, now), history.page(work, in_use, customer, before)

    return parts.database.run(unit)


def past(parts: Parts, customer: UUID, before: Place | None) -> tuple[str, Page]:
    """Their time zone, and more of the past. Raises NotFound."""

    def unit(work: Work) -> tuple[str, Page]:
        row = _row(work, customer)
        return zone_of(row), history.page(work, parts.rulebook.refresh(work), customer, before)

    return parts.database.run(unit)


def zone_of(row: Row[Any]) -> str:
    """The zone that a customer's times are shown in."""
    return str(row.zones[0]) if row.zones else "UTC"


def _row(work: Work, customer: UUID) -> Row[Any]:
    row = kept.customer(work, customer)
    if row is None:
        raise NotFound("there is no such customer")
    return row


def _person(work: Work, in_use: InUse, row: Row[Any], now: datetime) -> Person:
    stops = [
        Stop(s.channel, "Everything" if s.channel == "all" else CHANNELS.get(s.channel, s.channel), s.since, s.why, s.lifted_at)
        for s in kept.suppressions(work, row.id)
    ]
    live = {s.channel: s.why for s in stops if s.lifted_at is None}
    pause = kept.paused(work, row.id)
    coming = history.coming(work, in_use, row.id)
    here = [Point(kind, value) for kind, value in (("phone", row.phone), ("email", row.email)) if value]
    dead = [Point(d.kind, d.value, d.since, d.why) for d in kept.dead_points(work, row.id)]
    return Person(
        id=row.id,
        ref=row.ref,
        name=row.name or "",
        locale=row.locale or "",
        zone=zone_of(row),
        zones=row.zones,
        wish=row.hours or "",
        created_at=row.created_at,
        erased_at=row.erased_at,
        points=[*here, *dead],
        hours=_hours(in_use, row, now),
        allowed=_allowed(row, live),
        stops=stops,
        stopped=live.get("all", ""),
        paused_since=pause.since if pause is not None else None,
        paused_by=pause.by if pause is not None else "",
        extra=[(str(name), _shown(value)) for name, value in sorted(row.extra.items())],
        running=_running(work, in_use, row.id, coming),
        coming=coming,
    )


def _allowed(row: Row[Any], live: dict[str, str]) -> list[Allowed]:
    names = [name for name in CHANNELS if name in ("email", "text", "call") or name in row.consent or name in live]
    return [
        Allowed(
            name,
            CHANNELS[name],
            _LEVELS.get(row.consent.get(name, ""), "never said" if name not in row.consent else str(row.consent[name])),
            _moment(row.told_at.get(f"consent.{name}")),
            live.get("all") or live.get(name) or "",
        )
        for name in names
    ]


def _hours(in_use: InUse, row: Row[Any], now: datetime) -> Hours:
    house = in_use.house
    windows = tuple(sorted({house.default_windows.get("call", house.never_outside["call"]), house.never_outside["call"]}))
    zones = tuple(row.zones)
    span = opening(house, windows, zones, row.hours, now)
    if span is None:
        return Hours(False, f"no calls: {why_never(house, windows, zones, row.hours)}")
    zone = (zones or house.strictest)[0]
    if span.start <= now:
        return Hours(True, f"calls until {local_words(span.end, zone, now)}")
    return Hours(False, f"no calls until {local_words(span.start, zone, now)}")


def _running(work: Work, in_use: InUse, customer: UUID, coming: Sequence[Item]) -> list[Running]:
    following = {item.run: item for item in reversed(coming)}
    return [
        Running(r.id, r.playbook, history.title_of(in_use, r.playbook), r.number, r.subject, r.started_at, r.gives_up_at, r.held_why,
                following.get(r.id))
        for r in kept.running(work, customer)
    ]  # fmt: skip


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except ValueError:
        return None


def _shown(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)
