"""What the pages of the studio have in common: the folder, one draft of it, its tabs, and findings as values for a page's script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from orchestrator.core.roles import Right
from orchestrator.drawing import draw
from orchestrator.errors import InputError, NotFound, Problem
from orchestrator.language.picture import CHANNELS, Spot
from orchestrator.lint.finding import Finding, Severity
from orchestrator.playbook_pages import steps_now
from orchestrator.store import standing
from orchestrator.studio.draft import RULES, Draft, draft, names_of
from orchestrator.studio.folder import Conflict, File, Folder, ReadOnly
from orchestrator.studio.overview import Line, overview
from orchestrator.web.staff.here import Here

TABS = (
    ("edit", "Text"), ("steps", "Steps"), ("preview", "Words"), ("rehearse", "Rehearse"), ("backtest", "Backtest"),
    ("publish", "Difference and publish"),
)  # fmt: skip
_OF_FILE = {file: name for name, file in RULES.items()}
AT_ONCE = 20  # playbooks that lint looks at in half a second; more of them come after the page
FOR_RULES = ("edit", "publish")  # of the house rules and the lifecycle, which have no steps


@dataclass(frozen=True, slots=True)
class Open:
    """A draft that a page shows."""

    name: str
    title: str
    folder: Folder
    files: Mapping[str, str]
    draft: Draft
    tabs: Sequence[tuple[str, str]]  # address, label
    why_read_only: str  # empty: it may be changed

    @property
    def is_playbook(self) -> bool:
        return self.name not in RULES

    @property
    def graph(self) -> str:
        """The picture of the draft; empty while it does not load."""
        shown = self.draft.picture
        return draw(shown, self._words_of) if shown else ""

    def _words_of(self, spot: Spot) -> str:
        return f"/playbooks/{self.name}/preview?{urlencode({'at': spot.id})}" if spot.kind in CHANNELS else ""


def folder_of(here: Here) -> Folder:
    """The playbooks folder, as the settings say."""
    return Folder(here.settings.playbooks, editable=here.settings.edit_playbooks)


def opened(here: Here, name: str, unsaved: Mapping[str, str] | None = None, *, soon: bool = False, part: bool = False) -> Open:
    """A draft, with texts that are not saved yet in place of those in the folder. Raises NotFound when it has no file.

    soon: without the findings that take longer, see `draft`. part: for a part of a page, which shows no tabs.
    """
    folder = folder_of(here)
    files = {**folder.files(), **(unsaved or {})}
    found = draft(files, name, soon=soon)
    title = found.design.playbooks[name].playbook.title if found.design and name in found.design.playbooks else ""
    title = title or {"house-rules": "House rules", "lifecycle": "Lifecycle"}.get(name, name)
    return Open(name, title, folder, files, found, () if part else tabs(here, name), folder.why_read_only)


@dataclass(frozen=True, slots=True)
class FolderLines:
    """The folder, for the list of playbooks."""

    lines: Sequence[Line]
    why_read_only: str
    problem: Problem | None = None  # why it cannot be read at all


def folder_lines(here: Here) -> FolderLines | None:
    """Every playbook of the folder with its state and what is wrong with it, for those who may write; None for everybody else."""
    if not here.visitor.may(Right.WRITE_PLAYBOOKS):
        return None
    folder = folder_of(here)
    try:
        files = folder.files()
        return FolderLines(overview(here.parts, folder, files, steps_now(here.parts, here.now)), folder.why_read_only)
    except InputError as wrong:
        return FolderLines((), folder.why_read_only, wrong.problems[0])


def too_many(here: Here) -> int:
    """How many playbooks the folder has, when looking at all of them would keep a page waiting; else 0."""
    if not here.visitor.may(Right.WRITE_PLAYBOOKS):
        return 0
    try:
        n = len(names_of(folder_of(here).files()))
    except InputError:
        return 0
    return n if n > AT_ONCE else 0


def tabs(here: Here, name: str) -> list[tuple[str, str]]:
    """(address, label) of every page that there is about a draft, and about what is published of it."""
    if name in RULES:
        wanted, there = [one for one in TABS if one[0] in FOR_RULES], frozenset({"published"})
    else:
        wanted, there = list(TABS), here.parts.database.run(lambda work: standing.kinds(work, name))
    shown = [(f"/playbooks/{name}/{key}", label) for key, label in wanted]
    shown += [(f"/playbooks/{name}/shadow", "Shadow")] if "shadow" in there else []
    return [*shown, (f"/playbooks/{name}", "As published")] if there else shown


def save(here: Here, name: str, path: str, text: str, seen: str, said: str) -> File:
    """Write a file of a draft, with its line in the audit trail. Raises Conflict, ReadOnly."""

    def note() -> None:
        here.parts.database.run(lambda work: here.note(work, "playbook.saved", f"playbook:{name}", said))

    return folder_of(here).write(path, text, seen, note)


def wanted_file(found: Open, asked: str) -> str:
    """The file of the draft that is asked for; its own when none is. Raises NotFound for a file of something else."""
    if not asked:
        return found.draft.path
    if asked not in found.draft.paths:
        raise NotFound(f"{asked} does not belong to {found.name}")
    return asked


def as_values(findings: Sequence[Finding], path: str) -> list[dict[str, Any]]:
    """Findings for a page's script; those of the file that is open first. owner: in whose editor a finding's file is; empty: not told."""
    ordered = sorted(findings, key=lambda f: (f.file != path, f.file, f.line, f.column))
    return [
        {
            "code": f.code, "severity": f.severity, "file": f.file, "line": f.line, "column": f.column, "message": f.message, "path": f.path,
            "fix": f.fix, "here": f.file == path, "owner": _OF_FILE.get(f.file, f.playbook),
        }
        for f in ordered
    ]  # fmt: skip


def counted(findings: Sequence[Finding]) -> str:
    """ "2 mistakes, 1 warning"; what a page says in one line."""
    words: Mapping[Severity, tuple[str, str]] = {
        "error": ("mistake", "mistakes"),
        "warning": ("warning", "warnings"),
        "note": ("note", "notes"),
    }
    found = [(sum(f.severity == severity for f in findings), one, many) for severity, (one, many) in words.items()]
    return ", ".join(f"{n} {one if n == 1 else many}" for n, one, many in found if n) or "No mistakes"


def problem_of(wrong: Exception) -> Problem:
    """What a form says above its fields."""
    match wrong:
        case InputError():
            return wrong.problems[0]
        case ReadOnly():
            return Problem(f"the file cannot be written: {wrong}", "copy what you wrote, and ask whoever set this up")
        case Conflict():
            return Problem("somebody changed this file meanwhile", "look at what it says now, then save again")
        case _:
            return Problem(str(wrong))
