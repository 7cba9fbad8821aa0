"""A backtest over what came in here, held against what is published and against earlier versions."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from orchestrator import authoring
from orchestrator.accepting import accept
from orchestrator.backtest.asking import Answer, Request, Tell, backtest
from orchestrator.backtest.run import from_database
from orchestrator.errors import InputError
from orchestrator.parts import Parts
from orchestrator.simulation.world import World
from orchestrator.store import schema
from orchestrator.store.database import Row
from tests.intake.ready import Hands, parts_on, quote_sent
from tests.stories import designs

DAY = "- touchpoint: hello\n  email: hello\n  after: {} days\n"
OTHER = "- touchpoint: also\n  email: also\n"


@pytest.fixture
def folder(ready: Parts, clock: Hands, tmp_path: Path) -> Path:
    """Version 1 writes after one day, version 2 after two, the files say three; two quotes went out."""
    for days in (1, 2):
        authoring.publish(ready, write(tmp_path, days), "ops")
    for name in ("Dana", "Kim"):
        comes_in(ready, name)
    return write(tmp_path, 3)


def write(folder: Path, days: int) -> Path:
    return designs.write(folder / "mine", designs.playbook(DAY.format(days)), designs.playbook(OTHER, "other"))


def ask(parts: Parts, folder: Path, tell: Tell = lambda which, done, at, share: None, **more: Any) -> Answer:
    design, files = authoring.load(folder)
    given: dict[str, Any] = {"playbook": "follow-up", **more}
    return backtest(Request(files=files, design=design, called="as in the folder", **given), parts, tell)


def test_quotes_of_today_say_nothing_yet_of_who_accepts_after_a_step(ready: Parts, folder: Path) -> None:
    answer = ask(ready, folder)

    hello = next(step for step in answer.report.reached if step.touchpoint == "hello")
    assert (hello.subjects, hello.unknown, hello.rate) == (2, 2, None)


@contextmanager
def somebody_who_does_not_wait(parts: Parts) -> Iterator[Parts]:
    """Another process over the same database, which is refused at once where others wait for their turn."""
    url = parts.database.url
    other = parts_on(url, Hands("2026-11-20 10:30"), parts.rulebook)
    event.listen(other.database.engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout = 0"))
    yield other
    other.database.close()


def comes_in(parts: Parts, key: str) -> None:
    """One more quote goes out."""
    [answer] = accept(
        parts, [quote_sent(key=key, subject=f"quote/{key}", customer={**quote_sent()["customer"], "id": f"C-{key}"})]
    )
    assert answer.status == "accepted", answer


@pytest.mark.parametrize(("against", "label", "days"), [("published", "published, version 2", 1), ("1", "version 1", 2)])
def test_the_file_is_held_against_what_customers_get_now_or_got_before(
    ready: Parts, folder: Path, against: str, label: str, days: int
) -> None:
    found = ask(ready, folder, against=against).difference

    assert found is not None
    [shift] = found.shifts
    assert (shift.later, shift.typical) == (2, timedelta(days=days))
    assert found.against.labels["follow-up"] == label


def test_other_playbooks_run_along_and_overlap(ready: Parts, folder: Path) -> None:
    found = ask(ready, write(folder.parent, 0)).report

    [overlap] = found.overlaps
    assert (overlap.other, overlap.days, overlap.customers) == ("other", 2, 2)
    assert (found.beside, found.touches) == (["other"], 2)


def test_a_backtest_changes_nothing_in_the_database(ready: Parts, folder: Path) -> None:
    def everything() -> list[list[Row[Any]]]:
        with ready.database.work() as work:
            return [list(work.connection.execute(select(table))) for table in schema.metadata.sorted_tables]

    before = everything()
    ask(ready, folder, against="published")

    assert everything() == before


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"against": "7"}, "follow-up has no version 7"),
        ({"against": "1", "playbook": None}, "a version is of one playbook"),
        ({"playbook": "follow-upp"}, "there is no playbook 'follow-upp'"),
    ],
)
def test_what_is_not_there_is_said(ready: Parts, folder: Path, more: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        ask(ready, folder, **more)


def test_nothing_since_then_is_said(ready: Parts, folder: Path, clock: Hands) -> None:
    with pytest.raises(InputError, match="there is no event in it"):
        ask(ready, folder, since=clock.now + timedelta(days=1))


def test_while_one_is_under_way_an_event_is_taken_in_at_once_and_is_no_part_of_it(ready: Parts, folder: Path) -> None:
    with somebody_who_does_not_wait(ready) as other:
        seen: list[str] = []

        def tell(which: str, done: int, at: datetime, share: float) -> None:
            comes_in(other, which)
            seen.append(which)

        answer = ask(ready, folder, tell, against="published")

    assert seen == ["before", "now"]
    assert (answer.report.events, answer.difference and answer.difference.against.events) == (2, 2)


def test_between_any_two_of_its_events_the_database_is_free_and_what_comes_in_is_left_for_the_next(
    ready: Parts, folder: Path
) -> None:
    with somebody_who_does_not_wait(ready) as other:
        source = from_database(ready, chunk=1)
        passed = []
        for arrival in islice(source.events(), 9):
            comes_in(other, f"after-{arrival.key}")
            passed.append(arrival.key)

    assert passed == ["Dana", "Kim"]
    assert source.done == 1.0


def test_history_stays_the_same_for_both_designs_whatever_changes_meanwhile(ready: Parts, folder: Path, clock: Hands) -> None:
    """Otherwise a customer who moves between the two runs would be told as a change of the design."""
    source = from_database(ready)
    first = list(source.events())
    clock.now += timedelta(minutes=1)
    moved = {**quote_sent()["customer"], "id": "C-Dana", "time_zone": "Pacific/Auckland", "consent": {"email": "none"}}
    accept(ready, [quote_sent(key="later", subject="quote/Dana", time="2026-11-20T09:59:00-06:00", customer=moved)])

    again = list(source.events())

    assert again == first


def test_more_events_than_are_read_at_once_all_come_in_their_order(ready: Parts, folder: Path, clock: Hands) -> None:
    for n in range(5):
        clock.now += timedelta(minutes=n % 2)  # two at the same moment: their ids decide
        comes_in(ready, f"more-{n}")

    by_twos = list(from_database(ready, chunk=2).events())

    assert [one.key for one in by_twos] == ["Dana", "Kim", *(f"more-{n}" for n in range(5))]
    assert by_twos == list(from_database(ready).events())


def test_of_the_design_it_is_held_against_only_the_figures_stay(ready: Parts, folder: Path) -> None:
    """A world is most of what a backtest keeps: two would take twice the memory."""

    def worlds() -> int:
        return sum(isinstance(one, World) for one in gc.get_objects())

    gc.collect()
    others = worlds()
    seen: list[int] = []

    ask(ready, folder, lambda which, done, at, share: seen.append(worlds() - others), against="published")

    assert seen == [1, 1]
