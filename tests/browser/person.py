"""Somebody at a browser who uses the keyboard and nothing else."""

from __future__ import annotations

import contextlib
import re
from typing import Any

from playwright.sync_api import Browser, Error, Locator, Page, expect

from tests.browser.house import PASSWORD, House

WAIT_MS = 10_000


class Person:
    """A browser of their own, with an own cookie. `complaints`: what the browser had to say about our pages."""

    def __init__(self, browser: Browser, house: House, name: str, **more: Any) -> None:
        self.house, self.name = house, name
        self.context = browser.new_context(
            base_url=house.web.url, viewport={"width": 1280, "height": 800}, reduced_motion="reduce", **more
        )
        self.context.set_default_timeout(WAIT_MS)
        self.complaints: list[str] = []
        self.page = self.opens_a_tab()

    def opens_a_tab(self) -> Page:
        page = self.context.new_page()
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        return page

    def _note(self, kind: str, text: str) -> None:
        # The browser itself writes a line for each answer of 4xx: those are ours on purpose.
        if kind == "error" and "the server responded with a status of 4" not in text:
            self.complaints.append(f"{self.name}, {self.page.url}: {text}")

    def signs_in(self, then: str = "/") -> None:
        """Name, password, Enter."""
        self.page.goto(f"/sign-in?then={then}")
        self.page.locator("#f-name").focus()
        self.types(self.name)
        self.presses("Tab")
        self.types(PASSWORD)
        self.presses("Enter")
        self.page.wait_for_url(lambda url: "/sign-in" not in url)

    # -- the keyboard --------------------------------------------------------------------------------------------------

    def presses(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def types(self, words: str) -> None:
        self.page.keyboard.type(words)

    def tabs_to(self, what: Locator) -> None:
        """The Tab key, until it is there: nothing may be out of its reach."""
        what.first.wait_for()
        for _ in range(80):
            if self._is_at(what):
                return
            self.presses("Tab")
        raise AssertionError(f"the Tab key does not reach {what}")

    def is_at_a_call(self) -> str:
        """The call that they have, or "n" and the page of the next one; answers whose."""
        if "/desk/calls/" not in self.page.url:
            self.presses("n")
        self.page.wait_for_url("**/desk/calls/*")
        expect(self.page.locator("#call")).to_be_visible()
        self.page.wait_for_load_state()
        return str(self.page.locator("h1").inner_text()).split()[0]

    def answers(self, words: str) -> None:
        """A choice of the script: Tab to its group, arrows to the choice, Space."""
        wanted = self.page.locator(f'#script input[value="{words}"]')
        group = self.page.locator(f"#script [name={wanted.get_attribute('name')}]")
        self.tabs_to(group)
        for _ in range(group.count()):
            if self.page.evaluate("document.activeElement.value").lower() == words:
                break
            self.presses("ArrowDown")
        self.presses("Space")
        expect(wanted).to_be_checked()

    def _is_at(self, what: Locator) -> bool:
        return any(what.nth(n).evaluate("el => el === document.activeElement") for n in range(what.count()))

    def sees(self, words: str | re.Pattern[str]) -> None:
        expect(self.page.locator("body")).to_contain_text(words)
        self.page.wait_for_load_state()  # keys do something from then on

    def leaves(self) -> None:
        """Every page is left first, whatever it asks: a context that is closed under a page which still asks for things may never close."""
        for page in self.context.pages:
            page.on("dialog", lambda asked: asked.accept())
            with contextlib.suppress(Error):  # it was on its way somewhere
                page.goto("about:blank")
        self.context.close()
