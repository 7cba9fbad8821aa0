"""Every construct of the playbook language once, from the file to the person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.stories.designs import playbook
from tests.stories.world import World, person

CALL = "- touchpoint: check-in\n  call: check-in\n  queue: sales\n"


def test_dates_of_the_event_and_hours_of_the_day(world: World) -> None:
    steps = """
    - touchpoint: before
      text: before
      when: 1 day before event.starts_at
    - wait: event.starts_at
    - touchpoint: after
      voicemail: after
      after: 1 day
      at: "10:30"
    """
    world.publish(playbook(steps, starts_on="visit.booked"))

    world.arrives("visit.booked", "Dana", "visit/V-1", starts_at="2026-09-16T14:00:00-05:00")

    world.passes(timedelta(days=7))
    world.expect_text("before", at="Tue 2026-09-15 14:00")
    world.expect_voicemail("after", at="Thu 2026-09-17 10:30")


def test_business_days_skip_the_weekend_and_weeks_do_not(world: World) -> None:
    steps = """
    - wait: 5 business days
    - touchpoint: one
      email: one
    - touchpoint: two
      email: two
      after: 1 week
    """
    world.publish(playbook(steps))

    world.arrives("quote.sent", at="Mon 09:00")

    world.passes(timedelta(days=20))
    world.expect_email("one", at="Mon 2026-09-21 09:00")
    world.expect_email("two", at="Mon 2026-09-28 09:00")


def test_a_branch_on_what_the_customer_answered(world: World) -> None:
    steps = f"""
    {CALL.replace(chr(10), chr(10) + "    ").rstrip()}
    - if: answers.mood != null && answers.mood == "happy"
      then:
        - touchpoint: glad
          email: glad
      otherwise:
        - touchpoint: sorry
          email: sorry
    """
    world.publish(playbook(steps))
    world.arrives("quote.sent", "Dana")
    world.arrives("quote.sent", "Eli", "quote/Q-2")

    world.staff("ari").takes_next_call().ends("completed", mood="happy")
    world.staff("ari").takes_next_call().ends("completed", mood="cross")

    world.expect_email("glad", to="Dana")
    world.expect_email("sorry", to="Eli")


def test_outcomes_by_code_by_class_and_by_default(world: World) -> None:
    outcomes = """\
  attempts: {most: 3, apart: 1 business day}
  outcomes:
    voicemail_left:
      - touchpoint: missed-you
        text: missed-you
      - again
    needs_review: exit
    not_reached:
      - touchpoint: gave-up
        email: gave-up
