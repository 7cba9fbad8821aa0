"""A small Twilio on loopback. Each request that it gets is checked against the official document, where that is at hand."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from orchestrator.channels.base import Answer, Outgoing, Sought, fingerprint
from orchestrator.channels.twilio import Twilio
from orchestrator.config import Settings
from orchestrator.ids import new_id
from tests.channels.quiet import Quiet

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
DANA, SAM, US = "+13125550142", "+13125550143", "+13125550100"
ACCOUNT = "AC" + "0" * 32
CONTRACT = Path(os.environ.get("TOUCHPOINT_CONTRACTS", Path(__file__).parents[3] / "shared" / "contracts")) / "twilio"
DOCUMENT = CONTRACT / "api_v2010.calls_messages_recordings.openapi.json"
Form = dict[str, list[str]]
Said = tuple[int, dict[str, str], bytes]


class Asked:
    """A request that our Twilio got."""

    def __init__(self, method: str, path: str, query: Form, form: Form, headers: dict[str, str]) -> None:
        self.method, self.path, self.query, self.form, self.headers = method, path, query, form, headers

    def __getitem__(self, name: str) -> str:
        (value,) = self.form[name]
        return value


class LittleTwilio:
    """Takes texts and calls, lists them as Twilio does, newest first, and misbehaves when told to."""

    def __init__(self) -> None:
        self.now, self.asked, self.page_size = NOW, list[Asked](), 50
        self.kept: dict[str, list[dict[str, Any]]] = {"Messages": [], "Calls": []}
        self.instead: Callable[[Asked], Said | None] = lambda asked: None
        self._lock = threading.Lock()
        little = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                url = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                asked = Asked(
                    self.command, url.path, parse_qs(url.query), parse_qs(body, keep_blank_values=True), dict(self.headers)
                )
                with little._lock:
                    little.asked.append(asked)
                status, headers, said = little.instead(asked) or little.answer(asked)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(said)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said)

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                pass

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()

    def keep(self, kind: str, to: str = DANA, body: str = "How are you?", sent: datetime | None = None, **more: Any) -> str:
        """A text or call that Twilio has; answers its name."""
        sid = ("SM" if kind == "Messages" else "CA") + uuid4().hex
        at = more.pop("at", self.now)
        record = {
            "sid": sid, "to": to, "from": US, "direction": "outbound-api", "status": "queued", "date_created": format_datetime(at),
            "body": body, "date_sent": format_datetime(sent) if sent else None, "start_time": format_datetime(sent) if sent else None,
            "account_sid": ACCOUNT, "messaging_service_sid": None, **more,
        }  # fmt: skip
        with self._lock:
            self.kept[kind].insert(0, record)
        return sid

    def answer(self, asked: Asked) -> Said:
        kind, sid = re.fullmatch(rf"/2010-04-01/Accounts/{ACCOUNT}/(Messages|Calls)(?:/(\w+))?\.json", asked.path).groups()  # type: ignore[union-attr]
        one = next((r for r in self.kept[kind] if r["sid"] == sid), None)
        if sid and one is None:
            return refusal(404, 20404)
        if asked.method == "POST" and one is not None:
            if one["status"] in ("queued", "ringing"):
                one["status"] = asked["Status"]
            return 200, {}, json.dumps(one).encode()
        if asked.method == "POST":
            body = asked.form.get("Body", [""])[0]
            self.keep(kind, asked["To"], body, **{"from": asked.form.get("From", [None])[0]})
            return 201, {}, json.dumps(self.kept[kind][0]).encode()
        return 200, {}, json.dumps(one or self._page(kind, asked)).encode()

    def _page(self, kind: str, asked: Asked) -> dict[str, Any]:
        day_of = "DateSent" if kind == "Messages" else "StartTime"
        day, to = asked.query.get(day_of, [None])[0], asked.query["To"][0]
        dated = "date_sent" if kind == "Messages" else "start_time"

        def on(record: dict[str, Any]) -> bool:
            return day is None or (
                record[dated] is not None
                and datetime.strptime(record[dated], "%a, %d %b %Y %H:%M:%S %z").date().isoformat() == day
            )

        found = [r for r in self.kept[kind] if r["to"] == to and on(r)]
        start, size = int(asked.query.get("Page", ["0"])[0]), min(self.page_size, int(asked.query["PageSize"][0]))
        rest = found[start * size :]
        onward = f"{asked.path}?To={to.replace('+', '%2B')}&PageSize={size}&Page={start + 1}" + (
            f"&{day_of}={day}" if day else ""
        )
        return {
            kind.lower(): rest[:size],
            "next_page_uri": onward if len(rest) > size else None,
            "uri": asked.path,
            "page": start,
        }


def refusal(status: int, code: int, **headers: str) -> Said:
    said = {"code": code, "message": f"The number {DANA} and so on", "more_info": "https://www.twilio.com", "status": status}
    return status, headers, json.dumps(said).encode()


@pytest.fixture
def little() -> Iterator[LittleTwilio]:
    server = LittleTwilio()
    yield server
    server.stop()
    if DOCUMENT.exists():
        for asked in server.asked:
            assert faults(asked) == []


def channel(little: LittleTwilio, clock: Callable[[], datetime] = lambda: NOW, **settings: Any) -> Twilio:
    given: dict[str, Any] = {
        "twilio_account_sid": ACCOUNT, "twilio_auth_token": "t" * 32, "twilio_url": little.url, "text_from": US, "caller_id": US,
        "public_url": "https://touch.example.com", "provider_timeout_s": 5, **settings,
    }  # fmt: skip
    return Twilio(Settings(_env_file=None, **given), clock)


def message(kind: str = "text", body: str = "How are you?", to: str = DANA, **more: Any) -> Outgoing:
    more.setdefault("not_after", NOW + timedelta(minutes=1))
    return Outgoing(new_id(), kind, to=to, body=body, **more)


def only(answers: list[Answer]) -> Answer:
    (answer,) = answers
    return answer


def sought(body: str = "How are you?", kind: str = "text", began: datetime = NOW, **more: Any) -> Sought:
    return Sought(new_id(), kind, DANA, fingerprint(body), began, began + timedelta(seconds=15), **more)


@cache
def document() -> dict[str, Any]:
    return json.loads(DOCUMENT.read_text())  # type: ignore[no-any-return]


def faults(asked: Asked) -> list[str]:
    """What the official document has against a request."""
    for template, methods in document()["paths"].items():
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", r"\\w{34}", re.escape(template)), asked.path) and asked.method.lower() in methods:
            break
    else:
        return [f"{asked.method} {asked.path} is in no document"]
    how = methods[asked.method.lower()]
    queries = {p["name"]: p["schema"] for p in how.get("parameters", ()) if p["in"] == "query"}
    found = [f"query {name} is unknown" for name in asked.query if name not in queries]
    body = how.get("requestBody", {}).get("content", {}).get("application/x-www-form-urlencoded", {}).get("schema", {})
    fields, required = body.get("properties", {}), body.get("required", ())
    found += [f"{name} is missing" for name in required if name not in asked.form]
    for name, values in asked.form.items():
        schema = fields.get(name)
        if schema is None:
            found.append(f"{name} is unknown")
            continue
        if "$ref" in schema:
            schema = document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        if len(values) > 1 and schema.get("type") != "array":
            found.append(f"{name} is given twice")
        found += [f"{name} is ill-typed" for value in values if not _typed(value, schema.get("items", schema))]
    return found


def _typed(value: str, schema: dict[str, Any]) -> bool:
    if schema.get("type") == "integer" and not re.fullmatch(r"-?\d+", value):
        return False
    if schema.get("type") == "boolean" and value not in ("true", "false"):
        return False
    if schema.get("format") == "uri" and not urlsplit(value).netloc:
        return False
    if schema.get("format") in ("phone-number", "endpoint") and not re.fullmatch(r"\+\d{8,15}", value):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    return len(value) >= schema.get("minLength", 0) and re.search(schema.get("pattern", ""), value) is not None
