"""What a customer's text asks for: the words that carriers define, free wording that a person has to judge, or anything else. Pure.

Words: Twilio's default keywords, and REVOKE and OPTOUT, which US carriers added in 2025 (contracts/twilio/webhook_parameters.json).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Asks = Literal["stop", "start", "help", "maybe_stop", "else"]

STOP = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
START = frozenset({"start", "yes", "unstop"})
HELP = frozenset({"help", "info"})

# Free wording: any of these makes a text one that a person has to judge. Too many rather than too few: doubt means no contact.
_MAYBE = re.compile(
    r"\b(stop|unsubscribe|opt(ed)?[ -]?out|remove me|take me off|leave me alone|lose my number|revoke|cease"
    r"|(do not|don['’]?t|never) (\w+ )?(text|contact|call|message|write)|no more( (texts?|messages?|calls?|contact))?"
    r"|not interested|wrong (number|person)|quit (texting|calling|messaging)"
    r"|harass\w*|spam|lawyer|attorney|sue|report(ing)? you)\b",
    re.IGNORECASE,
)


def asks(text: str, opt_out_type: str | None = None) -> Asks:
    """What a text asks for.

    opt_out_type: what the provider's own opt-out management made of it (STOP, START or HELP), which counts above our reading.
    """
    match (opt_out_type or "").strip().upper():
        case "STOP":
            return "stop"
        case "START":
            return "start"
        case "HELP":
            return "help"
    plain = unicodedata.normalize("NFKC", text)
    word = re.sub(r"[^a-z]", "", plain.lower())
    if word in STOP and len(plain.split()) <= 2:  # "Stop!", "STOP ALL", "opt-out", "opt out"
        return "stop"
    if word in START and len(plain.split()) == 1:
        return "start"
    if word in HELP and len(plain.split()) == 1:
        return "help"
    return "maybe_stop" if _MAYBE.search(plain) else "else"
