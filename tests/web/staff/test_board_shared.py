"""Many leads look at one board: a picture and its drawing are shared, every change is seen in time, and nobody sees what only others may do."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from fastapi import Request

from orchestrator import holds
from orchestrator.access.visitors import Visitor
from orchestrator.board import FRESH_FOR, Picture, Shared
from orchestrator.core.roles import Role
from orchestrator.parts import Parts
from orchestrator.store.staff import Member
from orchestrator.web.staff.board import Drawn
from orchestrator.web.staff.here import Form, Here
from orchestrator.web.staff.shown import Shown
from tests.web.staff.office import Browser, Office
from tests.web.staff.test_board import LEE, on_the_desk, seen, take, version_of


def test_twenty_leads_who_look_at_once_cost_one_picture(office: Office) -> None:
    shared, begun = Shared(), threading.Barrier(20)
    pictures: list[Picture] = []

    def look(parts: Parts) -> None:
        begun.wait()
        pictures.append(shared.at(parts, office.clock.now))

    leads = [threading.Thread(target=look, args=(office.parts,)) for _ in range(20)]
    for lead in leads:
        lead.start()
    for lead in leads:
        lead.join()

    assert len({id(p) for p in pictures}) == 1


def test_a_picture_is_shared_while_it_is_fresh_and_no_longer(office: Office) -> None:
    shared = Shared()
    first = shared.at(office.parts, office.clock.now)

    soon = shared.at(office.parts, office.clock.now + FRESH_FOR - timedelta(milliseconds=1))
    later = shared.at(office.parts, office.clock.now + FRESH_FOR)

    assert soon is first
    assert later is not first


@pytest.mark.parametrize("gap_ms", [0, 399, 400, 800, 1199])
def test_two_who_look_both_see_a_change_within_two_seconds_however_their_pages_ask(office: Office, gap_ms: int) -> None:
    """One page asks, a call is taken a moment later, and the other page asks so many milliseconds after the first one."""
    one = office.browser(office.member("lee", Role.LEAD))
    other = another_browser(one, office, office.member("kim", Role.LEAD))
    ari = on_the_desk(office, "ari")
    office.clock.now += timedelta(seconds=10)
    page = one.get("/board").text
    every = re.search(r'hx-get="/board/now" hx-trigger="every (\d+)ms"', page)
    assert every is not None
    began, period = office.clock.now, timedelta(milliseconds=int(every[1]))

    office.clock.now += timedelta(milliseconds=1)
    take(office, ari)
    asks = sorted(
        (began + first + n * period, who)
        for who, first in ((0, period), (1, timedelta(milliseconds=gap_ms)))
        for n in range(4)
        if began + first + n * period > office.clock.now
    )
    heard: dict[int, timedelta] = {}
    for at, who in asks:
        office.clock.now = at
        answer = (one, other)[who].get("/board/now", params={"seen": version_of(page)}, headers={"HX-Request": "true"})
        if answer.status_code == 200 and "reading" in answer.text:
            heard.setdefault(who, at - began)

    assert max(heard[0], heard[1]) <= timedelta(seconds=1.7)  # and 0.3 s to make the picture and to bring it there


def test_what_a_lead_may_do_is_not_on_the_board_of_an_auditor_who_looks_at_the_same_time(office: Office) -> None:
    holds.pause(office.parts, holds.read("queue:sales"), LEE)
    lead = office.browser(office.member("lee", Role.LEAD))
    auditor = another_browser(lead, office, office.member("noor", Role.AUDITOR))

    for first, second in ((lead, auditor), (auditor, lead)):
        office.clock.now += timedelta(seconds=5)
        pages = {browser: browser.get("/board").text for browser in (first, second)}

        assert "stands still" in pages[lead]
        assert "stands still" in pages[auditor]
        assert '<a href="/board/pauses">Resume</a>' in pages[lead]
        assert '<a href="/board/pauses">Resume</a>' not in pages[auditor]
        assert lead.csrf not in pages[auditor]


def test_a_picture_is_drawn_once_for_everybody_who_may_do_the_same(office: Office) -> None:
    picture, drawn, texts = seen(office), Drawn(), CountedTexts()
    for role in (Role.LEAD, Role.ADMIN, Role.AUDITOR, Role.LEAD, Role.AUDITOR):
        drawn.of(here_of(office, role, texts), picture)

    assert texts.drawn == 2

    drawn.of(here_of(office, Role.LEAD, texts), seen(office))
    assert texts.drawn == 3


class CountedTexts(Shown):
    """Templates that count how often they are filled in."""

    drawn = 0

    def text(self, template: str, *, block: str | None = None, **known: Any) -> str:
        self.drawn += 1
        return super().text(template, block=block, **known)


def here_of(office: Office, role: Role, shown: Shown) -> Here:
    """What a page gets when somebody of this role asks."""
    who = Visitor(office.member(office.a_name(), role), None, "")
    return Here(office.parts, office.settings, who, Request({"type": "http"}), Form(), office.clock.now, shown)


def another_browser(like: Browser, office: Office, member: Member) -> Browser:
    """A browser of somebody else who is served by the same process."""
    theirs = office.browser(member)
    made = Browser(like.app, base_url=str(like.base_url), raise_server_exceptions=False, cookies=dict(theirs.cookies))
    made.csrf = theirs.csrf
    return made
