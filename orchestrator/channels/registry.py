"""Every channel by name, one line each. Settings say which of them carries e-mails, texts and automatic calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.channels.base import KINDS, Channel
from orchestrator.channels.ledger import Ledger
from orchestrator.channels.null import Null
from orchestrator.channels.sendgrid import SendGrid
from orchestrator.channels.smtp import Smtp
from orchestrator.channels.twilio import Twilio
from orchestrator.clock import Clock
from orchestrator.config import Settings
from orchestrator.errors import SettingsError, did_you_mean

REGISTRY: dict[str, Callable[[Settings, Clock], Channel]] = {
    "sendgrid": SendGrid,
    "smtp": Smtp,
    "twilio": Twilio,
    "ledger": lambda settings, clock: Ledger(settings.ledger_file, clock),
    "null": lambda settings, clock: Null(),
}
HARMLESS = frozenset({"ledger", "null"})  # nobody is contacted through these
SETTING = {
    "email": "email_via",
    "text": "text_via",
    "voice": "voice_via",
    "voicemail": "voice_via",
}  # which setting names the carrier


def channels(settings: Settings, clock: Clock) -> Mapping[str, Channel]:
    """What carries each kind of message, by the settings. One object for each name."""
    made: dict[str, Channel] = {}
    answer: dict[str, Channel] = {}
    for kind in KINDS:
        name = getattr(settings, SETTING[kind])
        variable = f"TOUCHPOINT_{SETTING[kind].upper()}"
        if name not in REGISTRY:
            hint = did_you_mean(name, REGISTRY)
            raise SettingsError(f"{variable} names the channel '{name}', which does not exist ({hint})")
        channel = made.setdefault(name, REGISTRY[name](settings, clock))
        if kind not in channel.carries:
            raise SettingsError(f"{variable} is '{name}', which cannot carry {kind}; it carries {', '.join(channel.carries)}")
        answer[kind] = channel
    return answer
