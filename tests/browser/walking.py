"""Every page that a person comes to by links: one of each route, found from wherever they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from orchestrator.web.staff.app import doors, staff_routes
from orchestrator.web.staff.shown import Shown
from tests.browser.house import House
from tests.browser.person import Person

NOT_A_PAGE = {  # GET routes that answer no page of their own
    "/": "leads on", "/desk/waiting": "a part", "/desk/calls/{call}/line": "a part", "/board/now": "a part", "/customers/{customer}/past": "a part",
    "/set-aside/deliveries/{delivery}": "the same page as that of an event",
    "/playbooks/{playbook}/letter": "a letter in a frame that may run nothing", "/playbooks/{draft}/letter-draft": "likewise", "/audit.csv": "a file",
    "/sign-in/directory": "leads away", "/sign-in/directory/back": "leads on", "/welcome/{token}": "looked at by its own link",
}  # fmt: skip


def routes(house: House) -> dict[str, re.Pattern[str]]:
    """Every GET route that answers a page, with a pattern of its paths."""
    shown = Shown()
    table = [r.path for r in staff_routes(house.parts, house.settings, shown).table if r.method == "GET"]
    table += [d.path for d in doors(house.parts, house.settings, shown).table if d.method == "GET"]
    return {path: re.compile(re.sub(r"{[^}]+}", "[^/]+", path) + "$") for path in table if path not in NOT_A_PAGE}


def walk(who: Person, house: House) -> Iterator[tuple[str, str]]:
    """(route, address) of each page that a link leads to, once for each route, starting where the person is."""
    wanted = routes(house)
    seen: set[str] = set()
    ways = [
        urlsplit(who.page.url).path,
        "/board/pauses/confirm?what=all",
        "/desk",
        "/board",
        "/customers",
        "/playbooks",
        "/people",
        "/audit",
        "/account",
        "/account/code",
        "/keys",
        "/sign-in",
    ]
    while ways:
        address = ways.pop(0)
        route = next((r for r, fits in wanted.items() if fits.fullmatch(urlsplit(address).path)), None)
        if route is None or route in seen:
            continue
        seen.add(route)
        who.page.goto(address)
        yield route, address
        ways += who.page.evaluate(
            "[...document.querySelectorAll('main a[href^=\"/\"], nav a[href^=\"/\"]')].map(a => a.getAttribute('href'))"
        )
