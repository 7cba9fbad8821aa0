"""The imaginary customers: how each behaves, by number or address, else by seeded chance. The table is printed in docs/rehearsal.md."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from typing import Literal

Pickup = Literal["person", "machine", "fax", "unsure", "busy", "nobody", "no such number"]


@dataclass(frozen=True, slots=True)
class OnPhone:
    """How somebody takes calls and texts."""

    words: str  # as people read it
    pickup: Pickup = "person"
    presses: str = ""  # a key, when keys are offered
    hangs_up: bool = False  # at once
    calls_back: bool = False  # two minutes after a call that they missed
    replies: str = ""  # to a text
    text_error: int = 0  # with which a text to them ends
    has_stopped: bool = False  # texted STOP long ago
    stays: bool = False  # one of the business's own people: picks up quickly and stays on the line


@dataclass(frozen=True, slots=True)
class AtMailbox:
    """How a mailbox and its owner take an e-mail."""

    words: str
    fate: Literal["delivered", "bounce", "deferred", "blocked"] = "delivered"
    opens: bool = False
    reports_spam: bool = False
    unsubscribes: bool = False
    clicks: str = ""  # the link with these words
    is_scanner: bool = False  # opens every link before the owner sees it


BY_NUMBER = {
    "01": OnPhone("picks up, and listens to the end"),
    "02": OnPhone("has voicemail: it beeps, and keeps what is said", pickup="machine"),
    "03": OnPhone("is on another call: busy", pickup="busy"),
    "04": OnPhone("does not answer", pickup="nobody"),
    "05": OnPhone("picks up and presses 1", presses="1"),
    "06": OnPhone("picks up and presses 9, if that is offered", presses="9"),
    "07": OnPhone("is a fax machine", pickup="fax"),
    "08": OnPhone("picks up; answer detection cannot tell who it is", pickup="unsure"),
    "09": OnPhone("does not exist: calls and texts are refused (21211)", pickup="no such number"),
    "10": OnPhone("picks up and hangs up at once", hangs_up=True),
    "11": OnPhone("answers a text with STOP", replies="STOP"),
    "12": OnPhone("answers a text: Thanks, see you then", replies="Thanks, see you then"),
    "13": OnPhone("answers a text: please stop texting me", replies="please stop texting me"),
    "14": OnPhone("has the phone switched off: texts are not delivered (30003)", text_error=30003),
    "15": OnPhone("is a landline: texts are not delivered (30006), calls are answered", text_error=30006),
    "16": OnPhone("does not answer, and calls back after two minutes", pickup="nobody", calls_back=True),
    "17": OnPhone("has texted STOP before: texts are refused (21610)", has_stopped=True),
}
STAFF = OnPhone("is one of our own people: picks up and stays on the line", stays=True)  # 90–99

BY_ADDRESS = {
    "bounce": AtMailbox("does not exist: bounces for good", fate="bounce"),
    "full": AtMailbox("is full for a while: deferred twice, then delivered", fate="deferred"),
    "blocked": AtMailbox("refuses the sender: blocked", fate="blocked"),
    "spam": AtMailbox("reports what it gets as spam", opens=True, reports_spam=True),
    "unsubscribe": AtMailbox("unsubscribes with the mail program's own button", opens=True, unsubscribes=True),
    "nine": AtMailbox("clicks 9 in a survey, and sends the form that comes", opens=True, clicks="9"),
    "scanner": AtMailbox("a security scanner opens every link, by GET only", is_scanner=True),
    "opens": AtMailbox("opens every e-mail", opens=True),
}


@dataclass(frozen=True, slots=True)
class Chances:
    """How likely it is, for somebody who is not in the tables."""

    machine: float = 0.22  # calls
    nobody: float = 0.18
    busy: float = 0.05
    unsure: float = 0.03
    hangs_up: float = 0.04
    undelivered: float = 0.01  # texts
    replies: float = 0.03
    bounces: float = 0.005  # e-mails
    deferred: float = 0.02
    opens: float = 0.45


def on_phone(number: str, chance: random.Random, chances: Chances) -> OnPhone:
    """How the owner of a number behaves this time."""
    known = re.fullmatch(r"\+1\d{3}55501(\d\d)|\+1555\d{5}(\d\d)", number)
    ending = (known[1] or known[2]) if known else ""
    if ending in BY_NUMBER:
        return BY_NUMBER[ending]
    if ending >= "90":
        return STAFF
    person = OnPhone("behaves as chance has it")
    point = chance.random()
    for share, change in (
        (chances.machine, {"pickup": "machine"}),
        (chances.nobody, {"pickup": "nobody"}),
        (chances.busy, {"pickup": "busy"}),
        (chances.unsure, {"pickup": "unsure"}),
        (chances.hangs_up, {"hangs_up": True}),
    ):
        point -= share
        if point < 0:
            person = replace(person, **change)
            break
    if chance.random() < chances.undelivered:
        person = replace(person, text_error=30003)
    elif chance.random() < chances.replies:
        person = replace(person, replies=chance.choice(("Thanks!", "OK, thank you", "Who is this?", "Can you call me tomorrow?")))
    return person


def at_mailbox(address: str, chance: random.Random, chances: Chances) -> AtMailbox:
    """How a mailbox and its owner behave this time: `bounce@…` and `bounce+anything@…` are the same."""
    local = address.partition("@")[0].partition("+")[0].lower()
    if local in BY_ADDRESS:
        return BY_ADDRESS[local]
    point = chance.random()
    if point < chances.bounces:
        return replace(BY_ADDRESS["bounce"], words="behaves as chance has it")
    fate: Literal["delivered", "deferred"] = "deferred" if point < chances.bounces + chances.deferred else "delivered"
    return AtMailbox("behaves as chance has it", fate=fate, opens=chance.random() < chances.opens)
