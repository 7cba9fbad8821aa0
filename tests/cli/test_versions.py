"""Versions at the terminal: proposals, shadows, restores and what `status` says of them; and every command of docs/versions.md."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import select

from orchestrator.cli.main import app
from orchestrator.config import Settings
from orchestrator.errors import InputError
from orchestrator.store.schema import audit
from orchestrator.wiring import build
from tests.cli.test_commands import Run
from tests.cli.test_commands import touchpoint as touchpoint
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "versions.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"(?m)^touchpoint .*?(?=\s{2,}#|$)", "".join(re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)))


def edit(tmp_path: Path, old: str, new: str) -> None:
    file = tmp_path / "playbooks" / "follow-up.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def recorded(what: str) -> list[tuple[str, str]]:
    """Who did what, as the audit trail has it."""
    with build(Settings()).database.work() as work:
        rows = work.connection.execute(
            select(audit.c.who, audit.c.what).where(audit.c.what.startswith(what)).order_by(audit.c.id)
        )
        return [(row.who, row.what) for row in rows]


@pytest.fixture
def published(touchpoint: Run) -> Run:
    touchpoint("db", "upgrade")
    touchpoint("publish", "--by", "olga")
    return touchpoint


def test_a_change_is_proposed_and_another_person_approves_it(
    published: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    edit(tmp_path, "title: Call at once", "title: Call soon\nneeds_approval: true")

    assert "touchpoint approve follow-up --version 2" in published("publish", "--by", "olga").output
    status = published("status", "--exit-code", fails=True)
    refused = published("approve", "follow-up", "--by", "Olga", fails=True)
    another = published("approve", "follow-up", "--version", "1", "--by", "max", fails=True)
    approved = published("approve", "follow-up", "--version", "2", "--by", "max")

    assert status.exit_code == 1
    assert "version 2 is proposed by olga" in status.output
    assert isinstance(refused.exception, InputError)
    assert "version 1 of follow-up is not proposed: version 2 is, by olga" in str(another.exception)
    assert "Version 2 of follow-up is current." in approved.output
    assert published("status", "--exit-code").exit_code == 0


def test_whoever_withdraws_says_which_version_and_hears_which_it_was(published: Run, tmp_path: Path) -> None:
    edit(tmp_path, "title: Call at once", "title: Call soon\nneeds_approval: true")
    published("publish", "--by", "olga")

    assert isinstance(published("withdraw", "follow-up", "--version", "1", fails=True).exception, InputError)
    assert "Version 2 of follow-up is not proposed any more." in published("withdraw", "follow-up").output


def test_a_version_is_restored_and_publishing_the_folder_leaves_it_so(published: Run, tmp_path: Path) -> None:
    edit(tmp_path, "Call at once", "Call soon")
    published("publish")

    said = published("restore", "follow-up", "1").output

    assert "Version 3 of follow-up is current: it says what version 1 says." in said
    assert "touchpoint publish follow-up" in published("publish").output
    assert re.search(r"follow-up +3 ", published("status").output)
    assert re.search(r"follow-up +4 +changed", published("publish", "follow-up").output)


def test_a_shadow_is_started_shown_and_stopped(published: Run, tmp_path: Path) -> None:
    edit(tmp_path, "Call at once", "Call soon")

    assert "contacts nobody" in published("publish", "follow-up", "--shadow").output
    shown = published("shadow", "show", "follow-up").output
    assert "version 1 is current, version 2 is its shadow" in shown
    assert not re.search(r"^day +current", shown, re.MULTILINE)  # no day has anything to tell yet
    assert "no shadow any more" in published("shadow", "stop", "follow-up").output


def test_a_playbook_is_retired_and_comes_back_by_its_name(published: Run) -> None:
    assert "Nobody enters follow-up any more; 0 customers inside go on." in published("retire", "follow-up").output
    assert "retired by hand" in published("status", "--exit-code").output
    assert re.search(r"follow-up +2 +new", published("publish", "follow-up").output)


def test_resuming_says_first_what_each_way_does(published: Run) -> None:
    published("pause", "playbook:follow-up", "--by", "olga")

    said = published("resume", "playbook:follow-up", "--preview").output

    assert re.findall(r"--how ([a-z-]+)", said) == ["in-time", "shift", "expire"]
    assert "Resumed" in published("resume", "playbook:follow-up", "--how", "shift", "--by", "max").output
    assert recorded("pause.") == [("olga", "pause.put"), ("max", "pause.lifted")]
    assert "It is not paused" in published("resume", "playbook:follow-up", "--preview").output


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_page_exists_with_its_options(line: str) -> None:
    words = shlex.split(line)[1:]
    command: Any = typer.main.get_command(app(words))  # typer has a click of its own
    while hasattr(command, "commands"):
        found = command.commands.get(words[0])
        assert found is not None, line
        command, words = found, words[1:]

    command.make_context(str(command.name), words)
