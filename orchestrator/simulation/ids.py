"""Ids of a simulation and of a replay: counted, so that a rerun makes the same ones."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from uuid import UUID


def counted_ids() -> Callable[[], UUID]:
    """Ids 1, 2, 3 …: as in life a later one is greater, and a rerun makes the same ones."""
    numbers = count(1)
    return lambda: UUID(int=next(numbers))
