"""Which step of one playbook is which of another: touchpoints and splits by name, waits and branches by what and where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.language.playbook import Branch, Playbook, Split, Step, Touchpoint, WaitFor
from orchestrator.language.program import NodeId


@dataclass(slots=True)
class StepAt:
    """One step with its place."""

    id: NodeId  # as compile.py names its node; of a word ("exit") where it stands
    step: Step
    list_id: str
    index: int
    inner: list[Steps] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return "word" if isinstance(self.step, str) else type(self.step).__name__

    @property
    def name(self) -> str | None:
        """The name that authors gave it; waits, branches and words have none."""
        match self.step:
            case Touchpoint():
                return self.step.touchpoint
            case Split():
                return f"split {self.step.split}"
        return None


@dataclass(slots=True)
class Steps:
    """One list of steps: the playbook's own, an outcome's, a branch's."""

    id: str  # unique in its playbook
    role: str  # of its owner: "voicemail_left", "then", a way's name; the playbook's own: ""
    steps: list[StepAt]


def tree(playbook: Playbook) -> Steps:
    """The steps of a playbook with the ids of their nodes: the walk of compile.py."""
    return _list(playbook.steps, "", "")


def every(steps: Steps) -> Iterator[StepAt]:
    """All of them, in the order of the file."""
    for one in steps.steps:
        yield one
        for inner in one.inner:
            yield from every(inner)


def lists(steps: Steps) -> Iterator[Steps]:
    """Every list, the outer ones first."""
    yield steps
    for one in steps.steps:
        for inner in one.inner:
            yield from lists(inner)


def _list(steps: Sequence[Step], prefix: str, role: str) -> Steps:
    return Steps(prefix, role, [_at(step, f"{prefix}{i + 1}", prefix, i) for i, step in enumerate(steps)])


def _at(step: Step, path: str, prefix: str, index: int) -> StepAt:
    match step:
        case Touchpoint():
            name = step.touchpoint
            inner = [_list(o, f"{name}/{code}/", code) for code, o in step.outcomes.items() if not isinstance(o, str)]
            return StepAt(name, step, prefix, index, inner)
        case WaitFor() | Branch():
            both = [_list(step.then, f"{path}/then/", "then"), _list(step.otherwise, f"{path}/otherwise/", "otherwise")]
            return StepAt(path, step, prefix, index, both)
        case Split():
            ways = [_list(way.steps, f"{path}/{name}/", name) for name, way in step.ways.items()]
            return StepAt(path, step, prefix, index, ways)
    return StepAt(path, step, prefix, index)


@dataclass(slots=True)
class Matching:
    """Steps of an old playbook and the same ones in a new one."""

    old: Steps
    new: Steps
    pairs: list[tuple[StepAt, StepAt]] = field(default_factory=list)  # in the order of the old one
    lists: list[tuple[Steps, Steps]] = field(default_factory=list)
    renamed: list[tuple[StepAt, StepAt]] = field(default_factory=list)  # part of the pairs

    @property
    def gone(self) -> list[StepAt]:
        known = {a.id for a, _ in self.pairs}
        return [s for s in every(self.old) if s.id not in known]

    @property
    def added(self) -> list[StepAt]:
        known = {b.id for _, b in self.pairs}
        return [s for s in every(self.new) if s.id not in known]


def match(old: Playbook, new: Playbook) -> Matching:
    """The steps that both have. A touchpoint that has only another name is told apart as renamed."""
    found = Matching(tree(old), tree(new))
    taken: set[NodeId] = set()
    there = {s.name: s for s in every(found.new) if s.name}
    named = {s.id: there[s.name] for s in every(found.old) if s.name and s.name in there}
    others = [s for s in every(found.new) if isinstance(s.step, Touchpoint) and s.id not in {b.id for b in named.values()}]
    for one in every(found.old):
        if isinstance(one.step, Touchpoint) and one.id not in named:
            twin = next((s for s in others if s.id not in taken and _but_name(s.step) == _but_name(one.step)), None)
            if twin is not None:
                taken.add(twin.id)
                named[one.id] = twin
                found.renamed.append((one, twin))
    pairs: dict[NodeId, tuple[StepAt, StepAt]] = {}
    _lists(found.old, found.new, named, pairs, found)
    for one in every(found.old):  # named ones that moved into another list
        if one.id in named and one.id not in pairs:
            _pair(one, named[one.id], named, pairs, found)
    order = {s.id: i for i, s in enumerate(every(found.old))}
    found.pairs = sorted(pairs.values(), key=lambda pair: order[pair[0].id])
    return found


