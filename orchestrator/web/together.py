"""Requests that wait for the database at the same moment share one unit of work: a commit costs the same for one event as for fifty.

Whoever comes while nobody works begins at once, so a lone request waits for nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from orchestrator.accepting import Answer, Raw

MOST = 100  # events in one unit of work; more would make the first wait for the last

AcceptAll = Callable[[Sequence[Raw]], Sequence[Answer]]


class _Waiting:
    """One event whose request waits."""

    __slots__ = ("answer", "error", "raw")

    def __init__(self, raw: Raw) -> None:
        self.raw = raw
        self.answer: Answer | None = None
        self.error: BaseException | None = None

    @property
    def over(self) -> bool:
        return self.answer is not None or self.error is not None


class Together:
    """Takes single events from many threads and hands them on in groups, in the order in which they came."""

    def __init__(self, accept_all: AcceptAll) -> None:
        self._accept_all = accept_all
        self._turn = threading.Condition()
        self._waiting: list[_Waiting] = []
        self._busy = False

    def accept(self, raw: Raw) -> Answer:
        """What became of this event. An error that hits a group is raised in each of its threads: nothing of it was stored."""
        mine = _Waiting(raw)
        with self._turn:
            self._waiting.append(mine)
        while not mine.over:
            group = self._next_group(mine)
            if group:
                self._take(group)
        if mine.error is not None:
            raise mine.error
        assert mine.answer is not None, "an event that is over has an answer or an error"
        return mine.answer

    def _next_group(self, mine: _Waiting) -> list[_Waiting]:
        """The events to take now; empty when another thread has taken mine."""
        with self._turn:
            while self._busy and not mine.over:
                self._turn.wait()
            if mine.over:
                return []
            group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            self._busy = True
            return group

    def _take(self, group: Sequence[_Waiting]) -> None:
        try:
            answers = self._accept_all([one.raw for one in group])
            for one, answer in zip(group, answers, strict=True):
                one.answer = answer
        except BaseException as error:  # shell: raised again in every thread that waits for this group
            for one in group:
                one.error = error
        finally:
            with self._turn:
                self._busy = False
                self._turn.notify_all()
