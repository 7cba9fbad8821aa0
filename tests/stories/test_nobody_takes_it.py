"""Calls that nobody takes in time: what is held in one place keeps nothing from its turn in another."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator import desk, holds, resuming, sweep
from orchestrator.store.audit import By
from tests.stories.designs import playbook
from tests.stories.test_taking_calls import arrive
from tests.stories.world import World

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
LEE = By("lee", "lead")


def step(queue: str) -> str:
    return f"- touchpoint: {queue}-call\n  call: check-in\n  queue: {queue}\n  due_within: 2 days\n"


@pytest.mark.parametrize("held", ["queue:sales", "playbook:held"])
def test_a_pause_starves_nobody_else(world: World, held: str) -> None:
    world.publish(playbook(step("sales"), "held"), playbook(step("leads"), "other"))
    arrive(world, sweep.BATCH + 5)
    holds.pause(world.parts, holds.read(held), LEE)

    world.outage_until("Thu 09:30")
    world.settle()

    states = {queue: {t.state for t in world.touches(queue=queue)} for queue in ("sales", "leads")}
    assert states == {"sales": {"ready"}, "leads": {"expired"}}
    world.expects_anything()


@pytest.mark.parametrize("held", ["queue:sales", "playbook:held", "all"])
def test_a_short_pause_holds_the_calls_and_empties_no_queue(world: World, held: str) -> None:
    world.publish(playbook(step("sales"), "held"))
    arrive(world, 3)
    holds.pause(world.parts, holds.read(held), LEE)

    assert desk.claim_next(world.parts, "ari") is None
    world.passes(timedelta(minutes=2))
    assert desk.claim_next(world.parts, "ari") is None
    resuming.resume(world.parts, holds.read(held), LEE)
    world.settle()

    assert len(world.touches(state="ready")) == 3
    assert desk.claim_next(world.parts, "ari") is not None
    world.expects_anything()
