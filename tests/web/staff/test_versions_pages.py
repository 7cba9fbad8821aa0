"""The pages of versions and of moving: who is inside which version, and nobody is moved, ended or reached by mistake."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from orchestrator import authoring, dispatch
from orchestrator.core.roles import Role
from orchestrator.store import schema
from orchestrator.store.audit import By
from orchestrator.web.staff import versions_move
from orchestrator.web.staff.objects import OBJECTS
from orchestrator.web.staff.routes import StaffRoutes
from orchestrator.web.staff.shown import Shown
from tests.web.practice import PUBLIC_URL
from tests.web.staff.office import Browser, Office
from tests.web.staff.versions import (
    LATER,
    MOVE,
    PUBLISH,
    SOONER,
    VERSIONS,
    current,
    draft,
    versions_of,
    with_people,
    words,
)

RENAMED = SOONER.replace("touchpoint: thanks", "touchpoint: welcome")  # and another delay: nobody can be sure that it is the same


def only_moves(office: Office, author: Browser, most: int) -> TestClient:
    """The author's browser, and nothing but the pages of moving, with another limit."""
    routes = StaffRoutes(office.parts, office.settings, Shown(), OBJECTS)
    versions_move.add(routes, most)
    return TestClient(Starlette(routes=routes.routes()), base_url=PUBLIC_URL, cookies=author.cookies)


# -- versions ---------------------------------------------------------------------------------------------------------


def test_versions_say_who_published_them_who_is_inside_and_what_each_changed(office: Office, author: Browser) -> None:
    with_people(office, "Eli")

    page = words(author.get(f"{VERSIONS}?old=1&new=2"))

    assert "2 in use" in page
    assert "ops" in page
    assert "From version 1 to version 2" in page
    assert "thanks" in page


def test_an_earlier_version_is_restored_as_a_new_one(office: Office, author: Browser) -> None:
    with_people(office)

    done = author.send_form("/playbooks/follow-up/restore", number="1")

    assert done.status_code == 303
    assert current(office) == [3]
    assert ("olga", "playbook.restored", "playbook:follow-up") in office.audit()
    assert author.send_form("/playbooks/follow-up/restore", number="99").status_code == 409


def test_a_playbook_is_retired_only_by_somebody_who_says_so(office: Office, author: Browser) -> None:
    assert author.send_form("/playbooks/follow-up/retire").status_code == 422
    assert current(office) == [1]

    assert author.send_form("/playbooks/follow-up/retire", sure="1").status_code == 303
    assert current(office) == []
    assert author.send_form("/playbooks/follow-up/retire", sure="1").status_code == 409
    assert "It is retired" in words(author.get(VERSIONS))
    assert "It was retired by hand" not in words(author.get("/playbooks/concerns/publish"))


def test_those_inside_are_ended_only_when_that_is_ticked(office: Office, author: Browser) -> None:
    author.send_form("/playbooks/follow-up/retire", sure="1")
    open_ = select(schema.enrollment.c.id).where(schema.enrollment.c.ended_at.is_(None))
    before = len(office.rows(open_))

    author.send_form("/playbooks/follow-up/retire", sure="1", end="1")

    assert before - len(office.rows(open_)) == 2


def test_everybody_reads_versions_and_agents_change_nothing(office: Office) -> None:
    agent = office.browser(office.member("ann", Role.AGENT))

    page = agent.get(VERSIONS)

    assert page.status_code == 200
    assert "Retire it" not in words(page)
    assert agent.send_form("/playbooks/follow-up/retire", sure="1").status_code == 403
    assert agent.get(MOVE).status_code == 403
    assert agent.get(PUBLISH).status_code == 403


# -- moving -----------------------------------------------------------------------------------------------------------


def test_a_look_says_who_would_go_where_and_moves_nobody(office: Office, author: Browser) -> None:
    with_people(office, "Eli", "Fay", "Gus", "Hal")
    draft(office, SOONER)
    authoring.publish(office.parts, office.folder, "ops")

    look = author.get(f"{MOVE}?frm=2&look=1&share=50")

    assert "2 of the 4 inside other versions → version 3" in words(look)
    assert "2 earlier" in words(look)
    assert "Move 2 follow-ups" in words(look)
    assert "Customer 1, who is not yours to see" in words(look)
    assert "quote/" not in look.text, "an author sees how many, not whom"
    assert "/customers/" not in look.text.split("<main")[1]
    assert versions_of(office, "Eli", "Fay", "Gus", "Hal") == [2, 2, 2, 2]


