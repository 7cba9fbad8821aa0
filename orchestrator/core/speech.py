"""What an automatic call says, and what its keys do. Decided when the intent is written; asked for when somebody answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Key = Literal["speak", "call_back", "confirm", "stop"]
KEY_WORDS: Mapping[Key, str] = {
    "speak": "to speak to us now",
    "call_back": "and we will call you back",
    "confirm": "to confirm",
    "stop": "to get no more calls from us",
}
PRESSED_STOP = "pressed the key for no more calls"  # why there are no more


@dataclass(frozen=True, slots=True)
class Speech:
    """One call's words. A person always hears first who is calling."""

    company: str  # named first
    person: str  # what a person hears; who could be a person is treated as one
    machine: str | None = None  # what a voicemail hears after the beep; None: nothing is left
    keys: Mapping[str, Key] = field(default_factory=dict)  # "1" -> speak
    recording: str | None = None  # https address of a recorded message, played to a machine instead of the words
    recorded_for_people: bool = False  # and to a person: the call is the recording
    language: str = "en-US"
    speak_to: str = ""  # the number that "speak" connects to

    def as_json(self) -> dict[str, Any]:
        """As the attempt keeps it."""
        return {**asdict(self), "keys": dict(self.keys)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Speech:
        return cls(**kept)
