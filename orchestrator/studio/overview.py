"""The folder beside what is published, playbook by playbook: where each stands, what is wrong with it, how many are in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from orchestrator.errors import PlaybookError
from orchestrator.lint.finding import Finding, Severity
from orchestrator.parts import Parts
from orchestrator.publication import Standing, standings
from orchestrator.studio.draft import RULES, file_of, names_of, paths_of, together
from orchestrator.studio.folder import Folder


@dataclass(frozen=True, slots=True)
class Line:
    """One playbook of the folder or of the database, or the house rules or the lifecycle."""

    name: str
    has_file: bool
    state: str  # in words: "published", "changed: the file says something else, version 5 is proposed by ari"
    tone: str  # good, info, warn or bad
    number: int | None  # the version in use
    inside: int  # customers in any version of it
    found: Mapping[Severity, int]  # how many mistakes, warnings and notes
    is_playbook: bool


def overview(
    parts: Parts, folder: Folder, files: Mapping[str, str], where: Mapping[UUID, Mapping[str, int]] | None = None
) -> list[Line]:
    """Every playbook that has a file or is published, by name, and the rules after them. where: see `standings`."""
    findings = list(together(files))
    try:
        there, broken = standings(parts, folder.path, where), False
    except PlaybookError:
        there, broken = standings(parts, None, where), True
    by_name = {one.name: one for one in there}
    names = sorted({*names_of(files), *(name for name in by_name if name not in RULES)})
    return [_line(files, name, by_name.get(name), findings, broken=broken) for name in (*names, *RULES)]


def _line(files: Mapping[str, str], name: str, standing: Standing | None, findings: Sequence[Finding], *, broken: bool) -> Line:
    has_file = file_of(name) in files
    own = _of(files, name, findings) if has_file else []
    found = Counter(finding.severity for finding in own)
    number = standing.number if standing else None
    state, tone = _state(standing, found, has_file=has_file, broken=broken)
    return Line(name, has_file, state, tone, number, sum(standing.inside.values()) if standing else 0, found, name not in RULES)


def _of(files: Mapping[str, str], name: str, findings: Sequence[Finding]) -> list[Finding]:
    """What is wrong in its own files, and what is said about it in others."""
    paths = paths_of(files, name)
    return [finding for finding in findings if finding.file in paths or finding.is_about(name)]


def _state(standing: Standing | None, found: Counter[Severity], *, has_file: bool, broken: bool) -> tuple[str, str]:
    if not broken:
        said = standing.words if standing else "published"
        tone = "good" if standing is None or (standing.file == "same" and not standing.proposed) else "info"
        return said, "warn" if standing is not None and standing.file == "missing" else tone
    beside = f", {standing.words}" if standing is not None and standing.words else ""
    if not has_file:
        return f"missing: the file is gone{beside}", "warn"
    if found["error"]:
        return f"cannot be published: mistakes in it{beside}", "bad"
    return f"cannot be published: mistakes elsewhere{beside}", "warn"
