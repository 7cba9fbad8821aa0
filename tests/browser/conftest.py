"""A real browser for the tests of the staff's pages, and a house at work for them to look at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.house import House
from tests.browser.person import Person

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NO_BROWSER = "no browser: "
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--disable-dev-shm-usage", "--force-prefers-reduced-motion",
)  # fmt: skip


@pytest.fixture(scope="package")  # Playwright keeps an event loop running meanwhile: the tests of other folders want their own
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. Where it is missing: a failure in CI, a skip that the last line counts elsewhere."""
    program = shutil.which("chromium")
    if program is None:
        say = f"{NO_BROWSER}there is no chromium: make browser"
        pytest.fail(say) if os.environ.get("CI") else pytest.skip(say)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """On a Monday at half past ten, with ten calls that wait in sales; Ari and Bea work them, Lee leads, Ada administers."""
    made = House(tmp_path_factory.mktemp("house"))
    try:
        made.opens("Dana", "Kim", "Omar", "Priya", "Grace", "Jo", "Luca", "Nadia", "Sofia", "Tariq")
        made.member("ari", phone="+13125550191")
        made.member("bea", phone="+13125550192")
        made.member("lee", "lead")
        made.member("ada", "admin")
        yield made
    finally:
        made.close()


@pytest.fixture
def people(chromium: Browser, house: House) -> Iterator[type[Person]]:
    """Makes people at browsers. At the end none of their pages has broken the content policy or written an error to the console."""
    made: list[Person] = []

    class Somebody(Person):
        def __init__(self, name: str, **more: object) -> None:
            super().__init__(chromium, house, name, **more)
            made.append(self)

    yield Somebody
    complaints = [complaint for person in made for complaint in person.complaints]
    for person in made:
        person.leaves()
    assert complaints == []
