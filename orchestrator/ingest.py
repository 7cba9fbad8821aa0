"""A file of events, taken in row by row: what is wrong is put aside with its reason, and an interruption costs nothing."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from orchestrator.accepting import Answer, Raw, accept
from orchestrator.cloudevents import unpacked
from orchestrator.errors import EventError, InputError, Problem
from orchestrator.mapping import Map
from orchestrator.parts import Parts
from orchestrator.rows import Row, Rows
from orchestrator.store import marks

Progress = Callable[[int, int], None]  # bytes read, bytes in the file


@dataclass(slots=True)
class Tally:
    """What became of the rows of a file."""

    before: int = 0  # rows that an earlier run has done
    rows: int = 0  # rows of this run
    left_out: int = 0  # rows whose event type the map does not keep
    by_status: Counter[str] = field(default_factory=Counter)  # accepted, repeated, later, conflict, refused
    warned: Counter[str] = field(default_factory=Counter)  # field -> how many events had a warning about it
    rejected_file: Path | None = None

    @property
    def rejected(self) -> int:
        """Rows of which nothing was stored."""
        return self.by_status["conflict"] + self.by_status["refused"]


def ingest(
    parts: Parts,
    path: Path,
    *,
    map_: Map | None = None,
    source: str | None = None,
    backfill: bool = False,
    batch: int = 500,
    again: bool = False,
    progress: Progress = lambda done, size: None,
) -> Tally:
    """Take in a file, in its order. Rows that were taken in before are passed over, unless `again`.

    source: for events that name none; with a map, instead of the map's. Rejected rows go to FILE.rejected.jsonl, with their problems.
    """
    mark = _fingerprint(path, map_, source, backfill=backfill)
    if again:
        parts.database.run(lambda work: marks.forget(work, mark))
    tally = Tally(before=parts.database.run(lambda work: marks.rows_done(work, mark)))
    if map_ is not None and source is not None:
        map_ = map_.model_copy(update={"source": source})
    with Rows(path) as rows:
        _check_kind(rows, map_)
        rejected = _Rejected(path.with_name(path.name + ".rejected.jsonl"), upto=tally.before)
        left = (row for row in rows if row.number > tally.before)
        while some := list(islice(left, batch)):
            _take(parts, some, tally, rejected, map_, source, backfill=backfill)
            done = some[-1].number
            now = parts.clock()
            parts.database.run(lambda work, done=done, now=now: marks.advance(work, mark, done, now))  # type: ignore[misc]
            progress(rows.position, rows.size)
    tally.rejected_file = rejected.path if rejected.path.exists() else None
    return tally


def _take(
    parts: Parts, rows: Sequence[Row], tally: Tally, rejected: _Rejected, map_: Map | None, source: str | None, *, backfill: bool
) -> None:
    kept: list[tuple[Row, Raw | EventError]] = []
    for row in rows:
        raw = _event(row, map_, source)
        if raw is not None:
            kept.append((row, raw))
    answers = accept(parts, [raw for _, raw in kept], backfill=backfill) if kept else []
    tally.rows += len(rows)
    tally.left_out += len(rows) - len(kept)
    tally.by_status.update(answer.status for answer in answers)
    tally.warned.update(place for answer in answers for place in {w.place for w in answer.warnings})
    rejected.write([(row, answer) for (row, _), answer in zip(kept, answers, strict=True) if answer.problems])


def _event(row: Row, map_: Map | None, source: str | None) -> Raw | EventError | None:
    """The row as an event; None when the map leaves it out."""
    if row.problem is not None:
        return EventError(row.problem)
    if map_ is None:
        values = {"source": source, **row.values} if source is not None else row.values
        return unpacked(values)
    try:
        return map_.event(row.values)
    except EventError as error:
        return error


class _Rejected:
    """The file of rows that were not stored: one JSON object a line. There is none when nothing was wrong."""

    def __init__(self, path: Path, *, upto: int) -> None:
        """upto: the last row of an earlier run; later lines are from a batch that was cut off and comes again."""
        self.path = path
        kept = [line for line in self._lines() if _number(line) <= upto] if upto else []
        self._save(kept, "w") if kept else self._remove()

    def write(self, rows: Sequence[tuple[Row, Answer]]) -> None:
        """Append rows with what was wrong with them."""
        if rows:
            self._save([json.dumps(_told(row, answer)) + "\n" for row, answer in rows], "a")

    def _lines(self) -> Iterator[str]:
        with contextlib.suppress(FileNotFoundError), self.path.open(encoding="utf-8") as lines:
            yield from lines

    def _save(self, lines: Sequence[str], mode: str) -> None:
        try:
            with self.path.open(mode, encoding="utf-8") as file:
                file.writelines(lines)
        except OSError as error:
            raise InputError(
                Problem(
                    f"rejected rows cannot be written: {error.strerror}", "copy the file to a folder of yours", str(self.path)
                )
            ) from None

    def _remove(self) -> None:
        with contextlib.suppress(
            OSError
        ):  # where it cannot be removed it cannot be written either: seen at the first rejected row
            self.path.unlink(missing_ok=True)


def _told(row: Row, answer: Answer) -> Mapping[str, Any]:
    problems = [{"problem": p.problem, "hint": p.hint, "place": p.place} for p in answer.problems]
    return {"row": row.number, "status": answer.status, "problems": problems, "values": row.values}


def _number(line: str) -> int:
    """The row of a rejected line; 0 (keep it) when somebody has edited it."""
    try:
        return int(json.loads(line)["row"])
    except (ValueError, KeyError, TypeError):
        return 0


def _check_kind(rows: Rows, map_: Map | None) -> None:
    header = rows.header()
    if header is None:
        return
    if map_ is None:
        hint = "say which column is what in a map file, and name it with --map; docs/events.md has one"
        raise InputError(Problem("a CSV file needs a map", hint, str(rows.path)))
    map_.check_columns(header)


def _fingerprint(path: Path, map_: Map | None, source: str | None, *, backfill: bool) -> str:
    """The file and how it is read: another map makes other events of the same rows."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    except OSError as error:
        raise InputError(Problem(f"the file cannot be read: {error.strerror}", "", str(path))) from None
    how = [map_.model_dump(mode="json") if map_ is not None else None, source, backfill]
    digest.update(json.dumps(how, sort_keys=True).encode())
    return digest.hexdigest()
