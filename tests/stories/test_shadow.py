"""A shadow decides on what really happened, and nobody ever hears of it."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import event as sql
from sqlalchemy import func, select

from orchestrator import authoring, versioning
from orchestrator.errors import NotFound
from orchestrator.shadow import compare
from orchestrator.store import schema
from orchestrator.store.audit import By
from tests.stories import designs
from tests.stories.designs import playbook
from tests.stories.world import World

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
OLD = "- touchpoint: thanks\n  email: thanks\n- touchpoint: hello\n  text: hello\n  after: 2 days"
NEW = "- touchpoint: thanks\n  email: thanks\n- touchpoint: hello\n  text: hello\n  after: 1 day\n- touchpoint: more\n  text: more\n  after: 1 day"
OPS = By("ops", "terminal")


def shadowed(world: World, current: str, beside: str, **head: str) -> None:
    """One playbook is in use, and another text of it decides as its shadow."""
    world.publish(playbook(current, **head))
    designs.write(world.folder, playbook(beside, **head))
    authoring.publish(world.parts, world.folder, OPS, only=["follow-up"], shadow=True)


def contents(world: World) -> dict[str, int]:
    """How many rows each table has."""
    with world.parts.database.work() as work:
        return {
            name: work.connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in schema.metadata.tables.items()
        }


def test_the_two_are_compared_by_touchpoint_day_exit_and_subject(world: World) -> None:
    shadowed(world, OLD, NEW)
    world.arrives("quote.sent", "Dana", "quote/Q-1")
    world.arrives("quote.sent", "Eli", "quote/Q-2")
    world.time_passes_until("Tue 12:00")
    world.arrives("quote.accepted", "Eli", "quote/Q-2")
    world.time_passes_until("Fri 12:00")
    world.expects_anything()

    found = compare(world.parts, "follow-up")

    assert [(p.name, p.current, p.shadow) for p in found.touchpoints] == [("hello", 1, 2), ("more", 0, 1), ("thanks", 2, 2)]
    assert [(str(day), a, b) for day, a, b in found.days] == [
        ("2026-09-14", 2, 2), ("2026-09-15", 0, 2), ("2026-09-16", 1, 1),
    ]  # fmt: skip
    assert [(p.name, p.current, p.shadow) for p in found.exits] == [("exhausted", 1, 1), ("goal", 1, 1)]
    assert (found.current, found.shadow, found.events, found.subjects, found.differ) == (1, 2, 3, 2, 2)
    assert found.differing[0].customer == world.customer("Dana")


def test_what_is_worked_out_for_the_current_version_is_what_it_really_did(world: World) -> None:
    shadowed(world, OLD, NEW)
    world.arrives("quote.sent", "Dana", "quote/Q-1")
    world.time_passes_until("Tue 10:00")
    world.arrives("quote.sent", "Eli", "quote/Q-2")
    world.arrives("quote.sent", "Fay", "quote/Q-3")
    world.time_passes_until("Fri 12:00")
    world.expects_anything()

    found = compare(world.parts, "follow-up")

    really = sorted((r.touchpoint, f"{r.effect_at:%d %H:%M}") for r in world.touches() if r.effect_at)
    worked_out = sorted((line.touchpoint, f"{line.at:%d %H:%M}") for one in found.differing for line in one.current)
    assert worked_out == really


def test_two_texts_that_decide_alike_do_not_differ(world: World) -> None:
    shadowed(world, OLD, OLD.replace("2 days", "48 hours"))
    world.arrives("quote.sent")
    world.time_passes_until("Fri 12:00")
    world.expects_anything()

    found = compare(world.parts, "follow-up")

    assert (found.subjects, found.differ, found.differing) == (1, 0, ())


def test_a_call_that_was_really_made_ends_as_it_did_and_any_other_is_said_to_be_assumed(world: World) -> None:
    call = "- touchpoint: check-in\n  call: check-in\n  queue: sales"
    follows = "\n  outcomes:\n    completed_concern:\n    - touchpoint: glad\n      email: glad\n    - exit"
    shadowed(world, call, call + follows + "\n- touchpoint: second\n  call: check-in\n  queue: sales\n  after: 1 hour")
    world.arrives("quote.sent", "Dana", "quote/Q-1")
    world.arrives("quote.sent", "Eli", "quote/Q-2")
    world.staff("ari").takes_next_call().ends("completed_concern")
    world.staff("ari").takes_next_call().ends("completed")
    world.time_passes_until("Mon 15:00")
    world.expects_anything()

    found = compare(world.parts, "follow-up")

    assert {p.name: (p.current, p.shadow) for p in found.touchpoints}["glad"] == (0, 1)
    assert (found.real, found.assumed) == (2, 1)


def test_comparing_writes_nothing_and_contacts_nobody(world: World) -> None:
    shadowed(world, OLD, NEW)
    world.arrives("quote.sent")
    world.time_passes_until("Wed 12:00")
    world.expects_anything()
    before, reached = contents(world), len(world.post.reached)

    compare(world.parts, "follow-up")
    world.settle()

    assert contents(world) == before
    assert len(world.post.reached) == reached


def test_while_it_is_worked_out_an_event_is_taken_in_at_once_and_belongs_to_neither(world: World) -> None:
    shadowed(world, OLD, NEW)
    world.arrives("quote.sent", "Dana", "quote/Q-1")
    sql.listen(world.parts.database.engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout = 0"))  # nobody waits:
    world.parts.database.close()  # connections that are open already, neither
    came: list[str] = []

    def tell(which: str, done: int, at: datetime) -> None:
        if which not in came:
            came.append(which)
            world.arrives("quote.sent", "Eli", f"quote/{which}")

    found = compare(world.parts, "follow-up", tell=tell)

    world.expects_anything()
    assert came == ["current", "shadow"]
    assert (found.events, found.entered.current, found.entered.shadow) == (1, 1, 1)


def test_with_too_many_events_the_newest_are_looked_at_and_that_is_said(world: World) -> None:
    shadowed(world, OLD, NEW)
    for n in (1, 2, 3):
        world.arrives("quote.sent", "Dana", f"quote/Q-{n}")
    world.time_passes_until("Mon 12:00")
    for n in (4, 5):
        world.arrives("quote.sent", "Dana", f"quote/Q-{n}")
    world.expects_anything()

    found = compare(world.parts, "follow-up", most=2)

    assert found.cut
    assert found.events == 2
    assert not compare(world.parts, "follow-up").cut


def test_without_a_shadow_there_is_nothing_to_compare(world: World) -> None:
    world.publish(playbook(OLD))

    with pytest.raises(NotFound, match="no shadow"):
        compare(world.parts, "follow-up")


def test_a_shadow_of_an_earlier_version_is_compared_too(world: World) -> None:
    world.publish(playbook(OLD))
    world.publish(playbook(NEW))
    versioning.start_shadow(world.parts, "follow-up", 1, OPS)
    world.arrives("quote.sent")
    world.time_passes_until("Fri 12:00")
    world.expects_anything()

    found = compare(world.parts, "follow-up")

    assert (found.current, found.shadow) == (2, 3)
    assert {p.name: p.change for p in found.touchpoints} == {"thanks": 0, "hello": 0, "more": -1}
