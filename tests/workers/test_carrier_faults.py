"""The great fault story: 750 touches over all channels (2,000 with `make test-long`), real processes that are killed, and a provider on a bad day.

Nothing happens twice, nothing is lost, and what nobody knows is either found in the provider's own ledger or put before a person.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests import servers
from tests.length import LONG
from tests.workers import carried_books
from tests.workers.carried_business import CarriedBusiness, carried_business
from tests.workers.processes import PATIENCE_S, wait_for

pytestmark = pytest.mark.timeout(300)
SUBJECTS, ROUNDS = (256, 8) if LONG else (96, 4)  # eight or nine touches each


def test_one_process_that_is_killed_again_and_again_on_a_bad_day_at_the_provider(tmp_path: Path) -> None:
    with carried_business(f"sqlite:///{tmp_path / 'touchpoint.sqlite3'}", "memory://", tmp_path, _seed()) as b:
        process = b.starts_web("serve")
        b.opens()

        for number in range(ROUNDS):
            _a_round(b)
            if number % 2:
                b.kill(process)
                process = b.starts_web("serve")

        _comes_to_rest(b)
        assert b.kills == ROUNDS // 2
        _is_as_promised(b)


@pytest.mark.servers
def test_two_workers_and_the_web_are_killed_at_random_on_a_bad_day_at_the_provider(
    postgres_server: servers.Postgres, redis_server: servers.Redis, tmp_path: Path
) -> None:
    with carried_business(postgres_server.new_database(), redis_server.url, tmp_path, _seed()) as b:
        b.start("beat")
        workers = [b.start("worker") for _ in range(2)]
        web = b.starts_web("serve", "--web-only")
        b.opens()

        for number in range(ROUNDS):
            _a_round(b)
            b.kill(workers.pop(0))  # the one that has been at work for longer: the other may be starting yet
            workers.append(b.start("worker"))
            if number == ROUNDS // 2:
                b.kill(web)
                web = b.starts_web("serve", "--web-only")
        for _ in range(3):
            _something_happens(b)
            b.kill(workers.pop(0))
            workers.append(b.start("worker"))

        _comes_to_rest(b)
        assert b.kills >= ROUNDS + 3
        _is_as_promised(b)


def _seed() -> int:
    seed = random.SystemRandom().randrange(10**6)
    print("seed", seed)
    return seed


def _a_round(b: CarriedBusiness) -> None:
    """More quotes are sent, and the workers are at it."""
    b.events(SUBJECTS // ROUNDS)
    _something_happens(b)


def _something_happens(b: CarriedBusiness) -> None:
    before = b.effects()
    wait_for(lambda: b.effects() > before + 5 or not b.restless(), PATIENCE_S, "something reaches the provider")
    time.sleep(b.chance.random() * 0.3)  # not to wait for anything: where in its work the kill finds the process


def _comes_to_rest(b: CarriedBusiness) -> None:
    """The provider's bad day is over, and everything reaches its end or a person."""
    b.the_day_gets_better()
    began = time.monotonic()
    try:
        wait_for(lambda: not b.restless(), 180, "everything at rest", meanwhile=b.goes_on)
    finally:
        print(f"after {time.monotonic() - began:.0f} s: {b.restless() or 'at rest'}; {b.states()}")


def _is_as_promised(b: CarriedBusiness) -> None:
    counted, wrong = carried_books.audit(b)
    print(counted)
    assert not wrong, "\n".join([f"{len(wrong)} wrong", *(str(w) for w in wrong[:25]), *carried_books.stories(b, wrong[:3])])
    assert counted.touches >= 7.8 * SUBJECTS
    assert counted.faults > 1.95 * SUBJECTS, "it was a bad day"
    assert counted.reconciled > SUBJECTS / 13, "and there was something to find out"
