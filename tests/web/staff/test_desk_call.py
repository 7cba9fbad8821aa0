"""The page of a call: what it shows, what is kept while somebody types, dialling, and how the call ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from orchestrator import sweep
from orchestrator.channels.base import Answer, Placed
from orchestrator.core.model import TouchState
from orchestrator.core.roles import Role
from orchestrator.parts import Parts
from orchestrator.store import pauses, schema
from orchestrator.web.staff.desk_forms import ENDINGS
from tests.intake.ready import Hands
from tests.web.practice import Wire
from tests.web.staff.desk_office import DeskOffice, Fields, call_of
from tests.web.staff.office import Browser

HTMX = {"HX-Request": "true"}


def test_the_page_says_who_why_now_and_whether_calling_is_allowed(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys

    page = unescape(browser.get(where).text)

    assert "Dana Ortiz" in page
    assert "America/Chicago" in page
    assert "May be called" in page
    assert "Calls until Fri 17:30 there" in page
    assert "Why now" in page
    assert "USD 1,850" in page  # the amount of the quote
    assert "this is the first contact" in page
    assert "Hello Dana Ortiz, this is Northside Windows." in page


def test_earlier_contacts_stand_there_with_their_results_and_notes(desk: DeskOffice) -> None:
    browser, first = desk.has_call(desk.member("leo"), "Dana")
    browser.send_form(f"{first}/file", disposition="left_message", note="Spoke with her father.")
    other, second = desk.has_call(desk.member("lee", Role.LEAD), "Dana", "concern")

    page = other.get(second).text

    assert "Call: check in" in page
    assert "Left a message with someone" in page
    assert "Spoke with her father." in page


def test_a_number_is_shown_only_with_the_permission_to_dial(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    phone = str(desk.rows(select(schema.customer.c.phone))[0].phone)

    assert phone not in browser.get(where).text
    assert phone in browser.send_form(f"{where}/dial-by-hand", HTMX).text
    assert f'href="tel:{phone}"' in browser.get(f"{where}/line", headers=HTMX).text


def test_policies_are_asked_again_at_the_dial(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    with desk.parts.database.work() as work:
        pauses.put(work, "queue", "sales", "lee", desk.clock.now)

    answer = browser.send_form(f"{where}/dial-by-hand", HTMX)

    assert answer.status_code == 422
    assert "Not now." in answer.text
    assert "tel:" not in answer.text
    assert desk.sheet(where).dialled_at is None
    assert "Not now" in browser.get(where).text


def test_a_call_by_hand_goes_from_dialling_to_talking_to_wrap_up(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys

    browser.send_form(f"{where}/dial-by-hand", HTMX)
    talking = browser.send_form(f"{where}/phase", HTMX, phase="talking")
    over = browser.send_form(f"{where}/phase", HTMX, phase="wrap_up")

    assert 'data-phase="talking"' in talking.text
    assert "every 2s" in talking.text
    assert 'data-phase="wrap_up"' in over.text
    assert "data-until" in over.text  # counts down
    assert "every 2s" not in over.text  # nothing to ask for any more
    assert browser.send_form(f"{where}/phase", HTMX, phase="nonsense").status_code == 422


def test_a_call_that_was_dialled_is_not_put_back(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    browser.send_form(f"{where}/dial-by-hand", HTMX)

    answer = browser.send_form(f"{where}/put-back", why="bad_moment")

    assert answer.status_code == 422
    assert desk.touch(call_of(where)).state == TouchState.IN_CALL


def test_a_call_is_put_back_with_a_reason_on_record(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys

    assert browser.send_form(f"{where}/put-back", why="because of <b>Dana</b>").status_code == 422
    assert browser.send_form(f"{where}/put-back", why="trouble").headers["location"] == "/desk?said=back"

    assert desk.touch(call_of(where)).state == TouchState.READY
    assert ("amy", "call.put_back", f"call:{call_of(where)}") in desk.audit()


class Lines(Wire):
    """Telephones that can be connected."""

    def __init__(self) -> None:
        super().__init__()
        self.rung: list[str] = []

    def bridge(self, handle: UUID, agent: str, not_after: datetime) -> Answer:
        self.rung.append(agent)
        return Placed(f"CA{handle.hex}")


def test_dialling_asks_once_for_a_number_of_ones_own_and_shows_the_line(desk: DeskOffice) -> None:
    lines = Lines()
    desk.parts = replace(desk.parts, channels={**desk.parts.channels, "voice": lines})
    browser, where = desk.has_call(desk.member("amy"), "Dana")
    assert "Your own telephone" in browser.get(where).text

    wrong = browser.send_form(f"{where}/dial", HTMX, phone="110")
    rings = browser.send_form(f"{where}/dial", HTMX, phone="(312) 555-0199")

    assert wrong.status_code == 422
    assert "your own telephone cannot be rung" in wrong.text.lower()
    assert lines.rung == ["+13125550199"]
    assert 'data-phase="dialling"' in rings.text
    assert "Your telephone rings" in rings.text
    assert "tel:" not in rings.text
    again = browser.send_form(f"{where}/dial", HTMX)  # a double click
    assert again.status_code == 422
    assert lines.rung == ["+13125550199"]
    assert "+1312555" not in " ".join(said.said for said in desk.rows(select(schema.audit.c.said)))


# -- typing -----------------------------------------------------------------------------------------------------------


def test_what_is_typed_is_there_again_after_a_crash(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    fields: Fields = {
        "note": "half a sent",
        "sentiment": "bad",
        "a-budget": "1200",
        "a-promise": "the drawing",
        "d-promise": "2026-11-27",
    }

    assert browser.send_form(f"{where}/sheet", **fields).status_code == 204

    page = browser.get(where).text
    for kept in ("half a sent", 'value="1200"', "the drawing", 'value="2026-11-27"', 'value="bad" data-key="3" checked'):
        assert kept in page


def test_an_answer_opens_its_branch_of_the_script_and_others_leave_it_alone(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    page = browser.get(where).text
    shape = page.split('data-shape="')[1].split('"')[0]
    assert "most important part" not in page

    other = browser.send_form(f"{where}/sheet", HTMX, shape=shape, **Fields({"a-feeling": "good"}))
    opened = browser.send_form(f"{where}/sheet", HTMX, shape=shape, **Fields({"a-feeling": "too much money"}))

    assert other.status_code == 204
    assert opened.status_code == 200
    assert "We could do the most important part first." in opened.text
    assert 'name="a-part"' in opened.text


def test_renewing_keeps_the_call_and_without_it_the_call_is_let_go(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    desk.clock.now += timedelta(minutes=2)

    assert browser.send_form(f"{where}/renew", HTMX).status_code == 204
    assert desk.touch(call_of(where)).lease_until == desk.clock.now + timedelta(minutes=3)


def test_whoever_was_away_too_long_may_still_say_how_it_ended(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    browser.send_form(f"{where}/dial-by-hand", HTMX)
    desk.clock.now += timedelta(minutes=4)  # a sleeping laptop
    sweep.end_leases(desk.parts)

    page = browser.get(where)
    filed = browser.send_form(f"{where}/file", disposition="no_answer")

    assert page.status_code == 200
    assert "Your hold on this call ran out." in page.text
    assert 'data-key="d"' not in page.text  # nothing to dial any more
    assert filed.status_code == 303
    assert desk.touch(call_of(where)).disposition == "no_answer"


# -- how it ended -----------------------------------------------------------------------------------------------------


def test_the_pages_of_a_whole_call_work_on_both_databases(ready_on_both: Parts, tmp_path: Path, clock: Hands) -> None:
    desk = DeskOffice(ready_on_both, tmp_path / "office", clock)
    desk.ask_more("Dana", "Kim")
    browser = desk.browser(desk.member("amy"))
    assert "<b>2</b> calls wait" in browser.get("/desk").text

    where = browser.send_form("/desk/next").headers["location"]
    typed = browser.send_form(f"{where}/sheet", HTMX, shape="", **Fields({"a-feeling": "too much money", "note": "looks at it"}))
    browser.send_form(f"{where}/dial-by-hand", HTMX)
    filed = browser.send_form(
        f"{where}/file", disposition="completed", **Fields({"a-feeling": "too much money", "note": "looks at it"})
    )

    assert "We could do the most important part first." in typed.text
    assert filed.headers["location"] == "/desk"
    assert "Filed: Completed." in browser.get("/desk").text
    assert "looks at it" in browser.get(browser.send_form(f"{where}/undo").headers["location"]).text


def test_at_most_fifteen_endings_each_with_a_key_of_its_own() -> None:
    endings = [ending for _, group in ENDINGS for ending in group]
    keys = [key for _, key in endings]

    assert len({code for code, _ in endings}) == len(endings) == 15
    assert len(set(keys)) == 15
    assert not set(keys) & {"n", "u", "d", "g", "b", "e", "i", "j", "k", "?", *"123456789"}  # these do something else here


def test_no_answer_is_filed_without_any_questions(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys

    answer = browser.send_form(f"{where}/file", disposition="no_answer")

    assert answer.headers["location"] == "/desk"
    assert desk.touch(call_of(where)).state == TouchState.FILED


def test_filing_twice_records_one_result(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys

    answers = [browser.send_form(f"{where}/file", disposition="no_answer").status_code for _ in range(2)]

    assert answers == [303, 303]
    table = schema.journal
    rows = desk.rows(select(table.c.id).where(table.c.what == "touch.filed", table.c.touch_id == call_of(where)))
    assert len(rows) == 1


def test_required_questions_hold_a_conversation_back_with_a_word_at_each_field(
    desk: DeskOffice, amys: tuple[Browser, str]
) -> None:
    browser, where = amys

    answer = browser.send_form(f"{where}/file", disposition="completed", note="nice talk", **Fields({"a-budget": "a lot"}))

    assert answer.status_code == 422
    page = unescape(answer.text)
    assert "This has to be answered before the call is finished" in page
    assert "This is no number" in page
    assert page.count('aria-invalid="true"') >= 2
    assert "2 things are missing; they are marked." in page
    assert "nice talk" in page
    assert 'value="a lot"' in page
    assert desk.touch(call_of(where)).state == TouchState.IN_CALL


def test_nothing_chosen_is_said_at_the_endings(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys

    answer = browser.send_form(f"{where}/file", HTMX, note="kept")

    assert answer.status_code == 422
    assert "Say how the call ended" in answer.text
    assert "<html" not in answer.text  # a part of the page asked
    assert desk.sheet(where).note == "kept"


def test_a_call_back_is_at_the_customers_time_of_day(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys

    browser.send_form(f"{where}/file", disposition="call_back", back_day="2026-11-24", back_time="15:30", back_by="anyone")

    sheet = desk.sheet(where)
    assert sheet.call_back_at.isoformat() == "2026-11-24T21:30:00+00:00"  # 15:30 in Chicago
    assert sheet.call_back_by == "anyone"
    assert "They may not be called then" not in browser.get("/desk").text


def test_who_promises_a_call_back_when_nobody_may_call_hears_when_it_will_be(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys

    browser.send_form(f"{where}/file", disposition="call_back", back_day="2026-11-24", back_time="23:30", back_by="anyone")

    assert "They may not be called then: it is planned for Wed 09:00 there." in browser.get("/desk").text


@pytest.mark.parametrize("when", [{"back_time": "15:30"}, {"back_day": "2026-02-31", "back_time": "15:30"}, {"back_day": "x"},
                                  {"back_day": "2026-11-24", "back_time": "25:99"}])  # fmt: skip
def test_a_call_back_at_no_real_moment_is_refused(desk: DeskOffice, amys: tuple[Browser, str], when: dict[str, Any]) -> None:
    browser, where = amys

    answer = browser.send_form(f"{where}/file", disposition="call_back", **when)

    assert answer.status_code == 422
    assert "Give a day and a time" in answer.text


def test_do_not_contact_asks_for_the_scope_and_a_word_of_confirmation(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    table = schema.suppression

    assert "Say what they want no more of" in browser.send_form(f"{where}/file", disposition="do_not_contact").text
    assert "Confirm that" in browser.send_form(f"{where}/file", disposition="do_not_contact", scope="text").text
    assert not desk.rows(select(table))
    browser.send_form(f"{where}/file", disposition="do_not_contact", scope="text", sure="on")

    assert [row.channel for row in desk.rows(select(table))] == ["text"]


def test_a_promise_needs_its_day(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    said: Fields = {"disposition": "commitment_made", "a-feeling": "good", "a-promise": "I send the drawing"}

    refused = browser.send_form(f"{where}/file", **said)
    filed = browser.send_form(f"{where}/file", **said, **Fields({"d-promise": "2026-11-27"}))

    assert refused.status_code == 422
    assert "A promise needs its day" in refused.text
    assert filed.status_code == 303
