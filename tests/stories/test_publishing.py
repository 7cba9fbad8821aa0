"""Publishing: proposals and the second pair of eyes, retiring, restoring, and files that never differ silently."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from orchestrator import authoring, moving, versioning
from orchestrator.authoring import Published
from orchestrator.errors import InputError, NotFound, PlaybookError
from orchestrator.moving import Who
from orchestrator.publication import Standing, standings
from orchestrator.store import schema
from orchestrator.store.audit import By
from tests.stories import designs
from tests.stories.designs import playbook
from tests.stories.world import World

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
OLD = "- touchpoint: thanks\n  email: thanks\n- touchpoint: hello\n  text: hello\n  after: 2 days"
NEW = "- touchpoint: thanks\n  email: thanks\n- touchpoint: other\n  text: other\n  after: 1 day"
OPS, LEA = By("ops", "terminal"), By("lea", "lead")
TWO_PEOPLE = {"needs_approval": "true"}


def publishes(world: World, *playbooks: str, only: tuple[str, ...] = (), **more: Any) -> dict[str, Published]:
    """The folder holds these now, and ops publishes; answers what happened to each."""
    designs.write(world.folder, *playbooks, **more)
    return {p.name: p for p in authoring.publish(world.parts, world.folder, OPS, only=only)}


def shadows(world: World, *playbooks: str) -> Published:
    """The folder holds these now, and follow-up is published as a shadow."""
    designs.write(world.folder, *playbooks)
    (done,) = authoring.publish(world.parts, world.folder, "ops", only=["follow-up"], shadow=True)
    return done


def stands(world: World, name: str = "follow-up") -> Standing:
    return next(s for s in standings(world.parts, world.folder) if s.name == name)


def enters(world: World, name: str, subject: str) -> int:
    """Somebody new enters; answers the version they are in."""
    world.arrives("quote.sent", name, subject)
    world.expect_email("thanks", to=name)
    (run,) = world.runs(subject=subject)
    (version,) = world.rows(schema.playbook_version, id=run.version_id)
    return int(version.number)


def audit(world: World) -> list[str]:
    """What the audit trail says was done to the playbook."""
    return [row.what for row in world.rows(schema.audit, schema.audit.c.id, about="playbook:follow-up")]


# -- what publishing says -----------------------------------------------------------------------------------------


def test_publishing_says_how_many_are_inside_earlier_versions_and_stay_there(world: World) -> None:
    publishes(world, playbook(OLD))
    enters(world, "Dana", "quote/Q-1")
    enters(world, "Eli", "quote/Q-2")

    done = publishes(world, playbook(NEW))

    assert done["follow-up"] == Published("follow-up", 2, "changed", ((1, 2),))
    assert enters(world, "Fay", "quote/Q-3") == 2
    assert dict(stands(world).inside) == {1: 2, 2: 1}


def test_publishing_one_playbook_by_name_leaves_the_others_as_they_are(world: World) -> None:
    publishes(world, playbook(OLD), playbook(OLD, "another"))

    done = publishes(world, playbook(NEW), playbook(NEW, "another"), only=("another",))

    assert {(p.name, p.number, p.what) for p in done.values()} == {("another", 2, "changed")}
    assert stands(world).file == "changed"
    assert stands(world, "another").file == "same"


def test_a_playbook_that_is_published_alone_must_fit_the_house_rules_that_are_published(world: World) -> None:
    publishes(world, playbook(OLD))
    house = {"queues": "{sales: {title: Sales}, leads: {title: Leads}, partners: {title: Partners}}"}

    with pytest.raises(PlaybookError, match="does not fit the house rules that are published"):
        publishes(
            world, playbook("- touchpoint: check-in\n  call: check-in\n  queue: partners"), house=house, only=("follow-up",)
        )

    assert stands(world).number == 1


def test_a_name_that_no_file_has_is_refused_with_what_was_meant(world: World) -> None:
    with pytest.raises(InputError, match="did you mean"):
        publishes(world, playbook(OLD), only=("folow-up",))


# -- a second pair of eyes ----------------------------------------------------------------------------------------


def test_where_approval_is_needed_a_new_version_takes_nobody_until_another_person_approves(world: World) -> None:
    publishes(world, playbook(OLD))
    done = publishes(world, playbook(NEW, needs_approval="true"))

    assert (done["follow-up"].what, done["follow-up"].number) == ("proposed", 2)
    assert enters(world, "Dana", "quote/Q-1") == 1
    assert "proposed by ops" in stands(world).words
    assert not stands(world).agrees

    assert versioning.approve(world.parts, "follow-up", LEA) == 2
    assert enters(world, "Eli", "quote/Q-2") == 2
    assert stands(world).agrees
    assert audit(world) == ["playbook.new", "playbook.proposed", "playbook.approved"]
    assert world.said("playbook.approved") == ["lea approved version 2 of follow-up, which ops proposed"]


@pytest.mark.parametrize("name", ["ops", "Ops", " OPS ", "ops\u200b", "ｏｐｓ"])
def test_nobody_approves_what_they_proposed_themselves(world: World, name: str) -> None:
    publishes(world, playbook(OLD, needs_approval="true"))

    with pytest.raises(InputError, match="another person"):
        versioning.approve(world.parts, "follow-up", By(name, "admin"))

    assert stands(world).number is None


@pytest.mark.parametrize("key", ["needs_approval", '"needs_approval"', r'"needs\x5fapproval"'])  # YAML reads all three alike
def test_taking_the_line_out_of_the_file_needs_approval_too(world: World, key: str) -> None:
    publishes(world, playbook(OLD, **{key: "true"}))
    versioning.approve(world.parts, "follow-up", LEA)

    assert publishes(world, playbook(OLD))["follow-up"].what == "proposed"


@pytest.mark.parametrize("back", ["publish", "restore", "restore a withdrawn proposal"])
@pytest.mark.parametrize("gone", ["by hand", "with its file"])
def test_retiring_a_playbook_is_no_way_around_the_other_person(world: World, gone: str, back: str) -> None:
    publishes(world, playbook(OLD))
    publishes(world, playbook(NEW, needs_approval="true"))
    versioning.approve(world.parts, "follow-up", LEA)
    if back == "restore a withdrawn proposal":
        publishes(world, playbook(NEW.replace("1 day", "3 days")))
        versioning.withdraw(world.parts, "follow-up", OPS)
    if gone == "by hand":
        versioning.retire(world.parts, "follow-up", OPS)
    else:
        publishes(world, playbook(OLD, "another"))

    if back == "publish":
        publishes(world, playbook(OLD), only=("follow-up",))
    else:
        versioning.restore(world.parts, "follow-up", 1 if back == "restore" else 3, OPS)

    assert stands(world).number is None
    assert "proposed by ops" in stands(world).words


@pytest.mark.parametrize("way", ["withdrawn", "after its shadow"])
def test_nobody_is_moved_to_a_version_that_was_only_proposed_or_a_shadow(world: World, way: str) -> None:
    publishes(world, playbook(OLD, needs_approval="true"))
    versioning.approve(world.parts, "follow-up", LEA)
    enters(world, "Dana", "quote/Q-1")
    if way == "withdrawn":
        assert publishes(world, playbook(NEW))["follow-up"].what == "proposed"
        versioning.withdraw(world.parts, "follow-up", OPS)
    else:
        shadows(world, playbook(NEW))
        versioning.stop_shadow(world.parts, "follow-up", OPS)

    with pytest.raises(InputError, match="never in use"):
        moving.move(world.parts, Who("follow-up", to=2), OPS)
    with pytest.raises(InputError, match="never in use"):
        moving.preview(world.parts, Who("follow-up", to=2))


def test_nobody_is_moved_to_a_version_of_before_approval_was_asked_until_somebody_approves(world: World) -> None:
    publishes(world, playbook(OLD))
    publishes(world, playbook(NEW, needs_approval="true"))
    versioning.approve(world.parts, "follow-up", LEA)
    enters(world, "Dana", "quote/Q-1")

    with pytest.raises(InputError, match="never approved"):
        moving.move(world.parts, Who("follow-up", to=1), OPS)
    versioning.restore(world.parts, "follow-up", 1, OPS)
    versioning.approve(world.parts, "follow-up", LEA)

    assert moving.move(world.parts, Who("follow-up", steps={"other": "hello"}), OPS).moved == 1


def test_when_another_person_agreed_to_ask_no_more_nobody_is_asked(world: World) -> None:
    publishes(world, playbook(OLD, needs_approval="true"))
    versioning.approve(world.parts, "follow-up", LEA)
    publishes(world, playbook(NEW))
    versioning.approve(world.parts, "follow-up", LEA)

    assert publishes(world, playbook(NEW.replace("1 day", "3 days")))["follow-up"].what == "changed"
    assert versioning.restore(world.parts, "follow-up", 2, OPS).what == "changed"


def test_taking_the_line_out_of_the_house_rules_needs_approval_too(world: World) -> None:
    publishes(world, playbook(OLD), house=TWO_PEOPLE)
    versioning.approve(world.parts, "follow-up", LEA)

    done = publishes(world, playbook(NEW))
    assert [done[name].what for name in ("@house-rules", "follow-up")] == ["proposed", "proposed"]

    assert versioning.approve(world.parts, "house-rules", LEA) == 2
    assert publishes(world, playbook(NEW.replace("1 day", "3 days")))["follow-up"].what == "changed"


def test_publishing_again_supersedes_a_proposal_and_publishing_the_same_again_keeps_it(world: World) -> None:
    publishes(world, playbook(OLD, needs_approval="true"))
    assert publishes(world, playbook(OLD, needs_approval="true"))["follow-up"].number == 1

    assert publishes(world, playbook(NEW, needs_approval="true"))["follow-up"].number == 2

    assert versioning.approve(world.parts, "follow-up", LEA) == 2
    with pytest.raises(NotFound, match="nothing is proposed"):
        versioning.approve(world.parts, "follow-up", LEA)
    assert len(world.said("playbook.superseded")) == 1


def test_a_proposal_that_is_withdrawn_never_becomes_current(world: World) -> None:
    publishes(world, playbook(OLD, needs_approval="true"))

    assert versioning.withdraw(world.parts, "follow-up", OPS) == 1

    with pytest.raises(NotFound, match="nothing is proposed"):
        versioning.approve(world.parts, "follow-up", LEA)
    world.arrives("quote.sent")
    assert not world.runs()


def test_a_proposal_that_fits_the_published_house_rules_no_more_is_refused_when_it_is_approved(world: World) -> None:
    call = playbook("- touchpoint: check-in\n  call: check-in\n  queue: leads", needs_approval="true")
    publishes(world, call)
    publishes(world, call.replace("leads", "sales"), house={"queues": "{sales: {title: Sales}}"}, only=("house-rules",))

    with pytest.raises(PlaybookError, match="version 1 of follow-up does not fit"):
        versioning.approve(world.parts, "follow-up", LEA)

    assert stands(world).number is None


# -- retiring -----------------------------------------------------------------------------------------------------


def test_who_is_inside_a_retired_playbook_goes_on_and_publishing_the_folder_does_not_bring_it_back(world: World) -> None:
    publishes(world, playbook(OLD))
    enters(world, "Dana", "quote/Q-1")

    done = versioning.retire(world.parts, "follow-up", OPS)
    again = publishes(world, playbook(OLD))

    assert (done.number, done.inside, done.ended) == (1, 1, 0)
    assert again["follow-up"].what == "left retired"
    assert "retired by hand" in stands(world).words
    assert stands(world).agrees
    world.arrives("quote.sent", "Eli", "quote/Q-2")
    world.time_passes_until("Wed 12:00")
    world.expect_text("hello")

    assert publishes(world, playbook(OLD), only=("follow-up",))["follow-up"].what == "new"
    assert enters(world, "Fay", "quote/Q-3") == 2


def test_those_inside_are_ended_when_that_is_asked_for(world: World) -> None:
    publishes(world, playbook(OLD))
    enters(world, "Dana", "quote/Q-1")
    publishes(world, playbook(NEW))
    enters(world, "Eli", "quote/Q-2")

    done = versioning.retire(world.parts, "follow-up", OPS, end_inside=True)

    assert (done.inside, done.ended) == (2, 2)
    world.time_passes_until("Fri 12:00")
    assert [run.end_reason for run in world.runs()] == ["stopped", "stopped"]
    assert all("ops retired follow-up" in why for why in world.said("enrollment.ended"))


# -- restoring ----------------------------------------------------------------------------------------------------


def test_an_earlier_version_is_restored_as_a_new_number_and_the_file_does_not_undo_it(world: World) -> None:
    publishes(world, playbook(OLD))
    publishes(world, playbook(NEW))

    done = versioning.restore(world.parts, "follow-up", 1, OPS)

    assert (done.number, done.what) == (3, "changed")
    assert stands(world).restored_from == 1
    assert not stands(world).agrees
    assert publishes(world, playbook(NEW))["follow-up"].what == "left restored"
    assert enters(world, "Dana", "quote/Q-1") == 3
    world.time_passes_until("Wed 12:00")
    world.expect_text("hello")
    assert publishes(world, playbook(NEW), only=("follow-up",))["follow-up"].number == 4


def test_a_file_that_says_something_new_is_published_after_a_restore(world: World) -> None:
    publishes(world, playbook(OLD))
    publishes(world, playbook(NEW))
    versioning.restore(world.parts, "follow-up", 1, OPS)

    assert publishes(world, playbook(NEW.replace("1 day", "3 days")))["follow-up"].what == "changed"


def test_restoring_needs_approval_where_publishing_does(world: World) -> None:
    publishes(world, playbook(OLD))
    publishes(world, playbook(NEW, needs_approval="true"))
    versioning.approve(world.parts, "follow-up", LEA)

    assert versioning.restore(world.parts, "follow-up", 1, OPS).what == "proposed"
    assert enters(world, "Dana", "quote/Q-1") == 2

    assert versioning.approve(world.parts, "follow-up", LEA) == 3
    assert publishes(world, playbook(NEW, needs_approval="true"))["follow-up"].what == "left restored"
    world.time_passes_until("Tue 12:00")
    world.expect_text("other")


# -- shadows ------------------------------------------------------------------------------------------------------


def test_a_shadow_takes_no_enrollment_and_contacts_nobody_whatever_arrives(world: World) -> None:
    publishes(world, playbook(OLD))
    done = shadows(world, playbook(NEW))

    assert (done.what, done.number) == ("shadow", 2)
    assert enters(world, "Dana", "quote/Q-1") == 1
    world.time_passes_until("Wed 12:00")
    world.expect_text("hello")
    assert stands(world).shadow is not None
    with world.parts.database.work() as work:
        version = schema.playbook_version
        joined = schema.enrollment.join(version, version.c.id == schema.enrollment.c.version_id)
        numbers = work.connection.execute(select(version.c.number).select_from(joined)).scalars().all()
    assert numbers == [1]


def test_a_playbook_with_nothing_but_a_shadow_starts_nothing(world: World) -> None:
    another = playbook(OLD, "another", starts_on="quote.changed")
    publishes(world, another)
    shadows(world, another, playbook(NEW))

    world.arrives("quote.sent")
    world.time_passes_until("Wed 12:00")

    assert not world.runs()


def test_publishing_what_the_shadow_says_makes_that_very_version_current(world: World) -> None:
    publishes(world, playbook(OLD))
    shadows(world, playbook(NEW))

    done = publishes(world, playbook(NEW))

    assert (done["follow-up"].what, done["follow-up"].number) == ("changed", 2)
    assert stands(world).shadow is None


def test_a_shadow_of_an_earlier_version_is_a_version_of_its_own(world: World) -> None:
    """The earlier one may have customers in it, whom it goes on to contact."""
    publishes(world, playbook(OLD))
    enters(world, "Dana", "quote/Q-1")
    publishes(world, playbook(NEW))

    assert versioning.start_shadow(world.parts, "follow-up", 1, OPS) == 3
    assert versioning.stop_shadow(world.parts, "follow-up", OPS) == 3

    with pytest.raises(NotFound, match="no shadow"):
        versioning.stop_shadow(world.parts, "follow-up", OPS)
    world.time_passes_until("Wed 12:00")
    world.expect_text("hello")


# -- what differs -------------------------------------------------------------------------------------------------


def test_status_names_what_is_published_changed_new_and_missing(world: World) -> None:
    publishes(world, playbook(OLD), playbook(OLD, "gone"), playbook(OLD, "edited"))

    designs.write(world.folder, playbook(OLD), playbook(NEW, "edited"), playbook(OLD, "written"))

    assert {s.name: s.file for s in standings(world.parts, world.folder)} == {
        "house-rules": "same", "lifecycle": "same", "follow-up": "same", "edited": "changed", "gone": "missing", "written": "new",
    }  # fmt: skip
    assert [s.name for s in standings(world.parts, world.folder) if not s.agrees] == ["edited", "gone", "written"]
