"""docs/access.md says what the roles may do, and how often what may fail."""

from __future__ import annotations

import re

from orchestrator.access import invitations, limits, passwords, visitors
from orchestrator.core.roles import RIGHTS, Right, Role
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "access.md").read_text(encoding="utf-8")


def test_the_table_of_roles_is_the_one_that_the_pages_ask() -> None:
    rows = [[cell.strip() for cell in line.strip("|\n ").split("|")] for line in TEXT.splitlines() if line.startswith("| ")]
    head = next(row for row in rows if row[0] == "right")
    said = {
        (Role(role), Right(row[0])): cell == "yes"
        for row in rows
        if row[0] in set(Right)
        for role, cell in zip(head[1:], [*row[1:], *[""] * 5], strict=False)
    }

    assert said == {(role, right): right in RIGHTS[role] for role in Role for right in Right}


def test_the_numbers_are_those_of_the_program() -> None:
    table = TEXT.split("## Limits")[1].split("\n\n")[1]

    assert re.findall(r"\| (\d+) in 15 minutes", table) == [
        str(n)
        for n in (
            limits.DEVICE_MOST,
            limits.NAME_MOST,
            limits.ADDRESS_MOST,
            limits.CODE_MOST,
            limits.CODE_MOST,
            limits.DEVICE_MOST,
        )
    ]
    assert limits.WINDOW.total_seconds() == 15 * 60
    assert f"{limits.CODE_DAY_MOST} a day" in table
    assert f"for {limits.DEVICE_LASTS.days} days" in TEXT
    assert f"last {visitors.LASTS.total_seconds() / 3600:.0f} hours, and {visitors.IDLE.total_seconds() / 3600:.0f} hours" in TEXT
    assert f"for {invitations.LASTS.total_seconds() / 3600:.0f} hours" in TEXT
    assert passwords.SHORTEST == 12