def same_steps(old: Playbook, new: Playbook) -> dict[NodeId, NodeId]:
    """Old node -> new node, for steps that are still there under their name. A renamed one is another until somebody says otherwise."""
    found = match(old, new)
    renamed = {a.id for a, _ in found.renamed}
    return {a.id: b.id for a, b in found.pairs if a.id not in renamed and a.kind != "word"}


def likely_steps(old: Playbook, new: Playbook) -> dict[NodeId, NodeId]:
    """For a touchpoint that is gone: one that is new and says the same words on the same channel. A guess, for a hint."""
    found = match(old, new)
    answer = {a.id: b.id for a, b in found.renamed}
    for one in found.gone:
        for other in found.added:
            if _says(one) is not None and _says(one) == _says(other) and other.id not in answer.values():
                answer.setdefault(one.id, other.id)
    return answer


def _says(one: StepAt) -> tuple[str, str] | None:
    return (one.step.channel, one.step.words) if isinstance(one.step, Touchpoint) else None


def _but_name(step: object) -> object:
    assert isinstance(step, Touchpoint)
    return step.model_copy(update={"touchpoint": "", "title": step.title})


def _lists(
    old: Steps, new: Steps, named: Mapping[NodeId, StepAt], pairs: dict[NodeId, tuple[StepAt, StepAt]], found: Matching
) -> None:
    """Pair the steps of two lists that are the same list."""
    found.lists.append((old, new))
    for one in old.steps:
        if one.id in named and named[one.id].list_id == new.id and one.id not in pairs:
            _pair(one, named[one.id], named, pairs, found)
    # what has no name: the same thing at the same place, the same thing elsewhere in the list, the same kind at the same place
    for alike in (_same_there, _same, _kind_there):
        free = [s for s in new.steps if s.id not in {b.id for _, b in pairs.values()} and s.name is None]
        slots_old, slots_new = _slots(old), _slots(new)
        for one in old.steps:
            if one.name is not None or one.id in pairs:
                continue
            twin = next((s for s in free if alike(one, slots_old[one.id], s, slots_new[s.id])), None)
            if twin is not None:
                free.remove(twin)
                _pair(one, twin, named, pairs, found)


def _pair(
    one: StepAt, twin: StepAt, named: Mapping[NodeId, StepAt], pairs: dict[NodeId, tuple[StepAt, StepAt]], found: Matching
) -> None:
    pairs[one.id] = (one, twin)
    roles = {inner.role: inner for inner in twin.inner}
    for inner in one.inner:
        if inner.role in roles:
            _lists(inner, roles[inner.role], named, pairs, found)


Slot = tuple[str, str, int]  # the named step before it, its kind, which of that kind since then


def _slots(steps: Steps) -> dict[NodeId, Slot]:
    answer: dict[NodeId, Slot] = {}
    before, counted = "", dict[str, int]()
    for one in steps.steps:
        if one.name is not None:
            before, counted = one.name, {}
            continue
        counted[one.kind] = counted.get(one.kind, 0) + 1
        answer[one.id] = (before, one.kind, counted[one.kind])
    return answer


def _same_there(one: StepAt, slot: Slot, other: StepAt, there: Slot) -> bool:
    return one.step == other.step and slot[0] == there[0]


def _same(one: StepAt, slot: Slot, other: StepAt, there: Slot) -> bool:
    return one.step == other.step


def _kind_there(one: StepAt, slot: Slot, other: StepAt, there: Slot) -> bool:
    return slot == there
