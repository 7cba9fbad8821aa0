"""Programs that read pages with a key: it needs the scope read, and sees what its role may see. It changes nothing."""

from __future__ import annotations

from fastapi import Request

from orchestrator.access.visitors import Visitor
from orchestrator.core.roles import EVERY_QUEUE, Role
from orchestrator.errors import Problem
from orchestrator.keys import Keyring
from orchestrator.store.keys import Key
from orchestrator.store.staff import Member
from orchestrator.web.answers import Refused
from orchestrator.web.auth import authenticated, require


def reader_of(keyring: Keyring, request: Request) -> Visitor:
    """Who reads with the key of this request. Raises Refused: 401 for a key that is not known, 403 for one that does not read."""
    key = authenticated(keyring)(request)
    require(key, "read")
    if key.role is None:  # made before keys had roles
        raise Refused(403, Problem(f"the key '{key.name}' has no role, so it sees nothing", "make another with --role"))
    return Visitor(_as_member(key, key.role), None, "")


def _as_member(key: Key, role: Role) -> Member:
    """The key as somebody with its role; no member can have such a name."""
    queues = () if role is Role.AGENT else (EVERY_QUEUE,)
    return Member(key.id, f"key:{key.name}", key.name, role, queues=queues)
