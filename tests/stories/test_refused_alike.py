"""What the desk says to an ending, the simulation says too, word for word: a rehearsal promises nothing that staff cannot do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from orchestrator import authoring, desk
from orchestrator.core.model import TouchState
from orchestrator.errors import InputError, Problem
from orchestrator.simulation import world as simulated
from orchestrator.simulation.arrivals import Happening
from orchestrator.simulation.rules import Rules
from orchestrator.simulation.turns import Turns
from tests.stories.test_filing import QUESTIONS, on_a_call, touch
from tests.stories.world import World, person

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
WORDS = {"scripts/check-in.md": QUESTIONS}
TODAY = date(2026, 9, 14)
DRAWING = {"drawing": "the drawing"}


def asked(world: World, ending: dict[str, Any]) -> tuple[Problem, ...]:
    """What the desk says to it; nobody has to answer what was not asked."""
    call = on_a_call(world, words=WORDS)
    try:
        desk.finish(world.parts, call, "ari", **ending, asks=False)
    except InputError as refused:
        assert touch(world, call).state == "in_call"
        return tuple(refused.problems)
    return ()


def simulated_too(world: World, ending: dict[str, Any]) -> tuple[Problem, ...]:
    """The same, of the same design, at the same moment, without a database."""
    design, files = authoring.load(world.folder)
    sim = simulated.World(Rules.of(design, authoring.built_in(files)))
    turns = Turns(sim)
    turns.hear(Happening("quote.sent", "quote/Q-1", world.clock.at, {}, person("Dana")))
    turns.pass_until(world.clock.at)
    (call,) = sim.ready()
    sim.take_this(call.id, "ari")
    try:
        sim.finish(call.id, who="ari", **ending)
    except InputError as refused:
        assert call.state is TouchState.IN_CALL
        assert not [t for t in sim.touches if t.id != call.id], "nothing has begun of it"
        return tuple(refused.problems)
    return ()


@pytest.mark.parametrize(
    ("ending", "places"),
    [
        ({"disposition": "completed"}, []),
        ({"disposition": "completed", "answers": {"feeling": "good", "budget": 12.5}}, []),
        ({"disposition": "completed", "answers": DRAWING, "due": {"drawing": TODAY}}, []),
        ({"disposition": "completed", "answers": DRAWING, "due": {"drawing": TODAY - timedelta(days=1)}}, []),
        ({"disposition": "no_answer", "answers": DRAWING, "due": {"drawing": date(2020, 1, 1)}}, []),
        ({"disposition": "call_back"}, []),
        ({"disposition": "do_not_contact", "scope": "voice"}, []),
        ({"disposition": "nonsense"}, ["disposition"]),
        ({"disposition": "disposition_missing"}, ["disposition"]),
        ({"disposition": "completed", "answers": {"feeling": "awful", "budget": "much"}}, ["feeling", "budget"]),
        ({"disposition": "completed", "answers": {"feeling": False, "budget": True}}, ["feeling", "budget"]),
        ({"disposition": "completed", "answers": DRAWING}, ["drawing"]),
        ({"disposition": "completed", "answers": DRAWING, "due": {"drawing": date(2020, 1, 1)}}, ["drawing"]),
        ({"disposition": "completed", "answers": DRAWING, "due": {"drawing": TODAY + timedelta(days=733)}}, ["drawing"]),
        ({"disposition": "completed", "answers": DRAWING, "due": {"drawing": date(9999, 12, 31)}}, ["drawing"]),
        ({"disposition": "completed", "due": {"drawing": date(1, 1, 1)}}, ["drawing"]),
        ({"disposition": "completed", "call_back_at": datetime(2026, 9, 15, 15, tzinfo=UTC)}, ["call_back_at"]),
        ({"disposition": "call_back", "call_back_at": datetime(2026, 9, 14, 13, tzinfo=UTC)}, ["call_back_at"]),
        ({"disposition": "call_back", "call_back_at": datetime.fromisoformat("2026-09-15 15:00")}, ["call_back_at"]),
        ({"disposition": "call_back", "call_back_at": datetime(2027, 9, 15, 15, tzinfo=UTC)}, ["call_back_at"]),
        ({"disposition": "call_back", "call_back_by": "him"}, ["call_back_by"]),
        ({"disposition": "do_not_contact", "scope": "fax"}, ["scope"]),
        ({"disposition": "busy", "call_back_by": "him", "answers": {"budget": "much"}}, ["call_back_by"]),
    ],
)
def test_desk_and_simulation_refuse_the_same_in_the_same_words(world: World, ending: dict[str, Any], places: list[str]) -> None:
    at_the_desk = asked(world, ending)

    assert [problem.place for problem in at_the_desk] == places
    assert simulated_too(world, ending) == at_the_desk
