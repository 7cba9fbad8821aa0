"""Promise 12: whatever cannot be told, nobody is contacted because of it, and the reason is on record."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from orchestrator.store import schema
from tests.stories.designs import playbook
from tests.stories.world import World, person

HELLO = "- touchpoint: hello\n  text: hello"


def test_a_condition_over_a_missing_field_starts_nothing(world: World) -> None:
    world.publish(playbook(HELLO, starts_on="quote.priced", only_if="event.amount >= 500"))

    world.arrives("quote.priced")

    assert world.runs() == []
    assert "nobody is contacted" in world.said("enrollment.unclear")[0]


def test_a_condition_that_cannot_be_told_midway_ends_the_enrollment(world: World) -> None:
    world.publish(
        playbook("- if: event.amount > 5\n  then:\n    - touchpoint: hello\n      text: hello", starts_on="quote.priced")
    )

    world.arrives("quote.priced")

    assert world.ended() == "error"
    assert "cannot be told" in world.said("enrollment.ended")[0]


def test_a_field_of_the_wrong_kind_is_doubt(world: World) -> None:
    world.publish(playbook(f"{HELLO}\n  only_if: customer.tier != null && customer.tier == 'gold'"))

    world.arrives("quote.sent", person("Dana", tier=5))

    assert world.ended() == "error"


def test_nobody_is_contacted_in_an_unknown_time_zone_when_the_house_has_none_either(world: World) -> None:
    world.publish(playbook("- touchpoint: hello\n  email: thanks"), house={"time_zones": "[]"})

    world.arrives("quote.sent", person("Dana", time_zone=None, phone=None))

    world.passes(timedelta(days=3))
    assert world.states("hello") == ["skipped"]
    assert "time zone unknown" in world.said("touch.skipped")[0]


def test_without_a_zone_of_their_own_every_zone_of_the_number_must_be_open(world: World) -> None:
    world.publish(playbook(HELLO), house={"contact_windows": WINDOWS})

    world.arrives("quote.sent", person("Dana", time_zone=None, phone="+18085550123"), at="Mon 09:00")

    world.passes(timedelta(days=1))
    (hello,) = world.touches(touchpoint="hello")
    assert world.local(hello.effect_at) == "Mon 2026-09-14 14:00", "nine o'clock in Honolulu"
    world.expects_anything()


WINDOWS = '{office: {mon-fri: "09:00-17:30"}, inbox: {mon-sun: "07:00-21:00"}, texts: {mon-sun: "09:00-20:00"}, any-time: {mon-sun: "00:00-24:00"}}'


def test_a_missing_merge_field_sends_nothing_and_the_playbook_goes_on(world: World) -> None:
    words = {"texts/hello.md": "Your code is {{ event.code | default: customer.first_name }}."}
    world.publish(playbook(f"{HELLO}\n- touchpoint: thanks\n  email: thanks\n  after: 1 hour"), words=words)

    world.arrives("quote.sent", person("Dana", first_name=None))

    assert world.states("hello") == ["skipped"]
    assert "cannot be written" in world.said("touch.skipped")[0]
    world.time_passes_until("Mon 12:00")
    world.expect_email("thanks")


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        ({"phone": None}, "contact point"),
        ({"consent": {}}, "consent"),
        ({"consent": {"email": "service"}}, "consent"),
        ({"consent": {"text": "none"}}, "consent"),
        ({"consent": {"text": "yes"}}, "consent"),
        ({"hours": "whenever"}, "contact window"),
    ],
)
def test_no_consent_no_number_no_readable_wish_means_no(world: World, who: dict[str, object], reason: str) -> None:
    world.publish(playbook(HELLO))

    world.arrives("quote.sent", person("Dana", **who))

    world.passes(timedelta(days=1))
    (hello,) = world.touches(touchpoint="hello")
    assert (hello.state, hello.reason) == ("skipped", reason)


def test_an_error_inside_a_policy_contacts_nobody(world: World) -> None:
    """The row is damaged: the customer's zones name a place that does not exist."""
    world.publish(playbook(f"{HELLO}\n  after: 1 hour"), house={"caps": "[{most: 1, per: day}]"})
    world.arrives("quote.sent")
    with world.parts.database.work() as work:
        work.connection.execute(update(schema.customer).values(zones=["Atlantis/Center"]))

    world.passes(timedelta(days=1))

    assert world.states("hello") == ["skipped"]


def test_a_damaged_moment_ends_one_enrollment_and_holds_up_nobody_else(world: World) -> None:
    """A date beyond what can be computed with: its enrollment ends, the other messages of the batch are recorded."""
    world.publish(
        playbook(
            f"{HELLO}\n- touchpoint: thanks\n  email: thanks\n  when: 2 days after event.starts_at", starts_on="visit.booked"
        )
    )
    world.arrives("visit.booked", "Eli", "visit/V-2", starts_at="2026-09-14T18:00:00-05:00")

    world.arrives("visit.booked", "Dana", "visit/V-1", starts_at="9999-12-31T20:00:00-05:00")
    world.arrives("visit.booked", "Fay", "visit/V-3", starts_at="9999-12-30T20:00:00Z")

    for name in ("Dana", "Eli", "Fay"):
        world.expect_text("hello", to=name)
    world.passes(timedelta(days=3))
    world.expect_email("thanks", to="Eli")
    assert {world.ended("visit/V-1"), world.ended("visit/V-3")} <= {"error", "expired"}


def test_a_version_that_cannot_be_loaded_holds_up_nobody_else(world: World) -> None:
    """One damaged row must not stop a whole channel."""
    world.publish(
        playbook(f"{HELLO}\n  after: 1 hour"), playbook("- touchpoint: other\n  text: other\n  after: 2 hours", name="other")
    )
    world.arrives("quote.sent")
    with world.parts.database.work() as work:
        broken = schema.playbook_version.c.playbook == "follow-up"
        work.connection.execute(update(schema.playbook_version).where(broken).values(document={"format": 99}, current=False))
    world.restarts()

    world.passes(timedelta(hours=4))

    world.expect_text("other")
    assert world.states("hello") != ["sent"]


def test_an_event_that_names_nobody_starts_nothing(world: World) -> None:
    world.publish(playbook(HELLO))

    world.arrives("quote.sent", None)

    assert world.runs() == []
    assert world.said("enrollment.nobody")
