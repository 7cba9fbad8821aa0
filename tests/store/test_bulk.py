"""Many rows with one statement do what the same statements one by one would do, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import func, select

from orchestrator.core.model import TouchState
from orchestrator.errors import DatabaseError
from orchestrator.ids import new_id
from orchestrator.store import bulk, schema, touches
from orchestrator.store.database import Contended, Database
from tests.store.rows import AT, LATER, Stage, customer, event, put

FULL: dict[str, Any] = {
    "name": 'Dana "D" Ortiz\t\\N', "email": None, "phone": "+1", "locale": "", "time_zone": None, "country": None, "hours": "ä 日本 🎉",
}  # fmt: skip
JSON_VALUES = [{}, [], {"a": None}, {"ä": ["\\", "\n", "\t", '"', "é", 1.5, True, None]}, {"deep": {"er": [1, {"x": "y"}]}}]


@pytest.mark.parametrize("or_ignore", [(), ("ref",)])
def test_every_kind_of_value_comes_back_as_it_went_in(database: Database, or_ignore: tuple[str, ...]) -> None:
    west = datetime(2026, 11, 20, 9, 0, 0, 7, tzinfo=timezone(timedelta(hours=-6)))
    rows = [{**customer(**FULL), "extra": value, "created_at": west} for value in JSON_VALUES]

    with database.work() as work:
        bulk.insert(work, schema.customer, rows, or_ignore=or_ignore)
        found = {row.id: row._mapping for row in work.connection.execute(select(schema.customer))}

    for row in rows:
        for key, value in row.items():
            assert found[row["id"]][key] == value, key


def test_booleans_numbers_and_nulls(database: Database) -> None:
    rows = [event(known=bool(i % 2), backfill=not i % 2, tries=i, said=None if i % 2 else {"id": "C"}) for i in range(4)]
    rows = [{**row, "customer_id": None, "error": None} for row in rows]

    with database.work() as work:
        new = bulk.insert(work, schema.event, rows, or_ignore=("source", "key"))
        found = {row.id: row for row in work.connection.execute(select(schema.event))}

    assert new == {row["id"] for row in rows}
    for row in rows:
        there = found[row["id"]]
        assert (there.known, there.backfill, there.tries, there.said) == (
            row["known"],
            row["backfill"],
            row["tries"],
            row["said"],
        )


def test_rows_that_are_there_already_are_left_alone(database: Database) -> None:
    first = customer(ref="C-1", name="first")
    again, other = customer(ref="C-1", name="again"), customer(ref="C-2", name="other")
    with database.work() as work:
        put(work, schema.customer, **first)

        new = bulk.insert(work, schema.customer, [again, other, customer(ref="C-2", name="doubled")], or_ignore=("ref",))
        names = set(work.connection.execute(select(schema.customer.c.name)).scalars())

    assert new == {other["id"]}
    assert names == {"first", "other"}


def test_nothing_is_inserted_when_one_of_many_is_wrong(database: Database) -> None:
    with pytest.raises(DatabaseError), database.work() as work:
        bulk.insert(work, schema.customer, [customer(ref="C-1"), customer(ref="C-1")])

    with database.work() as work:
        assert work.connection.execute(select(func.count()).select_from(schema.customer)).scalar_one() == 0


def test_only_the_rows_whose_old_value_fits_are_changed(database: Database) -> None:
    with database.work() as work:
        stage = Stage(work)
        mine = put(work, schema.touch, **stage.touch(epoch=3))["id"]

        stale = touches.move(
            work, [{"id": mine, "epoch": 2, "was_state": TouchState.PLANNED, "state": TouchState.EXPIRED, "finished_at": AT}]
        )
        unknown = touches.move(
            work, [{"id": new_id(), "epoch": 3, "was_state": TouchState.PLANNED, "state": TouchState.EXPIRED, "finished_at": AT}]
        )
        moved = touches.move(
            work, [{"id": mine, "epoch": 3, "was_state": TouchState.PLANNED, "state": TouchState.EXPIRED, "finished_at": AT}]
        )
        row = work.connection.execute(select(schema.touch)).one()

    assert (stale, unknown, moved) == (set(), set(), {mine})
    assert (row.epoch, row.state, row.finished_at) == (4, "expired", AT)


def test_a_touch_takes_no_way_that_does_not_exist(database: Database) -> None:
    with pytest.raises(AssertionError, match="no touch goes from done to planned"), database.work() as work:
        touches.move(work, [{"id": new_id(), "epoch": 1, "was_state": TouchState.DONE, "state": TouchState.PLANNED}])


def test_a_touch_that_is_elsewhere_by_now_is_not_moved(database: Database) -> None:
    with database.work() as work:
        mine = put(work, schema.touch, **Stage(work).touch(epoch=3))["id"]

        moved = touches.move(
            work, [{"id": mine, "epoch": 3, "was_state": TouchState.READY, "state": TouchState.EXPIRED, "finished_at": AT}]
        )

    assert moved == set()


def test_null_is_an_old_value_like_any_other(database: Database) -> None:
    with database.work() as work:
        stage = Stage(work)
        run = {"id": stage.run, "ended_at": AT, "end_reason": "goal", "was_ended_at": None}

        first = bulk.update(work, schema.enrollment, [run], match=("id", "was_ended_at"))
        second = bulk.update(work, schema.enrollment, [{**run, "ended_at": LATER}], match=("id", "was_ended_at"))
        ended = work.connection.execute(select(schema.enrollment.c.ended_at)).scalar_one()

    assert (first, second, ended) == ({stage.run}, set(), AT)


def test_nothing_to_do_asks_nothing(database: Database) -> None:
    with database.work() as work:
        assert bulk.insert(work, schema.customer, []) == set()
        assert bulk.update(work, schema.customer, [], match=("id",)) == set()


def test_a_unit_of_work_that_was_outrun_is_done_again_from_the_start(database: Database) -> None:
    turns: list[Any] = []

    def unit(work: Any) -> str:
        turns.append(put(work, schema.customer, **customer(ref=f"C-{len(turns)}")))
        if len(turns) < 3:
            raise Contended("outrun")
        return "done"

    assert database.run(unit) == "done"
    with database.work() as work:
        assert work.connection.execute(select(schema.customer.c.ref)).scalars().all() == ["C-2"]
