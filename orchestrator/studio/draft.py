"""A playbook as its files say now, perhaps with a text that is not saved yet: what is wrong with it, its program, its words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from orchestrator.channels.base import Company
from orchestrator.core.house import House
from orchestrator.errors import NotFound, PlaybookError, Problem
from orchestrator.language.design import HOUSE_RULES, LIFECYCLE, Design, LoadedVersion, load_design
from orchestrator.language.lifecycle import FieldType
from orchestrator.language.picture import Picture, picture
from orchestrator.language.program import TouchNode
from orchestrator.language.rehearsal import read_rehearsals
from orchestrator.language.words import FOLDERS
from orchestrator.lint.finding import Finding, in_order
from orchestrator.lint.lint import lint
from orchestrator.lint.loading import as_findings
from orchestrator.rulebook import InUse
from orchestrator.studio.folder import REHEARSALS

RULES: Mapping[str, str] = {"house-rules": HOUSE_RULES, "lifecycle": LIFECYCLE}  # drafts that are no playbooks -> their files
_SAID = re.compile(rf"\b({'|'.join(FOLDERS)}):[ ]*[\"']?([a-z0-9]+(?:-[a-z0-9]+)*)")
_REHEARSED = re.compile(r"^playbook:[ ]*[\"']?([a-z0-9-]+)", re.MULTILINE)


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


def draft(files: Mapping[str, str], name: str) -> Draft:
    """The draft with this name. Raises NotFound when it has no file.

    A playbook is looked at alone, with what it needs: so an edit is answered in the time of one playbook, whatever else there is. The
    house rules and the lifecycle are looked at with all playbooks, because any of them may break.
    """
    path = file_of(name)
    if path not in files:
        raise NotFound(f"there is no {path}")
    paths = paths_of(files, name)
    if name in RULES:
        chosen = {p: t for p, t in files.items() if not p.startswith(f"{REHEARSALS}/")}
    else:
        chosen = {p: files[p] for p in (*RULES.values(), *paths) if p in files}
    findings, design = _looked_at(tuple(sorted(chosen.items())))
    return Draft(name, path, paths, findings, design)


def together(files: Mapping[str, str]) -> Sequence[Finding]:
    """What is wrong with all playbooks at once: what only shows when two of them meet is found here."""
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
    said = dict.fromkeys(f"{FOLDERS[channel]}/{words}.md" for channel, words in _SAID.findall(files[own]))
    rehearsals = [
        path
        for path, text in sorted(files.items())
        if path.startswith(f"{REHEARSALS}/") and (found := _REHEARSED.search(text)) and found[1] == name
    ]
    return [own, *said, *rehearsals]


def also_said_by(files: Mapping[str, str], path: str, name: str) -> list[str]:
    """The other playbooks that say the same words."""
    return [other for other in names_of(files) if other != name and path in paths_of(files, other)]


@lru_cache(maxsize=16)  # a page looks at the same files several times, and so do several authors
def _looked_at(files: tuple[tuple[str, str], ...]) -> tuple[Sequence[Finding], Design | None]:
    texts = {path: text for path, text in files if not path.startswith(f"{REHEARSALS}/")}
    problems: list[Problem] = []
    for path, text in files:
        if path not in texts:
            try:
                read_rehearsals(text, path)
            except PlaybookError as wrong:
                problems += wrong.problems
    unread = tuple(as_findings(problems))
    try:
        design = load_design(texts)
    except PlaybookError as wrong:
        return tuple(in_order((*as_findings(wrong.problems), *unread))), None
    return tuple(in_order((*lint(design), *unread))), design


def _nothing_published(*_: object) -> LoadedVersion:
    raise NotFound("nothing is published")
