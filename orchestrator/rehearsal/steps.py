"""A rehearsal as a list of dated moments, for a timeline slider."""

from __future__ import annotations

from orchestrator.rehearsal.running import Result
from orchestrator.rehearsal.watching import Moment


def steps_of(result: Result) -> list[Moment]:
    """Everything that happened and was decided, oldest first: what, with which words, and why."""
    return list(result.moments)
