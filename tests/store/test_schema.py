"""The schema in the code, the migrations and the life of a touch tell the same story; a newer database is left alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from itertools import product
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import column, insert, inspect, select, table, text

from orchestrator.core.life import WAYS, may_go
from orchestrator.core.life import __doc__ as diagram
from orchestrator.core.model import OPEN_STATES, TouchState
from orchestrator.errors import DatabaseError
from orchestrator.ids import new_id
from orchestrator.store import schema
from orchestrator.store.database import Database
from orchestrator.store.upgrade import HEAD, HERE, require_current, standing, upgrade
from tests.store.rows import AT, LATER, Stage, event, put, version


def test_the_migrations_make_just_what_the_code_describes(database: Database) -> None:
    with database.work() as work:
        context = MigrationContext.configure(work.connection, opts={"compare_type": True, "target_metadata": schema.metadata})

        assert compare_metadata(context, schema.metadata) == []


def test_the_migrations_make_the_same_constraints_and_partial_indexes(database_url: str) -> None:
    """What the comparison above does not look at: the text of every CHECK and of every index."""
    database = Database(database_url)
    upgrade(database)
    migrated = _rules(database)

    with database.work() as work:
        schema.metadata.drop_all(work.connection)
        schema.metadata.create_all(work.connection)

    assert migrated == _rules(database)
    database.close()


def _rules(database: Database) -> set[str]:
    if database.postgres:
        query = (
            "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'"
            " UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        )
    else:
        query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name NOT IN ('alembic_version', 'sqlite_sequence')"
    with database.work() as work:
        found = [row[0] for row in work.connection.execute(text(query))]
    if database.postgres:
        return set(found)
    # a table's constraints in any order: one line each, quotes and blanks aside
    pieces = (piece for statement in found for piece in re.split(r",\s*(?=CONSTRAINT|CHECK|UNIQUE|FOREIGN|PRIMARY)", statement))
    return {re.sub(r"[\s\"()]+", "", piece).rstrip(",") for piece in pieces if "CHECK" in piece or "INDEX" in piece}


def test_the_newest_migration_is_the_one_that_the_code_names() -> None:
    assert max(path.stem.split("_")[0] for path in (HERE / "versions").glob("[0-9]*.py")) == HEAD


def test_a_database_of_a_newer_program_is_refused_and_left_alone(database: Database) -> None:
    with database.work() as work:
        work.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    for act in (upgrade, require_current):
        with pytest.raises(DatabaseError, match="newer"):
            act(database)

    assert standing(database) == "newer"


def test_an_empty_database_says_what_to_do(database_url: str) -> None:
    empty = Database(database_url)

    with pytest.raises(DatabaseError, match="touchpoint db upgrade"):
        require_current(empty)

    upgrade(empty)
    upgrade(empty)
    require_current(empty)
    empty.close()


def test_a_moment_without_a_zone_is_refused_and_others_come_back_as_utc(database: Database) -> None:
    west = datetime(2026, 11, 20, 9, 0, tzinfo=timezone(timedelta(hours=-6)))
    with database.work() as work:
        stage = Stage(work)
        put(work, schema.touch, **stage.touch(due_at=west))
        came = work.connection.execute(select(schema.touch.c.due_at)).scalar_one()

        assert (came, came.utcoffset()) == (AT, timedelta(0))
        with pytest.raises(Exception, match="no zone"):
            work.connection.execute(insert(schema.touch).values(**stage.touch(ordinal=2, due_at=datetime(2026, 11, 20))))  # noqa: DTZ001


def test_every_way_in_the_diagram_is_in_the_table() -> None:
    """Each arrow of the drawing names where it leads; nothing is drawn that the table does not allow."""
    assert diagram is not None
    drawn = set(re.findall(r"──>\s*([a-z_]+)", diagram))

    assert drawn <= {state.value for state in TouchState}
    assert {s.value for s in TouchState} - drawn <= {"planned"} | {then.value for then in WAYS[TouchState.UNKNOWN]}


def test_what_has_ended_stays_ended() -> None:
    ended = set(TouchState) - OPEN_STATES - {TouchState.SENT}

    assert [(a, b) for a, b in product(ended, TouchState) if may_go(a, b)] == []


def test_ids_and_moments_survive_the_way_through_the_database(database: Database) -> None:
    with database.work() as work:
        stage = Stage(work)
        row = put(work, schema.touch, **stage.touch(memory={"a": 1}, due_at=AT + timedelta(microseconds=123_456)))

        found = work.connection.execute(select(schema.touch)).one()

    assert (found.id, found.memory, found.due_at) == (row["id"], {"a": 1}, row["due_at"])
    assert found.due_at.tzinfo is UTC or found.due_at.utcoffset() == timedelta(0)


def test_a_database_of_the_first_version_keeps_what_it_has(database_url: str) -> None:
    """Its rows are still there afterwards, and the new rules hold for them."""
    from alembic import command

    from orchestrator.store.upgrade import alembic_config

    old = Database(database_url)
    with old.work() as work:
        config = alembic_config()
        config.attributes["connection"] = work.connection
        command.upgrade(config, "0001")
    with old.work() as work:
        tables = _as_it_was(work)
        customer_id, run = new_id(), new_id()
        rows = {
            "customer": {
                "id": customer_id,
                "ref": "C-1",
                "zones": [],
                "consent": {},
                "extra": {},
                "told_at": {},
                "created_at": AT,
            },
            "event": event(customer_id=customer_id),
            "playbook_version": version(),
        }
        rows["enrollment"] = {
            "id": run, "playbook": "p", "version_id": rows["playbook_version"]["id"], "subject": "quote/1", "customer_id": customer_id,
            "event_id": rows["event"]["id"], "anchor": AT, "gives_up_at": LATER, "event_data": {}, "answers": {}, "started_at": AT,
        }  # fmt: skip
        rows["touch"] = {
            "id": new_id(), "enrollment_id": run, "customer_id": customer_id, "ordinal": 1, "step": "s", "touchpoint": "t",
            "channel": "email", "priority": 5, "tries": 1, "memory": {}, "state": "planned", "planned_at": AT, "due_at": AT, "why": "w",
            "epoch": 0,
        }  # fmt: skip
        rows["attempt"] = {
            "id": new_id(),
            "touch_id": rows["touch"]["id"],
            "number": 1,
            "epoch": 1,
            "via": "post",
            "began_at": AT,
        }
        for name, row in rows.items():
            work.connection.execute(tables[name].insert().values(**row))

    upgrade(old)

    with old.work() as work:
        assert [r.subject for r in work.connection.execute(select(schema.enrollment.c.subject))] == ["quote/1"]
        assert [r.via for r in work.connection.execute(select(schema.attempt.c.via, schema.attempt.c.recipient))] == ["post"]
    with pytest.raises(DatabaseError), old.work() as work:
        work.connection.execute(schema.touch.update().values(state="calling"))
    old.close()


def _as_it_was(work: Any) -> dict[str, Any]:
    """The tables with the columns that the first version had, and our own types."""
    there = inspect(work.connection)
    return {
        name: table(name, *(column(c["name"], schema.metadata.tables[name].c[c["name"]].type) for c in there.get_columns(name)))
        for name in ("customer", "event", "playbook_version", "enrollment", "touch", "attempt")
    }
