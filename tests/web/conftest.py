"""The web application on a ready database, with keys for those who may post."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from orchestrator.config import Settings
from orchestrator.core.roles import Role
from orchestrator.keys import issue
from orchestrator.parts import Parts
from orchestrator.web.app import create_app
from tests.intake.ready import Hands, clock, postgres_template, ready, ready_on_both, sqlite_template
from tests.web.practice import Business

SETTINGS = Settings(_env_file=None)
__all__ = ["clock", "postgres_template", "ready", "ready_on_both", "sqlite_template"]


def client_of(parts: Parts, *scopes: str) -> TestClient:
    """A sender whose key has these scopes (events:write when none is named)."""
    role = Role.AUDITOR if scopes == ("read",) else Role.LEAD if "read" in scopes else None
    name = f"key-{'-'.join(scopes).replace(':', '.') or 'crm'}"
    return client_with(parts, issue(parts, name, scopes or ("events:write",), role))


def client_with(parts: Parts, key: str) -> TestClient:
    """A sender with a key that is there already, at a process of its own."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return TestClient(create_app(parts, SETTINGS), headers=headers, raise_server_exceptions=False)


@pytest.fixture
def crm(ready: Parts) -> Iterator[TestClient]:
    """A system that may post events, on SQLite."""
    with client_of(ready) as client:
        yield client


@pytest.fixture
def crm_on_both(ready_on_both: Parts) -> Iterator[TestClient]:
    """The same, once on each kind of database."""
    with client_of(ready_on_both) as client:
        yield client


@pytest.fixture
def business(ready: Parts, tmp_path: Path, clock: Hands) -> Business:
    """A follow-up is under way: an e-mail with a survey, a text and a voice call went out, on SQLite."""
    return Business(ready, tmp_path / "design", clock)


@pytest.fixture
def web(business: Business) -> Iterator[TestClient]:
    """Whoever reaches its web application from outside, without a key and without cookies."""
    with business.client() as client:
        yield client


@pytest.fixture
def web_on_both(ready_on_both: Parts, tmp_path: Path, clock: Hands) -> Iterator[tuple[Business, TestClient]]:
    """The business and its web application, once on each kind of database."""
    business = Business(ready_on_both, tmp_path / "design", clock)
    with business.client() as client:
        yield business, client
