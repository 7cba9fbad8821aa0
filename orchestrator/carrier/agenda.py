"""What the imagination will do, and when: one heap of moments, worked in real time or up to a moment that jumps."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

Act = Callable[[datetime], None]  # is told the moment that it was planned for


@dataclass(order=True, slots=True)
class Planned:
    """One thing that will be done."""

    at: datetime
    number: int  # of two at the same moment the one that was planned first comes first
    act: Act = field(compare=False)
    lane: str = field(compare=False)  # what must stay in order among itself: a call, a message
    wanted: Callable[[], bool] = field(compare=False)  # whether it is still to be done


class Agenda:
    """Everything that is still to be done. May be used from several threads."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed  # 10: everything takes a tenth of its time
        self.changed = threading.Condition()
        self._heap: list[Planned] = []
        self._planned = 0
        self._busy = 0

    def after(
        self, seconds: float, act: Act, *, now: datetime, lane: str = "", wanted: Callable[[], bool] = lambda: True
    ) -> None:
        """Plan something so many imagined seconds after `now`. It is forgotten when it is not wanted any more."""
        with self.changed:
            self._planned += 1
            at = now + timedelta(seconds=max(0.0, seconds) / self.speed)
            heapq.heappush(self._heap, Planned(at, self._planned, act, lane, wanted))
            self.changed.notify_all()

    def next_at(self) -> datetime | None:
        """When the next thing is due; None when nothing is planned."""
        with self.changed:
            self._forget()
            return self._heap[0].at if self._heap else None

    def take_due(self, moment: datetime) -> Planned | None:
        """The next thing that is due at this moment, taken off the agenda; say `finished()` when it is done."""
        with self.changed:
            self._forget()
            if not self._heap or self._heap[0].at > moment:
                return None
            self._busy += 1
            return heapq.heappop(self._heap)

    def put_back(self, planned: Planned) -> None:
        """Something was taken and could not be done: it stays planned."""
        with self.changed:
            self._busy -= 1
            heapq.heappush(self._heap, planned)
            self.changed.notify_all()

    def finished(self) -> None:
        """One thing that was taken is done."""
        with self.changed:
            self._busy -= 1
            self.changed.notify_all()

    def work_until(self, moment: datetime) -> int:
        """Do what is due up to this moment, in order, also what comes up meanwhile. Answers how much was done."""
        done = 0
        while (planned := self.take_due(moment)) is not None:
            try:
                planned.act(planned.at)
            finally:
                self.finished()
            done += 1
        return done

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until nothing is left to do; False when it took too long."""
        with self.changed:
            return self.changed.wait_for(self._nothing_left, timeout_s)

    def _nothing_left(self) -> bool:
        self._forget()
        return not self._heap and not self._busy

    def _forget(self) -> None:
        """Take off what is next and not wanted any more, such as the longest time of a call that has ended."""
        while self._heap and not self._heap[0].wanted():
            heapq.heappop(self._heap)
