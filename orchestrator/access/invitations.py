"""Links with which somebody chooses a password: a new colleague, or one who has forgotten theirs. Admins hand them on; we send nothing."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from orchestrator.access import passwords
from orchestrator.access.signing_in import Browser, SignedIn, SigningIn
from orchestrator.access.visitors import hashed
from orchestrator.errors import InputError, NotFound, Problem
from orchestrator.parts import Parts
from orchestrator.store import audit, invitations, sessions, staff
from orchestrator.store.audit import By
from orchestrator.store.database import Work
from orchestrator.store.staff import Member

LASTS = timedelta(hours=48)  # over a night and a day off; then somebody asks for another
WELCOME = "/welcome"  # + /token


def link(parts: Parts, work: Work, member: Member, by: By, now: datetime) -> str:
    """A new link for them, shown only now; the one before is worthless. Raises InputError for somebody who is disabled."""
    if member.disabled_at is not None:
        raise InputError(Problem(f"{member.name} is disabled", "enable them first"))
    token = secrets.token_urlsafe(32)
    invitations.put(work, parts.new_id(), hashed(token), member.id, by.name, now, now + LASTS)
    audit.note(work, by, "member.link", f"member:{member.id}", f"made a link with which {member.name} chooses a password", now)
    return f"{parts.links.public_url}{WELCOME}/{token}"


def invited(parts: Parts, token: str, now: datetime) -> Member | None:
    """Whom the link lets choose a password; None when it opens nothing. Looking does not use it up."""

    def look(work: Work) -> Member | None:
        found = invitations.whose(work, hashed(token), now)
        member = None if found is None else staff.by_id(work, found)
        return member if member is not None and member.disabled_at is None else None

    return parts.database.run(look)


def accept(parts: Parts, ways_in: SigningIn, token: str, password: str, browser: Browser, now: datetime) -> SignedIn | None:
    """They chose a password: the link is used up and every session they had is over. None: now they sign in, with a code.

    Raises NotFound when the link opens nothing, InputError for a password that cannot be one, Busy.
    """
    member = invited(parts, token, now)
    if member is None:
        raise NotFound("this link opens nothing")
    problems = passwords.problems_with(password, member.name, member.title)
    if problems:
        raise InputError(problems)
    hash_ = passwords.hashed(password)  # slow: before the unit of work

    def choose(work: Work) -> SignedIn | None:
        if invitations.use(work, hashed(token), now) is None:
            raise NotFound("this link opens nothing")
        set_password(work, member.id, hash_, now)
        about, said = f"member:{member.id}", f"{member.name} chose a password with a link"
        audit.note(work, By(member.name, member.role), "member.password", about, said, now)
        found = staff.secrets_of(work, member.id)
        if found is not None and found.totp_secret is not None:
            return None
        return ways_in.let_in(work, member, "password", browser, now)

    return parts.database.run(choose)


def set_password(work: Work, id_: UUID, hash_: str, now: datetime, *, but: UUID | None = None) -> None:
    """A new password: links and sessions from before open nothing, but for one session."""
    staff.change(work, id_, {"password_hash": hash_})
    invitations.withdraw(work, id_, now)
    sessions.end(work, id_, now, but=but)
