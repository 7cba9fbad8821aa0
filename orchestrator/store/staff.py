"""The people who work with the system. Nobody is ever removed: journals and the audit trail name them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update

from orchestrator.core.roles import EVERY_QUEUE, RIGHTS, Right, Role
from orchestrator.store.audit import AT_THE_TERMINAL, By
from orchestrator.store.database import Work
from orchestrator.store.schema import staff as table


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the staff, without their secrets."""

    id: UUID
    name: str  # they sign in with it; lower case
    title: str  # what people see
    role: Role
    email: str | None = None
    phone: str | None = None  # E.164
    queues: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()  # none said: every language
    on_since: datetime | None = None
    seen_at: datetime | None = None
    disabled_at: datetime | None = None

    def may(self, right: Right) -> bool:
        """Whether their role has this right."""
        return right in RIGHTS[self.role]

    @property
    def every_queue(self) -> bool:
        """Whether they work, or see, all queues: leads, auditors and admins see everything."""
        return EVERY_QUEUE in self.queues or self.role in (Role.LEAD, Role.AUDITOR, Role.ADMIN)

    def works(self, queue: str | None) -> bool:
        """Whether calls of this queue are theirs to see."""
        return self.every_queue or (queue is not None and queue in self.queues)


SHOWN = (
    table.c.id, table.c.name, table.c.title, table.c.role, table.c.email, table.c.phone, table.c.queues, table.c.skills,
    table.c.languages, table.c.on_since, table.c.seen_at, table.c.disabled_at,
)  # fmt: skip


def add(work: Work, member: Member, now: datetime) -> bool:
    """A new member; False when the name was taken before."""
    if by_name(work, member.name) is not None:
        return False
    work.connection.execute(
        table.insert().values(
            id=member.id,
            name=member.name,
            title=member.title,
            role=member.role,
            email=member.email,
            phone=member.phone,
            queues=list(member.queues),
            skills=list(member.skills),
            languages=list(member.languages),
            created_at=now,
        )
    )
    return True


def by_name(work: Work, name: str) -> Member | None:
    """The member of that name, disabled or not."""
    return _one(work, table.c.name == name.lower())


def enabled(work: Work, names: Collection[str]) -> set[str]:
    """Those of these names (lower case) that belong to somebody who works here now."""
    query = select(table.c.name).where(table.c.name.in_(sorted(names)), table.c.disabled_at.is_(None))
    return set(work.connection.execute(query).scalars()) if names else set()


def by_id(work: Work, id_: UUID) -> Member | None:
    """The member with that id, disabled or not."""
    return _one(work, table.c.id == id_)


def acting(work: Work, name: str) -> By:
    """Somebody who does something at the desk, for the audit trail; whoever is no member sits at the terminal."""
    role = work.connection.execute(select(table.c.role).where(table.c.name == name.lower())).scalar()
    return AT_THE_TERMINAL if role is None else By(name, role)


def everybody(work: Work, limit: int = 2_000) -> list[Member]:
    """All members, disabled ones included, by name."""
    return [member_of(row) for row in work.connection.execute(select(*SHOWN).order_by(table.c.name).limit(limit))]


def secrets_of(work: Work, id_: UUID) -> Row[Any] | None:
    """What signing in needs to know: password_hash, totp_secret, totp_step, oidc_subject."""
    columns: tuple[Any, ...] = (table.c.password_hash, table.c.totp_secret, table.c.totp_step, table.c.oidc_subject)
    return work.connection.execute(select(*columns).where(table.c.id == id_)).first()


def change(work: Work, id_: UUID, values: Mapping[str, Any]) -> bool:
    """Change columns of one member; False when there is no such member."""
    return bool(work.connection.execute(update(table).where(table.c.id == id_).values(**values)).rowcount)


def lock_admins(work: Work) -> list[UUID]:
    """The admins who can sign in. They stay as they are until this unit of work is over: whoever asks meanwhile waits."""
    can = (table.c.role == Role.ADMIN) & table.c.disabled_at.is_(None)
    can &= table.c.password_hash.is_not(None) | table.c.oidc_subject.is_not(None)
    return list(work.connection.scalars(select(table.c.id).where(can).order_by(table.c.id).with_for_update()))


def use_step(work: Work, id_: UUID, step: int) -> bool:
    """A code of this step is used; False when one of this step or a later one was before."""
    unused = table.c.totp_step.is_(None) | (table.c.totp_step < step)
    return bool(work.connection.execute(update(table).where(table.c.id == id_, unused).values(totp_step=step)).rowcount)


def by_email(work: Work, email: str) -> list[Member]:
    """Who has this address, whichever way it is capitalised; the disabled ones too."""
    query = select(*SHOWN).where(func.lower(table.c.email) == email.lower()).order_by(table.c.name).limit(5)
    return [member_of(row) for row in work.connection.execute(query)]


def by_subject(work: Work, subject: str) -> Member | None:
    """Whom the directory knows by this issuer and subject."""
    return _one(work, table.c.oidc_subject == subject)


def member_of(row: Any) -> Member:
    """The SHOWN columns, in their order."""
    id_, name, title, role, email, phone, queues, skills, languages, on_since, seen_at, disabled_at = row
    return Member(
        id_, name, title, Role(role), email, phone, tuple(queues), tuple(skills), tuple(languages), on_since, seen_at, disabled_at
    )


def _one(work: Work, which: Any) -> Member | None:
    row = work.connection.execute(select(*SHOWN).where(which)).first()
    return None if row is None else member_of(row)
