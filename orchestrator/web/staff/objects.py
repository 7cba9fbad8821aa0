"""Which objects somebody may see: agents those of their queues, everybody else with the right all of them. Unknown ids: nobody.

A new kind of object is one function here and one line in OBJECTS.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

from orchestrator.access.visitors import Visitor
from orchestrator.parts import Parts
from orchestrator.store import board, keys, sessions, sights, staff, standing
from orchestrator.web.staff.routes import Sees

DRAFT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")  # names of playbooks, "house-rules" and "lifecycle"


def sees_customer(parts: Parts, who: Visitor, id_: str) -> bool:
    """A customer of whom a call is, or was, in one of their queues."""
    found = _id(id_)
    if found is None:
        return False
    queues = None if who.member.every_queue else who.member.queues
    return parts.database.run(lambda work: sights.customer(work, found, queues))


def sees_call(parts: Parts, who: Visitor, id_: str) -> bool:
    """A call of one of their queues, or one that is offered to them or that they have."""
    found = _id(id_)
    if found is None:
        return False
    queue = parts.database.run(lambda work: sights.call(work, found))
    return queue is not None and (who.member.works(queue.queue) or who.name in (queue.offered_to, queue.held_by))


def sees_member(parts: Parts, who: Visitor, id_: str) -> bool:
    """A member of the staff: whoever may see people at all sees everybody."""
    found = _id(id_)
    return found is not None and parts.database.run(lambda work: staff.by_id(work, found)) is not None


def sees_session(parts: Parts, who: Visitor, id_: str) -> bool:
    """A session of their own."""
    found = _id(id_)
    now = parts.clock()
    return found is not None and parts.database.run(lambda work: sessions.whose(work, found, now)) == who.member.id


def sees_key(parts: Parts, who: Visitor, id_: str) -> bool:
    """A key that opens something."""
    found = _id(id_)
    return found is not None and any(key.id == found for key in parts.database.run(keys.live))


def sees_queue(parts: Parts, who: Visitor, id_: str) -> bool:
    """A queue of the house rules, or one in which calls wait."""
    if not who.member.works(id_) or not id_.isprintable():  # PostgreSQL refuses to look for a NUL
        return False
    return parts.database.run(lambda work: id_ in parts.rulebook.refresh(work).house.queues or board.is_queue(work, id_))


def sees_undecided(parts: Parts, who: Visitor, id_: str) -> bool:
    """A touch of which nobody knows, or knew, how it went."""
    return _on_the_board(parts, who, "touch", _id(id_))


def sees_reply(parts: Parts, who: Visitor, id_: str) -> bool:
    """What a customer said of themselves."""
    return _on_the_board(parts, who, "reply", _id(id_))


def sees_event(parts: Parts, who: Visitor, id_: str) -> bool:
    """An event as it came."""
    return _on_the_board(parts, who, "event", _id(id_))


def sees_delivery(parts: Parts, who: Visitor, id_: str) -> bool:
    """What a provider posted; its id is a number."""
    return _on_the_board(parts, who, "delivery", int(id_) if id_.isascii() and id_.isdigit() and len(id_) < 19 else None)


def _on_the_board(parts: Parts, who: Visitor, kind: str, id_: UUID | int | None) -> bool:
    """What waits for a person to decide belongs to no queue: whoever sees all of them sees it."""
    return id_ is not None and who.member.every_queue and parts.database.run(lambda work: board.exists(work, kind, id_))


def sees_playbook(parts: Parts, who: Visitor, id_: str) -> bool:
    """Every playbook that was ever published; house rules and the lifecycle are kept beside them and are none."""
    return not id_.startswith("@") and bool(parts.database.run(lambda work: standing.version_rows(work, id_)))


def sees_draft(parts: Parts, who: Visitor, id_: str) -> bool:
    """A file of the playbooks folder: whoever may write playbooks at all sees all of them. The page looks whether it is there."""
    return DRAFT.fullmatch(id_) is not None and len(id_) <= 80


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


OBJECTS: Mapping[str, Sees] = {
    "customer": sees_customer,
    "member": sees_member,
    "session": sees_session,
    "key": sees_key,
    "call": sees_call,
    "playbook": sees_playbook,
    "draft": sees_draft,
    "queue": sees_queue,
    "undecided": sees_undecided,
    "reply": sees_reply,
    "event": sees_event,
    "delivery": sees_delivery,
}
