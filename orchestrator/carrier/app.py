"""The carrier as one HTTP application: both vendors' APIs, the carrier's own addresses, and the page."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from orchestrator.carrier.carrier import Carrier
from orchestrator.carrier.page import CustomersPage
from orchestrator.carrier.rehearsal_api import RehearsalApi
from orchestrator.carrier.sendgrid_api import SendGridApi
from orchestrator.carrier.twilio_api import TwilioApi


def create_app(carrier: Carrier) -> FastAPI:
    """All of it. The vendors' parts are plain routes: they have to answer in the vendors' form even when nothing fits."""
    app = FastAPI(title="Rehearsal carrier", docs_url=None, redoc_url=None, openapi_url=None)
    app.router.routes.extend(TwilioApi(carrier).routes())
    app.router.routes.extend(SendGridApi(carrier).routes())
    app.router.routes.extend(RehearsalApi(carrier).routes())
    app.router.routes.extend(CustomersPage(carrier).routes())
    app.add_exception_handler(ClientDisconnect, lambda request, error: Response(status_code=400))  # whoever asked is gone
    return app
