"""Pages for people who are not signed in yet: the way in. Each is declared in a table, as the others are; a change needs a token here, too.

Nobody is signed in, so the token belongs to a cookie of its own: another site can make a browser send our cookie and cannot read what
our form says.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import ImmutableMultiDict
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from orchestrator.access import devices
from orchestrator.access.limits import DEVICE_LASTS, Wait, Whence
from orchestrator.access.oidc import Directory, directory_of
from orchestrator.access.signing_in import Browser, SignedIn, SigningIn
from orchestrator.access.visitors import LASTS
from orchestrator.config import Settings
from orchestrator.parts import Parts
from orchestrator.web.bodies import form_of
from orchestrator.web.staff.here import COOKIE, Form
from orchestrator.web.staff.shown import HEADERS, Shown

DEVICE_COOKIE, FORM_COOKIE = "touchpoint_device", "touchpoint_form"
FORM_LASTS = timedelta(hours=12)  # a sign-in page that stays open over night is loaded again
_PLAIN = "Go back, reload the page and try again."


@dataclass(frozen=True, slots=True)
class Door:
    """One row of the table of pages that need no sign-in."""

    method: str
    path: str
    page: Callable[..., Response]


@dataclass(frozen=True, slots=True)
class AtDoor:
    """One request of somebody whom we do not know yet."""

    parts: Parts
    settings: Settings
    ways_in: SigningIn
    directory: Directory | None
    request: Request
    form: Form
    now: datetime
    shown: Shown
    cookies: dict[str, tuple[str, int]] = field(default_factory=dict)  # to be set: name -> value, seconds; 0 removes it

    @property
    def browser(self) -> Browser:
        """What is known of their browser."""
        address = self.request.client.host if self.request.client else ""
        whence = Whence(address, self.request.cookies.get(DEVICE_COOKIE, ""))
        return Browser(whence, devices.words(self.request.headers.get("user-agent", "")), self.request.cookies.get(COOKIE, ""))

    def show(self, template: str, status: int = 200, **known: Any) -> Response:
        """A page; its form carries the token."""
        own = self.request.cookies.get(FORM_COOKIE, "")
        if not 20 <= len(own) <= 60 or not own.isascii():
            own = secrets.token_urlsafe(24)
        seconds = int(FORM_LASTS.total_seconds())
        self.cookies.setdefault(FORM_COOKIE, (own, seconds))
        token = self.ways_in.seals.put("form", {"of": own}, self.now + FORM_LASTS)
        return self.shown.show(template, status, token=token, path=self.request.url.path, **known)

    def refuse(self, status: int, problem: str, hint: str) -> Response:
        """What cannot be done, and what to do instead."""
        return self.show("refused.html", status, problem=problem, hint=hint)

    def wait(self, wait: Wait) -> Response:
        """Too many tries."""
        minutes = max(1, round(wait.seconds / 60))
        hint = f"Try again in {minutes} min, on a device that you have used before, or ask an admin for a link."
        answer = self.refuse(429, "Too many tries from here.", hint)
        answer.headers["Retry-After"] = str(wait.seconds)
        return answer

    def enter(self, signed: SignedIn, then: str) -> Response:
        """They are in: their cookies, and on to where they wanted to go."""
        self.cookies[COOKIE] = (signed.session, int(LASTS.total_seconds()))
        self.cookies[DEVICE_COOKIE] = (signed.device, int(DEVICE_LASTS.total_seconds()))
        self.cookies[FORM_COOKIE] = ("", 0)
        return RedirectResponse(own_path(then), 303)

    def note(self, name: str, value: str, lasts: timedelta) -> None:
        """Something for the browser to carry; lasts of nothing: it forgets it."""
        self.cookies[name] = (value, int(lasts.total_seconds()))


class Doors:
    """The table of pages that need no sign-in."""

    def __init__(self, parts: Parts, settings: Settings, shown: Shown) -> None:
        self._parts, self._settings, self._shown = parts, settings, shown
        self._ways_in, self._directory = SigningIn(parts), directory_of(settings)
        self.table: list[Door] = []

    def get(self, path: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
        """Declare a page that only looks."""
        return partial(self._declare, "GET", path)

    def post(self, path: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
        """Declare what a form of ours does."""
        return partial(self._declare, "POST", path)

    def routes(self) -> list[Route]:
        """What the application mounts."""
        return [Route(d.path, self._served(d), methods=[d.method], include_in_schema=False) for d in self.table]

    def _declare(self, method: str, path: str, page: Callable[..., Response]) -> Callable[..., Response]:
        self.table.append(Door(method, path, page))
        return page

    def _served(self, door: Door) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            form: Form = await form_of(request) if door.method == "POST" else ImmutableMultiDict()
            return await run_in_threadpool(self._answer, door, request, form)

        return serve

    def _answer(self, door: Door, request: Request, form: Form) -> Response:
        now = self._parts.clock()
        at = AtDoor(self._parts, self._settings, self._ways_in, self._directory, request, form, now, self._shown)
        if door.method == "POST" and not self._ours(at):
            answer = at.refuse(403, "This did not come from one of our own pages, or the page was open for too long.", _PLAIN)
        else:
            answer = door.page(at, **request.path_params)
        return self._dressed(answer, at.cookies)

    def _ours(self, at: AtDoor) -> bool:
        """Whether a page of ours sent the form: the browser says so, and the token belongs to its cookie."""
        if not from_here(at.request, self._settings.public_url):
            return False
        token = self._ways_in.seals.read("form", at.form.get("token", ""), at.now)
        own = at.request.cookies.get(FORM_COOKIE, "")
        return token is not None and bool(own) and hmac.compare_digest(str(token["of"]).encode(), own.encode("utf-8", "replace"))

    def _dressed(self, answer: Response, cookies: Mapping[str, tuple[str, int]]) -> Response:
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        secure = is_https(self._settings)
        for name, (value, seconds) in cookies.items():
            answer.set_cookie(name, value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")
        return answer


def own_path(text: str) -> str:
    """The path when it leads to a page of ours, else the start: nobody is sent elsewhere by a link to our sign-in."""
    plain = all(" " < c < "\x7f" for c in text)
    if len(text) > 500 or not plain or not text.startswith("/") or text.startswith("//") or "\\" in text:
        return "/"
    return text if not text.startswith(("/sign-in", "/sign-out", "/welcome")) else "/"


def from_here(request: Request, public_url: str) -> bool:
    """Whether the browser says that a page of ours asked; old browsers say nothing."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    ours = urlsplit(public_url)
    return origin in (f"{ours.scheme}://{ours.netloc}", f"{request.url.scheme}://{request.url.netloc}")


def is_https(settings: Settings) -> bool:
    """Whether cookies travel over https only."""
    return settings.public_url.lower().startswith("https://")
