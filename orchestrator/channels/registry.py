"""Every channel by name, one line each. Settings say which of them carries e-mails, texts and voicemails."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.channels.base import Channel
from orchestrator.channels.ledger import Ledger
from orchestrator.channels.null import Null
from orchestrator.clock import Clock
from orchestrator.config import Settings
from orchestrator.errors import SettingsError, did_you_mean

REGISTRY: dict[str, Callable[[Settings, Clock], Channel]] = {
    "ledger": lambda settings, clock: Ledger(settings.ledger_file, clock),
    "null": lambda settings, clock: Null(),
}


def channels(settings: Settings, clock: Clock) -> Mapping[str, Channel]:
    """What carries each kind of message, by the settings. One object for each name."""
    made: dict[str, Channel] = {}
    answer: dict[str, Channel] = {}
    for kind in ("email", "text", "voicemail"):
        name = getattr(settings, f"{kind}_via")
        if name not in REGISTRY:
            hint = did_you_mean(name, REGISTRY)
            raise SettingsError(f"TOUCHPOINT_{kind.upper()}_VIA names the channel '{name}', which does not exist ({hint})")
        channel = made.setdefault(name, REGISTRY[name](settings, clock))
        if kind not in channel.carries:
            raise SettingsError(
                f"TOUCHPOINT_{kind.upper()}_VIA is '{name}', which cannot carry {kind}; it carries {', '.join(channel.carries)}"
            )
        answer[kind] = channel
    return answer
