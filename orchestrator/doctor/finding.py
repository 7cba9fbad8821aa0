"""What a check answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

State = Literal["ok", "warning", "error"]
BUILT = datetime(2026, 1, 1, tzinfo=UTC)  # no right clock shows less
LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    check: str  # its id, e.g. database.schema
    state: State
    found: str
    hint: str = ""
