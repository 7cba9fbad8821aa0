"""A house to test with. Say only what matters: house(caps=[{"most": 1, "per": "day"}])."""

from __future__ import annotations

from typing import Any

from orchestrator.core.house import House
from orchestrator.language.house_rules import HouseRules

CHANNELS = ("email", "text", "call", "voicemail")
WINDOWS: dict[str, Any] = {
    "office": {"mon-fri": "09:00-17:30"},
    "waking": {"mon-sat": "08:00-20:00", "sun": "10:00-18:00"},
    "always": {"mon-sun": "00:00-24:00", "on_holidays": "open"},
}


def rules(**changes: Any) -> HouseRules:
    """House rules: US holidays, office hours for everything, nothing outside waking hours, no caps."""
    said: dict[str, Any] = {
        "company": {"name": "Northside Windows"},
        "holidays": ["US"],
        "default_windows": dict.fromkeys(CHANNELS, "office"),
        "never_outside": dict.fromkeys(CHANNELS, "waking"),
        **changes,
    }
    said["contact_windows"] = {**WINDOWS, **changes.get("contact_windows", {})}
    return HouseRules.model_validate(said)


def house(**changes: Any) -> House:
    """The same, compiled."""
    return House.of(rules(**changes))


def hours(said: dict[str, Any], **changes: Any) -> House:
    """A house whose window "these" is open at those hours."""
    return house(contact_windows={"these": said}, **changes)
