"""The pages of publishing: what an author sees is what is published, by whom it needs, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from orchestrator.store import schema
from orchestrator.web.app import create_app
from tests.stories import designs
from tests.stories.meanwhile import Between
from tests.web.practice import PUBLIC_URL
from tests.web.staff.office import LEADS, Browser, Office
from tests.web.staff.versions import (
    LATER,
    PUBLISH,
    SOONER,
    WAITS,
    current,
    draft,
    seen,
    versions_of,
    with_people,
    words,
)

EVIL = "<img src=x onerror=alert(1)>"


def current_text(office: Office) -> str:
    t = schema.playbook_version.c
    (row,) = office.rows(select(t.document).where(t.playbook == "follow-up", t.current))
    return str(row.document["playbook"])


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
