"""Refusals, all in one form, {"error": {"problem", "hint", "place"}, "problems": […]}, with the right status; pages where people are."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from orchestrator.errors import DatabaseError, EventError, InputError, NotFound, Problem
from orchestrator.jsontext import Unreadable
from orchestrator.store.database import Contended

log = logging.getLogger(__name__)
LINGERS_S, LINGERS_BYTES = 3.0, 20_000_000  # that we go on reading of a request that is too large
AGAIN_AFTER_S = 5  # a database that restarts is back by then


class Refused(Exception):
    """A request that is answered with this status and these problems."""

    def __init__(self, status: int, problems: Problem | Sequence[Problem], **headers: str) -> None:
        self.status = status
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        super().__init__(str(self.problems[0]))


def told(problem: Problem) -> dict[str, str]:
    """A problem as JSON."""
    return {"problem": problem.problem, "hint": problem.hint, "place": problem.place}


def refusal(status: int, problems: Sequence[Problem], headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a request that is refused; `error` is the first problem, for people who read only that."""
    body = {"error": told(problems[0]), "problems": [told(p) for p in problems]}
    return JSONResponse(body, status, headers=dict(headers) if headers else None)


# The answer to whoever reads pages at this path: (path, status) -> a page, or None where programs read.
ErrorPage = Callable[[str, int], Response | None]


def install(app: FastAPI, page: ErrorPage) -> None:
    """Answer every error in the one form, or with a page where people are."""
    handlers: dict[type[Exception], Callable[[Request, Any], Response]] = {
        Refused: lambda request, error: refusal(error.status, error.problems, error.headers),
        Unreadable: lambda request, error: refusal(400, error.problems),
        EventError: lambda request, error: refusal(422, error.problems),
        InputError: lambda request, error: refusal(422, error.problems),
        NotFound: lambda request, error: refusal(404, [Problem(str(error))]),
        DatabaseError: _no_database,
        RequestValidationError: _wrong_parameter,
        HTTPException: _http,
        Exception: _defect,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, _for_people(handler, page))


def _for_people(handler: Callable[[Request, Any], Response], page: ErrorPage) -> Callable[[Request, Exception], Response]:
    def answer(request: Request, error: Exception) -> Response:
        refused = handler(request, error)
        shown = page(request.url.path, refused.status_code)
        if shown is None:
            return refused
        for name in ("Retry-After", "Allow", "Connection"):
            if name in refused.headers:
                shown.headers[name] = refused.headers[name]
        return shown

    return answer


class BodyLimit:
    """Bodies above the limit are refused: at once where the sender says how long it is, else as soon as it gets there."""

    def __init__(self, app: ASGIApp, most_bytes: int, page: ErrorPage) -> None:
        self._limited = RequestBodyLimitMiddleware(app, most_bytes)  # its own answer to a stated length is not JSON
        self._most = most_bytes
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _stated_length(scope) > self._most:
            shown = self._page(scope["path"], 413)
            refused = refusal(413, [too_large(self._most)], {"Connection": "close"})
            await _read_on(receive)
            await (shown or refused)(scope, receive, send)
            return
        await self._limited(scope, receive, send)


async def _read_on(receive: Receive) -> None:
    """Read some of what is being sent before answering: a connection that is closed at once may take the answer with it."""
    read = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGERS_S):
            while read < LINGERS_BYTES:
                message = await receive()
                read += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body"):
                    return


def too_large(most_bytes: int) -> Problem:
    return Problem(f"the request is larger than {most_bytes:,} bytes", "send fewer events at once")


def _stated_length(scope: Scope) -> int:
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() else 0


def _no_database(request: Request, error: Exception) -> Response:
    log.error("the database cannot be used: %s", error, extra={"action": "web.no_database"})
    hint = "send it again: what was stored meanwhile is recognised by its id"
    after = "1" if isinstance(error, Contended) else str(AGAIN_AFTER_S)
    return refusal(503, [Problem(str(error), hint)], {"Retry-After": after})


def _wrong_parameter(request: Request, error: RequestValidationError) -> Response:
    problems = [Problem(str(e["msg"]), "", ".".join(str(part) for part in e["loc"][1:])) for e in error.errors()]
    return refusal(422, problems)


def _http(request: Request, error: HTTPException) -> Response:
    known: dict[int, tuple[str, str]] = {
        404: (f"there is nothing at {request.url.path}", "events are posted to /events"),
        405: (f"{request.method} is not possible at {request.url.path}", "events are sent with POST"),
        413: ("the request is too large", "send fewer events at once"),
    }
    problem, hint = known.get(error.status_code, (str(error.detail), ""))
    return refusal(error.status_code, [Problem(problem, hint)], error.headers)


def _defect(request: Request, error: Exception) -> Response:
    # The server logs the exception with its trace; the sender learns nothing of our insides.
    hint = "nobody knows whether it was stored: send it again, with the same id"
    status: Any = HTTPStatus.INTERNAL_SERVER_ERROR
    return refusal(int(status), [Problem("this is a defect of the program", hint)])
