"""A call waits in the queue that its event names, or in the first one of the house."""

from __future__ import annotations

import pytest

from tests.stories.designs import playbook
from tests.stories.world import World

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
CALL = "- touchpoint: check-in\n  call: check-in\n  queue: event.code\n  attempts: {most: 2, apart: 1 hour}"


def test_a_call_waits_in_the_queue_that_its_event_names(world: World) -> None:
    world.publish(playbook(CALL))

    world.arrives("quote.sent", code="leads")

    world.expect_call("check-in", "leads")


@pytest.mark.parametrize("code", [{"code": "nowhere"}, {}])
def test_a_name_that_is_no_queue_leads_to_the_first_one_and_says_so(world: World, code: dict[str, str]) -> None:
    world.publish(playbook(CALL))

    world.arrives("quote.sent", **code)

    world.expect_call("check-in", "sales")
    assert "event.code names no queue of the house rules, so it waits in sales" in world.touches()[0].why


def test_another_try_waits_there_too(world: World) -> None:
    world.publish(playbook(CALL))
    world.arrives("quote.sent", code="leads")
    world.expect_call("check-in", "leads")

    world.staff("ari").takes_next_call("leads").ends("no_answer")
    world.passes(world.moment("Mon 11:00") - world.clock.at)

    world.expect_call("check-in", "leads")
