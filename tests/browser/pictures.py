"""`make pictures`: every page of the staff's as it looks, light, dark and on a telephone, into docs/pictures, with docs/pages.md to leaf
through. Look at each of them."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright
from sqlalchemy import select

from orchestrator.store import schema
from tests.browser.conftest import FLAGS
from tests.browser.house import ROOT, House
from tests.browser.person import Person
from tests.browser.walking import walk

FOLDER = ROOT / "docs" / "pictures"
MOST_BYTES = 150_000
WIDE, TELEPHONE = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)
LOOKS = (("light", "light", WIDE), ("dark", "dark", WIDE), ("phone", "light", TELEPHONE))
COLOURS = 128  # of a picture: flat pages need no more, and it is a third of the size
NAMES = ("Dana", "Kim", "Omar", "Priya", "Grace", "Jo", "Luca", "Nadia", "Sofia", "Tariq")
# Routes whose pictures other documents show, by the names they use.
KNOWN = {
    "/sign-in": "sign-in", "/desk": "desk-waiting", "/desk/calls/{call}": "desk-call", "/board": "board",
    "/customers/{customer}": "customer", "/playbooks/{playbook}": "playbook", "/people": "people", "/audit": "audit",
}  # fmt: skip


def take(page: Page, name: str) -> str:
    """Three pictures of the page as it is; answers its title."""
    for look, scheme, size in LOOKS:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of the two that it knows
        page.evaluate("scrollTo(0, 0)")
        path = FOLDER / f"{name}-{look}.png"
        page.screenshot(path=path)
        with Image.open(path) as taken:
            taken.convert("RGB").quantize(COLOURS).save(path, optimize=True)
        too_large = " TOO LARGE" if path.stat().st_size > MOST_BYTES else ""
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size:,}{too_large}")
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light")
    return page.title().partition(" · ")[0]


def slug(route: str) -> str:
    """ "/board/queues/{queue}" -> "board-queue"."""
    if route in KNOWN:
        return KNOWN[route]
    words = [re.sub(r"[{}]", "", word) for word in route.strip("/").split("/")]
    kept = [w for n, w in enumerate(words) if n == len(words) - 1 or words[n + 1] != w.rstrip("s")]
    return "-".join(kept)


def main() -> None:
    """Everything, from a house that has just opened and has something of everything."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        house = House(Path(folder))
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        try:
            house.opens(*NAMES)
            _people(house)
            ari, bea, ada = (Person(browser, house, name) for name in ("ari", "bea", "ada"))
            shown = list(_pages(house, ari, bea, ada))
            _write(shown)
            for one in (ari, bea, ada):
                one.leaves()
        finally:
            browser.close()
            house.close()


def _people(house: House) -> None:
    house.member("ari", phone="+13125550191")
    house.member("bea", phone="+13125550192")
    house.member("lee", "lead")
    house.member("ada", "admin")


def _pages(house: House, ari: Person, bea: Person, ada: Person) -> Iterator[tuple[str, str, str]]:
    """(route, name of its pictures, title)."""
    ari.page.goto("/sign-in")
    yield "/sign-in", "sign-in", take(ari.page, "sign-in")
    ari.signs_in()
    yield "/desk", "desk-waiting", take(ari.page, "desk-waiting")
    bea.signs_in()
    _something_of_everything(house, bea)
    ari.is_at_a_call()
    ari.answers("something is missing")
    ari.sees("Tell me, please.")
    yield "/desk/calls/{call}", "desk-call", take(ari.page, "desk-call")
    bea.is_at_a_call()
    ada.signs_in("/board")
    for route, _ in walk(ada, house):
        name = slug(route)
        if name not in ("sign-in", "desk-waiting", "desk-call"):
            yield route, name, take(ada.page, name)


def _something_of_everything(house: House, bea: Person) -> None:
    """A reply, a call of which nobody said how it ended, an event that was set aside, and calls that fall due later today."""
    bea.is_at_a_call()
    house.leaps(minutes=4)  # nobody renews it: bea's laptop sleeps
    house.comes_true(lambda: house.rows(select(schema.touch).where(schema.touch.c.state == "unknown")), "nobody said it")
    bea.page.goto("/desk")
    phone = house.rows(select(schema.customer.c.phone).where(schema.customer.c.ref == "C-Tariq"))[0].phone
    house.running.carrier.text_us(phone, "Thursday would be better, can you call me then?")
    house.comes_true(lambda: house.rows(select(schema.reply)), "the reply is in")
    with house.parts.database.work() as work:
        event, touch = schema.event, schema.touch
        one = work.connection.execute(select(event.c.id).where(event.c.subject == "quote/Kim")).scalar_one()
        work.connection.execute(event.update().where(event.c.id == one).values(state="set_aside", error="a defect", tries=3))
        waiting = work.connection.execute(select(touch.c.id).where(touch.c.state == "ready").order_by(touch.c.id)).scalars().all()
        for hours, id_ in zip((1, 1, 2, 4), waiting[-4:], strict=True):  # planned again, for later today
            due = house.clock() + timedelta(hours=hours)
            work.connection.execute(touch.update().where(touch.c.id == id_).values(state="planned", due_at=due))


def _write(shown: list[tuple[str, str, str]]) -> None:
    """docs/pages.md: all of them, to leaf through."""
    lines = [
        "# Every page, in pictures",
        "",
        "Light, dark, and on a telephone. Made by `make pictures` from a made-up company; what each page is for is said in",
        "[the-desk.md](the-desk.md), [the-board.md](the-board.md), [customers.md](customers.md) and [access.md](access.md).",
    ]
    for route, name, title in shown:
        path = urlsplit(route).path.replace("{", "").replace("}", "")
        lines += ["", f"## {title}", "", f"`{path}`", "", "| light | dark | telephone |", "|---|---|---|"]
        lines.append("| " + " | ".join(f"![{title}, {look}](pictures/{name}-{look}.png)" for look, _, _ in LOOKS) + " |")
    (ROOT / "docs" / "pages.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
