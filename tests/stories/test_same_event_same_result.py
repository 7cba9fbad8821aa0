"""Promise 2: the same event gives the same answer however often and however concurrently it is sent; another body is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

from orchestrator import engine
from orchestrator.engine import Receipt
from orchestrator.store import schema
from tests.stories.designs import playbook
from tests.stories.world import World, changed, person, repeated

STEPS = "- touchpoint: thanks\n  email: thanks\n  after: 10 minutes"
T = TypeVar("T")


def at_once(count: int, act: Callable[[int], T]) -> list[T]:
    """The same thing in many threads, let go together."""
    gate = threading.Barrier(count)

    def one(i: int) -> T:
        gate.wait()
        return act(i)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_the_same_event_sent_by_eight_at_once_enrolls_once_and_all_hear_the_same(world: World) -> None:
    world.publish(playbook(STEPS))
    processes = [world.another_process() for _ in range(8)]
    event = world.event("quote.sent", key="81")

    answers = at_once(8, lambda i: engine.handle_events(processes[i], [repeated(event)])[0])

    assert sorted(a.status for a in answers) == ["accepted", *["repeated"] * 7]
    assert len({(a.event, a.enrollments) for a in answers}) == 1
    assert len(world.runs()) == 1


def test_one_id_with_two_bodies_from_eight_at_once_is_one_event_and_conflicts(world: World) -> None:
    world.publish(playbook(STEPS))
    processes = [world.another_process() for _ in range(8)]
    one = world.event("quote.sent", key="81")
    other = changed(one, subject="quote/Q-2", customer_said=person("Eli"))

    def send(i: int) -> Receipt:
        return engine.handle_events(processes[i], [repeated(one) if i % 2 else repeated(other)])[0]

    answers = at_once(8, send)

    assert sorted(a.status for a in answers) == ["accepted", *["conflict"] * 4, *["repeated"] * 3]
    assert len(world.runs()) == 1
    assert len(world.rows(schema.customer)) == 1, "a refused body tells us nothing about anybody"


def test_a_repeat_weeks_later_gives_the_first_answer_and_starts_nothing(world: World) -> None:
    world.publish(playbook(STEPS, re_entry="after end"))
    event = world.event("quote.sent")
    (first,) = engine.handle_events(world.parts, [event])
    world.time_passes_until("Tue 09:00")
    world.expect_email("thanks")

    (second,) = engine.handle_events(world.parts, [repeated(event)])

    assert (second.status, second.event, second.enrollments) == ("repeated", first.event, first.enrollments)


@pytest.mark.parametrize("first", ["accepted", "conflict"])
def test_the_same_id_twice_in_one_batch(world: World, first: str) -> None:
    world.publish(playbook(STEPS))
    event = world.event("quote.sent")
    second = repeated(event) if first == "accepted" else changed(event)

    receipts = engine.handle_events(world.parts, [event, second])

    assert [r.status for r in receipts] == ["accepted", "repeated" if first == "accepted" else "conflict"]
    assert len(world.runs()) == 1


def test_a_refused_body_changes_nothing_about_the_customer(world: World) -> None:
    world.publish(playbook(STEPS))
    event = world.event("quote.sent")
    engine.handle_events(world.parts, [event])
    wider = person("Dana", email="other@example.com", consent={"email": "marketing"})

    (answer,) = engine.handle_events(world.parts, [changed(event, customer_said=wider)])

    assert answer.status == "conflict"
    (row,) = world.rows(schema.customer)
    assert row.email == "dana@example.com"
    assert row.consent["email"] == "service"


def test_a_repeat_does_not_bring_back_a_number_that_turned_out_dead(world: World) -> None:
    world.publish(playbook("- touchpoint: hello\n  text: hello"))
    event = world.event("quote.sent")
    world.post.will("dead")
    engine.handle_events(world.parts, [event])
    world.settle()
    assert world.rows(schema.customer)[0].phone is None

    engine.handle_events(world.parts, [repeated(event)])

    assert world.rows(schema.customer)[0].phone is None
