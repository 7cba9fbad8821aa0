"""The pure planner alone: a finished touch goes in, the next dated one comes out."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from orchestrator.authoring import load
from orchestrator.core.house import House
from orchestrator.core.model import Customer, Plan, Run
from orchestrator.core.planner import Facts, after, start
from orchestrator.ids import new_id
from tests.bench.fill import PLAYBOOKS, ZONES

DECISIONS = 60_000


def per_second() -> float:
    """Decisions a second in this process."""
    design, _ = load(PLAYBOOKS)
    house = House.of(design.house_rules)
    program = design.playbooks["quote-follow-up"].program
    begin = datetime(2026, 11, 20, 15, tzinfo=UTC)
    facts, touches = [], []
    for n in range(2_000):
        zone = ZONES[n % len(ZONES)]
        at = begin + timedelta(seconds=37 * n)
        run = Run(new_id(), new_id(), "quote-follow-up", 1, f"quote/{n}", new_id(), at, at + timedelta(days=60), {"amount": 1850})
        one = Facts(program, run, Customer(run.customer, f"C-{n}", time_zone=zone, zones=(zone,)), house, dict, {})
        planned = next(c for c in start(one, at, new_id) if isinstance(c, Plan)).touch
        facts.append(one)
        touches.append(planned)
    made = 0
    first = time.perf_counter()
    while made < DECISIONS:
        for one, touch in zip(facts, touches, strict=True):
            made += len(after(one, touch, "sent", touch.due_at + timedelta(seconds=made % 60_000), new_id))
    return made / (time.perf_counter() - first)
