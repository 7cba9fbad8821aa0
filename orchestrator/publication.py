"""How the files and the database stand to each other, playbook by playbook: nothing differs silently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from orchestrator.authoring import built_in, hashes, load
from orchestrator.language.system_events import BUILT_IN
from orchestrator.parts import Parts
from orchestrator.published import called
from orchestrator.store import standing, versions
from orchestrator.store.database import Work

File = Literal["same", "changed", "new", "missing", "unknown"]


@dataclass(frozen=True, slots=True)
class Beside:
    """A proposal or a shadow."""

    number: int
    since: datetime
    by: str
    is_file: bool  # it says what the file says


@dataclass(frozen=True, slots=True)
class Standing:
    """One playbook (or the house rules, or the lifecycle): what is in use, and what the folder says."""

    name: str  # as people say it: "house-rules"
    number: int | None  # the version that takes enrollments; None: none does
    file: File  # same: it says what is in use; unknown: no folder was looked at
    proposed: Beside | None = None
    shadow: Beside | None = None
    retired: bool = False  # by hand: publishing the whole folder leaves it so
    restored_from: int | None = None  # the earlier version that says the same, when somebody restored it
    inside: Mapping[int, int] = field(default_factory=dict)  # version -> customers inside

    @property
    def agrees(self) -> bool:
        """Whether the file and what is in use are the same; a playbook that somebody retired is not in use whatever its file says."""
        return self.file in ("same", "unknown") or (self.retired and self.file == "new")

    @property
    def words(self) -> str:
        """ "changed, version 5 is proposed by ari" """
        is_proposed = self.proposed is not None and self.proposed.is_file
        said = ["changed" if is_proposed else _FILE[self.file] if not (self.retired and self.file == "new") else ""]
        if self.retired:
            said.append("retired by hand")
        elif self.number is None and self.file in ("missing", "unknown"):
            said.append("retired")
        if self.restored_from is not None:
            said.append(f"restored from version {self.restored_from}")
        if self.proposed is not None:
            said.append(f"version {self.proposed.number} is proposed by {self.proposed.by}")
        if self.shadow is not None:
            said.append(f"version {self.shadow.number} is its shadow")
        return ", ".join(one for one in said if one)

    @property
    def elsewhere(self) -> int:
        """How many customers are inside versions that take nobody new."""
        return sum(n for number, n in self.inside.items() if number != self.number)


_FILE: Mapping[File, str] = {
    "same": "published",
    "changed": "changed: the file says something else",
    "new": "not published",
    "missing": "missing: the file is gone",
    "unknown": "",
}


def standings(parts: Parts, folder: Path | None, where: Mapping[UUID, Mapping[str, int]] | None = None) -> list[Standing]:
    """Every playbook that the folder or the database knows, rules first. folder: None: only what the database knows.

    where: version -> step -> how many stood there when they were counted; None: they are counted now.

    Raises PlaybookError when the folder cannot be used.
    """
    wanted: dict[str, str] = {}
    if folder is not None:
        design, files = load(folder)
        wanted = hashes(design, built_in(files), files)
    return parts.database.run(lambda work: _standings(work, wanted, where, looked=folder is not None))


def _standings(
    work: Work, wanted: Mapping[str, str], where: Mapping[UUID, Mapping[str, int]] | None, *, looked: bool
) -> list[Standing]:
    rows: dict[str, list[Any]] = {}
    for row in standing.version_rows(work):
        rows.setdefault(row.playbook, []).append(row)
    held = versions.held_back(work)
    if where is None:
        inside = versions.inside(work)
    else:
        inside = {name: {r.number: n for r in of if (n := sum(where.get(r.id, {}).values()))} for name, of in rows.items()}
    answer: list[Standing] = []
    for name in sorted({*rows, *wanted}, key=lambda n: (not n.startswith("@"), n)):
        one = _one(name, rows.get(name, []), wanted.get(name), held.get(name), inside.get(name, {}), looked=looked)
        if name in BUILT_IN and one.agrees:
            continue  # nobody's concern
        if one.number is None and one.file == "missing" and not (one.inside or one.proposed or one.shadow):
            continue  # long gone, and nobody is in it
        answer.append(one)
    return answer


def _one(name: str, rows: list[Any], wanted: str | None, held: Any, inside: Mapping[int, int], *, looked: bool) -> Standing:
    current = next((row for row in rows if row.current), None)
    beside = {
        row.beside: Beside(row.number, row.beside_since, row.published_by, row.hash == wanted) for row in rows if row.beside
    }
    file: File = "unknown"
    if looked:
        file = _file(wanted, current)
    restored = None
    if current is not None and held is not None and held.what == "restored":
        restored = next((row.number for row in reversed(rows) if row.hash == current.hash and row.number < current.number), None)
    return Standing(
        called(name), current.number if current is not None else None, file, beside.get("proposed"), beside.get("shadow"),
        held is not None and held.what == "retired", restored, inside,
    )  # fmt: skip


def _file(wanted: str | None, current: Any) -> File:
    if wanted is None:
        return "missing"
    if current is None:
        return "new"
    return "same" if current.hash == wanted else "changed"
