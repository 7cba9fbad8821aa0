"""The imagination itself: everything that was sent, everybody it was sent to, and what they will do about it. Speaks no HTTP itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from orchestrator.carrier import faults
from orchestrator.carrier.callbacks import Callbacks
from orchestrator.carrier.calls import Calls
from orchestrator.carrier.faults import Faults
from orchestrator.carrier.mails import Mails
from orchestrator.carrier.people import Chances
from orchestrator.carrier.texts import Texts
from orchestrator.carrier.wire import Deliver, Wire
from orchestrator.carrier.world import Entry, World
from orchestrator.clock import utc_now


class Carrier:
    """An imaginary Twilio and SendGrid. May be used from several threads.

    clock: answers the moment; may jump. With a jumping clock call `work_until(moment)`; RunningCarrier works in real time instead.
    deliver: makes one HTTP request; replaced in tests.
    hooks: where the account's own addresses point (public_url of the system that is rehearsed); may be set later.
    speed: 10 makes everything take a tenth of its time. manual: customers do nothing by themselves, a person at the page does.
    senders: numbers, Messaging Services and e-mail domains that may send besides those in credentials.py.
    """

    def __init__(
        self,
        clock: Callable[[], datetime] = utc_now,
        seed: int = 0,
        deliver: Deliver | None = None,
        *,
        hooks: str | None = None,
        speed: float = 1.0,
        chances: Chances | None = None,
        manual: bool = False,
        senders: Collection[str] = (),
    ) -> None:
        self._wire = None if deliver else Wire()
        self.world = World(
            clock,
            seed,
            deliver or self._wire or Wire(),
            hooks=hooks,
            speed=speed,
            chances=chances,
            manual=manual,
            senders=frozenset(senders),
        )
        self.callbacks = Callbacks(self.world)
        self.texts = Texts(self.world, self.callbacks)
        self.mails = Mails(self.world, self.callbacks)
        self.calls = Calls(self.world, self.callbacks)
        self.names: dict[str, str] = {}  # number or address -> the customer it belongs to, where somebody said so

    @property
    def hooks(self) -> str | None:
        """Where incoming texts, calls and e-mail events are posted."""
        return self.world.hooks

    @hooks.setter
    def hooks(self, url: str | None) -> None:
        self.world.hooks = url

    @property
    def faults(self) -> Faults:
        """What goes wrong on purpose."""
        return self.world.dice.faults

    @faults.setter
    def faults(self, wanted: Faults) -> None:
        self.world.dice.faults = wanted

    def set_faults(self, given: Mapping[str, Any]) -> None:
        """Change the faults by name, e.g. {"error_after": 0.1}. Raises InputError for what cannot be used."""
        self.faults = faults.read(given, self.faults)

    def next_at(self) -> datetime | None:
        """When the imagination will do something next; None when it has nothing to do."""
        return self.world.agenda.next_at()

    def work_until(self, moment: datetime) -> int:
        """Do everything that is due up to a moment, in this thread, with real HTTP. Answers how much was done."""
        return self.world.agenda.work_until(moment)

    def wait_idle(self, timeout_s: float = 30.0) -> bool:
        """Wait until nothing is left to do (while somebody else works); False when it took too long."""
        return self.world.agenda.wait_idle(timeout_s)

    def ledger(self) -> list[Entry]:
        """Everything that was accepted, oldest first: the truth to compare with."""
        with self.world.lock:
            entries = [text.entry() for text in self.texts.by_sid.values() if text.direction == "outbound-api"]
            entries += [mail.entry() for mail in self.mails.by_sid.values()]
            entries += [call.entry() for call in self.calls.by_sid.values() if call.direction != "inbound"]
        return sorted(entries, key=lambda entry: entry.at)

    def text_us(self, from_: str, words: str, to: str | None = None) -> None:
        """A customer texts one of our numbers."""
        if to is None:
            self.texts.receive(from_, words)
        else:
            self.texts.receive(from_, words, to)

    def call_us(self, from_: str, to: str | None = None) -> str:
        """A customer calls one of our numbers; answers the call's sid."""
        call = self.calls.receive(from_) if to is None else self.calls.receive(from_, to)
        return call.sid

    def introduce(self, name: str, *contacts: str) -> None:
        """Say that these numbers and addresses belong to one customer, so that the page shows them together."""
        for contact in contacts:
            self.names[contact.lower()] = name
        self.world.changed()

    def close(self) -> None:
        """Close the connections to the outside."""
        if self._wire is not None:
            self._wire.close()
