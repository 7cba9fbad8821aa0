"""A YAML text as a tree whose every part knows from which to which character it stands: what an edit of the text needs to know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from orchestrator.errors import TouchpointError
from orchestrator.language.source import Loc


class EditError(TouchpointError):
    """What was asked cannot be done by a change of a few lines; the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A key with its value. end: where the value ends, or the colon when there is none."""

    key: str
    start: int
    value: Part
    end: int


@dataclass(frozen=True, slots=True)
class Part:
    """A value: a scalar, a mapping (entries) or a list (items)."""

    start: int
    end: int  # without the blank lines and comments that follow
    flow: bool = False  # written in braces or brackets
    style: str = ""  # of a scalar: '"', "'", "|", ">" or "" for none
    entries: tuple[Entry, ...] | None = None
    items: tuple[Part, ...] | None = None

    def entry(self, key: str) -> Entry | None:
        """The entry with this key."""
        return next((e for e in self.entries or () if e.key == key), None)

    def scalars(self) -> Iterator[Part]:
        """Every scalar below it, keys left out."""
        if self.entries is None and self.items is None:
            yield self
        for below in (*(e.value for e in self.entries or ()), *(self.items or ())):
            yield from below.scalars()


@dataclass(frozen=True, slots=True)
class Tree:
    """One text and its parts."""

    text: str
    root: Part = field(repr=False)

    def at(self, loc: Loc) -> Part:
        """The part at a place such as ("steps", 0, "attempts"). Raises EditError when there is none."""
        part = self.root
        for key in loc:
            if isinstance(key, int):
                if part.items is None or key >= len(part.items):
                    raise _gone()
                part = part.items[key]
            else:
                entry = part.entry(key)
                if entry is None:
                    raise _gone()
                part = entry.value
        return part

    def line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def line_end(self, index: int) -> int:
        """The end of the line, before its line break."""
        found = self.text.find("\n", index)
        return len(self.text) if found < 0 else found

    def comments(self) -> list[str]:
        """Every comment, in order."""
        covered = bytearray(len(self.text) + 1)
        for part in self.root.scalars():
            first = (
                self.text.find("\n", part.start) if part.style in ("|", ">") else part.start
            )  # a comment may stand beside the sign
            for index in range(first if first >= 0 else part.end, part.end):
                covered[index] = 1
        found, index = [], 0
        while (index := self.text.find("#", index)) >= 0:
            if not covered[index] and (index == 0 or self.text[index - 1] in " \n"):
                found.append(self.text[index : self.line_end(index)].rstrip())
                index = self.line_end(index)
            index += 1
        return found


def read_tree(text: str) -> Tree:
    """The tree of a text that read_yaml takes. Raises EditError for one that is no YAML."""
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except (YAMLError, ValueError, IndexError, AttributeError, AssertionError, TypeError):
        raise EditError("the text cannot be read; mend it first") from None
    if not isinstance(root, MappingNode):
        raise EditError("the text does not consist of lines 'key: value'; mend it first")
    return Tree(text, _part(text, root))


def _part(text: str, node: Any) -> Part:
    start, end = node.start_mark.index, node.end_mark.index
    if isinstance(node, ScalarNode):
        style = node.style or ""
        if style in ("|", ">"):
            end = start + len(text[start:end].rstrip())
        return Part(start, end, style=style)
    if isinstance(node, SequenceNode):
        items = tuple(_part(text, one) for one in node.value)
        return Part(
            start, end if node.flow_style else max((i.end for i in items), default=end), bool(node.flow_style), items=items
        )
    entries = tuple(_entry(text, key, value) for key, value in node.value)
    end = end if node.flow_style else max((e.end for e in entries), default=end)
    return Part(start, end, bool(node.flow_style), entries=entries)


def _entry(text: str, key: Any, node: Any) -> Entry:
    value = _part(text, node)
    end = value.end
    if (
        isinstance(node, ScalarNode) and node.start_mark.index == node.end_mark.index
    ):  # nothing is written: its mark may be lines below
        end = text.find(":", key.end_mark.index) + 1 or key.end_mark.index
        value = Part(end, end)
    return Entry(str(key.value), key.start_mark.index, value, end)


def _gone() -> EditError:
    return EditError("the step is not there any more; go back and look again")
