"""Changing one value or the order of two steps in a YAML text: everything else stays as it is, byte for byte, comments included.

Each edit proves itself: the new text is read again and must mean exactly what was asked, with every comment still there. What cannot be
proved is refused, and the author changes the text by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from orchestrator.errors import PlaybookError
from orchestrator.language.source import Loc, read_yaml, value_of
from orchestrator.studio.tree import EditError, Entry, Part, Tree, read_tree

BY_HAND = "this cannot be done by form without losing a comment or changing other lines; change it in the text"
_COMMENT = re.compile(r"[ ]*#[^\n]*")
_NOTHING = re.compile(r"[ ]*(#[^\n]*)?\r?")  # a line that says nothing, or a comment only


def put(text: str, at: Loc, key: str, value: str | int | None, order: Sequence[str] = (), *, quoted: bool = False) -> str:
    """The text with this value for a key of the mapping at a place; None takes the key away.

    order: after which keys a new one stands; the mapping's own order is kept. quoted: a new value stands in quotes.
    """
    tree, data = read_tree(text), _data(text)
    mapping = tree.at(at)
    if mapping.entries is None:
        raise EditError(BY_HAND)
    before = _value_at(data, at)
    if before.get(key) == value and (key in before) == (value is not None):
        return text
    wanted = {k: v for k, v in before.items() if k != key or value is not None}
    if value is not None:
        wanted[key] = value
    entry = mapping.entry(key)
    if entry is None:
        new = _added(tree, mapping, key, value, order, quoted)
    elif value is None:
        new = _without(tree, mapping, entry)
    else:
        new = _replaced(tree, mapping, entry, value, quoted)
    return _proved(tree, new, _with(data, at, wanted))


def put_mapping(text: str, at: Loc, key: str, values: dict[str, str | int] | None, order: Sequence[str] = ()) -> str:
    """The same for a value such as {most: 3, apart: 1 day}: what is there is changed key by key, and keys not named stay."""
    data = _value_at(_data(text), at)
    if values is None:
        return put(text, at, key, None, order)
    if isinstance(data.get(key), dict):
        for name, value in values.items():
            text = put(text, (*at, key), name, value, tuple(values))
        return text
    tree = read_tree(text)
    mapping = tree.at(at)
    if mapping.entries is None or mapping.entry(key) is not None:
        raise EditError(BY_HAND)
    said = "{" + ", ".join(f"{name}: {written(value, flow=True)}" for name, value in values.items()) + "}"
    return _proved(tree, _inserted(tree, mapping, key, said, order), _with(_data(text), at, {**data, key: values}))


def swap(text: str, at: Loc, first: int) -> str:
    """The text with two neighbours of a list exchanged, each with the comments above it: `first` and the one after it."""
    tree, data = read_tree(text), _data(text)
    listed = tree.at(at)
    if listed.items is None or not 0 <= first < len(listed.items) - 1:
        raise EditError("there is nothing to exchange it with")
    values = list(_value_at(data, at))
    values[first], values[first + 1] = values[first + 1], values[first]
    one, other = listed.items[first], listed.items[first + 1]
    if listed.flow:
        new = (
            text[: one.start]
            + text[other.start : other.end]
            + text[one.end : other.start]
            + text[one.start : one.end]
            + text[other.end :]
        )
    else:
        new = _lines_swapped(tree, listed, first)
    return _proved(tree, new, _with(data, at, values), in_order=False)


def written(value: str | int, *, flow: bool = False, style: str = "", quoted: bool = False) -> str:
    """A value as YAML, as plainly as it can be said; in the quotes that stood there before."""
    if isinstance(value, int):
        return str(value)
    if style == "'" and "\n" not in value:
        return "'" + value.replace("'", "''") + "'"
    if style != '"' and not quoted and _plain(value, flow=flow):
        return value
    return json.dumps(value, ensure_ascii=False)


def _plain(value: str, *, flow: bool) -> bool:
    """Whether it means itself without quotes."""
    if not value or value != value.strip() or "\n" in value or "#" in value or not isinstance(value_of(value), str):
        return False
    try:
        return read_yaml(f"k: {{k: {value}}}" if flow else f"k: {value}", "").data == {"k": {"k": value} if flow else value}
    except PlaybookError:
        return False


def _replaced(tree: Tree, mapping: Part, entry: Entry, value: str | int, quoted: bool) -> str:
    there = entry.value
    if there.entries is not None or there.items is not None:
        raise EditError(BY_HAND)
    said = written(value, flow=mapping.flow, style=there.style, quoted=quoted)
    gap = "" if there.start < there.end else " "  # nothing stood there: only the colon
    return tree.text[: there.start] + gap + said + tree.text[there.end :]


def _added(tree: Tree, mapping: Part, key: str, value: str | int | None, order: Sequence[str], quoted: bool) -> str:
    assert value is not None, "what is not there cannot be taken away"
    return _inserted(tree, mapping, key, written(value, flow=mapping.flow, quoted=quoted), order)


def _inserted(tree: Tree, mapping: Part, key: str, said: str, order: Sequence[str]) -> str:
    """A new key, behind the last one that comes before it in the usual order."""
    assert mapping.entries is not None
    if not mapping.entries:
        raise EditError(BY_HAND)
    earlier = set(order[: order.index(key)]) if key in order else {e.key for e in mapping.entries}
    behind = [e for e in mapping.entries if e.key in earlier][-1:] or [mapping.entries[0]]
    if mapping.flow:
        return tree.text[: behind[0].end] + f", {key}: {said}" + tree.text[behind[0].end :]
    column = mapping.entries[0].start - tree.line_start(mapping.entries[0].start)
    here = tree.line_end(behind[0].end)
    if tree.text[here - 1 : here] == "\r":
        here -= 1
    return tree.text[:here] + _line_break(tree) + " " * column + f"{key}: {said}" + tree.text[here:]


def _without(tree: Tree, mapping: Part, entry: Entry) -> str:
    assert mapping.entries is not None
    text, index = tree.text, mapping.entries.index(entry)
    last, only = index == len(mapping.entries) - 1, len(mapping.entries) == 1
    if only:
        raise EditError(BY_HAND)
    if mapping.flow:
        if not last:
            return text[: entry.start] + text[mapping.entries[index + 1].start :]
        return text[: mapping.entries[index - 1].end] + text[entry.end :]
    start, end = tree.line_start(entry.start), tree.line_end(entry.end)
    beside = text[entry.end : end].rstrip("\r")
    if text[start : entry.start].strip():  # it stands beside the dash of its step
        following = mapping.entries[index + 1].start
        if _NOTHING.fullmatch(beside) and not text[entry.end : following].strip():
            return text[: entry.start] + text[following:]
        return text[: entry.start] + text[entry.end :].lstrip(" ")
    if _COMMENT.fullmatch(beside):  # its comment stays, on a line of its own
        return text[: entry.start] + beside.strip() + text[entry.end + len(beside) :]
    return text[:start] + text[end + 1 :]


def _lines_swapped(tree: Tree, listed: Part, first: int) -> str:
    assert listed.items is not None
    lines = tree.text.split("\n")
    ended = not lines[-1]
    spans = [_lines_of(tree, lines, item) for item in listed.items[first : first + 2]]
    column = len(lines[spans[0][0]]) - len(lines[spans[0][0]].lstrip(" "))
    above = _line_of(tree, listed.items[first - 1].end) + 1 if first else _first_line_below_key(tree, lines, spans[0][0])
    below = _line_of(tree, listed.items[first + 2].start) if first + 2 < len(listed.items) else len(lines) - ended
    lead = _lead(lines, above, spans[0][0], column)
    between = _lead(lines, spans[0][1] + 1, spans[1][0], column)
    tail = _tail(lines, spans[1][1] + 1, below, column)
    one_end = _tail(lines, spans[0][1] + 1, between, column)
    one, gap, other = lines[lead:one_end], lines[one_end:between], lines[between:tail]
    if not ended and tail == len(lines) and _line_break(tree) == "\r\n":  # the last line has no \r that the others have
        other[-1], one[-1] = other[-1] + "\r", one[-1].removesuffix("\r")
    return "\n".join([*lines[:lead], *other, *gap, *one, *lines[tail:]])


def _lines_of(tree: Tree, lines: Sequence[str], item: Part) -> tuple[int, int]:
    """The first and the last line of a step, from its dash on."""
    line = _line_of(tree, item.start)
    beside = tree.text[tree.line_start(item.start) : item.start].strip()
    if not beside:  # the dash stands alone, above
        while line > 0 and not re.fullmatch(r"[ ]*-[ ]*(#.*)?\r?", lines[line]):
            line -= 1
    elif beside != "-":
        raise EditError(BY_HAND)
    return line, _line_of(tree, item.end)


def _lead(lines: Sequence[str], above: int, first: int, column: int) -> int:
    """From which line on the comments above a step belong to it: those right above, no deeper than its dash."""
    line = first
    while line > above and (said := lines[line - 1].strip()) and said.startswith("#") and _depth(lines[line - 1]) <= column:
        line -= 1
    return line


def _tail(lines: Sequence[str], after: int, below: int, column: int) -> int:
    """Up to which line comments below a step belong to it: those that stand deeper than its dash."""
    line, found = after, after
    while line < below and _NOTHING.fullmatch(lines[line]):
        line += 1
        if lines[line - 1].strip() and _depth(lines[line - 1]) > column:
            found = line
    return found


def _first_line_below_key(tree: Tree, lines: Sequence[str], first: int) -> int:
    line = first
    while line > 0 and _NOTHING.fullmatch(lines[line - 1]):
        line -= 1
    return line


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _line_of(tree: Tree, index: int) -> int:
    return tree.text.count("\n", 0, index)


def _line_break(tree: Tree) -> str:
    return "\r\n" if "\r\n" in tree.text else "\n"


def _proved(before: Tree, text: str, wanted: object, *, in_order: bool = True) -> str:
    """The new text, if it means what is wanted and no comment is lost. Raises EditError."""
    try:
        said = read_yaml(text, "").data
    except PlaybookError as wrong:
        raise EditError(wrong.problems[0].problem if "character" in wrong.problems[0].problem else BY_HAND) from None
    kept, comments = read_tree(text).comments(), before.comments()
    if not _same(said, wanted) or (kept != comments if in_order else sorted(kept) != sorted(comments)):
        raise EditError(BY_HAND)
    return text


def _same(one: object, other: object) -> bool:
    """Equal, and of the same kinds: 1 is not true, and the text 10 no number."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _data(text: str) -> dict[str, Any]:
    try:
        return read_yaml(text, "").data
    except PlaybookError:
        raise EditError("the text cannot be read; mend it first") from None


def _value_at(data: Any, at: Loc) -> Any:
    for key in at:
        data = data[key]
    return data


def _with(data: Any, at: Loc, value: object) -> Any:
    if not at:
        return value
    copy = list(data) if isinstance(data, list) else dict(data)
    copy[at[0]] = _with(data[at[0]], at[1:], value)  # type: ignore[index]  # the place is real
    return copy
