"""The tasks. Each wakes a verb of the shell and knows nothing else."""

from __future__ import annotations

from celery import Celery

from orchestrator import callbacks, dispatch
from orchestrator.config import Settings
from orchestrator.sweep import sweep
from workers.beat import DRAIN, INBOX, UPKEEP
from workers.process import parts_of, time_to_stop


def register(app: Celery, settings: Settings) -> None:
    """Give the application its tasks."""

    @app.task(name=DRAIN)
    def drain(channel: str) -> None:
        """A channel may have due work."""
        dispatch.drain(parts_of(settings), channel, stop=time_to_stop())

    @app.task(name=INBOX)
    def inbox() -> None:
        """A provider, or a customer, may have told us something."""
        callbacks.handle_waiting(parts_of(settings), stop=time_to_stop())

    @app.task(name=UPKEEP)
    def upkeep() -> None:
        """Somebody may not have come back."""
        sweep(parts_of(settings))
