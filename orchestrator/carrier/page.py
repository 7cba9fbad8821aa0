"""The page: each imaginary customer's phone and mailbox, and buttons to play them. Server-rendered; a small script refreshes it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from orchestrator.carrier.browsing import Page as Contents
from orchestrator.carrier.carrier import Carrier
from orchestrator.carrier.customers import Customer, call_words, customers, pick
from orchestrator.carrier.mails import Mail, has_one_click
from orchestrator.carrier.people import BY_ADDRESS, BY_NUMBER
from orchestrator.carrier.playing import Playing
from orchestrator.carrier.rehearsal_api import guarded

HERE = Path(__file__).parent
LARGEST_BODY = 20_000  # bytes
# Scripts only from our own file; styles also inside e-mails, which have them nowhere else; nothing may frame or be framed.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
# Links of an e-mail lead nowhere in its frame; the buttons beside it follow them.
MAIL_HEAD = '<base target="_blank"><style>html{background:#fff}</style>'


class CustomersPage:
    """What a trainee or an author sees."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier
        self.playing = Playing(carrier)
        self._pages = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._pages.filters["clock"] = _clock
        self._pages.filters["call_words"] = call_words

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", guarded(self._show), methods=["GET"]),
            Route("/rehearsal/page", guarded(self._refresh), methods=["GET"]),
            Route("/rehearsal/play", guarded(self._play), methods=["POST"]),
            Mount("/rehearsal/static", StaticFiles(directory=HERE / "static")),
        ]

    async def _show(self, request: Request) -> Response:
        parts = self._parts(request)
        return HTMLResponse(self._pages.get_template("page.html").render(**self._state(request), parts=parts), headers=HEADERS)

    async def _refresh(self, request: Request) -> Response:
        """The parts that change, as JSON; 204 when nothing has changed since `seen`."""
        version = self.carrier.world.version
        if request.query_params.get("seen") == str(version):
            return Response(status_code=204, headers=HEADERS)
        return JSONResponse({"version": version, "parts": self._parts(request)}, headers=HEADERS)

    async def _play(self, request: Request) -> Response:
        body = await request.body()
        if len(body) > LARGEST_BODY:
            return PlainTextResponse("That is too long.", 413)
        given = dict(parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True))
        if problem := self.playing.do(given):
            return PlainTextResponse(problem, 422)
        back = {name: given[name] for name in ("who", "mail") if given.get(name)}
        return RedirectResponse("/?" + urlencode(back), status_code=303)

    def _parts(self, request: Request) -> dict[str, str]:
        state = self._state(request)
        return {
            name: self._pages.get_template(f"{name}.html").render(**state)
            for name in ("people", "title", "phone", "mailbox", "mail")
        }

    def _state(self, request: Request) -> dict[str, Any]:
        everybody = customers(self.carrier)
        customer = pick(everybody, request.query_params.get("who", ""))
        mail = _chosen(customer, request.query_params.get("mail", ""))
        return {
            "everybody": everybody,
            "customer": customer,
            "mail": mail,
            "links": _links(mail),
            "has_one_click": mail is not None and has_one_click(mail),
            "mail_head": MAIL_HEAD,
            "manual": self.carrier.world.manual,
            "speed": self.carrier.world.agenda.speed,
            "version": self.carrier.world.version,
            "by_number": BY_NUMBER,
            "by_address": BY_ADDRESS,
        }


def _chosen(customer: Customer | None, sid: str) -> Mail | None:
    if customer is None or not customer.mails:
        return None
    return next((mail for mail in customer.mails if mail.sid == sid), customer.mails[-1])


def _links(mail: Mail | None) -> list[tuple[int, str]]:
    if mail is None:
        return []
    return [(number, link.words or "a picture") for number, link in enumerate(Contents(mail.html).links)]


def _clock(at: datetime) -> str:
    """The machine's own time; the script on the page turns it into the reader's."""
    return at.astimezone().strftime("%H:%M")
