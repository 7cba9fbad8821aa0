"""What the shell's verbs work with, put together in wiring.py and passed in. No globals."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from orchestrator.channels.base import Channel
from orchestrator.clock import Clock
from orchestrator.ids import NewId
from orchestrator.links import Links
from orchestrator.rulebook import Rulebook
from orchestrator.store.database import Database

Wake = Callable[[Collection[str]], None]  # says that these channels may have due work; allowed to fail silently


def no_wake(channels: Collection[str]) -> None:
    """For processes without workers: the sweep finds the work anyway."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast one sender may go."""

    sender: str  # its row in the table of senders; channels of one sender share it
    per_second: float


@dataclass(frozen=True, slots=True)
class Parts:
    """A database, the rules in use, the ways out, and where ids and wake-ups come from."""

    database: Database
    rulebook: Rulebook
    channels: Mapping[str, Channel]  # email, text, voice, voicemail -> what carries it
    clock: Clock
    new_id: NewId
    wake: Wake = no_wake
    links: Links = field(default_factory=lambda: Links("http://localhost:8000"))
    paces: Mapping[str, Pace] = field(default_factory=dict)  # channel -> its sender; without one it goes as fast as it can
    lease: timedelta = timedelta(seconds=120)  # of a claim on messages; above the task time limit of the workers
    silence: timedelta = timedelta(hours=26)  # a provider that reports everything and says nothing for so long has not had it
