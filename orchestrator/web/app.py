"""The web application, put together from its routes. Everything it works with comes in as arguments."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.responses import Response

from orchestrator.config import Settings
from orchestrator.keys import Keyring
from orchestrator.parts import Parts
from orchestrator.rehearsing import rehearsed
from orchestrator.web import answers, events, health, pages, sendgrid_hooks, twilio_hooks
from orchestrator.web.health import LastSweep
from orchestrator.web.pages import Pages
from orchestrator.web.staff.app import mounted

MOST_BYTES = 5_000_000  # of one request: a thousand events have about half a megabyte


def create_app(parts: Parts, settings: Settings, *, last_sweep: LastSweep = lambda: None) -> FastAPI:
    """The application. last_sweep: when this process swept last, for /readyz; None when somebody else sweeps."""
    settings = rehearsed(settings)  # without an account, hooks believe the rehearsal carrier
    shown = Pages()
    # No generated pages: they load scripts from elsewhere. docs/events.md says what there is.
    app = FastAPI(title="Touchpoint orchestrator", openapi_url=None, docs_url=None, redoc_url=None)
    keyring = Keyring(parts.database, parts.clock)
    app.include_router(health.router(parts, last_sweep))
    app.include_router(events.router(parts, keyring))
    app.include_router(twilio_hooks.router(parts, settings))
    app.include_router(sendgrid_hooks.router(parts, settings))
    app.include_router(pages.router(parts, shown))
    staff, staff_error = mounted(parts, settings)
    app.router.routes.extend(staff)
    app.mount(pages.STATIC, pages.Static(), "static")

    def error_page(path: str, status: int) -> Response | None:
        return shown.error(path, status) or staff_error(path, status)

    answers.install(app, error_page)
    app.add_middleware(answers.BodyLimit, most_bytes=MOST_BYTES, page=error_page)
    return app
