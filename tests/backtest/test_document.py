"""docs/backtest.md: its commands are run as they stand there, and what it shows is what they print."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestrator.cli.main import app
from orchestrator.language.house_rules import HouseRules
from orchestrator.language.source import parse, read_yaml
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "backtest.md").read_text(encoding="utf-8")
REPLAY = (ROOT / "docs" / "replay.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"^```bash\n(.*?)^```", PAGE, re.S | re.M) for line in block.splitlines()]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.S | re.M)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Runs a command of the page in a folder with the files that it names; answers what it prints."""
    (tmp_path / "deals.csv").write_text(blocks(REPLAY, "csv")[0])
    for name, text in zip(("deals-map.yaml", "deals-outcomes.yaml"), blocks(REPLAY, "yaml"), strict=True):
        (tmp_path / name).write_text(text)
    (tmp_path / "playbooks").symlink_to(ROOT / "playbooks")
    shutil.copytree(ROOT / "playbooks", tmp_path / "changed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(command: str) -> str:
        words = command.split()[1:]
        result = CliRunner().invoke(app(words), words)
        assert result.exit_code == 0, f"{command}: {result.output} {result.exception!r}"
        return result.stdout

    return run


def test_the_first_command_prints_the_lines_that_the_page_shows(run: Callable[[str], str]) -> None:
    printed = {line.rstrip() for line in run(COMMANDS[0]).splitlines()}

    shown = blocks(PAGE, "text")[0].splitlines()
    assert [line for line in shown if line not in printed] == []


def test_a_changed_folder_is_held_against_the_other(run: Callable[[str], str]) -> None:
    assert "No difference" in run(COMMANDS[1])


def test_the_page_lists_the_keys_of_the_json(run: Callable[[str], str]) -> None:
    told = json.loads(run(f"{COMMANDS[1]} --json"))

    text = PAGE.partition("The keys of `report` are")[2].partition("Lengths of time")[0]
    report, difference = text.split("those of `difference` are")
    assert re.findall(r"`(\w+)`", report) == list(told["report"])
    assert re.findall(r"`(\w+)`", difference) == list(told["difference"])


def test_a_replay_and_a_backtest_write_the_same_ledger_as_the_page_says(run: Callable[[str], str]) -> None:
    for command in COMMANDS[3:5]:
        run(command)

    assert Path("replayed.jsonl").read_bytes() == Path("tested.jsonl").read_bytes() != b""


def test_the_desk_of_the_page_can_be_copied() -> None:
    rules = (ROOT / "playbooks" / "house-rules.yaml").read_text(encoding="utf-8")
    without = re.sub(r"(?m)^desk:.*\n(  .*\n)*", "", rules)

    read = parse(HouseRules, read_yaml(without + blocks(PAGE, "yaml")[0], "house-rules.yaml"))

    assert read.desk is not None
    assert read.desk.people_at("sales", 5, 10) == 1
