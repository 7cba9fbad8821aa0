"""The web application, put together from its routes. Everything it works with comes in as arguments."""

from __future__ import annotations

from fastapi import FastAPI

from orchestrator.config import Settings
from orchestrator.keys import Keyring
from orchestrator.parts import Parts
from orchestrator.web import answers, events, health
from orchestrator.web.health import LastSweep

MOST_BYTES = 5_000_000  # of one request: a thousand events have about half a megabyte


def create_app(parts: Parts, settings: Settings, *, last_sweep: LastSweep = lambda: None) -> FastAPI:
    """The application. last_sweep: when this process swept last, for /readyz; None when somebody else sweeps."""
    # No generated pages: they load scripts from elsewhere. docs/events.md says what there is.
    app = FastAPI(title="Touchpoint orchestrator", openapi_url=None, docs_url=None, redoc_url=None)
    keyring = Keyring(parts.database, parts.clock)
    app.include_router(health.router(parts, last_sweep))
    app.include_router(events.router(parts, keyring))
    answers.install(app)
    app.add_middleware(answers.BodyLimit, most_bytes=MOST_BYTES)
    return app
