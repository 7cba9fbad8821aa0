"""Reading the outcomes file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from orchestrator.errors import InputError, Problem
from orchestrator.language.program import Program
from orchestrator.simulation.outcomes import Outcomes, outcomes_of


def read_outcomes(path: Path, programs: Iterable[Program]) -> Outcomes:
    """An outcomes file, checked against the playbooks it speaks of. Raises InputError with line and column."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError(Problem(f"the outcomes file cannot be read: {why}", "", str(path))) from None
    return outcomes_of(text, str(path), programs)
