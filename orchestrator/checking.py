"""What lint says of a published version, among the versions that are in force: under today's house rules and lifecycle."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any
from uuid import UUID

from orchestrator.errors import PlaybookError
from orchestrator.language.design import HOUSE_RULES, LIFECYCLE, Design, PlaybookSource, load_design
from orchestrator.language.system_events import BUILT_IN
from orchestrator.lint.finding import Finding
from orchestrator.lint.lint import failed, lint
from orchestrator.lint.loading import as_findings
from orchestrator.rulebook import HOUSE_RULES as RULES_ROW
from orchestrator.rulebook import LIFECYCLE as LIFECYCLE_ROW
from orchestrator.store import versions
from orchestrator.store.database import Work

MOST_KEPT = 500  # designs of one version each, and answers
_Row = tuple[str, UUID]


class Checked:
    """Looks at published versions, each set of them once; safe to use from several threads."""

    def __init__(self, look: Callable[[Design, Sequence[str]], Sequence[Finding]] = lint) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._designs: OrderedDict[tuple[_Row, ...], Design] = OrderedDict()
        self._found: OrderedDict[tuple[str, tuple[_Row, ...]], Sequence[Finding]] = OrderedDict()

    def of(self, work: Work, name: str, version: UUID) -> Sequence[Finding]:
        """Findings about this version, as if it were the one in force beside the others. Never raises for what is published."""
        if name in BUILT_IN:
            return ()
        rows = {playbook: row.id for playbook, row in versions.current(work).items() if playbook not in BUILT_IN}
        rows[name] = version
        key = (name, tuple(sorted(rows.items())))
        with self._lock:
            if key in self._found:
                return self._found[key]
        try:
            found = self._look_at(work, name, rows)
        except PlaybookError as wrong:  # today's house rules or lifecycle no longer have what it names
            found = tuple(as_findings(wrong.problems))
        except Exception as wrong:  # shell: a page shows what it can
            found = (failed("lint", wrong, f"{name}.yaml", name),)
        with self._lock:
            _keep(self._found, key, found)
        return found

    def _look_at(self, work: Work, name: str, rows: Mapping[str, UUID]) -> Sequence[Finding]:
        this = self._design(work, name, rows)
        others: dict[str, PlaybookSource] = {}
        for other in rows:
            if other != name and not other.startswith("@"):
                try:
                    others |= self._design(work, other, rows).playbooks
                except PlaybookError:
                    continue  # its own page says so
        all_of_them = {**this.playbooks, **others}
        # in the order of a folder: what is said of two playbooks is the same, wherever it is asked
        in_order = sorted(all_of_them.items(), key=lambda one: one[1].path)
        everything = replace(this, playbooks=dict(in_order))
        return tuple(finding for finding in self._look(everything, [name]) if finding.is_about(name))

    def _design(self, work: Work, name: str, rows: Mapping[str, UUID]) -> Design:
        """One version under today's rules."""
        key = tuple((row, rows[row]) for row in (RULES_ROW, LIFECYCLE_ROW, name))
        with self._lock:
            if key in self._designs:
                return self._designs[key]
        rules, lifecycle, own = (_document(work, id_) for _, id_ in key)
        files = {HOUSE_RULES: rules["text"], LIFECYCLE: lifecycle["text"], f"{name}.yaml": own["playbook"], **own["words"]}
        design = load_design(files)
        with self._lock:
            _keep(self._designs, key, design)
        return design


@cache
def checked() -> Checked:
    """The one of this process: all pages share what was found."""
    return Checked()


def _document(work: Work, id_: UUID) -> dict[str, Any]:
    row = versions.document(work, id_)
    assert row is not None, "it is in force"
    return dict(row.document)


def _keep(kept: OrderedDict, key: object, value: object) -> None:  # type: ignore[type-arg]  # two of them
    kept[key] = value
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)
