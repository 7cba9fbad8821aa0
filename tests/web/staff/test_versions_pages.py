"""The pages of publishing, of versions and of moving: what an author sees is what happens, and nobody is reached by mistake."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from orchestrator import authoring, dispatch
from orchestrator.accepting import accept
from orchestrator.core.roles import Role
from orchestrator.store import schema
from orchestrator.store.audit import By
from orchestrator.web.app import create_app
from orchestrator.web.staff import versions_move
from orchestrator.web.staff.objects import OBJECTS
from orchestrator.web.staff.routes import StaffRoutes
from orchestrator.web.staff.shown import Shown
from tests.intake.ready import quote_sent
from tests.stories import designs
from tests.stories.meanwhile import Between
from tests.web.practice import PUBLIC_URL
from tests.web.staff.office import LEADS, SALES, Browser, Office

PUBLISH, MOVE, VERSIONS = "/playbooks/follow-up/publish", "/playbooks/follow-up/move", "/playbooks/follow-up/versions"
LATER = SALES.replace("call: check-in", "call: check-in\n  after: 3 days")
WAITS = "- touchpoint: thanks\n  email: thanks\n  after: 5 days\n" + SALES
SOONER = WAITS.replace("5 days", "3 days")
RENAMED = SOONER.replace("touchpoint: thanks", "touchpoint: welcome")  # and another delay: nobody can be sure that it is the same
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def author(office: Office) -> Browser:
    return office.browser(office.member("olga", Role.AUTHOR))


@pytest.fixture
def lead(office: Office) -> Browser:
    return office.browser(office.member("lee", Role.LEAD))


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


def current_text(office: Office) -> str:
    t = schema.playbook_version.c
    (row,) = office.rows(select(t.document).where(t.playbook == "follow-up", t.current))
    return str(row.document["playbook"])


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


def only_moves(office: Office, author: Browser, most: int) -> TestClient:
    """The author's browser, and nothing but the pages of moving, with another limit."""
    routes = StaffRoutes(office.parts, office.settings, Shown(), OBJECTS)
    versions_move.add(routes, most)
    return TestClient(Starlette(routes=routes.routes()), base_url=PUBLIC_URL, cookies=author.cookies)


# -- publishing -------------------------------------------------------------------------------------------------------


def test_an_author_reads_what_would_change_for_how_many_and_publishes_exactly_that(office: Office, author: Browser) -> None:
    with_people(office, "Eli", "Fay")
    draft(office, SOONER)

    look = author.get(PUBLISH)
    done = author.send_form(PUBLISH, seen=seen(look))
    after = author.get(done.headers["Location"])

    assert "The thanks e-mail moves from 5 to 3 days after the event; applies to 2 waiting customers." in words(look)
    assert "They stay on it unless somebody moves them. Moving them would change what is next for 2 of them." in words(look)
    assert "2 customers are inside other versions: 2 in version 1." in words(look)
    assert "+ after: 3 days" in words(look)
    assert done.status_code == 303
    assert current(office) == [3]
    assert "Version 3 is in use, and it says what the file says." in words(after)
    assert "4 customers inside earlier versions stay there." in words(after)  # Dana and Kim are in the first one
    assert versions_of(office, "Eli", "Fay") == [2, 2]
    assert ("olga", "playbook.changed", "playbook:follow-up") in office.audit()


def test_a_change_that_reaches_nobody_s_next_touch_says_so(office: Office, author: Browser) -> None:
    with_people(office, "Eli")
    draft(office, WAITS.replace("due_within: 2 days", "due_within: 3 days"))

    look = words(author.get(PUBLISH))

    assert "They stay on version 2; moving them would change nothing that is next for them." in look


def test_nothing_is_published_but_what_the_page_showed(office: Office, author: Browser) -> None:
    draft(office, LATER)
    look = author.get(PUBLISH)
    draft(office, LATER.replace("3 days", "9 days"))

    done = author.send_form(PUBLISH, seen=seen(look))

    assert done.status_code == 409
    assert "changed while you looked" in words(done)
    assert "9 days" in words(done)
    assert current(office) == [1]


def test_a_file_that_changes_in_that_very_moment_is_not_published_instead(office: Office, author: Browser) -> None:
    """Whichever unit of work of the request is over when somebody saves the file: what was shown is published, or nothing."""
    between = Between(office.parts.database.url, 0, lambda: draft(office, LATER.replace("3 days", "9 days")))
    app = create_app(replace(office.parts, database=between), office.settings)
    hurried = Browser(app, base_url=PUBLIC_URL, cookies=author.cookies)
    hurried.csrf = author.csrf
    took: list[int] = []
    for units in range(1, 40):
        draft(office, LATER)
        shown = seen(author.get(PUBLISH))
        between.left = units
        done = hurried.send_form(PUBLISH, seen=shown)
        took.append(done.status_code)
        if done.status_code == 303:
            break
        assert "9 days" in words(done)
        assert current(office) == [1]

    assert set(took[:-1]) == {409}
    assert took[-1] == 303
    assert "after: 3 days" in current_text(office)


