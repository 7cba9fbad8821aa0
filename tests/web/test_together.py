"""Events of many requests share one unit of work; each request still gets its own answer, and an error stops nobody for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from orchestrator.accepting import Answer, Raw
from orchestrator.errors import DatabaseError
from orchestrator.web.together import MOST, Together


class Slow:
    """Takes events in, each group only after the test has let it through."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.began = threading.Semaphore(0)
        self.let = threading.Semaphore(0)
        self.fails: set[int] = set()  # numbers of the groups that the database refuses

    def __call__(self, raws: Sequence[Raw]) -> list[Answer]:
        self.groups.append([raw["id"] for raw in raws])
        number = len(self.groups)
        self.began.release()
        assert self.let.acquire(timeout=20)
        if number in self.fails:
            raise DatabaseError("full")
        return [Answer(raw["id"], "accepted") for raw in raws]


def waiting(together: Together, count: int) -> None:
    """Until so many requests wait."""
    pause = threading.Event()
    for _ in range(2_000):
        if len(together._waiting) == count:
            return
        pause.wait(0.005)
    raise AssertionError(f"{len(together._waiting)} wait, not {count}")


def crowd(together: Together, pool: ThreadPoolExecutor, slow: Slow, others: int) -> list[Future[Answer]]:
    """One request that is being handled, and others that came meanwhile, one after the other."""
    asked = [pool.submit(together.accept, {"id": "0"})]
    assert slow.began.acquire(timeout=20)
    for n in range(1, others + 1):
        asked.append(pool.submit(together.accept, {"id": str(n)}))
        waiting(together, n)
    return asked


def test_a_lone_request_waits_for_nobody() -> None:
    slow = Slow()
    slow.let.release()

    assert Together(slow).accept({"id": "1"}).key == "1"
    assert slow.groups == [["1"]]


def test_requests_that_came_meanwhile_are_taken_as_one_group_in_their_order() -> None:
    slow = Slow()
    together = Together(slow)
    with ThreadPoolExecutor(8) as pool:
        asked = crowd(together, pool, slow, others=7)
        slow.let.release(2)
        answers = [future.result(20) for future in asked]

    assert slow.groups == [["0"], ["1", "2", "3", "4", "5", "6", "7"]]
    assert [answer.key for answer in answers] == [str(n) for n in range(8)]


def test_a_group_has_an_upper_bound() -> None:
    slow = Slow()
    together = Together(slow)
    with ThreadPoolExecutor(MOST + 2) as pool:
        asked = crowd(together, pool, slow, others=MOST + 1)
        slow.let.release(3)
        for future in asked:
            future.result(20)

    assert [len(group) for group in slow.groups] == [1, MOST, 1]


def test_an_error_reaches_everybody_of_its_group_and_nobody_else() -> None:
    slow = Slow()
    slow.fails = {1}
    together = Together(slow)
    with ThreadPoolExecutor(8) as pool:
        asked = crowd(together, pool, slow, others=3)
        slow.let.release(3)
        with pytest.raises(DatabaseError):
            asked[0].result(20)
        assert [future.result(20).key for future in asked[1:]] == ["1", "2", "3"]
        assert together.accept({"id": "later"}).key == "later"


def test_coroutines_wait_for_the_same_groups_without_holding_up_each_other() -> None:
    slow = Slow()
    together = Together(slow)

    async def crowd_of_coroutines() -> list[Answer]:
        asked = [asyncio.create_task(together.ask({"id": str(n)})) for n in range(50)]
        await asyncio.sleep(0)  # each has put its event into the queue
        slow.let.release(2)
        return list(await asyncio.gather(*asked))

    answers = asyncio.run(crowd_of_coroutines())

    assert [answer.key for answer in answers] == [str(n) for n in range(50)]
    assert sum(len(group) for group in slow.groups) == 50
    assert len(slow.groups) <= 2


def test_a_sender_that_hangs_up_takes_nothing_back_and_stops_nobody() -> None:
    slow = Slow()
    together = Together(slow)

    async def one_hangs_up() -> Answer:
        gone = asyncio.create_task(together.ask({"id": "gone"}))
        await asyncio.sleep(0)
        gone.cancel()
        slow.let.release(2)
        return await together.ask({"id": "next"})

    assert asyncio.run(one_hangs_up()).key == "next"
    assert sorted(id_ for group in slow.groups for id_ in group) == ["gone", "next"]


def test_a_group_with_too_few_answers_is_an_error_for_those_without_one() -> None:
    together = Together[Raw, Answer](lambda raws: [])

    with pytest.raises(ValueError, match="shorter"):
        together.accept({"id": "1"})
