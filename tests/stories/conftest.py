"""A world for each story, on SQLite and on PostgreSQL, with the tables made once and copied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.store.database import Database
from orchestrator.store.upgrade import upgrade
from tests import servers
from tests.stories import books
from tests.stories.carried import CarriedWorld
from tests.stories.world import World, books_balance


def _migrated(url: str) -> str:
    database = Database(url, safe_writes=False)
    upgrade(database)
    database.close()
    return url


@pytest.fixture(scope="session")
def _sqlite_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.sqlite3"
    _migrated(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def _postgres_model(postgres_server: servers.Postgres) -> str:
    return _migrated(postgres_server.new_database())


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def ready_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with tables and nothing in them."""
    if request.param == "sqlite":
        path = tmp_path / "touchpoint.sqlite3"
        shutil.copy(request.getfixturevalue("_sqlite_model"), path)
        yield f"sqlite:///{path}"
        return
    model: str = request.getfixturevalue("_postgres_model")
    postgres: servers.Postgres = request.getfixturevalue("postgres_server")
    url = postgres.new_database(like=model)
    yield url
    postgres.drop_database(url)


@pytest.fixture
def world(ready_url: str, tmp_path: Path) -> Iterator[World]:
    """A story's world. At its end nothing unexpected has happened, and the books balance."""
    made = World(ready_url, tmp_path / "playbooks")
    try:
        yield made
        made.expect_nothing()
        books_balance(made)
    finally:
        made.close()


@pytest.fixture
def postgres_world(postgres_server: servers.Postgres, _postgres_model: str, tmp_path: Path) -> Iterator[World]:
    """The same, on PostgreSQL only: for races, which SQLite's one writer at a time does not have."""
    url = postgres_server.new_database(like=_postgres_model)
    made = World(url, tmp_path / "playbooks")
    try:
        yield made
        made.expect_nothing()
        books_balance(made)
    finally:
        made.close()
        postgres_server.drop_database(url)


@pytest.fixture
def carried(ready_url: str, tmp_path: Path) -> Iterator[CarriedWorld]:
    """A world whose messages go through the SDKs to the rehearsal carrier, and whose books balance with the carrier's at the end."""
    world = CarriedWorld(ready_url, tmp_path / "playbooks")
    try:
        yield world
        found = books.faults(world.parts.database, world.handles())
        assert not found, "\n".join([*found[:20], world.story()])
    finally:
        world.close()


@pytest.fixture
def slow_texts(ready_url: str, tmp_path: Path) -> Iterator[CarriedWorld]:
    """A world whose sender of texts may send one a second."""
    world = CarriedWorld(ready_url, tmp_path / "playbooks", texts_per_second=1)
    yield world
    world.close()
