"""A body that is too large, a disk that is full, a server that is gone: a clear answer, nothing stored, and the next event goes through."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
import uvicorn
from sqlalchemy import event as sql_event
from sqlalchemy import text
from starlette.testclient import TestClient

from orchestrator.keys import issue
from orchestrator.parts import Parts
from orchestrator.web.app import MOST_BYTES, create_app
from tests import servers
from tests.intake.ready import Hands, Template, parts_on, quote_sent
from tests.web.conftest import SETTINGS, client_of
from tests.web.test_events import post, stored

TEN_MB = 10_000_000


@contextmanager
def running(parts: Parts) -> Iterator[str]:
    """A real server on loopback; its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(parts, SETTINGS), log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()
    assert not thread.is_alive()


def large(size: int) -> bytes:
    """A valid event of this many bytes at least."""
    return json.dumps(quote_sent(data={"amount": 1, "currency": "USD", "filler": "x" * size})).encode()


def test_ten_megabytes_are_refused_by_a_real_server_and_it_goes_on(ready: Parts) -> None:
    key = issue(ready, "crm", ["events:write"])
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    with running(ready) as address:
        stated = httpx2.post(f"{address}/events", content=large(TEN_MB), headers=headers)
        pieces = httpx2.post(f"{address}/events", content=iter([large(TEN_MB)]), headers=headers)  # chunked: no length is stated
        good = httpx2.post(f"{address}/events", json=quote_sent(), headers=headers)

    for answer in (stated, pieces):
        assert answer.status_code == 413
        assert "5,000,000 bytes" in answer.json()["error"]["problem"] or "too large" in answer.json()["error"]["problem"]
        assert answer.json()["error"]["hint"] == "send fewer events at once"
    assert good.status_code == 200
    assert stored(ready) == ["81"]


def test_a_body_just_below_the_limit_is_taken(ready: Parts, crm: TestClient) -> None:
    answer = post(crm, json.dumps(quote_sent(type="free.form", data={"filler": "x" * (MOST_BYTES - 1_000)})).encode())

    assert answer.status_code == 200


def test_a_full_disk_is_told_and_nothing_is_stored_until_there_is_room(ready: Parts, crm: TestClient) -> None:
    pages: list[int] = [0]

    @sql_event.listens_for(ready.database.engine, "connect")
    def _limit(raw: Any, record: object) -> None:
        raw.execute(f"PRAGMA max_page_count = {pages[0] or 1_000_000}")

    with ready.database.work() as work:
        pages[0] = work.connection.execute(text("PRAGMA page_count")).scalar_one()
    ready.database.engine.dispose()
    full = post(crm, large(400_000))
    pages[0] = 0
    ready.database.engine.dispose()
    roomy = post(crm, large(400_000))

    assert full.status_code == 503
    assert full.headers["Retry-After"] == "5"
    assert "disk that holds the database is full" in full.json()["error"]["problem"]
    assert roomy.json()["status"] == "accepted"


@pytest.mark.servers
def test_a_server_that_is_gone_is_told_and_the_same_event_goes_through_later(
    postgres_template: Template, postgres_server: servers.Postgres, clock: Hands
) -> None:
    url = postgres_server.new_database(like=postgres_template.url)
    parts = parts_on(url, clock, postgres_template.rulebook)
    with client_of(parts) as crm:
        assert post(crm, quote_sent("80", subject="quote/80")).status_code == 200
        postgres_server.drop_database(url)
        answer = post(crm, quote_sent())
    parts.database.close()

    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert "send it again" in answer.json()["error"]["hint"]


def test_without_tables_the_answer_is_that_nothing_can_be_stored(tmp_path: Any, clock: Hands) -> None:
    parts = parts_on(f"sqlite:///{tmp_path / 'empty.sqlite3'}", clock)
    with TestClient(create_app(parts, SETTINGS), raise_server_exceptions=False) as crm:
        answer = post(crm, quote_sent(), headers={"Authorization": "Bearer tp_x"})
    parts.database.close()

    assert answer.status_code == 503
    assert "db upgrade" in answer.json()["error"]["problem"]
