"""Finding a customer by whatever somebody has at hand: a name, a business id, a number, an address, or a subject."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.core.zones import normal_phone
from orchestrator.parts import Parts
from orchestrator.store import finding as kept
from orchestrator.store.database import Row, Work
from orchestrator.store.staff import Member

MOST_TYPED = 320  # characters; the longest address


def find(parts: Parts, typed: str, member: Member) -> Sequence[Row[Any]]:
    """Customers whom this member may see: id, ref, name, phone, email, zones. Nothing typed: whom they had to do with of late.

    Numbers are found however they are written, business ids, addresses and subjects as a whole, names by their beginning.
    """
    text = typed.replace("\x00", "").strip()[:MOST_TYPED]
    queues = None if member.every_queue else member.queues

    def unit(work: Work) -> Sequence[Row[Any]]:
        if not text:
            return kept.seen(work, kept.of_late(work, member.name, queues), queues)
        country = parts.rulebook.refresh(work).house.rules.countries[0]
        phone = normal_phone(text, country) if any(c.isdigit() for c in text) else None
        phones = {p for p in (phone, text) if p and p.startswith("+")}
        emails = {text, text.lower()} if "@" in text else set[str]()
        found = kept.exactly(work, {text, text.upper(), text.lower()}, phones, emails, text if "/" in text else "")
        return kept.seen(work, [*found, *(id_ for id_ in kept.named(work, text) if id_ not in found)], queues)

    return parts.database.run(unit)
