"""What will be in force after a publishing, an approval or a restore: linted as a whole before it is.

A file may be right beside the other files and wrong beside what is published, and the other way round. What counts is what customers meet.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from orchestrator.errors import InputError, PlaybookError, Problem
from orchestrator.language import design as files
from orchestrator.language.design import Design, PlaybookSource, load_design, load_document
from orchestrator.language.system_events import BUILT_IN
from orchestrator.parts import Parts
from orchestrator.rulebook import HOUSE_RULES, LIFECYCLE
from orchestrator.store import versions
from orchestrator.store.database import Work

if TYPE_CHECKING:
    from orchestrator.lint.finding import Finding

TURNS = 5  # somebody else may publish while this is linted; then it is linted again
_RULES = (HOUSE_RULES, LIFECYCLE)

Document = Mapping[str, Any]
Marks = frozenset[tuple[object, ...]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan:
    """What somebody is about to bring into use, as the database calls it."""

    put: Mapping[str, Document]
    gone: Collection[str] = ()  # retired by the same act
    is_checked: bool = False  # this very design has been linted


@dataclass(frozen=True, slots=True)
class _Read:
    """What the database says before it is decided."""

    marks: Marks
    put: Collection[str] = ()
    documents: Mapping[str, Document] | None = None  # what is in force afterwards; None: there is nothing to look at


def mistakes(parts: Parts, plan: Callable[[Work], Plan], names: Sequence[str] = ()) -> Sequence[Finding]:
    """The errors that keep it from being brought into use. names: as for `refuse`. Raises PlaybookError when it cannot be loaded."""
    from orchestrator.lint.lint import errors  # here: only who publishes needs it

    design = _design(parts.database.run(lambda work: _read(work, plan(work))))
    return errors(design, names) if design is not None else ()


def findings(
    parts: Parts, plan: Callable[[Work], Plan], names: Sequence[str] = ()
) -> tuple[Sequence[Finding], Mapping[str, str]]:
    """All that lint says of what is in force with the plan, and the files that it points into. names: as for `mistakes`."""
    from orchestrator.lint.lint import lint

    design = _design(parts.database.run(lambda work: _read(work, plan(work), always=True)))
    return (lint(design, names if set(names).isdisjoint(_RULES) else ()), design.files) if design is not None else ((), {})


def bring(parts: Parts, plan: Callable[[Work], Plan], names: Sequence[str], unit: Callable[[Work], T]) -> T:
    """Run the unit of work that brings it into use, one at a time and only when lint finds no error in what is in force then.

    Nothing is compiled or linted inside a unit of work: nobody waits for that; what has changed since is looked at anew.
    names: what is published, approved or restored; with rules among them, and with none at all, every playbook counts.
    """
    from orchestrator.lint.lint import refuse

    for _ in range(TURNS):
        read = parts.database.run(lambda work: _read(work, plan(work)))
        design = _design(read)
        if design is not None:
            refuse(design, names)
        done = parts.database.run(lambda work, b=read.marks: _alone(work, b, unit))  # type: ignore[misc]  # runs at once
        if done is not None:
            return done
    raise InputError(Problem("others publish at this moment", "try again"))


def _alone(work: Work, before: Marks, unit: Callable[[Work], T]) -> T | None:
    """One publishes at a time. None: meanwhile something else came into use, or stands beside it."""
    versions.lock(work)
    return unit(work) if _marks(work) == before else None


def _marks(work: Work) -> Marks:
    """Everything on which a plan was made."""
    current = {(name, row.id) for name, row in versions.current(work).items()}
    beside = {(*key, row.id) for key, row in versions.beside(work).items()}
    held = {(name, row.what, row.hash) for name, row in versions.held_back(work).items()}
    return frozenset({*current, *beside, *held})


def _read(work: Work, plan: Plan, *, always: bool = False) -> _Read:
    """always: also when nothing comes into use that was not linted already."""
    marks, current = _marks(work), versions.current(work)
    there = {name: row.id for name, row in current.items() if name not in plan.gone and name not in BUILT_IN}
    put = {name: document for name, document in plan.put.items() if name not in BUILT_IN}
    if not always and (plan.is_checked or not put):
        return _Read(marks)
    if not {*there, *put}.issuperset(_RULES):
        return _Read(marks)
    return _Read(marks, put, {**{name: _document(work, id_) for name, id_ in there.items() if name not in put}, **put})


def _design(read: _Read) -> Design | None:
    """The design that is in force afterwards; None: there is nothing to look at."""
    if (documents := read.documents) is None:
        return None
    rules = {files.HOUSE_RULES: documents[HOUSE_RULES]["text"], files.LIFECYCLE: documents[LIFECYCLE]["text"]}
    design, playbooks, said = load_design(rules), dict[str, PlaybookSource](), dict(rules)
    for name, document in sorted(documents.items()):
        if name in _RULES:
            continue
        try:
            own = load_design({**rules, f"{name}.yaml": document["playbook"], **document["words"]})
        except PlaybookError as wrong:
            if name in read.put:
                _blame(name, document, design, wrong)
            continue  # what does not fit the house rules is said by published.check_current
        playbooks |= own.playbooks
        said |= own.files
    return replace(design, playbooks=playbooks, files=said)


def _blame(name: str, document: Document, design: Design, wrong: PlaybookError) -> None:
    """Say that it does not fit the lifecycle, when it does fit the house rules."""
    try:
        load_document(document, design.house_rules)
    except PlaybookError:
        return
    hint = "publish the lifecycle with it"
    raise PlaybookError(
        Problem(f"{name} does not fit the lifecycle that is published: {p.problem}", hint, p.place, p.line, p.column)
        for p in wrong.problems
    )


def _document(work: Work, id_: UUID) -> Document:
    row = versions.document(work, id_)
    assert row is not None, "a current version exists"
    return dict(row.document)
