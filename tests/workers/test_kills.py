"""Workers die at the worst moments: nothing is lost, nothing happens twice, and a worker that is asked to stop leaves nothing open."""

from __future__ import annotations

import random
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from tests import servers
from tests.length import LONG
from tests.workers.processes import PATIENCE_S, business, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]
KILLS, A_ROUND = 20 if LONG else 8, 50  # enrollments with two touches each: 2,000 touches, or 800


def test_kills_in_the_middle_of_hundreds_of_touches_lose_none_and_double_none(
    postgres_server: servers.Postgres, redis_server: servers.Redis, tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print("seed", seed)
    chance = random.Random(seed)
    with business(postgres_server.new_database(), redis_server.url, tmp_path, lease_s=2.0) as b:
        b.start("beat")
        workers = [b.start("worker", "email", "wait", "upkeep") for _ in range(2)]
        b.events(10)
        wait_for(lambda: b.ended() == 10, PATIENCE_S, "the workers are up")

        for _ in range(KILLS):
            before = b.size()
            b.events(A_ROUND)
            wait_for(partial(b.has_grown, before), PATIENCE_S, "somebody is at it")
            time.sleep(chance.random() * 0.05)  # not to wait for anything: where in its work the kill finds the worker
            b.kill(workers.pop(chance.randrange(len(workers))))
            workers.append(b.start("worker", "email", "wait", "upkeep"))

        wait_for(lambda: b.ended() == b.sent, PATIENCE_S, "every enrollment at its end")
        assert b.faults() == []
        assert b.states() == Counter(sent=2 * b.sent)
        assert len(b.lines()) == 2 * b.sent == 2 * (10 + KILLS * A_ROUND)


def test_a_worker_that_is_asked_to_stop_finishes_what_it_holds_within_seconds(
    postgres_server: servers.Postgres, redis_server: servers.Redis, tmp_path: Path
) -> None:
    with business(postgres_server.new_database(), redis_server.url, tmp_path) as b:
        b.start("beat")
        worker = b.start("worker")
        b.events(10)
        wait_for(lambda: b.ended() == 10, PATIENCE_S, "the worker is up")
        before = b.size()
        b.events(2_000)
        wait_for(lambda: b.size() > before, PATIENCE_S, "it is at it")

        seconds = b.stop(worker)

        states = b.states()
        assert seconds < 10
        assert set(states) <= {"sent", "planned"}, "nothing is held by somebody who is gone"
        assert b.faults() == []


@pytest.mark.parametrize("folder", ["sqlite"])
def test_two_workers_share_one_sqlite_file(redis_server: servers.Redis, tmp_path: Path, folder: str) -> None:
    with business(f"sqlite:///{tmp_path / folder}.sqlite3", redis_server.url, tmp_path) as b:
        b.start("beat")
        for _ in range(2):
            b.start("worker")

        for _ in range(6):
            b.events(50)

        wait_for(lambda: b.ended() == 300, PATIENCE_S, "300 enrollments at their end")
        assert b.faults() == []
        assert b.states() == Counter(sent=600)
