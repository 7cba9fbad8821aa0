"""The terminal: whoever sits at it, by the operating system's name for the audit trail, and words that cannot move its cursor."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from orchestrator.store.audit import By

ByWhom = Annotated[str, typer.Option("--by", help="Who does it, for the journal; whoever sits here when left out.")]


def at_the_terminal() -> By:
    """They have the database and the settings, so every right: there is no role for that."""
    try:
        return By(f"terminal:{getpass.getuser()}"[:120], "terminal")
    except (KeyError, OSError):  # a container whose user has no name
        return By("terminal", "terminal")


def whoever(name: str) -> By:
    """Who does it, as --by says; nobody named: the operating system's name."""
    if name.strip():
        return By(name.strip()[:120], "terminal")
    return By(at_the_terminal().name.removeprefix("terminal:"), "terminal")


def printable(words: str) -> str:
    """Without signs that would move a terminal's cursor: files and events choose some of the words."""
    return "".join(c if c.isprintable() else " " for c in words)
