"""A small SendGrid on loopback that answers as a test tells it.

Every request that a test makes is checked against SendGrid's own document, where it is at hand.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from orchestrator.channels.base import Company, Outgoing
from orchestrator.channels.sendgrid import SendGrid
from orchestrator.channels.sendgrid_batches import MOST_BYTES
from orchestrator.config import Settings
from orchestrator.ids import new_id
from tests.channels.quiet import Quiet

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
COMPANY = Company("Harbor & Pine", "(312) 555-0100", address="18 Pine Street, Chicago")
DOCUMENT = (
    Path(os.environ.get("TOUCHPOINT_CONTRACTS") or Path(__file__).resolve().parents[3] / "shared" / "contracts")
    / "sendgrid"
    / "v3.mail_send_event_webhook.openapi.json"
)


def message(to: str = "dana@example.com", body: str = "Hi **there**.", **more: object) -> Outgoing:
    plain = Outgoing(
        new_id(), "email", NOW + timedelta(minutes=1), to, body, f"For {to.partition('@')[0]}", preheader="Look",
        reply_to="ari@harborandpine.example.com", playbook="quote-follow-up", touchpoint="quote-thanks", company=COMPANY,
        unsubscribe_url=f"https://touch.example.com/u/{to.partition('@')[0]}",
    )  # fmt: skip
    return replace(plain, **more)  # type: ignore[arg-type]  # fields by name


@dataclass
class Says:
    """An answer of the server. raw: bytes on the line instead of it; None closes the connection at once."""

    status: int = 202
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw: bytes | None = b""


ACCEPTED = Says(202)
LOST = Says(raw=None)


class Provider:
    """Takes requests as SendGrid does, keeps them, and answers as the test tells."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []
        self.paths: list[str] = []
        self.answer: Callable[[dict[str, Any]], Says] = lambda request: ACCEPTED
        self.delay_s = 0.0
        self._lock = threading.Lock()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with provider._lock:
                    number = len(provider.requests)
                    provider.requests.append(request)
                    provider.headers.append(self.headers)
                    provider.paths.append(self.path)
                says = provider.answer(request)
                threading.Event().wait(provider.delay_s)
                if says.raw is None:
                    self.close_connection = True
                    return
                if says.raw:
                    self.wfile.write(says.raw)
                    self.close_connection = True
                    return
                self.send_response(says.status)
                for name, value in ({"X-Message-Id": f"m{number}"} if says is ACCEPTED else says.headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(says.body)))
                self.end_headers()
                self.wfile.write(says.body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def people(self) -> list[dict[str, Any]]:
        """Every personalization of every request."""
        return [p for r in self.requests for p in r["personalizations"]]

    def addresses(self) -> list[list[str]]:
        """Who was in each request."""
        return [sorted(p["to"][0]["email"] for p in r["personalizations"]) for r in self.requests]


@pytest.fixture
def provider() -> Iterator[Provider]:
    server = Provider()
    try:
        yield server
        check_against_the_document(server.requests)
    finally:
        server.close()


def channel(provider: Provider | str, clock: Callable[[], datetime] = lambda: NOW, **more: object) -> SendGrid:
    fields: dict[str, object] = {
        "sendgrid_url": provider if isinstance(provider, str) else provider.url, "sendgrid_api_key": "SG.test.key",
        "email_from": "hello@harborandpine.example.com", "provider_timeout_s": 10.0,
    }  # fmt: skip
    return SendGrid(Settings(_env_file=None, **(fields | more)), clock)  # type: ignore[arg-type]  # fields by name


def check_against_the_document(requests: list[dict[str, Any]]) -> None:
    """Every request is one that SendGrid's document allows, with its mistake mended: top-level custom_args are no text."""
    if not DOCUMENT.is_file():
        return
    document = json.loads(DOCUMENT.read_text())
    schema = document["paths"]["/v3/mail/send"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    schema["properties"]["custom_args"] = {"type": "object"}
    checked = jsonschema.Draft202012Validator(
        {**schema, "components": document["components"], "additionalProperties": False},
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )
    for request in requests:
        checked.validate(request)
        everyone = [to["email"].lower() for p in request["personalizations"] for to in p["to"]]
        assert len(everyone) == len(set(everyone)) <= 1_000, "each address once, 1,000 at most"
        for person in request["personalizations"]:
            assert sum(len((k + v).encode()) for k, v in person.get("substitutions", {}).items()) <= MOST_BYTES
