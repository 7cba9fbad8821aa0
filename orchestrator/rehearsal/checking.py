"""A rehearsal file against the design that it rehearses: names that do not exist, calls that cannot end so, moments that are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orchestrator.core.windows import read_wish
from orchestrator.errors import PlaybookError, Problem, did_you_mean
from orchestrator.language import typed
from orchestrator.language.dispositions import AUTOMATIC_CALLS, AUTOMATIC_ENDINGS, STAFF_CODES
from orchestrator.language.lifecycle import check_data
from orchestrator.language.local_moments import HINT, LocalMoment
from orchestrator.language.program import TouchNode
from orchestrator.language.rehearsal import (
    RESULTS,
    Answers,
    Comes,
    Ended,
    Ends,
    OptsOut,
    Person,
    Rehearsal,
    RehearsalFile,
    Touched,
    read_rehearsals,
)
from orchestrator.language.source import Loc, Source
from orchestrator.language.system_events import BUILT_IN
from orchestrator.rehearsal.clocks import Clock, NoSuchMoment
from orchestrator.rehearsal.stage import Stage

_LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)  # a day after the first: every zone can tell it


@dataclass(frozen=True, slots=True)
class Scene:
    """One rehearsal, ready to be run: every moment is told."""

    file: RehearsalFile
    rehearsal: Rehearsal
    index: int  # in its file, from 0
    source: Source
    clock: Clock
    person: Person
    subject: str
    comes: tuple[tuple[datetime, datetime, Comes | OptsOut | Answers], ...]  # when, when it occurred, what
    ends: tuple[tuple[Ends, datetime | None], ...]  # how tries end; when they want to be called back
    until: datetime | None
    then: tuple[tuple[datetime, datetime | None, Touched | Ended], ...]  # when, deferred to when, what

    @property
    def line(self) -> int:
        """Where it stands in its file."""
        return self.source.place(("rehearsals", self.index))[0]


def read_scenes(text: str, path: str, stage: Stage) -> list[Scene]:
    """The rehearsals of a file. Raises PlaybookError with everything that is wrong, by line and column."""
    file, source = read_rehearsals(text, path)
    names = stage.design.playbooks
    problems = [
        source.problem(loc, f"there is no playbook '{name}'", did_you_mean(name, names))
        for loc, name in [(("playbook",), file.playbook), *((("beside", i), n) for i, n in enumerate(file.beside))]
        if name not in names
    ]
    if problems:
        raise PlaybookError(problems)
    checker = _Checker(file, source, stage, problems)
    scenes = [checker.scene(index, rehearsal) for index, rehearsal in enumerate(file.rehearsals)]
    checker.events()
    if problems:
        raise PlaybookError(sorted(problems, key=lambda p: (p.line, p.column)))
    return [scene for scene in scenes if scene is not None]


class _Checker:
    """Collects what is wrong."""

    def __init__(self, file: RehearsalFile, source: Source, stage: Stage, problems: list[Problem]) -> None:
        self.file, self.source, self.stage, self.problems = file, source, stage, problems
        self.touchpoints: Mapping[str, TouchNode] = stage.touchpoints(file.playbook, *file.beside)

    def wrong(self, loc: Loc, problem: str, hint: str = "", *, key: bool = False) -> None:
        self.problems.append(self.source.problem(loc, problem, hint, key=key))

    def events(self) -> None:
        """Types of the block `events`; what they carry is checked where they come in."""
        for type_ in self.file.events:
            if type_ not in self.stage.events:
                self._no_event(("events", type_), type_, key=True)

    def scene(self, index: int, rehearsal: Rehearsal) -> Scene | None:
        """One rehearsal; None when no clock can be told for it."""
        at: Loc = ("rehearsals", index)
        before = len(self.problems)
        person = self.file.person(rehearsal)
        subject = rehearsal.subject or self.file.subject or f"{self._kind()}/R-1"
        clock = self._clock(at, rehearsal, person)
        self._person(at, rehearsal, person)
        if clock is None:
            return None
        comes = list(self._comes((*at, "when"), rehearsal, clock))
        if not comes or not isinstance(comes[0][2], Comes):
            if len(self.problems) == before:
                self.wrong((*at, "when"), "no event begins it", "e.g. {at: Tue 2026-03-03 10:00, event: …}")
            return None
        first = comes[0][0]
        ends = tuple(self._ends((*at, "when"), rehearsal, clock, first))
        until = self._moment((*at, "until"), rehearsal.until, first, clock)
        if until is not None and until < first:
            self.wrong((*at, "until"), "time stops before anything happens", f"the first event comes {clock.said(first)}")
        elif until is not None and until < comes[-1][0]:
            self.wrong(
                (*at, "until"), "time stops before all has happened", f"the last line of 'when' is {clock.said(comes[-1][0])}"
            )
        then = tuple(self._then((*at, "then"), rehearsal, clock, first))
        return Scene(
            self.file, rehearsal, index, self.source, clock, person, subject, tuple(comes), ends, until, then
        )  # fmt: skip

    def _kind(self) -> str:
        types = sorted(self.stage.program(self.file.playbook).starts_on)
        return types[0].partition(".")[0] if types else "subject"

    def _clock(self, at: Loc, rehearsal: Rehearsal, person: Person) -> Clock | None:
        for name, loc in ((person.zone, self._of_person(at, rehearsal, "zone")), (self.file.clock, ("clock",))):
            if name is not None and Clock.of(name) is None:
                self.wrong(loc, f"no time zone is called '{name}'", 'the name of a place, e.g. "America/Chicago"')
                return None
        return Clock.of(self.file.clock or person.zone or self.stage.home)

    def _of_person(self, at: Loc, rehearsal: Rehearsal, key: str) -> Loc:
        said = rehearsal.customer is not None and key in rehearsal.customer.model_fields_set
        return (*at, "customer", key) if said else ("customer", key)

    def _person(self, at: Loc, rehearsal: Rehearsal, person: Person) -> None:
        if person.consent is None:
            self.wrong(self._of_person(at, rehearsal, "consent"), "the customer's consent is not said",
                       "e.g. customer: {zone: America/Chicago, consent: service}")  # fmt: skip
        if person.hours is not None and read_wish(person.hours) is None:
            self.wrong(self._of_person(at, rehearsal, "hours"), f"'{person.hours}' are no hours", 'e.g. "mon-fri 10:00-12:00"')

    def _comes(
        self, at: Loc, rehearsal: Rehearsal, clock: Clock
    ) -> Iterator[tuple[datetime, datetime, Comes | OptsOut | Answers]]:
        previous: datetime | None = None
        for index, what in enumerate(rehearsal.when):
            if isinstance(what, Ends):
                continue
            loc = (*at, index)
            moment = self._moment((*loc, "at"), what.at, previous, clock)
            if moment is None:
                continue
            if previous is not None and moment < previous:
                self.wrong((*loc, "at"), f"{what.at} is before the line above it", "write what happens in its order")
                continue
            previous, occurred = moment, moment
            if isinstance(what, Comes):
                self._event(loc, what)
                if what.occurred is not None:
                    occurred = self._moment((*loc, "occurred"), what.occurred, _LONG_AGO, clock, dated=True) or moment
                    if occurred > moment:
                        self.wrong((*loc, "occurred"), "it comes in before it occurred", "'occurred' is never later than 'at'")
            yield moment, occurred, what

    def _event(self, loc: Loc, comes: Comes) -> None:
        declared = self.stage.events.get(comes.event)
        if declared is None:
            self._no_event((*loc, "event"), comes.event)
            return
        for problem in check_data(declared, self.file.carries(comes)):
            name = problem.place.removeprefix("data.")
            there: Loc = (*loc, "fields", name) if name in comes.fields else ("events", comes.event, name)
            if self.source.real(there)[1]:
                self.wrong(there, problem.problem, problem.hint)
            else:
                self.wrong((*loc, "event"), f"{comes.event}: {problem.problem}", "write it under fields:, or under events: above")

    def _no_event(self, loc: Loc, name: str, *, key: bool = False) -> None:
        self.wrong(loc, f"lifecycle.yaml has no event '{name}'", did_you_mean(name, self.stage.events), key=key)

    def _ends(
        self, at: Loc, rehearsal: Rehearsal, clock: Clock, first: datetime
    ) -> Iterator[tuple[Ends, datetime | None]]:  # fmt: skip
        named: dict[tuple[str, int | None], int] = {}
        for index, what in enumerate(rehearsal.when):
            if not isinstance(what, Ends):
                continue
            loc = (*at, index)
            if (node := self._touchpoint(loc, what.touchpoint)) is None:
                continue
            known = _endings(node.channel)
            if what.ends not in known:
                hint = did_you_mean(what.ends, known)
                self.wrong((*loc, "ends"), f"{_a(node.channel)} cannot end with '{what.ends}'", hint)
                continue
            if (
                what.try_ is not None
                and what.try_ > max(node.most, 1)
                and not any(isinstance(other, Ends) and other.ends == "call_back" for other in rehearsal.when)
            ):  # a time that the customer asked for is kept beyond the tries
                self.wrong((*loc, "try"), f"'{what.touchpoint}' is tried {node.most} times at most", "")
            if node.channel != "call":
                for key in ("answers", "promised_for", "waits", "lasts", "call_back"):
                    if getattr(what, key):
                        self.wrong((*loc, key), f"'{key}' is for calls that staff make", "delete it", key=True)
            if (what.call_back is not None) != (what.ends == "call_back" and node.channel == "call"):
                self.wrong((*loc, "ends"), "'ends: call_back' and 'call_back: MOMENT' go together", "")
            self._answers(loc, what, node)
            if (what.touchpoint, what.try_) in named:
                self.wrong(
                    loc, f"how '{what.touchpoint}' ends is said twice", f"line {named[what.touchpoint, what.try_]} says it too"
                )
            named[what.touchpoint, what.try_] = self.source.place(loc)[0]
            yield what, self._moment((*loc, "call_back"), what.call_back, first, clock)

    def _answers(self, loc: Loc, what: Ends, node: TouchNode) -> None:
        """Answers that the script asks for, and that fit."""
        if node.channel != "call":
            return
        playbooks = self.stage.design.playbooks
        words = (playbooks[n].compiled.words.get((node.channel, node.words)) for n in (self.file.playbook, *self.file.beside))
        questions = next((w.questions for w in words if w is not None), {})
        for key in ("answers", "promised_for"):
            for name in getattr(what, key):
                if name not in questions:
                    hint = did_you_mean(name, questions)
                    self.wrong((*loc, key, name), f"scripts/{node.words}.md asks no question '{name}'", hint, key=True)
        known = {name: value for name, value in what.answers.items() if name in questions}
        for problem in typed.read(questions, known, what.promised_for)[1]:
            self.wrong((*loc, "answers", problem.place), problem.problem, problem.hint)

    def _then(
        self, at: Loc, rehearsal: Rehearsal, clock: Clock, first: datetime
    ) -> Iterator[tuple[datetime, datetime | None, Touched | Ended]]:  # fmt: skip
        previous = first
        for index, what in enumerate(rehearsal.expected):
            loc = (*at, index)
            moment = self._moment((*loc, "at"), what.at, previous, clock)
            known = (self.file.playbook, *self.file.beside, *BUILT_IN)
            if what.playbook is not None and what.playbook not in known:
                hint = did_you_mean(what.playbook, known)
                self.wrong((*loc, "playbook"), f"'{what.playbook}' is not rehearsed here", hint)
            until = None
            if isinstance(what, Touched):
                if what.playbook not in BUILT_IN:
                    self._touchpoint(loc, what.touchpoint)
                if what.is_ not in RESULTS:
                    self.wrong((*loc, "is"), f"'{what.is_}' is nothing that becomes of a touch", did_you_mean(what.is_, RESULTS))
                until = self._moment((*loc, "until"), what.until, moment or previous, clock)
            if moment is not None:
                previous = max(previous, moment)
                yield moment, until, what

    def _touchpoint(self, loc: Loc, name: str) -> TouchNode | None:
        node = self.touchpoints.get(name)
        if node is None:
            where = self.file.playbook if not self.file.beside else "the playbooks of this file"
            self.wrong((*loc, "touchpoint"), f"{where} has no touchpoint '{name}'", did_you_mean(name, self.touchpoints))
        return node

    def _moment(
        self, loc: Loc, written: LocalMoment | None, previous: datetime | None, clock: Clock, *, dated: bool = False
    ) -> datetime | None:
        if written is None:
            return None
        if written.day is None and (previous is None or dated):
            self.wrong(loc, f"'{written}' needs a date", HINT)
            return None
        try:
            return clock.moment(written, previous or _LONG_AGO)
        except (NoSuchMoment, OverflowError) as error:
            self.wrong(loc, str(error), "write another time")
            return None


def _endings(channel: str) -> tuple[str, ...]:
    """What a line of `when` may say of a touch on this channel."""
    if channel == "call":
        return STAFF_CODES
    return ("sent", "failed", *(AUTOMATIC_ENDINGS if channel in AUTOMATIC_CALLS else ()))


def _a(channel: str) -> str:
    return {"email": "an e-mail", "text": "a text", "call": "a call"}.get(channel, "an automatic call")


def as_said(person: Person, ref: str) -> dict[str, Any]:
    """The customer as an event would bring them."""
    consent = person.consent
    channels = ("email", "text", "call")
    levels = dict.fromkeys(channels, consent) if isinstance(consent, str) else dict(consent or {})
    said = {"name": person.name, "email": person.email, "phone": person.phone, "locale": person.locale,
            "time_zone": person.zone, "hours": person.hours}  # fmt: skip
    return {"id": ref, **{k: v for k, v in said.items() if v is not None}, "consent": levels, **person.more}
