"""A touch that somebody of the staff asks for by hand goes the way of every other: in its hours, once, and never after a stop."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from orchestrator import authoring, by_hand
from orchestrator.by_hand import Wanted
from orchestrator.core.roles import Role
from orchestrator.errors import InputError
from orchestrator.ids import new_id
from orchestrator.store import audit, staff
from orchestrator.store.audit import By
from orchestrator.store.staff import Member
from tests.stories.designs import playbook
from tests.stories.world import World

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
LEAD = By("lee", "lead")
TEXT = Wanted("text", "Your drawing is in the mail. Ari <b>&</b> [team](javascript:1)")
CALL = Wanted(
    "call", "Ask whether the railing\nshould be black.", subject="The railing", queue="leads", goal="We know the color."
)
EMAIL = Wanted("email", "Hello Dana,\n\nthe drawing is done.\n1. look at it\nAri", subject="Your drawing")


def begins(world: World, **more: Any) -> None:
    world.publish(playbook("- wait: 50 days"), **more)
    world.arrives("quote.sent")


def asks(world: World, wanted: Wanted, key: str = "form-1") -> str:
    """Lee asks for it; what is due at once happens."""
    dana = world.customer("Dana")

    def unit(work: Any) -> str:
        in_use = world.parts.rulebook.refresh(work)
        return by_hand.ask_for(world.parts, work, in_use, dana, wanted, LEAD, key, world.clock.at)

    subject = world.parts.database.run(unit)
    world.settle()
    return subject


def refused(world: World, wanted: Wanted) -> list[str]:
    with pytest.raises(InputError) as error:
        asks(world, wanted)
    return [p.place for p in error.value.problems]


def test_a_text_goes_out_at_once_in_exactly_these_words(world: World) -> None:
    begins(world)

    subject = asks(world, TEXT)

    assert world.expect_text("by-hand-text").body == TEXT.words
    assert world.ended(subject) == "stopped"


def test_a_text_waits_for_the_hours_of_the_customer(world: World) -> None:
    begins(world)
    world.time_passes_until("Mon 21:30")

    asks(world, TEXT)

    assert world.post.reached == []
    world.time_passes_until("Tue 12:00")
    world.expect_text("by-hand-text", at="Tue 08:00")


@pytest.mark.parametrize("wanted", [TEXT, EMAIL, CALL], ids=["text", "email", "call"])
def test_nothing_happens_before_its_moment(world: World, wanted: Wanted) -> None:
    begins(world)

    asks(world, replace(wanted, due_at=world.moment("Wed 15:00")))

    world.time_passes_until("Wed 14:59")
    assert world.post.reached == []
    assert world.touches(state="ready") == []
    world.time_passes_until("Wed 15:00")
    assert len(world.post.reached) + len(world.touches(state="ready")) == 1
    world.expects_anything()


def test_nothing_by_hand_goes_out_after_a_stop(world: World) -> None:
    begins(world)
    world.opts_out("Dana", "text")

    subject = asks(world, TEXT)

    assert world.states("by-hand-text") == ["skipped"]
    assert world.ended(subject) is not None


def test_the_same_form_sent_twice_asks_once(world: World) -> None:
    begins(world)

    first, second = asks(world, TEXT), asks(world, TEXT)

    assert first == second
    world.expect_text("by-hand-text")
    assert asks(world, TEXT, "form-2") != first
    world.expect_text("by-hand-text")


def test_an_email_keeps_its_lines(world: World) -> None:
    begins(world)

    asks(world, EMAIL)

    said = world.expect_email("by-hand-email")
    assert said.subject == "Your drawing"
    assert [line.rstrip() for line in said.body.split("\n")] == [
        "Hello Dana,",
        "",
        "the drawing is done.",
        "1\\. look at it",
        "Ari",
    ]


def test_a_call_waits_in_its_queue_with_what_is_asked_for(world: World) -> None:
    begins(world)

    asks(world, CALL)

    world.expect_call("by-hand-call", "leads")
    task = world.staff("ari").takes_next_call("leads").task
    assert "lee asked for this call" in task.script
    assert "Ask whether the railing" in task.script


def test_who_asked_is_on_record_without_the_words(world: World) -> None:
    begins(world)

    subject = asks(world, TEXT)
    asks(world, TEXT)

    with world.parts.database.work() as work:
        (row,) = audit.page(work, audit.Filter(what="touch.asked"))
    assert (row.who, row.role, row.said) == ("lee", "lead", f"a text by hand, {subject}")
    world.expect_text("by-hand-text")


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        (replace(TEXT, channel="fax"), ["channel"]),
        (replace(TEXT, words="  "), ["words"]),
        (replace(TEXT, words="x" * 641), ["words"]),
        (replace(TEXT, queue="leads", owner="ari"), ["queue", "owner"]),
        (replace(EMAIL, subject="", words="x" * 10_001), ["words", "subject"]),
        (replace(CALL, queue="nowhere", subject="x" * 201, goal="x" * 501), ["subject", "goal", "queue"]),
        (replace(CALL, owner="nobody"), ["owner"]),
        (replace(CALL, owner="ari"), ["owner"]),  # who works sales only
    ],
)
def test_what_cannot_be_done_is_told_for_each_field(world: World, wanted: Wanted, places: list[str]) -> None:
    begins(world)
    ari = Member(new_id(), "ari", "Ari", Role.AGENT, queues=("sales",))
    world.parts.database.run(lambda work: staff.add(work, ari, world.clock.at))

    assert refused(world, wanted) == places
    assert world.touches(channel=wanted.channel) == []


@pytest.mark.parametrize("days", [-1, 200])
def test_a_moment_that_has_passed_or_is_far_away_is_refused(world: World, days: int) -> None:
    begins(world)

    assert refused(world, replace(TEXT, due_at=world.clock.at + timedelta(days=days))) == ["due_at"]


def test_whom_we_have_no_number_of_cannot_be_called(world: World) -> None:
    world.publish(playbook("- wait: 50 days"))
    world.arrives("quote.sent", {"id": "C-Dana", "email": "dana@example.com"})

    assert refused(world, CALL) == ["channel"]


def test_a_house_without_queues_publishes_and_refuses_calls(world: World) -> None:
    begins(world, house={"queues": "{}"})

    assert refused(world, replace(CALL, queue="")) == ["queue"]
    asks(world, TEXT)
    world.expect_text("by-hand-text")


def test_the_names_of_built_in_playbooks_are_taken(world: World) -> None:
    with pytest.raises(InputError) as error:
        world.publish(playbook("- wait: 3 days", name="by-hand"))

    assert [(p.place, p.problem) for p in error.value.problems] == [("by-hand.yaml", "the playbook 'by-hand' is built in")]


def test_what_is_built_in_comes_with_the_folder_and_is_nobodys_concern_afterwards(world: World) -> None:
    begins(world)

    again = authoring.publish(world.parts, world.folder, "ops")

    assert not {"by-hand", "promise"} & {p.name for p in (*again, *authoring.compare(world.parts, world.folder))}
    in_use = world.parts.database.run(world.parts.rulebook.refresh)
    assert {"by-hand", "promise"} <= set(in_use.current)
