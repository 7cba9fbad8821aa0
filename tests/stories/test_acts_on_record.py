"""Whatever becomes of a version stands in the journal and in the audit trail, from the same unit of work; and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from orchestrator import authoring, versioning
from orchestrator.core.model import EndReason
from orchestrator.parts import Parts
from orchestrator.store import schema
from tests.stories import designs
from tests.stories.designs import playbook
from tests.stories.test_publishing import LEA, NEW, OLD, OPS, enters, publishes, stands
from tests.stories.world import World

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
ASK = {"needs_approval": "true"}
LATER = NEW.replace("1 day", "9 days")
LATEST = NEW.replace("1 day", "19 days")


def on_record(world: World) -> list[str]:
    """What was said about the playbook, newest last: journal and audit trail say the very same."""
    audit = [(row.what, row.said) for row in world.rows(schema.audit, schema.audit.c.id, about="playbook:follow-up")]
    journal = [(row.what, row.why) for row in world.rows(schema.journal, schema.journal.c.id) if row.what.startswith("playbook.")]
    assert audit == [(what, why) for what, why in journal if "follow-up" in why]
    return [f"{what.removeprefix('playbook.')}: {why}" for what, why in audit]


def is_added(world: World, act: Callable[[], object]) -> list[str]:
    """What an act adds to both."""
    before = len(on_record(world))
    act()
    return on_record(world)[before:]


def shadows(world: World, steps: str) -> None:
    """What the file says from now on decides as a shadow."""
    designs.write(world.folder, playbook(steps))
    authoring.publish(world.parts, world.folder, OPS, only=["follow-up"], shadow=True)


# -- proposals that are over ------------------------------------------------------------------------------------------


def test_a_proposal_that_a_restore_puts_away_is_on_record(world: World) -> None:
    publishes(world, playbook(OLD))
    publishes(world, playbook(NEW))
    publishes(world, playbook(LATER, **ASK))

    assert is_added(world, lambda: versioning.restore(world.parts, "follow-up", 1, LEA)) == [
        "superseded: lea restored version 1: the proposal of version 3 of follow-up is superseded",
        "restored: lea restored version 1 of follow-up as version 4",
    ]


def test_a_proposal_that_comes_into_use_is_not_called_superseded(world: World) -> None:
    """The rules asked for another person, and do not any more; then publishing makes the very proposal current."""
    publishes(world, playbook(OLD), house=ASK)
    versioning.approve(world.parts, "house-rules", LEA) if stands(world, "house-rules").number is None else None
    versioning.approve(world.parts, "follow-up", LEA)
    publishes(world, playbook(NEW), house=ASK)
    publishes(world, playbook(NEW), only=("house-rules",))
    versioning.approve(world.parts, "house-rules", LEA)

    assert is_added(world, lambda: publishes(world, playbook(NEW))) == ["changed: ops published follow-up, version 2"]
    assert stands(world).number == 2
    assert stands(world).proposed is None


def test_publishing_another_text_supersedes_once(world: World) -> None:
    publishes(world, playbook(OLD, **ASK))

    assert is_added(world, lambda: publishes(world, playbook(NEW, **ASK))) == [
        "superseded: ops published again: the proposal of version 1 of follow-up is superseded",
        "proposed: ops proposed version 2 of follow-up; another person approves it",
    ]


def test_withdrawing_is_one_entry(world: World) -> None:
    publishes(world, playbook(OLD, **ASK))

    assert is_added(world, lambda: versioning.withdraw(world.parts, "follow-up", LEA)) == [
        "withdrawn: lea withdrew version 1 of follow-up, which ops proposed"
    ]


# -- shadows that are over --------------------------------------------------------------------------------------------


def test_another_shadow_ends_the_one_before(world: World) -> None:
    publishes(world, playbook(OLD))
    shadows(world, NEW)

    by_file = is_added(world, lambda: shadows(world, LATER))
    by_number = is_added(world, lambda: versioning.start_shadow(world.parts, "follow-up", 2, LEA))

    assert by_file == [
        "shadow_ended: ops started another one: the shadow of follow-up, version 2, is over",
        "shadow: ops lets version 3 of follow-up decide as a shadow; it contacts nobody",
    ]
    assert by_number == [
        "shadow_ended: lea started another one: the shadow of follow-up, version 3, is over",
        "shadow: lea lets version 4 of follow-up (as version 2) decide as a shadow; it contacts nobody",
    ]


@pytest.mark.parametrize("by", ["restore", "approve"])
def test_a_shadow_whose_words_come_into_use_is_over_and_that_is_on_record(world: World, by: str) -> None:
    asks = ASK if by == "approve" else {}
    publishes(world, playbook(OLD, **asks))
    if asks:
        versioning.approve(world.parts, "follow-up", LEA)
    publishes(world, playbook(NEW, **asks))
    if by == "restore":
        versioning.start_shadow(world.parts, "follow-up", 1, OPS)
        ended = is_added(world, lambda: versioning.restore(world.parts, "follow-up", 1, LEA))
    else:
        versioning.start_shadow(world.parts, "follow-up", 2, OPS)
        ended = is_added(world, lambda: versioning.approve(world.parts, "follow-up", LEA))

    did = "restored version 1" if by == "restore" else "approved what it says"
    assert ended[0] == f"shadow_ended: lea {did}: the shadow of follow-up, version 3, is over"
    assert [said.partition(":")[0] for said in ended] == ["shadow_ended", "restored" if by == "restore" else "approved"]
    assert stands(world).shadow is None


def test_a_shadow_that_comes_into_use_itself_is_not_called_over(world: World) -> None:
    publishes(world, playbook(OLD))
    shadows(world, NEW)

    assert is_added(world, lambda: publishes(world, playbook(NEW))) == ["changed: ops published follow-up, version 2"]
    assert stands(world).shadow is None


def test_ending_a_shadow_is_one_entry(world: World) -> None:
    publishes(world, playbook(OLD))
    shadows(world, NEW)

    assert is_added(world, lambda: versioning.stop_shadow(world.parts, "follow-up", LEA)) == [
        "shadow_ended: lea ended the shadow of follow-up, version 2"
    ]


# -- those inside -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("retired", ["before", "now"])
def test_ending_those_inside_is_on_record_with_how_many(world: World, retired: str) -> None:
    publishes(world, playbook(OLD))
    enters(world, "Dana", "quote/Q-1")
    enters(world, "Eli", "quote/Q-2")
    if retired == "before":
        versioning.retire(world.parts, "follow-up", OPS)

    said = is_added(world, lambda: versioning.retire(world.parts, "follow-up", LEA, end_inside=True))

    assert said[-1] == "ended: lea ended 2 follow-ups of follow-up, version 1, which nobody enters any more"
    assert [one.partition(":")[0] for one in said] == (["ended"] if retired == "before" else ["retired", "ended"])
    assert world.ended() is EndReason.STOPPED


def test_ending_those_inside_when_nobody_is_says_nothing_of_it(world: World) -> None:
    publishes(world, playbook(OLD))

    said = is_added(world, lambda: versioning.retire(world.parts, "follow-up", LEA, end_inside=True))

    assert [one.partition(":")[0] for one in said] == ["retired"]


# -- one act, one moment ----------------------------------------------------------------------------------------------


class Ticking:
    """A clock that goes on with every look at it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


