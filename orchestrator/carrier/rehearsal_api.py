"""The carrier's own addresses: faults, the ledger, and who is who. Refused to pages of other sites."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from orchestrator.carrier.carrier import Carrier
from orchestrator.carrier.world import Entry
from orchestrator.errors import InputError

LARGEST_BODY = 100_000  # bytes
Endpoint = Callable[[Request], Awaitable[Response]]


class RehearsalApi:
    """What tests and directors of a rehearsal ask for."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/rehearsal/faults", guarded(self._faults), methods=["GET", "POST"]),
            Route("/rehearsal/ledger.json", guarded(self._ledger), methods=["GET"]),
            Route("/rehearsal/people", guarded(self._people), methods=["POST"]),
        ]

    async def _faults(self, request: Request) -> Response:
        if request.method == "POST":
            given = await _json(request)
            if isinstance(given, Response):
                return given
            try:
                self.carrier.set_faults(given)
            except InputError as error:
                return JSONResponse({"problems": [str(problem) for problem in error.problems]}, 422)
        return JSONResponse(self.carrier.world.dice.as_json())

    async def _ledger(self, request: Request) -> Response:
        return JSONResponse([_shown(entry) for entry in self.carrier.ledger()])

    async def _people(self, request: Request) -> Response:
        """{"name": "Dana Ortiz", "contacts": ["+13125550142", "dana@example.com"]}: shown together on the page."""
        given = await _json(request)
        if isinstance(given, Response):
            return given
        name, contacts = given.get("name"), given.get("contacts")
        if not isinstance(name, str) or not isinstance(contacts, list) or not all(isinstance(one, str) for one in contacts):
            return JSONResponse({"problems": ['give {"name": "…", "contacts": ["+1…", "…@…"]}']}, 422)
        self.carrier.introduce(name, *contacts)
        return JSONResponse({"name": name, "contacts": contacts})


def guarded(endpoint: Endpoint) -> Endpoint:
    """An address that pages of other sites can neither read nor press."""

    async def checked(request: Request) -> Response:
        if not is_plainly_addressed(request.headers.get("host", "")):
            return PlainTextResponse("Open this page by the machine's number or as localhost.", 421)
        if request.method == "POST" and not is_from_here(request):
            return PlainTextResponse("Pages of other sites may not do that.", 403)
        return await endpoint(request)

    return checked


def is_from_here(request: Request) -> bool:
    """Whether a request comes from our own page or from a program, not from a page of another site."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def is_plainly_addressed(host: str) -> bool:
    """Whether a Host header is a number or a name of this network: any site's own name could be made to lead here."""
    name = urlsplit(f"//{host}").hostname or ""
    return "." not in name or re.fullmatch(r"[\d.]+", name) is not None


async def _json(request: Request) -> dict[str, Any] | Response:
    raw = await request.body()
    try:
        given = json.loads(raw) if len(raw) <= LARGEST_BODY else None
    except (ValueError, RecursionError):
        given = None
    return given if isinstance(given, dict) else JSONResponse({"problems": ["send one JSON object"]}, 422)


def _shown(entry: Entry) -> dict[str, Any]:
    row = asdict(entry)
    row["from"] = row.pop("from_")
    row["handle"] = str(entry.handle) if entry.handle else None
    row["at"] = entry.at.isoformat()
    return row
