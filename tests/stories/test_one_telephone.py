"""Who asks on the telephone not to be contacted is not contacted by that telephone under another name."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from orchestrator import desk, filing
from orchestrator.desk import WEB_LEASE, Agent
from orchestrator.filing import Filed, Filing
from tests.stories.designs import playbook
from tests.stories.world import World, person

STEPS = """\
- touchpoint: check-in
  call: check-in
  queue: sales
  due_within: 2 days
- touchpoint: hello
  text: hello
  after: 1 day
- touchpoint: letter
  email: letter
"""


@pytest.fixture
def on_the_line(world: World) -> UUID:
    """Dana is in our books twice, with one number and two addresses; under the first name she is on the line."""
    world.publish(playbook(STEPS))
    dana = person("Dana")
    world.arrives("quote.sent", dana, "quote/1")
    task = desk.claim_next(world.parts, "ari", lease=WEB_LEASE)
    assert task is not None
    world.arrives("quote.sent", {**dana, "id": "C-again", "email": "again@example.com"}, "quote/2")
    return task.touch


def says(world: World, touch: UUID, scope: str) -> None:
    assert isinstance(filing.file(world.parts, touch, "ari", Filing("do_not_contact", scope=scope)), Filed)


def test_the_telephone_stays_quiet_from_that_second(world: World, on_the_line: UUID) -> None:
    says(world, on_the_line, "all")

    world.staff("ari").finds_no_call()  # within the half minute in which it can be undone, too
    world.passes(timedelta(days=9))
    assert [(x.touchpoint, x.to) for x in world.post.reached] == [("letter", "again@example.com")], "an address is no telephone"
    world.expects_anything()


def test_an_address_that_is_not_to_be_written_to_is_the_persons_own(world: World, on_the_line: UUID) -> None:
    says(world, on_the_line, "email")

    assert world.staff("bea").takes_next_call().touchpoint == "check-in"


def test_what_is_undone_holds_for_nobody(world: World, on_the_line: UUID) -> None:
    says(world, on_the_line, "all")

    filing.undo(world.parts, on_the_line, "ari")

    assert world.staff("bea").takes_next_call().touchpoint == "check-in"


def test_a_wish_said_when_the_call_was_lost_holds_for_the_telephone(world: World, on_the_line: UUID) -> None:
    desk.put_back(world.parts, on_the_line, "ari")
    desk.claim_this(world.parts, on_the_line, Agent("bea"))
    filing.file(world.parts, on_the_line, "ari", Filing("do_not_contact", scope="call"))

    world.staff("cal").finds_no_call()
