"""`make bench`: what the product does beside what the same machine can do at all. Prints; asserts nothing.

PostgreSQL with its stock settings (every commit is on the disk), a Redis-compatible broker, two worker processes, all on this
machine. Each figure is a ratio of two measurements of the same run; three runs; min / median / max.
"""

from __future__ import annotations

import argparse
import os
import platform
import socket
import tempfile
from pathlib import Path

from celery import Celery
from rich.console import Console
from rich.table import Table

from orchestrator.config import Settings
from orchestrator.keys import issue
from orchestrator.wiring import build
from tests import servers
from tests.bench import cycle, decisions, intake, noop, touches
from tests.bench.figures import Figures, spread
from tests.bench.fill import prepare
from tests.bench.running import processes, resident_mb, settings
from workers.wake import Waker

NOOP_DEFAULT, NOOP_SOLO = "raw Celery no-op/s, one default worker (prefork 2)", "raw Celery no-op/s, two solo workers"
TOUCHES, CYCLE = "whole touches/s, two workers", "bare SQL claim-finish-log rows/s, two clients, batch 500"
EVENTS, PLANNER = "events/s through POST /events, batches of 100", "planner decisions/s, one process"
LATE, AT_LARGE, AT_SMALL = (
    "lateness p99 in s, 5,000 due at once",
    "touches/s with the pending ones",
    "touches/s with 10,000 pending",
)
MEMORY = "memory of two workers, MB more than without pending touches"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--touches", type=int, default=20_000)
    options.add_argument("--pending", type=int, default=1_000_000)
    given = options.parse_args()
    figures = Figures()
    with servers.postgres(durable=True) as postgres, servers.redis() as redis, tempfile.TemporaryDirectory() as folder:
        print(_machine(postgres))
        for run in range(given.runs):
            print(f"run {run + 1} of {given.runs}", flush=True)
            figures.add(NOOP_DEFAULT, noop.per_second(redis, solo_workers=0))
            figures.add(NOOP_SOLO, noop.per_second(redis, solo_workers=2))
            figures.add(CYCLE, cycle.per_second(postgres.new_database(), 500))
            figures.add(PLANNER, decisions.per_second())
            redis.flush()
            _through_workers(figures, postgres.new_database(), redis, Path(folder), given.touches, 0)
            _through_web(figures, postgres.new_database(), redis, Path(folder))
        print(f"with {given.pending:,} pending", flush=True)
        _growth(figures, postgres, redis, Path(folder), given)
    _print(figures, given.pending)


def _through_workers(figures: Figures, url: str, redis: servers.Redis, folder: Path, count: int, pending: int) -> None:
    env = settings(url, redis.url, folder)
    parts = build(Settings(database_url=url, email_via="null"), wake=Waker(Celery("waker", broker=redis.url)))
    prepare(parts)
    with processes(env, "worker email", "worker email", "beat"):
        touches.per_second(parts, "warm-", 2_000)
        touches.vacuum(parts)
        figures.add(TOUCHES, touches.per_second(parts, "measured-", count))
    parts.database.close()


def _through_web(figures: Figures, url: str, redis: servers.Redis, folder: Path) -> None:
    port = free_port()
    parts = build(Settings(database_url=url, email_via="null"))
    prepare(parts)
    key = issue(parts, "bench", ["events:write"])
    with processes(settings(url, redis.url, folder, port), "serve --web-only"):
        base = f"http://127.0.0.1:{port}"
        intake.per_second(base, key, "warm")
        figures.add(EVENTS, intake.per_second(base, key, "measured"))
    parts.database.close()


def _growth(figures: Figures, postgres: servers.Postgres, redis: servers.Redis, folder: Path, given: argparse.Namespace) -> None:
    """The same measurements with few and with many touches pending, turn by turn, in two databases."""
    both = []
    for pending in (10_000, given.pending):
        url = postgres.new_database()
        parts = build(Settings(database_url=url, email_via="null"), wake=Waker(Celery("waker", broker=redis.url)))
        prepare(parts)
        touches.pend(parts, pending)
        touches.vacuum(parts)
        both.append((url, parts, pending))
    memory: dict[int, list[float]] = {}
    for run in range(given.runs):
        for url, parts, pending in both:
            redis.flush()
            with processes(settings(url, redis.url, folder), "worker email", "worker email", "beat") as pids:
                touches.per_second(parts, f"warm-{run}-", 2_000)
                figures.add(
                    AT_SMALL if pending == 10_000 else AT_LARGE, touches.per_second(parts, f"grown-{run}-", given.touches // 2)
                )
                memory.setdefault(pending, []).append(sum(resident_mb(pid) for pid in pids[:2]))
                if pending != 10_000:
                    figures.add(LATE, touches.lateness_p99_s(parts, f"late-{run}-", 5_000))
            touches.vacuum(parts)
    for few, many in zip(memory[10_000], memory[given.pending], strict=True):
        figures.add(MEMORY, many - few)


def _print(figures: Figures, pending: int) -> None:
    table = Table("figure", "goal", "min / median / max", title="Benchmark", title_justify="left")
    v = figures.values
    table.add_row(
        "whole touches/s over raw Celery no-op/s (a) one default worker, prefork 2",
        "10",
        spread(figures.ratio(TOUCHES, NOOP_DEFAULT)),
    )
    table.add_row("whole touches/s over raw Celery no-op/s (b) two solo workers", "5", spread(figures.ratio(TOUCHES, NOOP_SOLO)))
    table.add_row(
        "whole touches/s over bare SQL claim-finish-log, batch 500, two clients", "0.35", spread(figures.ratio(TOUCHES, CYCLE))
    )
    table.add_row("events/s through POST /events over raw Celery no-op/s (a)", "5", spread(figures.ratio(EVENTS, NOOP_DEFAULT)))
    table.add_row(f"lateness p99 in s with {pending:,} pending and 5,000 due at once", "under 2", spread(v[LATE]))
    table.add_row(f"memory of two workers: MB more with {pending:,} pending than with 10,000", "0", spread(v[MEMORY]))
    table.add_row(
        f"touches/s at {pending:,} pending over touches/s at 10,000 pending",
        "above 0.8",
        spread(figures.ratio(AT_LARGE, AT_SMALL)),
    )
    table.add_row("pure planner: decisions/s in one process", "50,000", spread(v[PLANNER]))
    for name in (NOOP_DEFAULT, NOOP_SOLO, CYCLE, TOUCHES, EVENTS):
        table.add_row(name, "", spread(v[name]), style="dim")
    Console(width=130).print(table)


def _machine(postgres: servers.Postgres) -> str:
    cpu = next(
        (x.split(":")[1].strip() for x in Path("/proc/cpuinfo").read_text().splitlines() if x.startswith("model name")), "?"
    )
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} × {cpu}, {system}, {postgres.origin}"


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


if __name__ == "__main__":
    main()
