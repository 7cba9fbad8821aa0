"""What people type about a call outlives them: other tabs, other people who take the call, and why a promise comes back."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from uuid import UUID

from orchestrator import dispatch, leading, sweep
from orchestrator.core.model import TouchState
from orchestrator.store import sheets, staff
from orchestrator.store.audit import By
from tests.intake.ready import Hands
from tests.web.staff.desk_office import DeskOffice, Fields
from tests.web.staff.office import Browser

HTMX = {"HX-Request": "true"}


def lets_go(desk: DeskOffice, browser: Browser, where: str) -> None:
    """The call is back in its queue, and a minute goes by."""
    assert browser.send_form(f"{where}/put-back", why="bad_moment").status_code == 303
    desk.clock.now += timedelta(minutes=1)


# -- two tabs ---------------------------------------------------------------------------------------------------------


def test_an_older_tab_that_types_an_answer_leaves_the_note_of_a_newer_one(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    browser.send_form(f"{where}/sheet", HTMX, note="a long note")

    browser.send_form(f"{where}/sheet", HTMX, **Fields({"a-budget": "900"}))  # only what that tab changed

    assert desk.sheet(where).note == "a long note"
    assert desk.sheet(where).answers == {"budget": "900"}


def test_the_script_goes_on_from_answers_that_another_tab_gave(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    browser.send_form(f"{where}/sheet", HTMX, **Fields({"a-feeling": "too much money"}))

    shown = browser.send_form(f"{where}/sheet", HTMX, shape="older", **Fields({"a-budget": "900"}))

    assert "We could do the most important part first." in shown.text


def test_an_older_tab_that_files_takes_the_newer_words_with_it(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    browser.send_form(f"{where}/sheet", HTMX, note="the newer note", **Fields({"a-budget": "900"}))
    older: Fields = {"note": "the older note", "a-budget": "", "same": "note a-budget a-feeling", "disposition": "no_answer"}

    browser.send_form(f"{where}/file", HTMX, **older)

    assert desk.touch(UUID(where.rsplit("/", 1)[1])).state == TouchState.FILED
    assert desk.sheet(where).note == "the newer note"
    assert desk.sheet(where).answers == {"budget": "900"}


def test_what_is_emptied_just_before_filing_is_gone(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    browser.send_form(f"{where}/sheet", HTMX, note="the wrong customer", **Fields({"a-budget": "900"}))

    browser.send_form(f"{where}/file", HTMX, disposition="no_answer", note="", **Fields({"a-budget": ""}))

    assert desk.sheet(where).note == ""
    assert desk.sheet(where).answers == {}


# -- somebody had it before -------------------------------------------------------------------------------------------


def test_whoever_takes_a_call_next_sees_what_was_noted_and_takes_it_over_with_one_click(
    desk: DeskOffice, amys: tuple[Browser, str]
) -> None:
    amy, where = amys
    amy.send_form(f"{where}/sheet", note="the dog bites", **Fields({"a-promise": "the drawing", "d-promise": "2026-11-27"}))
    lets_go(desk, amy, where)
    bob, _ = desk.has_call(desk.member("bob"), "Dana")

    page = unescape(bob.get(where).text)
    assert "Amy noted before" in page
    assert "the dog bites" in page
    assert "the drawing (for Fri 27 Nov 2026)" in page
    taken = page.split('name="sheet" value="')[1].split('"')[0]
    bob.send_form(f"{where}/sheet", note="hello")
    over = bob.send_form(f"{where}/take-over", HTMX, sheet=taken, note="hello, hello")

    assert over.status_code == 200
    assert "noted before" not in over.text  # it is all there now
    sheet = desk.sheet(where)
    assert (sheet.who, sheet.note) == ("bob", "hello, hello\nthe dog bites")
    assert (dict(sheet.answers), dict(sheet.promised_for)) == ({"promise": "the drawing"}, {"promise": "2026-11-27"})


def test_ones_own_words_are_offered_again(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    amy, where = amys
    amy.send_form(f"{where}/sheet", note="nearly done")
    lets_go(desk, amy, where)
    amy.send_form(f"{where}/take")

    page = amy.get(where).text

    assert "You noted before" in page
    assert "nearly done" in page


def test_what_was_typed_after_a_lead_took_the_call_back_is_shown_to_the_next(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    amy, where = amys
    leading.take_back(desk.parts, UUID(where.rsplit("/", 1)[1]), By("lee", "lead"))
    desk.clock.now += timedelta(minutes=1)
    bob, _ = desk.has_call(desk.member("bob"), "Dana")
    assert "noted before" not in bob.get(where).text

    assert amy.send_form(f"{where}/sheet", HTMX, note="said <b>hello</b>").status_code == 409

    assert "said &lt;b&gt;hello&lt;/b&gt;" in bob.get(where).text


def test_words_are_taken_over_only_by_whoever_has_the_call_and_only_of_this_call(
    desk: DeskOffice, amys: tuple[Browser, str]
) -> None:
    amy, where = amys
    amy.send_form(f"{where}/sheet", note="the dog bites")
    sheet = str(desk.sheet(where).attempt_id)
    lets_go(desk, amy, where)
    bob, _ = desk.has_call(desk.member("bob"), "Dana")

    assert amy.send_form(f"{where}/take-over", HTMX, sheet=sheet).status_code == 409
    for odd in ("", "x", str(UUID(int=7))):
        assert bob.send_form(f"{where}/take-over", HTMX, sheet=odd).status_code == 422
    with desk.parts.database.work() as work:
        mine = sheets.newest(work, UUID(where.rsplit("/", 1)[1]), "bob")
    assert mine is not None
    assert mine.note == ""


# -- why now ----------------------------------------------------------------------------------------------------------


def test_the_call_of_a_promise_says_what_was_promised_by_whom_and_for_when(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    first, where = amys
    said: Fields = {"a-feeling": "good", "a-promise": "I send the drawing", "d-promise": "2026-11-24"}
    first.send_form(f"{where}/file", disposition="commitment_made", **said)
    desk.clock.now += timedelta(minutes=1)
    dispatch.drain(desk.parts, "call")
    sweep.sweep(desk.parts)
    desk.clock.now = Hands("2026-11-24 09:05").now
    dispatch.drain(desk.parts, "call")
    with desk.parts.database.work() as work:
        member = staff.by_name(work, "amy")
    assert member is not None
    amy = desk.browser(member)  # the session of Friday is over
    reminder = amy.send_form(f"/desk/calls/{desk.call('Dana', 'keep-promise')}/take").headers["location"]

    page = unescape(amy.get(reminder).text)

    assert "Amy promised for Tue 24 Nov (on Fri 20 Nov): “I send the drawing”" in page
    assert "event.due_at" not in page
