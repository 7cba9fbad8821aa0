"""What rehearsals are run on: a design, compiled once for any number of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from orchestrator.language.design import Design
from orchestrator.language.lifecycle import EventDeclaration
from orchestrator.language.program import Program, TouchNode
from orchestrator.language.system_events import SYSTEM_EVENTS
from orchestrator.rehearsal.clocks import NO_CLOCK
from orchestrator.simulation.rules import Rules


@dataclass(frozen=True)
class Stage:
    """A design, ready to be rehearsed."""

    design: Design
    ours: Design | None = None  # the playbooks of the system itself
    _rules: dict[tuple[str, ...], Rules] = field(default_factory=dict, repr=False)

    @cached_property
    def all_rules(self) -> Rules:
        """Everything that decides."""
        return Rules.of(self.design, self.ours) if self.ours is not None else Rules.of(self.design)

    def rules(self, *playbooks: str) -> Rules:
        """The same with these playbooks alone."""
        if playbooks not in self._rules:
            self._rules[playbooks] = self.all_rules.only(*playbooks)
        return self._rules[playbooks]

    @property
    def home(self) -> str:
        """The house's first time zone."""
        return next(iter(self.design.house_rules.time_zones), NO_CLOCK)

    @cached_property
    def events(self) -> Mapping[str, EventDeclaration]:
        """What may come in."""
        return {**SYSTEM_EVENTS, **self.design.lifecycle.events}

    def program(self, playbook: str) -> Program:
        """A playbook of the design, compiled."""
        return self.design.playbooks[playbook].program

    def touchpoints(self, *playbooks: str) -> Mapping[str, TouchNode]:
        """Touchpoints by name."""
        nodes = (node for name in playbooks for node in self.program(name).nodes.values())
        return {node.touchpoint: node for node in nodes if isinstance(node, TouchNode)}
