"""Findings as compilers show them: the line of the file with a mark below the place, a way that shows it, and what to do."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from orchestrator.lint.finding import SEVERITIES, Finding

_WORD = re.compile(r"[\w.@/-]+|[^\w\s]")
MOST_LINE = 160  # characters of a source line


def lines(findings: Sequence[Finding], files: Mapping[str, str]) -> Iterator[str]:
    """Each finding as some lines, in order."""
    texts = {file: text.splitlines() for file, text in files.items()}
    for finding in findings:
        yield f"{finding.file}:{finding.line}:{finding.column}: {finding.severity} {finding.code}: {printable(finding.message)}"
        of_file = texts.get(finding.file, [])
        if 0 < finding.line <= len(of_file):
            yield from _marked(of_file[finding.line - 1], finding)
        margin = " " * len(str(finding.line))
        if finding.path:
            yield f" {margin} = for example: {printable(finding.path)}"
        if finding.fix:
            yield f" {margin} = to mend it: {printable(finding.fix)}"
        yield ""


def summary(findings: Sequence[Finding]) -> str:
    """ "2 errors, 1 warning"."""
    counted = Counter(finding.severity for finding in findings)
    return ", ".join(f"{counted[s]} {s}{'s' if counted[s] > 1 else ''}" for s in SEVERITIES if counted[s])


def printable(words: str) -> str:
    """Without signs that would move a terminal's cursor or turn the reading direction."""
    return "".join(c if c.isprintable() else " " for c in words)


def _marked(line: str, finding: Finding) -> Iterator[str]:
    number, start = str(finding.line), finding.column - 1
    found = _WORD.match(line, start)
    length = len(found[0]) if found else 1
    shown = printable(line)
    if len(shown) > MOST_LINE:
        cut = max(0, min(start - 20, len(shown) - MOST_LINE))
        shown, start = shown[cut : cut + MOST_LINE], start - cut
    yield f" {number} | {shown}".rstrip()
    yield f" {' ' * len(number)} | {' ' * _columns(shown[:start])}{'^' * max(1, _columns(shown[start : start + length]))}"


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
