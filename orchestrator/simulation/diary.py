"""The rows of a simulation: every touch, run and journal entry, and what is due next on which channel."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never
from uuid import UUID

from orchestrator.core.intake import Book, Standing
from orchestrator.core.life import may_go
from orchestrator.core.model import (
    OPEN_STATES,
    Change,
    Close,
    Customer,
    End,
    Enroll,
    Event,
    Note,
    Plan,
    Touch,
    TouchState,
)
from orchestrator.simulation.records import Entry, RunRecord, TouchRecord

_Heap = list[tuple[datetime, int, TouchRecord]]  # when, in the order of making; entries that hold no more are passed over


class Diary:
    """What was decided, and what stands open. The book that the core reads is kept up to date with it."""

    def __init__(self, book: Book, customers: Mapping[UUID, Customer], *, journal: bool) -> None:
        """journal: whether entries are kept."""
        self.book = book
        self._customers = customers
        self._keeps = journal
        self.touches: list[TouchRecord] = []
        self.runs: list[RunRecord] = []
        self.journal: list[Entry] = []
        self.by_id: dict[UUID, TouchRecord] = {}  # touches that are open
        self.ready: dict[UUID, TouchRecord] = {}  # calls that wait for staff
        self._open: dict[UUID, tuple[RunRecord, Standing]] = {}  # runs that are open, or have a touch that is
        self._of_customer: dict[UUID, dict[UUID, RunRecord]] = {}  # open runs
        self._due: dict[str, _Heap] = {}
        self._queues: dict[str, _Heap] = {}  # by queue, most urgent first

    # -- writing ------------------------------------------------------------------------------------------------

    def write(self, changes: Sequence[Change], event: Event | None = None) -> None:
        """What the core decided. event: because of which."""
        for change in changes:
            match change:
                case Enroll():
                    self._enroll(change, event)
                case Plan():
                    self._plan(change)
                case Close():
                    record = self.by_id[change.touch]
                    record.finished_at, record.reason, record.disposition = change.at, change.reason, change.disposition
                    self.move(record, state=change.state)
                    self._say(change.at, f"touch.{change.state}", change.why, change.reason, record.run, record.touch)
                case End():
                    self._end(change)
                case Note():
                    self._note(change)
                case _:
                    assert_never(change)

    def move(self, record: TouchRecord, **values: object) -> None:
        """A touch goes on to another state, moment or queue."""
        before = record.touch
        touch = replace(before, epoch=before.epoch + 1, **values)  # type: ignore[arg-type]  # fields of a touch
        assert may_go(before.state, touch.state), f"no touch goes from {before.state} to {touch.state}"
        record.touch = touch
        self._stand(record)

    def told(self, at: datetime, what: str, why: str, record: TouchRecord, rule: str = "") -> None:
        """A journal entry about one touch."""
        self._say(at, what, why, rule, record.run, record.touch)

    def answer(self, record: RunRecord, answers: Mapping[str, object]) -> None:
        """What a customer said, for later conditions and words."""
        record.run = replace(record.run, answers={**record.run.answers, **answers})
        if record.id in self._open:
            self._open[record.id][1].run = record.run

    # -- reading ------------------------------------------------------------------------------------------------

    def next_due(self) -> dict[str, datetime]:
        """When the earliest planned touch of each channel is due ("wait": of those without one)."""
        found = {}
        for channel, heap in self._due.items():
            while heap and not _still_due(heap[0]):
                heapq.heappop(heap)
            if heap:
                found[channel] = heap[0][0]
        return found

    def claim(self, channel: str, now: datetime, most: int) -> list[TouchRecord]:
        """Planned touches of a channel that are due, oldest first. Each of them has to be moved."""
        heap: _Heap = self._due.get(channel, [])
        found: list[TouchRecord] = []
        while heap and heap[0][0] <= now and len(found) < most:
            entry = heapq.heappop(heap)
            if _still_due(entry):
                found.append(entry[2])
        return found

    def waiting_in(self, queue: str) -> Iterator[TouchRecord]:
        """The calls of a queue, most urgent first. Whoever takes none of them gives them back with `wait_again`."""
        heap = self._queues.get(queue, [])
        while heap:
            rank_at, _, record = heapq.heappop(heap)
            if record.touch.state is TouchState.READY and record.touch.queue == queue and record.rank_at == rank_at:
                yield record

    def wait_again(self, record: TouchRecord) -> None:
        """A call stays in its queue."""
        assert record.rank_at is not None, "calls that wait have a place in their queue"
        queue = self._queues.setdefault(str(record.touch.queue), [])
        heapq.heappush(queue, (record.rank_at, record.touch.id.int, record))

    def standing_of(self, customer: UUID) -> list[tuple[RunRecord, TouchRecord | None]]:
        """Every open enrollment of a customer, in order, with the touch it stands at."""
        runs = self._of_customer.get(customer, {})
        return [(record, self.stands_at(record)) for record in sorted(runs.values(), key=lambda r: r.id.int)]

    def stands_at(self, record: RunRecord) -> TouchRecord | None:
        """The open touch of an enrollment."""
        last = record.touches[-1] if record.touches else None
        return last if last is not None and last.touch.state in OPEN_STATES else None

    # -- private ------------------------------------------------------------------------------------------------

    def _enroll(self, change: Enroll, event: Event | None) -> None:
        run = change.run
        type_ = event.type if event is not None else ""
        record = RunRecord(run, self._customers[run.customer].ref, change.at, change.cause, type_)
        self.runs.append(record)
        # the same that the book has: what becomes of its touch is told to both at once
        standing = next((s for s in reversed(self.book.open.get(run.subject, ())) if s.run.id == run.id), None)
        self._open[run.id] = (record, standing or Standing(run, self.book.current[run.playbook].program, None))
        self._of_customer.setdefault(run.customer, {})[run.id] = record
        self._say(change.at, "enrollment.started", change.why, "", record, None, event=change.cause)

    def _plan(self, change: Plan) -> None:
        run = self._open[change.touch.run][0]
        record = TouchRecord(change.touch, run)
        self.touches.append(record)
        run.touches.append(record)
        self._stand(record)
        self._say(change.at, "touch.planned", change.touch.why, "", run, change.touch)

    def _end(self, change: End) -> None:
        record, standing = self._open[change.run]
        run = replace(record.run, ended=change.reason)
        record.run, record.ended_at, record.ended_why = run, change.at, change.why
        standing.run = run
        there = self.book.open.get(run.subject, [])
        if any(s.run.id == run.id for s in there):
            self.book.open[run.subject] = [s for s in there if s.run.id != run.id]
        self.book.ended.add((run.subject, run.playbook))
        self._of_customer[run.customer].pop(run.id, None)
        if self.stands_at(record) is None:
            del self._open[change.run]
        self._say(change.at, "enrollment.ended", change.why, change.reason, record, None)

    def _stand(self, record: TouchRecord) -> None:
        """Keep what is asked for often in step with a touch."""
        touch = record.touch
        is_open = touch.state in OPEN_STATES
        pair = self._open.get(touch.run)
        if pair is not None:
            pair[1].touch = touch if is_open else None
        if is_open:
            self.by_id[touch.id] = record
        else:
            self.by_id.pop(touch.id, None)
            if pair is not None and pair[0].run.ended is not None:
                del self._open[touch.run]
        if touch.state is TouchState.PLANNED:
            heapq.heappush(self._due.setdefault(touch.channel or "wait", []), (touch.due_at, touch.id.int, record))
        if touch.state is TouchState.READY:
            self.ready[touch.id] = record
            self.wait_again(record)
        else:
            self.ready.pop(touch.id, None)

    def _note(self, note: Note) -> None:
        if not self._keeps:
            return
        customer = self._customers[note.customer].ref if note.customer is not None else None
        subject = note.subject
        if subject is None and note.run is not None and note.run in self._open:
            subject = self._open[note.run][0].subject
        self.journal.append(Entry(note.at, note.what, note.why, note.rule, note.run, note.touch, note.event, subject, customer))

    def _say(
        self, at: datetime, what: str, why: str, rule: str, run: RunRecord, touch: Touch | None, event: UUID | None = None
    ) -> None:
        if self._keeps:
            id_ = touch.id if touch is not None else None
            self.journal.append(Entry(at, what, why, rule, run.id, id_, event, run.subject, run.customer))


def _still_due(entry: tuple[datetime, int, TouchRecord]) -> bool:
    touch = entry[2].touch
    return touch.state is TouchState.PLANNED and touch.due_at == entry[0]
