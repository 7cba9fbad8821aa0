"""Nothing is made twice and no promise of a call back is broken, however often a follow-up is moved and its steps get new names."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from orchestrator import moving
from orchestrator.moving import Who
from orchestrator.store.audit import By
from tests.stories.designs import playbook
from tests.stories.world import World

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
HELLO = "- touchpoint: hello\n  text: hello\n  after: 1 day\n"
HELLO_TWO = HELLO.replace("touchpoint: hello", "touchpoint: hello-two")
LAST = "- touchpoint: last-word\n  email: last-word\n  after: {} days\n"
CALL = "- touchpoint: {}\n  call: check-in\n  queue: sales\n  attempts: {{most: {}, apart: {} days}}\n"
BESIDE = "  outcomes:\n    voicemail_left:\n    - touchpoint: sorry\n      text: sorry\n    - again\n"
SORRY = "- touchpoint: sorry\n  text: sorry\n  after: 1 day\n"


def moves(world: World, **who: Any) -> moving.Moved:
    return moving.move(world.parts, Who("follow-up", **who), By("mika", "lead"))


def publish(world: World, steps: str, **head: str) -> None:
    world.publish(playbook(steps, **head))


def had(world: World, *touchpoints: str) -> list[str]:
    """Which of these were made, in order, by the names that they had."""
    world.expects_anything()
    return [t.touchpoint for t in world.touches() if t.touchpoint in touchpoints and t.effect_at is not None]


def hello_went_out(world: World) -> None:
    publish(world, HELLO + LAST.format(5))
    world.arrives("quote.sent")
    world.time_passes_until("Tue 12:00")
    world.expect_text("hello")


def voicemail_with_a_text_beside_it(world: World) -> None:
    publish(world, CALL.format("check-in", 3, 1) + BESIDE + LAST.format(2))
    world.arrives("quote.sent")
    world.time_passes_until("Mon 10:00")
    world.staff("kim").takes_next_call().ends("voicemail_left")
    world.settle()


# -- a text beside a voicemail ----------------------------------------------------------------------------------------


def test_a_text_that_went_out_beside_a_voicemail_is_not_made_again_where_the_new_version_has_it_once(world: World) -> None:
    voicemail_with_a_text_beside_it(world)
    publish(world, CALL.format("check-in", 3, 1) + SORRY + LAST.format(2))

    moves(world)
    world.passes(timedelta(days=1, hours=1))
    world.staff("kim").takes_next_call().ends("completed")
    world.passes(timedelta(days=10))

    assert had(world, "sorry", "last-word") == ["sorry", "last-word"]


def test_it_is_made_beside_each_voicemail_as_long_as_the_new_version_says_so(world: World) -> None:
    voicemail_with_a_text_beside_it(world)
    publish(world, CALL.format("check-in", 3, 2) + BESIDE + LAST.format(2))

    moves(world)
    world.passes(timedelta(days=2, hours=1))
    world.staff("kim").takes_next_call().ends("voicemail_left")
    world.passes(timedelta(days=1))

    assert had(world, "sorry") == ["sorry", "sorry"]


def test_it_is_not_made_again_after_two_moves_either(world: World) -> None:
    """Version 2 still has it beside each voicemail under another name, version 3 once and under that name."""
    voicemail_with_a_text_beside_it(world)
    two = BESIDE.replace("touchpoint: sorry", "touchpoint: sorry-two")
    publish(world, CALL.format("check-in", 3, 1) + two + LAST.format(2))
    moves(world, steps={"sorry": "sorry-two"})
    publish(world, CALL.format("check-in", 3, 1) + SORRY.replace("touchpoint: sorry", "touchpoint: sorry-two") + LAST.format(2))

    moves(world)
    world.passes(timedelta(days=1, hours=1))
    world.staff("kim").takes_next_call().ends("completed")
    world.passes(timedelta(days=10))

    assert had(world, "sorry", "sorry-two", "last-word") == ["sorry", "last-word"]


# -- other names ------------------------------------------------------------------------------------------------------


def test_what_was_made_under_another_name_two_versions_ago_is_not_made_again(world: World) -> None:
    hello_went_out(world)
    publish(world, HELLO_TWO + LAST.format(6))
    moves(world, steps={"hello": "hello-two"})
    publish(world, LAST.format(6) + HELLO_TWO)

    moves(world)
    world.passes(timedelta(days=20))

    assert had(world, "hello", "hello-two", "last-word") == ["hello", "last-word"]


def test_what_a_version_in_between_did_not_have_is_not_made_again_by_the_next(world: World) -> None:
    hello_went_out(world)
    publish(world, LAST.format(6))
    moves(world)
    publish(world, LAST.format(6) + HELLO)

    moves(world)
    world.passes(timedelta(days=20))

    assert had(world, "hello", "last-word") == ["hello", "last-word"]


def test_moved_back_to_the_old_name_it_is_not_made_again(world: World) -> None:
    hello_went_out(world)
    publish(world, LAST.format(6) + HELLO)
    moves(world)
    publish(world, LAST.format(7) + HELLO_TWO.replace("text: hello", "text: sorry"))
    moves(world, steps={"hello": "hello-two"})

    moves(world, to=2)
    world.passes(timedelta(days=20))

    assert had(world, "hello", "hello-two", "last-word") == ["hello", "last-word"]


def test_a_step_that_takes_over_the_old_name_is_another_one(world: World) -> None:
    """What was "hello" is "hello-two" now, and "hello" says something else: that is new to everybody."""
    hello_went_out(world)
    publish(world, HELLO_TWO + LAST.format(6) + HELLO.replace("text: hello", "text: sorry"))
    moves(world, steps={"hello": "hello-two"})
    publish(world, LAST.format(6) + HELLO_TWO + HELLO.replace("text: hello", "text: sorry"))

    moves(world)
    world.passes(timedelta(days=20))

    assert had(world, "hello", "hello-two") == ["hello", "hello"]
    assert len(world.touches(state="sent", touchpoint="hello-two")) == 0


def test_a_made_step_with_another_name_and_place_is_known_by_its_words_and_the_look_says_so(world: World) -> None:
    hello_went_out(world)
    publish(world, LAST.format(5) + HELLO_TWO)

    seen = moving.preview(world.parts, Who("follow-up"))
    moves(world)
    world.passes(timedelta(days=20))

    assert seen.groups[0].newly == ()
    assert seen.groups[0].passed == {"hello-two": 1}
    assert seen.warnings == [
        "'hello' is 'hello-two' now, it seems: 1 had it already and does not get it again (else: --step hello=)"
    ]
    assert had(world, "hello", "hello-two", "last-word") == ["hello", "last-word"]


def test_whoever_says_that_it_is_another_step_is_believed(world: World) -> None:
    hello_went_out(world)
    publish(world, LAST.format(5) + HELLO_TWO)

    seen = moving.preview(world.parts, Who("follow-up", steps={"hello": ""}))
    moves(world, steps={"hello": ""})
    world.passes(timedelta(days=20))

    assert seen.groups[0].newly == ("hello-two",)
    assert had(world, "hello", "hello-two") == ["hello", "hello-two"]


def test_a_made_step_that_is_gone_without_a_trace_is_warned_about_where_something_new_would_come(world: World) -> None:
    hello_went_out(world)
    publish(world, LAST.format(5) + "- touchpoint: greeting\n  text: sorry\n  after: 1 day\n")

    seen = moving.preview(world.parts, Who("follow-up"))

    assert seen.groups[0].newly == ("greeting",)
    assert seen.warnings == [
        "1 had 'hello', which version 2 does not have: when it only has another name there, say so, or they get it again "
        "(--step hello=NEW)"
    ]


# -- promises ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["Thu 15:00", "Thu 05:00"])  # the second is before hours: it waits until they begin
def test_a_promised_call_back_keeps_its_time_through_new_names_and_two_moves(world: World, when: str) -> None:
    publish(world, CALL.format("check-in", 3, 1) + LAST.format(5))
    world.arrives("quote.sent")
    world.time_passes_until("Mon 10:00")
    world.staff("kim").takes_next_call().ends("call_back", call_back_at=when)
    (promised,) = [t for t in world.touches() if t.state == "planned"]
    publish(world, CALL.format("check-in-two", 3, 1) + LAST.format(6))
    moves(world, steps={"check-in": "check-in-two"})
    publish(world, CALL.format("check-in-two", 3, 2) + LAST.format(6))

    moves(world)

    (waits,) = [t for t in world.touches() if t.state == "planned"]
    assert (waits.touchpoint, waits.due_at, waits.tries) == ("check-in-two", promised.due_at, 2)
