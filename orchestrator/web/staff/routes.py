"""Declaring pages: each route says which right it needs and which object it is about. There is no other way to add one.

    @routes.get("/customers/{customer}", Right.SEE_CUSTOMERS, about="customer")
    def one(here: Here, customer: UUID) -> Response: ...

Before the page is asked: the cookie must be somebody's (else: sign in) or the key one that reads (else 401 or 403; a key changes
nothing), a change must come from our own pages (else 403), the role must have the right (else 403), and the object must exist and be
theirs to see (else 404, the same for both).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import ImmutableMultiDict
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from orchestrator.access.visitors import Visitor, visitor
from orchestrator.config import Settings
from orchestrator.core.roles import Right
from orchestrator.errors import InputError, NotFound, NothingPublished
from orchestrator.keys import Keyring
from orchestrator.parts import Parts
from orchestrator.web.bodies import long_form_of
from orchestrator.web.staff.here import COOKIE, Form, Here
from orchestrator.web.staff.readers import reader_of
from orchestrator.web.staff.shown import HEADERS, Shown

MOST_FORM_BYTES = 400_000  # a note of 10,000 characters, each of which may take twelve in a form
Page = Callable[..., Response]
# Whether this visitor may see the object of that id; False also when there is none.
Sees = Callable[[Parts, Visitor, str], bool]


@dataclass(frozen=True, slots=True)
class Declared:
    """One row of the route table."""

    method: str
    path: str
    right: Right
    about: str | None  # the kind of object in the path: its parameter has the same name
    page: Page


class StaffRoutes:
    """The table of all pages for people who are signed in."""

    def __init__(self, parts: Parts, settings: Settings, shown: Shown, objects: Mapping[str, Sees]) -> None:
        self._parts, self._settings, self._shown, self._objects = parts, settings, shown, objects
        self._keyring = Keyring(parts.database, parts.clock)
        self.table: list[Declared] = []

    def get(self, path: str, right: Right, *, about: str | None = None) -> Callable[[Page], Page]:
        """Declare a page that only looks."""
        return partial(self._declare, "GET", path, right, about)

    def post(self, path: str, right: Right, *, about: str | None = None) -> Callable[[Page], Page]:
        """Declare a change."""
        return partial(self._declare, "POST", path, right, about)

    def routes(self) -> Sequence[Route]:
        """What the application mounts."""
        return [Route(d.path, self._served(d), methods=[d.method], include_in_schema=False) for d in self.table]

    def _declare(self, method: str, path: str, right: Right, about: str | None, page: Page) -> Page:
        assert about is None or (about in self._objects and f"{{{about}}}" in path), f"{path} names no object of kind {about}"
        self.table.append(Declared(method, path, right, about, page))
        return page

    def _served(self, declared: Declared) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            form: Form = ImmutableMultiDict()
            if declared.method == "POST":
                form = await long_form_of(request, MOST_FORM_BYTES)
            answer = await run_in_threadpool(self._answer, declared, request, form)
            for name, value in HEADERS.items():
                answer.headers.setdefault(name, value)  # redirects, too
            return answer

        return serve

    def _answer(self, declared: Declared, request: Request, form: Form) -> Response:
        now = self._parts.clock()
        cookie = request.cookies.get(COOKIE, "")
        with_key = "authorization" in request.headers
        if with_key:
            who: Visitor | None = reader_of(self._keyring, request)
        else:
            who = visitor(self._parts, cookie, now) if cookie else None
        if who is None:
            return _to_sign_in(request)
        here = Here(self._parts, self._settings, who, request, form, now, self._shown)
        if with_key and (declared.method == "POST" or declared.right is Right.OWN_ACCOUNT):
            return here.refuse(403, "A key only reads.", "What changes something is done by a person who is signed in.")
        if declared.method == "POST" and not _from_our_own_page(request, form, who):
            return here.refuse(403, "This did not come from one of our own pages.", "Go back, reload the page and try again.")
        if not who.may(declared.right):
            hint = f"It needs the right to {declared.right}. Ask an admin."
            return here.refuse(403, f"This is not for your role ({who.member.role}).", hint)
        values = dict(request.path_params)
        if declared.about is not None and not self._objects[declared.about](self._parts, who, str(values[declared.about])):
            return _unknown(here)
        try:
            return declared.page(here, **_typed(declared.page, values))
        except NotFound:
            return _unknown(here)
        except NothingPublished as nothing:
            hint = "Run it in the folder with your playbooks, or ask whoever set this up; then reload this page."
            return here.refuse(503, f"{str(nothing).capitalize()}.", hint)
        except InputError as wrong:
            return here.refuse(422, wrong.problems[0].problem, wrong.problems[0].hint)


def _unknown(here: Here) -> Response:
    return here.show(
        "refused.html", 404, problem="There is nothing here.", hint="It may have been removed, or it is not yours to see."
    )


def _from_our_own_page(request: Request, form: Form, who: Visitor) -> bool:
    """Whether a change was asked for by a page of ours: the browser says so, and it knows the token."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    said = request.headers.get("x-csrf-token") or form.get("csrf", "")
    return hmac.compare_digest(said.encode("utf-8", "replace"), who.csrf.encode())


def _to_sign_in(request: Request) -> Response:
    """Sign in, and come back. A part of a page sends the whole page there."""
    path = request.url.path if request.method == "GET" and "hx-request" not in request.headers else "/"
    where = "/sign-in" if path == "/" else f"/sign-in?then={quote(path, safe='/')}"
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": where})
    return RedirectResponse(where, 303)


def _typed(page: Page, values: Mapping[str, Any]) -> dict[str, Any]:
    """Path parameters as the page wants them: ids as UUID. Raises NotFound for what is none."""
    wanted = page.__annotations__
    return {name: _id(value) if wanted.get(name) in (UUID, "UUID") else value for name, value in values.items()}


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("no such id") from None
