"""A whole shift at the desk, by keyboard alone: no test in this folder moves a mouse."""

from __future__ import annotations

import re
import time

from playwright.sync_api import expect
from sqlalchemy import select

from orchestrator.core.model import OPEN_STATES
from orchestrator.store import schema
from tests.browser.house import House
from tests.browser.person import Person

Somebody = type[Person]
SOON_MS = 10_000  # the machine of a test may be busy; the board itself is timed below


def dials(who: Person, house: House, name: str) -> None:
    """ "d": their own telephone rings, then the customer's; they talk, and the page says so, until the customer hangs up."""
    who.presses("d")
    line = who.page.locator("#line")
    expect(line).to_have_attribute("data-phase", "talking", timeout=20_000)
    house.hangs_up(name)
    expect(line).to_have_attribute("data-phase", "wrap_up", timeout=20_000)


def test_the_shift_begins_and_the_first_call_says_who_and_why(people: Somebody, house: House) -> None:
    ari = people("ari")
    ari.signs_in()
    ari.sees("calls wait")
    ari.tabs_to(ari.page.get_by_role("button", name="Begin shift"))
    ari.presses("Enter")
    ari.sees("On since")

    name = ari.is_at_a_call()

    ari.sees(f"{name} Ortiz")
    ari.sees("2 business days after “Thanks for asking us”")
    ari.sees("May be called")
    assert house.call(name).state == "in_call"


def test_the_script_follows_the_answer_and_what_is_typed_stays(people: Somebody, house: House) -> None:
    ari = people("ari")
    ari.signs_in()
    ari.is_at_a_call()
    ari.presses("e")
    ari.types("wants it before Christmas")
    ari.presses("Escape")

    ari.answers("something is missing")

    ari.sees("Tell me, please. It is better to hear it now")
    expect(ari.page.locator("#f-note")).to_have_value("wants it before Christmas")
    expect(ari.page.locator("#saved")).to_have_text("Saved")
    ari.presses("c")
    ari.tabs_to(ari.page.locator("#file-it"))
    ari.presses("Enter")
    ari.sees("Filed: We talked, all fine")


def test_a_call_is_dialled_talked_over_and_a_needed_answer_holds_its_end_back(people: Somebody, house: House) -> None:
    ari = people("ari")
    ari.signs_in()
    name = ari.is_at_a_call()
    dials(ari, house, name)

    ari.presses("c", "Enter")

    ari.sees("How does the quote look to them?")
    expect(ari.page.locator("#ask-feeling")).to_have_class(re.compile("wrong"))
    ari.answers("good")
    ari.presses("Escape", "c", "Enter")
    ari.sees("Filed: We talked, all fine")
    sheet = _sheet(house, name)
    assert (sheet.dialled_by, sheet.disposition) == ("bridge", "completed")
    assert sheet.talked_from is not None
    assert [entry.to for entry in house.running.carrier.ledger() if entry.kind == "call"][-1] == house.phone(name)


def test_a_voicemail_is_followed_by_its_text(people: Somebody, house: House) -> None:
    ari = people("ari")
    ari.signs_in()
    name = ari.is_at_a_call()

    ari.presses("v", "Enter")
    ari.sees("Filed: Voicemail left")
    house.leaps(seconds=31)
    house.leaps(minutes=6)

    house.comes_true(lambda: [one for one in house.reached("text") if one.to == house.phone(name)], "the text beside it")
    assert house.call(name).state == "planned"  # the next try


def test_a_call_back_is_planned_for_the_time_that_was_asked_for(people: Somebody, house: House) -> None:
    ari = people("ari")
    ari.signs_in()
    name = ari.is_at_a_call()

    ari.presses("l")  # the day has the focus
    ari.types("09152026")
    ari.tabs_to(ari.page.get_by_label("Time", exact=True))
    ari.types("0200PM")
    ari.presses("Escape", "Enter")
    ari.sees("Filed: Call back")
    house.leaps(seconds=31)

    house.comes_true(lambda: house.call(name).state == "planned", "the call has its new time")
    assert f"{house.call(name).due_at:%Y-%m-%d %H:%M}" == "2026-09-15 19:00"  # two in the afternoon in Chicago


def test_a_concern_goes_to_a_lead_whose_board_shows_it_by_itself(people: Somebody, house: House) -> None:
    ari, lee = people("ari"), people("lee")
    ari.signs_in()
    lee.signs_in("/board")
    leads = (
        lee.page.get_by_role("row").filter(has=lee.page.get_by_role("link", name="Team leads")).locator("[data-label=Waiting]")
    )
    expect(leads).to_have_text("0")
    name = ari.is_at_a_call()
    ari.answers("good")
    ari.presses("Escape", "p", "Enter")
    ari.sees("Filed: We talked, something is wrong")

    house.leaps(seconds=31)

    house.comes_true(lambda: house.call(name, "quote-concern-call").state == "ready", "a call in the queue of the leads")
    expect(leads).to_have_text("1", timeout=SOON_MS)


