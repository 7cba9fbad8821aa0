"""docs/authoring.md and the list of commands: every command that is named exists with its options, and every link leads somewhere."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import typer

from orchestrator.authoring import read_folder
from orchestrator.cli.main import COMMANDS, GROUPS, PANELS, app
from orchestrator.lint.lint import check
from tests.conftest import ROOT

DOCS = ROOT / "docs"
PAGE = (DOCS / "authoring.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINES = [line for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
LINKS = [
    pytest.param(page, target, id=f"{page}-{target}")
    for page in ("authoring.md", "first-playbook.md")
    for target in sorted(set(re.findall(r"\]\(([^)]+)\)", (DOCS / page).read_text(encoding="utf-8"))))
]


@pytest.mark.parametrize("line", LINES)
def test_every_command_exists_with_its_options(line: str) -> None:
    words = shlex.split(line)
    assert words.pop(0) == "touchpoint"
    command: Any = typer.main.get_command(app(words))  # typer has a click of its own

    context = command.make_context("touchpoint", words)
    while hasattr(command, "commands"):
        _, command, words = command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(str(command.name), words)


@pytest.mark.parametrize(("page", "target"), LINKS)
def test_every_link_leads_to_a_page_and_a_heading(page: str, target: str) -> None:
    name, _, heading = target.partition("#")
    linked = DOCS / (name or page)

    assert linked.is_file()
    titles = re.findall(r"(?m)^#+ (.+)$", linked.read_text(encoding="utf-8"))
    assert not heading or heading in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_what_the_readme_shows_is_printed_in_the_tutorial() -> None:
    shown = re.search(r"```\n(\$ touchpoint check\n.*?)```", README, re.DOTALL)

    assert shown is not None
    assert shown[1] in (DOCS / "first-playbook.md").read_text(encoding="utf-8")


def test_the_first_playbook_of_the_readme_has_no_findings_beside_the_starters() -> None:
    example = re.search(r"```yaml\n(playbook: my-first\n.*?)```", README, re.DOTALL)
    files = {name: text for name, text in read_folder(ROOT / "playbooks").items() if name != "quote-follow-up.yaml"}

    assert example is not None
    assert check({**files, "my-first.yaml": example[1]}) == []


def test_help_shows_every_command_in_one_group() -> None:
    shown = [name for names in PANELS.values() for name in names.split()]

    assert sorted(shown) == sorted([*(name for name, *_ in COMMANDS), *(name for name, _ in GROUPS)])
