"""Asking for many rows by their keys, with statements that are put together once and kept.

Putting a statement together takes SQLAlchemy several times as long as running it takes the database, and a list of 500 parameters
longer still. So a statement is kept for each kind of database, and a set of keys is one parameter: an array, or JSON on SQLite.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Column, ColumnElement, Select, String, any_, bindparam, func, select, type_coerce

from orchestrator.store.database import Work


def kept(build: Callable[[bool], Select[Any]]) -> Callable[[Work], Select[Any]]:
    """A statement that is put together when it is first asked for. `build` is told whether it is for PostgreSQL."""
    made = cache(build)
    return lambda work: made(work.postgres)


def among(column: Column[Any], name: str, *, postgres: bool) -> ColumnElement[bool]:
    """`column IN` the keys that the parameter of that name holds; see `keys`."""
    if postgres:
        return column == any_(bindparam(name, type_=ARRAY(column.type)))
    listed = func.json_each(bindparam(name, type_=String)).table_valued("value")
    return column.in_(select(type_coerce(listed.c.value, column.type)))


def keys(work: Work, values: Iterable[Any]) -> Any:
    """Keys as the parameter that `among` wants."""
    if work.postgres:
        return list(values)
    return json.dumps([v.hex if isinstance(v, UUID) else v for v in values])