def test_the_board_shows_a_change_within_two_seconds(people: Somebody, house: House) -> None:
    lee = people("lee")
    lee.signs_in("/board")
    on = lee.page.locator("#people h2 span")
    took = []
    for begins in (True, False, True):
        before = on.inner_text()
        with house.parts.database.work() as work:
            row = schema.staff.update().where(schema.staff.c.name == "ada")
            work.connection.execute(row.values(on_since=house.clock() if begins else None))
        at = time.monotonic()
        expect(on).not_to_have_text(before, timeout=SOON_MS)
        took.append(time.monotonic() - at)

    assert sorted(took)[1] < 2, f"seconds of three changes, of which a busy machine may spoil one: {took}"


def test_who_asks_for_no_more_contact_gets_none(people: Somebody, house: House) -> None:
    ari = people("ari")
    ari.signs_in()
    name = ari.is_at_a_call()
    before = len(house.running.carrier.ledger())

    ari.presses("s", "Space")  # everything: the first of the scopes has the focus
    ari.tabs_to(ari.page.get_by_label(re.compile("asked for this")))
    ari.presses("Space", "Enter")
    ari.sees("Filed: Do not contact")
    house.leaps(seconds=31)

    assert [row.state for row in house.touches(name) if row.state in OPEN_STATES] == []
    assert [one for one in house.running.carrier.ledger()[before:] if one.to == house.phone(name)] == []


def test_an_end_can_be_taken_back_for_half_a_minute(people: Somebody, house: House) -> None:
    ari = people("ari")
    ari.signs_in()
    name = ari.is_at_a_call()
    ari.presses("q", "Enter")
    ari.sees("Filed: No answer")

    ari.presses("u")

    ari.page.wait_for_url("**/desk/calls/*")
    assert house.call(name).state == "in_call"
    ari.presses("b", "1")
    ari.sees("The call is back in its queue")
    assert house.call(name).state in ("ready", "planned")


def test_two_tabs_and_a_second_device_make_one_result(people: Somebody, house: House) -> None:
    ari, elsewhere = people("ari"), people("ari")
    ari.signs_in()
    elsewhere.signs_in()
    name = ari.is_at_a_call()
    call = ari.page.url
    second = ari.opens_a_tab()
    for page in (second, elsewhere.page):
        page.goto(call)
        expect(page.locator("#call")).to_be_visible()

    ari.presses("q", "Enter")
    ari.sees("Filed: No answer")
    second.keyboard.press("v")
    second.keyboard.press("Enter")
    elsewhere.presses("x", "Enter")

    expect(second.locator("body")).to_contain_text(re.compile("you said 'No answer' already|is over|You filed", re.IGNORECASE))
    expect(elsewhere.page.locator("body")).to_contain_text(
        re.compile("you said 'No answer' already|is over|You filed", re.IGNORECASE)
    )
    house.leaps(seconds=31)
    house.comes_true(lambda: _sheet(house, name).disposition == "no_answer", "one result")
    assert len(house.rows(select(schema.attempt).where(schema.attempt.c.touch_id == house.call(name).id))) <= 1


def test_a_browser_that_closes_leaves_a_call_for_the_lead_to_decide(people: Somebody, house: House) -> None:
    bea, lee = people("bea"), people("lee")
    bea.signs_in()
    lee.signs_in("/board")
    name = bea.is_at_a_call()
    dials(bea, house, name)

    bea.leaves()
    house.leaps(minutes=5)

    house.comes_true(lambda: house.call(name).state == "unknown", "nobody said how it ended")
    needs = lee.page.locator("#needs")
    expect(needs).to_contain_text(re.compile(r"1\s*Calls without an end|Calls without an end\s*1"), timeout=SOON_MS)
    lee.presses("u")
    lee.page.wait_for_url("**/undecided")
    lee.sees(f"{name} Ortiz")


def test_whose_sessions_an_admin_ended_is_at_the_door_with_the_next_key(people: Somebody, house: House) -> None:
    bea = people("bea")
    bea.signs_in()
    house.ends_sessions("bea")

    bea.presses("n")

    bea.page.wait_for_url("**/sign-in*")


def test_the_shift_ends_when_no_call_is_left_in_hand(people: Somebody, house: House) -> None:
    ari = people("ari")
    ari.signs_in()
    if "/desk/calls/" in ari.page.url:
        ari.presses("b", "1")
        ari.sees("The call is back in its queue")

    ari.tabs_to(ari.page.get_by_role("button", name="End shift"))
    ari.presses("Enter")

    ari.sees("Your shift begins with the first call")


def _sheet(house: House, name: str) -> object:
    table = schema.call_sheet
    rows = house.rows(
        select(table).where(table.c.touch_id.in_([row.id for row in house.touches(name)])).order_by(table.c.began_at)
    )
    return rows[-1]
