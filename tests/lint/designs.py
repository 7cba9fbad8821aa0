"""Designs to lint: one playbook of ours among the starter set's events, rules and words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from orchestrator.lint.finding import Finding
from orchestrator.lint.lint import check

STARTERS = Path(__file__).resolve().parents[2] / "playbooks"
PLANTED = Path(__file__).parent / "planted"
_NEXT = re.compile(r"^--- file: (\S+)\n", re.MULTILINE)  # further files, or other texts for those of the starter set


@cache
def surroundings() -> Mapping[str, str]:
    """The starter set without its playbooks."""
    words = {path.relative_to(STARTERS).as_posix(): path.read_text(encoding="utf-8") for path in STARTERS.glob("*/*.md")}
    rules = {name: (STARTERS / name).read_text(encoding="utf-8") for name in ("lifecycle.yaml", "house-rules.yaml")}
    return {**rules, **words}


def files(text: str) -> dict[str, str]:
    """A whole design in which `text` is the playbook; further files follow after lines `--- file: emails/hello.md`."""
    first, *others = _NEXT.split(text)
    name = re.search(r"^playbook: (\S+)", first, re.MULTILINE)
    assert name, "the first file is a playbook"
    more = {path: part.replace("\\---\n", "---\n") for path, part in zip(others[::2], others[1::2], strict=True)}
    return {**surroundings(), f"{name[1]}.yaml": first, **more}


def planted(file: str) -> str:
    """The text of a planted file."""
    return (PLANTED / file).read_text(encoding="utf-8")


def found(text: str) -> list[Finding]:
    """What lint says about such a design, without events that no playbook uses: with a single playbook there are many."""
    return [finding for finding in check(files(text)) if finding.code != "TP232"]
