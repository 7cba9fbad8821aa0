"""The page of a call that is lost, or nearly: who took it, what became of the customer's wish, and until when it is held."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from orchestrator import leading
from orchestrator.core.model import TouchState
from orchestrator.core.roles import Role
from orchestrator.parts import Parts
from orchestrator.store import schema
from orchestrator.store.audit import By
from orchestrator.sweep import end_leases
from tests.intake.ready import Hands
from tests.web.staff.desk_office import DeskOffice, call_of
from tests.web.staff.office import Browser

HTMX = {"HX-Request": "true"}
LEE = By("lee", "lead")
NO_MORE = {"disposition": "do_not_contact", "scope": "all", "sure": "on", "note": "wants no more"}


@pytest.fixture
def desk(ready: Parts, tmp_path: Path, clock: Hands) -> DeskOffice:
    """With Dana and Kim due; Lee leads."""
    made = DeskOffice(ready, tmp_path / "office", clock)
    made.ask_more("Dana", "Kim")
    made.member("lee", Role.LEAD)
    return made


def unwanted(desk: DeskOffice) -> list[str]:
    return [row.channel for row in desk.rows(schema.suppression.select())]


# -- the customer's wish ---------------------------------------------------------------------------------------------


def test_a_wish_filed_after_a_lead_took_the_call_holds_and_both_are_told(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    browser.send_form(f"{where}/dial-by-hand", HTMX)
    leading.take_back(desk.parts, call_of(where), LEE)

    told = browser.send_form(f"{where}/renew", HTMX)
    answer = browser.send_form(f"{where}/file", HTMX, **NO_MORE)

    assert "choose that ending and file it: it holds even now" in told.text
    assert answer.status_code == 409
    assert "They are not contacted any more" in answer.text
    assert unwanted(desk) == ["all"]
    assert desk.touch(call_of(where)).state == TouchState.UNKNOWN, "the result is the lead's to say"
    lead = desk.browser(desk.member("max", Role.LEAD)).get("/undecided").text
    assert "They asked for no more contact" in lead
    assert "wants no more" in lead


def test_a_wish_that_lacks_its_confirmation_is_said_not_to_be_recorded(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    leading.take_back(desk.parts, call_of(where), LEE)

    answer = browser.send_form(f"{where}/file", HTMX, disposition="do_not_contact", scope="all")

    assert answer.status_code == 409
    assert "Their wish is not recorded yet: Confirm that" in answer.text
    assert unwanted(desk) == []


def test_whoever_never_had_the_call_is_offered_nothing_and_stops_nothing(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    _, where = amys
    bob = desk.browser(desk.member("bob"))

    answer = bob.send_form(f"{where}/file", HTMX, **NO_MORE)

    assert answer.status_code == 409
    assert "no more contact" not in answer.text
    assert "not contacted" not in answer.text
    assert unwanted(desk) == []


def test_whoever_lost_a_call_to_a_lead_reads_who_took_it(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    leading.take_back(desk.parts, call_of(where), LEE)
    waits = browser.send_form(f"{where}/renew", HTMX).text
    browser.send_form(f"{where}/take")
    browser.send_form(f"{where}/dial-by-hand", HTMX)
    leading.take_back(desk.parts, call_of(where), LEE)
    decides = browser.get(where).text

    assert "Lee took this call back." in waits
    assert "It waits in its queue again." in waits
    assert "Lee took this call back." in decides
    assert "a lead decides how it ended" in decides
    assert "Nobody had it last" not in desk.browser(desk.member("bob")).get(where).text


# -- how long it is held ---------------------------------------------------------------------------------------------


def test_a_page_that_nobody_touches_is_told_until_when_and_then_that_its_hold_ran_out(
    desk: DeskOffice, amys: tuple[Browser, str]
) -> None:
    browser, where = amys
    until = desk.touch(call_of(where)).lease_until
    desk.clock.now += timedelta(minutes=2)

    idle = browser.send_form(f"{where}/renew", HTMX, idle="1")
    assert datetime.fromisoformat(idle.headers["Held-Until"]) == until
    touched = browser.send_form(f"{where}/renew", HTMX)
    assert datetime.fromisoformat(touched.headers["Held-Until"]) == desk.clock.now + timedelta(minutes=3)
    assert datetime.fromisoformat(touched.headers["Held-At-Most"]) > desk.clock.now + timedelta(minutes=15)

    desk.clock.now += timedelta(minutes=4)
    end_leases(desk.parts)
    over = browser.send_form(f"{where}/renew", HTMX, idle="1")
    assert (over.status_code, desk.touch(call_of(where)).reason) == (200, "disposition missing")
    assert "Your hold on this call ran out." in over.text
    assert browser.send_form(f"{where}/file", disposition="no_answer").status_code == 303, "they may still say it"


def test_the_page_learns_when_the_customer_may_be_called_no_more(desk: DeskOffice) -> None:
    desk.clock.set("2026-11-20 17:28")
    browser = desk.browser(desk.member("zoe"))
    browser.send_form(f"/desk/calls/{desk.call('Kim')}/take")
    kims = f"/desk/calls/{desk.call('Kim')}"
    assert 'data-open="yes"' in browser.get(kims).text

    still = browser.send_form(f"{kims}/renew", HTMX, open="yes")
    desk.clock.set("2026-11-20 17:31")
    now = browser.send_form(f"{kims}/renew", HTMX, open="yes")
    known = browser.send_form(f"{kims}/renew", HTMX, open="no")

    assert still.status_code == 204
    assert now.status_code == 200
    assert 'id="there"' in now.text
    assert "Not now" in now.text
    assert "closed until Mon" in now.text
    assert known.status_code == 204, "what the page shows already is not sent again"
    assert "Not now" in browser.get(f"{kims}/line", headers=HTMX).text


# -- slips -----------------------------------------------------------------------------------------------------------


def test_over_pressed_by_mistake_is_taken_back_with_one_key(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    browser.send_form(f"{where}/dial-by-hand", HTMX)
    browser.send_form(f"{where}/phase", HTMX, phase="talking")

    over = browser.send_form(f"{where}/phase", HTMX, phase="wrap_up")
    again = browser.send_form(f"{where}/phase", HTMX, phase="talking")

    assert "Still on the line" in over.text
    assert 'data-phase="talking"' in again.text
    assert "tel:" not in again.text


def test_the_last_ending_can_be_undone_from_the_next_call_which_goes_back(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    browser.send_form(f"{where}/file", disposition="no_answer")
    kims = browser.send_form("/desk/next").headers["location"]

    page = browser.get(kims).text
    undone = browser.send_form(f"{where}/undo", instead=kims.rsplit("/", 1)[1])

    assert "Filed: No answer." in page
    assert "Put this one back and undo" in page
    assert undone.headers["location"] == where
    assert desk.touch(call_of(where)).held_by == "amy"
    assert (desk.touch(call_of(kims)).state, desk.touch(call_of(kims)).held_by) == (TouchState.READY, None)


def test_once_the_next_is_dialled_the_page_says_what_to_do_before_undoing(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    browser.send_form(f"{where}/file", disposition="no_answer")
    kims = browser.send_form("/desk/next").headers["location"]
    browser.send_form(f"{kims}/dial-by-hand", HTMX)

    page = browser.get(kims).text
    refused = browser.send_form(f"{where}/undo", instead=kims.rsplit("/", 1)[1])

    assert "To undo it, say first how this call ended." in page
    assert 'data-key="u"' not in page
    assert refused.status_code == 409
    assert "say first how that call ended" in refused.text
    assert desk.touch(call_of(kims)).held_by == "amy"
    desk.clock.now += timedelta(seconds=31)
    assert "Filed: No answer." not in browser.get(kims).text


def test_a_put_back_call_is_not_the_next_one(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    browser.send_form(f"{where}/put-back", why="not_mine")

    assert browser.send_form("/desk/next").headers["location"] != where
