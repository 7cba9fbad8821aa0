"""From files to published versions: read a folder, check all of it, and make what has changed current."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator import in_force
from orchestrator.core.house import check_house
from orchestrator.errors import InputError, Overtaken, PlaybookError, Problem, did_you_mean
from orchestrator.language.design import Design, load_design
from orchestrator.language.program import Program
from orchestrator.language.system_events import BUILT_IN, SYSTEM_EVENTS
from orchestrator.language.words import FOLDERS
from orchestrator.parts import Parts
from orchestrator.published import (
    Published as Published,
)
from orchestrator.published import (
    What,
    called,
    check_current,
    check_in_flight,
    name_of,
    needs_another_person,
    rules_in_use,
    takes_its_place,
    told,
)
from orchestrator.rulebook import HOUSE_RULES, LIFECYCLE
from orchestrator.store import versions
from orchestrator.store.audit import By
from orchestrator.store.database import Work
from orchestrator.store.versions import Beside

if TYPE_CHECKING:
    from orchestrator.lint.finding import Finding

MOST_FILES = 2_000
OURS = Path(__file__).parent / "built_in"  # playbooks of the system itself
_RULES = {HOUSE_RULES: "house-rules.yaml", LIFECYCLE: "lifecycle.yaml"}


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody looks at before they publish one file."""

    hash: str  # of the file, with everything that it pins
    current: int  # the version in use; 0: none
    proposed: int  # the version that waits for another person; 0: none
    proposes: bool  # publishing it would only propose it

    def __str__(self) -> str:
        return f"{self.hash}.{self.current}.{self.proposed}.{int(self.proposes)}"


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


def publish(
    parts: Parts, folder: Path, by: str | By, *, only: Sequence[str] = (), shadow: bool = False,
    expected: Mapping[str, Seen] | None = None,
) -> list[Published]:  # fmt: skip
    """Make what the folder says current, and what is built in. Enrollments keep the version they began with; what has not changed
    stays as it is.

    only: these playbooks (also "house-rules" and "lifecycle") and nothing else. shadow: they decide beside the current version and
    contact nobody. Where approval is needed, a new version waits as a proposal for another person. What somebody retired, or
    replaced by an earlier version, comes back only when it is named, or when its file says something new. expected: what was
    looked at, by name; when one of these is something else by now, nothing is published (Overtaken).

    Refused when lint finds an error, and when the new house rules lack something that a version with open enrollments names.
    """
    from orchestrator.lint.lint import refuse  # here: only who publishes needs it

    design, files = load(folder)
    ours = built_in(files)
    names = [_filed(name) for name in only]
    known = [*_RULES, *design.playbooks]
    if not names:
        refuse(design)
    if strange := [name for name in names if name not in known]:
        called = strange[0].removeprefix("@")
        raise InputError(Problem(f"there is no playbook '{called}' in {folder}", did_you_mean(called, design.playbooks)))
    if shadow and (not names or set(names) & set(_RULES)):
        raise InputError(Problem("a shadow is of playbooks that are named", "touchpoint publish quote-follow-up --shadow"))

    def unit(work: Work) -> list[Published]:
        if any(seen(work, design, files, name) != was for name, was in (expected or {}).items()):
            raise Overtaken(Problem("the file, or what is published, changed while you looked", "look again, then publish"))
        return _Publisher(parts, work, design, ours, files, by, names, parts.clock(), shadow=shadow).publish()

    return in_force.bring(parts, lambda work: _plan(work, design, ours, files, names), names, unit)


def mistakes(parts: Parts, design: Design, files: Mapping[str, str], name: str) -> Sequence[Finding]:
    """The errors that keep this one file from being published: lint of what would be in force then, not of the folder."""
    names = [_filed(name)]
    return in_force.mistakes(parts, lambda work: _plan(work, design, built_in(files), files, names), names)


def findings(parts: Parts, folder: Path, only: Sequence[str] = ()) -> tuple[Sequence[Finding], Mapping[str, str]]:
    """All that lint says of what is in force, with what of this folder waits for another person; and the files it points into.

    only: as for `publish`, after which this is asked.
    """
    design, files = load(folder)
    names = [_filed(name) for name in only]
    return in_force.findings(parts, lambda work: _plan(work, design, built_in(files), files, names), names)


