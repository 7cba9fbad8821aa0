"""The hours in which the law of a country lets marketing calls and texts be made. What the house allows beyond them is found.

Of whom nothing is said here, lint knows no law; states and provinces may be stricter. It is no legal advice, and the engine itself
keeps to the house rules (`never_outside`) alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.core.model import AUTOMATIC_CALLS
from orchestrator.language.house_rules import Minutes
from orchestrator.language.program import TouchNode
from orchestrator.lint.finding import Finding
from orchestrator.lint.subject import Subject
from orchestrator.lint.week import DAY, HOUR, week_of

CALLS = frozenset({"call", *AUTOMATIC_CALLS})
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Law:
    """Hours of the customer's local week, in minutes from Monday, 00:00."""

    country: str
    channels: frozenset[str]
    hours: tuple[Minutes, ...]
    source: str


LAWS: tuple[Law, ...] = (
    Law(
        "US",
        CALLS | {"text"},  # a text counts as a call
        tuple((day * DAY + 8 * HOUR, day * DAY + 21 * HOUR) for day in range(7)),
        "47 CFR 64.1200(c)(1)",
    ),
    Law(
        "CA",
        CALLS,
        tuple((day * DAY + 9 * HOUR, day * DAY + 21 * HOUR + 30) for day in range(5))
        + tuple((day * DAY + 10 * HOUR, day * DAY + 18 * HOUR) for day in (5, 6)),
        "CRTC Unsolicited Telecommunications Rules",
    ),
)


def beyond_the_law(subject: Subject) -> Iterator[Finding]:
    """Marketing calls and texts whose window is open when the law of a country of the house forbids them; or only then."""
    week = week_of(subject.house)
    for node in subject.touches:
        way = subject.paths.to(node.id)
        if node.purpose != "marketing" or way is None:
            continue
        open_ = week.hours(node.window, node.channel)
        for law in _of(subject, node):
            beyond = _without(open_, law.hours)
            if not beyond:
                continue
            first, last = beyond[0]
            when = f"{_DAYS[first // DAY]} {_clock(first)} to {_clock(last)}"
            never = not _common(open_, law.hours)
            what = "may only be made when" if never else "may be made when"
            message = f"'{node.touchpoint}' {what} {law.country} forbids marketing by {node.channel}, e.g. {when} ({law.source})"
            path = subject.paths.words(way, f"{node.touchpoint} on {when}")
            yield subject.finding("TP409", message, node.id, "contact_window", path=path, severity="error" if never else None)


def _of(subject: Subject, node: TouchNode) -> Iterator[Law]:
    return (law for law in LAWS if law.country in subject.house.countries and node.channel in law.channels)


def _common(ours: Sequence[Minutes], theirs: Sequence[Minutes]) -> list[Minutes]:
    return [(max(a, c), min(b, d)) for a, b in ours for c, d in theirs if max(a, c) < min(b, d)]


def _without(ours: Sequence[Minutes], theirs: Sequence[Minutes]) -> list[Minutes]:
    """What of ours is not theirs, in order."""
    left: list[Minutes] = []
    for start, end in ours:
        at = start
        for a, b in sorted(_common([(start, end)], theirs)):
            if at < a:
                left.append((at, a))
            at = b
        if at < end:
            left.append((at, end))
    return left


def _clock(minute: int) -> str:
    hour, rest = divmod(minute % DAY, HOUR)
    return f"{hour or (24 if minute and minute % DAY == 0 else 0):02}:{rest:02}"
