"""Putting the parts together, by hand, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from orchestrator.channels.base import Channel
from orchestrator.channels.registry import HARMLESS, channels
from orchestrator.clock import Clock, utc_now
from orchestrator.config import Settings
from orchestrator.core.model import AUTOMATIC_CALLS
from orchestrator.errors import SettingsError
from orchestrator.ids import new_id
from orchestrator.links import Links
from orchestrator.parts import Pace, Parts, Wake, no_wake
from orchestrator.rehearsing import rehearsed
from orchestrator.rulebook import Rulebook
from orchestrator.store.database import Database


def build(settings: Settings, *, clock: Clock = utc_now, wake: Wake = no_wake, safe_writes: bool = True) -> Parts:
    """Everything the verbs of the shell need, by these settings. Connects to nothing yet."""
    if settings.clock_ahead_s and clock is utc_now:
        clock = _ahead(settings)
    settings = rehearsed(settings)
    ways_out = channels(settings, clock)
    return Parts(
        database=Database(settings.database_url, safe_writes=safe_writes),
        rulebook=Rulebook(),
        channels=ways_out,
        clock=clock,
        new_id=new_id,
        wake=wake,
        links=Links(settings.public_url),
        paces=_paces(settings, ways_out),
        lease=timedelta(seconds=settings.lease_seconds),
        silence=timedelta(seconds=settings.silence_proves_absence_s),
    )


def _ahead(settings: Settings) -> Clock:
    """A clock that goes like the real one and shows another time. Real people live in the real time: they are out of its reach."""
    harmless = HARMLESS | {"sendgrid", "twilio"} if settings.rehearsing else HARMLESS
    if {settings.email_via, settings.text_via, settings.voice_via} - harmless:
        raise SettingsError(
            "TOUCHPOINT_CLOCK_AHEAD_S is for demos: it works only while the ledger or the rehearsal carrier carries every message"
        )
    by = timedelta(seconds=settings.clock_ahead_s)
    return lambda: utc_now() + by


def _paces(settings: Settings, ways_out: Mapping[str, Channel]) -> dict[str, Pace]:
    """How fast each channel may go. Voice and voicemail share one line."""
    rates = {
        "email": (settings.email_from, settings.emails_per_second),
        "text": (settings.text_from, settings.texts_per_second),
        "voice": (settings.caller_id, settings.calls_per_second),
        "voicemail": (settings.caller_id, settings.calls_per_second),
    }
    paces = {}
    for kind, (sender, per_second) in rates.items():
        via = ways_out[kind].name
        if via not in HARMLESS:
            line = "call" if kind in AUTOMATIC_CALLS else kind
            paces[kind] = Pace(f"{line} {via} {sender}", per_second)
    return paces
