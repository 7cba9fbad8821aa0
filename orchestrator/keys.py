"""API keys: given out once, known by their hash, asked for with every request."""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from orchestrator.clock import Clock
from orchestrator.core.roles import Role
from orchestrator.errors import InputError, NotFound, Problem, did_you_mean
from orchestrator.ids import new_secret
from orchestrator.parts import Parts
from orchestrator.store import audit, keys
from orchestrator.store.audit import By
from orchestrator.store.database import Database, Work
from orchestrator.store.keys import Key

SCOPES = {
    "events:write": "post events",
    "events:backfill": "post events of the past, which start nothing",
    "read": "read what the system knows",
}
# What a key may be made for, by its role. A key without one posts events; reading is reading as somebody: the role says what is seen.
SCOPES_OF: Mapping[Role | None, frozenset[str]] = {
    None: frozenset({"events:write", "events:backfill"}),
    Role.AGENT: frozenset(),  # their rights follow from queues and calls that they have: a program has none
    Role.LEAD: frozenset(SCOPES),
    Role.AUTHOR: frozenset(SCOPES),
    Role.AUDITOR: frozenset({"read"}),
    Role.ADMIN: frozenset(SCOPES),
}
FRESH = timedelta(seconds=5)  # a revoked key opens nothing after this at the latest
LOOKED = timedelta(milliseconds=250)  # a key that is not known is looked for again only after this: strangers cost no queries
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def issue(parts: Parts, name: str, scopes: Sequence[str], role: Role | str | None = None, by: By | None = None) -> str:
    """Make a key and answer it: the only moment at which anybody can read it. by: for the audit trail; None: the terminal."""
    problems = [Problem(f"there is no scope '{s}'", did_you_mean(s, SCOPES), "scope") for s in scopes if s not in SCOPES]
    if not scopes:
        problems.append(Problem("a key without a scope opens nothing", f"give it one of: {', '.join(SCOPES)}", "scope"))
    wanted = next((r for r in Role if r == role), None)
    if role and wanted is None:
        problems.append(Problem(f"there is no role '{role[:40]}'", did_you_mean(role, [*Role]), "role"))
    elif beyond := sorted(set(scopes) & set(SCOPES) - SCOPES_OF[wanted]):
        problems.append(_beyond(wanted, beyond))
    if not _NAME.fullmatch(name):
        problems.append(
            Problem(f"'{name[:80]}' cannot be the name of a key", "use letters, digits, '.', '_' and '-', at most 80", "name")
        )
    if problems:
        raise InputError(problems)
    secret, now = new_secret("tp"), parts.clock()

    def make(work: Work) -> bool:
        id_ = parts.new_id()
        if not keys.add(work, id_, name, hashed(secret), scopes, now, wanted):
            return False
        said = f"made the key {name}: {', '.join(sorted(scopes))}" + (f", reading as {wanted}" if wanted else "")
        audit.note(work, by or audit.AT_THE_TERMINAL, "key.make", f"key:{id_}", said, now)
        return True

    if not parts.database.run(make):
        raise InputError(Problem(f"there was a key '{name}' before", "choose another name, e.g. with the year in it", "name"))
    return secret


def revoke(parts: Parts, name: str, by: By | None = None) -> None:
    """The key opens nothing any more, in every process within five seconds. by: as above."""
    now = parts.clock()

    def take_back(work: Work) -> bool:
        id_ = keys.revoke(work, name, now)
        if id_ is not None:
            audit.note(work, by or audit.AT_THE_TERMINAL, "key.revoke", f"key:{id_}", f"revoked the key {name}", now)
        return id_ is not None

    if not parts.database.run(take_back):
        known = parts.database.run(keys.live)
        raise NotFound(f"there is no live key '{name}' ({did_you_mean(name, [k.name for k in known])})")


def _beyond(role: Role | None, beyond: Sequence[str]) -> Problem:
    what = ", ".join(beyond)
    if role is None:
        able = ", ".join(r for r in Role if set(beyond) <= SCOPES_OF[r])
        return Problem(f"a key with the scope {what} needs a role: it reads what that role may see", f"one of: {able}", "role")
    return Problem(f"a key of the role {role} may not have the scope {what}", "leave it out, or choose another role", "scope")


def hashed(secret: str) -> str:
    """What is kept of a key. No salt and no slow hash: there are 256 bits to guess."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


class Keyring:
    """The live keys, read from the database at most every five seconds. Safe to use from several threads."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._lock = threading.Lock()
        self._keys: Sequence[Key] = ()
        self._read_at: datetime | None = None

    def key(self, secret: str) -> Key | None:
        """The live key that this is; None when it is none. Raises DatabaseError when nobody can tell."""
        wanted = hashed(secret)
        return _among(self._live(FRESH), wanted) or _among(self._live(LOOKED), wanted)  # it may have been made a moment ago

    def _live(self, fresh: timedelta) -> Sequence[Key]:
        now = self._clock()
        with self._lock:
            if self._read_at is None or not timedelta(0) <= now - self._read_at < fresh:
                self._keys, self._read_at = self._database.run(keys.live), now
            return self._keys


def _among(known: Sequence[Key], wanted: str) -> Key | None:
    found = None
    for key in known:
        if hmac.compare_digest(key.hash, wanted):  # all of them, so that the time taken tells nothing
            found = key
    return found
