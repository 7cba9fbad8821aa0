"""Promise 8: edits and deploys change nothing in flight."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.errors import PlaybookError
from tests.stories.designs import playbook
from tests.stories.world import World

OLD = "- touchpoint: thanks\n  email: thanks\n- touchpoint: hello\n  text: hello\n  after: 2 days\n- touchpoint: check-in\n  call: check-in\n  queue: leads\n  after: 1 day"
NEW = "- touchpoint: thanks\n  email: thanks\n- touchpoint: other\n  text: other\n  after: 1 day"


def test_an_enrollment_keeps_its_steps_when_a_changed_playbook_is_published(world: World) -> None:
    world.publish(playbook(OLD))
    world.arrives("quote.sent", "Dana")
    world.expect_email("thanks", to="Dana")

    world.publish(playbook(NEW))
    world.restarts()
    world.arrives("quote.sent", "Eli", "quote/Q-2")

    world.expect_email("thanks", to="Eli")
    world.time_passes_until("Tue 12:00")
    world.expect_text("other", to="Eli")
    world.time_passes_until("Thu 12:00")
    world.expect_text("hello", to="Dana")
    world.expect_call("check-in", queue="leads")


def test_an_enrollment_keeps_its_words(world: World) -> None:
    world.publish(playbook(OLD), words={"texts/hello.md": "The old words."})
    world.arrives("quote.sent")
    world.expect_email("thanks")

    world.publish(playbook(OLD), words={"texts/hello.md": "The new words."})
    world.time_passes_until("Wed 12:00")

    assert world.expect_text("hello").body == "The old words."


def test_a_retired_playbook_goes_on_for_those_inside_and_takes_nobody_new(world: World) -> None:
    world.publish(playbook(OLD))
    world.arrives("quote.sent")
    world.expect_email("thanks")

    world.publish(playbook(NEW, name="another", starts_on="quote.changed"))

    world.arrives("quote.sent", "Eli", "quote/Q-2")
    world.time_passes_until("Wed 12:00")
    world.expect_text("hello", to="Dana")
    assert [run.subject for run in world.runs()] == ["quote/Q-1"]


@pytest.mark.parametrize(
    "house",
    [
        {"queues": "{sales: {title: Sales}}"},
    ],
)
def test_house_rules_that_would_break_an_enrollment_in_flight_are_refused_as_a_whole(world: World, house: dict[str, str]) -> None:
    world.publish(playbook(OLD))
    world.arrives("quote.sent")
    world.expect_email("thanks")

    with pytest.raises(PlaybookError, match="customers in it"):
        world.publish(playbook(NEW), house=house)

    world.restarts()
    world.time_passes_until("Thu 12:00")
    world.expect_text("hello")
    world.expect_call("check-in", queue="leads")
    assert world.ended() is None


def test_house_rules_bind_those_in_flight_as_well(world: World) -> None:
    """They are not pinned: a stricter hour holds at once, for everybody."""
    world.publish(playbook(OLD))
    world.arrives("quote.sent")
    world.expect_email("thanks")
    windows = '{office: {mon-fri: "09:00-17:30"}, inbox: {mon-sun: "07:00-21:00"}, texts: {mon-sun: "15:00-16:00"}, any-time: {mon-sun: "00:00-24:00"}}'

    world.publish(playbook(OLD), house={"contact_windows": windows})

    world.passes(timedelta(days=2, hours=9))
    world.expect_text("hello", at="Wed 2026-09-16 15:00")


def test_publishing_the_same_again_makes_no_new_version(world: World) -> None:
    world.publish(playbook(OLD))
    world.publish(playbook(OLD))

    world.arrives("quote.sent")

    world.expect_email("thanks")
    assert "version 1" in world.said("enrollment.started")[0]
