"""What somebody typed as the answer to a script's question becomes a value, or a plain word about what is wrong with it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from orchestrator.errors import Problem
from orchestrator.language.fronts import Question

MOST = 10_000  # characters of one answer, or of a note
Value = str | float | bool
_YES = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}
_PLAIN = re.compile(r"[-+]?\d{1,15}(?:[.,]\d{1,9})?")
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:([ ,.'])\d{3})(?:\1\d{3})*(?:[.,]\d{1,9})?")


def storable(text: str) -> str:
    """Text as databases keep it: without NUL and without halves of characters."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def written(value: object) -> str:
    """A value as somebody would have typed it: every digit of a number, without an exponent, so that `read` reads the same."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return str(value)
    digits = format(Decimal(str(value)), "f").removesuffix(".0")
    return f"{digits}0" if re.search(r"\.\d{3}$", digits) else digits  # three digits after a mark could be thousands


def read(
    questions: Mapping[str, Question], typed: Mapping[str, object], promised_for: Mapping[str, date]
) -> tuple[dict[str, Value], list[Problem]]:
    """Values by question, and what is wrong, each with the question as its place. What nobody answered is left out.

    promised_for: the days of commitments; one is needed where the words of one are given.
    """
    values: dict[str, Value] = {}
    problems: list[Problem] = []
    for name, question in questions.items():
        given = typed.get(name)
        if given is None or (isinstance(given, str) and not given.strip()):
            continue
        found = _value(question, given)
        if isinstance(found, Problem):
            problems.append(Problem(found.problem, found.hint, place=name))
            continue
        values[name] = found
        if question.kind == "commitment" and name not in promised_for:
            problems.append(Problem("a promise needs its day", "choose the day by which it is kept", place=name))
    return values, problems


def missing(questions: Mapping[str, Question], values: Mapping[str, object], disposition: str) -> list[Problem]:
    """Required questions that nobody answered; and with "commitment made", a script's commitments when there is none."""
    problems = [
        Problem("this has to be answered before the call is finished", question.ask, place=name)
        for name, question in questions.items()
        if question.required and name not in values
    ]
    promises = [name for name, question in questions.items() if question.kind == "commitment"]
    if disposition == "commitment_made" and promises and not any(name in values for name in promises):
        said = {problem.place for problem in problems}
        if promises[0] not in said:
            problems.append(Problem("what was promised has to be written down", questions[promises[0]].ask, place=promises[0]))
    return problems


def _value(question: Question, given: object) -> Value | Problem:
    if isinstance(given, bool | float | int):  # from the command line, read already
        if question.kind == "boolean" and isinstance(given, bool):
            return given
        if question.kind == "number" and not isinstance(given, bool):
            return float(given)
        given = written(given)
    text = storable(str(given)).strip()
    if len(text) > MOST:
        return Problem(f"this has {len(text)} characters", f"at most {MOST}")
    match question.kind:
        case "number":
            return _number(text)
        case "boolean":
            answer = _YES.get(text.lower())
            return Problem("this is neither yes nor no", "answer yes or no") if answer is None else answer
        case "date":
            return _date(text)
        case "choice":
            return text if text in question.choices else Problem("this is none of the choices", ", ".join(question.choices))
        case "text" | "commitment":
            return text


def _number(text: str) -> float | Problem:
    if _PLAIN.fullmatch(text) and not re.fullmatch(r"[-+]?[1-9]\d{0,2}[.,]\d{3}", text):
        return float(text.replace(",", "."))
    grouped = _GROUPED.fullmatch(text)
    if grouped is None:
        return Problem("this is no number", "write digits, e.g. 1850 or 12.5")
    separator = str(grouped[1])
    if separator in ",." and text.count(separator) == 1 and not text.count("." if separator == "," else ","):
        return Problem(f"'{text}' can be read in two ways", "write it without marks between thousands, e.g. 1850")
    whole, mark = text.replace(separator, ""), "." if separator != "." else ","
    return float(whole.replace(mark, ".") if mark == "," else whole.replace(",", "."))


def _date(text: str) -> str | Problem:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return Problem("this is no day", "write it as year-month-day, e.g. 2026-11-24")
