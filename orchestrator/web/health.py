"""GET /healthz: the process is up. GET /readyz: it can do its work, and if not, why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from orchestrator.errors import TouchpointError
from orchestrator.parts import Parts
from orchestrator.store.upgrade import require_current

SWEPT_WITHIN = timedelta(minutes=2)  # the sweep runs every few seconds

LastSweep = Callable[[], datetime | None]  # None: this process does not know


def router(parts: Parts, last_sweep: LastSweep) -> APIRouter:
    """The routes of this file. They need no key and tell nothing about customers."""
    routes = APIRouter()

    @routes.get("/healthz")
    def healthz() -> Response:
        return JSONResponse({"status": "up"})

    @routes.get("/readyz")
    def readyz() -> Response:
        wrong = _wrong(parts, last_sweep())
        return JSONResponse({"ready": not wrong, "wrong": wrong}, 503 if wrong else 200)

    return routes


def _wrong(parts: Parts, swept_at: datetime | None) -> list[str]:
    wrong: list[str] = []
    try:
        require_current(parts.database)
        parts.database.run(parts.rulebook.refresh)
    except TouchpointError as error:
        wrong.append(str(error))
    if swept_at is not None and parts.clock() - swept_at > SWEPT_WITHIN:
        wrong.append(f"nobody has swept since {swept_at:%Y-%m-%d %H:%M:%S} UTC: due touches may be waiting")
    return wrong
