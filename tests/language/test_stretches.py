"""Where two texts differ: nothing is left out, as little as possible is named, and no text makes it slow."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.language.difference.stretches import MOST_WORK, Stretch, stretches, unified

LINES = st.lists(st.sampled_from("abc"), max_size=14)


class Line(str):
    """A line that counts how often it is compared with another one."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        Line.compared += 1
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        Line.compared += 1
        return str.__ne__(self, other)

    __hash__ = str.__hash__


def applied(old: Sequence[str], new: Sequence[str], found: Sequence[Stretch]) -> list[str]:
    answer, at = list[str](), 0
    for a, b, c, d in found:
        answer += [*old[at:a], *new[c:d]]
        at = b
    return answer + list(old[at:])


def fewest(old: Sequence[str], new: Sequence[str]) -> int:
    """How many lines are gone and new at the least."""

    @cache
    def from_(i: int, j: int) -> int:
        if i == len(old) or j == len(new):
            return len(old) - i + len(new) - j
        if old[i] == new[j]:
            return from_(i + 1, j + 1)
        return 1 + min(from_(i + 1, j), from_(i, j + 1))

    return from_(0, 0)


@given(LINES, LINES)
def test_what_differs_makes_the_one_into_the_other_and_is_as_little_as_can_be(old: list[str], new: list[str]) -> None:
    found = stretches(old, new)

    assert applied(old, new, found) == new
    assert sum(b - a + d - c for a, b, c, d in found) == fewest(old, new)
    assert all(b < a for (_, b, _, _), (a, *_) in pairwise(found)), "something that is the same lies between"


@given(LINES, LINES, st.integers(0, 40))
def test_what_takes_too_long_is_still_true(old: list[str], new: list[str], most: int) -> None:
    assert applied(old, new, stretches(old, new, most)) == new


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40))
def test_a_diff_of_lines_is_the_one_that_everybody_knows(there: list[tuple[bool, bool]]) -> None:
    old = [f"{n}\n" for n, (one, _) in enumerate(there) if one]
    new = [f"{n}\n" for n, (_, other) in enumerate(there) if other]

    assert list(unified(old, new, "a", "b")) == list(difflib.unified_diff(old, new, "a", "b"))


def test_one_new_line_among_thousands_that_are_alike_is_found() -> None:
    assert stretches(["x", *[""] * 8_000], ["x", "#", *[""] * 8_000]) == [(1, 1, 1, 2)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([""] * 8_000, ["#", *[""] * 8_000, "#"]),
        ([""] * 8_000, ["#", *["", "#"] * 4_000]),
        ([f"{n % 97}" for n in range(8_000)], [f"{n * 31 % 97}" for n in range(8_000)]),
        ([f"a{n}" for n in range(8_000)], [f"b{n}" for n in range(8_000)]),
        (["a", "b"] * 4_000, ["b", "b", "a"] * 2_700),
    ],
)
def test_no_text_makes_it_slow(old: list[str], new: list[str]) -> None:
    Line.compared = 0

    found = stretches([Line(line) for line in old], [Line(line) for line in new])

    assert applied(old, new, found) == new
    assert Line.compared < 2 * (MOST_WORK + len(old) + len(new))
