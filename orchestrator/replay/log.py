"""A log, read row by row into events that arrive in the order of the file; nothing of it is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, cast

from orchestrator.cloudevents import unpacked
from orchestrator.errors import EventError, InputError, Problem
from orchestrator.ids import NewId
from orchestrator.language.lifecycle import Lifecycle
from orchestrator.mapping import Map
from orchestrator.receiving import read_event
from orchestrator.rows import Row, Rows
from orchestrator.store.events import NewEvent

LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)
MOST_SHOWN = 5  # rows left out that are told one by one


class Log:
    """One log with its map, inside `with`; go through it once."""

    def __init__(self, path: Path, map_: Map | None, lifecycle: Lifecycle, new_id: NewId, *, skip_bad: bool = False) -> None:
        """map_: None for lines of JSON that are events already. skip_bad: leave out rows that cannot be read, and count them."""
        self._map, self._lifecycle, self._new_id, self._skip_bad = map_, lifecycle, new_id, skip_bad
        self._rows = Rows(path)
        self._path = path
        self.rows = 0
        self.left_out: Counter[str] = Counter()  # "not kept by the map", "not readable"
        self.bad: list[Problem] = []  # the first few
        try:
            if (header := self._rows.header()) is not None:
                if map_ is None:
                    raise InputError(
                        Problem("a CSV file needs a map", "say with --map which column is what; docs/replay.md has one")
                    )
                map_.check_columns(header)
        except InputError as error:
            self._rows.__exit__()
            raise InputError(Problem(p.problem, p.hint, str(path)) for p in error.problems) from None

    @property
    def done(self) -> float:
        """The share of the file that has been read, 0 to 1."""
        return self._rows.position / self._rows.size if self._rows.size else 1.0

    def events(self) -> Generator[NewEvent]:
        """The events, each received when it occurred; one that stands after a later one arrives late, at the moment of that one.

        Raises InputError with the number of the first row that cannot be read, unless such rows are skipped.
        """
        latest = LONG_AGO
        with closing(cast("Generator[Row]", iter(self._rows))) as rows:  # before the file is, when somebody stops halfway
            for row in rows:
                self.rows += 1
                try:
                    event = self._read(row, latest)
                except EventError as error:
                    self._refuse(row, error)
                    continue
                if event is None:
                    self.left_out["not kept by the map"] += 1
                    continue
                latest = event.received_at
                yield event

    def _read(self, row: Row, latest: datetime) -> NewEvent | None:
        if row.problem is not None:
            raise EventError(row.problem)
        raw = self._map.event(row.values) if self._map is not None else unpacked(row.values)
        if raw is None:
            return None
        if isinstance(raw, EventError):
            raise raw
        received_at = max(_occurred(raw), latest)
        return read_event(raw, lifecycle=self._lifecycle, received_at=received_at, new_id=self._new_id).event

    def _refuse(self, row: Row, error: EventError) -> None:
        where = f"{self._path}, row {row.number}"
        problems = [Problem(p.problem, p.hint, f"{where}: {p.place}" if p.place else where) for p in error.problems]
        if not self._skip_bad:
            hint = Problem(
                "the replay stopped there", "mend the row or the map, or leave such rows out with --skip-bad", str(self._path)
            )
            raise InputError([*problems, hint])
        self.left_out["not readable"] += 1
        self.bad += problems[: MOST_SHOWN - len(self.bad)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.__exit__()


def _occurred(raw: Mapping[str, Any]) -> datetime:
    """When the event says that it happened; long ago when it says nothing that can be read, which is then refused with its reason."""
    try:
        return datetime.fromisoformat(str(raw.get("time"))).astimezone(UTC)
    except (ValueError, OverflowError):
        return LONG_AGO
