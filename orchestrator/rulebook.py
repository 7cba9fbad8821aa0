"""The rules in use: house rules, lifecycle and playbook versions, read from the database and compiled once.

The database is the only source at run time, so that every process agrees; files reach it by `touchpoint publish`. House rules and
the lifecycle are kept like playbook versions, under names that no playbook can have.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from orchestrator.channels.base import Company
from orchestrator.core.house import House
from orchestrator.core.intake import Version
from orchestrator.core.known import known
from orchestrator.core.model import Customer, Run, Touch
from orchestrator.core.planner import Facts
from orchestrator.errors import InputError, NotFound, NothingPublished
from orchestrator.language.design import LoadedVersion, load_document
from orchestrator.language.facts import flat
from orchestrator.language.house_rules import HouseRules
from orchestrator.language.lifecycle import Lifecycle
from orchestrator.language.program import Program, TouchNode
from orchestrator.language.source import parse, read_yaml
from orchestrator.language.templates import CannotSay
from orchestrator.language.words import Rendered, SurveyWords
from orchestrator.store import versions
from orchestrator.store.database import Work
from orchestrator.store.touches import Due

HOUSE_RULES = "@house-rules"
LIFECYCLE = "@lifecycle"
MOST_KEPT = 500  # compiled versions in memory; an enrollment may be pinned to any of them


@dataclass(frozen=True, slots=True)
class InUse:
    """What is in use at this moment. One value for a whole unit of work."""

    house: House
    company: Mapping[str, object]  # who is speaking, for words
    speaker: Company  # the same, for channels
    lifecycle: Lifecycle
    current: Mapping[str, Version]
    loaded: Callable[[Work, UUID], LoadedVersion]
    listens: frozenset[str]  # system events that some version starts, stops or waits on

    def program(self, work: Work, version: UUID) -> Program:
        """The compiled playbook of a version, current or not."""
        return self.loaded(work, version).program

    def names(self, run: Run, customer: Customer, program: Program) -> Callable[[], Mapping[str, object]]:
        """What conditions can know about an enrollment, built when first asked."""
        return lambda: flat(self._known(run, customer, program, 0))

    def render(self, work: Work, facts: Facts, touch: Touch) -> Rendered:
        """The words of a touch, filled in. Raises CannotSay when something they print is not known."""
        node = facts.program.nodes[touch.step]
        assert isinstance(node, TouchNode), "only touchpoints say something"
        words = self.loaded(work, facts.run.version).words[node.channel, node.words]
        return words.render(self._known(facts.run, facts.customer, facts.program, touch.tries))

    def survey(self, work: Work, due: Due) -> SurveyWords | None:
        """The question that an e-mail asked; None when it asked none, or when its words cannot be filled in any more."""
        try:
            program = self.program(work, due.run.version)
            facts = Facts(program, due.run, due.customer, self.house, dict, {})
            return self.render(work, facts, due.touch).survey
        except (InputError, NotFound, CannotSay):
            return None

    def _known(self, run: Run, customer: Customer, program: Program, tries: int) -> dict[str, Mapping[str, object]]:
        return known(run, customer, program, tries, self.house, self.company)


class Rulebook:
    """Compiles what is published, once for each version; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._marks: tuple[tuple[str, UUID], ...] = ()
        self._in_use: InUse | None = None
        self._kept: OrderedDict[tuple[UUID, UUID], LoadedVersion] = OrderedDict()  # (house rules, version)

    def refresh(self, work: Work) -> InUse:
        """What is in use now; compiled anew only when something was published since the last call."""
        rows = versions.current(work)
        marks = tuple(sorted((name, row.id) for name, row in rows.items()))
        with self._lock:
            if self._in_use is None or marks != self._marks:
                self._in_use, self._marks = self._compile(work, rows), marks
            return self._in_use

    def _compile(self, work: Work, rows: Mapping[str, Any]) -> InUse:
        missing = {HOUSE_RULES, LIFECYCLE} - set(rows)
        if missing:
            raise NothingPublished("nothing is published yet: run 'touchpoint publish'")
        rules = parse(HouseRules, read_yaml(_text(work, rows[HOUSE_RULES].id), "house-rules.yaml"))
        lifecycle = parse(Lifecycle, read_yaml(_text(work, rows[LIFECYCLE].id), "lifecycle.yaml"))
        under: UUID = rows[HOUSE_RULES].id
        house = House.of(rules)

        def loaded(work: Work, id_: UUID) -> LoadedVersion:
            return self._version(work, id_, rules, under)

        current = {
            name: Version(row.id, row.number, loaded(work, row.id).program)
            for name, row in sorted(rows.items())  # an order of its own: which of two playbooks an event starts first
            if not name.startswith("@")
        }
        company = rules.company.model_dump()
        speaker = Company(**{name: str(company.get(name) or "") for name in Company.__dataclass_fields__})
        return InUse(house, company, speaker, lifecycle, current, loaded, versions.listened(work))

    def _version(self, work: Work, id_: UUID, rules: HouseRules, under: UUID) -> LoadedVersion:
        key = (under, id_)  # the house rules bind a version too; whoever still holds older ones gets what was made under them
        kept = self._kept.get(key)
        if kept is None:
            row = versions.document(work, id_)
            if row is None:
                raise NotFound(f"no playbook version {id_}")
            kept = load_document(row.document, rules)
            with self._lock:
                self._kept[key] = kept
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
        return kept


def _text(work: Work, id_: UUID) -> str:
    row = versions.document(work, id_)
    assert row is not None, "a current version exists"
    return str(row.document["text"])
