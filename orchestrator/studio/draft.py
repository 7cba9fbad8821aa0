"""A playbook as its files say now, perhaps with a text that is not saved yet: what is wrong with it, its program, its words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from orchestrator.channels.base import Company
from orchestrator.core.house import House, check_house
from orchestrator.errors import NotFound, PlaybookError
from orchestrator.language.design import HOUSE_RULES, LIFECYCLE, Design, LoadedVersion, load_design
from orchestrator.language.house_rules import HouseRules
from orchestrator.language.lifecycle import FieldType
from orchestrator.language.picture import Picture, picture
from orchestrator.language.program import TouchNode
from orchestrator.language.rehearsal import head_of
from orchestrator.language.source import parse, read_yaml
from orchestrator.language.words import FOLDERS
from orchestrator.lint.finding import Finding, in_order
from orchestrator.lint.lint import lint, look, names_taken
from orchestrator.lint.loading import as_findings, of_the_house
from orchestrator.lint.registry import AT_ONCE, TOGETHER
from orchestrator.lint.subject import Subject
from orchestrator.rehearsal.mistakes import mistakes
from orchestrator.rulebook import InUse
from orchestrator.studio.folder import REHEARSALS

RULES: Mapping[str, str] = {"house-rules": HOUSE_RULES, "lifecycle": LIFECYCLE}  # drafts that are no playbooks -> their files
MOST_READ = 300  # playbooks that are kept as they were read
NEVER_CAUSED = "TP231"  # an event that no contact of any playbook brings about
_SAID = re.compile(rf"\b({'|'.join(FOLDERS)}):[ ]*[\"']?([a-z0-9]+(?:-[a-z0-9]+)*)")


@dataclass(frozen=True, slots=True)
class Draft:
    """One playbook, or the house rules or the lifecycle, as the files say."""

    name: str
    path: str  # its own file
    paths: Sequence[str]  # its own file, the words it says, its rehearsals; those that are not written yet too
    findings: Sequence[Finding]
    design: Design | None = field(repr=False)  # None: something cannot be loaded; the findings say what

    @property
    def loads(self) -> bool:
        """Whether it could be published as far as loading goes."""
        return self.design is not None

    @property
    def picture(self) -> Picture | None:
        """What the graph shows; None while it does not load, and for what is no playbook."""
        if self.design is None or self.name not in self.design.playbooks:
            return None
        return picture(self.design.playbooks[self.name].program, self.design.house_rules.dispositions)

    @property
    def loaded(self) -> LoadedVersion:
        """The playbook ready to say its words. Raises NotFound while it does not load."""
        if self.design is None or self.name not in self.design.playbooks:
            raise NotFound("it does not load")
        source = self.design.playbooks[self.name]
        return LoadedVersion(source.playbook, source.program, source.compiled.words, source.compiled.declared)

    @property
    def values(self) -> Mapping[str, FieldType]:
        """Every value that its words may print, with its kind; none while it does not load."""
        found = self.design and self.design.playbooks.get(self.name)
        return found.compiled.declared if found else {}

    def node(self, id_: str) -> TouchNode:
        """A touchpoint of it. Raises NotFound."""
        node = self.loaded.program.nodes.get(id_)
        if not isinstance(node, TouchNode):
            raise NotFound("no such step")
        return node

    def rules(self) -> InUse:
        """The rules as the files say, for words that are shown before anything is published."""
        assert self.design is not None, "asked of a draft that loads"
        company = self.design.house_rules.company.model_dump()
        speaker = Company(**{name: str(company.get(name) or "") for name in Company.__dataclass_fields__})
        house, lifecycle = House.of(self.design.house_rules), self.design.lifecycle
        return InUse(house, company, speaker, lifecycle, {}, _nothing_published, frozenset())


def file_of(name: str) -> str:
    """The file of a playbook, of the house rules or of the lifecycle."""
    return RULES.get(name, f"{name}.yaml")


def draft(files: Mapping[str, str], name: str, *, soon: bool = False) -> Draft:
    """The draft with this name. Raises NotFound when it has no file.

    A playbook is looked at beside all others that can be read, for what only shows when two of them meet; what they are to each other
    is none of its findings. The house rules and the lifecycle are looked at with all playbooks, because any of them may break.

    soon: without what takes longer the more playbooks there are, for somebody who is typing: a playbook's own findings; of the rules
    whether they, and all playbooks under them, can be used.
    """
    path = file_of(name)
    if path not in files:
        raise NotFound(f"there is no {path}")
    paths = paths_of(files, name)
    if name in RULES:
        all_of_them = tuple(sorted(_designed(files).items()))
        findings, design = _loaded(all_of_them) if soon else _looked_at(all_of_them)
    else:
        findings, design = _beside(name, tuple(sorted(files.items())), soon=soon)
    return Draft(name, path, paths, findings, design)


def together(files: Mapping[str, str]) -> Sequence[Finding]:
    """What is wrong with all playbooks at once, and with their rehearsals."""
    return _looked_at(tuple(sorted(files.items())))[0]


def names_of(files: Mapping[str, str]) -> list[str]:
    """The playbooks that have a file."""
    own = (path.removesuffix(".yaml") for path in files if "/" not in path and path.endswith(".yaml"))
    return sorted(name for name in own if name not in RULES)


def paths_of(files: Mapping[str, str], name: str) -> list[str]:
    """The files that belong to a draft: its own first, then the words it says, then its rehearsals."""
    own = file_of(name)
    if name in RULES:
        return [own]
    rehearsals = [
        path for path, text in sorted(files.items()) if path.startswith(f"{REHEARSALS}/") and head_of(text, "playbook") == (name,)
    ]
    return [*_own(files, name), *rehearsals]


def _own(files: Mapping[str, str], name: str) -> list[str]:
    own = file_of(name)
    return [own, *dict.fromkeys(f"{FOLDERS[channel]}/{words}.md" for channel, words in _SAID.findall(files[own]))]


def also_said_by(files: Mapping[str, str], path: str, name: str) -> list[str]:
    """The other playbooks that say the same words."""
    return [other for other in names_of(files) if other != name and path in paths_of(files, other)]


def _designed(files: Mapping[str, str]) -> dict[str, str]:
    """Everything but the rehearsals, which change nothing of what happens."""
    return {path: text for path, text in files.items() if not path.startswith(f"{REHEARSALS}/")}


@lru_cache(maxsize=16)  # a page looks at the same files several times, and so do several authors
def _looked_at(files: tuple[tuple[str, str], ...]) -> tuple[Sequence[Finding], Design | None]:
    texts = dict(files)
    findings, design = look(_designed(texts))
    return tuple(in_order((*findings, *mistakes(texts, design)))), design


@lru_cache(maxsize=16)
def _loaded(files: tuple[tuple[str, str], ...]) -> tuple[Sequence[Finding], Design | None]:
    """What keeps all of it from being loaded, and nothing else."""
    try:
        design = load_design(dict(files))
    except PlaybookError as wrong:
        return tuple(in_order(as_findings(wrong.problems, dict(files)))), None
    return tuple(in_order(of_the_house(check_house(design.house_rules), design))), design


@lru_cache(maxsize=16)
def _beside(name: str, files: tuple[tuple[str, str], ...], *, soon: bool) -> tuple[Sequence[Finding], Design | None]:
    """What is wrong with one playbook beside the others; and it alone, None when it cannot be loaded."""
    texts = dict(files)
    read = {other: _read(_needed(texts, other)) for other in names_of(texts)}
    rehearsals = {path: texts[path] for path in paths_of(texts, name) if path.startswith(f"{REHEARSALS}/") and path in texts}
    this = read[name]
    if not isinstance(this, Subject):
        return tuple(in_order((*this, *mistakes(rehearsals, None)))), None
    known = {other: subject for other, subject in read.items() if isinstance(subject, Subject)}
    playbooks = {subject.name: subject.source for subject in sorted(known.values(), key=lambda subject: subject.source.path)}
    everything = replace(this.design, playbooks=playbooks)
    unread = read.keys() - known.keys()
    said = lint(everything, [name], known=known, together=AT_ONCE if soon else TOGETHER)
    found = [f for f in said if f.is_about(name) or (not f.playbook and f.severity == "error")]
    if unread:  # what they start on, and bring about, is not known
        found = [f for f in found if f.code != NEVER_CAUSED]
    return tuple(in_order((*found, *mistakes(rehearsals, everything, unread)))), this.design


def _needed(files: Mapping[str, str], name: str) -> tuple[tuple[str, str], ...]:
    """A playbook, the words it says, and the rules: all that it takes to load it."""
    return tuple((path, files[path]) for path in sorted({*RULES.values(), *_own(files, name)}) if path in files)


@lru_cache(maxsize=MOST_READ)
def _read(files: tuple[tuple[str, str], ...]) -> Subject | Sequence[Finding]:
    """One playbook alone, ready to be laid beside others; or what keeps it from being loaded.

    Kept with all that is found out about it, the ways through it above all: an author waits for what they change, not for the rest.
    """
    texts = dict(files)
    if taken := names_taken(texts):
        return taken
    try:
        design = load_design(texts)
    except PlaybookError as wrong:
        return tuple(in_order(as_findings(wrong.problems, texts)))
    if problems := check_house(design.house_rules):
        return tuple(in_order(of_the_house(problems, design)))
    (source,) = design.playbooks.values()
    return Subject(design, source, _house(texts[HOUSE_RULES]))


@lru_cache(maxsize=4)
def _house(text: str) -> House:
    """One for all playbooks under the same rules."""
    return House.of(parse(HouseRules, read_yaml(text, HOUSE_RULES)))


def _nothing_published(*_: object) -> LoadedVersion:
    raise NotFound("nothing is published")
