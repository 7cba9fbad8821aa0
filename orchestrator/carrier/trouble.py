"""How a faulty request is answered: late, not at all, by half, or with something else entirely."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse

from orchestrator.carrier.faults import AFTER, Faults
from orchestrator.carrier.refusals import Refused

HUGE_PARTS, PART = 1600, b" " * 65_536  # 100 MB of white space: JSON up to its last byte
SLOW_S = 0.25  # between two bytes
LOOK_S = 0.05  # how often a hanging answer looks whether the caller is still there

Accept = Callable[[], Response]


async def answer(request: Request, fault: str, faults: Faults, accept: Accept, *, too_many: Refused, broken: Refused) -> Response:
    """The answer to a request that meets this fault (empty: none). `accept` does what was asked for, and is called once at most."""
    accepted = accept() if not fault or fault in AFTER else None
    match fault:
        case "too_many":
            return refusal(too_many)
        case "error_before" | "error_after":
            return refusal(broken)
        case "hang_before" | "hang_after":
            await _hang(request, faults.hang_s)
            return refusal(broken)
        case "reset_before" | "reset_after":
            _reset(request)
            return Response(status_code=500)  # nobody is there to read it
        case "redirect":
            return RedirectResponse("/elsewhere", status_code=307)
        case "html":
            return HTMLResponse("<!doctype html><title>Bad gateway</title><h1>502 Bad gateway</h1>")
        case "huge":
            return StreamingResponse(_huge(request), media_type="application/json")
        case "slow":
            assert accepted is not None
            headers = {name: value for name, value in accepted.headers.items() if name != "content-length"}
            body = bytes(accepted.body)
            return StreamingResponse(_byte_by_byte(request, body or b" "), status_code=accepted.status_code, headers=headers)
    assert accepted is not None
    return accepted


def refusal(refused: Refused) -> JSONResponse:
    """A refusal as HTTP."""
    return JSONResponse(dict(refused.body), status_code=refused.status, headers=dict(refused.headers))


async def _hang(request: Request, seconds: float) -> None:
    """Say nothing for so long, or until the caller has gone."""
    for _ in range(round(seconds / LOOK_S)):
        if await request.is_disconnected():
            return
        await asyncio.sleep(LOOK_S)


def _reset(request: Request) -> None:
    """Break the connection so that the caller sees a reset, not an end."""
    transport = request.scope.get("state", {}).get("transport")
    if transport is None:
        return  # another server than RunningCarrier's: the caller gets the 500
    line: socket.socket | None = transport.get_extra_info("socket")
    if line is not None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _huge(request: Request) -> AsyncIterator[bytes]:
    for _ in range(HUGE_PARTS):
        if await request.is_disconnected():
            return
        yield PART


async def _byte_by_byte(request: Request, body: bytes) -> AsyncIterator[bytes]:
    for number in range(len(body)):
        if await request.is_disconnected():
            return
        yield body[number : number + 1]
        await asyncio.sleep(SLOW_S)
