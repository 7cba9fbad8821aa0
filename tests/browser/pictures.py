"""`make pictures`: the staff's pages as they look, light, dark and on a telephone, into docs/pictures. Look at each of them."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.browser.conftest import FLAGS
from tests.browser.house import ROOT, House
from tests.browser.person import Person

FOLDER = ROOT / "docs" / "pictures"
MOST_BYTES = 150_000
WIDE, TELEPHONE = ViewportSize(width=1280, height=700), ViewportSize(width=390, height=844)
LOOKS = (("light", "light", WIDE), ("dark", "dark", WIDE), ("phone", "light", TELEPHONE))
NAMES = ("Dana", "Kim", "Omar", "Priya", "Grace", "Jo", "Luca", "Nadia", "Sofia", "Tariq")


def take(page: Page, name: str) -> None:
    """Three pictures of the page as it is."""
    for look, scheme, size in LOOKS:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of the two that it knows
        path = FOLDER / f"{name}-{look}.png"
        page.screenshot(path=path)
        too_large = " TOO LARGE" if path.stat().st_size > MOST_BYTES else ""
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size:,}{too_large}")
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light")


def main() -> None:
    """Everything, from a house that has just opened."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        house = House(Path(folder))
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        try:
            house.opens(*NAMES)
            house.member("ari", phone="+13125550191")
            house.member("bea", phone="+13125550192")
            house.member("ada", "admin")
            ari, bea, ada = (Person(browser, house, name) for name in ("ari", "bea", "ada"))
            ari.page.goto("/sign-in")
            take(ari.page, "sign-in")
            ari.signs_in()
            take(ari.page, "desk-waiting")
            bea.signs_in()
            bea.is_at_a_call()
            ari.is_at_a_call()
            ari.answers("something is missing")
            ari.sees("Tell me, please.")
            take(ari.page, "desk-call")
            ada.signs_in("/board")
            customer = house.customer("Dana")
            for name, path in (
                ("board", "/board"), ("customer", f"/customers/{customer}"), ("playbook", "/playbooks/quote-follow-up"),
                ("people", "/people"), ("audit", "/audit"),
            ):  # fmt: skip
                ada.page.goto(path)
                take(ada.page, name)
            for one in (ari, bea, ada):
                one.leaves()
        finally:
            browser.close()
            house.close()


if __name__ == "__main__":
    main()
