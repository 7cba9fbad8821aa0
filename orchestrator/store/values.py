"""How a column's values look to the two drivers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import JSON, Boolean, Column, Integer, Uuid

from orchestrator.store.schema import UtcDateTime


class Typed:
    """A column as the two drivers want its values."""

    __slots__ = ("cast", "copied", "given", "lite", "name", "pg")

    def __init__(self, column: Column[Any], given: str) -> None:
        self.name, self.given = column.name, given
        self.pg: Callable[[Any], Any] | None = None  # None: psycopg takes it as it is
        self.lite: Callable[[Any], Any] = _same
        kind = column.type
        if isinstance(kind, Uuid):
            self.cast, self.lite = "uuid", _hex
        elif isinstance(kind, UtcDateTime):
            self.cast, self.lite = "timestamptz", _naive
        elif isinstance(kind, JSON):
            self.cast, self.lite, self.pg = "jsonb", _dumps, _dumps
        elif isinstance(kind, Boolean):
            self.cast = "bool"
        elif isinstance(kind, Integer):
            self.cast = "bigint"
        else:
            self.cast, self.pg, self.lite = "text", _text, _text
        self.copied = "int4" if type(kind) is Integer else "int8" if isinstance(kind, Integer) else self.cast


def _same(value: Any) -> Any:
    return value


def _text(value: Any) -> Any:
    return None if value is None else str(value)  # enumerations are stored by their value


def _hex(value: UUID | None) -> str | None:
    return None if value is None else value.hex


def _naive(value: datetime | None) -> str | None:
    if value is None:
        return None
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _dumps(value: Any) -> str | None:
    return None if value is None else to_json(value).decode()
