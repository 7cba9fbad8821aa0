"""Whoever is signed in: a cookie leads to a session, a session to a member of the staff."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from orchestrator.core.roles import Right
from orchestrator.parts import Parts
from orchestrator.store import sessions
from orchestrator.store.audit import By
from orchestrator.store.database import Work
from orchestrator.store.staff import Member

LASTS = timedelta(hours=14)  # a long shift; then they sign in again
IDLE = timedelta(hours=4)  # without a sign of life


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in, or a program that reads with a key (session None)."""

    member: Member
    session: UUID | None
    csrf: str  # every form and every request of a page's script sends it back

    @property
    def name(self) -> str:
        """Their name in journals and as the holder of calls."""
        return self.member.name

    @property
    def by(self) -> By:
        """The same for the audit trail."""
        return By(self.member.name, self.member.role)

    def may(self, right: Right) -> bool:
        """Whether they have this right."""
        return self.member.may(right)


def sign_in(parts: Parts, work: Work, member: Member, via: str, device: str, now: datetime) -> str:
    """A new session; answers the cookie, which nobody else ever sees."""
    cookie = secrets.token_urlsafe(32)
    sessions.put(work, parts.new_id(), hashed(cookie), member.id, via, device, now, now + LASTS)
    return cookie


def visitor(parts: Parts, cookie: str, now: datetime) -> Visitor | None:
    """Whose cookie this is; None when it signs nobody in."""
    signed = parts.database.run(lambda work: sessions.live(work, hashed(cookie), now, IDLE))
    return None if signed is None else Visitor(signed.member, signed.id, csrf_of(cookie))


def csrf_of(cookie: str) -> str:
    """What pages send back with every change: another site can send the cookie along and cannot know this."""
    return hmac.new(cookie.encode("utf-8", "surrogateescape"), b"csrf", hashlib.sha256).hexdigest()


def hashed(cookie: str) -> str:
    """What is kept of a cookie. No salt and no slow hash: there are 256 bits to guess."""
    return hashlib.sha256(cookie.encode("utf-8", "surrogateescape")).hexdigest()
