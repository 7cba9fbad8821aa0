"""What differs between versions, or between a version and the files: in sentences, with how many customers each one concerns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from orchestrator import authoring
from orchestrator.errors import InputError, NotFound, Problem, did_you_mean
from orchestrator.language.design import Design, load_design
from orchestrator.language.difference import (
    Sentence,
    house_rules_difference,
    lifecycle_difference,
    playbook_difference,
    playbook_of,
)
from orchestrator.language.difference.stretches import unified
from orchestrator.language.house_rules import HouseRules
from orchestrator.language.lifecycle import Lifecycle
from orchestrator.language.program import NodeId
from orchestrator.language.source import parse, read_yaml
from orchestrator.language.system_events import BUILT_IN
from orchestrator.parts import Parts
from orchestrator.rulebook import HOUSE_RULES, LIFECYCLE
from orchestrator.store import standing, versions
from orchestrator.store.database import Row, Work

FILES = "the files"
_RULES = {"house-rules": (HOUSE_RULES, "house-rules.yaml"), "lifecycle": (LIFECYCLE, "lifecycle.yaml")}
Document = Mapping[str, Any]
People = Mapping[str, Mapping[int, int]]  # playbook -> version -> how many are inside
Where = Mapping[UUID, Mapping[NodeId, int]]  # version -> step -> how many stood there when they were counted


@dataclass(frozen=True, slots=True)
class Told:
    """One sentence, and how many who are inside the older version it concerns; None: nobody's next touch."""

    sentence: Sentence
    applies_to: int | None
    elsewhere: int = 0  # inside still other versions, of which the very same can be said

    @property
    def text(self) -> str:
        """With the head count: "The check-in call moves from 2 to 1 business days after the event; applies to 214 waiting customers." """
        here = self.applies_to or 0
        if not here and not self.elsewhere:
            return self.sentence.text
        all_of_them = here + self.elsewhere
        who = "1 waiting customer" if all_of_them == 1 else f"{all_of_them:,} waiting customers"
        if self.elsewhere:
            who += f", {self.elsewhere:,} of them in other versions" if here else " in other versions"
        return f"{self.sentence.text.removesuffix('.')}; applies to {who}."


@dataclass(frozen=True, slots=True)
class Difference:
    """What is another in one playbook, or in the house rules or the lifecycle."""

    name: str
    old: int | None  # the version; None: nothing is published
    new: str  # "version 3" or "the files"
    sentences: tuple[Told, ...]
    lines: str = field(repr=False, default="")  # the same as a diff of lines
    inside: Mapping[NodeId, int] = field(default_factory=dict)  # who stands where in the older version
    altered: int = 0  # of how many the next touch would be another, if they were moved
    elsewhere: Mapping[int, int] = field(
        default_factory=dict
    )  # who is in still other versions, which a move takes too: version -> how many
    altered_elsewhere: int = 0  # the same of them, each against the version that they are in

    @property
    def is_any(self) -> bool:
        return bool(self.sentences) or bool(self.lines)


def all_changes(parts: Parts, folder: Path) -> list[Difference]:
    """Everything that publishing this folder would change, the house rules first. Raises PlaybookError for files with mistakes."""
    design, _ = authoring.load(folder)
    return parts.database.run(lambda work: _all(work, design))


def of_playbook(
    parts: Parts, name: str, old: int | None = None, new: int | Path | None = None, where: Where | None = None
) -> Difference:
    """One playbook (or "house-rules", "lifecycle"): a version against another one, or against the files of a folder.

    old: None: the current version. where: None: people are counted now.
    """
    design = authoring.load(new)[0] if isinstance(new, Path) else None
    number = new if isinstance(new, int) else None
    return parts.database.run(lambda work: _one(work, name, old, number, design, _people(work, name, where), where))


def of_files(parts: Parts, name: str, files: Mapping[str, str], where: Where | None = None) -> Difference:
    """The same of files that need not be on a disk, against the current version."""
    design = load_design(files)
    return parts.database.run(lambda work: _one(work, name, None, None, design, _people(work, name, where), where))


def _all(work: Work, design: Design) -> list[Difference]:
    current = versions.current(work)
    inside = versions.inside(work)
    found = [_one(work, name, None, None, design, inside) for name in (*_RULES, *design.playbooks)]
    gone = sorted(n for n in current if not n.startswith("@") and n not in design.playbooks and n not in BUILT_IN)
    return [one for one in found if one.is_any] + [_retired(work, current[name], inside) for name in gone]


def _retired(work: Work, row: Any, people: People) -> Difference:
    inside = _inside(work, row.id)
    elsewhere = {other.number: n for other, n in _elsewhere(work, row.playbook, people, {row.number})}
    text = "It is gone from the files: publishing retires it, and those inside go on."
    told = Told(Sentence("head", "file", text, everybody=True), sum(inside.values()), sum(elsewhere.values()))
    return Difference(row.playbook, row.number, FILES, (told,), inside=inside, elsewhere=elsewhere)