"""
    world.publish(playbook(CALL + outcomes))
    world.arrives("quote.sent", "Dana")

    world.staff("ari").takes_next_call().ends("voicemail_left")
    world.expect_text("missed-you")
    world.time_passes_until("Tue 12:00")
    world.staff("ari").takes_next_call().ends("no_answer")
    world.time_passes_until("Wed 13:00")
    world.staff("ari").takes_next_call().ends("busy")
    world.expect_email("gave-up")
    world.arrives("quote.sent", "Eli", "quote/Q-2")
    world.staff("ari").takes_next_call().ends("completed_concern")

    assert (world.ended(), world.ended("quote/Q-2")) == ("exhausted", "stopped")


def test_tries_at_another_time_of_day(world: World) -> None:
    world.publish(
        playbook(CALL + "  attempts: {most: 2, apart: 1 business day, vary: time of day}"),
        house={"times_of_day": '["10:00", "14:00"]'},
    )
    world.arrives("quote.sent")
    world.staff("ari").takes_next_call().ends("no_answer")

    world.time_passes_until("Tue 13:59")
    world.staff("ari").finds_no_call()
    world.time_passes_until("Tue 14:01")

    assert world.staff("ari").takes_next_call().ends("completed") is None


def test_a_time_that_the_customer_asked_for_is_kept(world: World) -> None:
    world.publish(playbook(CALL + "  attempts: {most: 1, apart: 1 day}"))
    world.arrives("quote.sent")

    world.staff("ari").takes_next_call().ends("call_back", call_back_at="Wed 15:15")

    world.time_passes_until("Wed 15:14")
    world.staff("ari").finds_no_call()
    world.time_passes_until("Wed 15:15")
    assert world.staff("ari").takes_next_call().ends("goal_met") is None
    assert world.ended() == "goal"


def test_a_wrong_number_is_never_dialled_again(world: World) -> None:
    world.publish(playbook(CALL + "- touchpoint: hello\n  text: hello\n  after: 1 hour\n- touchpoint: thanks\n  email: thanks"))
    world.arrives("quote.sent")

    world.staff("ari").takes_next_call().ends("wrong_number")

    world.time_passes_until("Mon 12:00")
    assert world.states("hello") == ["skipped"]
    world.expect_email("thanks")


def test_a_weekly_message_so_many_times(world: World) -> None:
    world.publish(
        playbook("- touchpoint: weekly\n  email: weekly\n  repeat: {most: 3, every: 1 week}\n- touchpoint: last\n  text: last")
    )

    world.arrives("quote.sent")

    world.passes(timedelta(days=40))
    for day in ("14", "21", "28"):
        world.expect_email("weekly", at=f"Mon 2026-09-{day} 09:00")
    world.expect_text("last", at="Mon 2026-09-28 09:00")


def test_a_call_that_nobody_takes_goes_to_the_leads_and_then_expires(world: World) -> None:
    steps = (
        CALL
        + "  due_within: 4 hours\n  escalates: {after: 1 hour, queue: leads}\n  outcomes:\n    not_taken:\n      - touchpoint: sorry\n        email: sorry\n"
    )
    world.publish(playbook(steps))
    world.arrives("quote.sent")
    world.staff("ari").finds_no_call("leads")
    world.expect_call("check-in", queue="sales")

    world.time_passes_until("Mon 10:30")
    world.staff("ari").finds_no_call("sales")
    assert world.touches(touchpoint="check-in")[0].queue == "leads"

    world.time_passes_until("Mon 14:00")
    world.expect_email("sorry", at="Mon 2026-09-14 13:00")


def test_a_split_is_sticky_and_a_way_that_exits_holds_out(world: World) -> None:
    steps = """
    - split: test
      ways:
        mail: {share: 50, steps: [{touchpoint: mail, email: mail}]}
        nothing: {share: 50, steps: [exit]}
    """
    world.publish(playbook(steps, re_entry="after end"))
    for turn in range(3):
        for i in range(20):
            world.arrives("quote.sent", f"P{i}", f"quote/{turn}-{i}")

    went = {r.to for r in world.post.reached}
    per_person = {person(f"P{i}")["email"]: sum(r.to == person(f"P{i}")["email"] for r in world.post.reached) for i in range(20)}

    assert set(per_person.values()) == {0, 3}, "the same way every time"
    assert 3 <= len(went) <= 17
    assert {run.end_reason for run in world.runs()} == {"exhausted", "stopped"}
    world.expects_anything()


def test_a_step_is_passed_over_when_its_condition_is_not_met(world: World) -> None:
    steps = "- touchpoint: big\n  text: big\n  only_if: event.amount > 1000\n- touchpoint: thanks\n  email: thanks"
    world.publish(playbook(steps, starts_on="quote.priced"))

    world.arrives("quote.priced", amount=10)

    world.expect_email("thanks")
    assert "its condition is not met" in world.said("touch.passed_over")[0]


def test_a_step_that_comes_too_late_to_be_of_use_is_skipped(world: World) -> None:
    late = "- touchpoint: hello\n  text: hello\n  after: 1 hour\n  not_later_than: 2 hours\n- touchpoint: thanks\n  email: thanks"
    world.publish(playbook(late))
    world.arrives("quote.sent")

    world.outage_until("Mon 13:00")
    world.settle()

    assert world.states("hello") == ["expired"]
    world.expect_email("thanks")


def test_what_was_sent_and_what_was_said_on_the_phone_are_events_too(world: World) -> None:
    listener = playbook("- touchpoint: noted\n  email: noted", name="listener", starts_on="call.finished")
    sent = playbook(
        "- touchpoint: also\n  email: also", name="also", starts_on="touch.sent", only_if='event.touchpoint == "hello"'
    )
    world.publish(playbook(CALL + "- touchpoint: hello\n  text: hello"), listener, sent)
    world.arrives("quote.sent")

    world.staff("ari").takes_next_call().ends("completed")

    world.expect_email("noted")
    world.expect_text("hello")
    world.expect_email("also")


def test_a_message_found_at_the_provider_counts_as_sent_for_those_who_listen(world: World) -> None:
    sent = playbook(
        "- touchpoint: also\n  email: also", name="also", starts_on="touch.sent", only_if='event.touchpoint == "hello"'
    )
    world.publish(playbook("- touchpoint: hello\n  text: hello"), sent)
    world.post.will("answer lost")

    world.arrives("quote.sent")
    world.passes(timedelta(minutes=5))

    world.expect_text("hello")
    world.expect_email("also")


@pytest.mark.parametrize("length", [20, 80])
def test_names_may_be_as_long_as_the_language_allows(world: World, length: int) -> None:
    name = "n" * length
    steps = f"""
    - touchpoint: {name[:-1]}a
      call: check-in
      queue: sales
      outcomes:
        completed_concern:
          - if: answers.mood != null && answers.mood == "cross"
            then:
              - split: {name}
                ways:
                  {name[:-1]}b: {{share: 50, steps: []}}
                  {name[:-1]}c: {{share: 50, steps: []}}
              - touchpoint: {name[:-1]}d
                email: sorry
    """
    world.publish(playbook(steps, name=name))
    world.arrives("quote.sent")
    world.arrives("quote.sent")

    world.staff("ari").takes_next_call().ends("completed_concern", mood="cross")

    world.expect_email(f"{name[:-1]}d")
