"""The outcomes file: how the calls of a replay or a backtest end. A rule on the subject's id and no chance, so that every run is the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from orchestrator.core.calls import ENDINGS
from orchestrator.errors import PlaybookError, Problem, did_you_mean
from orchestrator.language.playbook import Model, Name
from orchestrator.language.program import Program, TouchNode
from orchestrator.language.source import Source, parse, read_yaml

MOST_TALK = 29  # minutes; a claim on a call lasts thirty
MOST_WAIT = 100_000  # minutes, about ten weeks
Share = tuple[float, float]  # from, up to: percent
Taken = int | Literal["never"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How one call ends."""

    disposition: str
    talk: timedelta
    answers: Mapping[str, Any]  # Any: what a customer may answer: a text, a number, yes or no


class When(Model):
    """Which calls a rule is for; what is not said does not matter."""

    playbook: Name | None = Field(None, description="the calls of this playbook")
    touchpoint: Name | None = Field(None, description="the calls of this touchpoint")
    try_: int | None = Field(None, alias="try", ge=1, le=20, description="only the first (second …) try of the touchpoint")
    subject_hash_percent: Share | None = Field(None, description="subjects from this percent up to that one, e.g. [0, 40]")

    @field_validator("subject_hash_percent")
    @classmethod
    def _runs_forward(cls, share: Share | None) -> Share | None:
        if share is not None and not 0 <= share[0] < share[1] <= 100:
            raise _wrong(f"[{share[0]:g}, {share[1]:g}] is no share", "write two percents, the smaller one first, e.g. [0, 40]")
        return share

    def fits(self, subject: str, playbook: str, touchpoint: str, tries: int) -> bool:
        """Whether the rule is for this call."""
        if self.try_ not in (None, tries) or self.touchpoint not in (None, touchpoint) or self.playbook not in (None, playbook):
            return False
        share = self.subject_hash_percent
        return share is None or share[0] <= percent_of(subject) < share[1]


class Rule(Model):
    """Calls that end like this. The first rule that fits counts."""

    when: When
    disposition: str
    talk_minutes: int | None = Field(None, ge=0, le=MOST_TALK, description="how long they talk")
    answers: dict[str, str | int | float | bool] = Field(default_factory=dict, description="what they answer to the script")

    @field_validator("disposition")
    @classmethod
    def _exists(cls, code: str) -> str:
        return _disposition(code)


class Hours(Model):
    """How one queue is worked."""

    minutes_until_taken: Taken | None = Field(None, description="how long a call waits in it, or never")
    talk_minutes: int | None = Field(None, ge=0, le=MOST_TALK, description="how long its calls take")

    @field_validator("minutes_until_taken")
    @classmethod
    def _lasts(cls, taken: Taken | None) -> Taken | None:
        return _taken(taken)


class Outcomes(Model):
    """A whole outcomes file. Without one, every call is taken at once and nobody answers."""

    default: str = Field("no_answer", description="how calls end that no rule is for")
    minutes_until_taken: Taken = Field(0, description="how long a call waits for somebody to take it, or never")
    talk_minutes: int = Field(3, ge=0, le=MOST_TALK, description="from taking a call to saying how it ended")
    queues: dict[Name, Hours] = Field(default_factory=dict, description="queues that are worked differently")
    rules: list[Rule] = Field(default_factory=list, max_length=1_000, description="the first that fits counts")

    @field_validator("default")
    @classmethod
    def _exists(cls, code: str) -> str:
        return _disposition(code)

    @field_validator("minutes_until_taken")
    @classmethod
    def _lasts(cls, taken: Taken) -> Taken | None:
        return _taken(taken)

    def until_taken(self, queue: str) -> timedelta | None:
        """How long after a call came into that queue somebody is there for it; None when nobody ever is."""
        own = self.queues[queue].minutes_until_taken if queue in self.queues else None
        minutes = self.minutes_until_taken if own is None else own
        return None if minutes == "never" else timedelta(minutes=minutes)

    def ending(self, subject: str, playbook: str, touchpoint: str, tries: int, queue: str) -> Ending:
        """How this call ends."""
        rule = next((r for r in self.rules if r.when.fits(subject, playbook, touchpoint, tries)), None)
        own = self.queues[queue].talk_minutes if queue in self.queues else None
        minutes = next(m for m in (rule.talk_minutes if rule else None, own, self.talk_minutes) if m is not None)
        talk = timedelta(minutes=minutes)
        return Ending(rule.disposition, talk, rule.answers) if rule else Ending(self.default, talk, {})


def percent_of(subject: str) -> float:
    """Where a subject stands between 0 and 100, by its id alone: 0.00, 0.01 … 99.99, the same on every machine."""
    return int.from_bytes(hashlib.sha256(subject.encode()).digest()[:8], "big") % 10_000 / 100


def outcomes_of(text: str, path: str, programs: Iterable[Program]) -> Outcomes:
    """The outcomes in a text, checked against the playbooks they speak of. Raises PlaybookError with line and column."""
    source = read_yaml(text, path)
    outcomes = parse(Outcomes, source)
    if problems := list(_unknown_names(outcomes, list(programs), source)):
        raise PlaybookError(problems)
    return outcomes


def _unknown_names(outcomes: Outcomes, programs: list[Program], source: Source) -> Iterable[Problem]:
    """A rule for a touchpoint that does not exist would never fit, and nobody would notice."""
    calls = [n for p in programs for n in p.nodes.values() if isinstance(n, TouchNode) and n.channel == "call"]
    touchpoints, playbooks = {n.touchpoint for n in calls}, {p.playbook for p in programs}
    queues = {q for n in calls for q in (n.queue, n.escalate_to) if q is not None}
    for index, rule in enumerate(outcomes.rules):
        at = ("rules", index, "when")
        if rule.when.playbook not in {None, *playbooks}:
            named = str(rule.when.playbook)
            yield source.problem((*at, "playbook"), f"there is no playbook '{named}'", did_you_mean(named, playbooks))
        if rule.when.touchpoint not in {None, *touchpoints}:
            named = str(rule.when.touchpoint)
            yield source.problem((*at, "touchpoint"), f"no playbook has a call '{named}'", did_you_mean(named, touchpoints))
    for queue in outcomes.queues:
        if queue not in queues:
            yield source.problem(("queues", queue), f"no call goes to a queue '{queue}'", did_you_mean(queue, queues), key=True)


def _disposition(code: str) -> str:
    if code not in ENDINGS:
        raise _wrong(f"'{code}' is no disposition", did_you_mean(code, ENDINGS))
    return code


def _taken(taken: Taken | None) -> Taken | None:
    if isinstance(taken, int) and not 0 <= taken <= MOST_WAIT:
        raise _wrong(f"{taken} minutes cannot be", f"write a number from 0 to {MOST_WAIT:,}, or never")
    return taken


def _wrong(problem: str, hint: str) -> PydanticCustomError:
    """What a check of one value raises: it stands where the value does."""
    return PydanticCustomError("outcome", "{problem}", {"problem": problem, "hint": hint})
