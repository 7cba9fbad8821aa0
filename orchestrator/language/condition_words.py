"""What CEL says about a condition, in the words of the people who write playbooks."""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestrator.errors import did_you_mean
from orchestrator.language.lifecycle import FieldType
from orchestrator.language.names import which_name

FUNCTIONS = ("size", "startsWith", "endsWith", "contains", "matches", "timestamp", "duration", "string", "int", "double", "exists", "all",
             "filter", "map", "getHours", "getMinutes", "getDayOfWeek", "getDayOfMonth", "getMonth", "getFullYear", "getDate")  # fmt: skip

EXAMPLE = "e.g. event.amount >= 500 && event.kind == 'roof'"
OVERLOAD = re.compile(r"found no matching overload for '(.+?)' applied to '\((.*)\)'")
_PLAIN = {
    "double": "a number", "int": "a whole number", "uint": "a whole number", "string": "a text", "bool": "a yes or no",
    "timestamp": "a time", "duration": "a length of time", "null_type": "nothing", "null": "nothing",
}  # fmt: skip


def explain_cel(said: str, words: str, declared: Mapping[str, FieldType]) -> tuple[str, str]:
    """Problem and hint for what CEL says. words: the token at the place and the one before it."""
    if found := re.match(r"undeclared reference to '(.*?)'", said):
        if words.endswith("(") or found[1] in FUNCTIONS:
            return f"there is no function '{found[1]}'", did_you_mean(found[1], FUNCTIONS)
        if found[1] in ("True", "False", "None", "nil"):
            return f"'{found[1]}' is not known", "write true, false or null"
        return f"'{found[1]}' is not known", _hint(found[1], declared)
    if found := OVERLOAD.match(said):
        kinds = [plain_type(side) for side in arguments(found[2])]
        if "nothing" in kinds:
            return "this is never missing", "leave the test for null out"
        name = {"@in": "in", "_[_]": "[ ]"}.get(found[1], found[1].strip("_@"))
        return f"'{name}' does not go with {' and '.join(kinds)}", _kind_hint(set(kinds))
    if "select operation" in said:
        return "it has nothing inside that could be named", "only declared names can be used"
    if "Syntax error" in said:
        return _syntax(said, words)
    return said, ""


def _kind_hint(kinds: set[str]) -> str:
    if {"a text", "a number"} <= kinds:
        return "put text in quotes, and numbers without"
    if {"a time", "a text"} <= kinds:
        return "a time is written timestamp('2026-11-24T10:00:00-06:00')"
    return "write double(…) around the whole number" if {"a whole number", "a number"} <= kinds else ""


def _hint(name: str, declared: Mapping[str, FieldType]) -> str:
    hint = which_name(name, declared)
    return hint if "." in name or "did you mean" in hint else f"text stands in quotes: '{name}'"


def _syntax(said: str, words: str) -> tuple[str, str]:
    if word := next((w for w in reversed(words.split()) if w.lower() in ("and", "or", "not", "is")), None):
        return f"'{word}' is not used in conditions", "write && for and, || for or, ! for not, == for is"
    if "missing ')'" in said or "missing ']'" in said:
        return "a bracket is opened and never closed", ""
    if "<EOF>'" in said:
        return "the condition stops too early", "something is missing at its end"
    if re.search(r"at: '=", said):
        return "'=' compares nothing", "write == for 'is equal to'"
    if found := re.search(r"(?:input|at:?) '(.*?)'", said):
        return f"'{found[1]}' does not belong here", EXAMPLE
    return "this cannot be read as a condition", EXAMPLE


def plain_type(name: str) -> str:
    """A CEL type, e.g. "wrapper(double)", as people say it: "a number"."""
    bare = re.sub(r"^wrapper\((.*)\)$", r"\1", name.lower()).removesuffix("_wrapper").removeprefix("google.protobuf.")
    return _PLAIN.get(bare, "a list" if bare.startswith("list") else bare)


def arguments(types: str) -> list[str]:
    """ "double, list(int)" -> ["double", "list(int)"]"""
    parts, depth = [""], 0
    for sign in types:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts]
