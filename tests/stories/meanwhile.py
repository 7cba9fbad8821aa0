"""Somebody else acts between two units of work of ours, as another process would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from orchestrator.parts import Parts
from orchestrator.store.database import Database, Work


class Between(Database):
    """A database on which somebody else acts once, as soon as so many units of work are over."""

    def __init__(self, url: str, after: int, act: Callable[[], object]) -> None:
        super().__init__(url)
        self.left, self.act = after, act

    @contextmanager
    def work(self) -> Iterator[Work]:
        with super().work() as work:
            yield work
        self.left -= 1
        if self.left == 0:
            self.act()


def meanwhile(parts: Parts, act: Callable[[], object], after: int = 1) -> Parts:
    """These parts, for whom somebody else comes in between."""
    return replace(parts, database=Between(parts.database.url, after, act))
