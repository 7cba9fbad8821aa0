"""What a field of an event is likely to hold: for previews and rehearsals in which nobody gave a value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from orchestrator.language.lifecycle import FieldType

# Common names; anything else is shown by its name
_LIKELY: Mapping[str, object] = {
    "amount": 1850, "total": 1850, "currency": "USD", "owner": "Ari", "work": "six new windows", "kind": "repair", "count": 6,
    "address": "12 Birch Lane", "done": "the old frames are out", "next": "the new ones go in", "rating": 4, "score": 4,
    "number": "R-2041", "code": "R-2041", "reason": "more time to decide", "promise": "send the drawing", "what": "send the drawing",
    "crew": "Sam and Lou", "title": "bathroom renovation", "lead": "Noor",
}  # fmt: skip


def value(name: str, kind: FieldType, soon: datetime) -> object:
    """A value of that kind. soon: for dates and times."""
    words, known = name.replace("_", " "), _LIKELY.get(name)
    match kind.kind:
        case "number":
            return known if isinstance(known, int) else 3
        case "boolean":
            return True
        case "time":
            return soon.isoformat()
        case "date":
            return soon.date().isoformat()
        case "list":
            return [f"first {words}", f"second {words}"]
        case "text":
            if isinstance(known, str):
                return known
            return f"https://example.com/{name}" if name.split("_")[-1] in ("url", "link", "portal") else f"({words})"
