"""Rewrites what a rehearsal file expects to what came: only those values; comments, order and layout stay as they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from orchestrator.language.rehearsal import Touched
from orchestrator.rehearsal.differing import Pair, closest, says
from orchestrator.rehearsal.everything import Outcome
from orchestrator.rehearsal.running import Result
from orchestrator.rehearsal.writing import flow, line_of, scalar

_KEYS = ("at", "touchpoint", "try", "is", "until", "because", "ends", "playbook")


@dataclass(frozen=True, slots=True)
class _Edit:
    """One stretch of the text, and what stands there instead."""

    start: int
    end: int
    text: str


def updated(text: str, outcomes: Sequence[Outcome]) -> str:
    """The file's text with `then` of these rehearsals as it came; itself when nothing differs.

    text: with \\n at the ends of lines. outcomes: those of this very text. One whose `when` says what cannot be stays as it is: what it
    expects is not what is wrong with it.
    """
    differ = [(o, o.result) for o in outcomes if o.result is not None and o.differences and not o.cannot_be]
    if not differ:
        return text
    root = YAML(typ="rt", pure=True).compose(text)
    assert isinstance(root, MappingNode), "a file that was read is a mapping"
    rehearsals = _value(root, "rehearsals")
    edits: list[_Edit] = []
    for outcome, result in differ:
        edits += _of_rehearsal(text, rehearsals.value[result.scene.index], outcome, result)
    # from the end, so that places before stay right; of several at one place the last one first
    for _, _, edit in sorted(((e.start, place, e) for place, e in enumerate(edits)), key=lambda one: one[:2], reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _of_rehearsal(text: str, node: Any, outcome: Outcome, result: Result) -> list[_Edit]:
    key, then = next((k, v) for k, v in node.value if k.value == "then")
    mine, clock = result.scene.file.playbook, result.scene.clock
    if not result.got:
        if not isinstance(then, SequenceNode) or then.flow_style:
            return [_Edit(then.start_mark.index, _end(text, then), "nothing")]
        after = text.index(":", key.end_mark.index) + 1
        return [_Edit(after, after, " nothing"), *(_removed(text, item) for item in then.value)]
    if not isinstance(then, SequenceNode) or then.flow_style or not then.value:
        indent = " " * (key.start_mark.column + 2)
        lines = "".join(f"\n{indent}- {flow(line_of(got, clock, mine))}" for got in result.got)
        return [_Edit(key.end_mark.index, _end(text, then), f":{lines}")]
    edits: list[_Edit] = []
    column = _dash(text, then.value[0])
    last: Node | None = None  # of the file's lines: what is new stands below it
    waiting: list[str] = []  # what is new above the first line
    for pair in outcome.pairs:
        new = f"- {flow(line_of(pair.got, clock, mine))}" if pair.got is not None else ""
        if pair.place is None:
            if last is None:
                waiting.append(f"{new}\n{' ' * column}")
            else:
                at = _line_end(text, _end(text, last))
                edits.append(_Edit(at, at, f"\n{' ' * column}{new}"))
            continue
        item = then.value[pair.place]
        last = item
        if pair.got is None:
            edits.append(_removed(text, item))
        elif not pair.agrees:
            edits += _of_line(text, item, pair, line_of(pair.got, clock, mine))
    if waiting:
        start = _line_start(text, then.value[0].start_mark.index) + column
        edits.append(_Edit(start, start, "".join(waiting)))
    return edits


def _removed(text: str, item: Any) -> _Edit:
    """A line of `then`, and all of it, is not wanted any more."""
    end = _line_end(text, _end(text, item))
    return _Edit(_line_start(text, item.start_mark.index), min(end + 1, len(text)), "")


def _of_line(text: str, item: Any, pair: Pair, new: dict[str, object]) -> list[_Edit]:
    """Values that changed, keys that are wanted no more, keys that are new."""
    assert pair.got is not None, "what came is there when a line changes"
    assert pair.expected is not None, "and so is the line"
    what = pair.expected[2]
    nodes = {k.value: (k, v) for k, v in item.value}
    edits: list[_Edit] = []
    for name, (_, node) in nodes.items():
        if name in pair.differs and name in new:
            edits.append(_Edit(node.start_mark.index, _end(text, node), scalar(new[name])))
        elif name in ("says", "says_exactly") and name in pair.differs and isinstance(what, Touched) and pair.got.words:
            edits += _of_words(text, node, name, pair.got.words)
    gone = [n for n in nodes if (n in pair.differs or "is" in pair.differs) and n in ("until", "because") and n not in new]
    gone += [n for n in nodes if n in pair.differs and n in ("says", "says_exactly") and not pair.got.words]
    for name in gone:
        edits.append(_without(text, item, name))
    added = {n: new[n] for n in _KEYS if n in new and n not in nodes and n in ("until", "because") and "is" in pair.differs}
    if added:
        at = _end(text, item.value[-1][1])
        if item.flow_style:
            edits.append(_Edit(at, at, "".join(f", {n}: {scalar(v)}" for n, v in added.items())))
        else:
            at, indent = _line_end(text, at), " " * item.value[0][0].start_mark.column
            edits.append(_Edit(at, at, "".join(f"\n{indent}{n}: {scalar(v)}" for n, v in added.items())))
    return edits


def _of_words(text: str, node: Any, name: str, words: str) -> list[_Edit]:
    if name == "says_exactly":
        return [_Edit(node.start_mark.index, _end(text, node), json.dumps(words, ensure_ascii=False))]
    pieces = node.value if isinstance(node, SequenceNode) else [node]
    return [
        _Edit(piece.start_mark.index, _end(text, piece), json.dumps(closest(piece.value, words), ensure_ascii=False))
        for piece in pieces
        if not says(words, piece.value)
    ]


def _without(text: str, item: Any, name: str) -> _Edit:
    """The line without one of its keys, which is never the first."""
    index = next(i for i, (k, _) in enumerate(item.value) if k.value == name)
    key, value = item.value[index]
    if item.flow_style:
        before = _end(text, item.value[index - 1][1])
        return _Edit(before, _end(text, value), "")
    return _Edit(_line_start(text, key.start_mark.index), min(_line_end(text, _end(text, value)) + 1, len(text)), "")


def _value(node: Any, key: str) -> Any:
    return next(v for k, v in node.value if k.value == key)


def _end(text: str, node: Any) -> int:
    """Where a value ends. The parser puts the end of a block behind the comments that follow it."""
    if isinstance(node, ScalarNode) or node.flow_style or not node.value:
        end: int = node.end_mark.index
        return len(text[:end].rstrip()) if isinstance(node, ScalarNode) and node.style in ("|", ">") else end
    last = node.value[-1]
    return _end(text, last[1] if isinstance(last, tuple) else last)


def _dash(text: str, item: Any) -> int:
    """The column of the '-' before a line."""
    start = _line_start(text, item.start_mark.index)
    return text.index("-", start) - start


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _line_end(text: str, index: int) -> int:
    found = text.find("\n", index)
    return len(text) if found < 0 else found
