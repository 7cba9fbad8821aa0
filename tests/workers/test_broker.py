"""The broker is a convenience: emptied, stopped or never there, all the work is done, once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from orchestrator import engine
from orchestrator.clock import utc_now
from orchestrator.store.events import NewEvent
from tests import servers
from tests.stories.world import person
from tests.workers.processes import PATIENCE_S, Business, business, wait_for
from workers.app import make_app
from workers.wake import Waker

pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]


def _all_done_once(b: Business) -> None:
    assert b.faults() == []
    assert b.states() == Counter(sent=2 * b.sent)
    assert len(b.lines()) == 2 * b.sent


def test_a_broker_that_is_emptied_again_and_again_loses_no_touch(
    postgres_server: servers.Postgres, redis_server: servers.Redis, tmp_path: Path
) -> None:
    with business(postgres_server.new_database(), redis_server.url, tmp_path) as b:
        b.start("worker", "email", "wait")
        b.start("worker", "email", "upkeep")
        b.start("beat")

        for _ in range(10):
            b.events(100)  # two touches each
            wait_for(lambda: b.ended() == b.sent, PATIENCE_S, f"{b.sent} enrollments at their end", meanwhile=redis_server.flush)

        _all_done_once(b)


def test_a_broker_that_goes_away_costs_seconds_and_no_touch(
    postgres_server: servers.Postgres, redis_server: servers.Redis, tmp_path: Path
) -> None:
    with business(postgres_server.new_database(), redis_server.url, tmp_path) as b:
        worker = b.start("worker")
        b.start("beat")
        b.events(50)
        wait_for(lambda: b.ended() == 50, PATIENCE_S, "the first 50 with a broker")

        redis_server.take_down()
        b.events(50)
        wait_for(lambda: b.ended() == 100, PATIENCE_S, "the next 50 without one")
        redis_server.bring_up()
        b.events(50)
        wait_for(lambda: b.ended() == 150, PATIENCE_S, "the last 50 with it again")

        _all_done_once(b)
        assert b.stop(worker) < 10


def test_workers_that_never_find_a_broker_do_the_work_and_stop_when_told(
    postgres_server: servers.Postgres, tmp_path: Path
) -> None:
    with business(postgres_server.new_database(), f"redis+socket://{tmp_path}/nothing.sock", tmp_path) as b:
        b.events(100)

        worker = b.start("worker")

        wait_for(lambda: b.ended() == 100, PATIENCE_S, "100 enrollments without a broker")
        _all_done_once(b)
        assert b.stop(worker) < 10


def test_events_are_accepted_quickly_while_the_broker_is_absent_or_has_forgotten_everything(
    postgres_server: servers.Postgres, redis_server: servers.Redis, tmp_path: Path
) -> None:
    with business(postgres_server.new_database(), redis_server.url, tmp_path) as b:
        waker = Waker(make_app(b.settings))

        waker({"email"})
        redis_server.flush()
        waker({"email", "upkeep"})
        redis_server.take_down()
        began = utc_now()
        waker({"email"})
        waker({"email"})

        assert (utc_now() - began).total_seconds() < 5
        now = utc_now()
        event = NewEvent(b.parts.new_id(), "crm", "x", "quote.sent", "quote/x", now, now, {}, person("Dana"), "h", True)
        assert engine.handle_events(b.parts, [event])[0].status == "accepted"