def _plan(work: Work, design: Design, ours: Design, files: Mapping[str, str], names: Sequence[str]) -> in_force.Plan:
    """What publishing these brings into use; no names: the whole folder, which has been linted as it is."""
    before, beside, held = versions.current(work), versions.beside(work), versions.held_back(work)
    wanted = hashes(design, ours, files)
    chosen = {name: h for name, h in wanted.items() if _is_chosen(name, names, before)}
    would = {n: _would(n, h, before.get(n), beside, None if names else held.get(n)) for n, h in chosen.items()}
    put = {
        name: {"text": files[_RULES[name]]} if name in _RULES else design.document(name)
        for name, what in would.items()
        if what in ("new", "changed", "proposed") and name not in BUILT_IN
    }
    gone = () if names else [name for name in before if name not in wanted]
    return in_force.Plan(put, gone, not names and not {"left retired", "left restored"} & set(would.values()))


def proposes(work: Work, design: Design, name: str) -> bool:
    """Whether publishing this only proposes it; name as people say it, or as the database does."""
    name = _filed(name)
    own = design.playbooks.get(name)
    return needs_another_person(
        work, name, asked=design.house_rules.needs_approval or (own is not None and own.playbook.needs_approval)
    )


def seen(work: Work, design: Design, files: Mapping[str, str], name: str) -> Seen:
    """What there is to look at before this one file is published; name as people say it."""
    filed = _filed(name)
    current, proposed = versions.current(work).get(filed), versions.beside(work).get((filed, "proposed"))
    return Seen(
        hashes(design, built_in(files), files)[filed], current.number if current is not None else 0,
        proposed.number if proposed is not None else 0, proposes(work, design, name),
    )  # fmt: skip


def compare(parts: Parts, folder: Path) -> list[Published]:
    """What publishing this folder would do, without doing it; `number` is the version that is current now (0: none)."""
    design, files = load(folder)
    with parts.database.work() as work:
        return compared(work, hashes(design, built_in(files), files))


def compared(work: Work, wanted: Mapping[str, str]) -> list[Published]:
    """How what is published differs from files with these hashes."""
    before, beside, held = versions.current(work), versions.beside(work), versions.held_back(work)
    answer: list[Published] = []
    for name, hash_ in wanted.items():
        number = before[name].number if name in before else 0
        answer.append(Published(name, number, _would(name, hash_, before.get(name), beside, held.get(name))))
    return _worth_saying(answer) + [Published(name, row.number, "retired") for name, row in before.items() if name not in wanted]


def _would(name: str, hash_: str, there: Any, beside: Mapping[tuple[str, str], Any], held: Any) -> What:
    """What publishing the whole folder does with one file; a proposal of the same content that waits already counts as proposed."""
    if there is not None and there.hash == hash_:
        return "unchanged"
    if held is not None and held.hash in (None, hash_):
        return "left retired" if held.what == "retired" else "left restored"
    proposal = beside.get((name, "proposed"))
    if proposal is not None and proposal.hash == hash_:
        return "proposed"
    return "new" if there is None else "changed"


def _worth_saying(done: list[Published]) -> list[Published]:
    """What is built in and stays as it is is nobody's concern."""
    return [p for p in done if p.name not in BUILT_IN or p.what != "unchanged"]


def hashes(design: Design, ours: Design, files: Mapping[str, str]) -> dict[str, str]:
    """What each playbook (also the house rules and the lifecycle) of these files would be known by."""
    rules = {name: _hash(files[path]) for name, path in _RULES.items()}
    return {**rules, **{name: of.hash(name) for of in (design, ours) for name in of.playbooks}}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _filed(name: str) -> str:
    """How the database calls what people name: "house-rules" is "@house-rules"."""
    return f"@{name}" if f"@{name}" in _RULES else name


def _is_chosen(name: str, only: Sequence[str], before: Mapping[str, Any]) -> bool:
    return not only or name in only or (name in (*_RULES, *BUILT_IN) and name not in before)


