"""A whole backtest: which designs over which history, both of them run, and what comes of it. Used by the command and the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from orchestrator import authoring
from orchestrator.backtest.difference import Difference, Figures, difference, figures
from orchestrator.backtest.records import Goals, History
from orchestrator.backtest.report import Report, report
from orchestrator.backtest.run import Source, from_database, from_log, simulate
from orchestrator.backtest.samples import MOST
from orchestrator.errors import InputError, Problem, did_you_mean
from orchestrator.language.design import Design, load_document
from orchestrator.parts import Parts
from orchestrator.replay.calls import read_outcomes
from orchestrator.simulation.arrivals import OPTED_OUT, Arrival
from orchestrator.simulation.outcomes import Outcomes
from orchestrator.simulation.rules import Rules, Speaking
from orchestrator.simulation.world import World
from orchestrator.store import standing, versions

PUBLISHED = "published"
Tell = Callable[
    [str, int, datetime, float], None
]  # which run, events done, what the clock shows, share of all that is to be done
_Past = Callable[[], AbstractContextManager[Source]]  # from its beginning, each time


@dataclass(frozen=True, slots=True)
class Request:
    """What to run over which history, and what to hold it against."""

    files: Mapping[str, str]  # the design: relative path -> text
    design: Design
    called: str  # how to call it: "as in playbooks/"
    playbook: str | None = None  # None: report on all of them
    log: Path | None = None  # None: the events of the database
    map: Path | None = None
    skip_bad: bool = False
    outcomes: Path | None = None
    since: datetime | None = None  # of the database: nothing older
    until: datetime | None = None  # nothing later happens
    against: str | None = None  # the number of a version, "published", or a folder
    samples: int = MOST


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it."""

    report: Report
    difference: Difference | None
    world: World  # of the design itself
    left_out: Mapping[str, int]  # rows of the log: why -> how many


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the designs, ready to run."""

    rules: Rules
    labels: Mapping[str, str]


def backtest(request: Request, parts: Parts | None, tell: Tell = lambda which, done, at, share: None) -> Answer:
    """Run it. parts: needed for the events of the database and for published versions.

    Raises InputError for what cannot be used: a playbook or version that does not exist, a log or map with a mistake.
    """
    names = _reported(request)
    ours = authoring.built_in(request.files)
    side = _Side(Rules.of(request.design, ours), dict.fromkeys(request.design.playbooks, request.called))
    other = _against(request, parts, side)
    programs = [version.program for one in (side, other) if one for version in one.rules.current.values()]
    outcomes = read_outcomes(request.outcomes, programs) if request.outcomes else Outcomes()
    past = _past(request, parts)

    def run(which: str, place: int, one: _Side) -> tuple[World, History, Mapping[str, int]]:
        places = 1 if other is None else 2
        return _run(request, past, one, outcomes, lambda done, at, share: tell(which, done, at, (place + share) / places))

    def kept(history: History) -> Figures:
        return figures(history, report(history, names, request.samples), names)

    before = kept(run("before", 0, other)[1]) if other is not None else None  # its world is gone before the next one begins
    world, history, left_out = run("now", 0 if other is None else 1, side)
    after = kept(history)
    return Answer(after.report, difference(before, after) if before is not None else None, world, left_out)


def _reported(request: Request) -> list[str]:
    known = request.design.playbooks
    if request.playbook is None:
        return sorted(known)
    if request.playbook not in known:
        raise InputError(Problem(f"there is no playbook '{request.playbook}'", did_you_mean(request.playbook, known)))
    return [request.playbook]


def _run(
    request: Request, past: _Past, side: _Side, outcomes: Outcomes, tell: Callable[[int, datetime, float], None]
) -> tuple[World, History, Mapping[str, int]]:
    goals = Goals(version.program for version in side.rules.current.values())
    with past() as source:
        heard = _Heard(source.events(), goals)
        world = simulate(side.rules, heard, outcomes, until=request.until, tell=lambda done, at: tell(done, at, source.done))
        left_out = dict(source.left_out)
    if heard.first is None or heard.last is None:
        where = str(request.log) if request.log else "the database"
        raise InputError(Problem("there is no event in it", "is it the right place, and the right time?", where))
    history = History(
        house=side.rules.house,
        programs={name: version.program for name, version in side.rules.current.items()},
        labels=side.labels,
        began=heard.first,
        last_event=heard.last if request.until is None else min(heard.last, request.until),
        ended=world.now,
        events=heard.count,
        touches=world.touches,
        entries=world.journal,
        runs=world.runs,
        zones={customer.ref: customer.zones for customer in world.people.customers.values()},
        goals=goals.by_subject,
        from_database=request.log is None,
        cut=request.since is not None,
        outcomes_given=request.outcomes is not None,
    )
    return world, history, left_out


class _Heard:
    """The events as they pass, counted, with the goals among them kept."""

    def __init__(self, events: Iterator[Arrival], goals: Goals) -> None:
        self._events, self._goals = events, goals
        self.first: datetime | None = None
        self.last: datetime | None = None
        self.count = 0

    def __iter__(self) -> Iterator[Arrival]:
        return self

    def __next__(self) -> Arrival:
        event = next(self._events)
        if event.type != OPTED_OUT:  # those stand for what customers said since, not for what came in
            self.first = self.first or event.received_at
            self.last = max(event.received_at, self.last or event.received_at)
            self.count += 1
            self._goals.hear(event.type, event.subject, event.occurred_at)
        return event


def _past(request: Request, parts: Parts | None) -> _Past:
    if request.log is not None:
        return partial(from_log, request.log, request.map, request.design.lifecycle, skip_bad=request.skip_bad)
    assert parts is not None, "the events of the database need a database"
    stored = from_database(parts, since=request.since)
    return lambda: nullcontext(stored)


def _against(request: Request, parts: Parts | None, side: _Side) -> _Side | None:
    """The design to compare with; None when there is none."""
    said = request.against
    if said is None:
        return None
    if said == PUBLISHED:
        assert parts is not None, "what is published is in the database"
        return _published(parts)
    if said.isascii() and said.isdigit():
        assert parts is not None, "versions are in the database"
        return _with_version(request, parts, int(said), side)
    design, files = authoring.load(Path(said))
    return _Side(Rules.of(design, authoring.built_in(files)), dict.fromkeys(design.playbooks, f"as in {said}"))


def _published(parts: Parts) -> _Side:
    with parts.database.work() as work:
        in_use = parts.rulebook.refresh(work)
        loaded: dict[str, tuple[int, Speaking]] = {
            name: (version.number, in_use.loaded(work, version.id)) for name, version in in_use.current.items()
        }
    labels = {name: f"published, version {number}" for name, (number, _) in loaded.items()}
    return _Side(Rules.made(in_use.house.rules, loaded), labels)


def _with_version(request: Request, parts: Parts, number: int, side: _Side) -> _Side:
    """The same design with one playbook as that version has it: everything else is equal, so only the playbook makes a difference."""
    if request.playbook is None:
        raise InputError(Problem("a version is of one playbook", "name the playbook, or compare with: published"))
    with parts.database.work() as work:
        rows = standing.version_rows(work, request.playbook)
        row = next((row for row in rows if row.number == number), None)
        pinned = versions.document(work, row.id) if row is not None else None
    if pinned is None:
        there = ", ".join(str(row.number) for row in reversed(rows)) or "none is published yet"
        raise InputError(Problem(f"{request.playbook} has no version {number}", f"there is: {there}"))
    sources = {**authoring.built_in(request.files).playbooks, **request.design.playbooks}
    loaded: dict[str, tuple[int, Speaking]] = {name: (1, source.compiled) for name, source in sources.items()}
    loaded[request.playbook] = (number, load_document(pinned.document, request.design.house_rules))
    labels = {**side.labels, request.playbook: f"version {number}"}
    return _Side(Rules.made(request.design.house_rules, loaded), labels)
