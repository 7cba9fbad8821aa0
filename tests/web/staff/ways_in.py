"""Somebody who signs in by the pages: their browser keeps its cookies, and reads the token out of the form."""

from __future__ import annotations

import re
from typing import Any

from starlette.testclient import TestClient

from orchestrator.access import passwords
from orchestrator.core.roles import Role
from orchestrator.store import staff
from orchestrator.store.staff import Member
from orchestrator.web.app import create_app
from tests.web.practice import PUBLIC_URL
from tests.web.staff.office import Office

PASSWORD = "four words to remember"
# Of PASSWORD: made once, for hashing is slow on purpose.
_HASHES: list[str] = []


def with_password(office: Office, name: str, role: Role = Role.AGENT, **more: Any) -> Member:
    """A member who can sign in with PASSWORD."""
    if not _HASHES:
        _HASHES.append(passwords.hashed(PASSWORD))
    member = office.member(name, role, **more)
    with office.parts.database.work() as work:
        staff.change(work, member.id, {"password_hash": _HASHES[0]})
    return member


class Person:
    """A browser at an address."""

    def __init__(self, office: Office, address: str = "203.0.113.7") -> None:
        app = create_app(office.parts, office.settings)
        self.browser = TestClient(app, base_url=PUBLIC_URL, raise_server_exceptions=False, client=(address, 4711))

    def get(self, path: str) -> Any:
        return self.browser.get(path, follow_redirects=False)

    def post(self, path: str, *, form: str | None = None, headers: dict[str, str] | None = None, **fields: Any) -> Any:
        """Fill in the form at `form` (the same path when it is not said) and send it."""
        token = token_in(self.get(form or path).text)
        return self.browser.post(path, data={"token": token, **fields}, headers=headers or {}, follow_redirects=False)

    def sign_in(self, name: str, password: str = PASSWORD, **more: Any) -> Any:
        return self.post("/sign-in", name=name, password=password, **more)

    def send(self, path: str, **fields: str) -> Any:
        """Press a button of a page for people who are signed in."""
        return self.browser.post(
            path, data={"csrf": token_in(self.get("/account").text, "csrf"), **fields}, follow_redirects=False
        )

    @property
    def is_in(self) -> bool:
        return bool(self.get("/account").status_code == 200)


def token_in(page: str, name: str = "token") -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    return found[1] if found else ""