@dataclass(frozen=True, slots=True)
class _Publisher:
    """One publishing, in one unit of work."""

    parts: Parts
    work: Work
    design: Design
    ours: Design
    files: Mapping[str, str]
    by: By | str
    only: Sequence[str]
    now: datetime
    _: KW_ONLY
    shadow: bool

    def publish(self) -> list[Published]:
        work = self.work
        before, beside, held = versions.current(work), versions.beside(work), versions.held_back(work)
        wanted = hashes(self.design, self.ours, self.files)
        chosen = {name: h for name, h in wanted.items() if _is_chosen(name, self.only, before)}
        done: list[Published] = []
        for name, hash_ in chosen.items():
            would = _would(name, hash_, before.get(name), beside, None if self.only else held.get(name))
            if would in ("new", "changed", "proposed"):
                would, number = self._put(name, hash_, would, before, beside)
            else:
                number = before[name].number if name in before else 0
                if would == "unchanged" and self.shadow:
                    hint = "change its file first"
                    raise InputError(
                        Problem(f"the file says what version {number} of {name} says: there is nothing to compare", hint)
                    )
            if would == "unchanged" and name in self.only:
                takes_its_place(work, self.by, name, "proposed", "published again", self.now)
            if would == "unchanged" and name in held:
                versions.let_back(work, name)
            done.append(Published(name, number, would))
        if not self.only:
            done += [
                Published(name, row.number, "retired")
                for name, row in before.items()
                if name not in wanted and versions.retire(work, name)
            ]
        self._still_fits({p.name for p in done if p.what in ("new", "changed")})
        inside = versions.inside(work)
        done = [replace(p, inside=_others(p, inside)) for p in done]
        self._say(done)
        return _worth_saying(done)

    def _put(
        self, name: str, hash_: str, would: What, before: Mapping[str, Any], beside: Mapping[tuple[str, str], Any]
    ) -> tuple[What, int]:
        """A new version, current or beside."""
        work, by, now = self.work, self.by, self.now
        there: Beside | None = "shadow" if self.shadow else "proposed" if proposes(work, self.design, name) else None
        ready = {kind: row for (of, kind), row in beside.items() if of == name and row.hash == hash_}
        if there is not None and there in ready:
            return there, ready[there].number  # it stands there already
        row = (ready.get("shadow") or ready.get("proposed")) if there is None else None  # the one that people have looked at
        if there == "shadow":
            takes_its_place(work, by, name, "shadow", "started another one", now)
        else:
            takes_its_place(work, by, name, "proposed", "published again", now, but=row.id if row is not None else None)
            versions.let_back(work, name)
        if row is not None:
            versions.make_current(work, name, row.id, now)
            return would if would != "proposed" else _new_or_changed(name, before), row.number
        of = self.ours if name in BUILT_IN else self.design
        document = {"text": self.files[_RULES[name]]} if name in _RULES else of.document(name)
        listens = frozenset() if name in _RULES else listens_to(of.playbooks[name].program)
        number = versions.add(work, self.parts.new_id(), name, hash_, document, listens, name_of(by), now, there)
        return there or _new_or_changed(name, before), number

    def _still_fits(self, put: Collection[str]) -> None:
        """Under the house rules that hold now, every version that customers are in or may enter makes sense."""
        current = versions.current(self.work)
        if HOUSE_RULES in put:
            check_in_flight(self.work, self.design.house_rules)
            check_current(self.work, [row for name, row in current.items() if name not in put], self.design.house_rules)
        elif current[HOUSE_RULES].hash != _hash(self.files[_RULES[HOUSE_RULES]]):  # the folder was checked under others
            check_current(self.work, [row for name, row in current.items() if name in put], rules_in_use(self.work))

    def _say(self, done: Sequence[Published]) -> None:
        for p in done:
            match p.what:
                case "new" | "changed":
                    why = f"{name_of(self.by)} published {called(p.name)}, version {p.number}"
                case "retired":
                    why = f"{name_of(self.by)} retired {called(p.name)}: its file is gone"
                case "proposed":
                    why = f"{name_of(self.by)} proposed version {p.number} of {called(p.name)}; another person approves it"
                case "shadow":
                    why = f"{name_of(self.by)} lets version {p.number} of {called(p.name)} decide as a shadow; it contacts nobody"
                case _:
                    continue
            told(self.work, self.by, f"playbook.{p.what}", p.name, why, self.now)


def _new_or_changed(name: str, before: Mapping[str, Any]) -> What:
    return "changed" if name in before else "new"


def _others(done: Published, inside: Mapping[str, Mapping[int, int]]) -> tuple[tuple[int, int], ...]:
    """Who is inside versions other than the one that is current now."""
    if done.what == "unchanged":
        return ()
    new = {done.number} if done.what in ("new", "changed") else set()
    return tuple(sorted((number, n) for number, n in inside.get(done.name, {}).items() if number not in new))


def listens_to(program: Program) -> frozenset[str]:
    """The system's own events that a playbook starts, stops or waits on: only these are written."""
    return (program.starts_on | frozenset(program.stops_on) | program.waits_for) & frozenset(SYSTEM_EVENTS)
