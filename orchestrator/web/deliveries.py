"""What the hooks keep: deliveries cut to size and named by what they say, written in groups."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from orchestrator import callbacks
from orchestrator.errors import DatabaseError, NotFound
from orchestrator.parts import Parts
from orchestrator.store import inbox
from orchestrator.store.database import Unstorable
from orchestrator.store.inbox import Delivery
from orchestrator.web.together import Together

log = logging.getLogger(__name__)
MOST_TEXT = 2_000  # characters of one value
MOST_PARAMETERS = 100
MOST_DEPTH = 3  # of an event: its lists, and what they hold
MOST_KEY, MOST_REF = 200, 200  # as long as the inbox's columns

Post = Sequence[Delivery]  # what one request brought


def keeper(parts: Parts, *, most: int) -> Together[Post, None]:
    """Keeps the deliveries of many requests in one unit of work. most: requests in it."""
    return Together[Post, None](lambda posts: _keep(parts, posts), most=most)


def handle_of(text: str) -> UUID:
    """The attempt that an address names. Raises NotFound for anything but a handle as we write it."""
    try:
        handle = UUID(text) if len(text) == 36 else None
    except ValueError:
        handle = None
    if handle is None:
        raise NotFound("there is no such hook: its address ends with no handle of ours")
    return handle


def named(*said: object) -> str:
    """A name for what was said: the same words, the same name."""
    return hashlib.sha256(to_json(said)).hexdigest()


def storable(value: Any, depth: int = MOST_DEPTH) -> Any:  # Any: JSON, as somebody outside wrote it
    """The value without what databases refuse, and without more of it than anybody needs."""
    match value:
        case bool() | None:
            return value
        case int():
            return value if abs(value) < 2**63 else str(value)[:40]
        case float():
            return value if abs(value) < float("inf") else None  # also of NaN
        case str():
            return "".join(c if c != "\x00" and not "\ud800" <= c <= "\udfff" else "�" for c in value[:MOST_TEXT])
        case Mapping() if depth:
            some = list(value.items())[:MOST_PARAMETERS]
            return {storable(str(name)[:MOST_KEY]): storable(inner, depth - 1) for name, inner in some}
        case list() if depth:
            return [storable(inner, depth - 1) for inner in value[:MOST_PARAMETERS]]
    return None


def _keep(parts: Parts, posts: Sequence[Post]) -> list[None]:
    deliveries = [delivery for post in posts for delivery in post]
    try:
        callbacks.take_in(parts, deliveries)
    except Unstorable:
        _keep_each(parts, deliveries)
    except DatabaseError:
        raise
    except Exception:  # shell: one delivery that makes the program fail must not turn away the others
        log.exception("deliveries could not be taken in; trying them one by one", extra={"action": "hook.failed"})
        _keep_each(parts, deliveries)
    return [None] * len(posts)


def _keep_each(parts: Parts, deliveries: Sequence[Delivery]) -> None:
    """One by one. What the database will never take is passed over: posted again for a day, it would still be what it is."""
    for delivery in deliveries:
        try:
            callbacks.take_in(parts, [delivery])
        except Unstorable:
            _keep_alone(parts, delivery)
        except DatabaseError:
            raise
        except Exception:  # shell: kept without taking effect at once, it is tried again by batch and then shown to a person
            log.exception("a delivery is only kept for now", extra={"action": "hook.only_kept", "kind": delivery.kind})
            parts.database.run(lambda work, one=delivery: inbox.put(work, [one]))  # type: ignore[misc]


def _keep_alone(parts: Parts, delivery: Delivery) -> None:
    """What follows from it cannot be stored, or it cannot itself: keep it where a person finds it, if that can be done."""
    try:
        parts.database.run(lambda work: inbox.put(work, [delivery]))
        log.error("a delivery is only kept for now", extra={"action": "hook.only_kept", "kind": delivery.kind})
    except Unstorable:
        log.error("a delivery that cannot be stored was passed over", extra={"action": "hook.unstorable", "kind": delivery.kind})
