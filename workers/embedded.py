"""The embedded form: a Celery worker and its beat as threads of one process, with a broker in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery, beat

from workers.app import QUEUES

START_S = 20.0


@contextmanager
def workers(app: Celery, *, threads: int = 4) -> Iterator[None]:
    """A worker for all queues and the clock, running inside the with-block."""
    ready = threading.Event()

    class Worker(app.WorkController):  # type: ignore[name-defined,misc]  # Celery makes this class for each app
        def on_consumer_ready(self, consumer: Any) -> None:
            ready.set()

    worker = Worker(
        pool="threads",
        concurrency=threads,
        hostname="embedded@local",
        queues=list(QUEUES),
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
    )
    thread = threading.Thread(target=worker.start, name="worker", daemon=True)
    thread.start()
    if not ready.wait(START_S):
        raise TimeoutError(f"the worker in this process was not ready after {START_S:.0f} s")
    clock = beat.Service(app, scheduler_cls=beat.Scheduler)
    ticking = threading.Thread(target=clock.start, kwargs={"embedded_process": False}, name="beat", daemon=True)
    ticking.start()
    try:
        yield
    finally:
        clock.stop(wait=True)
        worker.stop()
        thread.join(30)
