"""Every route as every role, about objects of theirs, of others, and about none: made from the route table, so that no route is left out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from orchestrator.access.visitors import csrf_of, sign_in
from orchestrator.core.roles import RIGHTS, Role
from orchestrator.ids import new_id
from orchestrator.store import schema
from orchestrator.store.staff import Member
from orchestrator.web.staff.app import doors, staff_routes
from orchestrator.web.staff.here import COOKIE
from orchestrator.web.staff.objects import OBJECTS
from orchestrator.web.staff.routes import Declared
from orchestrator.web.staff.shown import HEADERS, Shown
from tests.web.staff.office import Browser, Office
from tests.web.staff.things import NEEDS_A_QUERY, NO_OBJECT, THINGS, VALUES

# An empty form with the token may be refused for what it lacks, or because somebody else has it, but not for who asks.
ALLOWED = {200, 201, 202, 204, 303, 409, 422}
PUBLIC = {
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/sign-in/code"),
    ("POST", "/sign-in/code"),
    ("GET", "/sign-in/directory"),
    ("GET", "/sign-in/directory/back"),
    ("GET", "/welcome/{token}"),
    ("POST", "/welcome/{token}"),
}
_PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")


@dataclass(frozen=True)
class Asked:
    """One request and what it must be answered with."""

    route: Declared
    path: str
    what: str  # which object, and with which token
    expected: set[int]
    token: bool = True


@pytest.mark.parametrize("role", Role)
def test_each_role_gets_at_what_it_may_and_at_nothing_else(office: Office, role: Role) -> None:
    member = office.member("me", role)
    browser = office.browser(member)
    table = [r for r in staff_routes(office.parts, office.settings, Shown()).table if r.about is None or r.about in THINGS]
    things = {kind: thing.make(office, member) for kind, thing in THINGS.items()}
    wrong: list[str] = []
    browser.get("/account")  # notes when they were seen

    before = _print_of_everything(office)
    for asked in _refused(table, role, things):
        wrong += _ask(browser, asked)
    if _print_of_everything(office) != before:
        wrong.append("a request that was refused changed something")

    for asked in _allowed(table, role, office, member):
        _sign_in_again(office, browser, member)
        wrong += _ask(browser, asked)

    assert not wrong, "\n".join(wrong)


def test_a_stranger_is_sent_to_sign_in_by_every_route(office: Office) -> None:
    stranger, before, wrong = office.browser(), _print_of_everything(office), []

    for route in staff_routes(office.parts, office.settings, Shown()).table:
        path = _PARAMETER.sub(str(new_id()), route.path)
        answer = stranger.request(route.method, path, follow_redirects=False, **_form(route, ""))
        if answer.status_code != 303 or not answer.headers["Location"].startswith("/sign-in"):
            wrong.append(f"{route.method} {path}: {answer.status_code}")
        in_part = stranger.request(route.method, path, headers={"HX-Request": "true"}, **_form(route, ""))
        if in_part.status_code != 401 or not in_part.headers["HX-Redirect"].startswith("/sign-in"):
            wrong.append(f"{route.method} {path} by a part of a page: {in_part.status_code}")

    assert not wrong, "\n".join(wrong)
    assert _print_of_everything(office) == before


def test_nothing_else_is_open_to_strangers(office: Office) -> None:
    table = doors(office.parts, office.settings, Shown()).table

    assert {(door.method, door.path) for door in table} == PUBLIC, "a page without sign-in is named in PUBLIC, after some thought"


def test_every_kind_of_object_is_tried() -> None:
    missing = sorted(set(OBJECTS) - set(THINGS))

    assert not missing, f"put into tests/web/staff/things.py how to make one that an agent may see and one that not: {missing}"


def test_every_route_with_an_object_in_its_path_says_so(office: Office) -> None:
    unsaid = [
        f"{route.method} {route.path}"
        for route in staff_routes(office.parts, office.settings, Shown()).table
        if route.about is None and _PARAMETER.search(route.path) and route.path not in NO_OBJECT
    ]

    assert not unsaid, f"declare about=…, or say in things.NO_OBJECT why nothing of anybody's is behind it: {unsaid}"


def _refused(table: list[Declared], role: Role, things: dict[str, tuple[str, str]]) -> Iterator[Asked]:
    for route in table:
        own, foreign = things.get(route.about or "", ("", ""))
        unknown = str(new_id())
        if route.right not in RIGHTS[role]:
            yield Asked(route, _path(route, own), "own, without the right", {403})
            continue
        if route.method == "POST":
            yield Asked(route, _path(route, own), "own, without the token", {403}, token=False)
        if route.about is not None:
            yield Asked(route, _path(route, unknown), "unknown", {404})
            yield Asked(route, _path(route, "%00'%22<"), "nonsense", {404})
            if role not in THINGS[route.about].seen_by:
                yield Asked(route, _path(route, foreign), "foreign", {404})


def _allowed(table: list[Declared], role: Role, office: Office, member: Member) -> Iterator[Asked]:
    for route in table:
        if route.right not in RIGHTS[role]:
            continue
        leads_nowhere = route.path in NEEDS_A_QUERY or len(_PARAMETER.findall(route.path)) > (1 if route.about else 0)
        more = {404} if leads_nowhere else set()
        own, foreign = THINGS[route.about].make(office, member) if route.about else ("", "")
        yield Asked(route, _path(route, own), "own", ALLOWED | more)
        if route.about and role in THINGS[route.about].seen_by:
            yield Asked(route, _path(route, foreign), "another's", ALLOWED | more)


def _path(route: Declared, object_: str) -> str:
    return _PARAMETER.sub(lambda found: object_ if found[1] == route.about else VALUES.get(found[1], "none"), route.path)


def _ask(browser: Browser, asked: Asked) -> list[str]:
    token = browser.csrf if asked.token else "made-up"
    answer = browser.request(asked.route.method, asked.path, follow_redirects=False, **_form(asked.route, token))
    said = f"{asked.route.method} {asked.route.path} ({asked.what}): {answer.status_code}, not {sorted(asked.expected)}"
    found = [] if answer.status_code in asked.expected else [said]
    location = answer.headers.get("Location", "")
    if location.startswith("/sign-in") and asked.route.path != "/sign-out":
        found.append(f"{said}: sent to sign in")
    bare = [name for name, value in HEADERS.items() if answer.headers.get(name) != value]
    return [*found, *([f"{said}: without {bare}"] if bare else [])]


def _form(route: Declared, token: str) -> dict[str, Any]:
    return {"data": {"csrf": token}} if route.method == "POST" else {}


def _sign_in_again(office: Office, browser: Browser, member: Member) -> None:
    """The request before may have signed them out."""
    with office.parts.database.work() as work:
        cookie = sign_in(office.parts, work, member, "password", "test", office.clock.now)
    browser.cookies.clear()
    browser.cookies.set(COOKIE, cookie)
    browser.csrf = csrf_of(cookie)


def _print_of_everything(office: Office) -> str:
    """Of every row of every table."""
    digest = hashlib.sha256()
    for table in schema.metadata.sorted_tables:
        digest.update(repr(sorted(map(repr, office.rows(select(table))))).encode())
    return digest.hexdigest()
