"""Ways gone with every policy asked, all caps of the house included, until a cap holds a contact back: what really happens then."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.core.model import AUTOMATIC_CALLS, Contact, Defer, Deny, Verdict
from orchestrator.core.windows import local_day
from orchestrator.language.house_rules import Cap
from orchestrator.language.playbook import CHANNELS
from orchestrator.language.program import NodeId
from orchestrator.lint.paths import Edge
from orchestrator.lint.walking import Made, Offer, Walk

DAYS = {"day": 1, "week": 7}
CALLS = frozenset({"call", *AUTOMATIC_CALLS})
_A_MOMENT = timedelta(minutes=1)  # two calls are never made at one moment


@dataclass(frozen=True, slots=True)
class Going:
    """One playbook's part: somebody who goes a way from a moment on."""

    walk: Walk
    way: Sequence[Edge]
    anchor: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """A contact that a cap holds back, after contacts that every policy allowed."""

    whose: int
    made: tuple[tuple[Made, ...], ...]  # the contacts of each part; the last one of its own part is the one that is held back
    results: tuple[tuple[tuple[NodeId, str], ...], ...]  # what came of the contacts and waits of each
    counted: tuple[Made, ...]  # those that fall into the cap's days, that one included
    verdict: Verdict  # what all policies together say of it


def counted_by(cap: Cap) -> frozenset[str]:
    """The channels that a cap counts."""
    if cap.of is None:
        return frozenset(CHANNELS)
    return CALLS if cap.of == "call" else frozenset({cap.of})


def until_held(cap: Cap, parts: Sequence[Going], zone: str) -> tuple[Held | None, int]:
    """Go all ways beside each other until this cap holds a contact back. With it: how many contacts fell into the cap's days at most."""
    steps = [part.walk.going(part.way, part.anchor) for part in parts]
    open_: list[tuple[datetime, int, int, Offer]] = []
    results: list[tuple[tuple[NodeId, str], ...]] = [() for _ in parts]
    made: list[tuple[int, Made]] = []
    most = 0

    def wait(at: datetime, whose: int, offer: Offer) -> None:
        heapq.heappush(open_, (at, whose, len(offer.results), offer))

    def go_on(whose: int, at: datetime | None) -> None:
        try:
            offer = next(steps[whose]) if at is None else steps[whose].send(at)
            results[whose] = offer.results
            wait(offer.at, whose, offer)
        except StopIteration as end:
            results[whose] = end.value.results

    for index in range(len(parts)):
        go_on(index, None)
    while open_:
        at, whose, _, offer = heapq.heappop(open_)
        walk = parts[whose].walk
        moment = walk.moment(offer.touch, offer.run, offer.node, at)
        if moment is None:
            continue  # it comes too late, and what follows is another way
        if (
            moment == at
            and offer.node.channel in CALLS
            and any(w != whose and m.channel in CALLS and m.at == at for w, m in made)
        ):
            moment = at + _A_MOMENT
        if moment > at:
            wait(moment, whose, offer)
            continue
        contacts = [Contact(m.channel, m.at) for _, m in made]
        verdict = walk.asked(offer.touch, offer.run, offer.node, at, contacts)
        if offer.node.channel in counted_by(cap) and walk.holds_back(cap, offer, at, contacts):
            last = offer.made(at)
            results[whose] = (*offer.results, (offer.touch.step, offer.result))
            each = tuple(tuple(m for w, m in [*made, (whose, last)] if w == index) for index in range(len(parts)))
            return Held(whose, each, tuple(results), _within(cap, [m for _, m in made], last, zone), verdict), most
        if isinstance(verdict, Defer):
            wait(verdict.until, whose, offer)
        elif not isinstance(verdict, Deny):
            made.append((whose, offer.made(at)))
            most = max(most, len(_within(cap, [m for _, m in made[:-1]], made[-1][1], zone)))
            go_on(whose, at)
    return None, most


def _within(cap: Cap, made: Sequence[Made], last: Made, zone: str) -> tuple[Made, ...]:
    """The contacts that a cap counts in the days that end with the last one's, and that one."""
    today = local_day(last.at, zone)
    counted = [m for m in made if m.channel in counted_by(cap)]
    return (*(m for m in counted if timedelta(0) <= today - local_day(m.at, zone) < timedelta(days=DAYS[cap.per])), last)
