"""Sending wake-ups. They may fail: then the sweep and the pollers find the work a moment later."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection

from celery import Celery
from kombu.exceptions import OperationalError

from workers.beat import DRAIN, INBOX, UPKEEP

log = logging.getLogger(__name__)
QUIET_S = 5.0  # after a failure nothing is sent for this long, so that a missing broker slows nobody down


class Waker:
    """Says that channels may have due work."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._quiet_until = 0.0
        self._lock = threading.Lock()

    def __call__(self, channels: Collection[str]) -> None:
        if time.monotonic() < self._quiet_until:  # clock: measures a length of time
            return
        for channel in channels:
            task = {"upkeep": UPKEEP, "inbox": INBOX}.get(channel, DRAIN)
            try:
                self._app.send_task(
                    task,
                    args=(channel,) if task == DRAIN else (),
                    queue=channel,
                    expires=5,
                    retry=False,
                    ignore_result=True,
                )
            except (OperationalError, OSError) as error:
                with self._lock:
                    self._quiet_until = time.monotonic() + QUIET_S  # clock: measures a length of time
                log.warning(
                    "the broker cannot be reached; work goes on without wake-ups",
                    extra={"action": "wake.failed", "error": str(error)},
                )
                return
