"""Conditions such as `event.amount >= 500 && customer.locale != null`: CEL, checked when a file is loaded, never code.

The only file that imports the CEL binding (it is young: it can be exchanged here). What authors need to know:

* A number is a number: `500` and `500.0` are the same, also in `event.amount in [1, 2]`.
* A `time` is an instant: `event.starts_at > timestamp('2026-11-24T10:00:00-06:00')`, `event.ends_at - event.starts_at > duration('2h')`.
* A `date` is a local day and compares as text: `event.due_on >= '2026-12-01'`.
* What may be missing must be tested: `event.note != null && event.note.contains('urgent')`.

CEL itself bounds the work (an iteration budget, a recursion limit, regular expressions without backtracking).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from cel_expr_python import cel

from orchestrator.errors import InputError, Problem
from orchestrator.language.condition_words import OVERLOAD, arguments, explain_cel, plain_type
from orchestrator.language.lifecycle import FieldType, Kind

MOST_CHARACTERS = 1_000
# How a kind is declared: when it is always there; while checking an optional one (a type that may be null). An optional one is
# evaluated without a type, because the binding takes no None for the nullable types.
_TYPES: dict[Kind, tuple[cel.Type, str]] = {
    "text": (cel.Type.STRING, "google.protobuf.StringValue"),
    "number": (cel.Type.DOUBLE, "google.protobuf.DoubleValue"),
    "boolean": (cel.Type.BOOL, "google.protobuf.BoolValue"),
    "time": (cel.Type.TIMESTAMP, "google.protobuf.Timestamp"),  # may be null by itself
    "date": (cel.Type.STRING, "google.protobuf.StringValue"),
    "list": (cel.Type.List(cel.Type.STRING), "dyn"),
}
_OPTIONAL_TIME = FieldType("time", optional=True)
TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    |(?P<string>[rRbB]{0,2}(?:'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"))
    |(?P<float>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|0x[0-9a-fA-F]+u?|\d+u)
    |(?P<int>\d+)
    |(?P<name>[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*)
    |(?P<sign>&&|\|\||[<>=!]=|.)""",
    re.VERBOSE | re.DOTALL,
)
_ERROR = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*?)(?=\n \||\nERROR:|\Z)", re.DOTALL)


class ConditionError(InputError):
    """A condition cannot be used; the places of its problems are lines and columns within its own text."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked condition; it is a program.Check."""

    source: str
    names: frozenset[str]  # what it looks at, e.g. {"event.amount"}
    assures: frozenset[str]  # what is certainly there when it holds, although it may be missing
    _uses: tuple[tuple[str, bool, tuple[type, ...], Callable[[Any], object] | None], ...]
    _rule: Any  # cel.Expression

    def holds(self, facts: Mapping[str, object]) -> bool | None:
        """True, False, or None when it cannot be told: a field is missing or of another kind, or the work is too much.

        facts: flat dotted names, e.g. {"event.amount": 1850}; times and dates as ISO text.
        """
        data = {}
        try:
            for name, optional, types, read in self._uses:
                value = facts.get(name)
                if value is None:
                    if not optional:
                        return None
                elif type(value) not in types:
                    return None
                elif read is not None:
                    value = read(value)
                data[name] = value
            answer = self._rule.eval(data=data).value()
        except (ValueError, OverflowError, RuntimeError):  # RuntimeError: CEL's budgets
            return None
        return answer if answer is True or answer is False else None  # an error is a value here, and a truthy one


def compile_condition(text: str, declared: Mapping[str, FieldType]) -> Condition:
    """The condition, checked against the names it may use; raises ConditionError with every problem it has."""
    if len(text) > MOST_CHARACTERS:
        raise ConditionError(
            Problem(f"the condition is longer than {MOST_CHARACTERS:,} characters", "split it over several steps")
        )
    tokens = [t for t in TOKEN.finditer(text) if t.lastgroup != "space"]
    uses = _names(tokens, declared)
    turned = _check(text, tokens, {name: declared[name] for name in uses}, declared)
    tested = _tested(tokens)
    if untested := [name for name in uses if declared[name].optional and name not in tested]:
        raise ConditionError([_untested(name, at, text) for name, at in uses.items() if name in untested])
    env = cel.NewEnv(variables={name: _evaluated_type(declared[name]) for name in uses})
    reads = tuple((name, declared[name].optional, *_reads(declared[name])) for name in uses)
    edits = _doubles(tokens, turned) | _timestamps(tokens, declared)
    return Condition(
        text, frozenset(uses), frozenset(_assured(tokens, declared)), reads, env.compile(_edited(text, tokens, edits))
    )


