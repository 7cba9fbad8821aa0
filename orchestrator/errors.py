"""Everything that can be wrong, in one tree. Expected answers are values; these are broken promises or bad input.

TouchpointError
├── InputError            what somebody gave us cannot be used: carries Problems with a place and a hint
│   ├── PlaybookError     a file that ops people write
│   ├── EventError        an event that a system sent
│   └── Overtaken         somebody else was quicker: what was decided on is not what was looked at any more
├── SettingsError         the settings contradict each other, or something they name is not there
├── DatabaseError         the database is missing, full, or of another version
│   └── NothingPublished  there are no playbooks in it yet
├── BrokerError           the broker cannot be reached (never fatal for the work itself)
└── NotFound              a touch, subject or key that does not exist
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where it is, what it is, and what to do about it."""

    problem: str
    hint: str = ""
    place: str = ""  # file path, or the path of a field such as "customer.phone"
    line: int = 0  # 1-based; 0 when the place has no lines
    column: int = 0

    def __str__(self) -> str:
        where = f"{self.place}:{self.line}:{self.column}: " if self.line else (f"{self.place}: " if self.place else "")
        return f"{where}{self.problem}" + (f" ({self.hint})" if self.hint else "")


class TouchpointError(Exception):
    """The root: catch it at an entry point to print one calm sentence."""


class InputError(TouchpointError):
    """Something given to us cannot be used; `problems` says what, where, and what to do."""

    def __init__(self, problems: Iterable[Problem] | Problem) -> None:
        self.problems: Sequence[Problem] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(p) for p in self.problems))


class PlaybookError(InputError):
    """A playbook, word file, lifecycle or house-rules file cannot be used."""


class EventError(InputError):
    """An event cannot be used; nothing of it was stored."""


class Overtaken(InputError):
    """What somebody decided on is not what they looked at any more; nothing was done."""


class SettingsError(TouchpointError):
    """Settings contradict each other or name something that is not there."""


class DatabaseError(TouchpointError):
    """The database is missing, full or of another version; the message says which and what to do."""


class NothingPublished(DatabaseError):
    """Nobody has published playbooks and house rules yet; the message says how."""


class BrokerError(TouchpointError):
    """The broker cannot be reached. Work goes on without it; only wake-ups are slower."""


class NotFound(TouchpointError):
    """Nothing exists under the name or id that was given."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint naming the closest known word, or listing what exists when nothing is close."""
    names = sorted(set(known))
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    if not names:
        return "there are none"
    shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return f"known: {shown}"
