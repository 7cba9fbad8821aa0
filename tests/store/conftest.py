"""Databases with tables for store tests, made once and copied."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrator.store.database import Database
from tests.stories.conftest import _postgres_model, _sqlite_model, ready_url  # noqa: F401  (fixtures)


@pytest.fixture
def database(ready_url: str) -> Iterator[Database]:  # noqa: F811
    """A database with tables and nothing in them."""
    made = Database(ready_url, safe_writes=False)
    yield made
    made.close()
