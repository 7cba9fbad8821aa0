"""A page acts on what it showed: another pause, or another version's people, that came meanwhile are left alone."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from orchestrator import authoring, holds, resuming
from orchestrator.accepting import accept
from orchestrator.core.roles import Role
from orchestrator.store import schema
from orchestrator.store.audit import By
from tests.intake.ready import quote_sent
from tests.stories import designs
from tests.web.staff.office import LEADS, SALES, Browser, Office

MOVE, RESUME = "/playbooks/follow-up/move", "/board/pauses/resume"
MIKA = By("mika", "lead")


@pytest.fixture
def lead(office: Office) -> Browser:
    return office.browser(office.member("lee", Role.LEAD))


def hidden(page: str, name: str) -> str:
    """What the page posts along under this name."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"the page posts no {name}"
    return found[1]


def publish(office: Office, after: str) -> None:
    """Another version, in which the call comes later."""
    steps = SALES.replace("call: check-in", f"call: check-in\n  after: {after}")
    designs.write(office.folder, designs.playbook(steps), designs.playbook(LEADS, "concerns"))
    authoring.publish(office.parts, office.folder, By("olga", "author"), only=["follow-up"])


def begins(office: Office, name: str) -> None:
    customer = {
        "id": f"C-{name}",
        "name": name,
        "phone": "+13125550142",
        "time_zone": "America/Chicago",
        "consent": {"call": "service"},
    }
    accept(office.parts, [quote_sent(key=f"k-{name}", subject=f"quote/{name}", customer=customer)])


def version_of(office: Office, name: str) -> int:
    run, version = schema.enrollment, schema.playbook_version
    rows = office.rows(
        version.select()
        .join(run, run.c.version_id == version.c.id)
        .where(run.c.subject == f"quote/{name}", run.c.playbook == "follow-up")
    )
    return int(rows[0].number)


def test_only_the_pause_that_the_page_showed_is_resumed(office: Office, lead: Browser) -> None:
    what = holds.read("playbook:concerns")
    holds.pause(office.parts, what, MIKA)
    shown = hidden(lead.get(f"{RESUME}?what={what}").text, "since")
    resuming.resume(office.parts, what, MIKA)
    office.clock.now += timedelta(minutes=1)
    holds.pause(office.parts, what, MIKA)

    refused = lead.send_form(RESUME, what=str(what), since=shown)

    assert refused.status_code == 409
    assert "paused again meanwhile" in refused.text
    assert lead.send_form(RESUME, what=str(what), since="soon").status_code == 422
    now = hidden(lead.get(f"{RESUME}?what={what}").text, "since")
    assert lead.send_form(RESUME, what=str(what), since=now).status_code == 303


def test_nobody_is_moved_out_of_a_version_that_the_page_did_not_show(office: Office) -> None:
    author = office.browser(office.member("olga", Role.AUTHOR))
    publish(office, "2 days")
    begins(office, "Dana")
    publish(office, "3 days")
    shown = hidden(author.get(f"{MOVE}?to=3&look=1").text, "among")
    publish(office, "4 days")  # another author; somebody enters it, and nobody has looked at them
    begins(office, "Robin")

    done = author.send_form(MOVE, to="3", among=shown, sure="1")

    assert done.status_code == 303
    assert (version_of(office, "Dana"), version_of(office, "Robin")) == (3, 4)
    assert author.send_form(MOVE, to="3", sure="1").status_code == 422, "a form that showed nothing moves nobody"
