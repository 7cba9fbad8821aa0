"""The page of rehearsals: what differs is shown like a diff, and every moment with its clock, its words and its why."""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from orchestrator.core.roles import Role
from orchestrator.store import schema
from tests.stories import designs
from tests.web.staff.office import LEADS, SALES, Browser, Office

ROOT = Path(__file__).resolve().parents[3]
PATH = "/playbooks/quote-follow-up/rehearse"
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def starters(office: Office) -> Path:
    """The project's own playbooks in the folder, with their rehearsals."""
    shutil.copytree(ROOT / "playbooks", office.folder, dirs_exist_ok=True)
    for name in ("follow-up", "concerns"):
        (office.folder / f"{name}.yaml").unlink()
    return office.folder


@pytest.fixture
def author(office: Office) -> Browser:
    return office.browser(office.member("olga", Role.AUTHOR))


def words(page: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text.split("<main")[1])).split())


def test_every_rehearsal_is_run_and_one_of_them_is_told_moment_by_moment(starters: Path, author: Browser) -> None:
    page = author.get(f"{PATH}?of=rehearsals/quote-follow-up.yaml:2")
    text = words(page)

    assert page.status_code == 200
    assert "all go as their files say" in text
    assert "Thu 2026-03-12 10:15 We just left you a voicemail sent" in text
    assert "We just left you a voicemail about your quote." in text
    assert "Why:" in text
    assert '<div class="phone">' in page.text
    assert '<div class="mailbox">' in page.text
    assert 'data-step="sorry-we-missed-you"' in page.text
    assert "2 days later" in text


def test_what_comes_another_way_than_the_file_says_is_shown_like_a_diff_and_first(starters: Path, author: Browser) -> None:
    file = starters / "quote-follow-up.yaml"
    file.write_text(file.read_text().replace("{most: 3, apart: 2 business days", "{most: 3, apart: 3 business days"))

    page = author.get(PATH)
    text = words(page)

    assert re.search(r"[1-8] (goes|go) another way than the file says", text)
    assert '<h2 class="rh-title" dir="auto">Nobody answers;' in page.text, "the first of them that differs is shown"
    assert "It goes another way than its file says" in text
    assert "- - {at: Mon 2026-03-16 13:30, touchpoint: quote-check-in, try: 2, is: no_answer}" in text
    assert "+ - {at: Tue 2026-03-17 13:30, touchpoint: quote-check-in, try: 2, is: no_answer}" in text


def test_a_playbook_that_nobody_rehearses_is_played_by_a_customer_who_is_nobody(office: Office, author: Browser) -> None:
    text = words(author.get("/playbooks/follow-up/rehearse"))
    ended = words(author.get("/playbooks/follow-up/rehearse?of=imagined&ends=declined"))

    assert "No file rehearses it yet" in text
    assert "quote.sent comes in" in text
    assert "nobody took it" in text.lower()
    assert "Declined" in ended


def test_a_rehearsal_beside_another_playbook_runs_with_both(starters: Path, author: Browser) -> None:
    file = starters / "rehearsals" / "quote-follow-up.yaml"
    file.write_text(file.read_text().replace("subject: quote/Q-1042", "beside: [visit-reminder]\nsubject: quote/Q-1042", 1))

    good = words(author.get(PATH))
    (starters / "visit-reminder.yaml").write_text("playbook: visit-reminder\n")
    bad = words(author.get(PATH))

    assert "all go as their files say" in good
    assert "is missing" in bad


def test_nothing_is_planned_for_anybody(starters: Path, office: Office, author: Browser) -> None:
    before = office.rows(select(schema.touch.c.id))

    author.get(PATH)

    assert office.rows(select(schema.touch.c.id)) == before


def test_a_rehearsal_that_cannot_be_read_says_so_with_its_line(starters: Path, author: Browser) -> None:
    file = starters / "rehearsals" / "quote-follow-up.yaml"
    file.write_text(
        file.read_text().replace("touchpoint: quote-check-in, ends: completed", "touchpoint: quote-chekc-in, ends: completed")
    )

    text = words(author.get(PATH))

    assert "cannot be read" in text
    assert "did you mean 'quote-check-in'?" in text


def test_a_draft_with_mistakes_is_not_run(office: Office, author: Browser) -> None:
    designs.write(office.folder, designs.playbook(SALES.replace("sales", "nobody")), designs.playbook(LEADS, "concerns"))

    assert "Nothing can be rehearsed while there are mistakes" in words(author.get("/playbooks/follow-up/rehearse"))


def test_words_of_files_run_nowhere(office: Office, author: Browser) -> None:
    designs.write(office.folder, designs.playbook(SALES.replace("call: check-in", f"call: check-in\n  title: '{EVIL}'")))

    page = author.get("/playbooks/follow-up/rehearse").text

    assert "<img" not in page
    assert "&lt;img" in page


@pytest.mark.parametrize("of", ["rehearsals/quote-follow-up.yaml:999", "rehearsals/visit-reminder.yaml:1", "../x"])
def test_what_is_not_of_this_playbook_is_not_found(starters: Path, author: Browser, of: str) -> None:
    assert author.get(f"{PATH}?of={of}").status_code == 404


def test_house_rules_cannot_be_rehearsed_and_agents_rehearse_nothing(starters: Path, office: Office, author: Browser) -> None:
    agent = office.browser(office.member("ann", Role.AGENT))

    assert author.get("/playbooks/house-rules/rehearse").status_code == 404
    assert agent.get(PATH).status_code == 403
