"""What a check gets: one playbook with its program, the ways through it, and the place of everything."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property

from orchestrator.core.house import House
from orchestrator.language.design import Design, PlaybookSource
from orchestrator.language.playbook import Playbook, Touchpoint, touchpoints
from orchestrator.language.program import NodeId, Program, TouchNode
from orchestrator.language.source import Loc
from orchestrator.language.words import Words
from orchestrator.lint.codes import CODES
from orchestrator.lint.endings import endings
from orchestrator.lint.finding import Finding, Severity
from orchestrator.lint.paths import Edge, Paths

At = NodeId | Loc | tuple[NodeId | Loc, str] | None


class Subject:
    """One playbook under lint. Everything that takes time is worked out when it is first asked for."""

    def __init__(self, design: Design, source: PlaybookSource, house: House) -> None:
        self.design = design
        self.source = source
        self.house = house

    @property
    def name(self) -> str:
        """The playbook's name."""
        return self.source.name

    @property
    def playbook(self) -> Playbook:
        """The file as a model."""
        return self.source.playbook

    @property
    def program(self) -> Program:
        """What the planner walks."""
        return self.source.program

    @cached_property
    def touches(self) -> tuple[TouchNode, ...]:
        """Every contact, in the order of the file."""
        nodes = (self.program.nodes[step.touchpoint] for step in self.steps.values())
        return tuple(node for node in nodes if isinstance(node, TouchNode))

    @cached_property
    def steps(self) -> dict[NodeId, Touchpoint]:
        """Every touchpoint as the file says it, by the id of its node."""
        return {step.touchpoint: step for step, _ in touchpoints(self.playbook.steps)}

    @cached_property
    def paths(self) -> Paths:
        """Every state that somebody inside may come to."""
        can_end = {node.id: endings(node, self.words(node)) for node in self.touches}
        choices = {
            f"answers.{name}": question.choices
            for words in self.source.compiled.words.values()
            for name, question in words.questions.items()
            if question.kind == "choice"
        }
        return Paths(self.program, self.source.compiled.declared, can_end, _once(choices, self.source.compiled.words.values()))

    def words(self, node: TouchNode) -> Words | None:
        """What a contact says."""
        return self.source.compiled.words.get((node.channel, node.words))

    def place(self, at: NodeId | Loc, *keys: int | str, key: bool = False) -> tuple[str, int, int]:
        """File, line and column of a node, or of something it says; of the nearest part around it when it says no such thing.

        at: a node's id or a place of the file, ("steps", 0). key: where the name of the value stands, not the value itself.
        """
        compiled = self.source.compiled
        loc = compiled.places.get(at, ()) if isinstance(at, str) else at
        return (self.source.path, *compiled.source.place((*loc, *keys), key=key))

    def finding(
        self,
        code: str,
        message: str,
        at: NodeId | Loc = (),
        *keys: int | str,
        path: str | Sequence[Edge] | None = "",
        fix: str = "",
        key: bool = False,
        severity: Severity | None = None,
        where: tuple[str, int, int] | None = None,
        beside: Sequence[str] = (),
    ) -> Finding:
        """A finding about this playbook. severity and fix: those of the code unless said. where: a place in another file.

        beside: the other playbooks that it is about.
        """
        file, line, column = where or self.place(at, *keys, key=key)
        shown = path or "" if path is None or isinstance(path, str) else self.paths.words(path)
        known = CODES[code]
        severity = severity or known.severity
        return Finding(code, severity, file, line, column, message, shown, fix or known.fix, self.name, tuple(beside))


class Subjects(dict[str, Subject]):
    """All playbooks that are under lint, by name. focus: those that are asked about; none: all of them."""

    def __init__(self, subjects: Mapping[str, Subject], focus: Collection[str] = ()) -> None:
        super().__init__(subjects)
        self.focus = frozenset(focus)


def _once(choices: dict[str, list[str]], words: Iterable[Words]) -> dict[str, list[str]]:
    """Choices of questions that only one script asks: two scripts with the same question may offer different ones."""
    asked: dict[str, int] = {}
    for one in words:
        for name in one.answers:
            asked[f"answers.{name}"] = asked.get(f"answers.{name}", 0) + 1
    return {name: listed for name, listed in choices.items() if asked.get(name) == 1}
