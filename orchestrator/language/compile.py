"""A playbook as written -> a Program that the planner walks, and every mistake that can be told without running it.

A list of steps that runs out goes on after its parent; the end of the playbook is the end "exhausted". Inside an outcome,
`continue` goes on after the touchpoint whose outcome it is, `again` back to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.errors import Problem, did_you_mean
from orchestrator.language.conditions import Condition, ConditionError, compile_condition
from orchestrator.language.delays import Moment
from orchestrator.language.dispositions import AUTOMATIC_CALLS, carried_out, outcome_names
from orchestrator.language.house_rules import HouseRules
from orchestrator.language.lifecycle import EventDeclaration, FieldType, Lifecycle
from orchestrator.language.names import HOUSE, declared_names, which_name
from orchestrator.language.playbook import Branch, Playbook, Split, Step, Touchpoint, Wait, WaitFor, touchpoints
from orchestrator.language.program import (
    AGAIN,
    BranchNode,
    EndNode,
    Node,
    NodeId,
    Program,
    SplitNode,
    Timing,
    TouchNode,
    WaitNode,
    ways_on,
)
from orchestrator.language.source import Loc, Source
from orchestrator.language.spoken import check_call
from orchestrator.language.staffing import check_staffing, queue_field
from orchestrator.language.system_events import BUILT_IN, STAGE, SYSTEM_EVENTS
from orchestrator.language.words import FOLDERS, Words

WordsByName = Mapping[tuple[str, str], Words | None]  # (channel, name) -> words; None: the file is there but cannot be used
# Every program has these; the planner leads dispositions to "goal" and "exit" by these ids.
END_NODES: Mapping[str, EndNode] = {
    "goal": EndNode("goal", "goal"),
    "exit": EndNode("exit", "exit"),
    "exhausted": EndNode("exhausted", "exhausted"),
}
_TAKEN = (*END_NODES, "again", "continue")  # no names for touchpoints


@dataclass(frozen=True, slots=True)
class Compiled:
    """What came of a playbook. `program` is of use only when there are no problems."""

    program: Program
    problems: tuple[Problem, ...]
    words: Mapping[tuple[str, str], Words]  # those it says
    events: Mapping[str, EventDeclaration]  # those it names, without the system's own
    declared: Mapping[str, FieldType]  # every name that its words may use; conditions all of them but house.*
    source: Source = field(repr=False)
    places: Mapping[NodeId, Loc] = field(repr=False)  # where each node stands in the file


def compile_playbook(
    playbook: Playbook, source: Source, lifecycle: Lifecycle, house_rules: HouseRules, words: WordsByName, *, pinned: bool = False
) -> Compiled:
    """The playbook's program, with everything that is wrong with it.

    pinned: it is a published version, whose words were checked at that time: a later check makes no version unusable.
    """
    company = house_rules.company.model_dump()
    house = {f"house.{name}": FieldType("text", optional=not company[name]) for name in HOUSE}
    work = _Work(playbook, source, lifecycle, house_rules, words, house, pinned)
    program = work.program()
    problems = (p for p in work.problems if not (work.unread and p.problem.startswith("'answers.")))
    return Compiled(program, tuple(problems), work.said, work.named, {**work.declared, **house}, source, work.places)


@dataclass(frozen=True, slots=True)
class _Block:
    """The outcome that steps belong to: where `again` and `continue` lead."""

    step: Touchpoint
    outcome: str
    after: NodeId


@dataclass(slots=True)
class _Work:
    """One compilation: collects nodes and problems."""

    playbook: Playbook
    source: Source
    lifecycle: Lifecycle
    house_rules: HouseRules
    words: WordsByName
    house: Mapping[str, FieldType]
    pinned: bool
    problems: list[Problem] = field(default_factory=list)
    nodes: dict[NodeId, Node] = field(default_factory=lambda: {end.id: end for end in END_NODES.values()})
    places: dict[NodeId, Loc] = field(default_factory=dict)
    said: dict[tuple[str, str], Words] = field(default_factory=dict)
    named: dict[str, EventDeclaration] = field(default_factory=dict)
    declared: dict[str, FieldType] = field(default_factory=dict)
    waits_for: set[str] = field(default_factory=set)
    unread: bool = False  # a script that it uses cannot be used: nobody knows which answers there are

    def program(self) -> Program:
        playbook = self.playbook
        self._check_head()
        self._check_names()
        only_if = self._condition(playbook.only_if, ("only_if",))
        first = self._steps(playbook.steps, ("steps",), "", END_NODES["exhausted"].id, None, _assured(only_if))
        self._check_reachable(first)
        return Program(
            playbook=playbook.playbook,
            title=playbook.title,
            stage=playbook.stage,
            owner=playbook.owner,
            purpose=playbook.purpose,
            starts_on=frozenset(playbook.start_types),
            only_if=only_if,
            stops_on=dict(playbook.stops_on),
            re_entry=playbook.re_entry,
            gives_up_after=playbook.gives_up_after,
            first=first,
            nodes=self.nodes,
            waits_for=frozenset(self.waits_for),
        )

    # -- the head of the playbook, and names over the whole of it ---------------------------------------------------

    def _check_head(self) -> None:
        playbook = self.playbook
        if playbook.playbook not in BUILT_IN or playbook.stage != STAGE:
            self._known(playbook.stage, self.lifecycle.stages, ("stage",), "stage", "lifecycle.yaml")
        if playbook.contact_window:
            self._window(playbook.contact_window, ("contact_window",))
        for index, event in enumerate(playbook.start_types):
            self._event(event, ("starts_on", index) if isinstance(playbook.starts_on, list) else ("starts_on",))
        for event in playbook.stops_on:
            self._event(event, ("stops_on", event), key=True)
            if event in playbook.start_types:
                self._wrong(("stops_on", event), f"'{event}' starts the playbook and stops it", "delete one of them", key=True)
        said = {(step.channel, step.words) for step, _ in touchpoints(playbook.steps)}
        asking = [(w.path, w.answers) for key, w in self.words.items() if w and key in said and w.answers]
        self.unread = any(w is None and key in said and key[0] == "call" for key, w in self.words.items())
        self.declared, contradictions = declared_names(playbook, self.lifecycle, asking)
        for contradiction in contradictions:
            self._wrong(("starts_on",), contradiction, "give one of them another name")

    def _check_names(self) -> None:
        seen: dict[str, int] = {}
        for step, loc in touchpoints(self.playbook.steps):
            name, at = step.touchpoint, (*loc, "touchpoint")
            if name in seen:
                self._wrong(
                    at, f"there are two touchpoints '{name}'", f"the other is in line {seen[name]}; each needs its own name"
                )
            elif name in _TAKEN:
                self._wrong(at, f"'{name}' has a meaning of its own", "choose another name")
            elif name.isdigit():
                self._wrong(at, f"'{name}' is only a number", "add a word, e.g. reminder-2")
            seen.setdefault(name, self.source.place(at)[0])

    # -- steps ------------------------------------------------------------------------------------------------------

    def _steps(
        self, steps: Sequence[Step], loc: Loc, prefix: str, after: NodeId, block: _Block | None, assured: frozenset[str]
    ) -> NodeId:
        """Where a list of steps begins; `after` is where it leads when it runs out."""
        words = ("exit", "goal", "again", "continue") if block else ("exit", "goal")
        jumps = [i for i, step in enumerate(steps) if step in words]
        if jumps and jumps[0] < len(steps) - 1:
            self._wrong((*loc, jumps[0] + 1), f"nothing after '{steps[jumps[0]]}' is ever reached", "delete it or move it up")
            steps = steps[: jumps[0] + 1]
        entry = after
        for index in reversed(range(len(steps))):
            entry = self._step(steps[index], (*loc, index), f"{prefix}{index + 1}", entry, block, assured)
        return entry

    def _step(self, step: Step, loc: Loc, path: str, after: NodeId, block: _Block | None, assured: frozenset[str]) -> NodeId:
        match step:
            case "exit" | "goal":
                return END_NODES[step].id
            case "continue":
                return block.after if block else after
            case "again":
                return self._again(loc, block, after)
            case Touchpoint():
                node: Node = self._touchpoint(step, loc, after, assured)
            case Wait():
                timing = (
                    Timing(when=step.wait, at=step.at) if isinstance(step.wait, Moment) else Timing(after=step.wait, at=step.at)
                )
                self._moment(timing.when, (*loc, "wait"), assured)
                node = WaitNode(path, timing, (), after, after)
            case WaitFor():
                node = self._wait_for(step, loc, path, after, block, assured)
            case Branch():
                check = self._condition(step.if_, (*loc, "if"))
                then = self._steps(step.then, (*loc, "then"), f"{path}/then/", after, block, assured | _assured(check))
                otherwise = self._steps(step.otherwise, (*loc, "otherwise"), f"{path}/otherwise/", after, block, assured)
                node = BranchNode(path, check or _Unreadable(step.if_), then, otherwise)
            case Split():
                ways = (
                    (
                        name,
                        way.share,
                        self._steps(way.steps, (*loc, "ways", name, "steps"), f"{path}/{name}/", after, block, assured),
                    )
                    for name, way in step.ways.items()
                )
                node = SplitNode(path, step.split, tuple(ways))
        self.nodes[node.id] = node
        self.places[node.id] = loc
        return node.id

    def _again(self, loc: Loc, block: _Block | None, after: NodeId) -> NodeId:
        if block is None:
            self._wrong(loc, "'again' has nothing to do again here", "it belongs into the outcomes of a touchpoint")
            return after
        step = block.step
        if block.outcome == "not_reached":
            self._wrong(loc, "'not_reached' means that the tries are used up", "write continue, exit or other steps")
        elif step.channel in ("call", *AUTOMATIC_CALLS) and not step.attempts and not step.repeat:
            hint = "add e.g. attempts: {most: 3, apart: 1 business day}"
            self._wrong(loc, f"'{step.touchpoint}' has no 'attempts', so it cannot come again", hint)
        elif not step.attempts and not step.repeat:
            hint = "add e.g. repeat: {most: 3, every: 1 week}"
            self._wrong(loc, f"'{step.touchpoint}' has no 'repeat', so it cannot come again", hint)
        return f"{AGAIN}{step.touchpoint}"

    def _touchpoint(self, step: Touchpoint, loc: Loc, after: NodeId, assured: frozenset[str]) -> TouchNode:
        playbook, channel, name = self.playbook, step.channel, step.touchpoint
        only_if = self._condition(step.only_if, (*loc, "only_if"))
        assured |= _assured(only_if)
        self._moment(step.when, (*loc, "when"), assured)
        said = self._words(channel, step.words, (*loc, channel), assured)
        if said is not None and not self.pinned:
            self.problems += check_call(step, said, self.house_rules, self.source, loc)
        if step.stage:
            self._known(step.stage, self.lifecycle.stages, (*loc, "stage"), "stage", "lifecycle.yaml")
        if step.contact_window:
            self._window(step.contact_window, (*loc, "contact_window"))
        self.problems += check_staffing(
            step, self.declared, self.house_rules, self.source, loc, built_in=playbook.playbook in BUILT_IN
        )
        outcomes: dict[str, NodeId] = dict.fromkeys(carried_out(channel), f"{AGAIN}{name}") if step.repeat else {}
        known = outcome_names(channel)
        for outcome, answer in step.outcomes.items():
            at = (*loc, "outcomes", outcome)
            if outcome not in known:
                self._wrong(at, f"{_CALLED[channel]} cannot end with '{outcome}'", did_you_mean(outcome, known), key=True)
            block = _Block(step, outcome, after)
            if isinstance(answer, str):
                outcomes[outcome] = self._step(answer, at, "", after, block, assured)
            else:
                outcomes[outcome] = self._steps(answer, at, f"{name}/{outcome}/", after, block, assured)
        attempts, repeat = step.attempts, step.repeat
        window = step.contact_window or playbook.contact_window
        defaults: Mapping[Any, str] = self.house_rules.default_windows
        return TouchNode(
            id=name,
            touchpoint=name,
            title=step.title or self._title(channel, step.words) or name.replace("-", " ").capitalize(),
            channel=channel,
            words=step.words,
            timing=Timing(step.after, step.when, step.at),
            stage=step.stage or playbook.stage,
            owner=step.owner or playbook.owner,
            purpose=step.purpose or playbook.purpose,
            window=window or defaults[channel],
            next=after,
            only_if=only_if,
            not_later_than=step.not_later_than,
            due_within=step.due_within,
            queue=None if queue_field(step) else step.queue,
            queue_from=queue_field(step),
            skill=step.skill,
            owner_first=step.owner_first,
            priority=step.priority,
            most=attempts.most if attempts else repeat.most if repeat else 1,
            apart=attempts.apart if attempts else repeat.every if repeat else None,
            vary=bool(attempts and attempts.vary),
            escalate_after=step.escalates.after if step.escalates else None,
            escalate_to=step.escalates.queue if step.escalates else None,
            recorded=bool(said and said.recorded),
            retry_unknown=channel == "email" if step.if_unknown is None else step.if_unknown == "try again",
            outcomes=outcomes,
        )

    def _wait_for(
        self, step: WaitFor, loc: Loc, path: str, after: NodeId, block: _Block | None, assured: frozenset[str]
    ) -> WaitNode:
        events = (step.wait_for,) if isinstance(step.wait_for, str) else tuple(step.wait_for)
        for index, event in enumerate(events):
            self._event(event, (*loc, "wait_for") if isinstance(step.wait_for, str) else (*loc, "wait_for", index))
        self.waits_for.update(events)
        then = self._steps(step.then, (*loc, "then"), f"{path}/then/", after, block, assured)
        otherwise = self._steps(step.otherwise, (*loc, "otherwise"), f"{path}/otherwise/", after, block, assured)
        return WaitNode(path, Timing(after=step.within), events, then, otherwise)

    # -- names that point elsewhere -------------------------------------------------------------------------------

    def _condition(self, text: str | None, loc: Loc) -> Condition | None:
        if text is None:
            return None
        try:
            return compile_condition(text, self.declared)
        except ConditionError as wrong:
            for p in wrong.problems:
                line, column = self.source.place_in(loc, p.line or 1, p.column or 1)
                self.problems.append(Problem(p.problem, p.hint, self.source.path, line, column))
            return None

    def _words(self, channel: str, name: str, loc: Loc, assured: frozenset[str]) -> Words | None:
        path = f"{FOLDERS[channel]}/{name}.md"
        if (channel, name) not in self.words:
            others = [other for ch, other in self.words if ch == channel]
            hint = did_you_mean(name, others)
            self._wrong(loc, f"there is no file {path}", hint if "did you mean" in hint else "write it")
            return None
        if (words := self.words[channel, name]) is not None:
            self.said[channel, name] = words
            if not self.pinned:  # they were checked when they were published
                self.problems += words.check({**self.declared, **self.house}, assured, self.playbook.playbook)
        return words

    def _title(self, channel: str, name: str) -> str | None:
        """The title of the words, when it can be shown as it is written."""
        words = self.words.get((channel, name))
        return words.title if words and words.title and "{" not in words.title else None

    def _event(self, event: str, loc: Loc, *, key: bool = False) -> None:
        if (declaration := self.lifecycle.events.get(event)) is not None:
            self.named[event] = declaration
        elif event not in SYSTEM_EVENTS:
            hint = did_you_mean(event, [*self.lifecycle.events, *SYSTEM_EVENTS])
            self._wrong(loc, f"there is no event '{event}' in lifecycle.yaml", hint, key=key)

    def _moment(self, moment: Moment | None, loc: Loc, assured: frozenset[str]) -> None:
        if moment is None:
            return
        name = f"event.{moment.field}"
        kind = self.declared.get(name)
        dated = [n for n, k in self.declared.items() if n.startswith("event.") and k.kind in ("time", "date")]
        if kind is None:
            self._wrong(loc, f"'{name}' is not known", which_name(name, dated))
        elif kind.kind not in ("time", "date"):
            self._wrong(
                loc, f"'{name}' is a {kind.kind}, not a time or a date", f"there are {', '.join(sorted(dated))}" if dated else ""
            )
        elif kind.optional and name not in assured:
            hint = f"put the step below 'if: {name} != null', or say 'only_if: {name} != null'"
            self._wrong(loc, f"'{name}' may be missing", hint)

    def _window(self, name: str, loc: Loc) -> None:
        self._known(name, self.house_rules.contact_windows, loc, "contact window", "house-rules.yaml")

    def _known(self, name: str, known: Mapping[str, object], loc: Loc, what: str, where: str) -> None:
        if name not in known:
            self._wrong(loc, f"there is no {what} '{name}' in {where}", did_you_mean(name, known))

    def _check_reachable(self, first: NodeId) -> None:
        seen: set[NodeId] = set()
        open_ = [first]
        while open_:
            node_id = open_.pop()
            if node_id not in seen and node_id in self.nodes:
                seen.add(node_id)
                open_ += ways_on(self.nodes[node_id])
        lost = [self.places[node_id] for node_id in self.nodes if node_id not in seen and node_id in self.places]
        if lost and not any("is ever reached" in p.problem for p in self.problems):
            loc = min(lost, key=self.source.place)
            self._wrong(loc, "this step is never reached", "every way before it ends; delete it or move it up")

    def _wrong(self, loc: Loc, problem: str, hint: str = "", *, key: bool = False) -> None:
        self.problems.append(self.source.problem(loc, problem, hint, key=key))


_CALLED = {"email": "an e-mail", "text": "a text", "call": "a call", "voice": "an automatic call", "voicemail": "a voicemail"}


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """Stands for a condition that has problems, so that the rest can be checked."""

    source: str

    def holds(self, facts: Mapping[str, object]) -> bool | None:
        return None


def _assured(condition: Condition | None) -> frozenset[str]:
    return condition.assures if condition else frozenset()
