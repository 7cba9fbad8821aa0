"""Check a design: what loading refuses, what can be proved wrong, and what is hardly meant. Pure: texts in, findings out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from orchestrator.core.house import House, check_house
from orchestrator.errors import PlaybookError, Problem
from orchestrator.language.design import LIFECYCLE, Design, load_design
from orchestrator.language.system_events import BUILT_IN
from orchestrator.lint.codes import CODES
from orchestrator.lint.finding import Finding, in_order
from orchestrator.lint.loading import as_findings, of_the_house
from orchestrator.lint.registry import PER_PLAYBOOK, TOGETHER, PerPlaybook, Together
from orchestrator.lint.subject import Subject, Subjects


def check(files: Mapping[str, str]) -> list[Finding]:
    """Everything to say about these files (path relative to the playbooks folder -> text), by file and line.

    What cannot be loaded is found as such, and nothing else is looked at then.
    """
    return look(files)[0]


def look(files: Mapping[str, str]) -> tuple[list[Finding], Design | None]:
    """The same, with the design that the files make; None when they cannot be loaded."""
    if taken := names_taken(files):
        return taken, None
    try:
        design = load_design(files)
    except PlaybookError as wrong:
        return in_order(as_findings(wrong.problems, files)), None
    return lint(design), design


def names_taken(files: Collection[str]) -> list[Finding]:
    """Playbooks among these files that are called as one of the system's own."""
    taken = [name for name in BUILT_IN if f"{name}.yaml" in files]
    hint = "give yours another name"
    return list(as_findings(Problem(f"the playbook '{name}' is built in", hint, f"{name}.yaml", 1, 1) for name in taken))


def lint(
    design: Design,
    only: Collection[str] = (),
    *,
    known: Mapping[str, Subject] = MappingProxyType({}),
    per_playbook: Sequence[PerPlaybook] = PER_PLAYBOOK,
    together: Sequence[Together] = TOGETHER,
) -> list[Finding]:
    """Everything to say about a design that can be loaded, by file and line.

    only: what concerns these playbooks, and how they meet the others; empty: all. known: playbooks of the design that were looked at
    before, under the same house rules and lifecycle. A check that fails is a finding itself.
    """
    if problems := check_house(design.house_rules):
        return in_order(of_the_house(problems, design))
    house = House.of(design.house_rules)
    sources = {name: source for name, source in design.playbooks.items() if name not in BUILT_IN}
    subjects = Subjects({name: known.get(name) or Subject(design, source, house) for name, source in sources.items()}, only)
    wanted = [subject for name, subject in subjects.items() if not only or name in only]
    findings = [
        finding
        for subject in wanted
        for each in per_playbook
        for finding in _said(each.__name__, partial(each, subject), subject.source.path, subject.name)
    ]
    for all_of_them in together:
        findings += _said(all_of_them.__name__, partial(all_of_them, design, subjects), LIFECYCLE)
    return in_order(f for f in findings if _concerns(f, only))


def _concerns(finding: Finding, only: Collection[str]) -> bool:
    """Whether it is about one of these, or about no playbook in particular."""
    return not only or not finding.playbook or any(finding.is_about(name) for name in only)


def failed(what: str, wrong: Exception, file: str, playbook: str = "") -> Finding:
    """A check that came to grief: nothing is known of what it would have found, so it counts as an error."""
    code = CODES["TP901"]
    message = f"the check '{what}' failed ({type(wrong).__name__}): what it looks for may be here or not"
    return Finding(code.code, code.severity, file, 1, 1, message, "", code.fix, playbook)


def _said(name: str, check: Callable[[], Iterable[Finding]], file: str, playbook: str = "") -> list[Finding]:
    found: list[Finding] = []
    try:
        found.extend(check())
    except Exception as wrong:  # shell: whatever it is, the other checks, the page and the command go on
        found.append(failed(name, wrong, file, playbook))
    return found


def errors(design: Design, only: Collection[str] = ()) -> list[Finding]:
    """What keeps a design from being published. only: these playbooks; empty, or with house rules or lifecycle among them: all."""
    some = () if any(name.startswith("@") for name in only) else only
    return [f for f in lint(design, some) if f.severity == "error"]


def refuse(design: Design, only: Collection[str] = ()) -> None:
    """Raise PlaybookError with every error that lint finds. only: of these playbooks, and of none in particular, as for `errors`."""
    if found := errors(design, only):
        raise PlaybookError(
            Problem(f"{f.code}: {f.message}" + (f"; e.g. {f.path}" if f.path else ""), f.fix, f.file, f.line, f.column)
            for f in found
        )
