"""Steps through a playbook by hand: the clock, what comes next, and somebody who says what happens. Nobody is contacted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from orchestrator.core.model import TouchState
from orchestrator.errors import InputError, Problem, did_you_mean
from orchestrator.language.dispositions import AUTOMATIC_CALLS, AUTOMATIC_ENDINGS, LABELS, STAFF_CODES
from orchestrator.language.lifecycle import check_data
from orchestrator.language.local_moments import LocalMoment
from orchestrator.rehearsal.checking import as_said
from orchestrator.rehearsal.clocks import Clock, NoSuchMoment
from orchestrator.rehearsal.imagining import somebody, subject_of, typed, values_of
from orchestrator.rehearsal.stage import Stage
from orchestrator.rehearsal.watching import Moment, Watch, text_of
from orchestrator.rehearsal.writing import flow, line_of
from orchestrator.simulation.arrivals import Happening
from orchestrator.simulation.records import TouchRecord
from orchestrator.simulation.turns import Turns
from orchestrator.simulation.world import World

Ask = Callable[[str], str | None]  # None: there is nobody to ask any more
STAFF = "ari"
KEYS = "Enter: let time pass · c: take the call · e: an event comes · u: until a moment · s: no more contact · f: as a file · ?: keys · q: stop"
HELP = (
    "Enter  let time pass until the next thing happens",
    "c      take the call that waits: its script, and how it ends",
    "e      an event comes: choose it, then change its values, e.g. amount=300 work=deck",
    'u      let time pass until a moment, e.g. "Thu 09:00" or "2026-03-10 12:00"',
    "s      the customer wants no more contact",
    "f      print what was played as a rehearsal file",
    "q      stop",
    "While a call waits nobody has to take it: Enter lets its time pass",
)


class Tell(Protocol):
    def __call__(self, line: str, style: str = "") -> None: ...


class _Stopped(Exception):
    """Whoever plays has had enough."""


def play(stage: Stage, playbook: str, *, ask: Ask, tell: Tell, now: datetime) -> None:
    """Play one imaginary customer. now: when the story begins, unless whoever plays says another moment."""
    names = stage.design.playbooks
    if playbook not in names:
        raise InputError(Problem(f"there is no playbook '{playbook}'", did_you_mean(playbook, names)))
    try:
        _Play(stage, playbook, ask, tell, now).go()
    except _Stopped:
        tell("Stopped. Nobody was contacted.", "dim")


class _Play:
    """One story."""

    def __init__(self, stage: Stage, playbook: str, ask: Ask, tell: Tell, now: datetime) -> None:
        self.stage, self.playbook, self._ask, self.tell = stage, playbook, ask, tell
        self.program = stage.program(playbook)
        clock = Clock.of(stage.home)
        assert clock is not None, "house rules with an unknown zone do not load"
        self.clock = clock
        self.person = somebody(stage.home, self.program.purpose)
        self.subject = subject_of(self.program)
        self.now = now.replace(second=0, microsecond=0)
        self.world = World(stage.rules(playbook), keep_words=True, endings=self._ends_as)
        self.turns = Turns(self.world)
        self.watch = Watch(self.world, clock, stage, playbook)
        self.when: list[dict[str, Any]] = []  # of the file that this could become
        self._shown = 0

    def go(self) -> None:
        """From the first event to the end."""
        self.tell(f"{self.program.title} ({self.playbook}). An imaginary customer in {self.clock.zone.key}.", "bold")
        self.tell(KEYS, "dim")
        self._begin()
        while True:
            self._show()
            due = self.turns.next_at()
            self._say_next(due)
            self._obey(self.asked(f"{self.clock.said(self.now)} > "), due)

    def asked(self, question: str) -> str:
        """What whoever plays types."""
        answer = self._ask(question)
        if answer is None or answer.strip().lower() in ("q", "quit"):
            raise _Stopped
        return answer.strip()

    def _begin(self) -> None:
        while at := self.asked(f"When does it begin? [{self.clock.said(self.now)}] "):
            if (moment := self._moment(at, past=True)) is not None:
                self.now = moment
                break
        types = sorted(self.program.starts_on)
        self._event(types[0] if len(types) == 1 else self._choose("Which event starts it?", types))

    def _obey(self, word: str, due: datetime | None) -> None:
        match word.lower():
            case "":
                if due is not None:
                    self._pass(due)
            case "c":
                calls = self.world.ready()
                if calls:
                    self._call(calls[0])
                else:
                    self.tell("No call waits.", "yellow")
            case "e":
                known = sorted({*self.program.stops_on, *self.program.starts_on, *self.program.waits_for})
                self._event(self._choose("Which event comes?", known))
            case "u":
                if (at := self._moment(self.asked("Until when? "))) is not None:
                    self._pass_until(at)
            case "s":
                self.when.append({"at": self.clock.said(self.now), "opts_out": "all"})
                self.watch.said(self.now, "The customer wants no more contact")
                self.world.opt_out(str(self.person.id), "all", "the customer said so")
            case "f":
                self._show()
                self.tell(self._as_file())
            case _:
                for line in HELP:
                    self.tell(line, "dim")

    def _pass(self, at: datetime) -> None:
        self.turns.pass_until(at)
        self.now = max(at, self.world.now)

    def _pass_until(self, at: datetime) -> None:
        """Until then, or until a call waits."""
        while (due := self.turns.next_at()) is not None and due <= at:
            self._pass(due)
            self.watch.look()
            if self.world.ready():
                return
        self._pass(at)

    def _event(self, type_: str) -> None:
        declared = self.stage.events[type_]
        fields = values_of(declared, self.clock, self.now)
        if fields:
            shown = ", ".join(f"{name}={value}" for name, value in fields.items())
            for name, text in _pairs(self.asked(f"{type_} with {shown}. Other values? ")).items():
                fields[name] = typed(text, declared.fields.get(name))
        for problem in check_data(declared, fields):
            self.tell(f"{problem.problem} ({problem.hint})", "red")
            return
        self.when.append({"at": self.clock.said(self.now), "event": type_, **({"fields": fields} if fields else {})})
        self.watch.heard(self.now, type_, self.now)
        said, key = as_said(self.person, str(self.person.id)), str(len(self.when))
        self.turns.hear(Happening(type_, self.subject, self.now, fields, said, named=key))

    def _call(self, call: TouchRecord) -> None:
        """A call waits: its script, and how it ends."""
        taken = self.world.take_this(call.id, STAFF)
        self._show()
        if isinstance(taken, str):
            self.tell(f"The call cannot be made now: {taken}", "yellow")
            return
        if call.words is not None:
            self.tell(_indented(text_of(call.words)))
        labels = {**LABELS, **self.stage.design.house_rules.dispositions}
        for number, code in enumerate(STAFF_CODES, 1):
            self.tell(f"  {number:2}  {labels[code]}", "dim")
        while True:
            ending, back = self._ending(call)
            try:
                self.world.finish(call.id, ending, call_back_at=back, who=STAFF)
                break
            except InputError as refused:
                for problem in refused.problems:
                    self.tell(str(problem), "red")
        line: dict[str, Any] = {"touchpoint": call.touchpoint, "try": call.tries, "ends": ending}
        self.when.append(line if back is None else {**line, "call_back": self.clock.said(back)})

    def _ending(self, call: TouchRecord) -> tuple[str, datetime | None]:
        """How whoever plays says that it ends, and when the customer wants to be called back."""
        question = f"{call.touchpoint}, try {call.tries}: how does it end? "
        while (ending := _one_of(self.asked(question), STAFF_CODES)) is None:
            question = "A number from the list, or the disposition: "
        back: datetime | None = None
        while ending == "call_back" and back is None:
            back = self._moment(self.asked("When do they want to be called? "))
        return ending, back

    def _ends_as(self, record: TouchRecord) -> str | None:
        """How an automatic call ends; messages are sent."""
        if record.channel not in AUTOMATIC_CALLS:
            return None
        chosen = self._choose(f"{record.touchpoint}, an automatic call, try {record.tries}: how does it end?", AUTOMATIC_ENDINGS)
        self.when.append({"touchpoint": record.touchpoint, "try": record.tries, "ends": chosen})
        return chosen

    def _choose(self, question: str, known: tuple[str, ...] | list[str]) -> str:
        self.tell(question)
        for number, name in enumerate(known, 1):
            self.tell(f"  {number:2}  {name}", "dim")
        while (found := _one_of(self.asked("> "), known)) is None:
            self.tell(f"A number from 1 to {len(known)}.", "yellow")
        return found

    def _moment(self, text: str, *, past: bool = False) -> datetime | None:
        try:
            at = self.clock.moment(LocalMoment.parse(text), self.now)
        except (NoSuchMoment, ValueError, OverflowError) as error:
            self.tell(str(error).replace("|", "; "), "red")
            return None
        if at < self.now and not past:
            self.tell(f"That is over; it is {self.clock.said(self.now)}.", "red")
            return None
        return at

    def _say_next(self, due: datetime | None) -> None:
        for call in self.world.ready():
            until = f" until {self.clock.said(call.expires_at)}" if call.expires_at is not None else ""
            self.tell(f"Waits: {call.touchpoint}, try {call.tries}, in the queue {call.queue}{until}", "bold")
        planned = sorted((r for r in self.world.touches if r.state is TouchState.PLANNED), key=lambda r: r.due_at)
        for record in planned[:3]:
            what = f"{record.touchpoint} ({record.channel})" if record.touchpoint else "a wait is over"
            self.tell(f"Next: {self.clock.said(record.due_at)}  {what}", "bold")
        if due is None:
            self.tell("Nothing is planned any more.", "bold")

    def _show(self) -> None:
        """What has happened since the last time."""
        self.watch.look()
        moments = self.watch.moments()
        for moment in moments[self._shown :]:
            for line, style in shown(moment):
                self.tell(line, style)
        self._shown = len(moments)

    def _as_file(self) -> str:
        """What was played, as a rehearsal file."""
        person = self.person.model_dump(exclude_none=True, exclude_defaults=True)
        lines = [f"playbook: {self.playbook}", f"subject: {self.subject}", f"customer: {flow(person)}", "rehearsals:",
                 "  - rehearsal: played by hand", "    when:"]  # fmt: skip
        lines += [f"      - {flow(line)}" for line in self.when]
        got = self.watch.got()
        lines.append(f"    until: {self.clock.said(self.now)}")
        lines.append("    then:" if got else "    then: nothing")
        lines += [f"      - {flow(line_of(one, self.clock, self.playbook))}" for one in got]
        return "\n".join(lines)


def shown(moment: Moment) -> list[tuple[str, str]]:
    """A moment as lines for a terminal, each with its style."""
    style = {"good": "green", "warn": "yellow", "bad": "red"}.get(moment.tone, "")
    tries = f", try {moment.tries}" if moment.tries > 1 else ""
    result = f": {moment.result}" if moment.result else ""
    lines = [(f"{moment.local}  {moment.title}{tries}{result}", style)]
    if moment.why:
        lines.append((f"    why: {moment.why}", "dim"))
    if moment.words and moment.kind == "touch" and moment.channel != "call":
        lines.append((_indented(moment.words), ""))
    return lines


def _indented(text: str) -> str:
    return "\n".join(f"    | {line}" for line in text.splitlines())


def _one_of(answer: str, known: tuple[str, ...] | list[str]) -> str | None:
    if answer.isdigit() and 1 <= int(answer) <= len(known):
        return known[int(answer) - 1]
    return answer if answer in known else None


def _pairs(text: str) -> Mapping[str, str]:
    """ "amount=300 work=the back deck" -> values by name."""
    found: dict[str, str] = {}
    name = ""
    for word in text.split():
        key, sign, rest = word.partition("=")
        if sign and key.isidentifier():
            name, found[key] = key, rest
        elif name:
            found[name] += f" {word}"
    return found