def _one(
    work: Work, name: str, old: int | None, new: int | None, design: Design | None, people: People, where: Where | None = None
) -> Difference:
    stored = _RULES[name][0] if name in _RULES else name
    before = _version(work, stored, name, old, design)
    after = _version(work, stored, name, new, None) if new is not None or design is None else None
    there: Document | None = after.document if after is not None else None
    if there is None and design is not None:
        there = _from_files(design, name)
    assert there is not None, "there is a second version, or there are files"
    called = f"version {after.number}" if after is not None else FILES
    if before is None:
        text = "It is new: nothing of it is published."
        return Difference(name, None, called, (Told(Sentence("head", "file", text), None),), _lines({}, there, name))
    if name in _RULES:
        sentences = _rules(name, before.document["text"], there["text"])
        inside: Mapping[NodeId, int] = {}
    else:
        sentences = playbook_difference(before.document, there)
        inside = _inside(work, before.id, where)
    # Two versions that somebody named are compared as such; against what is in use, everybody counts whom a move would take.
    known = {before.number, after.number if after else 0}
    others = _elsewhere(work, name, people, known) if old is None and name not in _RULES else []
    apart = [(playbook_difference(_document(work, row), there), _inside(work, row.id, where)) for row, _ in others]
    told = tuple(Told(one, _applies(one, inside), sum(_alike(one, *other) for other in apart)) for one in sentences)
    lines = _lines(before.document, there, name)
    if lines and not told:
        told = (Told(Sentence("head", "layout", "Only comments or layout differ."), None),)
    return Difference(
        name, before.number, called, told, lines, inside, _altered(sentences, inside),
        {row.number: n for row, n in others}, sum(_altered(*other) for other in apart),
    )  # fmt: skip


def _version(work: Work, stored: str, name: str, number: int | None, design: Design | None) -> Row[Any] | None:
    rows = standing.version_rows(work, stored)
    if not rows:
        if design is not None and (name in design.playbooks or name in _RULES):
            return None
        known = {r.playbook for r in standing.version_rows(work) if not r.playbook.startswith("@")} | set(_RULES)
        raise NotFound(f"there is no playbook '{name}' ({did_you_mean(name, known)})")
    wanted = next((r for r in rows if (r.number == number if number is not None else r.current)), None)
    if wanted is None and number is None:
        wanted = next((r for r in rows if r.beside is None), rows[0])  # retired: the last one that was in use
    if wanted is None:
        raise NotFound(f"there is no version {number} of {name}")
    return versions.document(work, wanted.id)


def _from_files(design: Design, name: str) -> Document:
    if name in _RULES:
        return {"text": design.files[_RULES[name][1]]}
    if name not in design.playbooks:
        raise InputError(Problem(f"the files have no playbook '{name}'", did_you_mean(name, (*design.playbooks, *_RULES))))
    return design.document(name)


def _rules(name: str, before: str, after: str) -> list[Sentence]:
    if name == "lifecycle":
        old, new = (parse(Lifecycle, read_yaml(text, "lifecycle.yaml")) for text in (before, after))
        return lifecycle_difference(old, new)
    rules, others = (parse(HouseRules, read_yaml(text, "house-rules.yaml")) for text in (before, after))
    return house_rules_difference(rules, others)


def _inside(work: Work, version: Any, where: Where | None = None) -> Mapping[NodeId, int]:
    return standing.steps_of(work, version) if where is None else where.get(version, {})


def _people(work: Work, name: str, where: Where | None) -> People:
    if where is None:
        return versions.inside(work)
    counted = {row.number: sum(where.get(row.id, {}).values()) for row in standing.version_rows(work, name)}
    return {name: {number: n for number, n in counted.items() if n}}


def _elsewhere(work: Work, name: str, people: People, but: Collection[int]) -> list[tuple[Row[Any], int]]:
    """The other versions that somebody is inside, oldest first, and how many."""
    inside = people.get(name, {})
    rows = {row.number: row for row in standing.version_rows(work, name)} if set(inside) - set(but) else {}
    return [(rows[number], n) for number, n in sorted(inside.items()) if number not in but]


def _document(work: Work, row: Row[Any]) -> Document:
    found = versions.document(work, row.id)
    assert found is not None, "somebody is inside"
    document: Document = found.document
    return document


def _altered(sentences: Sequence[Sentence], inside: Mapping[NodeId, int]) -> int:
    """Of how many the next touch would be another."""
    altered = {step for one in sentences for step in one.steps}
    everybody = any(one.everybody for one in sentences)
    return sum(n for step, n in inside.items() if step in altered or everybody)


def _alike(one: Sentence, sentences: Sequence[Sentence], inside: Mapping[NodeId, int]) -> int:
    """How many of another version the sentence concerns, when the very same can be said of that version."""
    same = (other for other in sentences if (other.about, other.field, other.text) == (one.about, one.field, one.text))
    return max((_applies(other, inside) or 0 for other in same), default=0)


def _applies(one: Sentence, inside: Mapping[NodeId, int]) -> int | None:
    if one.everybody:
        return sum(inside.values()) or None
    return sum(n for step, n in inside.items() if step in one.steps) or None


def _lines(old: Document, new: Document, name: str) -> str:
    before, after = dict(_texts(old, name)), dict(_texts(new, name))
    pieces = []
    for path in sorted({*before, *after}, key=lambda p: ("/" in p, p)):
        a, b = before.get(path, "").splitlines(keepends=True), after.get(path, "").splitlines(keepends=True)
        lines = unified(a, b, f"published/{path}" if path in before else "nothing", path if path in after else "nothing")
        pieces += [line if line.endswith("\n") else f"{line}\n" for line in lines]
    return "".join(pieces)


def _texts(document: Document, name: str) -> Iterator[tuple[str, str]]:
    if "text" in document:
        yield f"{name}.yaml", str(document["text"])
    elif document:
        yield f"{playbook_of(document).playbook}.yaml", str(document["playbook"])
        yield from document["words"].items()
