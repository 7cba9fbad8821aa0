"""A backtest over what came in here, held against what is published and against earlier versions."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from orchestrator import authoring
from orchestrator.accepting import accept
from orchestrator.backtest.asking import Answer, Request, backtest
from orchestrator.errors import InputError
from orchestrator.parts import Parts
from orchestrator.store import schema
from orchestrator.store.database import Row
from tests.intake.ready import Hands, quote_sent
from tests.stories import designs

DAY = "- touchpoint: hello\n  email: hello\n  after: {} days\n"
OTHER = "- touchpoint: also\n  email: also\n"


@pytest.fixture
def folder(ready: Parts, clock: Hands, tmp_path: Path) -> Path:
    """Version 1 writes after one day, version 2 after two, the files say three; two quotes went out."""
    for days in (1, 2):
        authoring.publish(ready, write(tmp_path, days), "ops")
    for name in ("Dana", "Kim"):
        accept(ready, [quote_sent(key=name, subject=f"quote/{name}", customer={**quote_sent()["customer"], "id": f"C-{name}"})])
    return write(tmp_path, 3)


def write(folder: Path, days: int) -> Path:
    return designs.write(folder / "mine", designs.playbook(DAY.format(days)), designs.playbook(OTHER, "other"))


def ask(parts: Parts, folder: Path, **more: Any) -> Answer:
    design, files = authoring.load(folder)
    given: dict[str, Any] = {"playbook": "follow-up", **more}
    return backtest(Request(files=files, design=design, called="as in the folder", **given), parts)


@pytest.mark.parametrize(("against", "label", "days"), [("published", "published, version 2", 1), ("1", "version 1", 2)])
def test_the_file_is_held_against_what_customers_get_now_or_got_before(
    ready: Parts, folder: Path, against: str, label: str, days: int
) -> None:
    found = ask(ready, folder, against=against).difference

    assert found is not None
    [shift] = found.shifts
    assert (shift.later, shift.typical) == (2, timedelta(days=days))
    assert found.against.labels["follow-up"] == label


def test_other_playbooks_run_along_and_overlap(ready: Parts, folder: Path) -> None:
    found = ask(ready, write(folder.parent, 0)).report

    [overlap] = found.overlaps
    assert (overlap.other, overlap.days, overlap.customers) == ("other", 2, 2)
    assert (found.beside, found.touches) == (["other"], 2)


def test_a_backtest_changes_nothing_in_the_database(ready: Parts, folder: Path) -> None:
    def everything() -> list[list[Row[Any]]]:
        with ready.database.work() as work:
            return [list(work.connection.execute(select(table))) for table in schema.metadata.sorted_tables]

    before = everything()
    ask(ready, folder, against="published")

    assert everything() == before


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"against": "7"}, "follow-up has no version 7"),
        ({"against": "1", "playbook": None}, "a version is of one playbook"),
        ({"playbook": "follow-upp"}, "there is no playbook 'follow-upp'"),
    ],
)
def test_what_is_not_there_is_said(ready: Parts, folder: Path, more: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        ask(ready, folder, **more)


def test_nothing_since_then_is_said(ready: Parts, folder: Path, clock: Hands) -> None:
    with pytest.raises(InputError, match="there is no event in it"):
        ask(ready, folder, since=clock.now + timedelta(days=1))