def test_half_of_them_are_moved_by_somebody_who_says_so(office: Office, lead: Browser) -> None:
    names = ("Eli", "Fay", "Gus", "Hal")
    with_people(office, *names)
    draft(office, SOONER)
    authoring.publish(office.parts, office.folder, "ops")

    look = lead.get(f"{MOVE}?frm=2&look=1&share=50")
    refused = lead.send_form(MOVE, to="3", frm="2", share="50")
    done = lead.send_form(MOVE, to="3", frm="2", share="50", sure="1")
    after = lead.get(done.headers["Location"])

    assert refused.status_code == 422
    assert done.status_code == 303
    assert sorted(versions_of(office, *names)) == [2, 2, 3, 3]
    assert "lee moved 2 follow-ups of follow-up from version 2 to 3" in words(after)
    assert 'href="/customers/' in look.text.split("<main")[1]
    assert "quote/" in words(look)
    assert "2 in version 3" in words(after)
    assert "2 in version 2" in words(after)
    assert "What it would mean" not in words(after), "nobody is asked for the other half"
    assert "<details><summary>Move more</summary>" in after.text


def test_a_step_that_is_gone_is_mapped_to_the_one_that_says_the_same(office: Office, author: Browser) -> None:
    with_people(office, "Eli", "Fay")
    draft(office, RENAMED)
    authoring.publish(office.parts, office.folder, "ops")

    look = author.get(f"{MOVE}?frm=2&look=1")
    stay = author.get(f"{MOVE}?frm=2&look=1&go-thanks=")
    author.send_form(MOVE, None, **{"to": "3", "frm": "2", "sure": "1", "go-thanks": "welcome"})

    assert "Probably 1. Welcome" in words(look)
    assert "Move 2 follow-ups" in words(look)
    assert "Nobody would be moved" in words(stay)
    assert "2: version 3 has no step 'thanks'" in words(stay)
    assert versions_of(office, "Eli", "Fay") == [3, 3]


def test_the_look_says_what_it_takes_for_the_same_step_under_another_name(office: Office, author: Browser) -> None:
    """Eli had the e-mail; in the new version it has another name and comes after the call."""
    with_people(office, "Eli", steps="- touchpoint: thanks\n  email: thanks\n" + LATER)
    dispatch.drain(office.parts, "email")
    draft(office, LATER + "- touchpoint: welcome\n  email: thanks\n")
    authoring.publish(office.parts, office.folder, "ops")

    look = author.get(f"{MOVE}?frm=2&look=1")

    assert "'thanks' is 'welcome' now, it seems: 1 had it already and does not get it again" in words(look)
    assert "In addition" not in words(look)


def test_more_than_a_page_can_move_is_left_to_the_terminal(office: Office, author: Browser) -> None:
    with_people(office, "Eli", "Fay")
    draft(office, SOONER)
    authoring.publish(office.parts, office.folder, "ops")
    alone = only_moves(office, author, most=1)

    look = alone.get(f"{MOVE}?frm=2&look=1")

    assert "touchpoint move follow-up --from 2 --to 3" in words(look)
    assert "What it would mean" not in words(look)
    assert alone.post(MOVE, data={"csrf": author.csrf, "to": "3", "frm": "2", "sure": "1"}).status_code == 422
    assert versions_of(office, "Eli", "Fay") == [2, 2]


@pytest.mark.parametrize("query", ["frm=99", "to=99", "frm=x", "share=0", "share=101", "to=²"])
def test_what_does_not_exist_cannot_be_chosen(office: Office, author: Browser, query: str) -> None:
    assert author.get(f"{MOVE}?look=1&{query}").status_code in (404, 422)


def test_nobody_is_moved_to_a_proposal(office: Office, author: Browser) -> None:
    draft(office, LATER, needs_approval="true")
    authoring.publish(office.parts, office.folder, By("olga", "author"))

    assert author.get(f"{MOVE}?to=2").status_code == 404
    assert author.send_form(MOVE, to="2", sure="1").status_code == 404
