"""The part of SendGrid's API that follow-ups use: mail/send, and what `touchpoint doctor` asks."""

from __future__ import annotations

import hmac
import json

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from orchestrator.carrier import credentials
from orchestrator.carrier.carrier import Carrier
from orchestrator.carrier.refusals import Refused, sendgrid
from orchestrator.carrier.trouble import answer, refusal

LARGEST_BODY = 30_000_000  # bytes: SendGrid's 30 MB
DENIED = "The provided authorization grant is invalid, expired, or revoked"


class SendGridApi:
    """SendGrid's resources over one carrier."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier

    def routes(self) -> list[BaseRoute]:
        """Every address that is answered; the last one says in SendGrid's form that the rest does not exist."""
        return [
            Route("/v3/mail/send", self._send, methods=["POST"]),
            Route("/v3/scopes", self._scopes, methods=["GET"]),
            Route("/v3/{rest:path}", self._nothing, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]

    async def _send(self, request: Request) -> Response:
        if not _is_ours(request):
            return refusal(sendgrid(401, DENIED))
        if int(request.headers.get("content-length", "0") or 0) > LARGEST_BODY:
            return refusal(sendgrid(413, "The request body is too large: at most 30 MB."))
        raw = await request.body()
        if len(raw) > LARGEST_BODY:
            return refusal(sendgrid(413, "The request body is too large: at most 30 MB."))
        if not request.headers.get("content-type", "").startswith("application/json"):
            return refusal(sendgrid(415, "Content-Type should be application/json."))
        faults = self.carrier.faults
        reset = int(self.carrier.world.now().timestamp()) + faults.retry_after_s
        limits = {"X-RateLimit-Limit": "600", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
        return await answer(
            request,
            self.carrier.world.dice.for_request(),
            faults,
            lambda: self._accept(raw),
            too_many=sendgrid(429, "too many requests", headers=limits),
            broken=sendgrid(500, "Internal Server Error"),
        )

    def _accept(self, raw: bytes) -> Response:
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError):
            return refusal(sendgrid(400, "Bad Request"))
        result = self.carrier.mails.create(body)
        if isinstance(result, Refused):
            return refusal(result)
        return Response(status_code=202, headers={"X-Message-Id": result})

    async def _scopes(self, request: Request) -> Response:
        return JSONResponse({"scopes": ["mail.send"]}) if _is_ours(request) else refusal(sendgrid(401, DENIED))

    async def _nothing(self, request: Request) -> Response:
        return refusal(sendgrid(404, "Not Found") if _is_ours(request) else sendgrid(401, DENIED))


def _is_ours(request: Request) -> bool:
    return hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {credentials.SENDGRID_KEY}".encode())
