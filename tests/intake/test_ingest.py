"""A file is taken in once, however often it is interrupted; rows that are wrong are put aside with what is wrong, and nothing is lost."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engine import handle_events
from orchestrator.errors import InputError
from orchestrator.ingest import Tally, ingest
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse, Rulebook
from orchestrator.store import events, marks
from orchestrator.store.database import Work
from tests.intake.ready import Hands, parts_on, quote_sent
from tests.intake.test_cloudevents import cloud
from tests.intake.test_mapping import INVOICES, OFFERS, map_of


def lines(path: Path, *rows: object) -> Path:
    text = "".join(row + "\n" if isinstance(row, str) else json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def many(count: int) -> list[dict[str, Any]]:
    return [quote_sent(str(n), subject=f"quote/{n}") for n in range(1, count + 1)]


def count(parts: Parts) -> int:
    with parts.database.work() as work:
        return events.count_by_state(work).get("handled", 0)


def rejected(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.with_name(path.name + ".rejected.jsonl").read_text().splitlines()]


class Unplugged(Rulebook):
    """A system that is switched off after some batches."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self._left = 2 * batches  # asked once to read a batch, once to handle it

    def refresh(self, work: Work) -> InUse:
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt
        return super().refresh(work)


@pytest.mark.parametrize("name", ["events.jsonl", "events.jsonl.gz"])
def test_every_line_becomes_an_event(ready_on_both: Parts, tmp_path: Path, name: str) -> None:
    file = lines(tmp_path / name, *many(5), cloud(id="ce", subject="quote/ce"))

    tally = ingest(ready_on_both, file, batch=2)

    assert tally.by_status == {"accepted": 6}
    assert tally.rejected_file is None
    assert not file.with_name(file.name + ".rejected.jsonl").exists()
    assert count(ready_on_both) == 6


def test_rows_that_are_wrong_are_put_aside_with_number_and_problem(ready: Parts, tmp_path: Path) -> None:
    good, *_ = many(1)
    file = lines(
        tmp_path / "events.jsonl",
        good,
        '{"id": "2", "amount": NaN}',
        quote_sent("3", time="yesterday"),
        {**good, "data": {"amount": 1, "currency": "USD"}},
        good,
        quote_sent("6", type="quote.snet", subject="quote/6"),
    )

    tally = ingest(ready, file)

    assert tally.by_status == {"accepted": 2, "refused": 2, "conflict": 1, "repeated": 1}
    assert tally.rejected == 3
    assert tally.warned == {"type": 1}
    assert [(r["row"], r["status"], r["problems"][0]["place"]) for r in rejected(file)] == [
        (2, "refused", ""),
        (3, "refused", "time"),
        (4, "conflict", "id"),
    ]
    assert rejected(file)[1]["values"] == quote_sent("3", time="yesterday")


def test_after_an_interruption_it_goes_on_where_it_was(ready: Parts, tmp_path: Path) -> None:
    file = lines(tmp_path / "events.jsonl", *many(10))
    off = parts_on(ready.database.url, Hands("2026-11-20 10:00"), Unplugged(batches=2))
    with pytest.raises(KeyboardInterrupt):
        ingest(off, file, batch=3)
    off.database.close()
    assert count(ready) == 6

    tally = ingest(ready, file, batch=3)

    assert (tally.before, tally.rows, tally.by_status) == (6, 4, {"accepted": 4})
    assert count(ready) == 10


def test_a_batch_that_was_cut_off_before_its_mark_comes_again_without_harm(ready: Parts, tmp_path: Path) -> None:
    wrong = [quote_sent(str(n), time="never") for n in (4, 8)]
    file = lines(tmp_path / "events.jsonl", *many(3), wrong[0], *many(7)[4:], wrong[1], *many(10)[8:])
    off = parts_on(ready.database.url, Hands("2026-11-20 10:00"), Unplugged(batches=2))
    with pytest.raises(KeyboardInterrupt):
        ingest(off, file, batch=4)
    off.database.close()
    with ready.database.work() as work:  # as if the machine had gone down between the batch and its mark
        marks_before = [(hash_, done) for hash_, done in _marks(work)]
        marks.forget(work, marks_before[0][0])
        marks.advance(work, marks_before[0][0], 4, ready.clock())

    tally = ingest(ready, file, batch=4)

    assert tally.by_status == {"repeated": 3, "refused": 1, "accepted": 2}
    assert [r["row"] for r in rejected(file)] == [4, 8]
    assert count(ready) == 8


def test_a_file_that_was_done_is_not_done_again_unless_asked(ready_on_both: Parts, tmp_path: Path) -> None:
    file = lines(tmp_path / "events.jsonl", *many(3))
    ingest(ready_on_both, file)

    second, again = ingest(ready_on_both, file), ingest(ready_on_both, file, again=True)

    assert (second.before, second.rows) == (3, 0)
    assert (again.before, again.by_status) == (0, {"repeated": 3})


