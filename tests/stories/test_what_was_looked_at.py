"""Whoever approves, withdraws, publishes or resumes decides on what they looked at; when it is something else by then, nothing happens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from orchestrator import authoring, holds, resuming, versioning
from orchestrator.authoring import Seen
from orchestrator.core.resuming import How
from orchestrator.errors import InputError, NotFound, PlaybookError
from orchestrator.parts import Parts
from orchestrator.store.audit import By
from tests.stories import designs
from tests.stories.designs import playbook
from tests.stories.meanwhile import meanwhile
from tests.stories.test_in_force import AT_ONCE, EVENING, NEVER
from tests.stories.test_publishing import LEA, NEW, OLD, OPS, publishes, stands
from tests.stories.world import World

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
ASK = {"needs_approval": "true"}
LATER = NEW.replace("1 day", "9 days")
DECISIONS = pytest.mark.parametrize("decide", [versioning.approve, versioning.withdraw])
Decide = Callable[..., int]


def another_is_proposed(world: World, steps: str = LATER) -> Callable[[], Any]:
    return lambda: publishes(world, playbook(steps, **ASK))


@DECISIONS
def test_a_proposal_that_took_the_place_of_the_one_that_was_read_stays_as_it_is(world: World, decide: Decide) -> None:
    publishes(world, playbook(OLD, **ASK))
    another_is_proposed(world)()

    with pytest.raises(InputError, match=r"version 1 of follow-up is not proposed: version 2 is, by ops \(.*--version 2"):
        decide(world.parts, "follow-up", LEA, 1)

    assert "version 2 is proposed by ops" in stands(world).words
    assert decide(world.parts, "follow-up", LEA, 2) == 2


@DECISIONS
def test_what_was_decided_already_is_not_decided_again_by_its_number(world: World, decide: Decide) -> None:
    publishes(world, playbook(OLD, **ASK))
    versioning.withdraw(world.parts, "follow-up", OPS, 1)

    with pytest.raises(NotFound, match="nothing is proposed for follow-up"):
        decide(world.parts, "follow-up", LEA, 1)


def test_another_proposal_that_comes_at_that_moment_is_not_approved_instead(world: World) -> None:
    publishes(world, playbook(OLD, **ASK))
    parts = meanwhile(world.parts, another_is_proposed(world))

    with pytest.raises(InputError, match="version 1 of follow-up is not proposed: version 2 is"):
        versioning.approve(parts, "follow-up", LEA, 1)

    assert stands(world).number is None


def test_whoever_names_no_version_approves_nothing_that_lint_has_not_seen(world: World) -> None:
    publishes(world, playbook(AT_ONCE), house=NEVER)
    publishes(world, playbook(AT_ONCE.replace("1 day", "2 days"), **ASK), house=NEVER)

    def swapped() -> None:  # what stands there by now came from rules under which it was possible
        with world.parts.database.work() as work:
            versions = authoring.versions
            row = versions.beside(work)["follow-up", "proposed"]
            document = dict(versions.document(work, row.id).document)  # type: ignore[union-attr]  # it is there
            versions.put_away(work, "follow-up", "proposed")
            steps = {**document, "playbook": playbook(EVENING, **ASK)}
            versions.add(work, world.parts.new_id(), "follow-up", "f" * 64, steps, (), "ops", world.clock.at, "proposed")

    with pytest.raises(PlaybookError, match="TP401"):
        versioning.approve(meanwhile(world.parts, swapped), "follow-up", LEA)

    assert stands(world).number == 1


# -- publishing what a page showed ------------------------------------------------------------------------------------


def seen(world: World) -> dict[str, Seen]:
    """What the publish page of follow-up shows now."""
    design, files = authoring.load(world.folder)
    return {"follow-up": world.parts.database.run(lambda work: authoring.seen(work, design, files, "follow-up"))}


def the_file_changes(world: World) -> None:
    designs.write(world.folder, playbook(LATER))


def somebody_else_publishes(world: World) -> None:
    publishes(world, playbook(LATER))
    designs.write(world.folder, playbook(NEW))


def somebody_else_proposes(world: World) -> None:
    publishes(world, playbook(LATER, **ASK))
    designs.write(world.folder, playbook(NEW))


CHANGES = pytest.mark.parametrize("change", [the_file_changes, somebody_else_publishes, somebody_else_proposes])


@CHANGES
def test_nothing_is_published_but_what_was_shown(world: World, change: Callable[[World], None]) -> None:
    publishes(world, playbook(OLD))
    designs.write(world.folder, playbook(NEW))
    shown = seen(world)
    change(world)
    before = stands(world).number

    with pytest.raises(InputError, match="changed while you looked"):
        authoring.publish(world.parts, world.folder, OPS, only=["follow-up"], expected=shown)

    assert stands(world).number == before


def test_what_was_shown_and_still_is_so_is_published(world: World) -> None:
    publishes(world, playbook(OLD))
    designs.write(world.folder, playbook(NEW))

    (done,) = authoring.publish(world.parts, world.folder, OPS, only=["follow-up"], expected=seen(world))

    assert (done.number, done.what) == (2, "changed")


# -- a pause that is not the one that was looked at -------------------------------------------------------------------


def paused_for_days(world: World, names: tuple[str, ...]) -> Callable[[], None]:
    """Paused; answers how somebody else lifts it, and puts it again."""
    world.publish(playbook("- touchpoint: hello\n  text: hello\n  after: 2 days"))
    for name in names:
        world.arrives("quote.sent", name, f"quote/{name}")
    world.time_passes_until("Mon 12:00")
    assert holds.pause(world.parts, holds.read("playbook:follow-up"), By("lee", "lead"))
    world.time_passes_until("Tue 12:00")
    elsewhere: Parts = world.another_process()

    def again() -> None:
        what = holds.read("playbook:follow-up")
        resuming.resume(elsewhere, what, By("mika", "lead"))
        world.clock.at += timedelta(minutes=1)
        holds.pause(elsewhere, what, By("mika", "lead"))

    return again


@pytest.mark.parametrize("after", [1, 2])  # before anything is decided, or between two batches
def test_a_pause_that_was_lifted_and_put_again_meanwhile_goes_on_holding(world: World, after: int) -> None:
    again = paused_for_days(world, ("Dana", "Eli"))
    what = holds.read("playbook:follow-up")

    with pytest.raises(InputError, match=r"playbook:follow-up was resumed and paused again meanwhile \(look again"):
        resuming.resume(meanwhile(world.parts, again, after), what, OPS, How.SHIFT, batch=1)

    assert resuming.look(world.parts, what) is not None
    (said,) = world.said("pause.resumed")
    assert said.startswith("mika resumed playbook:follow-up (")
