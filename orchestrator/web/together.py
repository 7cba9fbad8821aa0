"""Requests that wait for the database at the same moment share one unit of work: a commit costs the same for one as for fifty.

Whoever comes while nobody works begins at once, so a lone request waits for nobody. One thread writes; threads wait for it with
`accept`, coroutines with `ask`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

MOST = 100  # in one unit of work; more would make the first wait for the last

In = TypeVar("In")
Out = TypeVar("Out")


class Together(Generic[In, Out]):
    """Takes single things from many requests and hands them on in groups, in the order in which they came."""

    def __init__(self, take_all: Callable[[Sequence[In]], Sequence[Out]], *, most: int = MOST) -> None:
        """take_all: one answer for each, in their order; an error that it raises hits the whole group."""
        self._take_all = take_all
        self._most = most
        self._turn = threading.Lock()
        self._waiting: list[tuple[In, Future[Out]]] = []
        self._busy = False
        self._writer = ThreadPoolExecutor(1, "together")  # begins its thread with the first request

    def accept(self, one: In) -> Out:
        """What became of it, for a thread. An error that hits a group is raised in each of its requests: nothing of it was stored."""
        return self._queued(one).result()

    async def ask(self, one: In) -> Out:
        """The same, for a coroutine: other requests are served meanwhile."""
        return await asyncio.wrap_future(self._queued(one))

    def _queued(self, one: In) -> Future[Out]:
        future: Future[Out] = Future()
        future.set_running_or_notify_cancel()  # a sender that hangs up takes nothing back: what is waiting is written
        with self._turn:
            self._waiting.append((one, future))
            first, self._busy = not self._busy, True
        if first:
            self._writer.submit(self._write)
        return future

    def _write(self) -> None:
        """Until nobody waits."""
        while group := self._next_group():
            try:
                answers = self._take_all([one for one, _ in group])
                for (_, future), answer in zip(group, answers, strict=True):
                    future.set_result(answer)
            except BaseException as error:  # shell: raised again in every request that waits for this group
                for _, future in group:
                    if not future.done():
                        future.set_exception(error)

    def _next_group(self) -> list[tuple[In, Future[Out]]]:
        with self._turn:
            group, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            self._busy = bool(group)
        return group
