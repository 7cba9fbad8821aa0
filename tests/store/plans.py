"""How a database would answer: its own plans of what a query asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from orchestrator.store.database import Work


def plan_of(work: Work, query: Callable[[Work], Any]) -> list[str]:
    """Line by line, as PostgreSQL or SQLite tells it, of each SELECT."""
    plans: list[str] = []
    explaining = "EXPLAIN " if work.postgres else "EXPLAIN QUERY PLAN "

    def explain(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: Any) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")) and "pg_advisory" not in statement:
            raw = conn.connection.dbapi_connection.cursor()
            raw.execute(explaining + statement, parameters)
            plans.extend(str(row[0 if work.postgres else 3]) for row in raw.fetchall())

    event.listen(work.connection, "before_cursor_execute", explain)
    query(work)
    return plans
