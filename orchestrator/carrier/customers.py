"""Who was contacted, as the page shows it: every customer with a telephone, a mailbox, or both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from orchestrator.carrier.call import Call
from orchestrator.carrier.carrier import Carrier
from orchestrator.carrier.mails import Mail
from orchestrator.carrier.people import STAFF, at_mailbox, on_phone
from orchestrator.carrier.texts import Text

MOST_SHOWN = 200  # customers in the list
MOST_THINGS = 100  # texts and calls, or e-mails, of one customer


@dataclass(slots=True)
class Customer:
    """Somebody, with everything that reached them."""

    key: str  # opaque: numbers and addresses stay out of the page's addresses
    name: str
    numbers: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    last_at: datetime | None = None
    last_words: str = ""
    behaves: list[str] = field(default_factory=list)
    is_staff: bool = False

    @property
    def phone(self) -> list[Text | Call]:
        """Texts and calls, oldest first, the newest hundred."""
        both: list[Text | Call] = [*self.texts, *self.calls]
        return sorted(both, key=lambda one: one.created_at)[-MOST_THINGS:]

    @property
    def mailbox(self) -> list[Mail]:
        """E-mails that arrived, newest first."""
        return self.mails[::-1][:MOST_THINGS]

    @property
    def live(self) -> list[Call]:
        """Calls that ring or are going on."""
        return [call for call in self.calls if not call.is_over and call.status != "queued"]


def customers(carrier: Carrier) -> list[Customer]:
    """Everybody who was contacted, the one with the newest first."""
    found: dict[str, Customer] = {}
    with carrier.world.lock:
        texts = list(carrier.texts.by_sid.values())
        calls = list(carrier.calls.by_sid.values())
        mails = list(carrier.mails.by_sid.values())
    for text in texts:
        inbound = text.direction == "inbound"
        customer = _of(carrier, found, text.from_ if inbound else text.to, is_number=True)
        customer.texts.append(text)
        _newer(customer, text.created_at, text.body if not inbound else f"“{text.body}”")
    for call in calls:
        customer = _of(carrier, found, call.customer, is_number=True)
        customer.calls.append(call)
        _newer(customer, call.ended_at or call.answered_at or call.created_at, call_words(call))
    for mail in mails:
        customer = _of(carrier, found, mail.to, is_number=False, name=mail.to_name)
        customer.mails.append(mail)
        _newer(customer, mail.at, mail.subject)
    return sorted(found.values(), key=_age, reverse=True)[:MOST_SHOWN]


def call_words(call: Call) -> str:
    """How a call stands, for people."""
    if call.direction == "inbound":
        return {"ringing": "calls the business", "in-progress": "talks to the business", "completed": "called the business"}.get(
            call.status, "called; not taken"
        )
    if call.status == "completed" and any(heard.kind == "left" for heard in call.heard):
        return "a voicemail was left"
    return {
        "queued": "a call is on its way",
        "ringing": "the phone rings",
        "in-progress": "on the phone",
        "completed": "call ended",
        "busy": "call declined: busy",
        "no-answer": "missed call",
        "failed": "call failed",
        "canceled": "missed call, called off",
    }[call.status]


def key_of(who: str) -> str:
    """The opaque name of a customer."""
    return sha256(who.encode()).hexdigest()[:12]


def pick(everybody: Iterable[Customer], key: str) -> Customer | None:
    """The customer of this name; the first when there is none; None when there is nobody."""
    people = list(everybody)
    return next((one for one in people if one.key == key), people[0] if people else None)


def _of(carrier: Carrier, found: dict[str, Customer], contact: str, *, is_number: bool, name: str = "") -> Customer:
    known = carrier.names.get(contact.lower())
    key = key_of(known or contact.lower())
    customer = found.get(key)
    if customer is None:
        customer = found[key] = Customer(key, known or name or contact)
    mine = customer.numbers if is_number else customer.addresses
    if contact not in mine:
        mine.append(contact)
        world = carrier.world
        if is_number:
            person = on_phone(contact, world.chance(contact), world.chances)
            customer.is_staff = customer.is_staff or person is STAFF
            customer.behaves.append(f"{contact}: {person.words}")
        else:
            customer.behaves.append(f"{contact}: {at_mailbox(contact, world.chance(contact), world.chances).words}")
    return customer


def _newer(customer: Customer, at: datetime, words: str) -> None:
    if customer.last_at is None or at >= customer.last_at:
        customer.last_at, customer.last_words = at, words


def _age(customer: Customer) -> tuple[datetime, str]:
    assert customer.last_at is not None  # nobody is in the list without a reason
    return customer.last_at, customer.key
