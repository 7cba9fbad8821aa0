"""The desk's room: the next call, the shift, what waits, and undoing what was said last."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from orchestrator import leading
from orchestrator.core.model import TouchState
from orchestrator.core.roles import Role
from orchestrator.parts import Parts
from orchestrator.store import schema, sheets, staff
from orchestrator.store.audit import By
from tests.intake.ready import Hands
from tests.web.staff.desk_office import DeskOffice

HTMX = {"HX-Request": "true"}


@pytest.fixture
def desk(ready: Parts, tmp_path: Path, clock: Hands) -> DeskOffice:
    """With Dana and Kim due."""
    made = DeskOffice(ready, tmp_path / "office", clock)
    made.customers_are_due("Dana", "Kim")
    return made


def test_next_leads_to_the_page_of_a_call_and_begins_the_shift(desk: DeskOffice) -> None:
    amy = desk.member("amy")
    browser = desk.browser(amy)

    where = browser.send_form("/desk/next").headers["location"]

    assert "Ortiz" in browser.get(where).text
    assert browser.get("/desk", follow_redirects=False).headers["location"] == where  # the desk is this call until it is filed
    with desk.parts.database.work() as work:
        known = staff.by_name(work, "amy")
    assert known is not None
    assert known.on_since == desk.clock.now
    assert ("amy", "shift.begun", f"member:{amy.id}") in desk.audit()


def test_next_pressed_twice_takes_one_call(desk: DeskOffice) -> None:
    browser = desk.browser(desk.member("amy"))

    first, second = (browser.send_form("/desk/next").headers["location"] for _ in range(2))

    assert first == second


def test_the_room_says_how_many_wait_in_queues_of_mine(desk: DeskOffice) -> None:
    page = desk.browser(desk.member("amy")).get("/desk").text

    assert "<b>2</b> calls wait" in page
    assert "Sales" in page
    assert "Leads" not in page


def test_whoever_works_no_queue_is_told_whom_to_ask(desk: DeskOffice) -> None:
    page = desk.browser(desk.member("new", Role.AGENT, "a-queue-that-is-gone")).get("/desk").text

    assert "You work no queue yet." in page
    assert "Ask a lead or an admin" in page


def test_an_empty_room_says_so_and_when_the_next_call_falls_due(desk: DeskOffice) -> None:
    monday = Hands("2026-11-23 09:00").now
    with desk.parts.database.work() as work:
        work.connection.execute(schema.touch.update().values(state=TouchState.PLANNED, due_at=monday))
    browser = desk.browser(desk.member("amy"))

    said = browser.send_form("/desk/next").headers["location"]
    page = browser.get(said).text

    assert "No call may be made at this moment." in page
    assert "Nothing waits." in page
    assert "The next call falls due Mon 23 Nov 09:00 (in 2 d)." in page


def test_an_open_room_asks_for_nothing_as_long_as_nothing_changes(desk: DeskOffice) -> None:
    browser = desk.browser(desk.member("amy"))
    asks = browser.get("/desk").text.split('hx-get="')[1].split('"')[0]

    assert browser.get(asks, headers=HTMX).status_code == 204
    desk.customers_are_due("Lou")
    assert "<b>3</b> calls wait" in browser.get(asks, headers=HTMX).text


def test_a_filed_call_can_be_undone_from_the_room_for_half_a_minute(desk: DeskOffice) -> None:
    browser, where = desk.has_call(desk.member("amy"), "Dana")
    browser.send_form(f"{where}/file", disposition="no_answer", note="rang out")

    assert "Filed: No answer." in browser.get("/desk").text
    assert browser.send_form(f"{where}/undo").headers["location"] == where
    assert "rang out" in browser.get(where).text

    browser.send_form(f"{where}/file", disposition="no_answer")
    desk.clock.now += timedelta(seconds=31)
    assert "Undo" not in browser.get("/desk").text
    late = browser.send_form(f"{where}/undo")
    assert late.status_code == 409
    assert "cannot be undone" in late.text


def test_nobody_ends_a_shift_with_a_call(desk: DeskOffice) -> None:
    browser, where = desk.has_call(desk.member("amy"), "Dana")
    browser.send_form("/desk/shift", on="yes")

    browser.send_form("/desk/shift", on="no")

    assert ("amy", "shift.ended") not in [(who, what) for who, what, _ in desk.audit()]
    browser.send_form(f"{where}/put-back", why="slip")
    browser.send_form("/desk/shift", on="no")
    assert ("amy", "shift.ended") in [(who, what) for who, what, _ in desk.audit()]


# -- whose call it is -------------------------------------------------------------------------------------------------


def test_a_call_that_waits_can_be_taken_from_its_page(desk: DeskOffice) -> None:
    browser = desk.browser(desk.member("amy"))
    where = f"/desk/calls/{desk.call('Kim')}"

    page = browser.get(where)

    assert page.status_code == 200
    assert "Take this call" in page.text
    assert "Kim" not in page.text.split("<main")[1]  # nothing about the customer before it is theirs
    assert browser.send_form(f"{where}/take").headers["location"] == where
    assert "Kim Ortiz" in browser.get(where).text


def test_others_are_told_who_has_a_call_and_nothing_of_it(desk: DeskOffice) -> None:
    _, where = desk.has_call(desk.member("amy"), "Dana")
    other = desk.browser(desk.member("bob"))

    for answer in (other.get(where), other.send_form(f"{where}/take")):
        assert answer.status_code == 409
        assert "Amy has this call now." in answer.text
        assert "Ortiz" not in answer.text
    assert desk.touch(UUID(where.rsplit("/", 1)[1])).held_by == "amy"


def test_a_call_of_another_queue_and_one_that_does_not_exist_look_the_same(desk: DeskOffice) -> None:
    browser = desk.browser(desk.member("amy"))

    for call in (desk.call("Dana", "concern"), UUID(int=7), "not-an-id"):
        for path in ("", "/line"):
            assert browser.get(f"/desk/calls/{call}{path}").status_code == 404
        for verb in ("take", "undo", "sheet", "renew", "dial", "dial-by-hand", "phase", "file", "put-back"):
            assert browser.send_form(f"/desk/calls/{call}/{verb}").status_code == 404


def test_changes_from_elsewhere_are_refused(desk: DeskOffice) -> None:
    browser, where = desk.has_call(desk.member("amy"), "Dana")

    for forged in (
        browser.post(f"{where}/file", data={"disposition": "completed"}),
        browser.post(f"{where}/file", data={"disposition": "completed", "csrf": "0" * 64}),
        browser.send_form(f"{where}/file", {"Sec-Fetch-Site": "cross-site"}, disposition="completed"),
    ):
        assert forged.status_code == 403
    assert desk.touch(UUID(where.rsplit("/", 1)[1])).state == TouchState.IN_CALL


@pytest.mark.parametrize("verb", ["sheet", "renew", "dial-by-hand", "phase", "file", "put-back"])
def test_whoever_lost_a_call_is_told_who_has_it_now(desk: DeskOffice, verb: str) -> None:
    browser, where = desk.has_call(desk.member("amy"), "Dana")
    call = UUID(where.rsplit("/", 1)[1])
    leading.take_back(desk.parts, call, By("lee", "lead"))
    desk.has_call(desk.member("bob"), "Dana")

    answer = browser.send_form(f"{where}/{verb}", HTMX, disposition="no_answer", note="my words", phase="talking", why="slip")

    assert answer.status_code == 409
    assert "Bob has this call now." in answer.text
    assert "data-lost" in answer.text
    assert desk.touch(call).held_by == "bob"


def test_what_was_typed_for_a_lost_call_is_kept_and_shown(desk: DeskOffice) -> None:
    browser, where = desk.has_call(desk.member("amy"), "Dana")
    leading.take_back(desk.parts, UUID(where.rsplit("/", 1)[1]), By("lee", "lead"))
    desk.has_call(desk.member("bob"), "Dana")

    answer = browser.send_form(f"{where}/file", disposition="no_answer", note="my precious words")

    assert answer.status_code == 409
    assert "my precious words" in answer.text
    with desk.parts.database.work() as work:
        theirs = sheets.newest(work, UUID(where.rsplit("/", 1)[1]), "amy")
    assert theirs is not None
    assert theirs.note == "my precious words"
