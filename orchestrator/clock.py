"""The only place that reads the clock. Entry points call `utc_now` once and pass the answer down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]  # answers an aware UTC moment


def utc_now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)
