"""Who may import whom. The contracts in pyproject.toml follow the same directions through every module between."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.rules.sources import Fault, Source, broken, origin, product

GROUND = frozenset({"", "errors", "clock", "ids", "config"})  # what stands on nothing of ours
PURE = frozenset({"core", "language", "simulation"})
MAY_IMPORT = {  # parts that are not named here are the shell's verbs: everything but entry points
    **dict.fromkeys(GROUND, GROUND),
    "language": {"language", "errors"},
    "core": {"core", "language", "errors"},
    "simulation": {"simulation", "core", "language", "errors"},
    "store": {"store", "core", "language", *GROUND},
    "channels": {"channels", "core", "language", *GROUND},
}
MAY_START = {  # entry points, and the entry points they may start
    "cli": {"cli", "demo", "web", "workers"},
    "demo": {"demo", "web", "workers"},
    "web": {"web"},
    "workers": {"workers"},
}
WORLD = {  # what a pure part may not reach
    "files and processes": ["io", "multiprocessing", "os", "shutil", "signal", "subprocess", "sys", "tempfile"],
    "the network": ["asyncio", "select", "socket", "sqlite3", "urllib.request"],
    "the clock and chance": ["random", "secrets", "time", "uuid.uuid1", "uuid.uuid4", "uuid_utils"],
    "what happens beside it": ["logging", "threading"],
}
CALLS = frozenset({"open", "input", "exec", "eval", "__import__"})
METHODS = frozenset({"exists", "glob", "iterdir", "mkdir", "read_bytes", "read_text", "rglob", "write_bytes", "write_text"})


def directions(source: Source) -> Iterator[Fault]:
    """Imports of our own that go the wrong way."""
    for node, name in _imported(source):
        part = _part(name)
        if part is None or part == source.part:
            continue
        if source.part in MAY_START:
            allowed = part not in MAY_START or part in MAY_START[source.part]
        else:
            allowed = part in MAY_IMPORT.get(source.part, ()) if source.part in MAY_IMPORT else part not in MAY_START
        if not allowed:
            yield node, f"{source.part or 'the package'} may not import {part}"


def purity(source: Source) -> Iterator[Fault]:
    """What reaches the world from a part that only decides."""
    if source.part not in PURE:
        return
    for node, name in _imported(source):
        for what, modules in WORLD.items():
            if any(name == banned or name.startswith(f"{banned}.") for banned in modules):
                yield node, f"{source.part} is pure and may not reach {what} by {name}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            name = source.dotted(node.func) or ""
            method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            if name in CALLS or method in METHODS:
                yield node, f"{source.part} is pure and may not call {name or method}"


def sql(source: Source) -> Iterator[Fault]:
    """Database libraries outside the store."""
    if source.part == "store":
        return
    for node, name in _imported(source):
        if name.split(".")[0] in {"sqlalchemy", "psycopg", "psycopg_pool", "sqlite3", "alembic"}:
            yield node, f"only orchestrator/store speaks SQL; {name} is imported here"


def providers(source: Source) -> Iterator[Fault]:
    """Provider code outside the channels; the web checks the signatures of callbacks with it."""
    for node, name in _imported(source):
        if name.split(".")[0] in {"twilio", "sendgrid"} and source.part not in {"channels", "web"}:
            yield node, f"only orchestrator/channels and orchestrator/web know providers; {name} is imported here"


def test_imports_go_down_only() -> None:
    found = broken(directions, "import", product())

    assert not found, "\n".join(found)


def test_the_core_and_the_language_reach_nothing_outside() -> None:
    found = broken(purity, "pure", product())

    assert not found, "\n".join(found)


def test_only_the_store_speaks_sql() -> None:
    found = broken(sql, "sql", product())

    assert not found, "\n".join(found)


def test_only_channels_and_the_web_know_providers() -> None:
    found = broken(providers, "provider", product())

    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("orchestrator/language/lint.py", "from orchestrator.core.model import Touch"),
        ("orchestrator/language/lint.py", "from ..core import model"),
        ("orchestrator/core/planner.py", "from orchestrator import clock"),
        ("orchestrator/core/planner.py", "import orchestrator.store.touches"),
        ("orchestrator/store/touches.py", "from orchestrator.channels.base import Outgoing"),
        ("orchestrator/store/touches.py", "from orchestrator.engine import handle_events"),
        ("orchestrator/channels/email.py", "from orchestrator.store import attempts"),
        ("orchestrator/simulation/world.py", "from orchestrator.store import touches"),
        ("orchestrator/simulation/world.py", "from orchestrator import engine"),
        ("orchestrator/engine.py", "from orchestrator.web import app"),
        ("orchestrator/engine.py", "import workers"),
        ("orchestrator/web/app.py", "from orchestrator.cli import main"),
        ("orchestrator/web/app.py", "from workers.app import celery"),
        ("workers/app.py", "from orchestrator import web"),
        ("orchestrator/errors.py", "from orchestrator.core import model"),
    ],
)
def test_an_import_in_a_wrong_direction_is_seen(path: str, line: str) -> None:
    assert broken(directions, "import", [Source(path, line)])
    assert not broken(directions, "import", [Source(path, f"{line}  # import: the reason why")])


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("orchestrator/core/planner.py", "from orchestrator.language import program"),
        ("orchestrator/core/planner.py", "from . import model"),
        ("orchestrator/engine.py", "from orchestrator.dispatch import drain"),
        ("orchestrator/engine.py", "from orchestrator import store, channels, core"),
        ("orchestrator/cli/serve.py", "from orchestrator.web import app"),
        ("orchestrator/demo.py", "from orchestrator.web import app"),
        ("workers/app.py", "from orchestrator.wiring import parts"),
    ],
)
def test_an_import_in_the_right_direction_passes(path: str, line: str) -> None:
    assert not broken(directions, "import", [Source(path, line)])


@pytest.mark.parametrize(
    "line",
    ["import random", "from os import path", "import uuid; uuid.uuid4()", "from uuid import uuid4", "open('x')", "p.read_text()"],
)
def test_a_core_that_reaches_outside_is_seen(line: str) -> None:
    assert broken(purity, "pure", [Source("orchestrator/core/planner.py", line)])
    assert not broken(purity, "pure", [Source("orchestrator/engine.py", line)])
    assert not broken(purity, "pure", [Source("orchestrator/core/planner.py", f"{line}  # pure: the reason why")])


def test_sql_and_providers_in_the_wrong_place_are_seen() -> None:
    assert broken(sql, "sql", [Source("orchestrator/engine.py", "from sqlalchemy import select")])
    assert not broken(sql, "sql", [Source("orchestrator/store/touches.py", "from sqlalchemy import select")])
    assert broken(providers, "provider", [Source("orchestrator/engine.py", "import twilio.rest")])
    assert not broken(providers, "provider", [Source("orchestrator/channels/text.py", "import twilio.rest")])


def _imported(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """Each imported module or name, in full, and `module.name` that is used of an imported module."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node, f"{origin(source, node)}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in source.names:
            yield node, f"{source.names[node.value.id]}.{node.attr}"


def _part(name: str) -> str | None:
    """The part of the design that an imported name belongs to; None for other people's modules."""
    first, *rest = name.split(".")
    if first == "workers":
        return "workers"
    if first != "orchestrator":
        return None
    return rest[0] if rest else ""
