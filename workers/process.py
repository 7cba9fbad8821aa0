"""What one worker process holds: its parts, made once, and whether it is being stopped."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable

from celery.signals import worker_shutting_down

from orchestrator.config import Settings
from orchestrator.parts import Parts
from orchestrator.wiring import build

MOST_SECONDS = 30.0  # one wake-up works no longer than this; the next one goes on
_lock = threading.Lock()
_parts: dict[str, Parts] = {}
_stopping = threading.Event()


def parts_of(settings: Settings) -> Parts:
    """This process's parts."""
    key = settings.model_dump_json()  # settings are values; two equal ones share their parts
    with _lock:
        if key not in _parts:
            _parts[key] = build(settings)
            calm_garbage_collection()
        return _parts[key]


def calm_garbage_collection() -> None:
    """What is loaded stays for good, and batches free by themselves what they make: look for circles of garbage seldom.

    A fifth of a worker's time went into looking (measured).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def forget() -> None:
    """Start over with connections of our own (after a fork)."""
    with _lock:
        for parts in _parts.values():
            parts.database.engine.dispose(close=False)
        _parts.clear()


def time_to_stop() -> Callable[[], bool]:
    """Says yes when the process is being stopped, or after MOST_SECONDS: asked between batches, so what is held is finished."""
    until = time.monotonic() + MOST_SECONDS  # clock: measures a length of time
    return lambda: _stopping.is_set() or time.monotonic() > until  # clock: measures a length of time


@worker_shutting_down.connect
def _stop(**_: object) -> None:
    _stopping.set()
