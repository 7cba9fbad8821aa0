"""Everybody can read what customers are told, and who is in a playbook; whose customers these are stays with those who may know."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from orchestrator.accepting import accept
from orchestrator.authoring import publish
from orchestrator.core.roles import Role
from orchestrator.parts import Parts
from orchestrator.playbook_pages import Counts
from orchestrator.store import pauses, sights, standing
from orchestrator.store.database import Work
from tests.intake.ready import Hands, quote_sent
from tests.stories import designs
from tests.web.staff.office import LEADS, SALES, Browser, Office

EVIL = "<img src=x onerror=alert(1)>\u202egnp.exe"
STEPS = """
- touchpoint: thanks
  title: Thanks & welcome
  email: thanks
- touchpoint: nudge
  text: nudge
  after: 1 day
- touchpoint: ring
  voice: ring
  after: 1 day
- touchpoint: check-in
  call: check-in
  queue: sales
  after: 2 days
  attempts: {most: 3, apart: 1 day}
  outcomes:
    voicemail_left:
      - touchpoint: sorry
        text: sorry
      - again
    declined: exit
"""
MAIL = """\
---
subject: Your quote, {{ customer.first_name | default:'there' }}
preheader: Two things worth a look.
survey: {scale: "1-5", ask: Would you have us back?}
---
Dear {% if customer.name %}{{ customer.name }}{% endif %}, it comes to {% if event.amount %}**{{ event.amount | money: "USD" }}**{% endif %}. [Look](https://example.com/q)
"""
SCRIPT = """\
---
title: Check in
goal: Hear what they think.
questions:
  mood: {ask: How do they feel?, kind: choice, choices: [good, bad], required: true}
---
## Opening

> Hello {{ customer.name | default: "there" }}.
"""
WORDS = {"emails/thanks.md": MAIL, "scripts/check-in.md": SCRIPT}


@pytest.fixture
def reader(ready: Parts, tmp_path: Path, clock: Hands) -> Office:
    """An office whose playbook says something on every channel, with Dana and a person of a strange name in it."""
    office = Office(ready, tmp_path / "office", clock)
    publish(
        office.parts,
        designs.write(tmp_path / "more", designs.playbook(STEPS), designs.playbook(LEADS, "concerns"), words=WORDS),
        "ops",
    )
    office.customers_are_due("Dana")
    who = {**quote_sent()["customer"], "id": "C-evil", "name": EVIL, "first_name": EVIL, "phone": "+13125550177"}
    accept(office.parts, [quote_sent(key="k-evil", subject="quote/evil", customer=who, data={"amount": 7})])
    return office


def author(office: Office) -> Browser:
    return office.browser(office.member("uma", Role.AUTHOR))


def step(at: str, **more: object) -> str:
    return f"/playbooks/follow-up/step?{urlencode({'at': at, **more})}"


def test_the_list_says_what_is_published_and_how_many_are_in_it(reader: Office) -> None:
    page = author(reader).get("/playbooks").text

    row = re.search(r"<tr>\s*<th scope=\"row\"><a href=\"/playbooks/follow-up\">.*?</tr>", page, re.S)
    assert row is not None
    assert re.findall(r'<td class="num">(\d+)</td>', row[0]) == ["2", "2"]
    assert "sales-ops" in row[0]
    assert page.index("/playbooks/concerns") < page.index("Built in")


def test_before_anything_is_published_the_list_says_what_to_do(ready: Parts, tmp_path: Path, clock: Hands) -> None:
    office = Office(ready, tmp_path / "office", clock)
    publish(office.parts, designs.write(tmp_path / "none"), "ops")

    assert "touchpoint publish" in author(office).get("/playbooks").text


def test_a_paused_playbook_is_marked(reader: Office) -> None:
    with reader.parts.database.work() as work:
        pauses.put(work, "playbook", "follow-up", "lee", reader.clock.now)

    page = author(reader).get("/playbooks/follow-up").text

    assert '<span class="tag warn">paused</span>' in page


def test_the_graph_has_a_link_and_a_count_for_each_step_and_the_list_says_the_same(reader: Office) -> None:
    page = author(reader).get("/playbooks/follow-up").text

    for at in ("thanks", "nudge", "ring", "check-in", "sorry"):
        assert re.search(rf'<a class="step [a-z]+" href="[^"]*at={at}" aria-label=', page), at
    assert page.count("2 here") >= 2, "in the graph and in the list"
    assert "up to 3 tries, 1 day apart" in page
    assert "Thanks &amp; welcome" in page


def test_a_page_of_a_playbook_runs_nothing_and_styles_nothing_inline(reader: Office) -> None:
    browser = author(reader)

    for path in ("", "/step?at=thanks", "/step?at=check-in", "/inside", "/text"):
        page = browser.get(f"/playbooks/follow-up{path}")
        assert page.status_code == 200
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", page.text), path


def test_an_older_version_can_be_read_while_customers_are_in_it(reader: Office) -> None:
    browser = author(reader)

    first = browser.get("/playbooks/follow-up?version=1").text
    current = browser.get("/playbooks/follow-up").text

    assert "version 1, not current" in first
    assert "Thanks &amp; welcome" not in first
    assert "?version=2" in current, "the version that has customers, or is current, is listed"
    assert browser.get("/playbooks/follow-up?version=99").status_code == 404
    assert browser.get("/playbooks/follow-up?version=1e3").status_code == 404


@pytest.mark.parametrize("path", ["/playbooks/nothing", "/playbooks/@house-rules", "/playbooks/nothing/text", "/playbooks/follow-up/step?at=x",
                                  "/playbooks/follow-up/step?at=start:", "/playbooks/follow-up/letter?at=nudge", "/playbooks/follow-up/inside?after=x"])  # fmt: skip
def test_what_is_not_there_is_not_found(reader: Office, path: str) -> None:
    assert author(reader).get(path).status_code == 404


def test_an_email_is_shown_as_a_customer_would_get_it(reader: Office) -> None:
    page = author(reader).get(step("thanks")).text

    assert "for an imaginary customer" in page
    assert "Two things worth a look." in page
    assert "<strong>$1,850.00</strong>" in page
    assert "Would you have us back?" in page


def test_a_text_says_how_many_parts_it_takes(reader: Office) -> None:
    assert "1 part (GSM-7)" in author(reader).get(step("nudge")).text


def test_an_automatic_call_says_what_is_heard_and_what_the_keys_do(reader: Office) -> None:
    page = author(reader).get(step("ring")).text

    assert "This is an automated call from Northside Windows." in page
    assert "Press 9 to get no more calls from us." in page
    assert "for your voicemail" in page


def test_a_script_shows_its_questions(reader: Office) -> None:
    page = author(reader).get(step("check-in")).text

    assert 'class="say"' in page
    assert "How do they feel?" in page
    assert "required" in page
    assert '<li dir="auto">good</li>' in page


def test_the_letter_s_own_page_can_do_nothing(reader: Office) -> None:
    answer = author(reader).get("/playbooks/follow-up/letter?at=thanks")

    policy = answer.headers["content-security-policy"]
    assert "Dear" in answer.text
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy


def test_a_name_full_of_markup_is_shown_literally(reader: Office) -> None:
    lead = reader.browser(reader.member("lee", Role.LEAD))
    with reader.parts.database.work() as work:
        rows = standing.inside(work, standing.version_rows(work, "follow-up")[0].id, None, 10)
    evil = next(row for row in rows if row.subject == "quote/evil")

    pages = [lead.get(step("thanks", **{"for": evil.id})), lead.get("/playbooks/follow-up/inside")]
    letter = lead.get(f"/playbooks/follow-up/letter?{urlencode({'at': 'thanks', 'for': evil.id})}")

    for page in (*pages, letter):
        assert page.status_code == 200
        assert "<img" not in page.text
        assert "\u202e" not in page.text
    assert "quote/evil" in pages[0].text
    assert "$7.00" in pages[0].text


def test_an_agent_sees_the_names_of_their_queues_only_and_an_author_none(reader: Office) -> None:
    path = "/playbooks/follow-up/inside"

    shown = {
        "agent": reader.browser(reader.member("ari", Role.AGENT, "leads")).get(path).text,
        "other": reader.browser(reader.member("kim", Role.AGENT, "service")).get(path).text,
        "author": author(reader).get(path).text,
        "lead": reader.browser(reader.member("lee", Role.LEAD)).get(path).text,
    }

    assert all("quote/Dana" in page and "quote/evil" in page for page in shown.values()), "what it is about is no secret"
    assert {name: len(re.findall(r'href="/customers/', page)) for name, page in shown.items()} == {
        "agent": 2, "other": 0, "author": 0, "lead": 2,
    }  # fmt: skip


def test_names_are_shown_by_the_same_rule_as_the_customer_s_page(office: Office) -> None:
    office.customers_are_due("Zoe")
    ids = [office.customer(name) for name in ("Dana", "Kim", "Zoe")]

    def told(work: Work) -> None:
        for queues in (["sales"], ["leads"], ["service"], []):
            assert standing.known_to(work, ids, queues) == {id_ for id_ in ids if sights.customer(work, id_, queues)}

    office.parts.database.run(told)


def test_nobody_reads_the_words_of_a_customer_who_is_not_theirs(office: Office) -> None:
    with office.parts.database.work() as work:
        dana = standing.inside(work, standing.version_rows(work, "follow-up")[0].id, None, 1)[0]
    path = f"/playbooks/follow-up/step?{urlencode({'at': 'check-in', 'for': dana.id})}"

    answers = {
        "agent": office.browser(office.member("ari")).get(path).status_code,
        "other": office.browser(office.member("kim", Role.AGENT, "service")).get(path).status_code,
        "author": author(office).get(path).status_code,
    }

    assert answers == {"agent": 200, "other": 404, "author": 404}


def test_who_is_in_it_comes_page_by_page_and_nobody_twice(office: Office) -> None:
    office.customers_are_due(*[f"N{n:02}" for n in range(52)])
    browser = author(office)

    first = browser.get("/playbooks/follow-up/inside").text
    more = re.search(r'href="(/playbooks/follow-up/inside\?[^"]*after=[^"]*)" data-key="n"', first)
    assert more is not None
    second = browser.get(more[1].replace("&amp;", "&")).text

    seen = re.findall(r"quote/\w+", first) + re.findall(r"quote/\w+", second)
    assert len(seen) == len(set(seen)) == 54


def test_the_text_is_the_one_that_was_published(reader: Office) -> None:
    page = author(reader).get("/playbooks/follow-up/text").text

    assert len(re.findall(r'<li id="L\d+"><code>', page)) == len(designs.playbook(STEPS).splitlines())
    assert "most: 3" in page


def test_house_rules_and_lifecycle_are_read_in_words(reader: Office) -> None:
    browser = author(reader)

    rules, lifecycle = browser.get("/playbooks/house-rules").text, browser.get("/playbooks/lifecycle").text

    assert "<dt>Mon–Fri</dt><dd>09:00–17:30</dd>" in rules
    assert "Leads" in rules
    assert 'href="/playbooks/follow-up"' in lifecycle


class Later:
    """Keeps what would be done beside a page, until the test says so."""

    def __init__(self) -> None:
        self.acts: list[Callable[[], None]] = []

    def __call__(self, act: Callable[[], None]) -> None:
        self.acts.append(act)


def running(office: Office, counts: Counts) -> int:
    with office.parts.database.work() as work:
        counted = counts.at(office.parts, work, office.parts.rulebook.refresh(work), office.clock.now)
        return counted.running(standing.version_rows(work, "follow-up")[0].id)


def test_counts_older_than_five_seconds_are_made_anew_and_no_page_waits_for_them(office: Office) -> None:
    later = Later()
    counts = Counts(later)
    assert running(office, counts) == 2
    office.customers_are_due("Zoe")

    office.clock.now -= timedelta(minutes=2) - timedelta(seconds=4)
    assert (running(office, counts), later.acts) == (2, [])

    office.clock.now += timedelta(seconds=2)
    assert [running(office, counts) for _ in range(3)] == [2, 2, 2]
    assert len(later.acts) == 1

    later.acts.pop()()
    assert running(office, counts) == 3


def test_counts_that_are_older_than_a_minute_are_shown_to_nobody(office: Office) -> None:
    later = Later()
    counts = Counts(later)
    running(office, counts)

    office.customers_are_due("Zoe")  # takes two minutes

    assert (running(office, counts), later.acts) == (3, [])


def test_a_count_that_fails_is_tried_again(office: Office) -> None:
    later = Later()
    counts = Counts(later)
    running(office, counts)
    office.clock.now += timedelta(seconds=6)
    running(office, counts)
    with office.parts.database.work() as work:
        work.connection.execute(text("ALTER TABLE enrollment RENAME TO elsewhere"))
    later.acts.pop()()
    with office.parts.database.work() as work:
        work.connection.execute(text("ALTER TABLE elsewhere RENAME TO enrollment"))

    assert running(office, counts) == 2
    assert len(later.acts) == 1


def test_the_playbook_that_was_retired_stays_while_customers_are_in_it(office: Office) -> None:
    publish(office.parts, designs.write(office.folder, designs.playbook(SALES, "other")), "ops")

    page = author(office).get("/playbooks").text

    assert "retired" in page
    assert "/playbooks/follow-up?version=1" in page
