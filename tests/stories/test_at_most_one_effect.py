"""Promise 3: at most one effect per touch; what nobody knows is shown, looked up, and never blindly sent again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from orchestrator import desk, dispatch, engine
from orchestrator.channels.base import Accepted, Found, Sought
from orchestrator.sweep import reconcile, sweep
from tests.stories.designs import playbook
from tests.stories.post import Died
from tests.stories.test_same_event_same_result import at_once
from tests.stories.world import World

EMAIL = "- touchpoint: thanks\n  email: thanks\n- wait: 30 days"
TEXT = "- touchpoint: hello\n  text: hello\n- wait: 30 days"


def test_five_dispatchers_at_once_send_500_messages_once_each(world: World) -> None:
    world.publish(playbook(EMAIL))
    engine.handle_events(world.parts, [world.event("quote.sent", f"P{i}", f"quote/{i}") for i in range(500)])
    processes = [world.another_process() for _ in range(5)]

    def drain(i: int) -> int:
        done = 0
        while more := dispatch.drain_once(processes[i], "email", 20):
            done += more
        return done

    done = at_once(5, drain)
    world.settle()  # what was passed over because somebody else held it just then

    assert sum(done) <= 500
    assert len({r.to for r in world.post.reached}) == len(world.post.reached) == 500
    assert set(world.states("thanks")) == {"sent"}
    world.expects_anything()


def test_a_lost_answer_is_shown_then_looked_up_and_not_sent_again(world: World) -> None:
    world.publish(playbook(TEXT))
    world.post.can_tell = False
    world.post.will("answer lost")
    world.arrives("quote.sent")
    assert world.states("hello") == ["unknown"]
    world.passes(timedelta(hours=1))
    assert world.states("hello") == ["unknown"], "nobody can tell: it waits for a person"

    world.post.can_tell = True
    world.passes(timedelta(minutes=10))

    assert world.states("hello") == ["sent"]
    world.expect_text("hello")


def test_a_text_that_provably_never_arrived_waits_for_a_person(world: World) -> None:
    world.publish(playbook(TEXT))
    world.post.will("lost")
    world.arrives("quote.sent")

    world.passes(timedelta(hours=2))

    assert world.states("hello") == ["unknown"], "texts are not sent again by themselves"
    assert desk.settle(world.parts, world.touches(touchpoint="hello")[0].id, "ari", "again") is None
    world.settle()
    world.expect_text("hello")


def test_an_email_that_provably_never_arrived_is_sent_again_once(world: World) -> None:
    world.publish(playbook(EMAIL))
    world.post.will("lost")
    world.arrives("quote.sent")
    assert world.states("thanks") == ["unknown"]
    world.passes(timedelta(minutes=3))
    assert world.states("thanks") == ["unknown"], "it may still be on its way"

    world.passes(timedelta(minutes=10))

    assert world.states("thanks") == ["sent"]
    assert len(world.post.asked) == 2
    world.expect_email("thanks")


@pytest.mark.parametrize("as_", ["sent", "failed"])
def test_a_person_decides_what_became_of_it_and_the_playbook_goes_on(world: World, as_: str) -> None:
    world.publish(playbook("- touchpoint: hello\n  text: hello\n- touchpoint: thanks\n  email: thanks\n  after: 1 hour"))
    world.post.will("lost")
    world.arrives("quote.sent")
    (hello,) = world.touches(touchpoint="hello")

    assert desk.settle(world.parts, hello.id, "ari", as_) is None  # type: ignore[arg-type]

    assert desk.settle(world.parts, hello.id, "bo", as_) is not None, "the second click changes nothing"  # type: ignore[arg-type]
    world.time_passes_until("Mon 12:00")
    assert world.states("hello") == [as_]
    world.expect_email("thanks")


@pytest.mark.parametrize(("dies", "reached"), [("die before", 0), ("die after", 1)])
def test_a_process_that_dies_between_intent_and_outcome_leaves_no_second_effect(world: World, dies: str, reached: int) -> None:
    world.publish(playbook(EMAIL))
    world.post.will(dies)  # type: ignore[arg-type]
    engine.handle_events(world.parts, [world.event("quote.sent")])
    with pytest.raises(Died):
        dispatch.drain(world.parts, "email")
    assert world.states("thanks") == ["sending"]

    world.restarts()
    world.settle()
    assert world.states("thanks") == ["sending"], "the lease holds: somebody may still be at it"
    world.passes(timedelta(seconds=121))
    world.settle()

    assert len(world.post.reached) == reached
    world.passes(timedelta(minutes=10))
    assert world.states("thanks") == ["sent"]
    assert world.said("touch.unknown"), "it was shown meanwhile"
    world.expect_email("thanks")


def test_a_defect_in_a_channel_counts_as_unknown_never_as_not_sent(world: World) -> None:
    world.publish(playbook(TEXT))
    world.post.will("raise")

    world.arrives("quote.sent")

    assert world.states("hello") == ["unknown"]


def test_safe_refusals_are_tried_again_later_and_later_until_it_is_too_late(world: World) -> None:
    world.publish(playbook(f"{EMAIL.replace('email: thanks', 'email: thanks' + chr(10) + '  not_later_than: 1 hour')}"))
    world.post.always = "busy"

    world.arrives("quote.sent")
    world.passes(timedelta(hours=2))

    assert world.states("thanks") in (["failed"], ["expired"])
    assert 5 <= len(world.post.asked) <= 12
    world.post.always = "accept"


def test_a_refusal_for_good_ends_the_touch_and_the_playbook_goes_on(world: World) -> None:
    world.publish(playbook("- touchpoint: hello\n  text: hello\n- touchpoint: thanks\n  email: thanks\n  after: 1 hour"))
    world.post.will("unsubscribed")

    world.arrives("quote.sent")

    assert world.states("hello") == ["failed"]
    world.time_passes_until("Mon 12:00")
    world.expect_email("thanks")
    world.arrives("quote.sent", "Dana", "quote/Q-2")
    assert world.states("hello") == ["failed", "skipped"], "they unsubscribed from texts"
    world.time_passes_until("Mon 15:00")
    world.expect_email("thanks")


def test_evidence_about_an_older_attempt_says_nothing_about_a_newer_one(world: World) -> None:
    """While the provider is asked about the first attempt, a person has it sent again, and that becomes unknown as well."""
    world.publish(playbook(TEXT))
    world.post.will("lost", "lost")
    world.arrives("quote.sent")
    (touch,) = world.touches(touchpoint="hello")
    asked: list[object] = []

    class Slow:
        name, carries = "post", ("text",)
        send = world.post.send

        def find(self, sought: Sequence[Sought]) -> Mapping[UUID, Found]:
            if not asked:
                asked.append(sought)
                desk.settle(world.parts, touch.id, "ari", "again")
                dispatch.drain(world.parts, "text")
                return {s.handle: Accepted("found after all") for s in sought}
            return world.post.find(sought)

    slow = world.another_process(email=Slow(), text=Slow(), voicemail=Slow())
    reconcile(slow)

    assert world.states("hello") == ["unknown"], "nobody knows about the second attempt"
    sweep(world.parts)
    assert world.states("hello") == ["unknown"]
