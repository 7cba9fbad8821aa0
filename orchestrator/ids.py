"""The only place that makes ids: time-ordered (UUID version 7), so that index pages fill in order and ties break by age."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from uuid import UUID

from uuid_utils import compat

NewId = Callable[[], UUID]


def new_id() -> UUID:
    """A fresh id, greater than every id this process made before."""
    return compat.uuid7()


def new_secret(prefix: str) -> str:
    """An unguessable token of 32 random bytes, e.g. for an API key: 'tp_…'."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"
