"""Whoever sits at the terminal, for the audit trail: the operating system's name for them."""

from __future__ import annotations

import getpass

from orchestrator.store.audit import By


def at_the_terminal() -> By:
    """They have the database and the settings, so every right: there is no role for that."""
    try:
        return By(f"terminal:{getpass.getuser()}"[:120], "terminal")
    except (KeyError, OSError):  # a container whose user has no name
        return By("terminal", "terminal")
