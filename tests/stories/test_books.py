"""Promise 11: the books balance. Every story asks it at its end; here the question itself is asked whether it can say no."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, update

from orchestrator.channels.ledger import Ledger
from orchestrator.ids import new_id
from orchestrator.store import schema
from tests.stories import books
from tests.stories.designs import playbook
from tests.stories.world import World, books_balance

STEPS = "- touchpoint: thanks\n  email: thanks\n- touchpoint: hello\n  text: hello\n- wait: 20 days"


def test_each_line_of_the_ledger_has_an_earlier_attempt(world: World, tmp_path: Any) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl", world.clock)
    world.parts = world.another_process(email=ledger, text=ledger)
    world.publish(playbook(STEPS))

    world.arrives("quote.sent")

    handles = [row.id for row in world.rows(schema.attempt)]
    lines = (tmp_path / "ledger.jsonl").read_text().splitlines()
    assert len(lines) == len(handles) == 2
    assert all(str(handle) in "".join(lines) for handle in handles)
    assert books.faults(world.parts.database, handles) == []


def _without_attempt(world: World) -> None:
    _run(world, delete(schema.attempt))


def _without_why(world: World) -> None:
    _run(world, update(schema.journal).values(why=""))


def _without_open_touch(world: World) -> None:
    _run(world, update(schema.touch).where(schema.touch.c.channel.is_(None)).values(state="done", finished_at=world.clock.at))


def _ended_too_early(world: World) -> None:
    _run(world, update(schema.enrollment).values(ended_at=world.clock.at.replace(year=2020), end_reason="goal"))


def _sent_twice(world: World) -> None:
    world.post.reached.append(world.post.reached[0])


def _sent_unasked(world: World) -> None:
    from dataclasses import replace

    world.post.reached.append(replace(world.post.reached[0], handle=new_id()))


def _run(world: World, statement: Any) -> None:
    with world.parts.database.work() as work:
        work.connection.execute(statement)


@pytest.mark.parametrize(
    "damage", [_without_attempt, _without_why, _without_open_touch, _ended_too_early, _sent_twice, _sent_unasked]
)
def test_books_that_do_not_balance_are_seen(ready_url: str, tmp_path: Any, damage: Any) -> None:
    world = World(ready_url, tmp_path / "playbooks")
    world.publish(playbook(STEPS))
    world.arrives("quote.sent")
    books_balance(world)

    damage(world)

    assert books.faults(world.parts.database, [r.handle for r in world.post.reached])
    world.close()
