"""One enum, one table of ways, one CHECK constraint, one diagram: they must tell the same life of a touch."""

from __future__ import annotations

import re

from sqlalchemy import CheckConstraint

from orchestrator.core import life
from orchestrator.core.model import OPEN_STATES, TouchState
from orchestrator.store import schema


def test_every_state_has_its_ways() -> None:
    assert set(life.WAYS) == set(TouchState)


def test_a_state_is_open_exactly_when_a_way_leads_out_of_it_or_its_receipt_is_awaited() -> None:
    ways_out = {state for state, ways in life.WAYS.items() if ways}

    assert ways_out == OPEN_STATES | {TouchState.SENT}


def test_every_state_can_be_reached_from_planned() -> None:
    reached, ahead = {TouchState.PLANNED}, [TouchState.PLANNED]
    while ahead:
        fresh = life.WAYS[ahead.pop()] - reached
        reached |= fresh
        ahead += fresh

    assert reached == set(TouchState)


def test_the_diagram_shows_every_state() -> None:
    assert life.__doc__ is not None

    assert [state for state in TouchState if state.value not in life.__doc__] == []


def test_the_database_allows_exactly_these_states() -> None:
    rule = next(
        c for c in schema.touch.constraints if isinstance(c, CheckConstraint) and str(c.name) in {"state", "ck_touch_state"}
    )

    assert set(re.findall(r"'(\w+)'", str(rule.sqltext))) == {state.value for state in TouchState}
