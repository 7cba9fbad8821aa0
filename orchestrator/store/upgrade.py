"""Bringing a database to the code's version, and refusing one that is newer. Alembic is imported only here (it takes a second)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import inspect, text

from orchestrator.errors import DatabaseError
from orchestrator.store.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

Standing = Literal["empty", "behind", "current", "newer"]
HERE = Path(__file__).parent / "migrations"
HEAD = "0004"  # the newest file in migrations/versions; a test compares


def standing(database: Database) -> Standing:
    """How the database's tables compare with the code's."""
    found = revision(database)
    if found is None:
        return "empty"
    if found == HEAD:
        return "current"
    return "behind" if found in _known() else "newer"


def revision(database: Database) -> str | None:
    """The revision the database says it has; None when it has no tables of ours."""
    with database.work() as work:
        if "alembic_version" not in inspect(work.connection).get_table_names():
            return None
        return work.connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def require_current(database: Database) -> None:
    """Raise DatabaseError with what to do unless the tables are just what this code expects."""
    match standing(database):
        case "current":
            return
        case "newer":
            raise DatabaseError(
                f"the database is of a newer version ({revision(database)}) than this program ({HEAD}): install the newer program; "
                "nothing was changed"
            )
        case "empty" | "behind":
            raise DatabaseError("the database is not up to date: run 'touchpoint db upgrade'")


def upgrade(database: Database) -> None:
    """Create or change the tables. Does nothing when they are current; refuses a newer database."""
    state = standing(database)
    if state == "newer":
        require_current(database)
    if state == "current":
        return
    from alembic import command

    with database.work() as work:
        config = alembic_config()
        config.attributes["connection"] = work.connection
        command.upgrade(config, "head")


def alembic_config() -> Config:
    """Alembic's configuration, without a file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HERE))
    return config


def _known() -> set[str]:
    return {path.stem.split("_")[0] for path in (HERE / "versions").glob("[0-9]*.py")}
