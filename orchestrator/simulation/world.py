"""A world in memory: events are heard, what is due happens, calls are taken and end. Every decision is the core's.

What the engine does with rows in a database happens here with rows in memory, in the same order, so that both decide the same. No
message leaves; a provider is taken to accept everything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from orchestrator.core import told
from orchestrator.core.calls import Ended, kept_for
from orchestrator.core.intake import Book, take
from orchestrator.core.judging import LARGE, SMALL, Fate, Go, Later, Over, fate, refuse
from orchestrator.core.model import Change, Contact, Customer, Deny, Event, Note, PauseScope, TouchState
from orchestrator.core.planner import Facts, after
from orchestrator.core.policies import pause
from orchestrator.core.stopping import call_off, end_all, is_called_off, opted_out
from orchestrator.core.told import SOURCE, Told
from orchestrator.core.urgency import rank_at
from orchestrator.language.program import Program
from orchestrator.language.templates import CannotSay
from orchestrator.simulation import desk, receipts
from orchestrator.simulation.arrivals import Arrival, is_opt_out
from orchestrator.simulation.desk import Taken
from orchestrator.simulation.diary import Diary
from orchestrator.simulation.ids import counted_ids
from orchestrator.simulation.people import People
from orchestrator.simulation.records import Entry, RunRecord, TouchRecord, ledger_order
from orchestrator.simulation.rules import Rules

LONG_AGO = datetime.min.replace(tzinfo=UTC)
Judged = tuple[TouchRecord, Facts, Fate]


@dataclass(frozen=True, slots=True)
class _Reported:
    """What the system itself says, until it is handled."""

    id: UUID
    at: datetime
    told: Told


class World:
    """One simulation. Its clock is moved by hand and never back."""

    def __init__(
        self, rules: Rules, *, keep_words: bool = False, keep_journal: bool = True, staff: Collection[str] = (),
        new_id: Callable[[], UUID] | None = None, endings: Callable[[TouchRecord], str | None] | None = None,
    ) -> None:  # fmt: skip
        """keep_words: of each message and call. staff: who works here; calls are kept only for these. new_id: not said: 1, 2, 3 …

        endings: how a message or an automatic call ends that goes out now (simulation/receipts.py); None: it is sent.
        """
        self._endings = endings or (lambda record: None)
        self.rules = rules
        self.new_id = new_id or counted_ids()
        self.people = People(self.new_id)
        self.staff = frozenset(name.lower() for name in staff)
        self.keeps_words = keep_words
        self._book = Book(rules.house, rules.current, rules.names, self.people.customers)
        self.diary = Diary(self._book, self.people.customers, journal=keep_journal)
        self._now = LONG_AGO  # until something happens
        self._had: dict[str, dict[str, int]] = {}  # source -> key -> what the event said
        self._reported: deque[_Reported] = deque()
        self.paused: tuple[tuple[PauseScope, str], ...] = ()

    # -- time ---------------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """What the clock shows."""
        return self._now

    def programs(self) -> Collection[Program]:
        """Every playbook that may listen."""
        return [version.program for version in self.rules.current.values()]

    def move_to(self, at: datetime) -> None:
        """Let the clock show that moment; what is due is made by `drain`."""
        assert at >= self._now, f"time does not run back from {self._now} to {at}"
        self._now = at

    # -- events -------------------------------------------------------------------------------------------------

    def hear(self, batch: Sequence[Arrival]) -> list[str]:
        """Events, in the order given: what became of each, "accepted", "repeated" or "conflict"."""
        return [self._hear(one) for one in batch]

    def upkeep(self, tries: int = 1) -> None:
        """Handle what the system itself has reported."""
        while self._reported:
            one = self._reported.popleft()
            said = one.told
            customer = self.people.hear({"id": said.customer}, one.at)
            self._take(Event(one.id, SOURCE, said.key, said.type, said.subject, one.at, one.at, said.data, customer))

    def opt_out(self, customer_ref: str, channel: str, why: str) -> None:
        """A customer wants no more contact on a channel ("all": on none), as of now."""
        customer = self.people.by_ref(customer_ref)
        assert customer is not None, f"nobody is called {customer_ref}"
        self.suppress(customer.id, channel, why)

    def suppress(self, customer: UUID, channel: str, why: str, but: UUID | None = None) -> None:
        """The same by our own id. but: an enrollment that the caller sees to itself."""
        if not self.people.suppress(customer, channel, why):
            return
        now, diary = self.now, self.diary
        standing = [(run, touch) for run, touch in diary.standing_of(customer) if run.id != but]
        decided: list[Change] = [opted_out(customer, channel, why, now)]
        if channel == "all":
            decided += end_all([(run.run, touch.touch if touch else None) for run, touch in standing], why, now)
        else:
            for _, record in standing:
                if record is not None and is_called_off(record.touch, channel):
                    decided += call_off(self.facts(record), record.touch, channel, why, now, self.new_id)
        diary.write(decided)
        self.report(told.opt_out(self.people.one(customer).ref, channel, now))

    def report(self, said: Told) -> None:
        """The system itself says something; nothing is kept when nobody listens."""
        key = f"{said.type}/{said.key}"
        if said.type in self.rules.listens and self._is_new(SOURCE, key, key) == "accepted":
            self._reported.append(_Reported(self.new_id(), self.now, said))

    def answer(self, run: UUID, answers: Mapping[str, Any]) -> None:
        """A customer answers the question of an e-mail: kept for later conditions and words, and told to whoever listens."""
        receipts.answer(self, run, answers)

    # -- what is due --------------------------------------------------------------------------------------------

    def next_due(self) -> dict[str, datetime]:
        """When the earliest planned touch of each channel is due ("wait": of those without one)."""
        return self.diary.next_due()

    def next_at(self) -> datetime | None:
        """When time alone changes something next: a touch falls due, a waiting call expires or goes on."""
        waiting = [m for r in self.diary.ready.values() for m in (r.expires_at, r.escalate_at) if m is not None]
        return min([*self.next_due().values(), *waiting], default=None)

    def drain(self, channel: str) -> None:
        """Do what is due on a channel."""
        size = SMALL
        while self._drain_once(channel, size) == size:
            size = LARGE

    def pass_on(self) -> None:
        """Calls that nobody took in time expire, or go to the queue that the playbook names."""
        desk.pass_on(self)

    def pause(self, scope: PauseScope, name: str = "") -> None:
        """Hold what is due; a customer is named by the business's own id."""
        self.paused = (*self.paused, (scope, self._named(scope, name)))

    def resume(self, scope: PauseScope, name: str = "") -> None:
        """Hold it no more: what only a pause put off is due now."""
        self.paused = tuple(p for p in self.paused if p != (scope, self._named(scope, name)))
        for record in list(self.diary.by_id.values()):
            if record.state is TouchState.PLANNED and record.reason == pause.RULE:
                self.diary.move(record, due_at=self.now)
                record.reason = None

    # -- calls --------------------------------------------------------------------------------------------------

    def ready(self) -> list[TouchRecord]:
        """Every call that waits for staff."""
        return list(self.diary.ready.values())

    def take(self, who: str, queue: str) -> Taken | None:
        """The most urgent call of a queue that may be made now; None when there is none. Policies are asked again."""
        return desk.take(self, who, queue)

    def take_this(self, touch: UUID, who: str) -> Taken | str:
        """This call; or why not, and then it has left its queue or was not in it."""
        return desk.take_this(self, touch, who)

    def finish(
        self, touch: UUID, disposition: str, *, answers: Mapping[str, Any] | None = None, call_back_at: datetime | None = None,
        call_back_by: str = "anyone", scope: str = "all", due: Mapping[str, date] | None = None, who: str | None = None,
    ) -> None:  # fmt: skip
        """Say how a call ended that was taken. Raises InputError for an ending or an answer that the desk would refuse."""
        ended = Ended(disposition, desk.as_typed(answers or {}), due or {}, call_back_at, call_back_by, scope)
        desk.finish(self, touch, ended, who)

    # -- reads --------------------------------------------------------------------------------------------------

    @property
    def touches(self) -> list[TouchRecord]:
        """Every touch, waits included, in the order of making."""
        return self.diary.touches

    @property
    def customers(self) -> Collection[Customer]:
        """Everybody who was met."""
        return self.people.customers.values()

    def customer(self, ref: str) -> Customer | None:
        """One of them, by the business's own id."""
        return self.people.by_ref(ref)

    @property
    def runs(self) -> list[RunRecord]:
        """Every enrollment, in the order of starting."""
        return self.diary.runs

    @property
    def journal(self) -> list[Entry]:
        """What was decided and why, in order."""
        return self.diary.journal

    def in_order(self) -> list[TouchRecord]:
        """Every touch in the order of the ledger."""
        return sorted(self.touches, key=ledger_order)

    # -- used by desk.py ----------------------------------------------------------------------------------------

    def program(self, record: TouchRecord) -> Program:
        """The playbook of a touch."""
        return self.rules.current[record.playbook].program

    def facts(self, record: TouchRecord, customer: Customer | None = None) -> Facts:
        """The planner's view of a touch. customer: as they were, when that is not as they are."""
        run, program = record.run.run, self.program(record)
        person = customer or self.people.one(run.customer)
        seen = self._book.seen.get(run.subject, {})
        return Facts(program, run, person, self.rules.house, self.rules.names(run, person, program), seen)

    def judge(self, record: TouchRecord, facts: Facts, contacts: Sequence[Contact]) -> Fate:
        """What becomes of a touch that is due now."""
        return fate(record.touch, record.run.run, facts, contacts, self.paused, self.now, self.new_id)

    def put_off(self, record: TouchRecord, late: Later) -> None:
        """A touch is planned again for later."""
        self.diary.move(record, state=TouchState.PLANNED, due_at=late.until, effect_at=None)
        record.reason = pause.RULE if late.rule == pause.RULE else None
        self.diary.told(self.now, "touch.deferred", f"put off to {late.until:%Y-%m-%d %H:%M} UTC: {late.why}", record, late.rule)

    # -- private ------------------------------------------------------------------------------------------------

    def _hear(self, new: Arrival) -> str:
        self.move_to(max(new.received_at, self._now))  # those of a batch may be a little older than its last
        status = self._is_new(new.source, new.key, new.body_hash)
        if status != "accepted":
            return status
        customer = self.people.hear(new.customer_said, new.occurred_at) if new.customer_said else None
        event = Event(
            new.id, new.source, new.key, new.type, new.subject, new.occurred_at, new.received_at, new.data, customer, new.backfill
        )
        if customer is not None and is_opt_out(new):
            self.suppress(customer, str(new.data["channel"]), str(new.data["why"]))
        elif new.type in self.rules.heard:  # nothing else can matter to anybody, then or later
            self._take(event)
        notes = [("event.warning", warning) for warning in new.warnings]
        if not new.known:
            why = f"{new.type} is not declared in lifecycle.yaml; it was kept, and nothing follows from it"
            notes.append(("event.unknown_type", why))
        for what, why in notes:
            self.diary.write([Note(what, event.received_at, why, event=event.id, subject=event.subject, customer=customer)])
        return status

    def _take(self, event: Event) -> None:
        self.diary.write(take(event, self._book, self.new_id), event)

    def _is_new(self, source: str, key: str, said: str) -> str:
        had, mark = self._had.setdefault(source, {}), hash(said)
        if key not in had:
            had[key] = mark
            return "accepted"
        return "repeated" if had[key] == mark else "conflict"

    def _drain_once(self, channel: str, size: int) -> int:
        """One batch, like one of the engine's: judged together, then made together, then what follows is planned."""
        dues = self.diary.claim(channel, self.now, size)
        if not dues:
            return 0
        judged = self._judge_all(dues)
        self.diary.write([c for _, _, f in judged if isinstance(f, Over) for c in f.changes])
        for record, _, f in judged:
            if isinstance(f, Later):
                self.put_off(record, f)
        free = [(record, facts, f) for record, facts, f in judged if isinstance(f, Go)]
        if channel == "call":
            for record, facts, go in free:
                self._offer(record, facts, go)
        elif channel != "wait":
            self._send(free)
        return len(dues)

    def _judge_all(self, dues: Sequence[TouchRecord]) -> list[Judged]:
        """The fate of each, in order; those that may go count towards the caps of those after them."""
        reached: dict[UUID, list[Contact]] = {}
        judged: list[Judged] = []
        for record in dues:
            customer, facts = record.touch.customer, self.facts(record)
            contacts = reached.get(customer)
            if contacts is None:
                contacts = reached[customer] = self.people.contacts(customer, self.now)
            decided = self.judge(record, facts, contacts)
            if isinstance(decided, Go) and record.touch.channel:
                contacts.append(Contact(record.touch.channel, self.now))
            judged.append((record, facts, decided))
        return judged

    def _offer(self, record: TouchRecord, facts: Facts, go: Go) -> None:
        """A call waits in its queue, for whom it is."""
        touch, now = record.touch, self.now
        offered = (touch.offered_to, touch.offered_until)
        owner = kept_for(touch, record.run.run, facts, now)
        if owner is not None:
            offered = owner if owner[0] in self.staff else (None, None)
        record.rank_at = rank_at(touch.priority, touch.due_at, touch.expires_at)
        self.diary.move(
            record, state=TouchState.READY, escalate_at=go.escalate_at, offered_to=offered[0], offered_until=offered[1]
        )
        self.diary.told(now, "touch.ready", f"waits in the queue {touch.queue}; {go.why}", record)

    def _send(self, free: Sequence[tuple[TouchRecord, Facts, Go]]) -> None:
        """Messages go out and are accepted; what cannot be said is not sent."""
        sent: list[TouchRecord] = []
        refused: list[Change] = []
        for record, facts, go in free:
            touch, run = record.touch, record.run.run
            try:
                words = self.rules.render(run, facts.customer, facts.program, touch.step, touch.tries)
            except CannotSay as missing:
                deny = Deny("missing value", f"{touch.touchpoint} cannot be written: {missing}")
                refused += refuse(facts, touch, deny, self.now, self.new_id)
                continue
            record.words = words if self.keeps_words else None
            self.diary.move(record, state=TouchState.SENDING, effect_at=self.now)
            self.people.reached(touch.customer, str(touch.channel), self.now)
            self.diary.told(self.now, "touch.sending", f"goes out; {go.why}", record)
            sent.append(record)
        self.diary.write(refused)
        ends = {r.id: self._endings(r) or "sent" for r in sent}
        for record in sent:
            receipts.arrive(self, record, ends[record.id])
        for record in sent:
            if record.run.run.ended is None:
                self.diary.write(after(self.facts(record), record.touch, ends[record.id], self.now, self.new_id))
        for record in sent:
            receipts.report(self, record, ends[record.id])

    def _named(self, scope: PauseScope, name: str) -> str:
        customer = self.people.by_ref(name) if scope == "customer" else None
        return str(customer.id) if customer is not None else name
