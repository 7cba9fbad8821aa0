"""Every page, found by following links from the first one: open to everybody (axe-core), light and dark, wide and narrow; nothing
that customers wrote runs; the desk's first view is light."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from orchestrator import holds
from orchestrator.store import schema
from orchestrator.store.audit import AT_THE_TERMINAL
from tests.browser.house import House
from tests.browser.person import Person
from tests.browser.walking import routes, walk

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
# A letter is shown in a frame that may run nothing, axe included.
EVERYTHING, COLOURS_ONLY = "{iframes: false}", "{iframes: false, runOnly: ['color-contrast']}"
HOSTILE = '<img src=x onerror="window.__xss=1"><script>window.__xss=1</script> \u202egnorw \U0001f9e8 ' + "long" * 15
FIRST_VIEW = 150_000  # bytes that go over the line


@pytest.fixture(scope="module")
def full_house(house: House) -> House:
    """With something of everything: a reply, a call without an end, an event that was set aside, a pause, a customer with a hostile name."""
    holds.pause(house.parts, holds.read("playbook:visit-reminder"), AT_THE_TERMINAL)
    house.quote("Mallory", name=HOSTILE, first_name=HOSTILE)
    phone = house.rows(select(schema.customer.c.phone).where(schema.customer.c.ref == "C-Dana"))[0].phone
    house.running.carrier.text_us(phone, f"Not today please {HOSTILE}")
    house.comes_true(lambda: house.rows(select(schema.reply)), "the reply is in")
    with house.parts.database.work() as work:
        one = work.connection.execute(select(schema.event.c.id).where(schema.event.c.subject == "quote/Kim")).scalar_one()
        work.connection.execute(
            schema.event.update().where(schema.event.c.id == one).values(state="set_aside", error="a defect", tries=3)
        )
    return house


def violations(who: Person, options: str = EVERYTHING) -> list[str]:
    found: list[dict[str, Any]] = who.page.evaluate(f"axe.run(document, {options}).then(r => r.violations)")
    return [f"{one['id']}: {node['target']} {node['failureSummary'][:200]}" for one in found for node in one["nodes"][:3]]


def test_every_page_is_open_to_everybody_in_light_and_dark_wide_and_narrow(people: type[Person], full_house: House) -> None:
    ada = people("ada")
    ada.signs_in()
    ada.is_at_a_call()
    wrong: list[str] = []
    reached = set()
    for route, _ in walk(ada, full_house):
        reached.add(route)
        ada.page.evaluate(AXE)
        for size, scheme, options in (
            (WIDE, "light", EVERYTHING), (WIDE, "dark", COLOURS_ONLY), (NARROW, "dark", COLOURS_ONLY), (NARROW, "light", EVERYTHING),
        ):  # fmt: skip
            ada.page.set_viewport_size(size)  # type: ignore[arg-type]
            ada.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            where = f"{route}, {scheme}, {size['width']}"
            wrong += [f"{where}: {violation}" for violation in violations(ada, options)]
            if ada.page.evaluate("document.scrollingElement.scrollWidth > window.innerWidth"):
                wrong.append(f"{where}: wider than its window")
        ada.page.set_viewport_size(WIDE)  # type: ignore[arg-type]
        assert ada.page.evaluate("window.__xss") is None, f"a script of a customer's ran at {route}"

    assert wrong == []
    assert set(routes(full_house)) - reached <= {"/sign-in", "/sign-in/code"}, "no link leads to these pages"


def test_the_door_is_open_to_everybody(people: type[Person]) -> None:
    stranger = people("nobody")
    stranger.page.goto("/sign-in")
    stranger.page.evaluate(AXE)

    wide = violations(stranger)
    stranger.page.emulate_media(color_scheme="dark")
    stranger.page.set_viewport_size(NARROW)  # type: ignore[arg-type]

    assert [*wide, *violations(stranger)] == []


def test_what_a_customer_wrote_is_shown_and_runs_nowhere(people: type[Person], full_house: House) -> None:
    lee = people("lee")
    lee.signs_in("/replies")

    lee.page.locator("main a[href^='/replies/']").first.focus()
    lee.presses("Enter")

    lee.page.wait_for_url("**/replies/*")
    lee.sees("<img src=x onerror=")
    assert lee.page.evaluate("window.__xss") is None
    assert lee.page.locator("main img, main script").count() == 0


def test_the_desks_first_view_is_light(people: type[Person], chromium: Browser, house: House) -> None:
    bea = people("bea")
    bea.signs_in("/account")
    line = bea.context.new_cdp_session(bea.page)
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[float] = []
    line.on("Network.loadingFinished", lambda one: sizes.append(one["encodedDataLength"]))

    bea.page.goto("/desk")
    expect(bea.page.get_by_role("button", name=re.compile("Next call|Look again"))).to_be_visible()
    bea.page.wait_for_load_state("networkidle")

    print(f"{sum(sizes):.0f} bytes in {len(sizes)} answers")
    assert 0 < sum(sizes) < FIRST_VIEW
