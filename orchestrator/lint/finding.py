"""What lint says about one place of the files. Values only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")  # worst first


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or doubtful, with a way through the playbook that shows it, and what to do."""

    code: str  # "TP101"; lint/codes.py has all of them
    severity: Severity
    file: str  # relative to the playbooks folder
    line: int  # 1-based
    column: int
    message: str
    path: str = ""  # a counter-example in words: "quote.sent → quote-check-in: no_answer ×3 → …"
    fix: str = ""
    playbook: str = ""  # empty: of no playbook in particular
    beside: tuple[str, ...] = ()  # the other playbooks that it is about: mending any of them may mend it

    @property
    def playbooks(self) -> tuple[str, ...]:
        """Every playbook that it is about; none when it is of no playbook in particular."""
        return (self.playbook, *self.beside) if self.playbook else ()

    def is_about(self, name: str) -> bool:
        """Whether it concerns this playbook, wherever it stands."""
        return name in self.playbooks

    def __str__(self) -> str:
        shown = f"{self.file}:{self.line}:{self.column}: {self.severity} {self.code}: {self.message}"
        shown += f"; e.g. {self.path}" if self.path else ""
        return shown + (f" ({self.fix})" if self.fix else "")


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The worst severity among them; None when there are none."""
    found = {finding.severity for finding in findings}
    return next((severity for severity in SEVERITIES if severity in found), None)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """By file and line, each once."""
    return sorted(dict.fromkeys(findings), key=lambda f: (f.file, f.line, f.column, f.code, f.message))
