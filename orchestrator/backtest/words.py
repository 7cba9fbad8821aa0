"""How a backtest says things to people: the same words in the terminal and on the page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

CHANNELS: Mapping[str, tuple[str, str]] = {  # one, several
    "email": ("e-mail", "e-mails"),
    "text": ("text", "texts"),
    "call": ("call", "calls"),
    "voice": ("automatic call", "automatic calls"),
    "voicemail": ("voicemail", "voicemails"),
}
ALL_THAT_CAME = "all that came in"  # in place of a touchpoint: the start itself
RULED: Mapping[str, str] = {"capped": "capped", "deferred": "put off", "skipped": "refused", "expired": "too late"}
_ENDED: Mapping[str, str] = {
    "": "had not ended when history did",
    "goal": "goal reached",
    "stopped": "stopped by an event",
    "opted_out": "opted out",
    "exhausted": "all steps done",
    "expired": "gave up",
    "superseded": "started anew",
    "error": "could not go on (error)",
}
NOT_STARTED: Mapping[str, str] = {  # journal entry of a start event that led to nothing -> why
    "enrollment.not_meant": "the playbook's condition was not met",
    "enrollment.unclear": "the playbook's condition could not be told",
    "enrollment.nobody": "the event named no customer",
    "enrollment.already_inside": "the subject was in the playbook already",
    "enrollment.only_once": "the subject had been through the playbook before",
    "enrollment.older": "a newer event had started it",
    "enrollment.prevented": "a stop event had come before",
    "enrollment.too_late": "the event was older than the playbook goes on for",
}


def ended(reason: str) -> str:
    """How a follow-up ended; "" for one that had not."""
    return _ENDED.get(reason, reason.replace("_", " "))


def not_started(what: str) -> str:
    """Why a start event led to nothing."""
    return NOT_STARTED.get(what, what.removeprefix("enrollment.").replace("_", " "))


def far(by: timedelta) -> str:
    """ "2 days later", "3 hours earlier": the largest unit that says it in whole or half numbers, roughly."""
    size = abs(by)
    direction = "later" if by > timedelta(0) else "earlier"
    for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1))):
        if size >= length:
            n = round(size / length, 1)
            return f"{n:g} {unit if n == 1 else unit + 's'} {direction}"
    n = max(round(size / timedelta(minutes=1)), 1)
    return f"{n} {'minute' if n == 1 else 'minutes'} {direction}"