def approves(world: World, parts: Parts) -> None:
    versioning.approve(parts, "follow-up", LEA)


def restores(world: World, parts: Parts) -> None:
    versioning.restore(parts, "follow-up", 1, LEA)


def proposes_anew(world: World, parts: Parts) -> None:
    designs.write(world.folder, playbook(LATEST, **ASK))
    authoring.publish(parts, world.folder, OPS)


def ends_all(world: World, parts: Parts) -> None:
    versioning.retire(parts, "follow-up", LEA, end_inside=True)


@pytest.mark.parametrize("act", [approves, restores, proposes_anew, ends_all])
def test_an_act_happens_at_one_moment(world: World, act: Callable[[World, Parts], None]) -> None:
    publishes(world, playbook(OLD))
    enters(world, "Dana", "quote/Q-1")
    publishes(world, playbook(NEW))
    enters(world, "Eli", "quote/Q-2")
    publishes(world, playbook(LATER, **ASK))
    start = world.clock.at
    ticking = Ticking(start + timedelta(minutes=1))

    act(world, replace(world.parts, clock=ticking))

    moments = [row.at for table in (schema.journal, schema.audit, schema.withheld) for row in world.rows(table)]
    versions = world.rows(schema.playbook_version)
    moments += [at for row in versions for at in (row.published_at, row.used_since, row.beside_since) if at is not None]
    moments += [row.ended_at for row in world.runs() if row.ended_at is not None]
    assert len({at for at in moments if at > start}) == 1
