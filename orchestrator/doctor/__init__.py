"""`touchpoint doctor`: what would go wrong, found before it does. Each check has an id that stays, what it found, and what to do.

A check changes nothing: it makes no file, no table and no message, and what it asks a provider costs nothing and reaches nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from orchestrator.config import Settings
from orchestrator.doctor.by_sendgrid import look_at_sendgrid
from orchestrator.doctor.by_smtp import look_at_smtp
from orchestrator.doctor.by_twilio import look_at_twilio
from orchestrator.doctor.contacting import contacting, look_at_carrier
from orchestrator.doctor.finding import Finding
from orchestrator.doctor.here import look_here
from orchestrator.doctor.kept import look_at_what_is_kept
from orchestrator.doctor.outside import look_from_outside
from orchestrator.errors import SettingsError
from orchestrator.wiring import build

__all__ = ["Finding", "examine"]


def examine(settings: Settings, now: datetime, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Every check, in the order in which things depend on each other. What cannot be asked because of an earlier error is left out."""
    yield from look_here(settings, environment)
    yield contacting(settings)
    yield from look_at_carrier(settings)
    yield from look_at_twilio(settings)
    yield from look_at_sendgrid(settings)
    yield from look_at_smtp(settings)
    yield from look_from_outside(settings)
    try:
        parts = build(settings)
    except SettingsError:
        return  # settings.channels or settings.database_url has said why
    yield from look_at_what_is_kept(settings, parts, now)
