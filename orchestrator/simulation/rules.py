"""What decides in a simulation: house rules and playbook versions, compiled once and used for any number of worlds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

from orchestrator.core.house import House
from orchestrator.core.intake import Version
from orchestrator.core.known import known
from orchestrator.core.model import Customer, Run
from orchestrator.language.design import Design
from orchestrator.language.facts import flat
from orchestrator.language.house_rules import HouseRules
from orchestrator.language.program import Program, TouchNode
from orchestrator.language.system_events import BUILT_IN, SYSTEM_EVENTS
from orchestrator.language.words import Rendered, Words

AllWords = Mapping[tuple[str, str], Words]  # (channel, name) -> words


class Speaking(Protocol):
    """A program with its words: a LoadedVersion, or what a file was compiled to."""

    @property
    def program(self) -> Program: ...
    @property
    def words(self) -> AllWords: ...


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """House rules, the versions that take new enrollments, and what each of them says."""

    house: House
    company: Mapping[str, object]  # who is speaking
    current: Mapping[str, Version]  # by playbook, in the order of their names
    words: Mapping[UUID, AllWords] = field(repr=False)  # by version
    listens: frozenset[str] = frozenset()  # system events that some version starts, stops or waits on
    heard: frozenset[str] = frozenset()  # all that any version does

    @classmethod
    def of(cls, design: Design, ours: Design | None = None, numbers: Mapping[str, int] | None = None) -> Rules:
        """The rules of a design. ours: the playbooks that are built in. numbers: of the versions, where they are not 1."""
        sources = {**(ours.playbooks if ours is not None else {}), **design.playbooks}
        given = numbers or {}
        return cls.made(design.house_rules, {name: (given.get(name, 1), s.compiled) for name, s in sources.items()})

    @classmethod
    def made(cls, rules: HouseRules, versions: Mapping[str, tuple[int, Speaking]]) -> Rules:
        """The rules of these versions: playbook -> number and what was loaded."""
        current, words = {}, {}
        for place, (name, (number, said)) in enumerate(sorted(versions.items()), 1):
            id_ = UUID(int=place)
            current[name], words[id_] = Version(id_, number, said.program), said.words
        return cls(House.of(rules), rules.company.model_dump(), current, words, *_listens(current))

    def only(self, *playbooks: str) -> Rules:
        """The same with nothing current but these playbooks, and what is built in."""
        kept = {name: v for name, v in self.current.items() if name in playbooks or name in BUILT_IN}
        listens, heard = _listens(kept)
        return replace(self, current=kept, words={v.id: self.words[v.id] for v in kept.values()}, listens=listens, heard=heard)

    def names(self, run: Run, customer: Customer, program: Program) -> Callable[[], Mapping[str, object]]:
        """What conditions can know about an enrollment, built when first asked."""
        return lambda: flat(known(run, customer, program, 0, self.house, self.company))

    def render(self, run: Run, customer: Customer, program: Program, step: str, tries: int) -> Rendered:
        """The words of a step, filled in. Raises CannotSay when something they print is not known."""
        return self.said(run.version, program, step).render(known(run, customer, program, tries, self.house, self.company))

    def said(self, version: UUID, program: Program, step: str) -> Words:
        """The words of a step, not filled in."""
        node = program.nodes[step]
        assert isinstance(node, TouchNode), "only touchpoints say something"
        return self.words[version][node.channel, node.words]


def _listens(current: Mapping[str, Version]) -> tuple[frozenset[str], frozenset[str]]:
    programs = [v.program for v in current.values()]
    heard = frozenset(t for p in programs for t in (*p.starts_on, *p.stops_on, *p.waits_for))
    return heard & frozenset(SYSTEM_EVENTS), heard
