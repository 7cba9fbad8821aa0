"""`touchpoint backtest` as people use it: over a log and over the database, as text, as JSON, and held against another design."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orchestrator.cli.main import app
from orchestrator.errors import InputError
from orchestrator.replay.play import Request, replay
from tests.replay.cases import HERE, write_log

LOANS = HERE / "loans"
ROWS = [
    ("1", "offer_sent", "2011-10-28 16:00"),
    ("2", "offer_sent", "2011-10-28 16:10"),
    ("2", "offer_returned", "2011-11-07 10:00"),
    ("3", "offer_sent", "2011-11-02 11:00"),
]
Run = Callable[..., Result]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write_log(tmp_path / "log.csv", ROWS)


@pytest.fixture
def touchpoint(log: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`touchpoint backtest …` over that log."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: str, playbook: str = "offer-follow-up", folder: Path = LOANS / "playbooks") -> Result:
        said = [
            "backtest", playbook, "--events", str(log), "--map", str(LOANS / "map.yaml"), "--playbooks", str(folder),
            "--outcomes", str(LOANS / "outcomes.yaml"), *words,
        ]  # fmt: skip
        return CliRunner().invoke(app(said), said)

    return run


def changed(folder: Path) -> Path:
    """The same playbooks, but the first call comes a business day earlier."""
    for path in (LOANS / "playbooks").rglob("*.*"):
        to = folder / path.relative_to(LOANS / "playbooks")
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(path.read_text().replace("after: 2 business days", "after: 1 business day"))
    return folder


def test_it_tells_what_would_have_happened_in_eighty_columns(touchpoint: Run) -> None:
    result = touchpoint()

    assert result.exit_code == 0, result.output
    assert "4 events, 3 follow-ups, 3 customers contacted" in " ".join(result.output.split())
    assert "What this cannot know" in result.output
    assert "History shows what happened, not how people would have answered." in " ".join(result.output.split())
    assert max(map(len, result.output.splitlines())) <= 80


def test_json_has_every_part_of_the_report(touchpoint: Run) -> None:
    told = json.loads(touchpoint("--json").stdout)

    report = told["report"]
    assert told["difference"] is None
    assert {"days", "lines", "desk", "rules", "overlaps", "exits", "reached", "samples", "cannot_know"} <= report.keys()
    assert report["touches"] == sum(sum(day["by_channel"].values()) for day in report["days"])
    entered = next(step for step in report["reached"] if step["touchpoint"] == "")
    assert (entered["subjects"], entered["goal_later"]) == (3, 1)


def test_the_ledger_is_the_one_that_replay_writes(touchpoint: Run, log: Path, tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine.jsonl", tmp_path / "theirs.jsonl"
    replay(Request(log, LOANS / "playbooks", theirs, map=LOANS / "map.yaml", outcomes=LOANS / "outcomes.yaml"))

    touchpoint("--ledger", str(mine))

    assert mine.read_bytes() == theirs.read_bytes() != b""


def test_held_against_another_folder_it_tells_what_moves(touchpoint: Run, tmp_path: Path) -> None:
    told = json.loads(touchpoint("--json", "--against", str(LOANS / "playbooks"), folder=changed(tmp_path / "new")).stdout)

    shift = next(s for s in told["difference"]["shifts"] if s["touchpoint"] == "offer-check-in")
    assert shift["earlier"] > 0
    assert shift["typical"] < 0
    assert told["difference"]["against"]["labels"]["offer-follow-up"].startswith("as in ")


def test_held_against_itself_nothing_differs(touchpoint: Run) -> None:
    result = touchpoint("--against", str(LOANS / "playbooks"))

    assert "No difference: the same touches at the same moments." in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["offer-folow-up", "--events", "LOG"], "did you mean 'offer-follow-up'"),
        (["offer-follow-up"], "say which events"),
        (["offer-follow-up", "--events", "LOG", "--from-database"], "say one of the two"),
        (["offer-follow-up", "--events", "LOG", "--since", "2026-01-01"], "--since goes with --from-database"),
        (["offer-follow-up", "--events", "LOG", "--until", "soon"], "'soon' is no moment"),
        (["offer-follow-up", "--events", "missing.csv"], "missing.csv"),
    ],
)
def test_what_cannot_be_asked_is_said_before_anything_runs(words: list[str], said: str, log: Path) -> None:
    told = ["backtest", *(str(log) if word == "LOG" else word for word in words), "--playbooks", str(LOANS / "playbooks")]
    told += ["--map", str(LOANS / "map.yaml")]

    result = CliRunner().invoke(app(told), told)

    assert isinstance(result.exception, InputError)
    assert any(said in str(problem) for problem in result.exception.problems)