def _names(tokens: Sequence[re.Match[str]], declared: Mapping[str, FieldType]) -> dict[str, int]:
    """The declared names in the text, and where each comes first."""
    uses: dict[str, int] = {}
    for index, token in enumerate(tokens):
        if name := _name_at(tokens, index, declared):
            uses.setdefault(name, token.start())
    return uses


def _name_at(tokens: Sequence[re.Match[str]], index: int, declared: Mapping[str, FieldType]) -> str | None:
    """The declared name that a token is or begins with: `event.name.size()` uses event.name."""
    if tokens[index].lastgroup != "name" or (index and tokens[index - 1][0] == "."):
        return None
    parts = re.split(r"\s*\.\s*", tokens[index][0])
    names = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((name for name in names if name in declared), None)


def _tested(tokens: Sequence[re.Match[str]]) -> set[str]:
    """The names that stand beside `== null` or `!= null`."""
    words = ["".join(t[0].split()) if t.lastgroup == "name" else t[0] for t in tokens]
    triples = zip(words, words[1:], words[2:], strict=False)
    return {
        left if right == "null" else right for left, sign, right in triples if sign in ("==", "!=") and "null" in (left, right)
    }


def _assured(tokens: Sequence[re.Match[str]], declared: Mapping[str, FieldType]) -> set[str]:
    words = ["".join(t[0].split()) for t in tokens]
    if {"||", "?", "!"} & set(words):
        return set()  # the test may be the part that does not count
    triples = zip(words, words[1:], words[2:], strict=False)
    sides = {left if right == "null" else right for left, sign, right in triples if sign == "!=" and "null" in (left, right)}
    return sides & declared.keys()


def _untested(name: str, at: int, text: str) -> Problem:
    hint = f"test it first: {name} != null && …"
    line, column = text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1
    return Problem(f"'{name}' may be missing", hint, line=line, column=column)


def _checked_type(kind: FieldType) -> cel.Type:
    always, nullable = _TYPES[kind.kind]
    return cel.Type(nullable) if kind.optional else always


def _evaluated_type(kind: FieldType) -> cel.Type:
    return cel.Type.DYN if kind.optional else _TYPES[kind.kind][0]


def _check(
    text: str, tokens: Sequence[re.Match[str]], uses: Mapping[str, FieldType], declared: Mapping[str, FieldType]
) -> set[int]:
    """Which whole numbers must be written as CEL wants them beside a number: `500` as `500.0`. Raises ConditionError."""
    env = cel.NewEnv(variables={name: _checked_type(kind) for name, kind in uses.items()})
    turned: set[int] = set()  # indexes of the int tokens that became doubles
    while True:
        try:
            rule = env.compile(_edited(text, tokens, _doubles(tokens, turned)))
        except RuntimeError as refused:
            errors = [(int(e[1]), int(e[2]), " ".join(e[3].split())) for e in _ERROR.finditer(str(refused))]
            more = {i for error in errors for i in _ints_beside(error, text, tokens, turned)} - turned
            if not more:
                raise ConditionError(_problems(errors, str(refused), text, tokens, turned, declared)) from None
            turned |= more
            continue
        if (result := rule.return_type().name().lower()) not in ("bool", "dyn", "bool_wrapper"):
            hint = "compare it with something, e.g. event.amount >= 500"
            raise ConditionError(Problem(f"it gives {plain_type(result)}, not yes or no", hint, line=1, column=1))
        return turned


def _doubles(tokens: Sequence[re.Match[str]], turned: set[int]) -> dict[int, str]:
    return {index: f"{tokens[index][0]}.0" for index in turned}


def _timestamps(tokens: Sequence[re.Match[str]], declared: Mapping[str, FieldType]) -> dict[int, str]:
    """Optional times travel as text, because the binding takes no datetime without a declared type; here they become times."""
    edits = {}
    for index, token in enumerate(tokens):
        name = _name_at(tokens, index, declared)
        if name and declared[name] == _OPTIONAL_TIME and not _beside_null(tokens, index):
            method = "".join(token[0].split()).removeprefix(name)
            edits[index] = f"timestamp({name}){method}"
    return edits


def _beside_null(tokens: Sequence[re.Match[str]], index: int) -> bool:
    words = [t[0] for t in tokens]
    after, before = words[index + 1 : index + 3], words[max(index - 2, 0) : index]
    return after in (["==", "null"], ["!=", "null"]) or before in (["null", "=="], ["null", "!="])


