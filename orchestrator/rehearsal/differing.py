"""What a rehearsal file expects beside what came: which lines belong together, and in what they differ."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.language.rehearsal import Ended, Touched
from orchestrator.rehearsal.running import Result
from orchestrator.rehearsal.watching import Got

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
Line = tuple[datetime, datetime | None, Touched | Ended]  # when, deferred to when, what the file says


@dataclass(frozen=True, slots=True)
class Pair:
    """A line of the file and what came for it; one of them is missing when the other stands alone."""

    place: int | None  # of the line in `then`, from 0
    expected: Line | None
    got: Got | None
    differs: Sequence[str] = ()  # keys of the line that are not as expected

    @property
    def agrees(self) -> bool:
        """Whether what was expected came."""
        return self.expected is not None and self.got is not None and not self.differs


def compare(result: Result) -> list[Pair]:
    """Every line of the file and everything that came, in order, put together as well as they fit."""
    expected, got, mine = result.scene.then, result.got, result.scene.file.playbook
    if len(expected) == len(got):  # the usual case
        straight = [_pair(i, line, one, mine) for i, (line, one) in enumerate(zip(expected, got, strict=True))]
        if all(pair is not None and pair.agrees for pair in straight):
            return [pair for pair in straight if pair is not None]
    return _aligned(expected, got, mine)


def closest(piece: str, words: str) -> str:
    """The line or sentence of the words that is most like a piece of them that has changed: by its words, then by its signs.

    Their order counts for nothing: comparing it would take seconds for words that repeat themselves.
    """
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    parts = [*lines, *(part for line in lines for part in _SENTENCE.split(line))]
    wanted, signs = Counter(piece.lower().split()), Counter(piece)
    return max(parts, key=lambda part: (_like(wanted, part.lower().split()), _like(signs, part)), default=words.strip())


def says(words: str | None, piece: str) -> bool:
    """Whether the words contain the piece, whatever the spaces and line ends."""
    return words is not None and _plain(piece) in _plain(words)


def says_exactly(words: str | None, all_: str) -> bool:
    """Whether these are the words, whatever the spaces and line ends."""
    return words is not None and _plain(words) == _plain(all_)


def _aligned(expected: Sequence[Line], got: Sequence[Got], mine: str) -> list[Pair]:
    """The cheapest way to turn one list into the other: a changed line costs as much as a missing or a new one."""
    pairs = [[_pair(i, line, one, mine) for one in got] for i, line in enumerate(expected)]
    rows, columns = len(expected), len(got)
    cost = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows, -1, -1):
        for j in range(columns, -1, -1):
            if i == rows or j == columns:
                cost[i][j] = (rows - i) + (columns - j)
                continue
            best = 1 + min(cost[i + 1][j], cost[i][j + 1])
            pair = pairs[i][j]
            if pair is not None:
                best = min(best, cost[i + 1][j + 1] + (0 if pair.agrees else 1))
            cost[i][j] = best
    found: list[Pair] = []
    i = j = 0
    while i < rows or j < columns:
        pair = pairs[i][j] if i < rows and j < columns else None
        if pair is not None and cost[i][j] == cost[i + 1][j + 1] + (0 if pair.agrees else 1):
            found.append(pair)
            i, j = i + 1, j + 1
        elif i < rows and cost[i][j] == 1 + cost[i + 1][j]:
            found.append(Pair(i, expected[i], None))
            i += 1
        else:
            found.append(Pair(None, None, got[j]))
            j += 1
    return found


def _pair(place: int, line: Line, got: Got, mine: str) -> Pair | None:
    """The two together, with what differs; None when they are about different things."""
    at, until, what = line
    if (what.playbook or mine) != got.playbook:
        return None
    differs = [] if at == got.at else ["at"]
    if isinstance(what, Ended):
        if got.touchpoint is not None:
            return None
        return Pair(place, line, got, differs if what.ends == got.what else [*differs, "ends"])
    if what.touchpoint != got.touchpoint:
        return None
    if what.is_ != got.what:
        differs.append("is")
    if what.try_ not in (None, got.tries):
        differs.append("try")
    if what.because not in (None, got.because):
        differs.append("because")
    if what.until is not None and until != got.until:
        differs.append("until")
    if any(not says(got.words, piece) for piece in what.pieces):
        differs.append("says")
    if what.says_exactly is not None and not says_exactly(got.words, what.says_exactly):
        differs.append("says_exactly")
    return Pair(place, line, got, differs)


def _like(wanted: Counter[str], there: Sequence[str]) -> float:
    """How much two have in common, from 0 to 1."""
    found = Counter(there)
    return 2 * sum(min(n, wanted[one]) for one, n in found.items()) / ((wanted.total() + len(there)) or 1)


def _plain(text: str) -> str:
    return " ".join(text.split())
