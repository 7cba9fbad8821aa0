"""A rehearsal as text: what was expected and what came, like a diff whose lines can be copied into the file."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Literal

from orchestrator.language.rehearsal import Touched
from orchestrator.rehearsal.differing import Pair, closest, says
from orchestrator.rehearsal.everything import Outcome
from orchestrator.rehearsal.running import Result
from orchestrator.rehearsal.writing import flow, line_of

Mark = Literal["head", " ", "-", "+", "?"]
WIDTH = 118


def difference(outcome: Outcome) -> list[tuple[Mark, str]]:
    """Marked lines: '-' was expected, '+' came, ' ' agrees, '?' says why."""
    if outcome.result is None:
        return [("-", str(problem)) for problem in outcome.problems]
    lines: list[tuple[Mark, str]] = [("head", f"{outcome.path}:{outcome.line}: {outcome.title}")]
    if not outcome.pairs:
        lines.append((" ", "nothing"))
    for pair in outcome.pairs:
        lines += _of_pair(pair, outcome.result)
    if not outcome.result.got:
        lines += [("?", f"nothing came: {why}") for why in _why_nothing(outcome.result)]
    for ends in outcome.result.unused:
        which = f", try {ends.try_}," if ends.try_ else ""
        lines.append(("-", f"{ends.touchpoint}{which} never came, though the file says that it ends with {ends.ends}"))
    lines += [("?", refused) for refused in outcome.result.refused]
    return lines


def _of_pair(pair: Pair, result: Result) -> Iterator[tuple[Mark, str]]:
    written = _expected(pair, result)
    if pair.agrees:
        yield " ", f"- {written}"
        return
    differs_in_words_only = pair.got is not None and set(pair.differs) <= {"says", "says_exactly"} and pair.expected is not None
    if pair.expected is not None:
        yield (" " if differs_in_words_only else "-"), f"- {written}"
    if pair.got is None:
        return
    if not differs_in_words_only:
        yield "+", f"- {flow(line_of(pair.got, result.scene.clock, result.scene.file.playbook))}"
        if pair.got.why:
            yield from (("?", line) for line in _wrapped(f"why: {pair.got.why}"))
    if pair.expected is not None and isinstance(what := pair.expected[2], Touched):
        words = pair.got.words
        for piece in what.pieces:
            if not says(words, piece):
                yield "-", f"says: {flow(piece)}"
                yield "+", f"says: {flow(closest(piece, words))}" if words else "says nothing"
        if "says_exactly" in pair.differs:
            yield from (("-", line) for line in (what.says_exactly or "").splitlines())
            yield from (("+", line) for line in (words or "nothing").splitlines())


def _expected(pair: Pair, result: Result) -> str:
    """The line as the file means it, moments with their dates, without its words."""
    if pair.expected is None:
        return ""
    at, until, what = pair.expected
    line: dict[str, object] = {"at": result.scene.clock.said(at)}
    if isinstance(what, Touched):
        line["touchpoint"] = what.touchpoint
        if what.try_ is not None:
            line["try"] = what.try_
        line["is"] = what.is_
        if until is not None:
            line["until"] = result.scene.clock.said(until)
        if what.because is not None:
            line["because"] = what.because
    else:
        line["ends"] = what.ends
    if what.playbook is not None:
        line["playbook"] = what.playbook
    return flow(line)


def _why_nothing(result: Result) -> list[str]:
    return [moment.why for moment in result.moments if moment.kind == "decision"]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent="     ") or [text]
