"""YAML text -> plain data whose every value knows its line and column; and data -> a checked model, with errors in plain words.

ruamel.yaml reads the text (YAML 1.2); the values are built here, so that authors get what they wrote: `on`, `no` and `21:00` stay
text, `+13125550142` and `007` are no numbers, a key is always text. What makes a file hard to read or dangerous to walk is refused:
anchors and aliases (a few lines can unfold into billions of values), tags, several documents, keys that come twice, tabs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from orchestrator.errors import PlaybookError, Problem
from orchestrator.language.explain import explain

MOST_BYTES = 256 * 1024
MOST_DEPTH = 24  # a step inside a branch inside an outcome inside a branch is 12
MOST_VALUES = 20_000  # the parser takes 35 µs for each
Loc = tuple[int | str, ...]  # ("steps", 0, "after"), as pydantic writes it

_INT = re.compile(r"-?(0|[1-9]\d{0,17})")
_FLOAT = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d{1,17})?([eE][-+]?\d{1,2})?")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")  # \r\n is read as \n
# The parser has holes of its own (an unfinished '%' line is one); for an author each is a file that cannot be read.
_UNREADABLE = (YAMLError, ValueError, IndexError, AttributeError, AssertionError, TypeError)

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a value stands, and where its key does. 1-based."""

    line: int
    column: int
    key_line: int
    key_column: int
    text: str | None = None  # of a scalar: exactly what the author wrote
    style: str = ""  # of a scalar: '"', "'", "|", ">" or "" for none


@dataclass(frozen=True, slots=True)
class Source:
    """One file: its data, and where each part of it stands."""

    path: str
    data: dict[str, Any]
    spots: Mapping[Loc, Spot] = field(repr=False)

    def place(self, loc: Iterable[int | str], *, key: bool = False) -> tuple[int, int]:
        """Line and column of a value (or of its key); of the nearest part around it when it is not there.

        Parts of `loc` that name no key, such as the tag of a union in a pydantic error, are passed over.
        """
        spot = self.spots[self.real(loc)[0]]
        return (spot.key_line, spot.key_column) if key else (spot.line, spot.column)

    def place_in(self, loc: Iterable[int | str], line: int, column: int) -> tuple[int, int]:
        """Where the given line and column of a text value stand in the file; the value's own place when it was folded."""
        spot = self.spots[self.real(loc)[0]]
        if line != 1 or spot.style in ("|", ">"):
            return spot.line, spot.column
        return spot.line, spot.column + column - 1 + (1 if spot.style else 0)

    def problem(self, loc: Iterable[int | str], problem: str, hint: str = "", *, key: bool = False) -> Problem:
        """A Problem that stands at `loc`."""
        line, column = self.place(loc, key=key)
        return Problem(problem, hint, self.path, line, column)

    def real(self, loc: Iterable[int | str]) -> tuple[Loc, bool]:
        """`loc` without the parts that name nothing in this file, and whether its last part is there."""
        wanted = tuple(loc)
        paths: dict[Loc, tuple[int, int]] = {(): (0, -1)}  # path in the file -> parts found, index of the last one found
        for index, part in enumerate(wanted):
            for path, (found, _) in list(paths.items()):
                longer = (*path, part)
                if longer in self.spots:
                    paths[longer] = max(paths.get(longer, (0, -1)), (found + 1, index))
        best = max(paths, key=lambda p: paths[p])
        return best, paths[best][1] == len(wanted) - 1


def read_yaml(text: str, path: str, *, first_line: int = 1) -> Source:
    """The data of one YAML file whose top level is a mapping; raises PlaybookError with the place of what is wrong.

    first_line: the line of `path` on which `text` begins (2 for the front matter of a word file).
    """
    _check_characters(text, path, first_line)
    builder = _Builder(path, first_line)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            builder.take(event)
    except MarkedYAMLError as wrong:
        said, (line, column) = _yaml_words(wrong, text.splitlines())
        raise PlaybookError(Problem(*said, path, line + first_line, column + 1)) from None
    except _UNREADABLE as wrong:
        raise PlaybookError(Problem("this is not YAML", str(wrong).split("\n")[0][:200], path, first_line, 1)) from None
    if not isinstance(builder.root, dict):
        what = "the file is empty" if builder.root is None else "the file must consist of lines 'key: value'"
        raise PlaybookError(Problem(what, "see playbooks/README.md for an example", path, first_line, 1))
    return Source(path, builder.root, builder.spots)


def read_top(text: str, key: str) -> tuple[str, ...]:
    """The texts that stand under one key of the top level: its value, or the entries of its list; none where the key is not there.

    Nothing is refused, and no more is read than is needed: what is wrong below, or not read yet, does not matter.
    """
    builder = _Builder("", 1)
    with suppress(PlaybookError, *_UNREADABLE):  # it is told when the file is read as a whole
        for event in YAML(typ="safe", pure=True).parse(_UNSAFE.sub("", text)):
            builder.take(event)
            if builder.has(key):
                break
    return tuple(
        spot.text for loc, spot in builder.spots.items() if loc[:1] == (key,) and len(loc) <= 2 and spot.text is not None
    )


