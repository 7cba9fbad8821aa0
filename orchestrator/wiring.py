"""Putting the parts together, by hand, in one place."""

from __future__ import annotations

from datetime import timedelta

from orchestrator.channels.registry import channels
from orchestrator.clock import Clock, utc_now
from orchestrator.config import Settings
from orchestrator.errors import SettingsError
from orchestrator.ids import new_id
from orchestrator.parts import Parts, Wake, no_wake
from orchestrator.rulebook import Rulebook
from orchestrator.store.database import Database


def build(settings: Settings, *, clock: Clock = utc_now, wake: Wake = no_wake, safe_writes: bool = True) -> Parts:
    """Everything the verbs of the shell need, by these settings. Connects to nothing yet."""
    if settings.clock_ahead_s and clock is utc_now:
        clock = _ahead(settings)
    return Parts(
        database=Database(settings.database_url, safe_writes=safe_writes),
        rulebook=Rulebook(),
        channels=channels(settings, clock),
        clock=clock,
        new_id=new_id,
        wake=wake,
        lease=timedelta(seconds=settings.lease_seconds),
    )


def _ahead(settings: Settings) -> Clock:
    """A clock that goes like the real one and shows another time. Real people live in the real time: they are out of its reach."""
    if {settings.email_via, settings.text_via, settings.voicemail_via} - {"ledger", "null"}:
        raise SettingsError("TOUCHPOINT_CLOCK_AHEAD_S is for demos: it works only while the ledger carries every message")
    by = timedelta(seconds=settings.clock_ahead_s)
    return lambda: utc_now() + by
