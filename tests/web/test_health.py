"""A load balancer learns whether the process lives, and whether it can do its work; people learn why not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from orchestrator.parts import Parts
from orchestrator.web.app import create_app
from tests.intake.ready import Hands, parts_on
from tests.web.conftest import SETTINGS, client_with


def test_a_process_that_can_do_its_work_says_so_without_a_key(ready_on_both: Parts) -> None:
    with client_with(ready_on_both, "") as anybody:
        assert (anybody.get("/healthz").status_code, anybody.get("/healthz").json()) == (200, {"status": "up"})
        assert anybody.get("/readyz").json() == {"ready": True, "wrong": []}


def test_a_database_of_a_newer_program_is_not_worked_on(ready_on_both: Parts) -> None:
    with ready_on_both.database.work() as work:
        work.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with client_with(ready_on_both, "") as anybody:
        answer = anybody.get("/readyz")
        assert anybody.get("/healthz").status_code == 200

    assert answer.status_code == 503
    assert "newer version (9999)" in answer.json()["wrong"][0]


@pytest.mark.parametrize(("state", "says"), [("empty", "db upgrade"), ("unpublished", "touchpoint publish")])
def test_a_process_without_tables_or_playbooks_is_not_ready(database_url: str, clock: Hands, state: str, says: str) -> None:
    from orchestrator.store.upgrade import upgrade

    parts = parts_on(database_url, clock)
    if state == "unpublished":
        upgrade(parts.database)

    with client_with(parts, "") as anybody:
        answer = anybody.get("/readyz")
    parts.database.close()

    assert answer.status_code == 503
    assert says in answer.json()["wrong"][0]


@pytest.mark.parametrize(("ago", "status"), [(timedelta(seconds=119), 200), (timedelta(seconds=121), 503)])
def test_a_process_that_no_longer_sweeps_is_not_ready(ready: Parts, clock: Hands, ago: timedelta, status: int) -> None:
    def last() -> datetime:
        return clock() - ago

    with TestClient(create_app(ready, SETTINGS, last_sweep=last)) as anybody:
        assert anybody.get("/readyz").status_code == status
