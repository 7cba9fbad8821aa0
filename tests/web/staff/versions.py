"""A playbook with several versions, as the pages of publishing, of versions and of moving meet it."""

from __future__ import annotations

import html
import re
from typing import Any

from sqlalchemy import select

from orchestrator import authoring
from orchestrator.accepting import accept
from orchestrator.store import schema
from tests.intake.ready import quote_sent
from tests.stories import designs
from tests.web.staff.office import LEADS, SALES, Office

PUBLISH, MOVE, VERSIONS = "/playbooks/follow-up/publish", "/playbooks/follow-up/move", "/playbooks/follow-up/versions"
LATER = SALES.replace("call: check-in", "call: check-in\n  after: 3 days")
WAITS = "- touchpoint: thanks\n  email: thanks\n  after: 5 days\n" + SALES
SOONER = WAITS.replace("5 days", "3 days")


def draft(office: Office, steps: str, **head: str) -> None:
    """What the file says from now on."""
    designs.write(office.folder, designs.playbook(steps, **head), designs.playbook(LEADS, "concerns"))


def words(page: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text.split("<main")[1])).split())


def seen(page: Any) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', page.text)
    assert found, words(page)
    return found[1]


def current(office: Office, name: str = "follow-up") -> list[int]:
    t = schema.playbook_version.c
    return [row.number for row in office.rows(select(t.number).where(t.playbook == name, t.current))]


def with_people(office: Office, *names: str, steps: str = WAITS) -> None:
    """A version with these customers inside, who wait for the e-mail."""
    draft(office, steps)
    authoring.publish(office.parts, office.folder, "ops")
    for name in names:
        customer = {"id": f"C-{name}", "name": f"{name} Ortiz", "email": f"{name.lower()}@example.com", "phone": "+13125550142",
                    "time_zone": "America/Chicago", "consent": {"call": "service", "email": "service"}}  # fmt: skip
        accept(office.parts, [quote_sent(key=f"w-{name}", subject=f"quote/{name}", customer=customer)])


def versions_of(office: Office, *names: str) -> list[int]:
    """The version that each is in."""
    e, v = schema.enrollment.c, schema.playbook_version.c
    query = select(e.subject, v.number).join_from(schema.enrollment, schema.playbook_version, e.version_id == v.id)
    found = {row.subject: row.number for row in office.rows(query.where(v.playbook == "follow-up"))}
    return [found[f"quote/{name}"] for name in names]
