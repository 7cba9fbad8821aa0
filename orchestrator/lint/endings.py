"""How one contact can end, given what it says: a call without a key for "yes" never ends with a yes."""

from __future__ import annotations

from orchestrator.language.dispositions import ALL, AUTOMATIC_CALLS, AUTOMATIC_ENDINGS
from orchestrator.language.fronts import SpokenWords
from orchestrator.language.program import TouchNode
from orchestrator.language.words import Words

_MESSAGES = ("sent", "failed", "skipped", "expired")
_CALLS = ("not_taken", "failed", "skipped")
_KEYS = {"goal_met": "confirm", "call_back": "call_back", "do_not_contact": "stop"}  # core/receipts.py


def endings(node: TouchNode, words: Words | None) -> tuple[str, ...]:
    """Every result that this contact may have, the likeliest first."""
    if node.channel == "call":
        return (*(d.code for d in sorted(ALL, key=lambda d: d.code != "no_answer")), *_CALLS)
    if node.channel not in AUTOMATIC_CALLS:
        return _MESSAGES
    return tuple(code for code in (*AUTOMATIC_ENDINGS, *_MESSAGES) if why_never(code, node, words) == "")


def why_never(code: str, node: TouchNode, words: Words | None) -> str:
    """Why an automatic call cannot end so; empty when it can."""
    if node.channel not in AUTOMATIC_CALLS or words is None or not isinstance(words.front, SpokenWords):
        return ""
    if (means := _KEYS.get(code)) and means not in words.front.keys.values():
        return f"{words.path} has no key that means {means}"
    if code == "voicemail_left" and node.channel == "voice" and "voicemail" not in words.lines:
        return f"{words.path} says nothing to a voicemail"
    return ""
