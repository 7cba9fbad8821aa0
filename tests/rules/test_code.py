"""What no line of the product may do, wherever it stands, unless it carries a mark and a reason (see sources.py)."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.rules.sources import Fault, Rule, Source, broken, product

LONGEST = 400  # lines; then a file is two nouns

CLOCKS = frozenset(
    {
        *(f"datetime.{kind}.{read}" for kind in ("datetime", "date") for read in ("now", "utcnow", "today")),
        *(f"time.{read}{unit}" for read in ("time", "monotonic", "perf_counter") for unit in ("", "_ns")),
        "time.localtime",
        "time.gmtime",
        *(f"sqlalchemy.func.{read}" for read in ("now", "current_timestamp", "current_date", "current_time", "clock_timestamp")),
    }
)
WHENEVER_READS = frozenset({"now", "now_in_system_tz", "today", "today_in_system_tz"})


def clock(source: Source) -> Iterator[Fault]:
    """Reads of the clock outside clock.py: `now` is an argument, or time cannot jump in a test."""
    if source.path == "orchestrator/clock.py":
        return
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Attribute | ast.Name):
            continue
        name = source.dotted(node) or ""
        first, _, last = name.rpartition(".")
        if name in CLOCKS or (first.startswith("whenever") and last in WHENEVER_READS):
            yield node, f"{name} reads the clock; take `now` as an argument (only orchestrator/clock.py reads it)"


def commit(source: Source) -> Iterator[Fault]:
    """Transactions outside the unit of work: a second commit point would break 'accepted is durable'."""
    if source.path == "orchestrator/store/database.py":
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"commit", "begin"}:
            of_ours = (source.dotted(node.func) or "").startswith("orchestrator.")  # a function that is merely called so
            if not of_ours:
                yield node, f".{node.func.attr}() belongs to orchestrator/store/database.py alone"


def shell(source: Source) -> Iterator[Fault]:
    """Handlers that catch everything. One that raises again at its end hides nothing."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and _catches_everything(source, node.type):
            last = node.body[-1]
            if not (isinstance(last, ast.Raise) and last.exc is None):
                yield node, "catches every error; name the errors you can act on"
        elif isinstance(node, ast.Call) and any(_catches_everything(source, kind) for kind in _suppressed(source, node)):
            yield node, "hides every error; name the errors you expect"


def printing(source: Source) -> Iterator[Fault]:
    """Prints outside the command line and the demo: elsewhere it is a log line or a return value."""
    if source.part in {"cli", "demo"}:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and source.dotted(node.func) == "print":
            yield node, "prints; log it or return it"


def length(source: Source) -> Iterator[Fault]:
    """Files that have grown past one noun. A migration is a record, not a noun: nobody edits it again."""
    if len(source.lines) > LONGEST and "/migrations/versions/" not in source.path:
        yield source.tree, f"{len(source.lines)} lines; split it by noun at {LONGEST}"


RULES: dict[str, Rule] = {"clock": clock, "commit": commit, "shell": shell, "print": printing, "long": length}


@pytest.mark.parametrize("mark", RULES)
def test_the_product_keeps_the_rule(mark: str) -> None:
    found = broken(RULES[mark], mark, product())

    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("mark", "line"),
    [
        ("clock", "from datetime import UTC, datetime; datetime.now(UTC)"),
        ("clock", "from datetime import datetime as d; at = field(default_factory=d.utcnow)"),
        ("clock", "import datetime; datetime.date.today()"),
        ("clock", "import time; time.time()"),
        ("clock", "from time import monotonic; monotonic()"),
        ("clock", "from whenever import Instant; Instant.now()"),
        ("clock", "import whenever as w; w.ZonedDateTime.now('UTC')"),
        ("clock", "from sqlalchemy import func; func.now()"),
        ("commit", "session.commit()"),
        ("commit", "self.engine.begin()"),
        ("print", "print('hello')"),
        ("shell", "import contextlib; contextlib.suppress(Exception)"),
        ("shell", "from contextlib import suppress; suppress(ValueError, BaseException)"),
    ],
)
def test_a_line_against_the_rule_is_seen_and_a_reason_excuses_it(mark: str, line: str) -> None:
    def faults(text: str) -> list[str]:
        return broken(RULES[mark], mark, [Source("orchestrator/engine.py", text)])

    assert faults(line)
    assert not faults(f"{line}  # {mark}: because of this")
    assert faults(f"{line}  # {mark}:"), "a mark without a reason excuses nothing"
    assert faults(f"{line}  # other: because of this")


@pytest.mark.parametrize("caught", ["", " Exception", " BaseException", " (ValueError, Exception)", " Exception as error"])
def test_catching_everything_needs_a_reason(caught: str) -> None:
    def faults(mark: str, end: str) -> list[str]:
        return broken(
            shell, "shell", [Source("workers/app.py", f"try:\n    go()\nexcept{caught}:{mark}\n    log()\n    {end}\n")]
        )

    assert faults("", "pass")
    assert not faults("  # shell: marks the row and goes on", "pass")
    assert not faults("", "raise")


@pytest.mark.parametrize(
    ("mark", "path", "line"),
    [
        ("clock", "orchestrator/clock.py", "from datetime import UTC, datetime; datetime.now(UTC)"),
        ("clock", "orchestrator/engine.py", "def go(now): return now.time(), self.now()"),
        ("clock", "orchestrator/engine.py", "import time; time.sleep(1)"),
        ("commit", "orchestrator/engine.py", "from orchestrator.store import attempts; attempts.begin(work)"),
        ("commit", "orchestrator/store/database.py", "session.commit()"),
        ("print", "orchestrator/cli/main.py", "print('hello')"),
        ("print", "orchestrator/engine.py", "console.print('hello')"),
        ("shell", "orchestrator/engine.py", "try:\n    go()\nexcept ValueError:\n    pass"),
    ],
)
def test_what_the_rule_allows_passes(mark: str, path: str, line: str) -> None:
    assert not broken(RULES[mark], mark, [Source(path, line)])


def test_a_file_of_401_lines_is_too_long() -> None:
    assert not broken(length, "long", [Source("workers/app.py", "x = 1\n" * LONGEST)])
    assert broken(length, "long", [Source("workers/app.py", "x = 1\n" * (LONGEST + 1))])
    marked = '"""One table."""  # long: one table, read top to bottom\n' + "x = 1\n" * LONGEST
    assert not broken(length, "long", [Source("workers/app.py", marked)])


def _suppressed(source: Source, call: ast.Call) -> list[ast.expr]:
    return call.args if source.dotted(call.func) == "contextlib.suppress" else []


def _catches_everything(source: Source, kind: ast.expr | None) -> bool:
    if kind is None:
        return True
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(source.dotted(one) in {"Exception", "BaseException"} for one in kinds)
