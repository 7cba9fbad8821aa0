"""Many rows with one statement: COPY and UPDATE … FROM unnest on PostgreSQL, prepared statements on SQLite.

Set statements instead of a statement a row are where the speed comes from (seven times, measured).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        statement, columns = _pg_insert(table, names, tuple(or_ignore))
        found = work.connection.exec_driver_sql(statement, tuple(_array(c, rows) for c in columns))
        return set(found.scalars().all())
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


def update(work: Work, table: Table, rows: Sequence[Row], *, match: Sequence[str]) -> set[UUID]:
    """Change rows where every `match` column has the value in the row; answers the ids that were changed.

    match must hold "id". A column may stand in `match` under "was_NAME" to compare the old value with another than the new one.
    """
    if not rows:
        return set()
    names = tuple(rows[0])
    if work.postgres:
        # what is the same in all rows travels once
        common = frozenset(n for n in names if n != "id" and all(r[n] is rows[0][n] for r in rows))
        statement, columns = _pg_update(table, names, tuple(match), common)
        values = (_one(c, rows[0]) if c.given in common else _array(c, rows) for c in columns)
        return set(work.connection.exec_driver_sql(statement, tuple(values)).scalars().all())
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


# text[] cast to jsonb[] element by element: a jsonb array parameter would be parsed twice
def _unnest(columns: Sequence[Typed]) -> str:
    arrays = ", ".join(f"%b::{'text' if c.cast == 'jsonb' else c.cast}[]" for c in columns)
    return f"unnest({arrays}) AS u({', '.join(c.given for c in columns)})"


def _value(column: Typed) -> str:
    return f"u.{column.given}::jsonb" if column.cast == "jsonb" else f"u.{column.given}"


@lru_cache(maxsize=256)
def _pg_insert(table: Table, names: tuple[str, ...], or_ignore: tuple[str, ...]) -> tuple[str, list[Typed]]:
    columns = _typed(table, names)
    listed = ", ".join(f'"{n}"' for n in names)
    end = f" ON CONFLICT ({', '.join(or_ignore)}) DO NOTHING RETURNING id" if or_ignore else ""
    values = ", ".join(_value(c) for c in columns)
    return f"INSERT INTO {table.name} ({listed}) SELECT {values} FROM {_unnest(columns)}{end}", columns  # noqa: S608 (our own names)


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
    columns = _typed(table, names)
    same = [c for c in columns if c.given in common]
    each = [c for c in columns if c.given not in common]
    # parameters come in the order they stand in the statement: a table of one row for what is common, then the arrays
    once = ", ".join(f"%b::{'text' if c.cast == 'jsonb' else c.cast} AS {c.given}" for c in same) or "1 AS nothing"
    source = {c.given: f"{'o' if c.given in common else 'u'}.{c.given}" for c in columns}
    value = {c.given: f"{source[c.given]}::jsonb" if c.cast == "jsonb" else source[c.given] for c in columns}
    sets = ", ".join(f'"{c.name}" = {value[c.given]}' for c in columns if c.given not in match)
    where = " AND ".join(_same_pg(table, c, source[c.given]) for c in columns if c.given in match)
    statement = (
        f"UPDATE {table.name} SET {sets} FROM (SELECT {once}) AS o, {_unnest(each)} WHERE {where} RETURNING {table.name}.id"  # noqa: S608
    )
    return statement, [*same, *each]


@lru_cache(maxsize=256)
def _lite_update(table: Table, names: tuple[str, ...], match: tuple[str, ...]) -> tuple[str, list[Typed]]:
    columns = sorted(_typed(table, names), key=lambda c: c.given in match)  # SET values first, then WHERE values
    sets = ", ".join(f'"{c.name}" = ?' for c in columns if c.given not in match)
    where = " AND ".join(f"{c.name} IS ?" for c in columns if c.given in match)
    return f"UPDATE {table.name} SET {sets} WHERE {where}", columns  # noqa: S608 (our own names)
