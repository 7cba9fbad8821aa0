"""Standing still and going on: everything, a channel, a playbook or a queue. A pause holds what is due and drops nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from orchestrator.channels.base import KINDS
from orchestrator.core.model import PauseScope
from orchestrator.errors import InputError, Problem, did_you_mean
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store import audit, board, changes, events, pauses
from orchestrator.store.audit import By
from orchestrator.store.changes import entry
from orchestrator.store.database import Work

LOOK_AHEAD = timedelta(hours=8)  # what a pause would hold is counted so far ahead
HOW_TO_SAY = "write all, channel:text, playbook:quote-follow-up or queue:sales"


@dataclass(frozen=True, slots=True)
class What:
    """What is to stand still."""

    scope: PauseScope
    name: str  # empty for all

    @property
    def about(self) -> str:
        """For the audit trail: "queue:sales"; empty for the whole system."""
        return f"{self.scope}:{self.name}" if self.name else ""

    def __str__(self) -> str:
        return self.about or "all"

    @property
    def words(self) -> str:
        """ "the queue sales", "everything"."""
        return f"the {self.scope} {self.name}" if self.name else "everything"


@dataclass(frozen=True, slots=True)
class Holds:
    """How much a pause holds."""

    waiting: int  # calls in their queues
    due: int  # touches that fall due within LOOK_AHEAD


def read(text: str) -> What:
    """ "queue:sales" -> What. Raises InputError for anything that cannot be paused."""
    scope, _, name = text.partition(":")
    if scope not in ("all", "channel", "playbook", "queue") or (scope == "all") == bool(name) or not text.isprintable():
        raise InputError(Problem(f"'{text}' cannot be paused", HOW_TO_SAY))
    return What(cast(PauseScope, scope), name)


def known(in_use: InUse) -> list[What]:
    """Everything that can be paused, by name."""
    answer = [What("all", "")]
    answer += [What("queue", name) for name in in_use.house.queues]
    answer += [What("channel", name) for name in channels()]
    return answer + [What("playbook", name) for name in sorted(in_use.current)]


def channels() -> tuple[str, ...]:
    """The channels that can be paused; "call" is the staff's."""
    return ("call", *(kind for kind in KINDS if kind != "call"))


def check(parts: Parts, what: What) -> None:
    """Raises InputError when nothing has that name."""
    parts.database.run(lambda work: _must_exist(parts.rulebook.refresh(work), what))


def would_hold(parts: Parts, what: What) -> Holds:
    """How much stands still when this is paused now."""
    until = parts.clock() + LOOK_AHEAD
    return Holds(*parts.database.run(lambda work: board.held_by_pause(work, what.scope, what.name, until)))


def pause(parts: Parts, what: What, by: By) -> bool:
    """Stand still, from now on. False when it stood still before. Raises InputError for a name that nothing has."""
    now = parts.clock()

    def unit(work: Work) -> bool:
        _must_exist(parts.rulebook.refresh(work), what)
        events.lock_subjects(work, ["pauses"])  # two leads at once: one of them hears that it stood still already
        done = pauses.put(work, what.scope, what.name, by.name, now)
        return noted(work, what, by, "paused", "pause.put", now) if done else False

    return parts.database.run(unit)


def noted(work: Work, what: What, by: By, word: str, name: str, now: datetime, more: str = "") -> bool:
    """Into the journal and the audit trail; resuming.py says when it goes on. more: the way of resuming, and what it did."""
    changes.write(work, [], [entry(now, f"pause.{word}", f"{by.name} {word} {what}{more}", rule=by.name)])
    audit.note(work, by, name, what.about, f"{by.name} {word} {what.words}{more}", now)
    return True


def _must_exist(in_use: InUse, what: What) -> None:
    names = [other.name for other in known(in_use) if other.scope == what.scope]
    if what.name not in names:
        raise InputError(Problem(f"there is no {what.scope} '{what.name}'", did_you_mean(what.name, names)))