def parse(model: type[M], source: Source) -> M:
    """The source as a checked model; raises PlaybookError with every problem, each at its line and column."""
    data: Any = source.data
    for _ in range(3):
        try:
            return model.model_validate(data)
        except ValidationError as wrong:
            errors = wrong.errors(include_url=False)
            data, changed = _as_written(data, source, errors)
            if not changed:
                raise PlaybookError([explain(error, model, source) for error in errors]) from None
    raise AssertionError("text replaced by text cannot go on for ever")


def _as_written(data: Any, source: Source, errors: Sequence[Any]) -> tuple[Any, bool]:
    """The data with numbers and truth values turned into the text they were, where text is wanted: `title: 1.10`."""
    changed = False
    for error in errors:
        path, found = source.real(error["loc"])
        spot = source.spots[path]
        if error["type"] == "string_type" and found and spot.text is not None and isinstance(error["input"], bool | int | float):
            data, changed = _replaced(data, path, spot.text), True
    return data, changed


def _replaced(data: Any, path: Loc, value: object) -> Any:
    if not path:
        return value
    copy = list(data) if isinstance(data, list) else dict(data)
    copy[path[0]] = _replaced(data[path[0]], path[1:], value)  # type: ignore[index]  # the path is real
    return copy


def _check_characters(text: str, path: str, first_line: int) -> None:
    if len(text) > MOST_BYTES or len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise PlaybookError(Problem("the file is larger than 256 kB", "split it into several playbooks", path, first_line, 1))
    plain = text.replace("\r\n", "\n")
    if found := _UNSAFE.search(plain):
        problem, hint = f"there is an invisible character (U+{ord(found[0]):04X})", "delete it and type the line again"
    elif found := re.search("\t", plain):
        problem, hint = "there is a tab", "use spaces; YAML tells what belongs to what by them"
    else:
        return
    before = plain[: found.start()]
    line, column = before.count("\n"), len(before) - (before.rfind("\n") + 1)
    raise PlaybookError(Problem(problem, hint, path, first_line + line, column + 1))


def _yaml_words(wrong: MarkedYAMLError, lines: Sequence[str]) -> tuple[tuple[str, str], tuple[int, int]]:
    """Problem and hint for what the YAML parser says, and the line and column (0-based) where an author has to look."""
    said = " ".join(str(part).split("\n")[0] for part in (wrong.context, wrong.problem) if part)
    mark = wrong.problem_mark or wrong.context_mark
    place = (mark.line, mark.column) if mark else (0, 0)
    if _NO_COLON in said and wrong.context_mark:  # the parser gives up in a line below, behind comments
        place = wrong.context_mark.line, wrong.context_mark.column
    elif mark and (_A_KEY in said or (_A_COLON in said and ": " not in lines[mark.line][: mark.column])):
        said, place = _one_colon(said, lines, place)
    for sign, problem, hint in _YAML_PROBLEMS:
        if sign in said:
            return (problem, hint), place
    return (f"this is not YAML: {said}", "look at the spaces before this line and at quotes that are not closed"), place


def _one_colon(said: str, lines: Sequence[str], at: tuple[int, int]) -> tuple[str, tuple[int, int]]:
    """What is wrong where a line 'key: value' fits nowhere: the line above it lacks its ': ', or this one stands too far right."""
    above = next((n for n in range(at[0] - 1, -1, -1) if lines[n].strip() and not lines[n].lstrip().startswith("#")), None)
    if above is not None and ": " not in lines[above] and (found := _FORGOTTEN.match(lines[above])):
        return _NO_COLON, (above, len(found[1]))
    if _A_COLON in said:
        return _ELSEWHERE, (at[0], len(lines[at[0]]) - len(lines[at[0]].lstrip()))
    return said, at


_FORGOTTEN = re.compile(r"((?: *- )* *)\w+ +[^#\s]")  # "after 10 minutes"
_A_COLON, _NO_COLON = "mapping values are not allowed", "could not find expected ':'"  # as the parser says it
_ELSEWHERE, _A_KEY = "expected <block end>", "<block mapping start>"
_YAML_PROBLEMS = (
    (_A_COLON, "there is a second ': ' in this line", "put the value in quotes if it contains ': '"),
    (_NO_COLON, "a line without ': '", "every line is 'key: value' or starts with '- '"),
    (_ELSEWHERE, "this line is not where it belongs", "lines that belong together start in the same column"),
    ("found unexpected end of stream", "a quote is opened and never closed", "close it, or put the whole value in quotes"),
    ("found character '%'", "a value cannot start with %", "put it in quotes"),
    ("cannot start any token", "a value cannot start with this character", "put the whole value in quotes"),
    ("did not find expected ',' or", "a [ ] or { } list is not closed", "close it, and separate its parts by commas"),
    ("expected ',' or", "a [ ] or { } list is not closed", "close it, and separate its parts by commas"),
    ("undefined alias", "'*' names something in YAML that is not used here", "put a value that starts with * in quotes"),
    ("anchor", "anchors (&) are not used here", "put a value that starts with & in quotes"),
    ("while scanning an alias", "'*' names something in YAML that is not used here", "put a value that starts with * in quotes"),
)


