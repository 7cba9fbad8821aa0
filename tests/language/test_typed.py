"""What somebody types as an answer is read by the kind of its question, or refused in plain words."""

from __future__ import annotations

from datetime import date

import pytest

from orchestrator.errors import Problem
from orchestrator.language import typed
from orchestrator.language.fronts import Question

FRIDAY = date(2026, 11, 27)


def read(kind: str, given: object, **more: object) -> object:
    question = Question.model_validate({"ask": "?", "kind": kind, **more})
    values, problems = typed.read({"q": question}, {"q": given}, {"q": FRIDAY} if kind == "commitment" else {})
    return problems[0] if problems else values.get("q")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1850", 1850.0), ("12,5", 12.5), ("12.5", 12.5), ("-3", -3.0), ("0.125", 0.125), ("1,850.50", 1850.5), ("1.850,50", 1850.5),
        ("1,850,000", 1_850_000.0), ("1 850,5", 1850.5), (" 7 ", 7.0), (7.0, 7.0), ("", None), ("  ", None), (None, None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(given: object, expected: object) -> None:
    assert read("number", given) == expected


@pytest.mark.parametrize("number", [123456.78, 1_234_567.0, 12.345, 1850.0, 0.125, -1234.5, 0.0001, 123456789.123, 8.0])
def test_a_number_that_a_program_says_is_kept_with_all_its_digits(number: float) -> None:
    assert read("number", typed.written(number)) == read("number", number) == number


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("number", "1,850"), ("number", "a lot"), ("number", "1e5"), ("number", "²"), ("boolean", "perhaps"), ("date", "24.11.2026"),
        ("date", "2026-02-30"), ("text", "x" * 10_001), ("choice", "Good"),
    ],
)  # fmt: skip
def test_what_is_not_clear_is_refused_with_its_question(kind: str, given: str) -> None:
    problem = read(kind, given, **({"choices": ["good", "bad"]} if kind == "choice" else {}))

    assert isinstance(problem, Problem)
    assert problem.place == "q"
    assert problem.hint


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("boolean", "Yes", True), ("boolean", "n", False), ("boolean", True, True), ("date", "2026-11-24", "2026-11-24"),
        ("text", "<b>hm</b>\x00", "<b>hm</b>"), ("text", True, "yes"), ("text", 8.0, "8"), ("choice", "good", "good"),
        ("commitment", "The drawing", "The drawing"),
    ],
)  # fmt: skip
def test_each_kind_is_read(kind: str, given: object, expected: object) -> None:
    assert read(kind, given, **({"choices": ["good", "bad"]} if kind == "choice" else {})) == expected
