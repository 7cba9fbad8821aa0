"""What raw Celery does: tasks that do nothing, as many as a worker can take."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from celery import Celery

from tests import servers

TASKS = 6_000
app = Celery("noop", broker=os.environ.get("BENCH_BROKER", "memory://"))
app.conf.task_ignore_result = True


@app.task(name="noop")
def noop() -> None:
    """Nothing."""


def per_second(redis: servers.Redis, *, solo_workers: int) -> float:
    """Tasks a second: one default worker (prefork 2) when solo_workers is 0, else that many solo workers."""
    redis.flush()
    sender = Celery("sender", broker=redis.url)
    with sender.producer_or_acquire() as producer:
        for _ in range(TASKS):
            sender.send_task("noop", producer=producer, ignore_result=True)
    client = redis.client()
    commands = [["--pool=prefork", "--concurrency=2"]] if not solo_workers else [["--pool=solo"]] * solo_workers
    with _workers(redis.url, commands):
        _until(lambda: client.llen("celery") < TASKS)
        start, left = time.perf_counter(), client.llen("celery")
        _until(lambda: client.llen("celery") == 0)
        return left / (time.perf_counter() - start)


@contextmanager
def _workers(broker: str, commands: list[list[str]]) -> Iterator[None]:
    base = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "tests.bench.noop",
        "worker",
        "--loglevel=ERROR",
        "--without-gossip",
        "--without-mingle",
    ]
    running = [
        subprocess.Popen(
            [*base, *more, "-n", f"w{i}@bench"], env={**os.environ, "BENCH_BROKER": broker}, stdout=subprocess.DEVNULL
        )
        for i, more in enumerate(commands)
    ]
    try:
        yield
    finally:
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:  # a prefork worker that was stopped while it forked may never hear of it
                process.kill()


def _until(fact: object, most_s: float = 120.0) -> None:
    end = time.perf_counter() + most_s
    while not fact():  # type: ignore[operator]
        if time.perf_counter() > end:
            raise TimeoutError("the workers did not finish")
        time.sleep(0.005)
