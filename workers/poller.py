"""When the broker is silent, a worker asks the database itself. So a missing broker costs a few seconds, never the work."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from celery import bootsteps
from celery.signals import task_postrun, task_prerun, task_received

from orchestrator import callbacks, dispatch
from orchestrator.sweep import sweep
from workers.process import parts_of, time_to_stop

log = logging.getLogger(__name__)
SILENCE_S = 3.0  # without a wake-up for this long, ask
EVERY_S = 1.0
_last_wake_up = [0.0]  # of this process, on the monotonic clock
_at_work = [0]  # wake-ups that are being worked here; meanwhile a solo worker reads no others


@task_received.connect
@task_postrun.connect
def _woken(**_: object) -> None:
    _last_wake_up[0] = time.monotonic()  # clock: measures a silence


@task_prerun.connect
def _begins(**_: object) -> None:
    _at_work[0] += 1


@task_postrun.connect
def _ends(**_: object) -> None:
    _at_work[0] -= 1


class Poller(bootsteps.StartStopStep):
    """A thread beside the consumer. It starts before the consumer, so it works while the broker has never been seen."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, worker: Any) -> None:
        _last_wake_up[0] = time.monotonic()  # clock: measures a silence
        self._thread = threading.Thread(target=self._run, args=(worker,), name="poller", daemon=True)
        self._thread.start()

    def stop(self, worker: Any) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(60)

    def terminate(self, worker: Any) -> None:
        self._stop.set()

    def _run(self, worker: Any) -> None:
        silent = False
        while not self._stop.wait(EVERY_S):
            if _at_work[0] or time.monotonic() - _last_wake_up[0] < SILENCE_S:  # clock: measures a silence
                silent = False
                continue
            if not silent:
                log.warning("no wake-up for a while; asking the database", extra={"action": "poller.silence"})
                silent = True
            self._ask(worker)

    def _ask(self, worker: Any) -> None:
        try:
            parts = parts_of(worker.app.touchpoint_settings)
            for queue in worker.app.amqp.queues.consume_from:
                if queue in dispatch.CHANNELS:
                    dispatch.drain(parts, queue, stop=time_to_stop())
                elif queue == "inbox":
                    callbacks.handle_waiting(parts, stop=time_to_stop())
                else:
                    sweep(parts)
        except Exception:  # shell: the next round tries again; a thread that ends would be missed by nobody
            log.exception("asking the database failed", extra={"action": "poller.failed"})
