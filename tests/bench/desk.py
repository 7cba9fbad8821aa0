"""`make bench-desk`: how long "next call" takes with 100,000 calls waiting and 200 people asking, and who wins a call that fifty want.

PostgreSQL with its stock settings, everything on this machine. Prints; asserts nothing.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select, text

from orchestrator import authoring, desk
from orchestrator.clock import utc_now
from orchestrator.config import Settings
from orchestrator.core.model import TouchState
from orchestrator.desk import Agent, CallTask, NotHeld
from orchestrator.parts import Parts
from orchestrator.store import schema
from orchestrator.store.upgrade import upgrade
from orchestrator.wiring import build
from tests import servers
from tests.bench.fill import fill
from tests.stories import designs

QUEUES = ("sales", "support", "billing", "leads")
ANY_TIME = {
    "default_windows": "{email: any-time, text: any-time, call: any-time, voice: any-time, voicemail: any-time}",
    "never_outside": "{email: any-time, text: any-time, call: any-time, voice: any-time, voicemail: any-time}",
    "queues": "{sales: {title: Sales}, support: {title: Support}, billing: {title: Billing}, leads: {title: Leads}}",
}
T = TypeVar("T")
PEOPLE_AT_ONCE = 50  # who want one call
WEB_PROCESSES = 2


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--waiting", type=int, default=100_000)
    options.add_argument("--people", type=int, default=200)
    options.add_argument("--every", type=float, default=8.0, help="seconds between two claims of one person")
    options.add_argument("--seconds", type=float, default=40.0)
    options.add_argument("--rounds", type=int, default=500)
    given = options.parse_args()
    with servers.postgres(durable=True) as postgres, tempfile.TemporaryDirectory() as folder:
        url = postgres.new_database()
        parts = opened(url)
        waiting(parts, Path(folder), given.waiting)
        alone = [_once(parts, Agent("ari", QUEUES[:2], (), ("en",))) for _ in range(100)]
        print(f"one person alone: {_words(alone)}", flush=True)
        took = asking(url, given.people, given.every, given.seconds)
        rate = len(took) / given.seconds
        print(
            f"{given.waiting:,} calls waiting, {given.people} people, {rate:.0f} claims/s: {_words(took)}; goals: 50 and 200",
            flush=True,
        )
        winners = contested(parts, given.rounds)
        print(f"{given.rounds} rounds of {PEOPLE_AT_ONCE} people who want one call: winners in a round: {dict(winners)}")
        parts.database.close()


def opened(url: str) -> Parts:
    """The parts of one web process."""
    return build(Settings(database_url=url, email_via="null", text_via="null", voice_via="null"))


def waiting(parts: Parts, folder: Path, count: int) -> None:
    """So many calls that wait, in four queues; some need a skill, a language, or are kept for somebody; and as much history."""
    upgrade(parts.database)
    steps = "- touchpoint: quote-thanks\n  call: quote-thanks\n  queue: sales"
    authoring.publish(parts, designs.write(folder, designs.playbook(steps, "quote-follow-up"), house=ANY_TIME), "bench")
    now = utc_now()
    fill(parts, "done-", count, now - timedelta(days=30), now - timedelta(days=31))
    with parts.database.work() as work:
        work.connection.execute(text("UPDATE touch SET state = 'sent', effect_at = due_at, finished_at = due_at"))
    fill(parts, "ready-", count, now - timedelta(hours=2), now - timedelta(days=1))
    with parts.database.work() as work:
        work.connection.execute(text("""UPDATE customer SET consent = '{"call": "service"}'"""))
        work.connection.execute(
            text(
                """
                UPDATE touch SET state = 'ready', channel = 'call', queue = (ARRAY['sales', 'support', 'billing', 'leads'])[1 + n % 4],
                       due_at = due_at - n * interval '1 second', rank_at = expires_at - n * interval '1 second',
                       expires_at = expires_at + interval '20 days',
                       skill = CASE WHEN n % 10 = 0 THEN 'roofing' END, language = CASE WHEN n % 7 = 0 THEN 'es' END,
                       offered_to = CASE WHEN n % 9 = 0 THEN 'p1' END
                FROM (SELECT id AS this, row_number() OVER (ORDER BY id) AS n FROM touch WHERE state = 'planned') numbered
                WHERE id = this
                """
            )
        )
    with parts.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def asking(url: str, people: int, every: float, seconds: float) -> list[float]:
    """How long each claim took, of people spread over the web processes; each puts their call back after a moment."""
    with multiprocessing.get_context("spawn").Pool(WEB_PROCESSES) as pool:
        each = people // WEB_PROCESSES
        shares = [pool.apply_async(_process, (url, n, each, every, seconds)) for n in range(WEB_PROCESSES)]
        return [one for share in shares for one in share.get()]


def _process(url: str, number: int, people: int, every: float, seconds: float) -> list[float]:
    parts = opened(url)
    took: list[float] = []
    until = time.monotonic() + seconds

    def person(i: int) -> None:
        name = f"p{number * people + i}"
        chance = random.Random(name)
        mine = Agent(
            name, (QUEUES[i % 4], QUEUES[(i + 1) % 4]), ("roofing",) if i % 3 == 0 else (), ("en", "es") if i % 2 else ("en",)
        )
        time.sleep(chance.uniform(0, every))
        while time.monotonic() < until:
            spent, task = _timed(lambda: desk.claim_next(parts, mine))
            took.append(spent)
            time.sleep(chance.uniform(0.2, 0.4) * every)
            if task is not None:
                desk.put_back(parts, task.touch, name)
            time.sleep(chance.uniform(0.2, 1.2) * every)

    threads = [threading.Thread(target=person, args=(i,)) for i in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    parts.database.close()
    return took


def contested(parts: Parts, rounds: int) -> Counter[int]:
    """How many winners each round had; every loser must have heard who has it."""
    with parts.database.work() as work:
        query = select(schema.touch.c.id).where(schema.touch.c.state == TouchState.READY, schema.touch.c.offered_to.is_(None))
        wanted = list(work.connection.execute(query.order_by(schema.touch.c.rank_at).limit(rounds)).scalars())
    answer: Counter[int] = Counter()
    with ThreadPoolExecutor(PEOPLE_AT_ONCE) as pool:
        for number, call in enumerate(wanted):
            answer[_one_round(parts, pool, number, call)] += 1
    return answer


def _one_round(parts: Parts, pool: ThreadPoolExecutor, number: int, call: UUID) -> int:
    def want(i: int) -> Any:
        return desk.claim_this(parts, call, Agent(f"r{number}-{i}"))

    said = list(pool.map(want, range(PEOPLE_AT_ONCE)))
    won = [s for s in said if isinstance(s, CallTask)]
    lost = [s for s in said if isinstance(s, NotHeld) and s.state is TouchState.IN_CALL and s.held_by is not None]
    return len(won) if len(won) + len(lost) == PEOPLE_AT_ONCE and len({s.held_by for s in lost}) == 1 else -1


def _once(parts: Parts, agent: Agent) -> float:
    spent, task = _timed(lambda: desk.claim_next(parts, agent))
    assert task is not None, "calls wait"
    desk.put_back(parts, task.touch, agent.name)
    return spent


def _timed(act: Callable[[], T]) -> tuple[float, T]:
    begun = time.perf_counter()
    answer = act()
    return time.perf_counter() - begun, answer


def _words(took: list[float]) -> str:
    ordered = sorted(took)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return f"median {1000 * statistics.median(ordered):.0f} ms, p99 {1000 * p99:.0f} ms ({len(ordered)} claims)"


if __name__ == "__main__":
    main()
