"""Who works here: admins, and whoever sits at the terminal, add people, change what they may do, and shut them out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from orchestrator.core.roles import EVERY_QUEUE, Role
from orchestrator.core.zones import normal_phone
from orchestrator.errors import InputError, NotFound, Problem, did_you_mean
from orchestrator.language.house_rules import HouseRules
from orchestrator.parts import Parts
from orchestrator.published import rules_in_use
from orchestrator.rulebook import HOUSE_RULES
from orchestrator.store import audit, invitations, sessions, staff, touches, versions
from orchestrator.store.audit import By
from orchestrator.store.database import Work
from orchestrator.store.staff import Member

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,79}")  # without ':', which names of keys have in journals
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,4})?")
MOST_EACH = 50


@dataclass(frozen=True, slots=True)
class Profile:
    """What is said about somebody, as it was typed."""

    title: str
    role: str
    queues: Sequence[str] = ()
    skills: Sequence[str] = ()
    languages: Sequence[str] = ()
    email: str = ""
    phone: str = ""


def add(
    parts: Parts, work: Work, name: str, profile: Profile, by: By, now: datetime, *, rules: HouseRules | None = None
) -> Member:
    """A new member, who cannot sign in yet. Raises InputError: what is wrong with which field.

    rules: whose queues there are while no house rules are published; None: any.
    """
    name = name.strip().lower()
    problems = []
    if not _NAME.fullmatch(name):
        problems.append(
            Problem("this cannot be a name to sign in with", "letters a-z, digits, '.', '_', '-' and '@', at most 80", "name")
        )
    read, wrong = _read(profile)
    wrong += _missing(work, profile.queues, rules)
    if problems or wrong or read is None:
        raise InputError([*problems, *wrong])
    member = Member(parts.new_id(), name, *read)
    if not staff.add(work, member, now):
        raise InputError(
            Problem("this name is taken, perhaps by somebody who has left", "choose another: journals name both", "name")
        )
    _note(work, by, "member.add", member, f"added {name} as {member.role}", now)
    return member


def change(work: Work, id_: UUID, profile: Profile, by: By, now: datetime, *, rules: HouseRules | None = None) -> Member:
    """What they may do and how they are reached, from their next request on. Raises InputError, NotFound. rules: as for `add`."""
    before = _member(work, id_)
    read, wrong = _read(profile)
    wrong += _missing(work, [queue for queue in profile.queues if queue not in before.queues], rules)
    if wrong or read is None:
        raise InputError(wrong)
    if read[1] is not Role.ADMIN:
        _keep_an_admin(work, id_)
        before = _member(work, id_)
    after = Member(before.id, before.name, *read)
    fields = ("title", "role", "email", "phone", "queues", "skills", "languages")
    changed = [f for f in fields if getattr(before, f) != getattr(after, f)]
    if changed:
        staff.change(work, id_, {f: _stored(getattr(after, f)) for f in changed})
        said = [f"role from {before.role} to {after.role}" if f == "role" else f for f in changed]
        _note(work, by, "member.change", before, f"changed of {before.name}: {', '.join(said)}", now)
    return after


def disable(work: Work, id_: UUID, by: By, now: datetime) -> None:
    """They are out at once and cannot come back; a call that they hold is left to its lease. Raises InputError, NotFound."""
    _keep_an_admin(work, id_)
    member = _member(work, id_)
    if member.disabled_at is None:
        staff.change(work, id_, {"disabled_at": now, "on_since": None})
        sessions.end(work, id_, now)
        invitations.withdraw(work, id_, now)
        touches.free_offers(work, member.name)  # nobody would ever take them
        _note(work, by, "member.disable", member, f"disabled {member.name}", now)


def enable(work: Work, id_: UUID, by: By, now: datetime) -> None:
    """They may sign in again, with the password they had."""
    member = _member(work, id_)
    if member.disabled_at is not None:
        staff.change(work, id_, {"disabled_at": None})
        _note(work, by, "member.enable", member, f"enabled {member.name}", now)


def sign_out_everywhere(work: Work, id_: UUID, by: By, now: datetime) -> int:
    """End all their sessions. Answers how many."""
    member = _member(work, id_)
    ended = sessions.end(work, id_, now)
    if ended:
        _note(work, by, "session.end_all", member, f"ended {ended} sessions of {member.name}", now)
    return ended


def forget_code(work: Work, id_: UUID, by: By, now: datetime) -> None:
    """They lost their telephone: the next time the password is enough."""
    member = _member(work, id_)
    staff.change(work, id_, {"totp_secret": None, "totp_step": None})
    _note(work, by, "member.code_off", member, f"switched off the code of {member.name}", now)


def phone_of(text: str) -> str | None:
    """A telephone number with + and country, empty as None. Raises InputError."""
    if not text.strip():
        return None
    found = normal_phone(text.strip(), None)
    if found is None:
        raise InputError(
            Problem("this is no telephone number", "write it with + and the country's number, e.g. +13125550142", "phone")
        )
    return found


def listed(text: str) -> tuple[str, ...]:
    """What was typed with commas or spaces between."""
    return tuple(dict.fromkeys(word for word in re.split(r"[\s,;]+", text.lower()) if word))


def _missing(work: Work, queues: Sequence[str], otherwise: HouseRules | None) -> list[Problem]:
    """A queue that the house rules do not have is a slip of the pen: no call would ever wait in it."""
    rules = rules_in_use(work) if HOUSE_RULES in versions.current(work) else otherwise
    if rules is None:
        return []
    strange = [q for q in queues if q not in rules.queues and q != EVERY_QUEUE and _SLUG.fullmatch(q)]  # else it cannot be one
    return [Problem(f"there is no queue '{q}' in the house rules", did_you_mean(q, rules.queues), "queues") for q in strange]


Read = tuple[str, Role, str | None, str | None, tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def _read(profile: Profile) -> tuple[Read | None, list[Problem]]:
    problems: list[Problem] = []
    title = " ".join("".join(c if c.isprintable() else " " for c in profile.title).split())
    if not 0 < len(title) <= 200:
        problems.append(Problem("say who they are", "the name that colleagues see, at most 200 characters", "title"))
    if profile.role not in set(Role):
        problems.append(Problem(f"there is no role '{profile.role[:40]}'", did_you_mean(profile.role, [*Role]), "role"))
    for field, pattern, what in (("queues", _SLUG, "queue"), ("skills", _SLUG, "skill"), ("languages", _LANGUAGE, "language")):
        words = getattr(profile, field)
        strange = [w for w in words if not pattern.fullmatch(w) and not (field == "queues" and w == EVERY_QUEUE)]
        if strange or len(words) > MOST_EACH:
            hint = "two letters, e.g. en" if field == "languages" else "lower-case letters, digits and '-'; * is every queue"
            problems.append(Problem(f"'{strange[0][:40] if strange else '…'}' cannot be a {what}", hint, field))
    email: str | None = None
    phone: str | None = None
    if profile.email.strip():
        email, why = _address(profile.email.strip())
        if email is None:
            problems.append(Problem("this is no e-mail address", why, "email"))
    try:
        phone = phone_of(profile.phone)
    except InputError as error:
        problems += error.problems
    if problems:
        return None, problems
    lists = tuple(profile.queues), tuple(profile.skills), tuple(profile.languages)
    return (title, Role(profile.role), email, phone, *lists), []


def _address(text: str) -> tuple[str | None, str]:
    from email_validator import EmailNotValidError, validate_email  # 40 ms

    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized, ""
    except EmailNotValidError as error:
        return None, str(error)


def _keep_an_admin(work: Work, id_: UUID) -> None:
    """Raises InputError when nobody but this member could manage people. Locks them all: two admins who remove each other take turns."""
    admins = staff.lock_admins(work)
    if id_ in admins and admins == [id_]:
        hint = "make somebody else an admin first, and let them choose a password"
        raise InputError(Problem("this is the last admin who can sign in", hint, "role"))


def _member(work: Work, id_: UUID) -> Member:
    member = staff.by_id(work, id_)
    if member is None:
        raise NotFound("there is no such member")
    return member


def _stored(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _note(work: Work, by: By, what: str, member: Member, said: str, now: datetime) -> None:
    audit.note(work, by, what, f"member:{member.id}", said, now)
