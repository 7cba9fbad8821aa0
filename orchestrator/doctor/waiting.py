"""What waits for a person: `touchpoint doctor` lists it, and `touchpoint status` says it first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from orchestrator.doctor.finding import Finding
from orchestrator.store import events, inbox, pauses, replies, senders, touches
from orchestrator.store.database import Database, Row, Work
from orchestrator.store.pauses import Paused

MOST = 200  # counted one by one; more is "200 or more"


def waiting(database: Database) -> Iterator[Finding]:
    """What stands still, or asks for somebody; the loudest first. Nothing at all when all is well."""
    held, paused, unread, unknown, deliveries, counts, types = database.run(_asked)
    yield from (_held(row) for row in held)
    if paused:
        yield _paused(paused)
    if unread:
        found = f"nobody has read {_count(unread, 'answer')} of customers; their follow-ups wait until somebody has"
        yield Finding("replies.waiting", "warning", found, "touchpoint reply list")
    if unknown:
        found = f"of {_count(unknown, 'touch', 'touches')} nobody knows whether it took effect"
        hint = "touchpoint unknown list: most are found out within a day; the rest is for you to decide"
        yield Finding("touches.unknown", "warning", found, hint)
    if aside := deliveries.get("set_aside", 0):
        found = f"{_count(aside, 'report')} from providers could not be used, and was set aside"
        hint = "touchpoint event-queue list; two installations with one account?"
        yield Finding("inbox.set_aside", "warning", found, hint)
    if aside := counts.get("set_aside", 0):
        yield Finding("events.set_aside", "warning", f"{aside} events failed three times", "touchpoint event-queue list")
    if types:
        names = ", ".join(f"{name} ({count})" for name, count in types[:5])
        found = f"nothing follows from types that nobody declared: {names}"
        yield Finding("events.unknown", "warning", found, "declare them in lifecycle.yaml")


def _asked(
    work: Work,
) -> tuple[Sequence[Row[Any]], Paused, int, int, dict[str, int], dict[str, int], Sequence[tuple[str, int]]]:
    return (
        senders.held(work),
        tuple(p for p in pauses.live(work) if p[0] != "customer"),  # a lead's own business, and seen on the customer's page
        len(replies.open_ones(work, MOST)),
        len(touches.unknown(work, MOST)),
        inbox.counts(work),
        events.count_by_state(work),
        events.unknown_types(work),
    )


def _held(row: Row[Any]) -> Finding:
    """A sender whose breaker is open."""
    code = f" ({row.held_code})" if row.held_code else ""
    hint = (
        "mend it at the provider or in the settings; one message is tried every five minutes, and the rest follows when it goes"
    )
    return Finding("senders.held", "error", f"nothing goes out as {row.name.strip()}: {row.held_why}{code}", hint)


def _paused(paused: Paused) -> Finding:
    names = ", ".join(f"{scope} {name}".strip() for scope, name in paused)
    scope, name = paused[0]
    return Finding("work.paused", "warning", f"paused: {names}", f"touchpoint resume {scope if not name else f'{scope}:{name}'}")


def _count(number: int, one: str, many: str = "") -> str:
    if number >= MOST:
        return f"{MOST} or more {many or f'{one}s'}"
    return f"{number} {one if number == 1 else many or f'{one}s'}"
