"""The page of a shadow: everybody reads what would differ; whose customers these are stays with those who may know."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator import authoring, holds, resuming
from orchestrator.accepting import accept
from orchestrator.core.roles import Role
from orchestrator.store import pauses
from orchestrator.store.audit import By
from tests.intake.ready import quote_sent
from tests.stories import designs
from tests.web.staff.office import LEADS, SALES, Browser, Office

SOONER = SALES.replace("due_within", "after: 1 hour\n  due_within")
EVIL = "quote/<img src=x onerror=alert(1)>"


@pytest.fixture
def lead(office: Office) -> Browser:
    return office.browser(office.member("lee", Role.LEAD))


def shadowed(office: Office, *subjects: str) -> None:
    """A later call is tried out as a shadow, and these quotes go out."""
    designs.write(office.folder, designs.playbook(SOONER), designs.playbook(LEADS, "concerns"))
    authoring.publish(office.parts, office.folder, By("olga", "author"), only=["follow-up"], shadow=True)
    for n, subject in enumerate(subjects):
        customer = {"id": f"C-{n}", "name": "Dana Ortiz", "phone": "+13125550142", "time_zone": "America/Chicago",
                    "consent": {"call": "service"}}  # fmt: skip
        accept(office.parts, [quote_sent(key=f"k-{n}", subject=subject, customer=customer)])
    office.clock.now += timedelta(hours=2)


def test_the_page_shows_what_the_shadow_does_otherwise(office: Office, lead: Browser) -> None:
    shadowed(office, "quote/Q-1", EVIL)

    page = lead.get("/playbooks/follow-up/shadow")

    assert page.status_code == 200
    assert "<strong>2</strong> of 2 subjects would go differently" in page.text
    assert "quote/Q-1" in page.text
    assert "<img" not in page.text
    assert "/customers/" in page.text


def test_an_agent_of_another_queue_sees_no_link_to_the_customer_and_cannot_stop_the_shadow(office: Office) -> None:
    shadowed(office, "quote/Q-1")
    agent = office.browser(office.member("ann", Role.AGENT, "partners"))

    page = agent.get("/playbooks/follow-up/shadow")

    assert "not yours to see" in page.text
    assert "quote/Q-1" not in page.text
    assert "Follow-up 1" in page.text
    assert "/customers/" not in page.text.split("<main")[1]
    assert "C-0" not in page.text
    assert "Stop the shadow" not in page.text
    assert agent.send_form("/playbooks/follow-up/shadow/stop").status_code == 403


def test_a_lead_starts_and_stops_a_shadow_and_both_are_in_the_audit(office: Office, lead: Browser) -> None:
    designs.write(office.folder, designs.playbook(SOONER), designs.playbook(LEADS, "concerns"))
    authoring.publish(office.parts, office.folder, "ops")

    assert "No shadow" in lead.get("/playbooks/follow-up/shadow").text
    assert lead.send_form("/playbooks/follow-up/shadow", version="1").status_code == 303
    assert "Version 3 beside version 2" in lead.get("/playbooks/follow-up/shadow").text
    assert lead.send_form("/playbooks/follow-up/shadow/stop").status_code == 303
    assert lead.send_form("/playbooks/follow-up/shadow/stop").status_code == 409
    assert [(who, what) for who, what, about in office.audit() if about == "playbook:follow-up"][-2:] == [
        ("lee", "playbook.shadow"), ("lee", "playbook.shadow_ended"),
    ]  # fmt: skip


@pytest.mark.parametrize("version", ["", "0x1", "99", "²"])
def test_a_version_that_does_not_exist_is_refused(office: Office, lead: Browser, version: str) -> None:
    assert lead.send_form("/playbooks/follow-up/shadow", version=version).status_code in (404, 422)


def test_the_page_of_a_pause_says_what_each_way_to_resume_does(office: Office, lead: Browser) -> None:
    office.customers_are_due("Dana", "Eli")
    lead.send_form("/board/pauses", what="playbook:concerns")
    office.clock.now += timedelta(hours=1)

    look = resuming.look(office.parts, holds.read("playbook:concerns"))
    page = lead.get("/board/pauses/resume?what=playbook:concerns").text
    done = lead.send_form("/board/pauses/resume", what="playbook:concerns", how="shift")

    assert "stood still for 1 hour" in page
    assert look is not None
    assert look.calls >= 2
    assert f"{look.calls} touches move with their deadlines" in page
    assert done.status_code == 303
    found = office.touch(office.call("Dana", "concern"))
    assert found.expires_at - found.due_at == timedelta(days=2, hours=1)


@pytest.mark.parametrize("form", [{"how": "faster"}, {"per_minute": "0"}, {"per_minute": "-1"}, {"per_minute": "many"}])
def test_a_way_to_resume_that_does_not_exist_is_refused_and_the_pause_stays(
    office: Office, lead: Browser, form: dict[str, str]
) -> None:
    lead.send_form("/board/pauses", what="all")

    assert lead.send_form("/board/pauses/resume", None, what="all", **form).status_code == 422

    with office.parts.database.work() as work:
        assert pauses.live(work) == (("all", ""),)


def test_nothing_can_be_resumed_twice(office: Office, lead: Browser) -> None:
    holds.pause(office.parts, holds.read("all"), By("lee", "lead"))

    assert lead.send_form("/board/pauses/resume", what="all").status_code == 303
    assert lead.send_form("/board/pauses/resume", what="all").status_code == 409
    assert lead.get("/board/pauses/resume?what=all").status_code == 404