def test_a_form_that_showed_nothing_publishes_nothing(office: Office, author: Browser) -> None:
    draft(office, LATER)

    assert author.send_form(PUBLISH).status_code == 422
    assert current(office) == [1]


def test_other_playbooks_stay_as_they_are_published(office: Office, author: Browser) -> None:
    designs.write(office.folder, designs.playbook(LATER), designs.playbook(LEADS.replace("2 days", "3 days"), "concerns"))

    author.send_form(PUBLISH, seen=seen(author.get(PUBLISH)))

    assert (current(office), current(office, "concerns")) == ([2], [1])


def test_a_file_with_a_mistake_is_shown_with_it_and_is_not_published(office: Office, author: Browser) -> None:
    draft(office, LATER.replace("queue: sales", "queue: nobody"))

    look = author.get(PUBLISH)
    done = author.send_form(PUBLISH, seen="anything")

    assert "cannot be published while there are mistakes" in words(look)
    assert "there is no queue 'nobody'" in words(look)
    assert "Publish it" not in words(look)
    assert done.status_code == 422
    assert current(office) == [1]


def test_a_mistake_in_another_file_is_named_because_it_is_in_the_way(office: Office, author: Browser) -> None:
    designs.write(
        office.folder, designs.playbook(LATER), designs.playbook(LEADS.replace("queue: leads", "queue: nobody"), "concerns")
    )

    look = author.get(PUBLISH)

    assert "Mistakes in other files" in words(look)
    assert "concerns.yaml, line" in words(look)
    assert author.send_form(PUBLISH, seen="anything").status_code == 422


def test_what_needs_approval_is_proposed_and_somebody_else_approves_it(office: Office, author: Browser, lead: Browser) -> None:
    draft(office, LATER, needs_approval="true")

    look = author.get(PUBLISH)
    author.send_form(PUBLISH, seen=seen(look))
    own = author.get(PUBLISH)
    refused = author.send_form("/playbooks/follow-up/approve", number="2")
    others = lead.get(PUBLISH)

    assert "Propose it" in words(look)
    assert "You proposed it, so somebody else approves it." in words(own)
    assert "The file says what is proposed." in words(own)
    assert "Propose it" not in words(own)
    assert refused.status_code == 422
    assert current(office) == [1]
    assert "Approve version 2" in words(others)
    assert "3 days" in words(others)
    assert lead.send_form("/playbooks/follow-up/approve", number="1").status_code == 409  # not what waits
    assert lead.send_form("/playbooks/follow-up/approve").status_code == 422
    assert lead.send_form("/playbooks/follow-up/approve", number="2").status_code == 303
    assert current(office) == [2]
    assert [(who, what) for who, what, _ in office.audit()][-2:] == [("olga", "playbook.proposed"), ("lee", "playbook.approved")]


def test_a_proposal_can_be_withdrawn_once(office: Office, author: Browser) -> None:
    draft(office, LATER, needs_approval="true")
    author.send_form(PUBLISH, seen=seen(author.get(PUBLISH)))

    assert author.send_form("/playbooks/follow-up/withdraw", number="2").status_code == 303
    assert author.send_form("/playbooks/follow-up/withdraw", number="2").status_code == 409
    assert current(office) == [1]


def test_house_rules_are_published_alone_and_the_page_says_whom_they_reach(office: Office, author: Browser) -> None:
    rules = office.folder / "house-rules.yaml"
    (before,) = current(office, "@house-rules")
    rules.write_text(rules.read_text().replace("2 days", "3 days"))

    look = author.get("/playbooks/house-rules/publish")
    done = author.send_form("/playbooks/house-rules/publish", seen=seen(look))

    assert "This holds for everybody as soon as it is published" in words(look)
    assert done.status_code == 303
    assert current(office, "@house-rules") == [before + 1]
    assert f"Version {before + 1} is in use" in words(author.get("/playbooks/house-rules/publish"))


def test_words_of_the_file_are_shown_and_run_nowhere(office: Office, author: Browser) -> None:
    draft(office, LATER.replace("call: check-in", f"call: check-in\n  title: '{EVIL}'"))

    look = author.get(PUBLISH)

    assert "<img" not in look.text
    assert "&lt;img" in look.text


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
