"""One replay from end to end: files in, a database that nobody used before, the ledger and a summary out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from pathlib import Path

from orchestrator import authoring, engine
from orchestrator.backtest.words import NOT_STARTED
from orchestrator.config import IN_PROCESS, Settings
from orchestrator.errors import DatabaseError, InputError, Problem
from orchestrator.ids import NewId
from orchestrator.mapping import read_map
from orchestrator.parts import Parts
from orchestrator.replay.calls import read_outcomes
from orchestrator.replay.ledger import check_writable, write_ledger
from orchestrator.replay.log import Log
from orchestrator.replay.run import OnDatabase, SimulatedClock, Woken
from orchestrator.simulation.ids import counted_ids
from orchestrator.simulation.outcomes import Outcomes
from orchestrator.simulation.turns import Turns
from orchestrator.store import events as stored
from orchestrator.store import journal, replays, touches
from orchestrator.store.upgrade import standing, upgrade
from orchestrator.wiring import build

BY = "replay"  # who publishes
Tell = Callable[[int, datetime, float], None]  # events done, what the clock shows, share of the log that has been read


@dataclass(frozen=True, slots=True)
class Request:
    """What to replay, with what, and where to write."""

    log: Path
    playbooks: Path
    ledger: Path
    map: Path | None = None  # None: lines of JSON that are events already
    outcomes: Path | None = None  # None: every call is taken at once and nobody answers
    database: str | None = None  # None: a temporary SQLite file
    until: datetime | None = None  # nothing later than this happens
    messages: Path | None = None  # None: what would be said is not kept
    skip_bad: bool = False
    most: int = engine.MOST_AT_ONCE  # events in a batch; makes no difference to the ledger


@dataclass(frozen=True, slots=True)
class Summary:
    """What a replay counted."""

    rows: int
    left_out: Mapping[str, int]  # why -> how many rows
    bad: Sequence[Problem]  # the first of those that could not be read
    events: Mapping[str, int]  # accepted | repeated | conflict | later -> how many
    unknown_types: Sequence[tuple[str, int]]  # not declared in lifecycle.yaml
    not_handled: int  # events that the engine could not handle: a defect
    began: datetime  # on the simulated clock
    ended: datetime
    enrollments: Sequence[tuple[str, str | None, int]]  # playbook, reason of the end (None: still open), how many
    not_started: Sequence[tuple[str, int]]  # why a start event led to nothing, how often
    touches: Sequence[tuple[str | None, str, int]]  # touchpoint (None: a wait), state, how many
    deferred: Sequence[tuple[str, int]]  # rule, how often
    skipped: Sequence[tuple[str, int]]
    lines: int  # of the ledger


def replay(request: Request, tell: Tell = lambda done, at, share: None) -> Summary:
    """Run the log through the playbooks and write the ledger.

    Raises InputError for a file that cannot be used, before anything is done where that can be known, and DatabaseError for a
    database that is not empty.
    """
    map_ = read_map(request.map) if request.map else None
    design, _ = authoring.load(request.playbooks)
    programs = [source.program for source in design.playbooks.values()]
    outcomes = read_outcomes(request.outcomes, programs) if request.outcomes else Outcomes()
    check_writable(request.ledger)
    new_id = counted_ids()
    with Log(request.log, map_, design.lifecycle, new_id, skip_bad=request.skip_bad) as log, closing(log.events()) as arriving:
        first = next(arriving, None)
        if first is None:
            raise InputError(
                Problem("there is no event in it", "is it the right file? 'only' in the map may leave all out", str(request.log))
            )
        clock, woken = SimulatedClock(first.received_at), Woken()
        with _parts(request, clock, woken, new_id) as parts:
            authoring.publish(parts, request.playbooks, BY)
            run = Turns(OnDatabase(parts, clock, woken), outcomes, until=request.until, most=request.most)
            run.play(chain([first], arriving), lambda done, at: tell(done, at, log.done))
            with parts.database.work() as work:
                lines = write_ledger(replays.every_touch(work), request.ledger)
            return _summary(parts, log, run, (first.received_at, clock()), lines)


@contextmanager
def _parts(request: Request, clock: SimulatedClock, woken: Woken, new_id: NewId) -> Iterator[Parts]:
    """Parts over an empty database, whose messages go nowhere (or into a file), whatever the settings of this machine say."""
    with tempfile.TemporaryDirectory(prefix="touchpoint-replay-") as folder:
        url = request.database or f"sqlite:///{folder}/replay.sqlite3"
        via = "ledger" if request.messages else "null"
        settings = Settings(
            database_url=url, broker_url=IN_PROCESS, email_via=via, text_via=via, voice_via=via,
            ledger_file=request.messages or Path(folder) / "unused",
        )  # fmt: skip
        built = build(settings, clock=clock, wake=woken, safe_writes=request.database is not None)
        with closing(built.database):
            if standing(built.database) != "empty":
                raise DatabaseError("the database of a replay must be empty: name another one, or leave --database out")
            upgrade(built.database)
            if request.messages:
                request.messages.unlink(missing_ok=True)
            yield replace(built, new_id=new_id)


def _summary(parts: Parts, log: Log, run: Turns, span: tuple[datetime, datetime], lines: int) -> Summary:
    with parts.database.work() as work:
        return Summary(
            rows=log.rows,
            left_out=dict(log.left_out),
            bad=log.bad,
            events=dict(run.receipts),
            unknown_types=stored.unknown_types(work),
            not_handled=sum(n for state, n in stored.count_by_state(work).items() if state in ("waiting", "set_aside")),
            began=span[0],
            ended=span[1],
            enrollments=journal.ended_by_reason(work),
            not_started=[
                (words, n) for what, words in NOT_STARTED.items() if (n := sum(n for _, n in journal.counts(work, what)))
            ],
            touches=touches.count_by_state(work),
            deferred=journal.counts(work, "touch.deferred"),
            skipped=journal.counts(work, "touch.skipped"),
            lines=lines,
        )
