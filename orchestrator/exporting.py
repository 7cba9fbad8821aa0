"""Everything that is kept about one customer, to hand to them or to somebody they name: JSON with readable keys, and the timeline as rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrator import history
from orchestrator.core.windows import local_words
from orchestrator.errors import NotFound
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store import audit, portable
from orchestrator.store import person as kept
from orchestrator.store.audit import By
from orchestrator.store.database import Work

FORMAT = "touchpoint.customer/1"  # grows when a key changes its meaning; new keys may be added without it
HEADS = (
    "when (UTC)", "there", "what", "result", "channel", "playbook", "about", "why", "details",
)  # fmt: skip
MOST_ROWS = 100_000  # of the timeline: a spreadsheet opens no more


def as_json(parts: Parts, customer: UUID, by: By) -> dict[str, Any]:
    """Everything, by kind. Noted in the audit trail. Raises NotFound."""
    now = parts.clock()

    def unit(work: Work) -> dict[str, Any]:
        everything = portable.everything(work, customer)
        if everything is None:
            raise NotFound("there is no such customer")
        audit.note(work, by, "customer.exported", f"customer:{customer}", "everything, as JSON", now)
        return {"format": FORMAT, "exported_at": now, **everything}

    return parts.database.run(unit)


def as_rows(parts: Parts, customer: UUID, by: By) -> Sequence[Sequence[object]]:
    """The timeline, what is to come first, heads on top. Noted in the audit trail. Raises NotFound."""
    now = parts.clock()

    def unit(work: Work) -> list[Sequence[object]]:
        row = kept.customer(work, customer)
        if row is None:
            raise NotFound("there is no such customer")
        zone = str(row.zones[0]) if row.zones else "UTC"
        in_use = parts.rulebook.refresh(work)
        audit.note(work, by, "customer.exported", f"customer:{customer}", "the timeline, as a table", now)
        return [HEADS, *(_cells(item, zone, now) for item in _items(work, in_use, customer))]

    return parts.database.run(unit)


def _items(work: Work, in_use: InUse, customer: UUID) -> Iterator[history.Item]:
    yield from history.coming(work, in_use, customer)
    count, before = 0, None
    while count < MOST_ROWS:
        page = history.page(work, in_use, customer, before, 500)
        yield from page.items
        count += 500
        before = history.place(page.older)
        if before is None:
            return


def _cells(item: history.Item, zone: str, now: datetime) -> Sequence[object]:
    details = "\n".join(f"{d.name}: {d.text}" for d in item.details)
    channel = history.CHANNELS.get(item.channel, "") if item.source == "touch" else ""
    there = local_words(item.at, zone, now)
    return (
        f"{item.at:%Y-%m-%d %H:%M:%S}", there, item.title, item.result, channel, item.playbook, item.subject, item.why, details,
    )  # fmt: skip
