"""What the pages of playbooks show: the list with its counts, one version step by step, and who is in it now."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from orchestrator.checking import checked
from orchestrator.core.model import PauseScope
from orchestrator.core.roles import Right
from orchestrator.core.zones import zone_of
from orchestrator.errors import NotFound, NothingPublished
from orchestrator.language.design import LoadedVersion
from orchestrator.language.house_rules import WEEKDAYS, Window
from orchestrator.language.picture import Picture, Spot, leads, picture
from orchestrator.language.program import NodeId
from orchestrator.language.system_events import BUILT_IN
from orchestrator.lint.finding import Finding
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store import pauses, standing, versions
from orchestrator.store.database import Database, Work
from orchestrator.store.staff import Member
from orchestrator.store.standing import Inside

KEPT_FOR = timedelta(seconds=5)  # counting a hundred thousand takes a quarter of a second …
SERVED_FOR = timedelta(minutes=1)  # … so older counts are shown, with their moment, while they are made anew
LOOKS_BACK = timedelta(days=30)
PAGE = 50
_log = logging.getLogger(__name__)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Counted:
    """How many stand where, as of a moment."""

    at: datetime
    steps: Mapping[UUID, Mapping[NodeId, int]] = field(repr=False)  # version -> step -> how many
    due: Mapping[UUID, int]  # version -> how many have something due today, or overdue
    ended: Mapping[str, Mapping[str, int]]  # playbook -> reason -> how many in the last 30 days

    def running(self, version: UUID) -> int:
        return sum(self.steps.get(version, {}).values())


def _in_a_thread(act: Callable[[], None]) -> None:
    threading.Thread(target=act, name="counts", daemon=True).start()


class Counts:
    """Counts of one database in this process. When they are five seconds old they are made anew, beside the page that asked."""

    def __init__(self, beside: Callable[[Callable[[], None]], None] = _in_a_thread) -> None:
        self._beside = beside
        self._lock = threading.Lock()
        self._last: Counted | None = None

    def at(self, parts: Parts, work: Work, in_use: InUse, now: datetime) -> Counted:
        """What is counted by now: at most a minute old, and five seconds old where pages are looked at all the time."""
        last = self._last
        if last is not None and abs(now - last.at) < KEPT_FOR:
            return last
        if not self._lock.acquire(blocking=False):  # somebody counts just now; waiting with a unit of work open could be for ever
            return last if last is not None else _count(work, in_use, now)
        if last is not None and abs(now - last.at) < SERVED_FOR:
            try:
                self._beside(lambda: self._again(parts))
            except RuntimeError:  # no thread to be had
                self._lock.release()
            return last
        try:
            self._last = _count(work, in_use, now)
            return self._last
        finally:
            self._lock.release()

    def forget(self) -> None:
        """Somebody changed who stands where, and wants to see it now."""
        self._last = None

    def _again(self, parts: Parts) -> None:
        try:
            self._last = parts.database.run(lambda work: _count(work, parts.rulebook.refresh(work), parts.clock()))
        except Exception:  # shell: the last counts are shown for a while, then a page counts and says what is wrong
            _log.warning("the customers in each step could not be counted", exc_info=True)
        finally:
            self._lock.release()


_COUNTS: WeakKeyDictionary[Database, Counts] = WeakKeyDictionary()
_MAKING = threading.Lock()


def counts_of(parts: Parts) -> Counts:
    """The one of this process for a database: all pages share what was counted."""
    with _MAKING:
        return _COUNTS.setdefault(parts.database, Counts())


def steps_now(parts: Parts, now: datetime) -> Mapping[UUID, Mapping[NodeId, int]]:
    """Who stands where by version, as counted of late; nobody where nothing is published."""

    def unit(work: Work) -> Mapping[UUID, Mapping[NodeId, int]]:
        try:
            return counts_of(parts).at(parts, work, parts.rulebook.refresh(work), now).steps
        except NothingPublished:
            return {}

    return parts.database.run(unit)


@dataclass(frozen=True, slots=True)
class Entry:
    """One playbook of the list."""

    name: str
    title: str
    stage: str
    owner: str
    version: int
    since: datetime
    current: bool  # False: it was retired, and its customers go on
    older: int  # how many are on earlier versions
    running: int
    due: int
    ended: Mapping[str, int]
    paused: bool
    built_in: bool


@dataclass(frozen=True, slots=True)
class Numbered:
    """One version of a playbook."""

    id: UUID
    number: int
    current: bool
    since: datetime
    by: str
    running: int


@dataclass(frozen=True, slots=True)
class Line:
    """One way of a step, in words."""

    label: str
    leads: str
    to: int  # the number of the step that it leads to; 0: none


@dataclass(frozen=True, slots=True)
class View:
    """One version of a playbook, ready to be shown."""

    name: str
    loaded: LoadedVersion = field(repr=False)
    version: Numbered
    versions: Sequence[Numbered]  # the current one, and those with customers in them
    picture: Picture = field(repr=False)
    counts: Mapping[NodeId, int]
    counted: Counted = field(repr=False)
    paused: bool
    text: str = field(repr=False)  # the file as it was published
    found: Sequence[Finding] = ()  # what lint says of it, beside the others that are in force

    def lines(self, spot: Spot) -> list[Line]:
        """The ways of a step, what they are called and where they lead."""
        ways = [(" · ".join(way.labels), way.to) for way in spot.ways]
        if spot.then is not None:
            ways.append(("Otherwise" if ways and spot.number else "Then", spot.then))
        by_id = self.picture.by_id
        return [Line(label, leads(self.picture, spot.id, to), by_id[to].number if to in by_id else 0) for label, to in ways]


@dataclass(frozen=True, slots=True)
class Standing:
    """One line of "who is in it now"."""

    inside: Inside
    where: str  # the step's number and title
    zone: str
    shown: bool  # whether this member may see who it is


def listing(work: Work, in_use: InUse, counted: Counted) -> list[Entry]:
    """Every playbook that is published, and those retired whose customers go on; built-in ones last."""
    paused = pauses.live(work)
    found: dict[str, list[Numbered]] = {}
    for row in standing.version_rows(work):
        if not row.playbook.startswith("@"):
            found.setdefault(row.playbook, []).append(_numbered(row, counted))
    entries = []
    for name, all_ in found.items():
        shown = next((v for v in all_ if v.current), None) or next((v for v in all_ if v.running), None)
        if shown is None:
            continue
        program = in_use.program(work, shown.id)
        stage = in_use.lifecycle.stages.get(program.stage)
        entries.append(
            Entry(
                name, program.title, stage.title if stage else program.stage, program.owner, shown.number, shown.since, shown.current,
                sum(v.running for v in all_ if v.id != shown.id), sum(v.running for v in all_),
                sum(counted.due.get(v.id, 0) for v in all_), counted.ended.get(name, {}), _is_paused(paused, name), name in BUILT_IN,
            )
        )  # fmt: skip
    order = list(in_use.lifecycle.stages)
    titles = {stage.title: order.index(key) for key, stage in in_use.lifecycle.stages.items()}
    return sorted(entries, key=lambda e: (e.built_in, not e.current, titles.get(e.stage, len(order)), e.name))


def view(work: Work, in_use: InUse, counted: Counted, name: str, number: int | None) -> View:
    """A version of a playbook; without a number the current one. Raises NotFound."""
    rows = [_numbered(row, counted) for row in standing.version_rows(work, name)]
    if not rows:
        raise NotFound(f"no playbook '{name}'")
    wanted = [v for v in rows if (v.current if number is None else v.number == number)] or (rows[:1] if number is None else [])
    if not wanted:
        raise NotFound(f"no version {number} of '{name}'")
    version = wanted[0]
    loaded = in_use.loaded(work, version.id)
    row = versions.document(work, version.id)
    assert row is not None, "it was listed a moment ago"
    labels = in_use.house.rules.dispositions
    return View(
        name, loaded, version, [v for v in rows if v.current or v.running or v == version], picture(loaded.program, labels),
        counted.steps.get(version.id, {}), counted, _is_paused(pauses.live(work), name), str(row.document["playbook"]),
        checked().of(work, name, version.id),
    )  # fmt: skip


def who(
    work: Work, in_use: InUse, shown: View, member: Member, after: UUID | None, step: NodeId | None = None, *, most: int = PAGE
) -> tuple[list[Standing], UUID | None]:
    """Who is in the version now, oldest first, and after whom the next page begins (None: this is the last).

    Names and links are for those who may see the customer: agents those of their queues; authors see only what it is about.
    """
    rows = standing.inside(work, shown.version.id, after, most + 1, step)
    page, more = rows[:most], rows[most:]
    theirs = visible(work, member, {row.customer for row in page})
    spots = shown.picture.by_id
    lines = []
    for row in page:
        spot = spots.get(row.touch.step)
        zone = row.time_zone or next(iter((*row.zones, *in_use.house.strictest)), "UTC")
        where = f"{spot.number}. {spot.title}" if spot else row.touch.step
        lines.append(Standing(row, where, zone, row.customer in theirs))
    return lines, page[-1].id if more else None


def visible(work: Work, member: Member, ids: set[UUID]) -> set[UUID]:
    """Which of these customers this member may see."""
    if not member.may(Right.SEE_CUSTOMERS):
        return set()
    return ids if member.every_queue else standing.known_to(work, ids, member.queues)


def week_words(window: Window) -> list[tuple[str, str]]:
    """A contact window as days and hours: [("Mon–Fri", "09:00–17:30")]; days without hours are left out."""
    said: list[tuple[int, int, str]] = []
    for day in range(len(WEEKDAYS)):
        hours = ", ".join(f"{_clock(a)}–{_clock(b)}" for a, b in window.week[day])
        if said and said[-1][2] == hours and said[-1][1] == day - 1:
            said[-1] = (said[-1][0], day, hours)
        elif hours:
            said.append((day, day, hours))
    return [(_DAYS[a] if a == b else f"{_DAYS[a]}–{_DAYS[b]}", hours) for a, b, hours in said]


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _numbered(row: Any, counted: Counted) -> Numbered:
    return Numbered(row.id, row.number, row.current, row.published_at, row.published_by, counted.running(row.id))


def _is_paused(paused: pauses.Paused, name: str) -> bool:
    wanted: tuple[tuple[PauseScope, str], ...] = (("all", ""), ("playbook", name))
    return any(one in paused for one in wanted)


def _count(work: Work, in_use: InUse, now: datetime) -> Counted:
    zone = zone_of(in_use.house.rules.clock)
    tomorrow = datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(), zone)
    steps: dict[UUID, dict[NodeId, int]] = {}
    due: dict[UUID, int] = {}
    for row in standing.counts(work, tomorrow):
        steps.setdefault(row.version_id, {})[row.step] = row.n
        due[row.version_id] = due.get(row.version_id, 0) + row.due
    ended: dict[str, dict[str, int]] = {}
    for row in standing.ended(work, now - LOOKS_BACK):
        ended.setdefault(row.playbook, {})[row.end_reason] = row.n
    return Counted(now, steps, due, ended)
