"""Running a design over history, in memory: the events of a log, or those that the database has stored. Nothing is written."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from orchestrator.core.told import SOURCE
from orchestrator.language.lifecycle import Lifecycle
from orchestrator.mapping import read_map
from orchestrator.parts import Parts
from orchestrator.replay.log import Log
from orchestrator.replay.run import counted_ids
from orchestrator.simulation.arrivals import OPTED_OUT, Arrival, Happening
from orchestrator.simulation.outcomes import Outcomes
from orchestrator.simulation.rules import Rules
from orchestrator.simulation.turns import Turns
from orchestrator.simulation.world import World
from orchestrator.store import events as stored
from orchestrator.store import history_events
from orchestrator.store.database import Row, Work

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


@contextmanager
def from_database(parts: Parts, since: datetime | None = None) -> Iterator[Source]:
    """The stored events, in the order received. since: none that came before.

    What events said of their customers is not kept: customers are as they are known now. Who wants no more contact today is left
    alone from when they said so.
    """
    with parts.database.work() as work:
        yield _FromDatabase(work, since)


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

    def __init__(self, work: Work, since: datetime | None) -> None:
        self._work, self._since = work, since
        self._total = history_events.count(work, since)
        self._read = 0
        self._said: dict[UUID, Mapping[str, Any]] = {}  # customer -> what is known of them

    @property
    def done(self) -> float:
        return self._read / self._total if self._total else 1.0

    def events(self) -> Iterator[Arrival]:
        stops = ((row.since, 0, place, self._stop(row)) for place, row in enumerate(history_events.opt_outs(self._work)))
        came = ((e.received_at, 1, place, e) for place, e in enumerate(self._events()))
        return (arrival for _, _, _, arrival in heapq.merge(stops, came))

    def _events(self) -> Iterator[Arrival]:
        rows: list[Row[Any]] = []
        for row in history_events.received(self._work, self._since):
            rows.append(row)
            if len(rows) == history_events.CHUNK:
                yield from self._told(rows)
                rows = []
        yield from self._told(rows)

    def _told(self, rows: list[Row[Any]]) -> Iterator[Arrival]:
        self._meet({row.customer_id for row in rows if row.customer_id is not None})
        for row in rows:
            self._read += 1
            yield replace(stored.as_new(row), customer_said=self._said.get(row.customer_id, row.said))

    def _stop(self, row: Row[Any]) -> Arrival:
        data = {"channel": row.channel, "why": row.why}
        name = f"{row.ref}/{row.channel}"
        return Happening(OPTED_OUT, f"customer/{row.ref}", row.since, data, {"id": row.ref}, named=name, source=SOURCE)

    def _meet(self, ids: set[UUID]) -> None:
        if unmet := sorted(ids - self._said.keys()):
            self._said |= {row.id: _said(row) for row in history_events.people(self._work, unmet)}


def _said(row: Row[Any]) -> Mapping[str, Any]:
    """What a row says of a customer, as an event would say it."""
    plain = {name: getattr(row, name) for name in ("name", "email", "phone", "locale", "time_zone", "country", "hours")}
    return {**row.extra, "id": row.ref, **{k: v for k, v in plain.items() if v is not None}, "consent": dict(row.consent)}
