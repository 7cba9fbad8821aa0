"""What a name may be on a way through a playbook: a set of values, narrowed by each condition that was passed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# What is known about several names, sorted by name; a name without an entry may be anything.
Known = tuple[tuple[str, "Values"], ...]


@dataclass(frozen=True, slots=True)
class Values:
    """A set of values of one kind (numbers, texts, times or truth values), and whether the name may be missing."""

    null: bool = True
    low: Any = None  # None: no bound
    high: Any = None
    low_open: bool = False  # `low` itself is not in it
    high_open: bool = False
    among: frozenset[Any] | None = None  # None: any value between the bounds
    never: frozenset[Any] = frozenset()

    def meet(self, other: Values) -> Values:
        """What is in both."""
        low, low_open = _tighter(self.low, self.low_open, other.low, other.low_open, upper=False)
        high, high_open = _tighter(self.high, self.high_open, other.high, other.high_open, upper=True)
        among = self.among if other.among is None else other.among if self.among is None else self.among & other.among
        never = self.never | other.never
        met = Values(self.null and other.null, low, high, low_open, high_open, among, never)
        if among is None:
            return met
        left = frozenset(value for value in among if met._holds(value))  # a list needs no bounds beside it
        return Values(met.null, among=left)

    @property
    def empty(self) -> bool:
        """Whether nothing is left: no value, and not missing either."""
        return not self.null and self._no_value()

    def _no_value(self) -> bool:
        if self.among is not None:
            return not any(self._holds(value) for value in self.among)
        if self.low is None or self.high is None:
            return False
        if self.low == self.high:
            return self.low_open or self.high_open or self.low in self.never
        return bool(self.low > self.high)

    def _holds(self, value: Any) -> bool:
        if value in self.never:
            return False
        if self.low is not None and (value < self.low or (self.low_open and value == self.low)):
            return False
        return not (self.high is not None and (value > self.high or (self.high_open and value == self.high)))


MISSING = Values(among=frozenset())
THERE = Values(null=False)


def one_of(values: Iterable[Any], *, null: bool = False) -> Values:
    """One of these."""
    return Values(null, among=frozenset(values))


def none_of(values: Iterable[Any]) -> Values:
    """Any but these; it may be missing."""
    return Values(never=frozenset(values))


def beside(known: Mapping[str, Values], more: Iterable[tuple[str, Values]], base: Mapping[str, Values]) -> Known | None:
    """What is known with more of it; None when that cannot be.

    base: what names may be before anything is known of them.
    """
    both = dict(known)
    for name, values in more:
        met = both.get(name, base.get(name, _ANY)).meet(values)
        if met.empty:
            return None
        both[name] = met
    return tuple(sorted(both.items(), key=lambda item: item[0]))


_ANY = Values()


def _tighter(mine: Any, mine_open: bool, other: Any, other_open: bool, *, upper: bool) -> tuple[Any, bool]:
    if mine is None or other is None:
        return (other, other_open) if mine is None else (mine, mine_open)
    if mine == other:
        return mine, mine_open or other_open
    return (mine, mine_open) if (mine < other) == upper else (other, other_open)
