"""Offices for the tests of the staff's pages, and who sits at a browser there."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.core.roles import Role
from orchestrator.parts import Parts
from tests.intake.ready import Hands
from tests.web.staff.desk_office import DeskOffice
from tests.web.staff.office import Browser, Office


@pytest.fixture
def office(ready: Parts, tmp_path: Path, clock: Hands) -> Office:
    """On SQLite, with Dana and Kim due."""
    made = Office(ready, tmp_path / "office", clock)
    made.customers_are_due("Dana", "Kim")
    return made


@pytest.fixture
def office_on_both(ready_on_both: Parts, tmp_path: Path, clock: Hands) -> Office:
    """The same, once on each kind of database."""
    made = Office(ready_on_both, tmp_path / "office", clock)
    made.customers_are_due("Dana", "Kim")
    return made


@pytest.fixture
def author(office: Office) -> Browser:
    return office.browser(office.member("olga", Role.AUTHOR))


@pytest.fixture
def lead(office: Office) -> Browser:
    return office.browser(office.member("lee", Role.LEAD))


@pytest.fixture
def desk(ready: Parts, tmp_path: Path, clock: Hands) -> DeskOffice:
    """With Dana due, whose script asks four things."""
    made = DeskOffice(ready, tmp_path / "office", clock)
    made.ask_more("Dana")
    return made


@pytest.fixture
def amys(desk: DeskOffice) -> tuple[Browser, str]:
    """Amy has the call with Dana."""
    return desk.has_call(desk.member("amy"), "Dana")
