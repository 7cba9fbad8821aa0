"""What texts, e-mails and calls share: the clock, the agenda, chance, the way out, and who is suppressed. And the ledger."""

from __future__ import annotations

import itertools
import random
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

from orchestrator.carrier import credentials
from orchestrator.carrier.agenda import Agenda
from orchestrator.carrier.faults import Dice
from orchestrator.carrier.people import AtMailbox, Chances, OnPhone, at_mailbox, on_phone
from orchestrator.carrier.wire import Deliver

Kind = Literal["email", "text", "call"]
API_VERSION = "2010-04-01"
UUID_SHAPE = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One message or call that was accepted: the truth that stories compare with."""

    kind: Kind
    sid: str
    handle: UUID | None  # of the sender, as found in its callback addresses or custom_args
    to: str
    from_: str
    subject: str
    body: str  # of a call: what was said in it, so far
    at: datetime  # when it was accepted
    times: int  # how often this handle was accepted for this recipient by then: more than 1 is a doubled effect
    status: str  # how it stands now, in the vendor's word
    answered_by: str | None  # of a call
    parent: str | None  # of a call that another one dialled


class World:
    """The shared part. Whoever changes state holds `lock`; nobody holds it during a request."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        seed: int,
        deliver: Deliver,
        *,
        speed: float = 1.0,
        hooks: str | None = None,
        chances: Chances | None = None,
        manual: bool = False,
        senders: frozenset[str] = frozenset(),
    ) -> None:
        self.clock = clock
        self.seed = seed
        self.deliver = deliver
        self.hooks = hooks  # where the account's own addresses point: incoming texts and calls, e-mail events
        self.chances = chances or Chances()
        self.manual = manual  # a person at the page plays the customers
        self.senders = senders | {credentials.TEXT_FROM, credentials.CALLER_ID, credentials.EMAIL_FROM.partition("@")[2]}
        self.agenda = Agenda(speed)
        self.dice = Dice(seed)
        self.lock = threading.RLock()
        self.stopped: set[str] = set()  # numbers that texted STOP
        self.suppressed: dict[str, str] = {}  # addresses that are dropped, and why
        self.version = 0  # grows with every change that the page shows
        self._numbers = itertools.count(1)
        self._began = clock().isoformat()  # so that no name comes twice after a restart
        self._times: dict[tuple[Kind, UUID, str], int] = {}
        self._contacts: dict[str, int] = {}

    def now(self) -> datetime:
        """This moment."""
        return self.clock()

    def name(self, prefix: str, length: int = 32) -> str:
        """A new name as the vendors give them: a prefix and hexadecimal digits. The same run gives the same names."""
        digits = sha256(f"{self.seed}/{self._began}/{next(self._numbers)}".encode()).hexdigest()
        return prefix + digits[:length]

    def chance(self, *words: object) -> random.Random:
        """Chance that depends on the seed and these words alone, not on what happened before."""
        return random.Random("/".join(map(str, (self.seed, *words))))  # noqa: S311 - imagined people, not secrets

    def phone(self, number: str) -> OnPhone:
        """How the owner of this number behaves at the next contact."""
        return on_phone(number, self.chance(number, self._contact(number)), self.chances)

    def mailbox(self, address: str) -> AtMailbox:
        """How the owner of this address behaves at the next e-mail."""
        return at_mailbox(address, self.chance(address, self._contact(address)), self.chances)

    def times(self, kind: Kind, handle: UUID | None, to: str) -> int:
        """Count one more acceptance of a handle for a recipient; how many there are by now."""
        if handle is None:
            return 1
        key = (kind, handle, to)
        self._times[key] = self._times.get(key, 0) + 1
        return self._times[key]

    def may_browse(self, url: str) -> bool:
        """Whether an imaginary customer may open it: only what belongs to the rehearsal, never the internet."""
        there = urlsplit(url)
        if there.scheme not in {"http", "https"}:
            return False
        return there.hostname in LOOPBACK or (self.hooks is not None and there.hostname == urlsplit(self.hooks).hostname)

    def changed(self) -> None:
        """Something that the page shows is new."""
        self.version += 1

    def _contact(self, who: str) -> int:
        with self.lock:
            self._contacts[who] = self._contacts.get(who, 0) + 1
            return self._contacts[who]


def handle_in(*texts: str | None) -> UUID | None:
    """The sender's handle: the first id of that shape in its addresses or arguments."""
    for text in texts:
        if text and (found := UUID_SHAPE.search(text)):
            return UUID(found[0])
    return None


def handle_among(arguments: Mapping[str, object]) -> UUID | None:
    """The same among custom arguments."""
    return handle_in(*(str(value) for value in arguments.values()))