class _Builder:
    """Turns parser events into plain data, keeping the place of everything."""

    def __init__(self, path: str, first_line: int) -> None:
        self.path = path
        self.first_line = first_line
        self.root: Any = None
        self.spots: dict[Loc, Spot] = {(): Spot(first_line, 1, first_line, 1)}
        self._documents = 0
        self._open: list[tuple[Any, Loc]] = []  # collections we are inside of, with their own paths
        self._key: tuple[str, int, int] | None = None  # a key that waits for its value

    def has(self, key: str) -> bool:
        """Whether all that stands under this key of the top level has been taken."""
        return len(self._open) == 1 and isinstance(self.root, dict) and key in self.root

    def take(self, event: Any) -> None:
        if len(self.spots) > MOST_VALUES:
            self._refuse(event, f"more than {MOST_VALUES:,} values", "split the file")
        if isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._refuse(event, "the file has several documents", "a line '---' starts another one: delete it")
            if event.version or event.tags:
                self._refuse(event, "lines that start with % are not used here", "delete the line")
        elif isinstance(event, AliasEvent):
            self._refuse(event, "aliases (*) are not used here", "write it out, or put a value that starts with * in quotes")
        elif isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent):
            if event.anchor:
                self._refuse(event, "anchors (&) are not used here", "write it out, or put a value that starts with & in quotes")
            if event.tag:
                self._refuse(event, f"tags ({event.tag}) are not used here", "put a value that starts with ! in quotes")
            if isinstance(event, ScalarEvent):
                self._scalar(event)
            else:
                self._collection(event, {} if isinstance(event, MappingStartEvent) else [])
        elif isinstance(event, SequenceEndEvent | MappingEndEvent):
            self._open.pop()

    def _scalar(self, event: ScalarEvent) -> None:
        line, column = self._at(event)
        if found := _UNSAFE.search(event.value):  # written as an escape, "\x00"
            self._refuse(event, f"there is an invisible character (U+{ord(found[0]):04X})", "leave it out")
        if self._open and isinstance(self._open[-1][0], dict) and self._key is None:
            container, loc = self._open[-1]
            if not event.value:
                self._refuse(event, "a key is missing before ':'", "write 'key: value'")
            if event.value in container:
                first = self.spots[(*loc, event.value)].key_line
                self._refuse(event, f"'{event.value}' comes twice", f"it is already in line {first}; keep one of them")
            self._key = (event.value, line, column)
            return
        plain = event.style in (None, "")
        self._put(value_of(event.value) if plain else event.value, line, column, event.value, "" if plain else event.style)

    def _collection(self, event: Any, container: Any) -> None:
        line, column = self._at(event)
        if self._open and isinstance(self._open[-1][0], dict) and self._key is None:
            self._refuse(event, "a key must be one word", 'a value that starts with { or [ stands in quotes: "{{ subject.key }}"')
        if len(self._open) >= MOST_DEPTH:
            self._refuse(event, f"more than {MOST_DEPTH} levels inside each other", "make it flatter, or split the playbook")
        loc = self._put(container, line, column, None, "")
        self._open.append((container, loc))

    def _put(self, value: Any, line: int, column: int, text: str | None, style: str) -> Loc:
        if not self._open:
            self.root = value
            return ()
        container, loc = self._open[-1]
        if isinstance(container, list):
            here = (*loc, len(container))
            container.append(value)
            self.spots[here] = Spot(line, column, line, column, text, style)
            return here
        assert self._key is not None
        key, key_line, key_column = self._key
        self._key = None
        container[key] = value
        here = (*loc, key)
        # An empty value has no place of its own: its key is where to look.
        at = (line, column) if text != "" or style else (key_line, key_column)
        self.spots[here] = Spot(*at, key_line, key_column, text, style)
        return here

    def _at(self, event: Any) -> tuple[int, int]:
        return event.start_mark.line + self.first_line, event.start_mark.column + 1

    def _refuse(self, event: Any, problem: str, hint: str) -> NoReturn:
        raise PlaybookError(Problem(problem, hint, self.path, *self._at(event)))


def value_of(text: str) -> str | int | float | bool | None:
    """What an unquoted YAML value means: nothing, true or false, a number, else the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
