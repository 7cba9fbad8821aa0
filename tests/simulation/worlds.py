"""Small worlds: the design of tests/replay/crowded, one customer, and local moments in Chicago."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from orchestrator import authoring
from orchestrator.language.design import load_design
from orchestrator.simulation.arrivals import Happening
from orchestrator.simulation.records import TouchRecord
from orchestrator.simulation.rules import Rules
from orchestrator.simulation.turns import Turns
from orchestrator.simulation.world import World
from tests.replay.cases import HERE

CHICAGO = ZoneInfo("America/Chicago")
DANA = {  # a customer who is not asked whether they have looked (the split of quote.yaml)
    "id": "C-5", "first_name": "Dana", "email": "dana@example.com", "phone": "+13125550142", "time_zone": "America/Chicago",
    "consent": {"email": "service", "text": "service", "call": "service"},
}  # fmt: skip


@cache
def rules(promises: bool = False) -> Rules:
    """The crowded design, with what is built in. promises: its script asks for one."""
    files = dict(authoring.read_folder(HERE / "crowded" / "playbooks"))
    if promises:
        asks = "questions:\n  next_step: {ask: What did we promise?, kind: commitment}\n"
        files["scripts/check-in.md"] = files["scripts/check-in.md"].replace("questions:\n", asks)
    return Rules.of(load_design(files), authoring.built_in(files))


def at(local: str) -> datetime:
    """ "2026-11-02 10:00" on the clock in Chicago."""
    return datetime.fromisoformat(local).replace(tzinfo=CHICAGO)


class Stage:
    """A world with its turns; calls are taken by hand."""

    def __init__(self, made: Rules | None = None, **how: Any) -> None:
        self.world = World(made or rules(), **how)
        self.turns = Turns(self.world)

    def hears(self, type_: str, local: str, subject: str = "quote/1", who: dict[str, Any] | None = DANA, **data: Any) -> str:
        if type_ == "quote.sent":
            data = {"amount": 900, "note": "It is good until Friday.", **data}
        return self.turns.hear(Happening(type_, subject, at(local), data, who))

    def until(self, local: str) -> None:
        self.turns.pass_until(at(local))

    def calls(self, touch: TouchRecord, disposition: str, **how: Any) -> None:
        """Somebody takes that call and says how it ended."""
        taken = self.world.take_this(touch.id, "ari")
        assert not isinstance(taken, str), taken
        self.world.finish(touch.id, disposition, **how)

    def waiting(self) -> TouchRecord:
        (call,) = self.world.ready()
        return call

    def told(self, *touchpoints: str) -> list[tuple[str, str, str]]:
        """(touchpoint, when on the clock in Chicago, how) of what took effect; touchpoints: only these."""
        return [
            (str(t.touchpoint), f"{t.effect_at.astimezone(CHICAGO):%a %H:%M}", t.disposition or str(t.state))
            for t in self.world.in_order()
            if t.effect_at is not None and (not touchpoints or t.touchpoint in touchpoints)
        ]


def because(world: World, what: str) -> list[tuple[str, str]]:
    """(rule, why) of the journal's entries of one kind."""
    return [(entry.rule, entry.why) for entry in world.journal if entry.what == what]


def states(touches: Iterable[TouchRecord]) -> list[tuple[str | None, str, str | None]]:
    """(touchpoint, state, reason) in the order of making."""
    return [(t.touchpoint, str(t.state), t.reason) for t in touches]
