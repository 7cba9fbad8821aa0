"""Everything that happens by the clock, in one table."""

from __future__ import annotations

from typing import Any

from orchestrator.dispatch import CHANNELS

DRAIN, INBOX, UPKEEP = "touchpoint.drain", "touchpoint.inbox", "touchpoint.upkeep"
EVERY_S = {
    "wait": 1.0,  # waits that are over
    "email": 1.0,
    "text": 1.0,
    "voice": 1.0,
    "voicemail": 1.0,
    "call": 1.0,  # calls become tasks in their queues
}
INBOX_EVERY_S = 1.0  # what providers told us, if a wake-up was lost
UPKEEP_EVERY_S = 5.0  # leases, unknown outcomes, calls that nobody took, events that failed


def table() -> dict[str, dict[str, Any]]:
    """The schedule as Celery wants it. A wake-up that was not read in its period is worth nothing any more."""
    assert set(EVERY_S) == set(CHANNELS), "every channel is woken by the clock"
    rows = {
        f"{channel} is due": {
            "task": DRAIN,
            "args": (channel,),
            "schedule": seconds,
            "options": {"queue": channel, "expires": seconds},
        }
        for channel, seconds in EVERY_S.items()
    }
    rows["inbox"] = {
        "task": INBOX,
        "args": (),
        "schedule": INBOX_EVERY_S,
        "options": {"queue": "inbox", "expires": INBOX_EVERY_S},
    }
    rows["upkeep"] = {
        "task": UPKEEP,
        "args": (),
        "schedule": UPKEEP_EVERY_S,
        "options": {"queue": "upkeep", "expires": UPKEEP_EVERY_S},
    }
    return rows
