"""Backtests and comparisons look at the past in parts: however much of it there is, nobody waits while a table is read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from orchestrator.ids import new_id
from orchestrator.store import history_events, schema, shadows
from orchestrator.store.database import Database, Work
from tests.store.plans import plan_of
from tests.store.rows import AT, LATER, Stage, event, put

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
PAST: dict[str, Callable[[Work], Any]] = {
    "the first chunk of all": lambda work: history_events.received(work, None, (LATER, new_id())),
    "the first chunk since then": lambda work: history_events.received(work, AT, (LATER, new_id())),
    "a later chunk": lambda work: history_events.received(work, AT, (LATER, new_id()), (AT, new_id())),
    "whether they are too many for a page": lambda work: history_events.count(work, AT, 5_001),
    "when the newest came": history_events.newest,
    "where the newest thousand begin": lambda work: shadows.newest_since(work, AT, 1_000),
    "a chunk once more": lambda work: history_events.these(work, [new_id()]),
}


@pytest.mark.parametrize("what", PAST)
def test_events_are_found_and_ordered_by_an_index(database: Database, what: str) -> None:
    with database.work() as work:
        plan = plan_of(work, PAST[what])

    expected = "sqlite_autoindex_event_1" if what == "a chunk once more" else "ix_event_received"
    assert expected in " ".join(plan)
    if what == "a chunk once more":
        return  # by their ids: these few are put in order
    assert not [line for line in plan if "TEMP B-TREE" in line]
    from_an_end = what in ("the first chunk of all", "when the newest came")  # and no further than a chunk, or one
    assert from_an_end or not [line for line in plan if line.startswith("SCAN event")]


def test_enrollments_are_found_by_the_events_that_started_them_and_calls_by_their_enrollments(database: Database) -> None:
    with database.work() as work:
        begun = plan_of(work, lambda work: shadows.begun(work, "p", AT))
    with database.work() as work:
        ended = plan_of(work, lambda work: shadows.endings(work, [new_id()]))

    assert "ix_event_received" in begun[0]
    assert "event_id=? AND playbook=?" in begun[1]
    assert len(begun) == 2, begun
    assert any("touch" in line and "enrollment_id=?" in line for line in ended)
    assert not [line for line in ended if line.startswith("SCAN") and "VIRTUAL TABLE" not in line], ended


def test_only_calls_that_follow_from_events_since_then_count_as_made(database: Database) -> None:
    with database.work() as work:
        stage = Stage(work)
        for n, came in enumerate((AT - timedelta(days=1), AT)):
            of = put(work, schema.event, **event(received_at=came, customer_id=stage.customer))["id"]
            over = {"ended_at": LATER, "end_reason": "goal"}
            run = put(work, schema.enrollment, **stage.enrollment(event_id=of, subject=f"quote/{n}", **over))["id"]
            call = {"channel": "call", "queue": "sales", "state": "done", "disposition": "no_answer"}
            when = {"due_at": AT, "effect_at": AT, "finished_at": LATER}
            put(work, schema.touch, **stage.touch(enrollment_id=run, **call, **when))

        found = shadows.endings(work, shadows.begun(work, "p", AT))

    assert [(row.subject, row.disposition) for row in found] == [("quote/1", "no_answer")]
