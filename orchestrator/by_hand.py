"""A touch that somebody of the staff asks for by hand: an event like any other, so that the policies, the journal and the caps hold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from orchestrator.core.model import Customer
from orchestrator.errors import DatabaseError, InputError, NotFound, Problem, did_you_mean
from orchestrator.language.typed import storable
from orchestrator.language.words import MOST_TEXT
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store import audit, customers, staff
from orchestrator.store.audit import By
from orchestrator.store.database import Work
from orchestrator.system import emit_about

CHANNELS = ("call", "text", "email")
MOST_WORDS = {"call": 2_000, "text": MOST_TEXT, "email": 10_000}  # characters
MOST_SUBJECT, MOST_GOAL = 200, 500
FARTHEST = timedelta(days=180)
SLOW_FORM = timedelta(minutes=15)  # a moment that passed while the form was open means now


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. InputError names the field as its place."""

    channel: str  # call | text | email
    words: str  # exactly what a text or an e-mail says; of a call: what it is about, for whoever makes it
    subject: str = ""  # the subject line of an e-mail; of a call its title
    goal: str = ""  # of a call, in a sentence
    queue: str = ""  # of a call: in which it waits
    due_at: datetime | None = None  # not earlier; None: now
    owner: str = ""  # of a call: this member first


def ask_for(parts: Parts, work: Work, in_use: InUse, customer_id: UUID, wanted: Wanted, by: By, key: str, now: datetime) -> str:
    """Ask for one touch; answers its subject, "by-hand/…". The caller wakes "upkeep" after the unit of work.

    key: of the form that was sent: the same form sent twice asks once. Raises InputError (place: the field) and NotFound.
    """
    customer = customers.load(work, [customer_id]).get(customer_id)
    if customer is None:
        raise NotFound("there is no such customer")
    if "touch.asked" not in in_use.listens:
        raise DatabaseError("nothing makes touches by hand yet: run 'touchpoint publish' once")
    if problems := list(_wrong(work, in_use, customer, wanted, now)):
        raise InputError(problems)
    digest = hashlib.sha256(f"{customer_id}/{by.name}/{key}".encode()).hexdigest()
    subject = f"by-hand/{digest[:32]}"
    data = {
        "channel": wanted.channel, "subject": _line(wanted.subject) or "A message", "words": _words(wanted), "goal": _line(wanted.goal),
        "queue": wanted.queue or None, "due_at": max(wanted.due_at or now, now).isoformat(), "owner": wanted.owner or None,
        "asked_by": by.name,
    }  # fmt: skip
    if emit_about(parts, work, in_use, "touch.asked", digest, subject, customer.ref, data, now):
        audit.note(work, by, "touch.asked", f"customer:{customer_id}", f"{_ARTICLE[wanted.channel]} by hand, {subject}", now)
    return subject


def _wrong(work: Work, in_use: InUse, customer: Customer, wanted: Wanted, now: datetime) -> Iterator[Problem]:
    # whom we erased has neither address nor number any more
    channel = wanted.channel
    if channel not in CHANNELS:
        yield Problem(f"'{channel[:40]}' is no way to reach somebody", f"one of {', '.join(CHANNELS)}", "channel")
        return
    if not (customer.email if channel == "email" else customer.phone):
        what = "address" if channel == "email" else "telephone number"
        yield Problem(f"we have no {what} of this customer", "choose another way", "channel")
    words = wanted.words.strip()
    if not words:
        yield Problem("there are no words", "write what to say", "words")
    elif len(words) > MOST_WORDS[channel]:
        yield Problem(f"this has {len(words)} characters", f"at most {MOST_WORDS[channel]}", "words")
    yield from _too_long(wanted.subject, MOST_SUBJECT, "subject")
    yield from _too_long(wanted.goal, MOST_GOAL, "goal")
    if channel != "text" and not wanted.subject.strip():
        yield Problem("a line says what it is about", "e.g. The drawing you asked for", "subject")
    if wanted.due_at is not None and wanted.due_at.tzinfo is None:
        yield Problem("the moment has no zone", "send it with its offset", "due_at")
    elif wanted.due_at is not None and not now - SLOW_FORM <= wanted.due_at <= now + FARTHEST:
        yield Problem("the moment has passed, or is too far away", f"within {FARTHEST.days} days", "due_at")
    yield from _wrong_desk(work, in_use, wanted)


def _wrong_desk(work: Work, in_use: InUse, wanted: Wanted) -> Iterator[Problem]:
    """What is wrong with who is to make it."""
    queues = in_use.house.queues
    if wanted.channel != "call":
        for field in ("queue", "owner"):
            if getattr(wanted, field):
                yield Problem(f"'{field}' is for calls", "leave it out", field)
        return
    if not queues:
        yield Problem("there is no queue in which a call could wait", "house-rules.yaml needs one, under queues", "queue")
    elif wanted.queue not in queues:
        yield Problem(f"there is no queue '{wanted.queue[:80]}'", did_you_mean(wanted.queue, queues), "queue")
    if wanted.owner:
        member = staff.by_name(work, wanted.owner)
        if member is None or member.disabled_at is not None:
            yield Problem("there is nobody of that name on the staff", "choose somebody, or nobody", "owner")
        elif queues and not member.works(wanted.queue):
            yield Problem(f"{member.name} does not work this queue", "choose another queue, or nobody", "owner")


def _too_long(text: str, most: int, field: str) -> Iterator[Problem]:
    if len(text.strip()) > most:
        yield Problem(f"this has {len(text.strip())} characters", f"at most {most}", field)


def _line(text: str) -> str:
    return " ".join(storable(text).split())


def _words(wanted: Wanted) -> str:
    """The words with their line breaks, which Markdown keeps only after two spaces."""
    lines = [line.strip() for line in storable(wanted.words).strip().splitlines()]
    return ("\n" if wanted.channel == "text" else "  \n").join(lines)


_ARTICLE = {"call": "a call", "text": "a text", "email": "an e-mail"}