def test_another_file_another_map_or_history_begins_at_the_first_row(ready: Parts, tmp_path: Path) -> None:
    file = lines(tmp_path / "events.jsonl", *many(2))
    ingest(ready, file)

    assert ingest(ready, file, backfill=True).before == 0
    assert ingest(ready, file, source="erp").before == 0
    assert ingest(ready, lines(tmp_path / "events.jsonl", *many(3))).before == 0
    assert ingest(ready, lines(tmp_path / "copy.jsonl", *many(3))).before == 3


def test_events_that_name_no_source_get_the_one_that_is_given(ready: Parts, tmp_path: Path) -> None:
    nameless = {k: v for k, v in quote_sent("1").items() if k != "source"}
    file = lines(tmp_path / "events.jsonl", nameless, quote_sent("2", subject="quote/2"))

    assert ingest(ready, file).by_status == {"refused": 1, "accepted": 1}
    assert ingest(ready, file, source="erp").by_status == {"accepted": 1, "repeated": 1}
    with ready.database.work() as work:
        assert sorted((e.source, e.key) for s in ("quote/Q-1042", "quote/2") for e in events.of_subject(work, s)) == [
            ("crm", "2"),
            ("erp", "1"),
        ]


def test_a_csv_file_needs_a_map_with_its_columns(ready: Parts, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("event_id,case_id\n1,2\n")

    with pytest.raises(InputError, match="needs a map"):
        ingest(ready, file)
    with pytest.raises(InputError, match="no column 'event_type'"):
        ingest(ready, file, map_=map_of(OFFERS, tmp_path))


def test_history_from_a_map_starts_nothing_and_is_remembered(ready: Parts, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(
        "event_id,event_type,case_id,occurred_at,amount_requested,resource\n"
        "1,offer_sent,7,2011-10-01T12:36:08+02:00,15000,112\n"
        "2,call_started,7,2011-10-02T12:36:08+02:00,15000,112\n"
        "3,offer_sent,8,2011-10-03T12:36:08+02:00,lots,112\n"
        "4,offer_sent,9,2011-10-03T12:36:08+02:00,15000,\udce4\n",
        errors="surrogateescape",
        encoding="utf-8",
    )

    tally = ingest(ready, file, map_=map_of(OFFERS, tmp_path), backfill=True, batch=2)

    assert (tally.by_status, tally.left_out) == ({"accepted": 1, "refused": 2}, 1)
    assert [(r["row"], r["problems"][0]["place"]) for r in rejected(file)] == [(3, "data.amount"), (4, "data.owner")]
    with ready.database.work() as work:
        (event,) = events.of_subject(work, "quote/7")
        assert event.backfill


def test_the_order_of_the_file_is_kept(ready: Parts, tmp_path: Path) -> None:
    file = lines(
        tmp_path / "e.jsonl", quote_sent("1"), quote_sent("2", type="quote.accepted", data={}, time="2026-11-20T09:30:00-06:00")
    )

    ingest(ready, file)

    with ready.database.work() as work:
        assert [e.type for e in events.of_subject(work, "quote/Q-1042")] == ["quote.sent", "quote.accepted"]


def test_a_mark_never_goes_back(ready_on_both: Parts) -> None:
    def unit(work: Work) -> list[int]:
        seen = []
        for rows in (500, 1_000, 700):
            marks.advance(work, "f" * 64, rows, ready_on_both.clock())
            seen.append(marks.rows_done(work, "f" * 64))
        return seen

    assert ready_on_both.database.run(unit) == [500, 1_000, 1_000]


def test_progress_reaches_the_end_of_the_file(ready: Parts, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    ingest(ready, lines(tmp_path / "e.jsonl.gz", *many(4)), batch=2, progress=lambda done, size: seen.append((done, size)))

    assert len(seen) == 2
    assert seen[-1][0] == seen[-1][1] > 0


@pytest.mark.parametrize(("log", "text"), [("bpi2012_loan_offers", OFFERS), ("ar_invoices", INVOICES)])
def test_a_real_log_is_taken_in_whole_and_balances(ready: Parts, samples: Path, tmp_path: Path, log: str, text: str) -> None:
    file = tmp_path / f"{log}.csv.gz"
    file.write_bytes((samples / f"{log}.1k.csv.gz").read_bytes())

    tally: Tally = ingest(ready, file, map_=map_of(text, tmp_path), backfill=True)

    assert tally.rows == tally.left_out + sum(tally.by_status.values())
    assert set(tally.by_status) == {"accepted"}
    assert count(ready) == tally.by_status["accepted"] > 600
    assert handle_events(ready, []) == []


def test_the_tally_counts_what_was_not_stored() -> None:
    assert Tally(by_status=Counter(accepted=5, refused=2, conflict=1)).rejected == 3


def _marks(work: Work) -> list[tuple[str, int]]:
    from orchestrator.store.schema import ingest_mark

    return [(row.file_hash, row.rows_done) for row in work.connection.execute(ingest_mark.select())]