def _edited(text: str, tokens: Sequence[re.Match[str]], edits: Mapping[int, str]) -> str:
    for index in sorted(edits, reverse=True):
        text = text[: tokens[index].start()] + edits[index] + text[tokens[index].end() :]
    return text


def _original(line: int, column: int, text: str, tokens: Sequence[re.Match[str]], turned: set[int]) -> int:
    """The index in the author's text of a place that CEL names in the text with doubles."""
    starts = [0, *(m.end() for m in re.finditer("\n", text))]
    start = starts[min(line, len(starts)) - 1]
    at = start + column - 1
    for end in sorted(tokens[i].end() for i in turned):
        if start <= end and at > end:
            at -= 2
    return min(at, len(text))


def _ints_beside(error: tuple[int, int, str], text: str, tokens: Sequence[re.Match[str]], turned: set[int]) -> Iterator[int]:
    """The whole numbers that an operator refused because a number stands on its other side."""
    line, column, said = error
    found = OVERLOAD.match(said)
    sides = arguments(found[2]) if found else []
    if len(sides) != 2 or not any("double" in side for side in sides):
        return
    at = _original(line, column, text, tokens, turned)
    operator = next((i for i, t in enumerate(tokens) if t.start() <= at < t.end()), len(tokens))
    for side, way in ((sides[0], -1), (sides[1], 1)):
        if side not in ("int", "list(int)"):
            continue
        depth, index = 0, operator + way
        while 0 <= index < len(tokens) and depth >= 0:
            word = tokens[index][0]
            depth += way * ((word in "([") - (word in ")]"))
            if depth < 0 or (depth == 0 and word in _STOPS):
                break
            in_call = depth > 0 and side == "int" and _in_call(tokens, index)
            if tokens[index].lastgroup == "int" and not in_call:
                yield index
            index += way


_STOPS = frozenset(("&&", "||", "?", ":", ",", "==", "!=", "<", ">", "<=", ">="))


def _in_call(tokens: Sequence[re.Match[str]], index: int) -> bool:
    """Whether a token is an argument of a function, or an index: size('ab'), event.tags[0]."""
    depth = 0
    for i in range(index, 0, -1):
        word = tokens[i][0]
        depth += (word in ")]") - (word in "([")
        if depth < 0:
            return tokens[i - 1].lastgroup == "name"
    return False


def _problems(
    errors: Sequence[tuple[int, int, str]],
    said: str,
    text: str,
    tokens: Sequence[re.Match[str]],
    turned: set[int],
    declared: Mapping[str, FieldType],
) -> list[Problem]:
    if not errors:  # a limit, without a place
        return [Problem("the condition is too deep or does too much", "make it shorter", line=1, column=1)]
    problems = []
    for line, column, words in errors:
        at = _original(line, column, text, tokens, turned)
        at = next((t.start() for t in tokens if t.start() <= at < t.end() and t.lastgroup == "name"), at)
        start = text.rfind("\n", 0, at) + 1
        problems.append(
            Problem(*explain_cel(words, _word_at(tokens, at), declared), "", text.count("\n", 0, at) + 1, at - start + 1)
        )
        if "Syntax error" in words:
            break  # what follows the first one is noise
    return problems


def _word_at(tokens: Sequence[re.Match[str]], at: int) -> str:
    """The token at a place and the one before it, e.g. "not v"."""
    found = next((i for i, t in enumerate(tokens) if t.start() <= at < t.end()), None)
    return "" if found is None else tokens[found][0] if not found else f"{tokens[found - 1][0]} {tokens[found][0]}"


def _moment(value: Any) -> datetime:
    """An instant; ValueError without a zone, because the binding would take it for UTC."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("no zone")
    return moment


def _iso(value: Any) -> str:
    return _moment(value).isoformat()


def _texts(value: Any) -> list[str]:
    if not all(isinstance(text, str) for text in value):
        raise ValueError("no texts")
    return list(value)


def _reads(kind: FieldType) -> tuple[tuple[type, ...], Callable[[Any], object] | None]:
    types, read = _READS[kind.kind]
    return types, (_iso if kind == _OPTIONAL_TIME else read)


# The Python types a value of a kind may have, and how it is handed to CEL.
_READS: dict[Kind, tuple[tuple[type, ...], Callable[[Any], object] | None]] = {
    "text": ((str,), None),
    "number": ((int, float), float),
    "boolean": ((bool,), None),
    "time": ((str, datetime), _moment),
    "date": ((str, date), str),
    "list": ((list, tuple), _texts),
}
