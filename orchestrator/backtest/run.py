"""Running a design over history, in memory: the events of a log, or those that the database has stored. Nothing is written."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from orchestrator.core.told import SOURCE
from orchestrator.language.lifecycle import Lifecycle
from orchestrator.mapping import read_map
from orchestrator.parts import Parts
from orchestrator.replay.log import Log
from orchestrator.simulation.arrivals import OPTED_OUT, Arrival, Happening
from orchestrator.simulation.ids import counted_ids
from orchestrator.simulation.outcomes import Outcomes
from orchestrator.simulation.rules import Rules
from orchestrator.simulation.turns import Turns
from orchestrator.simulation.world import World
from orchestrator.store import events as stored
from orchestrator.store import history_events
from orchestrator.store.database import Database, Row, Work

TELL_EVERY = 500  # turns
Tell = Callable[[int, datetime], None]  # events done, what the clock shows


class Source(Protocol):
    """Where events come from; go through them once."""

    def events(self) -> Iterator[Arrival]:
        """In the order received."""

    @property
    def done(self) -> float:
        """The share that has been read, 0 to 1."""

    @property
    def left_out(self) -> Mapping[str, int]:
        """Why rows were left out, and how many."""


def simulate(
    rules: Rules,
    events: Iterable[Arrival],
    outcomes: Outcomes,
    *,
    until: datetime | None = None,
    tell: Tell = lambda done, at: None,
    keep_journal: bool = True,
) -> World:
    """The world after these events, and after all that follows from them. until: nothing later happens."""
    world = World(rules, keep_journal=keep_journal)
    turns = Turns(world, outcomes, until=until)
    told = 0

    def now_and_then(done: int, at: datetime) -> None:
        nonlocal told
        told += 1
        if told % TELL_EVERY == 0:
            tell(done, at)

    turns.play(iter(events), now_and_then)
    tell(turns.receipts.total(), world.now)
    return world


@contextmanager
def from_log(path: Path, map_: Path | None, lifecycle: Lifecycle, *, skip_bad: bool = False) -> Iterator[Source]:
    """The events of a file, as `touchpoint replay` reads it. Raises InputError for a file or map that cannot be used."""
    with Log(path, read_map(map_) if map_ else None, lifecycle, counted_ids(), skip_bad=skip_bad) as log:
        arriving = log.events()
        with closing(arriving):
            yield _FromLog(log, arriving)


def from_database(parts: Parts, since: datetime | None = None, chunk: int = history_events.CHUNK) -> Source:
    """The stored events up to the newest there is now, in the order received. since: none that came before.

    What events said of their customers is not kept: customers are as they are known now. Who wants no more contact today is left
    alone from when they said so. The source may be gone through again, and is the same then, whatever has changed meanwhile. Nobody
    waits for it: a chunk is read in a unit of work of its own, and none is open while its events are dealt with.
    """
    return _FromDatabase(parts.database, since, chunk)


class _FromLog:
    """A log that is being read."""

    def __init__(self, log: Log, arriving: Iterator[Arrival]) -> None:
        self._log, self._arriving = log, arriving

    def events(self) -> Iterator[Arrival]:
        return self._arriving

    @property
    def done(self) -> float:
        return self._log.done

    @property
    def left_out(self) -> Mapping[str, int]:
        return self._log.left_out


class _FromDatabase:
    """The stored events."""

    left_out: Mapping[str, int] = {}  # what is stored can be read

    def __init__(self, database: Database, since: datetime | None, chunk: int) -> None:
        self._database, self._since, self._chunk = database, since, chunk
        self._newest, self._stops = database.run(lambda work: (history_events.newest(work), history_events.opt_outs(work)))
        self._until = self._newest[0] if self._newest is not None else None
        self._seen: list[bytes] = []  # the ids of each chunk that was read, 16 bytes each
        self._last: history_events.Place | None = None  # of these
        self._more = True
        self._said: dict[UUID, Mapping[str, Any]] = {}  # customer -> what is known of them
        self._first: datetime | None = None
        self._at: datetime | None = None

    @property
    def done(self) -> float:
        if self._until is None:
            return 1.0
        if self._first is None or self._at is None:
            return 0.0
        span = self._until - self._first
        return (self._at - self._first) / span if span else 1.0

    def events(self) -> Iterator[Arrival]:
        stops = ((row.since, 0, place, self._stop(row)) for place, row in enumerate(self._stops))
        came = ((e.received_at, 1, place, e) for place, e in enumerate(self._events()))
        return (arrival for _, _, _, arrival in heapq.merge(stops, came))

    def _events(self) -> Iterator[Arrival]:
        for rows in self._chunks():
            for row in rows:
                self._first = self._first or row.received_at
                self._at = row.received_at
                yield replace(stored.as_new(row), customer_said=self._said.get(row.customer_id, row.said))
        self._first, self._at = self._first or self._until, self._until

    def _chunks(self) -> Iterator[Sequence[Row[Any]]]:
        for chunk in tuple(self._seen):
            # by their ids: what was received before the last of them, and stored since they were read, is no part of it
            ids = [UUID(bytes=chunk[at : at + 16]) for at in range(0, len(chunk), 16)]
            yield self._database.run(partial(history_events.these, ids=ids))
        while self._newest is not None and self._more:
            rows = self._database.run(partial(self._read, self._newest))
            self._more = len(rows) == self._chunk
            if rows:
                self._last = rows[-1].received_at, rows[-1].id
                self._seen.append(b"".join(row.id.bytes for row in rows))
                yield rows

    def _read(self, until: history_events.Place, work: Work) -> Sequence[Row[Any]]:
        rows = history_events.received(work, self._since, until, self._last, self._chunk)
        ids = {row.customer_id for row in rows if row.customer_id is not None}
        if unmet := sorted(ids - self._said.keys()):
            self._said |= {row.id: _said(row) for row in history_events.people(work, unmet)}
        return rows

    def _stop(self, row: Row[Any]) -> Arrival:
        data = {"channel": row.channel, "why": row.why}
        name = f"{row.ref}/{row.channel}"
        return Happening(OPTED_OUT, f"customer/{row.ref}", row.since, data, {"id": row.ref}, named=name, source=SOURCE)


def _said(row: Row[Any]) -> Mapping[str, Any]:
    """What a row says of a customer, as an event would say it."""
    plain = {name: getattr(row, name) for name in ("name", "email", "phone", "locale", "time_zone", "country", "hours")}
    return {**row.extra, "id": row.ref, **{k: v for k, v in plain.items() if v is not None}, "consent": dict(row.consent)}
