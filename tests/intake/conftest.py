"""What the tests of everything between an outside system and the engine may ask for."""

from tests.intake.ready import clock, postgres_template, ready, ready_on_both, sqlite_template

__all__ = ["clock", "postgres_template", "ready", "ready_on_both", "sqlite_template"]
