"""What the pages of the studio cost the desk beside them: tabs that are there, few questions to the database, one long piece of work at a time."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from fastapi import Request
from sqlalchemy import event

from orchestrator import authoring
from orchestrator.access.visitors import Visitor
from orchestrator.core.roles import Role
from orchestrator.store.audit import By
from orchestrator.web.staff.app import staff_routes
from orchestrator.web.staff.at_once import ONE
from orchestrator.web.staff.here import Form, Here
from orchestrator.web.staff.shown import Shown
from tests.stories import designs
from tests.web.staff.office import LEADS, SALES, Browser, Office

OWN = ["edit", "steps", "preview", "rehearse", "backtest", "publish"]
LATER = SALES.replace("due_within", "after: 1 hour\n  due_within")


@pytest.fixture
def author(office: Office) -> Browser:
    return office.browser(office.member("olga", Role.LEAD))


def tabs(browser: Browser, path: str) -> list[str]:
    nav = re.search(r'<nav class="tabs" aria-label="This draft">(.*?)</nav>', browser.get(path).text, re.S)
    assert nav is not None
    return re.findall(r'href="/playbooks/([^"]+)"', nav[1])


def test_every_tab_of_a_draft_leads_to_its_page_and_the_shadow_s_is_there_while_one_runs(office: Office, author: Browser) -> None:
    page = "/playbooks/follow-up/edit"
    own = [f"follow-up/{key}" for key in OWN]

    assert tabs(author, page) == [*own, "follow-up"]

    designs.write(
        office.folder, designs.playbook(LATER), designs.playbook(LEADS, "concerns"), designs.playbook(SALES, "quite-new")
    )
    authoring.publish(office.parts, office.folder, By("olga", "author"), only=["follow-up"], shadow=True)

    shown = tabs(author, page)
    assert shown == [*own, "follow-up/shadow", "follow-up"]
    assert [author.get(f"/playbooks/{one}").status_code for one in shown] == [200] * len(shown)
    assert tabs(author, "/playbooks/quite-new/edit") == [f"quite-new/{key}" for key in OWN]
    assert tabs(author, "/playbooks/house-rules/edit") == ["house-rules/edit", "house-rules/publish", "house-rules"]


def test_looking_for_mistakes_while_somebody_types_asks_the_database_for_no_versions(office: Office, author: Browser) -> None:
    asked: list[str] = []

    def note(conn: object, cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(office.parts.database.engine, "before_cursor_execute", note)
    author.send_form("/playbooks/follow-up/check", file="follow-up.yaml", text=designs.playbook(SALES))
    event.remove(office.parts.database.engine, "before_cursor_execute", note)

    assert asked  # who they are
    assert not [one for one in asked if "playbook_version" in one]


class Watching(Shown):
    """Templates that note how many units of work are open while they are filled in."""

    def __init__(self, office: Office) -> None:
        self._pool: Any = office.parts.database.engine.pool
        self.open: list[int] = []

    def text(self, template: str, *, block: str | None = None, **known: Any) -> str:
        self.open.append(self._pool.checkedout())
        return super().text(template, block=block, **known)


@pytest.mark.parametrize("path", ["/playbooks/{draft}/preview", "/playbooks/{draft}/edit"])
def test_words_are_shown_after_the_database_has_been_let_go(office: Office, path: str) -> None:
    shown = Watching(office)
    page = next(
        one.page for one in staff_routes(office.parts, office.settings, shown).table if (one.method, one.path) == ("GET", path)
    )
    who = Visitor(office.member("olga", Role.LEAD), None, "")
    request = Request({"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []})

    page(Here(office.parts, office.settings, who, request, Form(), office.clock.now, shown), draft="follow-up")

    assert shown.open == [0]


def test_while_one_long_piece_of_work_runs_the_others_wait_their_turn(office: Office, author: Browser) -> None:
    designs.write(office.folder, designs.playbook(LATER), designs.playbook(LEADS, "concerns"))
    authoring.publish(office.parts, office.folder, By("olga", "author"))
    designs.write(office.folder, designs.playbook(SALES), designs.playbook(LEADS, "concerns"))
    authoring.publish(office.parts, office.folder, By("olga", "author"), only=["follow-up"], shadow=True)
    pages = [f"/playbooks/follow-up/{page}" for page in ("backtest?run=1&since=2026-01-01", "shadow", "move?look=1")]
    rehearsed: list[int] = []
    rehearsal = threading.Thread(target=lambda: rehearsed.append(author.get("/playbooks/follow-up/rehearse").status_code))

    with ONE:
        assert [author.get(page).status_code for page in pages] == [503, 503, 503]
        rehearsal.start()  # the shortest of them: it waits a moment
        rehearsal.join(timeout=0.1)
        assert rehearsed == []
    rehearsal.join()

    assert rehearsed == [200]
    assert [author.get(page).status_code for page in pages] == [200, 200, 200]
