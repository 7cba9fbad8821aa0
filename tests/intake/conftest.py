"""What the tests of everything between an outside system and the engine may ask for."""

from tests.intake.providers import carrier, provider
from tests.intake.ready import clock, postgres_template, ready, ready_on_both, sqlite_template

__all__ = ["carrier", "clock", "postgres_template", "provider", "ready", "ready_on_both", "sqlite_template"]
