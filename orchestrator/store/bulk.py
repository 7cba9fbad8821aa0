"""Many rows with one statement: COPY and UPDATE … FROM unnest on PostgreSQL, prepared statements on SQLite.

Set statements instead of a statement a row are where the speed comes from (seven times, measured).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic_core import to_json
from sqlalchemy import Table

from orchestrator.store.database import Work
from orchestrator.store.values import Typed

Row = Mapping[str, Any]


def insert(work: Work, table: Table, rows: Sequence[Row], *, or_ignore: Sequence[str] = ()) -> set[UUID]:
    """Insert rows that all have the same keys.

    or_ignore: columns of a unique key; rows that are already there are left alone, and the ids of those that are new come back
    (otherwise the answer is empty, because all are).
    """
    if not rows:
        return set()
    names = tuple(rows[0])
    if work.postgres and not or_ignore:
        _copy(work, table, names, rows)
        return set()
    if work.postgres:
        common = _common(names, rows)
        statement, columns = _pg_insert(table, names, tuple(or_ignore), common)
        return set(work.connection.exec_driver_sql(statement, _parameters(columns, common, rows)).scalars().all())
    statement, columns = _lite_insert(table, names, tuple(or_ignore))
    values = [[c.lite(r[c.name]) for c in columns] for r in rows]
    if not or_ignore:
        _cursor(work).executemany(statement, values)
        return set()
    cursor, new = _cursor(work), set()
    for row, value in zip(rows, values, strict=True):
        if cursor.execute(statement, value).rowcount:
            new.add(row["id"])
    return new


def insert_new(work: Work, table: Table, rows: Sequence[Row], *, unique: Sequence[str]) -> None:
    """Insert rows of a table that numbers them itself; those whose unique columns are there already are left alone."""
    if not rows:
        return
    names = tuple(rows[0])
    if work.postgres:
        common = _common(names, rows)
        statement, columns = _pg_insert(table, names, tuple(unique), common)
        work.connection.exec_driver_sql(statement, _parameters(columns, common, rows))
        return
    statement, columns = _lite_insert(table, names, tuple(unique))
    _cursor(work).executemany(statement, [[c.lite(r[c.name]) for c in columns] for r in rows])


def update(work: Work, table: Table, rows: Sequence[Row], *, match: Sequence[str]) -> set[UUID]:
    """Change rows where every `match` column has the value in the row; answers the ids that were changed.

    match must hold "id". A column may stand in `match` under "was_NAME" to compare the old value with another than the new one.
    """
    if not rows:
        return set()
    names = tuple(rows[0])
    if work.postgres:
        common = _common(names, rows)
        statement, columns = _pg_update(table, names, tuple(match), common)
        return set(work.connection.exec_driver_sql(statement, _parameters(columns, common, rows)).scalars().all())
    statement, columns = _lite_update(table, names, tuple(match))
    cursor, changed = _cursor(work), set()
    for row in rows:
        if cursor.execute(statement, [c.lite(row[c.given]) for c in columns]).rowcount:
            changed.add(row["id"])
    return changed


def _copy(work: Work, table: Table, names: tuple[str, ...], rows: Sequence[Row]) -> None:
    """COPY in binary: a tenth of what arrays as text cost our side, half of what they cost the server (measured)."""
    statement, types, special = _pg_copy(table, names)
    pick = itemgetter(*names)
    with _cursor(work).copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            values = pick(row)
            if special:
                values = list(values)
                for at in special:
                    values[at] = Jsonb(values[at], to_json) if values[at] is not None else None
            copy.write_row(values)


def _common(names: tuple[str, ...], rows: Sequence[Row]) -> frozenset[str]:
    """Columns with the same value in all rows: it travels once. Only what is cheap to compare is looked at."""
    first = rows[0]
    return frozenset(
        n for n in names if n != "id" and isinstance(first[n], _CHEAP) and all(r[n] is first[n] or r[n] == first[n] for r in rows)
    )


_CHEAP = (str, int, float, datetime, type(None))  # bool is an int


def _parameters(columns: Sequence[Typed], common: frozenset[str], rows: Sequence[Row]) -> tuple[Any, ...]:
    """In the order they stand in the statement."""
    return tuple(_one(c, rows[0]) if c.given in common else _array(c, rows) for c in columns)


def _array(column: Typed, rows: Sequence[Row]) -> list[Any]:
    given, convert = column.given, column.pg
    return [r[given] for r in rows] if convert is None else [convert(r[given]) for r in rows]


def _one(column: Typed, row: Row) -> Any:
    value = row[column.given]
    return value if column.pg is None else column.pg(value)


def _cursor(work: Work) -> Any:
    """The driver's own cursor: COPY is not SQLAlchemy's, and on SQLite its wrapping would cost more than the statement."""
    raw = work.connection.connection.dbapi_connection
    assert raw is not None
    return raw.cursor()


@lru_cache(maxsize=256)
def _typed(table: Table, names: tuple[str, ...]) -> list[Typed]:
    return [Typed(table.c[n.removeprefix("was_")], n) for n in names]


@lru_cache(maxsize=256)
def _pg_copy(table: Table, names: tuple[str, ...]) -> tuple[str, list[str], list[int]]:
    columns = _typed(table, names)
    listed = ", ".join(f'"{n}"' for n in names)
    json = [at for at, c in enumerate(columns) if c.cast == "jsonb"]
    return f"COPY {table.name} ({listed}) FROM STDIN (FORMAT BINARY)", [c.copied for c in columns], json


def _from(columns: Sequence[Typed], common: frozenset[str]) -> tuple[str, list[Typed]]:
    """Where values come from: `o`, one row of what is common, and `u`, the arrays; with the columns in the order of parameters.

    JSON travels as text: a jsonb array would be parsed twice.
    """
    same, each = [c for c in columns if c.given in common], [c for c in columns if c.given not in common]
    cast = {c.given: "text" if c.cast == "jsonb" else c.cast for c in columns}
    once = ", ".join(f"%b::{cast[c.given]} AS {c.given}" for c in same) or "1 AS nothing"
    arrays = ", ".join(f"%b::{cast[c.given]}[]" for c in each)
    return f"(SELECT {once}) AS o, unnest({arrays}) AS u({', '.join(c.given for c in each)})", [*same, *each]


def _value(column: Typed, common: frozenset[str]) -> str:
    name = f"{'o' if column.given in common else 'u'}.{column.given}"
    return f"{name}::jsonb" if column.cast == "jsonb" else name


@lru_cache(maxsize=512)
def _pg_insert(
    table: Table, names: tuple[str, ...], or_ignore: tuple[str, ...], common: frozenset[str]
) -> tuple[str, list[Typed]]:
    source, columns = _from(_typed(table, names), common)
    listed = ", ".join(f'"{c.name}"' for c in columns)
    values = ", ".join(_value(c, common) for c in columns)
    end = f"ON CONFLICT ({', '.join(or_ignore)}) DO NOTHING RETURNING id"
    return f"INSERT INTO {table.name} ({listed}) SELECT {values} FROM {source} {end}", columns  # noqa: S608 (our own names)


@lru_cache(maxsize=256)
def _lite_insert(table: Table, names: tuple[str, ...], or_ignore: tuple[str, ...]) -> tuple[str, list[Typed]]:
    listed = ", ".join(f'"{n}"' for n in names)
    end = f" ON CONFLICT ({', '.join(or_ignore)}) DO NOTHING" if or_ignore else ""
    marks = ", ".join("?" for _ in names)
    return f"INSERT INTO {table.name} ({listed}) VALUES ({marks}){end}", _typed(table, names)  # noqa: S608 (our own names)


def _same_pg(table: Table, column: Typed, value: str) -> str:
    """Null equals null here; only where it can be null, because PostgreSQL uses no index for IS NOT DISTINCT FROM."""
    sign = "IS NOT DISTINCT FROM" if table.c[column.name].nullable else "="
    return f"{table.name}.{column.name} {sign} {value}"


@lru_cache(maxsize=512)
def _pg_update(table: Table, names: tuple[str, ...], match: tuple[str, ...], common: frozenset[str]) -> tuple[str, list[Typed]]:
    source, columns = _from(_typed(table, names), common)
    sets = ", ".join(f'"{c.name}" = {_value(c, common)}' for c in columns if c.given not in match)
    where = " AND ".join(_same_pg(table, c, _value(c, common)) for c in columns if c.given in match)
    return f"UPDATE {table.name} SET {sets} FROM {source} WHERE {where} RETURNING {table.name}.id", columns  # noqa: S608


@lru_cache(maxsize=256)
def _lite_update(table: Table, names: tuple[str, ...], match: tuple[str, ...]) -> tuple[str, list[Typed]]:
    columns = sorted(_typed(table, names), key=lambda c: c.given in match)  # SET values first, then WHERE values
    sets = ", ".join(f'"{c.name}" = ?' for c in columns if c.given not in match)
    where = " AND ".join(f"{c.name} IS ?" for c in columns if c.given in match)
    return f"UPDATE {table.name} SET {sets} WHERE {where}", columns  # noqa: S608 (our own names)
