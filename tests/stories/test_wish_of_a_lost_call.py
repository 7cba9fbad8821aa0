"""Who asked on the phone not to be contacted is not contacted, also when the call was somebody else's before that was filed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator import filing, leading, sheets
from orchestrator.core.model import EndReason, TouchState
from orchestrator.desk import WEB_LEASE, NotHeld, claim_this
from orchestrator.filing import UNDO_FOR, Filing
from orchestrator.holding import Agent
from orchestrator.store import schema
from tests.stories.test_filing import LEE, on_a_call, taken
from tests.stories.world import World

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
NO_MORE = Filing("do_not_contact", note="wants no more", scope="all")


def unwanted(world: World) -> list[str]:
    return [row.channel for row in world.rows(schema.suppression) if row.lifted_at is None]


def audited(world: World) -> list[str]:
    return [row.what for row in world.rows(schema.audit)]


def test_a_wish_holds_that_is_filed_after_a_lead_took_the_call_back(world: World) -> None:
    call = on_a_call(world)
    sheets.dial_by_hand(world.parts, call, "ari")
    leading.take_back(world.parts, call, LEE)

    refused = filing.file(world.parts, call, "ari", NO_MORE)

    assert refused == NotHeld(TouchState.UNKNOWN, None, unwanted="all"), "the result itself is the lead's to say"
    assert unwanted(world) == ["all"]
    assert world.rows(schema.enrollment)[0].end_reason == EndReason.OPTED_OUT, "nothing else goes out"
    assert "call.unwanted" in audited(world)
    assert any("ari: asked on the phone not to be contacted" in row.why for row in world.rows(schema.journal))
    leading.decide_missing(world.parts, call, LEE, Filing("completed"))
    assert unwanted(world) == ["all"], "whatever a lead says of the call"


def test_a_wish_holds_while_somebody_else_has_the_call_and_they_may_not_dial(world: World) -> None:
    call = on_a_call(world)
    leading.take_back(world.parts, call, LEE)
    claim_this(world.parts, call, Agent("bo"), lease=WEB_LEASE)

    refused = filing.file(world.parts, call, "ari", Filing("do_not_contact", scope="call"))

    assert refused == NotHeld(TouchState.IN_CALL, "bo", unwanted="call")
    assert unwanted(world) == ["call"]
    assert "not to be contacted" in (sheets.may_dial(world.parts, call, "bo") or "")
    filing.finish(world.parts, call, "bo", Filing("completed"))


def test_a_wish_holds_long_after_the_call_was_filed_as_something_else(world: World) -> None:
    call = on_a_call(world)
    filing.file(world.parts, call, "ari", Filing("not_available"))
    world.passes(UNDO_FOR + timedelta(days=2))

    refused = filing.file(world.parts, call, "ari", NO_MORE)  # from a tab that was left open

    assert refused == NotHeld(TouchState.DONE, "ari", unwanted="all")
    assert unwanted(world) == ["all"]
    world.expects_anything()


@pytest.mark.parametrize("said", [Filing("declined"), Filing("do_not_contact"), Filing("do_not_contact", scope="mondays")])
def test_nothing_but_a_wish_with_its_scope_holds_for_a_lost_call(world: World, said: Filing) -> None:
    call = on_a_call(world)
    leading.take_back(world.parts, call, LEE)

    assert filing.file(world.parts, call, "ari", said) == NotHeld(TouchState.READY, None)

    assert unwanted(world) == []
    assert "call.unwanted" not in audited(world)
    _ends(world)


def test_nobody_stops_contact_with_a_customer_whom_they_never_had_on_a_call(world: World) -> None:
    call = on_a_call(world)

    assert filing.file(world.parts, call, "bo", NO_MORE) == NotHeld(TouchState.IN_CALL, "ari")
    assert filing.finish(world.parts, call, "bo", NO_MORE) == NotHeld(TouchState.IN_CALL, "ari")

    assert unwanted(world) == []
    filing.finish(world.parts, call, "ari", Filing("completed"))


def test_at_the_terminal_it_holds_as_well(world: World) -> None:
    call = on_a_call(world)
    leading.take_back(world.parts, call, LEE)

    assert filing.finish(world.parts, call, "ari", NO_MORE) == NotHeld(TouchState.READY, None, unwanted="all")

    assert unwanted(world) == ["all"]


def _ends(world: World) -> None:
    filing.finish(world.parts, taken(world), "ari", Filing("completed"))
