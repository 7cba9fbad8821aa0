"""Our own source files as rules see them, and the mark by which a line is let off a rule.

A rule answers with faults: the node, and what is wrong with it. A line with the comment `# <rule>: <reason>` is let off, and
only with a reason: `time.monotonic()  # clock: measures how long the provider took`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("orchestrator", "workers")


@dataclass(frozen=True)
class Source:
    """One Python file."""

    path: str  # from the root, "orchestrator/store/touches.py"
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def module(self) -> str:
        """The name it is imported by."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def part(self) -> str:
        """The part of the design it belongs to: "store", "engine", "workers"; the package itself is ""."""
        first, *rest = self.module.split(".")
        return first if first != "orchestrator" else (rest[0] if rest else "")

    @cached_property
    def names(self) -> dict[str, str]:
        """What each imported name stands for: after `from datetime import datetime as d`, `d` is "datetime.datetime"."""
        known: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                known |= {a.asname or a.name.split(".")[0]: a.name if a.asname else a.name.split(".")[0] for a in node.names}
            elif isinstance(node, ast.ImportFrom):
                known |= {a.asname or a.name: f"{origin(self, node)}.{a.name}" for a in node.names}
        return known

    def dotted(self, node: ast.AST) -> str | None:
        """The full name that an expression such as `d.now` stands for; None for anything but names and attributes."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, node.id)
        if isinstance(node, ast.Attribute) and (owner := self.dotted(node.value)):
            return f"{owner}.{node.attr}"
        return None


Fault = tuple[ast.AST, str]
Rule = Callable[[Source], Iterator[Fault]]


def product() -> list[Source]:
    """Every Python file of the product."""
    paths = [path for folder in PRODUCT for path in sorted((ROOT / folder).rglob("*.py"))]
    assert len(paths) > 10, "the rules look in the wrong place"
    return [Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths]


def broken(rule: Rule, mark: str, sources: list[Source]) -> list[str]:
    """The faults that no mark excuses, as "path:line: what"."""
    found = []
    for source in sources:
        for node, what in rule(source):
            line: int = getattr(node, "lineno", 1)
            if not excused(source.lines[line - 1] if source.lines else "", mark):
                found.append(f"{source.path}:{line}: {what}")
    return found


def excused(line: str, mark: str) -> bool:
    """Whether the line carries the mark, with a reason of two words at least."""
    return re.search(rf"#\s*{mark}: \w+\W+\w+", line) is not None


def origin(source: Source, node: ast.ImportFrom) -> str:
    """The module that a `from … import` names, relative ones resolved."""
    if not node.level:
        return node.module or ""
    package = source.module.split(".")
    if not source.path.endswith("/__init__.py"):
        package = package[:-1]
    return ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])
