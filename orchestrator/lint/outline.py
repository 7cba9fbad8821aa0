"""The way to a line of a playbook that cannot be loaded: there is no program to walk yet, but the steps stand one below the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from orchestrator.errors import PlaybookError, Problem
from orchestrator.language.playbook import CHANNELS
from orchestrator.language.source import Loc, Source, read_yaml
from orchestrator.language.words import FOLDERS

_NESTED = ("then", "otherwise")


class Stepped(NamedTuple):
    """A step as the file has it: its line, the way to it, and what it says."""

    line: int
    way: str
    says: Any


def way_to(problem: Problem, files: Mapping[str, str]) -> str:
    """ "quote.sent → thanks → check-in": what comes before the step that a problem is about, and it; empty when it is about none.

    A problem with words is at the first step that says them, in the playbook that its sentence names, or in any.
    """
    folder, slash, name = problem.place.partition("/")
    if not slash:
        return next(
            (step.way for step in _backwards(problem.place, files.get(problem.place, "")) if step.line <= problem.line), ""
        )
    channel = next((channel for channel, where in FOLDERS.items() if where == folder), None)
    said = [path for path in sorted(files) if "/" not in path and path.removesuffix(".yaml") in problem.problem.split()]
    for path in said or [path for path in sorted(files) if "/" not in path]:
        for step in reversed(_backwards(path, files[path])):
            if channel is not None and isinstance(step.says, dict) and step.says.get(channel) == name.removesuffix(".md"):
                return str(step.way)
    return ""


@lru_cache(maxsize=8)  # a file with one mistake often has several
def _backwards(path: str, text: str) -> Sequence[Stepped]:
    """Each step of a playbook, the last one first; none when it is no YAML."""
    try:
        source = read_yaml(text, path)
    except PlaybookError:
        return []
    starts = source.data.get("starts_on")
    first = starts[0] if isinstance(starts, list) and starts else starts
    if not isinstance(first, str) or not isinstance(source.data.get("steps"), list):
        return []
    return [*_steps(source, ("steps",), source.data["steps"], [first])][::-1]


def _steps(source: Source, loc: Loc, steps: Any, before: list[str]) -> Iterator[Stepped]:
    way = list(before)
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        here = (*loc, index)
        way.append(_name(step))
        yield Stepped(source.place(here)[0], " → ".join(way), step)
        if not isinstance(step, dict):
            continue
        for key in _NESTED:
            yield from _steps(source, (*here, key), step.get(key), way)
        for key in ("outcomes", "ways"):
            ways = step.get(key)
            for name, inner in (ways if isinstance(ways, dict) else {}).items():
                nested, at = (
                    (inner.get("steps"), (*here, key, name, "steps")) if isinstance(inner, dict) else (inner, (*here, key, name))
                )
                yield from _steps(source, at, nested, [*way[:-1], f"{way[-1]}: {name}"])


def _name(step: Any) -> str:
    """A step as a way shows it."""
    if not isinstance(step, dict) or not step:
        return str(step)
    if "touchpoint" in step:
        return str(step["touchpoint"])
    kind, value = next(((key, value) for key, value in step.items() if key not in CHANNELS), next(iter(step.items())))
    return f"{str(kind).replace('_', ' ')} {value}" if isinstance(value, str | int) else str(kind).replace("_", " ")
