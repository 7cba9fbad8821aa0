"""Asking for many rows by their keys: one array parameter on PostgreSQL, a list of them on SQLite."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, Column, ColumnElement, any_, bindparam

from orchestrator.store.database import Work


def among(work: Work, column: Column[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """`column IN values`. A list of 500 parameters costs SQLAlchemy more than the query costs the server."""
    wanted = list(values)
    if work.postgres:
        return column == any_(bindparam(None, wanted, type_=ARRAY(column.type), unique=True))
    return column.in_(wanted)
