"""How many messages a text costs: the telephone network's alphabet (GSM-7), or UCS-2 as soon as one character is foreign to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# GSM 03.38, as everywhere in the telephone network: the basic alphabet takes one unit, the extension two (escape and character).
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")

GSM_ALONE, GSM_PART = 160, 153  # units of one message; of each when there are several, for the header takes 7
UCS_ALONE, UCS_PART = 70, 67


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text takes."""

    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    count: int  # messages that are paid for
    first_foreign: str | None  # the first character that forced UCS-2, e.g. a no-break space or a curly quote


def segments(text: str) -> Segments:
    """What a text takes; an empty one takes one message. A character is never cut in two by the border of a message."""
    foreign = next((c for c in text if c not in BASIC and c not in EXTENSION), None)
    if foreign is None:
        sizes = [2 if c in EXTENSION else 1 for c in text]
        return Segments("GSM-7", sum(sizes), _parts(sizes, GSM_ALONE, GSM_PART), None)
    sizes = [2 if ord(c) > 0xFFFF else 1 for c in text]  # an emoji is a pair of units
    return Segments("UCS-2", sum(sizes), _parts(sizes, UCS_ALONE, UCS_PART), foreign)


def _parts(sizes: list[int], alone: int, part: int) -> int:
    if sum(sizes) <= alone:
        return 1
    count, used = 1, 0
    for size in sizes:
        if used + size > part:
            count, used = count + 1, 0
        used += size
    return count
