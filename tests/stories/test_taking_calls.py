"""Who gets which call: the most urgent one that they may take, and never one that somebody else has."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import desk, dispatch, engine
from orchestrator.core.model import TouchState
from orchestrator.core.roles import Role
from orchestrator.core.urgency import EACH_PRIORITY, rank_at
from orchestrator.desk import Agent, CallTask, NotHeld, NotNow
from orchestrator.ids import new_id
from orchestrator.store import schema, staff
from orchestrator.store.staff import Member
from tests.stories.designs import playbook
from tests.stories.test_same_event_same_result import at_once
from tests.stories.world import World, person

SQLITE = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
NOON = datetime(2026, 9, 14, 12, tzinfo=UTC)
WAIT = {"gives_up_after": "90 days"}


def step(name: str, more: str = "", queue: str = "sales") -> str:
    return f"- touchpoint: {name}\n  call: {name}\n  queue: {queue}\n  due_within: 20 days\n{more}"


def arrive(world: World, count: int, **data: Any) -> None:
    engine.handle_events(world.parts, [world.event("quote.sent", f"P{i}", f"quote/{i}", **data) for i in range(count)])
    dispatch.drain(world.parts, "call")
    world.expects_anything()


def hired(world: World, name: str, **more: Any) -> Member:
    made = Member(new_id(), name, name.capitalize(), Role.AGENT, queues=("sales",), **more)
    with world.parts.database.work() as work:
        staff.add(work, made, world.clock.at)
    return made


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 400), st.integers(1, 400))
def test_nothing_starves(old: int, new: int, waits_h: int, hours: int) -> None:
    """Whatever its priority, a call that waits comes before everything that arrives more than two days after it."""
    span, later = timedelta(hours=hours), NOON + timedelta(hours=waits_h)
    first, second = rank_at(old, NOON, NOON + span), rank_at(new, later, later + span)

    assert rank_at(1, NOON, NOON + span) <= first
    if later - NOON > 8 * EACH_PRIORITY:
        assert first < second
    if later == NOON and old < new:
        assert first < second, "of two that are due at once the more urgent one comes first"


@SQLITE
def test_the_more_urgent_call_comes_first_and_an_old_one_before_a_new_urgent_one(world: World) -> None:
    world.publish(
        playbook(step("calm", "  priority: 9"), "calm", **WAIT),
        playbook(step("urgent", "  priority: 1"), "urgent", starts_on="quote.viewed", **WAIT),
    )
    world.arrives("quote.sent")
    world.arrives("quote.viewed", subject="quote/Q-2")
    world.expects_anything()

    assert desk.claim_next(world.parts, "ari").due.touch.touchpoint == "urgent"  # type: ignore[union-attr]

    world.time_passes_until("Thu 10:00")
    world.arrives("quote.viewed", subject="quote/Q-3")
    world.expects_anything()
    assert desk.claim_next(world.parts, "bo").due.touch.touchpoint == "calm"  # type: ignore[union-attr]


@SQLITE
def test_what_somebody_put_back_goes_to_others_first_and_to_them_when_nothing_else_waits(world: World) -> None:
    world.publish(playbook(step("call"), **WAIT))
    arrive(world, 3)

    first = _takes_and_puts_back(world, "ari")
    second = _takes_and_puts_back(world, "ari")
    third = _takes_and_puts_back(world, "ari")

    assert len({first, second, third}) == 3, "each of them once"
    assert _takes_and_puts_back(world, "bo") == first, "for others its place is what it was"
    again = desk.claim_next(world.parts, "ari")
    assert again is not None, "nothing else waits: rather this one again than nobody"
    assert again.touch == first
    desk.put_back(world.parts, again.touch, "ari")
    world.clock.at += desk.LATELY + timedelta(seconds=1)
    later = desk.claim_next(world.parts, "ari")
    assert later is not None
    assert later.touch == first


@SQLITE
def test_whoever_puts_back_many_calls_still_gets_the_next(world: World) -> None:
    world.publish(playbook(step("call"), **WAIT))
    arrive(world, desk.MOST_LATELY + 5)

    taken = [_takes_and_puts_back(world, "ari") for _ in range(desk.MOST_LATELY + 3)]

    assert len(set(taken[: desk.MOST_LATELY])) == desk.MOST_LATELY
    assert all(a != b for a, b in pairwise(taken))


def _takes_and_puts_back(world: World, who: str) -> Any:
    task = desk.claim_next(world.parts, who)
    assert task is not None
    world.clock.at += timedelta(seconds=20)
    assert desk.put_back(world.parts, task.touch, who) is None
    return task.touch


@SQLITE
def test_a_call_that_needs_a_skill_is_only_for_who_has_it(world: World) -> None:
    world.publish(playbook(step("roof", "  skill: roofing"), **WAIT))
    arrive(world, 1)
    (row,) = world.touches(state="ready")
    assert row.skill == "roofing"

    assert desk.claim_next(world.parts, Agent.of(hired(world, "bo"))) is None
    assert isinstance(desk.claim_this(world.parts, row.id, Agent("bo", ("sales",), ())), NotNow)
    assert desk.claim_next(world.parts, Agent.of(hired(world, "cy", skills=("roofing",)))) is not None


@SQLITE
def test_a_customer_gets_somebody_who_speaks_their_language_where_the_desk_does(world: World) -> None:
    world.publish(playbook(step("check-in"), **WAIT), house={"languages": "[en, es]"})
    said = [
        world.event("quote.sent", person("Luz", locale="es-MX"), "quote/1"),
        world.event("quote.sent", person("Uwe", locale="de"), "quote/2"),
    ]
    engine.handle_events(world.parts, said)
    dispatch.drain(world.parts, "call")
    world.expects_anything()

    english = Agent("bo", None, (), ("en",))
    first = desk.claim_next(world.parts, english)

    assert first is not None
    assert first.due.customer.name == "Uwe Ortiz", "nobody here speaks German, so anybody takes it"
    assert isinstance(desk.claim_next(world.parts, Agent("cy", None, (), ("en",))), type(None))
    luz = desk.claim_next(world.parts, Agent("cy", None, (), ("en", "es")))
    assert luz is not None
    assert luz.due.customer.name == "Luz Ortiz"


@SQLITE
def test_the_owner_has_the_call_first_and_then_everybody(world: World) -> None:
    world.publish(playbook(step("check-in", "  owner_first: 2 hours"), **WAIT))
    hired(world, "dee")
    arrive(world, 1, owner="Dee")

    assert desk.claim_next(world.parts, "bo") is None
    world.passes(timedelta(hours=2, seconds=1))
    assert desk.claim_next(world.parts, "bo") is not None


@SQLITE
def test_an_owner_who_does_not_work_here_keeps_nobody_waiting(world: World) -> None:
    world.publish(playbook(step("check-in", "  owner_first: 2 hours"), **WAIT))
    arrive(world, 1, owner="somebody-else")

    assert desk.claim_next(world.parts, "bo") is not None


@SQLITE
def test_somebody_takes_calls_of_their_queues_only(world: World) -> None:
    world.publish(playbook(step("check-in"), **WAIT))
    arrive(world, 1)
    (row,) = world.touches(state="ready")

    assert desk.claim_next(world.parts, Agent("bo", ("leads",))) is None
    refused = desk.claim_this(world.parts, row.id, Agent("bo", ("leads",)))
    assert isinstance(refused, NotNow)
    assert isinstance(desk.claim_this(world.parts, row.id, Agent("bo", ("sales",))), CallTask)


@SQLITE
def test_a_call_that_may_not_be_made_now_leaves_the_queue_with_its_reason(world: World) -> None:
    world.publish(playbook(step("check-in"), **WAIT))
    arrive(world, 2)
    world.outage_until("Mon 18:30")
    first, second = world.touches(state="ready")

    refused = desk.claim_this(world.parts, first.id, Agent("bo"))

    assert isinstance(refused, NotNow)
    assert "closed until" in refused.why
    assert world.rows(schema.touch, id=first.id)[0].state == "planned"
    assert desk.claim_next(world.parts, "bo") is None
    assert world.rows(schema.touch, id=second.id)[0].state == "planned"


@SQLITE
def test_who_has_a_call_takes_no_other_and_asking_for_the_same_gives_it_again(world: World) -> None:
    world.publish(playbook(step("check-in"), **WAIT))
    arrive(world, 2)
    first, second = world.touches(state="ready")
    bo = Agent("bo")

    assert isinstance(desk.claim_this(world.parts, first.id, bo), CallTask)
    again = desk.claim_this(world.parts, first.id, bo)
    other = desk.claim_this(world.parts, second.id, bo)

    assert isinstance(again, CallTask)
    assert again.already_held
    assert isinstance(other, NotNow)
    assert desk.claim_this(world.parts, first.id, Agent("cy")) == NotHeld(TouchState.IN_CALL, "bo")
    assert desk.current(world.parts, "bo").touch == first.id  # type: ignore[union-attr]
    assert desk.current(world.parts, "cy") is None


def test_of_fifty_who_want_one_call_one_gets_it_and_the_others_hear_who_has_it(postgres_world: World) -> None:
    """Twenty rounds; tests/bench/desk.py runs five hundred."""
    world = postgres_world
    world.publish(playbook(step("check-in"), **WAIT))
    arrive(world, 20)
    processes = [world.another_process() for _ in range(5)]

    for row in world.touches(state="ready"):
        answers = at_once(50, lambda i, id_=row.id: desk.claim_this(processes[i % 5], id_, Agent(f"p{i}-{id_}")))  # type: ignore[misc]

        (won,) = [a for a in answers if isinstance(a, CallTask)]
        holder = world.rows(schema.touch, id=won.touch)[0].held_by
        assert Counter(a for a in answers if a is not won) == Counter({NotHeld(TouchState.IN_CALL, holder): 49})


def test_everybody_who_asks_at_once_gets_a_call_of_their_own(postgres_world: World) -> None:
    world = postgres_world
    world.publish(playbook(step("check-in"), **WAIT))
    arrive(world, 30)
    processes = [world.another_process() for _ in range(5)]

    tasks = at_once(30, lambda i: desk.claim_next(processes[i % 5], f"person {i}"))

    assert len({t.touch for t in tasks if t}) == 30, "and nobody is told that there is none"
