"""The backtest page: authors run the file over the events that came in; whose customers these were stays with those who may know."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from orchestrator.accepting import accept
from orchestrator.core.roles import Role
from orchestrator.web.staff import backtest
from orchestrator.web.staff.objects import OBJECTS
from orchestrator.web.staff.routes import StaffRoutes
from orchestrator.web.staff.shown import Shown
from tests.intake.ready import quote_sent
from tests.stories import designs
from tests.web.practice import PUBLIC_URL
from tests.web.staff.office import LEADS, SALES, Office

PATH = "/playbooks/follow-up/backtest"
LATER = SALES.replace("call: check-in", "call: check-in\n  after: 1 business day")


@pytest.fixture
def drafted(office: Office) -> Office:
    """The file has a later call than what is published."""
    designs.write(office.folder, designs.playbook(LATER), designs.playbook(LEADS, "concerns"))
    return office


def read(office: Office, role: Role, path: str = f"{PATH}?run=1&since=2026-11-01&against=published") -> str:
    """The page as text, without its marks."""
    answer = office.browser(office.member(office.a_name(), role)).get(path)
    assert answer.status_code == 200, answer.text
    return words(answer.text)


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_an_author_sees_what_the_file_would_have_done_and_what_that_changes(drafted: Office) -> None:
    text = read(drafted, Role.AUTHOR)

    assert "2 calls" in text
    assert "0 same, 0 new, 0 gone, 0 earlier, 2 later" in text
    assert "What this cannot know" in text


def test_nothing_runs_before_it_is_asked_for(drafted: Office) -> None:
    text = read(drafted, Role.AUTHOR, PATH)

    assert "2 events came in since then" in text
    assert "What changes" not in text


def test_customers_and_subjects_are_named_only_to_roles_that_may_see_them(drafted: Office) -> None:
    author, lead = read(drafted, Role.AUTHOR), read(drafted, Role.LEAD)

    assert "C-Dana" not in author
    assert "quote/Dana" not in author
    assert "quote/Dana" in lead


def test_the_customers_whom_a_rule_kept_back_are_listed_for_those_who_may_see_them(office: Office) -> None:
    customer = {"id": "C-Nameless", "time_zone": "America/Chicago", "consent": {"call": "service"}}
    accept(office.parts, [quote_sent(key="k-1", subject="quote/1", customer=customer)])  # without a telephone number

    author, lead = read(office, Role.AUTHOR), read(office, Role.LEAD)

    assert "refused: contact point check-in 1 1 1 no phone number is known" in author
    assert "refused: contact point check-in 1 1 1 C-Nameless no phone number is known" in lead


def test_every_table_of_the_page_may_be_wider_than_a_telephone(office: Office) -> None:
    more = SALES + "- touchpoint: hello\n  email: hello\n  after: 1 day\n"
    designs.write(office.folder, designs.playbook(more), designs.playbook(LEADS, "concerns"))

    page = office.browser(office.member("ada", Role.LEAD)).get(f"{PATH}?run=1&since=2026-11-01&against=published").text
    alone = [page[max(at.start() - 200, 0) : at.start()] for at in re.finditer("<table", page)]

    assert "The same customer on the same day as" in page
    assert "Every figure that changes" in page
    assert [before for before in alone if not re.search(r'<div class="scroll"[^>]*>$', before)] == []


def alone(office: Office, **limits: Any) -> TestClient:
    """An author's browser, and nothing but this page, with other limits."""
    author = office.browser(office.member("ada", Role.AUTHOR))
    routes = StaffRoutes(office.parts, office.settings, Shown(), OBJECTS)
    backtest.add(routes, **limits)
    return TestClient(Starlette(routes=routes.routes()), base_url=PUBLIC_URL, cookies=author.cookies)


def test_more_events_than_a_page_can_run_are_left_to_the_command(drafted: Office) -> None:
    text = words(alone(drafted, most=1).get(f"{PATH}?run=1&since=2026-11-01&against=published").text)

    assert "More than 1 events came in" in text
    assert "touchpoint backtest follow-up --from-database --since 2026-11-01 --against published" in text
    assert "What this cannot know" not in text


def test_a_second_backtest_waits_until_the_first_is_done(drafted: Office) -> None:
    busy = threading.Lock()
    browser = alone(drafted, busy=busy)

    with busy:
        refused = browser.get(f"{PATH}?run=1&since=2026-11-01")
    after = browser.get(f"{PATH}?run=1&since=2026-11-01")

    assert (refused.status_code, after.status_code) == (503, 200)
    assert "Another backtest is running" in refused.text


def test_a_folder_with_a_mistake_is_told_and_nothing_runs(drafted: Office) -> None:
    (drafted.folder / "concerns.yaml").write_text("playbook: concerns\n")

    text = read(drafted, Role.AUTHOR)

    assert "The playbooks folder cannot be used as it is" in text
    assert "concerns.yaml" in text
    assert "What this cannot know" not in text


@pytest.mark.parametrize("query", ["run=1&since=yesterday", "run=1&since=0001-01-01", "run=1&since=2026-11-01&against=99"])
def test_what_cannot_be_read_in_the_address_breaks_nothing(drafted: Office, query: str) -> None:
    assert "over events that came in here" in read(drafted, Role.AUTHOR, f"{PATH}?{query}")


@pytest.mark.parametrize(("role", "status"), [(Role.AGENT, 403), (Role.AUDITOR, 403), (Role.ADMIN, 200)])
def test_only_those_who_write_playbooks_may_run_one(drafted: Office, role: Role, status: int) -> None:
    answer = drafted.browser(drafted.member(drafted.a_name(), role)).get(PATH)

    assert answer.status_code == status


def test_a_playbook_that_has_no_file_is_not_found(drafted: Office) -> None:
    assert drafted.browser(drafted.member("ada", Role.AUTHOR)).get("/playbooks/nothing/backtest").status_code == 404
