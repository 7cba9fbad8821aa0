"""A database of the version before the desk, full and in use, becomes today's: nobody notices, and every verb works."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import column, inspect, select, table

from orchestrator import desk, engine, filing, leading, sheets
from orchestrator.core.merging import found_by
from orchestrator.core.model import TouchState
from orchestrator.core.planner import was_asked_for
from orchestrator.core.urgency import rank_at
from orchestrator.filing import UNDO_FOR, Filing
from orchestrator.store import finding, schema
from orchestrator.store.audit import By
from orchestrator.store.database import Database, Work
from orchestrator.store.enrollments import TOUCH, touch_of
from orchestrator.store.upgrade import alembic_config, upgrade
from orchestrator.sweep import end_leases
from tests.store.rows import AT, CALL, LATER, Stage, put
from tests.stories.designs import playbook
from tests.stories.world import World

LEE = By("lee", "lead")
STEPS = "- touchpoint: check-in\n  call: check-in\n  queue: sales\n  attempts: {most: 3, apart: 1 business day}"
TABLES = ("customer", "event", "playbook_version", "enrollment", "touch", "attempt")
ROWS: dict[TouchState, dict[str, Any]] = {
    TouchState.PLANNED: {},
    TouchState.READY: {**CALL, "priority": 1},
    TouchState.IN_CALL: {**CALL, "held_by": "ari", "lease_until": LATER, "effect_at": AT, "expires_at": LATER},
    TouchState.SENDING: {"lease_until": LATER, "effect_at": AT},
    TouchState.CALLING: {"channel": "voice", "lease_until": LATER, "effect_at": AT},
    TouchState.UNKNOWN: {"effect_at": AT},
    TouchState.SENT: {"effect_at": AT, "finished_at": AT},
    **{
        s: {"finished_at": AT}
        for s in (TouchState.DONE, TouchState.FAILED, TouchState.SKIPPED, TouchState.CANCELLED, TouchState.EXPIRED)
    },
}


@pytest.fixture
def ready_url(_sqlite_model: Path, tmp_path: Path) -> str:
    """Where rows are made; the upgrade itself runs on both databases."""
    path = tmp_path / "made.sqlite3"
    shutil.copy(_sqlite_model, path)
    return f"sqlite:///{path}"


@pytest.fixture
def before(database_url: str) -> Iterator[Database]:
    """A database as the version before the desk made it."""
    from alembic import command

    made = Database(database_url, safe_writes=False)
    with made.work() as work:
        config = alembic_config()
        config.attributes["connection"] = work.connection
        command.upgrade(config, "0002")
    yield made
    made.close()


def carried_back(rows: dict[str, list[dict[str, Any]]], old: Database) -> None:
    """Put these rows into a database of the version before the desk, as far as it has columns for them."""
    with old.work() as work:
        there = inspect(work.connection)
        for name in TABLES:
            known = schema.metadata.tables[name].c
            names = [c["name"] for c in there.get_columns(name)]
            into = table(name, *(column(n, known[n].type) for n in names))
            if rows.get(name):
                work.connection.execute(into.insert(), [{n: row[n] for n in names} for row in rows[name]])


def everything(work: Work) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [dict(row._mapping) for row in work.connection.execute(select(schema.metadata.tables[name]))] for name in TABLES
    }


def test_a_touch_in_every_state_is_kept_and_calls_get_their_places(database: Database, before: Database) -> None:
    assert set(ROWS) == set(TouchState) - {TouchState.FILED}, "which there was not"
    with database.work() as work:
        stage = Stage(work)
        for state, more in ROWS.items():
            run = put(work, schema.enrollment, **stage.enrollment(playbook=str(state)))["id"]
            rank = {"rank_at": AT} if state is TouchState.READY else {}
            put(work, schema.touch, **stage.touch(enrollment_id=run, state=state, **more, **rank))
        rows = everything(work)
    carried_back(rows, before)

    upgrade(before)

    with before.work() as work:
        found = {row.state: row for row in work.connection.execute(select(schema.touch))}
    assert set(found) == {state.value for state in ROWS}
    for state, row in found.items():
        at = rank_at(row.priority, row.due_at, row.expires_at)
        assert row.rank_at == (at if state in ("ready", "in_call") else None), state


def test_a_time_that_a_customer_asked_for_is_known_to_be_theirs(database: Database, before: Database) -> None:
    with database.work() as work:
        stage = Stage(work)
        for why in ("check-in, try 2 of 3: the customer asked for this time", "check-in, try 2 of 3: 1 day after try 1"):
            run = put(work, schema.enrollment, **stage.enrollment(playbook=why[-6:].strip()))["id"]
            put(work, schema.touch, **stage.touch(enrollment_id=run, state=TouchState.PLANNED, why=why, memory={"check-in": 2}))
        rows = everything(work)
    carried_back(rows, before)

    upgrade(before)

    with before.work() as work:
        found = work.connection.execute(select(*TOUCH, schema.touch.c.why).order_by(schema.touch.c.why)).all()
    assert [was_asked_for(touch_of(tuple(row)[: len(TOUCH)])) for row in found] == [False, True]
    assert all(row.memory["check-in"] == 2 for row in found)


@pytest.mark.parametrize("name", ["Dana Ortiz", "  Dana  María   Ortiz ", "ÖDÖN Érdi", "Cher", "", "  ", None, "x" * 200])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_was_known_before_is_found_like_everybody_else(database: Database, before: Database, name: str | None) -> None:
    with database.work() as work:
        Stage(work)
        work.connection.execute(schema.customer.update().values(name=name))
        rows = everything(work)
    carried_back(rows, before)

    upgrade(before)

    with before.work() as work:
        row = work.connection.execute(select(schema.customer)).one()
    assert {"name_key": row.name_key, "family_key": row.family_key} == found_by(name)


@pytest.fixture
def reopened(ready_url: str, before: Database, tmp_path: Path) -> Iterator[tuple[World, dict[str, UUID]]]:
    """A working day, carried back to the version before the desk and upgraded: four people have calls, one call is missing its end."""
    day = World(ready_url, tmp_path / "day")
    day.publish(playbook(STEPS))
    engine.handle_events(day.parts, [day.event("quote.sent", f"P{i}", f"quote/{i}") for i in range(6)])
    day.settle()
    held = {}
    for who in ("ed", "ari", "bo", "cy", "di"):
        task = desk.claim_next(day.parts, who)
        assert task is not None
        held[who] = task.touch
    with day.parts.database.work() as work:
        work.connection.execute(schema.touch.update().where(schema.touch.c.id == held["ed"]).values(lease_until=day.clock.at))
    end_leases(day.parts)
    with day.parts.database.work() as work:
        carried_back(everything(work), before)
    upgrade(before)
    now = day.clock.at
    day.close()
    world = World(str(before.url), tmp_path / "after")
    world.clock.at = now + timedelta(seconds=10)
    world.known_calls.update(held.values())
    yield world, held
    world.close()


def test_whoever_had_a_call_goes_on_with_it(reopened: tuple[World, dict[str, UUID]]) -> None:
    world, held = reopened

    assert desk.put_back(world.parts, held["ari"], "ari") is None
    assert leading.take_back(world.parts, held["bo"], LEE) is None
    assert sheets.save(world.parts, held["cy"], "cy", note="typed after the upgrade") is None
    assert sheets.save(world.parts, held["ed"], "ed", note="typed after walking away") is None
    assert isinstance(filing.file(world.parts, held["di"], "di", Filing("no_answer")), filing.Filed)
    assert isinstance(filing.undo(world.parts, held["di"], "di"), desk.CallTask)
    assert isinstance(filing.file(world.parts, held["di"], "di", Filing("completed")), filing.Filed)
    world.clock.at += UNDO_FOR
    world.settle()
    assert leading.decide_missing(world.parts, held["ed"], LEE, Filing("no_answer")) is None
    again = {task.touch for who in ("ari", "bo", "flo") if (task := desk.claim_next(world.parts, who)) is not None}

    states = {row.id: row.state for row in world.rows(schema.touch)}
    assert [states[held[who]] for who in ("di", "ed", "cy")] == ["done", "done", "in_call"]
    assert again >= {held["ari"], held["bo"]}
    kept = [sheets.sheet_of(world.parts, held[who]) for who in ("cy", "ed")]
    assert [one and one.note for one in kept] == ["typed after the upgrade", "typed after walking away"]
    with world.parts.database.work() as work:
        assert finding.named(work, "ortiz"), "by the family name"
