"""The staff of the demo as members who can sign in, with passwords made for this run."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from orchestrator.access import invitations, passwords, people
from orchestrator.demo.story import TELEPHONES
from orchestrator.parts import Parts
from orchestrator.store.audit import By
from orchestrator.store.database import Work

_MEMBERS = (  # name, title, role, queues, languages
    ("ari", "Ari Kaplan", "agent", ("sales", "service"), ("en", "es")),
    ("sam", "Sam Whitfield", "agent", ("service", "sales"), ("en",)),
    ("lee", "Lee Navarro", "lead", ("*",), ("en", "es")),
    ("ada", "Ada Lindqvist", "admin", ("*",), ()),
    ("una", "Una Castellan", "author", (), ()),
)
_DEMO = By("demo", "terminal")


@dataclass(frozen=True, slots=True)
class SignIn:
    """What somebody types to get in. Shown once."""

    name: str
    role: str
    password: str


def hire(parts: Parts) -> list[SignIn]:
    """Everybody, each with a password of their own; no two runs have the same."""
    now = parts.clock()
    made = [SignIn(name, role, secrets.token_urlsafe(9)) for name, _, role, _, _ in _MEMBERS]
    hashes = [passwords.hashed(one.password) for one in made]

    def add(work: Work) -> None:
        for (name, title, role, queues, languages), hash_ in zip(_MEMBERS, hashes, strict=True):
            profile = people.Profile(title, role, queues, (), languages, phone=TELEPHONES.get(name, ""))
            member = people.add(parts, work, name, profile, _DEMO, now)
            invitations.set_password(work, member.id, hash_, now)

    parts.database.run(add)
    return made
