"""An office with people in it: calls that wait, members of every role, and a browser for each of them (without its scripts)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from starlette.testclient import TestClient

from orchestrator import dispatch
from orchestrator.accepting import accept
from orchestrator.access.visitors import csrf_of, sign_in
from orchestrator.authoring import publish
from orchestrator.channels.base import KINDS
from orchestrator.config import Settings
from orchestrator.core.roles import EVERY_QUEUE, Role
from orchestrator.parts import Parts
from orchestrator.store import schema, staff
from orchestrator.store.staff import Member
from orchestrator.web.app import create_app
from orchestrator.web.staff.here import COOKIE
from tests.intake.ready import Hands, quote_sent
from tests.stories import designs
from tests.web.practice import PUBLIC_URL, SETTINGS, Wire

SALES = """
- touchpoint: check-in
  call: check-in
  queue: sales
  due_within: 2 days
"""
LEADS = """
- touchpoint: concern
  call: concern
  queue: leads
  due_within: 2 days
"""


class Browser(TestClient):
    """Somebody's browser: it has their cookie, and its forms carry their token."""

    csrf: str

    def send_form(self, path: str, headers: Mapping[str, str] | None = None, **fields: Any) -> Any:
        """Post a form as a page of ours does."""
        return self.post(path, data={"csrf": self.csrf, **fields}, headers=dict(headers or {}), follow_redirects=False)


class Office:
    """Quotes are out; one queue of sales and one of leads have calls."""

    def __init__(self, parts: Parts, folder: Path, clock: Hands, *, settings: Settings = SETTINGS) -> None:
        self.wire, self.clock = Wire(), clock
        self.settings = settings.model_copy(update={"playbooks": folder})  # the studio writes there
        self.parts = replace(parts, channels=dict.fromkeys(KINDS, self.wire))
        self.folder = folder
        self._names = 0
        publish(self.parts, designs.write(folder, designs.playbook(SALES), designs.playbook(LEADS, "concerns")), "ops")

    def customers_are_due(self, *names: str) -> None:
        """Each has a call waiting in sales and one in leads."""
        for name in names:
            accept(self.parts, [quote_sent(key=f"k-{name}", subject=f"quote/{name}", customer=_person(name))])
        self.clock.now += timedelta(minutes=2)
        dispatch.drain(self.parts, "call")

    def member(self, name: str, role: Role = Role.AGENT, *queues: str, **more: Any) -> Member:
        """Somebody of the staff; agents work sales when nothing is said."""
        theirs = queues or (("sales",) if role is Role.AGENT else (EVERY_QUEUE,))
        made = Member(self.parts.new_id(), name, name.capitalize(), role, queues=theirs, **more)
        with self.parts.database.work() as work:
            assert staff.add(work, made, self.clock.now)
        return made

    def browser(self, member: Member | None = None) -> Browser:
        """Their browser, signed in; without a member: a stranger's."""
        browser = Browser(create_app(self.parts, self.settings), base_url=PUBLIC_URL, raise_server_exceptions=False)
        browser.csrf = ""
        if member is not None:
            with self.parts.database.work() as work:
                cookie = sign_in(self.parts, work, member, "password", "test", self.clock.now)
            browser.cookies.set(COOKIE, cookie)
            browser.csrf = csrf_of(cookie)
        return browser

    def a_name(self) -> str:
        """One that nobody has had."""
        self._names += 1
        return f"somebody-{self._names}"

    def somebody_in_leads_only(self) -> UUID:
        """A customer of whom no call is in sales: theirs was passed on."""
        name = self.a_name().capitalize()
        self.customers_are_due(name)
        table, theirs = schema.touch, self.customer(name)
        with self.parts.database.work() as work:
            work.connection.execute(
                table.update().where(table.c.customer_id == theirs, table.c.queue == "sales").values(queue="leads")
            )
        return theirs

    def customer(self, name: str) -> UUID:
        return UUID(str(self.rows(select(schema.customer.c.id).where(schema.customer.c.ref == f"C-{name}"))[0].id))

    def call(self, name: str, touchpoint: str = "check-in") -> UUID:
        """The call with this customer."""
        query = select(schema.touch.c.id).where(
            schema.touch.c.customer_id == self.customer(name), schema.touch.c.touchpoint == touchpoint
        )
        return UUID(str(self.rows(query.order_by(schema.touch.c.ordinal.desc()))[0].id))

    def touch(self, id_: UUID) -> Row[Any]:
        return self.rows(select(schema.touch).where(schema.touch.c.id == id_))[0]

    def audit(self) -> list[tuple[str, str, str]]:
        """(who, what, about), oldest first."""
        table = schema.audit
        return [(r.who, r.what, r.about) for r in self.rows(select(table).order_by(table.c.id))]

    def rows(self, query: Any) -> list[Row[Any]]:
        with self.parts.database.work() as work:
            return list(work.connection.execute(query))


def _person(name: str) -> dict[str, Any]:
    number = sum(map(ord, name)) % 100
    return {
        "id": f"C-{name}", "name": f"{name} Ortiz", "first_name": name, "email": f"{name.lower()}@example.com",
        "phone": f"+131255501{number:02}", "time_zone": "America/Chicago", "locale": "en-US",
        "consent": {"email": "service", "text": "service", "call": "service"},
    }  # fmt: skip
