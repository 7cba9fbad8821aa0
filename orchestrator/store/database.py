"""The one way into the database: a unit of work that commits at its end or changes nothing.

The only file that begins and commits transactions. SQLite writers take their turn (BEGIN IMMEDIATE); on PostgreSQL
rows are locked in one order everywhere: subjects, which versions are current, customers, enrollments, touches.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from pydantic_core import from_json, to_json
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy import Row as Row  # for annotations of callers, who speak no SQL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from orchestrator.errors import DatabaseError, SettingsError

T = TypeVar("T")
RETRIES = 4  # of a unit of work that lost a deadlock or found SQLite busy
SQLITE_WAIT_S = 30.0  # how long a writer waits for its turn
_AGAIN = {"40P01", "40001"}  # PostgreSQL: deadlock detected, serialization failure


@dataclass(frozen=True, slots=True)
class Work:
    """One open transaction, handed to the functions of the store."""

    connection: Connection
    postgres: bool


class Database:
    """A database by its URL: `sqlite:///file` or `postgresql://…`. Opening it connects to nothing yet."""

    def __init__(self, url: str, *, pool_size: int = 10, safe_writes: bool = True) -> None:
        """safe_writes=False is for throw-away files (replays, tests): a power cut may lose them."""
        self.url = url
        self.engine = _engine(url, pool_size, safe_writes=safe_writes)
        self.postgres = self.engine.dialect.name == "postgresql"

    @contextmanager
    def work(self) -> Iterator[Work]:
        """A unit of work: everything inside is committed at the end, or nothing is."""
        try:
            with self.engine.begin() as connection:
                yield Work(connection, self.postgres)
        except DBAPIError as error:
            raise _explained(error.orig or error, self.url) from None  # its own words hold values: names, numbers, texts
        except (sqlite3.Error, psycopg.Error) as error:  # store/bulk.py talks to the driver itself
            raise _explained(error, self.url) from None

    def run(self, unit: Callable[[Work], T]) -> T:
        """Run a unit of work, again when it lost a deadlock. `unit` must do nothing but database work."""
        for turn in range(RETRIES):
            try:
                with self.work() as work:
                    return unit(work)
            except Contended:
                if turn == RETRIES - 1:
                    raise
                time.sleep(0.01 * 4**turn)
        raise AssertionError("unreachable")

    def close(self) -> None:
        self.engine.dispose()


class Unstorable(DatabaseError):
    """The database takes everything but this: the row, not the database, is at fault."""


class Contended(DatabaseError):
    """Somebody else was quicker; the same unit of work may be tried again."""


def _dumps(value: object) -> str:
    return to_json(value).decode()


_OPTIONS: dict[str, Any] = {
    "json_serializer": _dumps,  # three times as fast as the standard library's
    "json_deserializer": from_json,
    "hide_parameters": True,  # errors are logged, and values are names, numbers and texts
}


def _engine(url: str, pool_size: int, *, safe_writes: bool) -> Engine:
    try:
        parts = make_url(url)
    except ArgumentError:
        raise SettingsError(
            f"TOUCHPOINT_DATABASE_URL is no database address: {url!r}. Write sqlite:///file.sqlite3 or postgresql://user@host/name"
        ) from None
    name = parts.get_backend_name()
    if name == "sqlite":
        if parts.database and parts.database != ":memory:":
            Path(parts.database).expanduser().parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parts, connect_args={"timeout": SQLITE_WAIT_S}, pool_size=pool_size, **_OPTIONS)
        _tune_sqlite(engine, safe_writes=safe_writes)
        return engine
    if name == "postgresql":
        parts = parts.set(drivername="postgresql+psycopg")
        # random_page_cost: no spinning disks; with the default of 1990 a batch of 500 would read whole tables to join them.
        # plan_cache_mode: a plan made while a table was empty reads all of it for ever after; batches make planning cheap.
        connect = {
            "options": "-c timezone=UTC -c random_page_cost=1.1 -c plan_cache_mode=force_custom_plan",
            "connect_timeout": 10,
        }
        try:
            return create_engine(
                parts,
                pool_size=pool_size,
                max_overflow=10,
                pool_pre_ping=True,
                connect_args=connect,
                **_OPTIONS,
            )
        except NoSuchModuleError as error:
            raise SettingsError(f"cannot use the database address {url!r}: {error}") from error
    raise SettingsError(f"TOUCHPOINT_DATABASE_URL names '{name}'; this works on sqlite and postgresql")


def _tune_sqlite(engine: Engine, *, safe_writes: bool) -> None:
    @event.listens_for(engine, "connect")
    def _connect(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={'NORMAL' if safe_writes else 'OFF'}",
            "foreign_keys=ON",
            "recursive_triggers=ON",  # so that REPLACE fires those that keep the audit trail append-only
            "cache_size=-65536",
            "temp_store=MEMORY",
        ):
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # a reader that becomes a writer later would fail as busy


def _explained(error: BaseException, url: str) -> DatabaseError:
    """What went wrong in plain words, with what to do."""
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    state = getattr(error, "sqlstate", None)
    if state in _AGAIN or "database is locked" in said:
        return Contended(said)
    if "database or disk is full" in said or state == "53100":
        return DatabaseError("the disk that holds the database is full: nothing was stored; make room and send it again")
    if "no such table" in said or state == "42P01":
        return DatabaseError(f"the database has no tables yet ({said}); run 'touchpoint db upgrade'")
    if str(state)[:2] in ("22", "23") or isinstance(error, sqlite3.IntegrityError | sqlite3.DataError):
        return Unstorable(f"the database will not have this: {said}")
    shown = make_url(url).render_as_string(hide_password=True)
    return DatabaseError(f"the database {shown} refused: {said}")


def ping(database: Database) -> None:
    """Ask the database for nothing; raises DatabaseError with what to do when it does not answer."""
    with database.work() as work:
        work.connection.execute(text("SELECT 1"))
