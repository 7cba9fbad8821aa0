"""A database with tables and published playbooks for each test, made once and copied; events as a business would send them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orchestrator.authoring import publish
from orchestrator.channels.base import KINDS
from orchestrator.channels.null import Null
from orchestrator.ids import new_id
from orchestrator.parts import Parts
from orchestrator.rulebook import Rulebook
from orchestrator.store.database import Database
from orchestrator.store.upgrade import upgrade
from tests import servers

ROOT = Path(__file__).resolve().parents[2]
CHICAGO = ZoneInfo("America/Chicago")


class Hands:
    """A clock that stands still until a test moves it."""

    def __init__(self, local: str) -> None:
        """local: a moment in Chicago, "2026-11-20 10:00"."""
        self.set(local)

    def set(self, local: str) -> None:
        self.now = datetime.fromisoformat(local).replace(tzinfo=CHICAGO).astimezone(ZoneInfo("UTC"))

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Template:
    """A database that is ready, to be copied, and the playbooks compiled from it."""

    url: str
    rulebook: Rulebook


def parts_on(url: str, clock: Hands, rulebook: Rulebook | None = None) -> Parts:
    """The system on this database; nothing is sent anywhere."""
    null = Null()
    channels = dict.fromkeys(KINDS, null)
    return Parts(Database(url, safe_writes=False), rulebook or Rulebook(), channels, clock, new_id)


def quote_sent(key: str = "81", **changed: Any) -> dict[str, Any]:
    """The event of docs/events.md: a quote went out on Friday morning."""
    event = {
        "id": key,
        "source": "crm",
        "type": "quote.sent",
        "subject": "quote/Q-1042",
        "time": "2026-11-20T09:12:00-06:00",
        "customer": {
            "id": "C-77",
            "name": "Dana Ortiz",
            "phone": "+13125550142",
            "email": "dana@example.com",
            "time_zone": "America/Chicago",
            "locale": "en-US",
            "consent": {"email": "service", "text": "service", "call": "service"},
        },
        "data": {"amount": 1850, "currency": "USD", "owner": "ari"},
    }
    return {**event, **changed}


@pytest.fixture
def clock() -> Hands:
    """Friday, ten in the morning, in Chicago."""
    return Hands("2026-11-20 10:00")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return _made(f"sqlite:///{tmp_path_factory.mktemp('ready') / 'template.sqlite3'}")


@pytest.fixture(scope="session")
def postgres_template(postgres_server: servers.Postgres) -> Iterator[Template]:
    url = postgres_server.new_database()
    yield _made(url)
    postgres_server.drop_database(url)


@pytest.fixture
def ready(sqlite_template: Template, tmp_path: Path, clock: Hands) -> Iterator[Parts]:
    """The system with the project's own playbooks published, on SQLite."""
    file = tmp_path / "touchpoint.sqlite3"
    shutil.copy(sqlite_template.url.removeprefix("sqlite:///"), file)
    parts = parts_on(f"sqlite:///{file}", clock, sqlite_template.rulebook)
    yield parts
    parts.database.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def ready_on_both(request: pytest.FixtureRequest, clock: Hands) -> Iterator[Parts]:
    """The same, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("ready")
        return
    template: Template = request.getfixturevalue("postgres_template")
    server: servers.Postgres = request.getfixturevalue("postgres_server")
    url = server.new_database(like=template.url)
    parts = parts_on(url, clock, template.rulebook)
    yield parts
    parts.database.close()
    server.drop_database(url)


def _made(url: str) -> Template:
    parts = parts_on(url, Hands("2026-11-01 08:00"))
    upgrade(parts.database)
    publish(parts, ROOT / "playbooks", "tests")
    parts.database.run(parts.rulebook.refresh)
    parts.database.close()
    return Template(url, parts.rulebook)
