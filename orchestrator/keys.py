"""API keys: given out once, known by their hash, asked for with every request."""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

from orchestrator.clock import Clock
from orchestrator.errors import InputError, NotFound, Problem, did_you_mean
from orchestrator.ids import new_secret
from orchestrator.parts import Parts
from orchestrator.store import keys
from orchestrator.store.database import Database
from orchestrator.store.keys import Key

SCOPES = {
    "events:write": "post events",
    "events:backfill": "post events of the past, which start nothing",
    "read": "read what the system knows",
}
FRESH = timedelta(seconds=5)  # a revoked key opens nothing after this at the latest
LOOKED = timedelta(milliseconds=250)  # a key that is not known is looked for again only after this: strangers cost no queries
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def issue(parts: Parts, name: str, scopes: Sequence[str]) -> str:
    """Make a key and answer it: the only moment at which anybody can read it."""
    problems = [Problem(f"there is no scope '{s}'", did_you_mean(s, SCOPES), "scope") for s in scopes if s not in SCOPES]
    if not scopes:
        problems.append(Problem("a key without a scope opens nothing", f"give it one of: {', '.join(SCOPES)}", "scope"))
    if not _NAME.fullmatch(name):
        problems.append(
            Problem(f"'{name[:80]}' cannot be the name of a key", "use letters, digits, '.', '_' and '-', at most 80", "name")
        )
    if problems:
        raise InputError(problems)
    secret, now = new_secret("tp"), parts.clock()
    made = parts.database.run(lambda work: keys.add(work, parts.new_id(), name, hashed(secret), scopes, now))
    if not made:
        raise InputError(Problem(f"there was a key '{name}' before", "choose another name, e.g. with the year in it", "name"))
    return secret


def revoke(parts: Parts, name: str) -> None:
    """The key opens nothing any more, in every process within five seconds."""
    now = parts.clock()
    if not parts.database.run(lambda work: keys.revoke(work, name, now)):
        known = parts.database.run(keys.live)
        raise NotFound(f"there is no live key '{name}' ({did_you_mean(name, [k.name for k in known])})")


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
