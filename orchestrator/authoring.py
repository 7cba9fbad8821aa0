"""From files to published versions: read a folder, check all of it, and make what has changed current."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from orchestrator.core.house import check_house
from orchestrator.errors import PlaybookError, Problem
from orchestrator.language.design import Design, load_design, load_document
from orchestrator.language.house_rules import HouseRules
from orchestrator.language.program import Program
from orchestrator.language.system_events import BUILT_IN, SYSTEM_EVENTS
from orchestrator.language.words import FOLDERS
from orchestrator.parts import Parts
from orchestrator.rulebook import HOUSE_RULES, LIFECYCLE
from orchestrator.store import changes as written
from orchestrator.store import versions
from orchestrator.store.changes import entry
from orchestrator.store.database import Work

MOST_FILES = 2_000
OURS = Path(__file__).parent / "built_in"  # playbooks of the system itself
_RULES = {HOUSE_RULES: "house-rules.yaml", LIFECYCLE: "lifecycle.yaml"}


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing did with one playbook (or the house rules, or the lifecycle)."""

    name: str
    number: int
    what: Literal["new", "changed", "unchanged", "retired"]


def read_folder(folder: Path) -> dict[str, str]:
    """The files of a playbook folder that belong to the design: relative path -> text."""
    if not folder.is_dir():
        raise PlaybookError(Problem("there is no such folder", "name the folder that holds lifecycle.yaml", str(folder)))
    paths = [*folder.glob("*.yaml"), *(p for sub in FOLDERS.values() for p in (folder / sub).glob("*.md"))]
    if len(paths) > MOST_FILES:
        raise PlaybookError(Problem(f"{len(paths)} files are more than {MOST_FILES}", "is this the right folder?", str(folder)))
    files: dict[str, str] = {}
    problems: list[Problem] = []
    for path in sorted(paths):
        name = path.relative_to(folder).as_posix()
        try:
            files[name] = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            problems.append(Problem(f"byte {error.start} is not UTF-8", "save the file as UTF-8", name, 1, 1))
        except OSError as error:
            problems.append(Problem(f"cannot be read: {error.strerror}", "", name, 1, 1))
    if problems:
        raise PlaybookError(problems)
    return files


def load(folder: Path) -> tuple[Design, dict[str, str]]:
    """A folder's design, checked, with its texts. Raises PlaybookError with every problem of every file."""
    files = read_folder(folder)
    if taken := [name for name in BUILT_IN if f"{name}.yaml" in files]:
        hint = "give yours another name"
        raise PlaybookError(Problem(f"the playbook '{name}' is built in", hint, f"{name}.yaml", 1, 1) for name in taken)
    design = load_design(files)
    problems = check_house(design.house_rules)
    if problems:
        raise PlaybookError(Problem(p.problem, p.hint, f"house-rules.yaml: {p.place}") for p in problems)
    return design, files


def built_in(folder: Mapping[str, str]) -> Design:
    """The playbooks of the system itself, under the house rules of these files."""
    return _built_in(*(folder[path] for path in _RULES.values()))


@lru_cache(maxsize=4)
def _built_in(*rules: str) -> Design:
    return load_design({**dict(zip(_RULES.values(), rules, strict=True)), **read_folder(OURS)})


def publish(parts: Parts, folder: Path, by: str) -> list[Published]:
    """Make what the folder says current, and what is built in. Enrollments keep the version they began with; what has not changed
    stays as it is.

    Refused when the new house rules lack something that a version with open enrollments names.
    """
    design, files = load(folder)
    ours = built_in(files)
    return parts.database.run(lambda work: _publish(parts, work, design, ours, files, by))


def compare(parts: Parts, folder: Path) -> list[Published]:
    """What publishing this folder would do, without doing it; `number` is the version that is current now (0: none)."""
    design, files = load(folder)
    with parts.database.work() as work:
        before = versions.current(work)
    hashes = _hashes(design, built_in(files), files)
    answer = [
        Published(name, before[name].number, "unchanged" if before[name].hash == hash_ else "changed")
        if name in before
        else Published(name, 0, "new")
        for name, hash_ in hashes.items()
    ]
    return _worth_saying(answer) + [Published(name, row.number, "retired") for name, row in before.items() if name not in hashes]


def _worth_saying(done: list[Published]) -> list[Published]:
    """What is built in and stays as it is is nobody's concern."""
    return [p for p in done if p.name not in BUILT_IN or p.what != "unchanged"]


def _hashes(design: Design, ours: Design, files: Mapping[str, str]) -> dict[str, str]:
    rules = {name: hashlib.sha256(files[path].encode()).hexdigest() for name, path in _RULES.items()}
    return {**rules, **{name: of.hash(name) for of in (design, ours) for name in of.playbooks}}


def _publish(parts: Parts, work: Work, design: Design, ours: Design, files: Mapping[str, str], by: str) -> list[Published]:
    now = parts.clock()
    before = versions.current(work)
    _check_in_flight(work, design.house_rules)
    wanted = _hashes(design, ours, files)
    done: list[Published] = []
    for name, hash_ in wanted.items():
        there = before.get(name)
        if there is not None and there.hash == hash_:
            done.append(Published(name, there.number, "unchanged"))
            continue
        of = ours if name in BUILT_IN else design
        document = {"text": files[_RULES[name]]} if name in _RULES else of.document(name)
        listens = frozenset() if name in _RULES else _listens(of.playbooks[name].program)
        number = versions.publish(work, parts.new_id(), name, hash_, document, listens, by, now)
        done.append(Published(name, number, "changed" if there is not None else "new"))
    for name, row in before.items():
        if name not in wanted and versions.retire(work, name):
            done.append(Published(name, row.number, "retired"))
    said = [
        entry(
            now,
            f"playbook.{p.what}",
            f"{by} published {p.name}, version {p.number}" if p.what != "retired" else f"{by} retired {p.name}",
            rule=by,
        )
        for p in done
        if p.what != "unchanged"
    ]
    written.write(work, [], said)
    return _worth_saying(done)


def _check_in_flight(work: Work, rules: HouseRules) -> None:
    """Versions that customers are in must still make sense under these house rules."""
    problems: list[Problem] = []
    for row in versions.in_flight(work):
        try:
            load_document(row.document, rules)
        except PlaybookError as error:
            problems += [
                Problem(
                    f"version {row.number} of {row.playbook} has customers in it and would break: {p.problem}",
                    p.hint,
                    "house-rules.yaml",
                )
                for p in error.problems
            ]
    if problems:
        raise PlaybookError(problems)


def _listens(program: Program) -> frozenset[str]:
    """The system's own events that a playbook starts, stops or waits on: only these are written."""
    return (program.starts_on | frozenset(program.stops_on) | program.waits_for) & frozenset(SYSTEM_EVENTS)
