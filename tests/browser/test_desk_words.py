"""What the page of a call does by itself: no session, second tab or held result costs a word; it keeps the call for who works; a wish holds."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from orchestrator import leading
from orchestrator.store import schema
from orchestrator.store.audit import By
from tests.browser.house import House
from tests.browser.person import Person
from tests.browser.test_shift import _sheet

Somebody = type[Person]
# Whether every corner of what has the focus, with its question around it, is what a click there would meet.
IN_SIGHT = """el => { const box = (el.closest('.ask') || el).getBoundingClientRect();
  return [[box.left + 6, box.top + 6], [box.right - 6, box.top + 6], [box.left + 6, box.bottom - 6], [box.right - 6, box.bottom - 6]]
    .every(([x, y]) => { const met = document.elementFromPoint(x, y); return met && (el.closest('.ask') || el).contains(met); }); }"""


def test_a_session_that_ends_while_somebody_types_costs_no_word(people: Somebody, house: House) -> None:
    bea = people("bea")
    bea.signs_in()
    name = bea.is_at_a_call()
    house.ends_sessions("bea")

    bea.presses("e")
    bea.types("wants it in oak")
    bea.sees("You are signed out.")
    bea.presses("Escape", "q", "Enter")  # nor does filing lead away
    expect(bea.page.locator("#f-note")).to_have_value("wants it in oak")
    with bea.context.expect_page() as opened:
        bea.page.get_by_role("link", name="Sign in, in a new tab").click()
    door, first = opened.value, bea.page
    door.wait_for_load_state()
    bea.page = door
    bea.tabs_to(door.locator("#f-name"))
    _signs_in_here(bea, first)

    expect(first.locator("[data-out]")).to_have_count(0)
    expect(first.locator("#saved")).to_have_text("Saved")
    assert _sheet(house, name).note == "wants it in oak"
    first.bring_to_front()
    first.keyboard.press("Enter")
    bea.page = first
    bea.sees("Filed: No answer")


def _signs_in_here(who: Person, first: Page) -> None:
    from tests.browser.house import PASSWORD

    who.types(who.name)
    who.presses("Tab")
    who.types(PASSWORD)
    who.presses("Enter")
    who.page.wait_for_url("**/desk/calls/*")
    first.bring_to_front()
    first.evaluate("dispatchEvent(new Event('focus'))")  # no window manager here to say so


def test_an_older_tab_leaves_the_words_of_a_newer_one_alone(people: Somebody, house: House) -> None:
    ari = people("ari")
    ari.signs_in()
    name = ari.is_at_a_call()
    older, newer = ari.page, ari.opens_a_tab()
    newer.goto(older.url)
    newer.locator("#f-note").fill("wants it in oak")
    expect(newer.locator("#saved")).to_have_text("Saved")

    ari.answers("good")
    expect(older.locator("#saved")).to_have_text("Saved")
    ari.presses("Escape", "c", "Enter")
    ari.sees("Filed: We talked, all fine")

    sheet = _sheet(house, name)
    assert (sheet.note, sheet.answers["feeling"]) == ("wants it in oak", "good")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_what_holds_a_result_back_is_in_full_view_and_covers_no_ending(people: Somebody, width: int, height: int) -> None:
    ari = people("ari")
    ari.signs_in()
    ari.is_at_a_call()
    ari.page.set_viewport_size({"width": width, "height": height})

    ari.presses("c")
    ari.tabs_to(ari.page.locator("#file-it"))
    ari.presses("Enter")

    expect(ari.page.locator("#ask-feeling")).to_have_class(re.compile("wrong"))
    focused = ari.page.locator("#ask-feeling input:focus")
    expect(focused).to_have_count(1)
    assert focused.evaluate(IN_SIGHT)
    if width > 1000:
        for ending in ("wrong_number", "do_not_contact"):
            assert ari.page.locator(f"label:has(#e-{ending})").evaluate(IN_SIGHT), ending
    ari.presses("Escape", "b", "1")


def test_the_next_takes_over_what_was_noted_with_one_key(people: Somebody, house: House) -> None:
    ari = people("ari")
    ari.signs_in()
    name = ari.is_at_a_call()
    ari.presses("e")
    ari.types("the dog bites")
    ari.presses("Escape", "b", "1")  # before it was saved by itself
    ari.sees("The call is back in its queue")

    ari.page.goto(f"/desk/calls/{house.call(name).id}")
    ari.presses("n")
    ari.sees("You noted before")
    ari.presses("e")
    ari.types("hello")
    ari.presses("Escape", "j")

    expect(ari.page.locator("#f-note")).to_have_value("hello\nthe dog bites")
    expect(ari.page.locator(".earlier")).to_have_count(0)
    ari.presses("b", "1")


def test_the_page_keeps_the_call_only_for_somebody_who_is_there_and_warns_before(people: Somebody, house: House) -> None:
    ari = people("ari")
    ari.signs_in()
    ari.is_at_a_call()
    page, asks = ari.page, "dispatchEvent(new Event('online'))"  # as every 45 seconds
    with page.expect_response("**/renew") as touched:
        page.evaluate(asks)
    with page.expect_response("**/renew") as idle:
        page.evaluate(asks)
    assert ["idle=1" in (one.value.request.post_data or "") for one in (touched, idle)] == [False, True]
    page.wait_for_function("Date.parse(document.getElementById('line').dataset.atMost) > 0")  # the answer is on the page

    page.evaluate(
        "document.getElementById('line').dataset.held = new Date(Date.parse(document.body.dataset.now) + 55000).toISOString()"
    )
    expect(page.locator("#still")).to_contain_text("Are you still there?")
    with page.expect_request("**/renew") as awake:
        ari.presses("Shift")
    assert "idle=1" not in (awake.value.post_data or "")
    expect(page.locator("#still")).to_be_empty()
    ari.presses("b", "1")


def test_a_key_that_is_held_down_acts_once(people: Somebody, house: House) -> None:
    ari = people("ari")
    ari.signs_in()
    ari.is_at_a_call()
    page = ari.page
    ari.presses("i")
    expect(page.locator("#line")).to_have_attribute("data-phase", "dialling")
    page.evaluate("document.activeElement.blur()")

    said: list[str] = []
    page.on("request", lambda request: said.append(request.post_data or "") if request.url.endswith("/phase") else None)

    page.keyboard.down("d")
    expect(page.locator("#line")).to_have_attribute("data-phase", "talking")
    for _ in range(10):
        page.keyboard.down("d")  # without going up between: the keyboard repeats it
    page.keyboard.up("d")
    page.evaluate("fetch('/healthz').then(() => true, () => true)")  # whatever was sent by now is on its way

    assert len(said) == 1
    ari.presses("d")
    expect(page.locator("#line")).to_have_attribute("data-phase", "wrap_up")
    ari.presses("i")
    expect(page.locator("#line")).to_have_attribute("data-phase", "talking")
    ari.presses("t", "Enter")
    ari.sees("Filed: Not available")


def test_a_wish_is_filed_from_a_page_that_knows_its_call_is_lost(people: Somebody, house: House) -> None:
    ari = people("ari")
    ari.signs_in()
    name = ari.is_at_a_call()
    leading.take_back(house.parts, house.call(name).id, By("lee", "lead"))
    ari.page.evaluate("dispatchEvent(new Event('online'))")
    ari.sees("Lee took this call back.")
    expect(ari.page.locator("#file-it")).to_be_disabled()

    ari.presses("s", "Space")  # their wish, about everything
    ari.tabs_to(ari.page.locator("[name=sure]"))
    ari.presses("Space")
    ari.tabs_to(ari.page.locator("#file-it"))
    ari.presses("Enter")

    ari.sees("They are not contacted any more")
    stopped = [row.customer_id for row in house.rows(schema.suppression.select()) if row.channel == "all"]
    assert stopped == [house.customer(name)]
