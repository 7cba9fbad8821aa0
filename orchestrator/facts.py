"""The planner's view of touches: program, people and what is known about their subjects, read in one go for a batch."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.core.planner import Facts
from orchestrator.errors import InputError, NotFound, Problem
from orchestrator.language.program import Program
from orchestrator.rulebook import InUse
from orchestrator.store import events
from orchestrator.store.database import Work
from orchestrator.store.touches import Due

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Defect:
    """A touch whose playbook version cannot be used: it waits for a person, and holds up nobody else."""

    why: str


def facts_of(work: Work, in_use: InUse, dues: Sequence[Due]) -> list[Facts | Defect]:
    """What the planner may look at, for each of these, in order."""
    programs = [_program(work, in_use, d) for d in dues]
    waiting = [(d, p) for d, p in zip(dues, programs, strict=True) if not isinstance(p, Defect) and p.waits_for]
    types = {t for _, p in waiting for t in p.waits_for}
    seen = events.seen(work, sorted({d.run.subject for d, _ in waiting}), types) if types else {}
    return [
        p
        if isinstance(p, Defect)
        else Facts(p, d.run, d.customer, in_use.house, in_use.names(d.run, d.customer, p), seen.get(d.run.subject, {}))
        for d, p in zip(dues, programs, strict=True)
    ]


def usable(work: Work, in_use: InUse, dues: Sequence[Due]) -> list[tuple[Due, Facts]]:
    """The same, without those that cannot be used."""
    pairs = zip(dues, facts_of(work, in_use, dues), strict=True)
    return [(due, facts) for due, facts in pairs if not isinstance(facts, Defect)]


def facts_for(work: Work, in_use: InUse, due: Due) -> Facts:
    """For one touch that a person is working on; raises InputError when its version cannot be used."""
    facts = facts_of(work, in_use, [due])[0]
    if isinstance(facts, Defect):
        raise InputError(Problem(facts.why, "publish house rules that have what it names"))
    return facts


def _program(work: Work, in_use: InUse, due: Due) -> Program | Defect:
    try:
        return in_use.program(work, due.run.version)
    except (InputError, NotFound) as error:
        log.error(
            "a playbook version cannot be used",
            extra={"action": "version.defect", "version": str(due.run.version), "error": str(error)},
        )
        return Defect(f"version {due.run.number} of {due.run.playbook} cannot be used: {error}")
