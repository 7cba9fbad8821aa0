"""What a rehearsal did, read off the simulation while it runs: lines to compare with the file, and moments for a timeline."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from orchestrator.core.model import OPEN_STATES, TouchState
from orchestrator.language.dispositions import LABELS, SET_BY_ENGINE
from orchestrator.language.program import TouchNode
from orchestrator.language.words import Rendered
from orchestrator.rehearsal.clocks import Clock
from orchestrator.rehearsal.stage import Stage
from orchestrator.simulation.records import Entry, TouchRecord
from orchestrator.simulation.world import World

Tone = Literal["", "good", "warn", "bad"]
_BY_ENGINE = frozenset(d.code for d in SET_BY_ENGINE)
_GOOD = frozenset({"goal_met", "completed", "already_done", "commitment_made", "sent", "goal"})
_BAD = frozenset(
    {"completed_concern", "declined", "do_not_contact", "wrong_number", "invalid_number", "failed", "unknown", "error"}
)
_WARN = frozenset({"skipped", "expired", "not_taken", "cancelled", "deferred", "opted_out", "stopped", "superseded"})
_WORDS = {
    "sent": "sent", "failed": "failed", "skipped": "not done", "deferred": "put off", "expired": "too late",
    "not_taken": "nobody took it", "cancelled": "called off", "planned": "planned", "ready": "waits for staff",
    "unknown": "nobody knows whether it arrived",
}  # fmt: skip
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")  # what Markdown prints without its backslash
_DECIDED = {  # journal entries that are moments of their own
    "branch.taken": "The playbook parts", "split.taken": "The customers part", "touch.passed_over": "Passed over",
    "wait.not_needed": "No need to wait", "touch.under_way": "It cannot be called back", "stop.older_than_start": "Too old to stop it",
    "touch.escalated": "Goes to another queue", "touch.passed_on": "Goes to another queue", "customer.opted_out": "No more contact",
    "enrollment.nobody": "Does not start", "enrollment.already_inside": "Does not start", "enrollment.older": "Does not start",
    "enrollment.only_once": "Does not start", "enrollment.prevented": "Does not start", "enrollment.too_late": "Does not start",
    "enrollment.unclear": "Does not start", "enrollment.not_meant": "Does not start",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Got:
    """One thing that became of a touch, or the end of an enrollment."""

    at: datetime
    playbook: str
    touchpoint: str | None  # None: the end of an enrollment
    what: str  # as in the file: sent, deferred, a disposition …; of an enrollment: why it ended
    tries: int = 1
    most: int = 1  # tries that the step has; more than one makes the try worth saying
    because: str = ""  # the rule or the reason
    until: datetime | None = None
    why: str = ""
    words: str | None = None
    channel: str = ""
    touch: UUID | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """One dated thing for a timeline: what happened, in which words, and why."""

    at: datetime
    local: str  # "Tue 2026-03-03 10:10"
    kind: Literal["event", "planned", "touch", "wait", "decision", "end"]
    title: str
    result: str = ""
    tone: Tone = ""
    why: str = ""
    words: str = ""
    channel: str = ""
    touchpoint: str = ""
    step: str = ""  # node of the playbook's picture
    playbook: str = ""
    tries: int = 1
    rendered: Rendered | None = None  # the same words with their parts told apart, for pages


class Watch:
    """Looks at the world after each step."""

    def __init__(self, world: World, clock: Clock, stage: Stage, playbook: str) -> None:
        self._world, self._clock, self._stage, self._playbook = world, clock, stage, playbook
        self._seen = 0  # journal entries
        self._deferred: list[Got] = []
        self._moments: list[Moment] = []
        self._done: set[UUID] = set()

    def heard(self, at: datetime, type_: str, occurred: datetime) -> None:
        """An event comes in."""
        declared = self._stage.events.get(type_)
        late = f"; it occurred {self._clock.said(occurred)}" if occurred != at else ""
        means = declared.means if declared is not None else ""
        self._moments.append(Moment(at, self._clock.said(at), "event", type_, why=f"{means}{late}"))

    def said(self, at: datetime, title: str) -> None:
        """The customer does something."""
        self._moments.append(Moment(at, self._clock.said(at), "event", title))

    def look(self) -> None:
        """Take up what is new in the journal."""
        entries = self._world.journal[self._seen :]
        if not entries:
            return
        self._seen += len(entries)
        touches = {r.id: r for r in self._world.touches}
        for entry in entries:
            record = touches.get(entry.touch) if entry.touch is not None else None
            if entry.what in _DECIDED:
                self._decided(entry, record)
            elif entry.what == "enrollment.ended":
                self._over(entry)
            elif record is not None:
                self._of_touch(entry, record)

    def got(self) -> Sequence[Got]:
        """What became of each touch, and how enrollments ended, in order."""
        lines = list(self._deferred)
        lines += [got for record in self._world.touches if (got := self._got(record)) is not None]
        lines += [
            Got(run.ended_at or self._world.now, run.playbook, None, str(run.reason), why=run.ended_why)
            for run in self._world.runs
            if run.reason is not None
        ]
        return sorted(lines, key=lambda line: (line.at, line.touchpoint is None))

    def moments(self) -> Sequence[Moment]:
        """Everything, oldest first."""
        return sorted(self._moments, key=lambda moment: moment.at)

    def _of_touch(self, entry: Entry, record: TouchRecord) -> None:
        match entry.what:
            case "touch.deferred":
                self._put_off(entry, record)
            case "touch.planned":
                self._moments.append(
                    self._moment(record, entry.at, "planned", f"for {self._clock.said(record.due_at)}", why=entry.why)
                )
            case "touch.ready":
                self._moments.append(self._moment(record, entry.at, "touch", _WORDS["ready"], why=entry.why))
            case _ if record.id not in self._done and record.state not in OPEN_STATES:
                self._done.add(record.id)
                what = what_of(record)
                result, tone = (self._label(what), tone_of(what)) if record.touchpoint else ("over", "")
                at, words = when_of(record, self._world.now), self._said(record) or ""
                kind: Literal["touch", "wait"] = "touch" if record.touchpoint else "wait"
                made = self._moment(record, at, kind, result, tone, self._why(record), words)
                self._moments.append(replace(made, rendered=record.words))

    def _put_off(self, entry: Entry, record: TouchRecord) -> None:
        why, until = entry.why.partition(" UTC: ")[2] or entry.why, record.due_at
        if record.touchpoint is not None:
            self._deferred.append(
                Got(entry.at, record.playbook, record.touchpoint, "deferred", record.tries, self._most(record), entry.rule, until,
                    why, channel=record.channel or "", touch=record.id)
            )  # fmt: skip
        self._moments.append(self._moment(record, entry.at, "touch", f"put off to {self._clock.said(until)}", "warn", why))

    def _decided(self, entry: Entry, record: TouchRecord | None) -> None:
        step, touchpoint = (record.step, record.touchpoint or "") if record is not None else ("", "")
        self._moments.append(
            Moment(entry.at, self._clock.said(entry.at), "decision", _DECIDED[entry.what], why=entry.why, step=step,
                   touchpoint=touchpoint)
        )  # fmt: skip

    def _over(self, entry: Entry) -> None:
        run = next(r for r in self._world.runs if r.id == entry.run)
        self._moments.append(
            Moment(entry.at, self._clock.said(entry.at), "end", f"{self._title(run.playbook)} ends", entry.rule.replace("_", " "),
                   tone_of(entry.rule), entry.why, playbook=run.playbook)
        )  # fmt: skip

    def _got(self, record: TouchRecord) -> Got | None:
        if record.touchpoint is None:
            return None
        what, at = what_of(record), when_of(record, self._world.now)
        because = str(record.reason or "") if record.state in _UNMADE and what != "not_taken" else ""
        return Got(
            at, record.playbook, record.touchpoint, what, record.tries, self._most(record), because, None, self._why(record),
            self._said(record), record.channel or "", record.id,
        )  # fmt: skip

    def _moment(
        self, record: TouchRecord, at: datetime, kind: Literal["planned", "touch", "wait"], result: str, tone: Tone = "", why: str = "",
        words: str = "",
    ) -> Moment:  # fmt: skip
        node = self._node(record)
        title = node.title if node is not None else record.touchpoint or "Wait"
        return Moment(
            at, self._clock.said(at), kind, title, result, tone, why, words, record.channel or "", record.touchpoint or "",
            record.step, record.playbook, record.tries,
        )  # fmt: skip

    def _label(self, what: str) -> str:
        return self._stage.design.house_rules.dispositions.get(what) or LABELS.get(what) or _WORDS.get(what, what)

    def _said(self, record: TouchRecord) -> str | None:
        return text_of(record.words) if record.words is not None else None

    def _why(self, record: TouchRecord) -> str:
        """Why it ended without contact, as the journal says; else why it was planned for then."""
        if record.state in _UNMADE:
            said = [e.why for e in self._world.journal if e.touch == record.id and e.what == f"touch.{record.state}"]
            if said:
                return said[-1]
        return record.why

    def _node(self, record: TouchRecord) -> TouchNode | None:
        if record.playbook not in self._stage.design.playbooks:
            return None
        node = self._stage.program(record.playbook).nodes.get(record.step)
        return node if isinstance(node, TouchNode) else None

    def _most(self, record: TouchRecord) -> int:
        node = self._node(record)
        return node.most if node is not None else 1

    def _title(self, playbook: str) -> str:
        return self._stage.program(playbook).title if playbook in self._stage.design.playbooks else playbook


_UNMADE = frozenset({TouchState.SKIPPED, TouchState.CANCELLED, TouchState.EXPIRED, TouchState.FAILED})


def what_of(record: TouchRecord) -> str:
    """What became of a touch, as rehearsal files say it."""
    if record.state is TouchState.EXPIRED and record.reason == "not taken":
        return "not_taken"
    if record.state in _UNMADE:
        return str(record.state)
    if record.disposition is not None and record.disposition not in _BY_ENGINE:
        return record.disposition
    return "sent" if record.state is TouchState.DONE else str(record.state)


def when_of(record: TouchRecord, now: datetime) -> datetime:
    """When it reached the customer; for one that did not, when that was decided; for one to come, when it is due."""
    if record.state in (TouchState.PLANNED, TouchState.READY):
        return record.due_at
    if record.state in _UNMADE:
        return record.finished_at or now
    return record.effect_at or record.finished_at or now


def text_of(words: Rendered) -> str:
    """Everything that the customer, or whoever calls them, reads or hears: the subject first."""
    markdown = words.subject is not None or words.title is not None  # nobody reads the backslashes that protect the values in it
    body = _ESCAPED.sub(r"\1", words.body) if markdown else words.body
    parts = [words.subject, words.preheader, words.title, words.goal, body, words.voicemail]
    if words.person is not None or words.machine is not None:
        parts = [words.person, words.machine if words.machine != words.person else None]
    if words.survey is not None:
        parts.append(words.survey.ask)
    return "\n".join(part for part in parts if part)


def tone_of(what: str) -> Tone:
    """How a result is to be coloured."""
    return "good" if what in _GOOD else "bad" if what in _BAD else "warn" if what in _WARN else ""
