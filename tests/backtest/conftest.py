"""A ready database for backtests of what came in."""

from __future__ import annotations

from tests.intake.ready import clock, ready, sqlite_template

__all__ = ["clock", "ready", "sqlite_template"]
