"""Signing in: name and password, then a code where one is wanted. One answer for everything that is wrong."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from orchestrator.access import codes, passwords
from orchestrator.access.limits import Limits, Wait, Whence
from orchestrator.access.seals import Seals
from orchestrator.access.visitors import hashed, sign_in
from orchestrator.parts import Parts
from orchestrator.store import audit, sessions, staff
from orchestrator.store.audit import By
from orchestrator.store.database import Work
from orchestrator.store.staff import Member

log = logging.getLogger(__name__)
HALF_WAY = timedelta(minutes=5)  # from the password to the code
BUSY_S = 2


@dataclass(frozen=True, slots=True)
class SignedIn:
    """They are in: two cookies for their browser."""

    member: Member
    session: str
    device: str


@dataclass(frozen=True, slots=True)
class AskCode:
    """The password was right; now the code. note: for a short-lived cookie."""

    note: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """Name, password or code is wrong, or they may not come in: nobody learns which."""


@dataclass(frozen=True, slots=True)
class Browser:
    """What is known of the browser that asks."""

    whence: Whence
    words: str  # "Firefox on Windows"
    session: str = ""  # the cookie of whoever was signed in there until now


class SigningIn:
    """The ways in."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.seals = Seals(parts.database)
        self.limits = Limits(parts, self.seals)

    def with_password(self, name: str, password: str, browser: Browser, now: datetime) -> SignedIn | AskCode | Wrong | Wait:
        """The first step, and for most the only one."""
        name = name.strip().lower()[:200]
        charged = self.limits.charge(name, browser.whence, now)
        if isinstance(charged, Wait):
            log.warning("too many tries to sign in", extra={"action": "sign_in.refused"})
            return charged
        member, secrets = self._parts.database.run(lambda work: _known(work, name))
        try:
            right = passwords.fits(password, None if secrets is None else secrets.password_hash)
        except passwords.Busy:
            self._parts.database.run(lambda work: self.limits.forgive(work, charged))
            return Wait(BUSY_S)
        if not right or member is None or secrets is None or member.disabled_at is not None:
            log.info("a try to sign in failed", extra={"action": "sign_in.failed"})
            return Wrong()

        def enter(work: Work) -> SignedIn | AskCode:
            self.limits.forgive(work, charged)
            if secrets.totp_secret is not None:
                # Its hash goes along: whoever changes the password meanwhile ends this, too.
                content = {"member": str(member.id), "password": _print(secrets.password_hash)}
                return AskCode(self.seals.put("half-way", content, now + HALF_WAY))
            return self.let_in(work, member, "password", browser, now)

        return self._parts.database.run(enter)

    def half_way(self, note: str, now: datetime) -> Member | None:
        """Who has to type a code now; None when nobody has, or it is too late."""
        found = self._half_way(note, now)
        return None if found is None else found[0]

    def with_code(self, note: str, code: str, browser: Browser, now: datetime) -> SignedIn | Wrong | Wait | None:
        """The second step. None: it has to be begun again."""
        found = self._half_way(note, now)
        if found is None:
            return None
        member, secret = found
        charged = self.limits.charge_code(member.name, browser.whence, now)
        if isinstance(charged, Wait):
            return charged

        def enter(work: Work) -> SignedIn | Wrong:
            if not take_code(work, member.id, secret, code, now):
                return Wrong()
            self.limits.forgive(work, charged)
            return self.let_in(work, member, "password", browser, now)

        return self._parts.database.run(enter)

    def right_password(self, member: Member, password: str, now: datetime) -> bool | Wait:
        """Whether somebody who is signed in knows their own password."""
        charged = self.limits.charge_own(member.name, now)
        if isinstance(charged, Wait):
            return charged
        secrets = self._parts.database.run(lambda work: staff.secrets_of(work, member.id))
        try:
            right = passwords.fits(password, None if secrets is None else secrets.password_hash)
        except passwords.Busy:
            right, busy = False, True
        else:
            busy = False
        if right or busy:
            self._parts.database.run(lambda work: self.limits.forgive(work, charged))
        return Wait(BUSY_S) if busy else right

    def let_in(self, work: Work, member: Member, via: str, browser: Browser, now: datetime) -> SignedIn:
        """A new session, whoever was signed in at this browser before; from now on we know the device."""
        self.seals.learn(work)
        if browser.session:
            sessions.end_by_hash(work, hashed(browser.session), now)
        cookie = sign_in(self._parts, work, member, via, browser.words, now)
        how = "through the company's directory" if via == "oidc" else "with a password"
        audit.note(
            work, By(member.name, member.role), "session.begin", f"member:{member.id}", f"{member.name} signed in {how}", now
        )
        return SignedIn(member, cookie, self.limits.device_for(member.name, browser.whence.device, now))

    def _half_way(self, note: str, now: datetime) -> tuple[Member, str] | None:
        content = self.seals.read("half-way", note, now)
        if content is None:
            return None
        id_ = UUID(content["member"])
        member, secrets = self._parts.database.run(lambda work: (staff.by_id(work, id_), staff.secrets_of(work, id_)))
        if member is None or secrets is None or member.disabled_at is not None or secrets.totp_secret is None:
            return None
        if _print(secrets.password_hash) != content["password"]:
            return None
        return member, secrets.totp_secret


def take_code(work: Work, id_: UUID, secret: str, typed: str, now: datetime) -> bool:
    """Whether it is a code of this moment that nobody has used yet; then it is used."""
    step = codes.step_of(secret, typed, now)
    return step is not None and staff.use_step(work, id_, step)


def _known(work: Work, name: str) -> tuple[Member | None, Any]:
    member = staff.by_name(work, name)
    return member, None if member is None else staff.secrets_of(work, member.id)


def _print(password_hash: str | None) -> str:
    return hashlib.sha256((password_hash or "").encode()).hexdigest()[:16]
