"""CHECK constraints that a migration changes: dropped and made anew on PostgreSQL, rewritten in the table's text on SQLite."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from alembic import op

Check = tuple[str, str, str]  # table, name without its prefix, the new condition


def put_checks(checks: Sequence[Check], new: Collection[tuple[str, str]]) -> None:
    """These conditions hold from now on. new: (table, name) of those that were not there before."""
    if op.get_bind().dialect.name == "sqlite":
        _rewrite(checks)
        return
    for table, name, condition in checks:
        if (table, name) not in new:
            op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def _rewrite(checks: Sequence[Check]) -> None:
    """SQLite has no ALTER for constraints, and making a table anew would break what refers to it.

    Its documentation (section "Making Other Kinds Of Table Schema Changes") gives this way for changes that touch no stored row.
    """
    link = op.get_bind()
    link.exec_driver_sql("PRAGMA writable_schema=ON")
    version = link.exec_driver_sql("PRAGMA schema_version").scalar_one()
    for table in sorted({table for table, _, _ in checks}):
        text = link.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).scalar_one()
        for _, name, condition in (c for c in checks if c[0] == table):
            text = _with_check(text, f"ck_{table}_{name}", condition)
        link.exec_driver_sql("UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?", (text, table))
    link.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    link.exec_driver_sql("PRAGMA writable_schema=RESET")


def _with_check(text: str, name: str, condition: str) -> str:
    """A CREATE TABLE with this CHECK instead of the one of the same name, or besides the others."""
    found = re.search(rf',\s*CONSTRAINT "?{name}"? CHECK \(', text)
    if found:
        depth, end = 1, found.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        text = text[: found.start()] + text[end:]
    return f"{text.rstrip()[:-1].rstrip()}, \n\tCONSTRAINT {name} CHECK ({condition})\n)"
