"""The engine on a database and the simulation in memory decide identically: the same touches at the same moments, line by line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator import authoring, dispatch, engine
from orchestrator.backtest.run import from_database, from_log, simulate
from orchestrator.config import IN_PROCESS, Settings
from orchestrator.replay.calls import read_outcomes
from orchestrator.replay.ledger import write_ledger
from orchestrator.replay.play import Request, Summary, replay
from orchestrator.simulation import turns
from orchestrator.simulation.arrivals import is_opt_out
from orchestrator.simulation.outcomes import Outcomes
from orchestrator.simulation.rules import Rules
from orchestrator.simulation.world import World
from orchestrator.store import events
from orchestrator.wiring import build
from tests.replay import crowd
from tests.replay.cases import HERE, LOGS, write_log

CASES = ("1003", "1002", "1038", "1001", "1232")  # reached, voicemail, a concern, nobody, never again (loans/outcomes.yaml)
SEEDS = (3, 11)  # of made-up logs; more than a hundred were tried when this was written


def at_noon(day: int) -> datetime:
    return datetime(2011, 11, day, 12, tzinfo=UTC)


def rules_of(design: str) -> Rules:
    made, files = authoring.load(HERE / design / "playbooks")
    return Rules.of(made, authoring.built_in(files))


def outcomes_of(design: str) -> Outcomes:
    made, _ = authoring.load(HERE / design / "playbooks")
    return read_outcomes(HERE / design / "outcomes.yaml", [source.program for source in made.playbooks.values()])


def in_memory(design: str, log: Path, map_: Path | None) -> World:
    """The same log through the same design, without a database."""
    made, _ = authoring.load(HERE / design / "playbooks")
    with from_log(log, map_, made.lifecycle) as source:
        return simulate(rules_of(design), source.events(), outcomes_of(design))


def same_lines(world: World, ledger: Path, into: Path) -> int:
    """How many lines both have; fails at the first that differs."""
    count = write_ledger(world.in_order(), into)
    lines, expected = into.read_text("utf-8").splitlines(), ledger.read_text("utf-8").splitlines()
    for number, (ours, theirs) in enumerate(zip(lines, expected, strict=False), 1):
        assert ours == theirs, f"line {number}"
    assert len(lines) == len(expected) == count
    return count


@pytest.mark.parametrize(("design", "touches"), [("loans", 1_967), ("invoices", 1_951)])
def test_a_replay_and_a_backtest_of_a_public_log_make_the_same_touches_at_the_same_moments(
    design: str, touches: int, samples: Path, replayed: Callable[[str], tuple[Summary, Path]], tmp_path: Path
) -> None:
    summary, ledger = replayed(design)

    world = in_memory(design, samples / LOGS[design], HERE / design / "map.yaml")

    assert same_lines(world, ledger, tmp_path / "backtest.jsonl") == touches == summary.lines


@pytest.mark.parametrize("seed", SEEDS)
def test_so_do_those_of_a_crowded_log_with_everything_that_playbooks_can_do(seed: int, tmp_path: Path) -> None:
    log = crowd.write(tmp_path / "crowd.jsonl", seed, events=70)
    folder = HERE / "crowded"
    summary = replay(Request(log, folder / "playbooks", tmp_path / "replay.jsonl", outcomes=folder / "outcomes.yaml"))

    world = in_memory("crowded", log, None)

    assert same_lines(world, tmp_path / "replay.jsonl", tmp_path / "backtest.jsonl") > 60
    assert summary.events["repeated"] + summary.events["conflict"] > 0
    ended = {(run.playbook, run.reason) for run in world.runs}
    assert {(name, reason) for name, reason, _ in summary.enrollments} == ended


def test_the_stored_events_lead_to_the_touches_that_they_led_to_when_they_came(tmp_path: Path) -> None:
    rows = [(case, "offer_sent", f"2011-11-0{day} 10:00") for day, case in enumerate(CASES, 1)]
    log = write_log(tmp_path / "log.csv", [*rows, ("1001", "offer_returned", "2011-11-09 10:00")])
    url, folder = f"sqlite:///{tmp_path}/kept.sqlite3", HERE / "loans"
    replay(
        Request(log, folder / "playbooks", tmp_path / "replay.jsonl", folder / "map.yaml", folder / "outcomes.yaml", database=url)
    )

    parts = build(Settings(database_url=url, broker_url=IN_PROCESS))
    try:
        source = from_database(parts)
        arrived = list(source.events())
        assert source.done == 1.0
        later = [arrival for arrival in from_database(parts, since=at_noon(8)).events() if not is_opt_out(arrival)]
    finally:
        parts.database.close()
    world = simulate(rules_of("loans"), arrived, outcomes_of("loans"))

    assert same_lines(world, tmp_path / "replay.jsonl", tmp_path / "backtest.jsonl") > 15
    assert [arrival.subject for arrival in arrived if is_opt_out(arrival)] == ["customer/applicant-1232"]
    assert [arrival.type for arrival in later] == ["offer_returned"]


def test_both_look_at_the_channels_in_the_same_order() -> None:
    assert turns.CHANNELS == dispatch.CHANNELS
    assert (turns.MOST_AT_ONCE, turns.MOST_TRIES) == (engine.MOST_AT_ONCE, events.MOST_TRIES)
