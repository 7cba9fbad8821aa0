"""The most contacts that a customer can get: from each playbook, and from all of them beside each other, against the house's caps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from orchestrator.core.house import House
from orchestrator.language.design import Design
from orchestrator.language.house_rules import Cap
from orchestrator.language.system_events import BUILT_IN
from orchestrator.lint.beside import Most, example, example_words, fullest
from orchestrator.lint.bounds import TooMuch, Work
from orchestrator.lint.caps import contacts_words, dated, proofs
from orchestrator.lint.subject import Subject

KINDS: Mapping[str, Literal["call", "text", "email"] | None] = {
    "contacts": None,
    "calls": "call",
    "texts": "text",
    "e-mails": "email",
}
PERIODS: tuple[Literal["day", "week"], ...] = ("day", "week")
MOST_WORK = 300_000  # standings and examples for each playbook, and for all that is said of them together
Counts = dict[tuple[str, str], int | None]  # kind and period -> the most; None: it could not be worked out


@dataclass(frozen=True, slots=True)
class CapVerdict:
    """One cap of the house over all playbooks. says: "never" held back, "alone" by one of them, "beside" another, or "not known"."""

    cap: Cap
    says: Literal["never", "alone", "beside", "not known"]
    alone: int | None  # the most of any one playbook
    together: int | None  # the most of all, added up
    example: str = ""


@dataclass(frozen=True, slots=True)
class MostContacts:
    """The most contacts of one enrollment, by playbook; of one enrollment of each; what the house allows; and what follows."""

    playbooks: Mapping[str, Counts]
    together: Counts
    allowed: Counts  # None: no cap
    caps: Sequence[CapVerdict]


def most_contacts(design: Design, tell: Callable[[str], None] = lambda _: None) -> MostContacts:
    """Work it out. tell: is told the name of each playbook, and of each cap in words, before it is looked at."""
    house = House.of(design.house_rules)
    subjects = [Subject(design, source, house) for name, source in sorted(design.playbooks.items()) if name not in BUILT_IN]
    found: dict[str, Counts] = {}
    mosts: list[Most] = []
    for subject in subjects:
        tell(subject.name)
        most = Most(subject, Work(MOST_WORK))
        mosts.append(most)
        found[subject.name] = {
            (kind, per): most.within(Cap(most=1, per=per, of=of))[0] for kind, of in KINDS.items() for per in PERIODS
        }
    keys = [(kind, per) for kind in KINDS for per in PERIODS]
    together: Counts = {key: added([counts[key] for counts in found.values()]) for key in keys}
    allowed: Counts = {(kind, per): _allowed(house, per, of) for kind, of in KINDS.items() for per in PERIODS}
    verdicts = []
    for cap in house.caps:
        tell(f"{cap.most} {contacts_words(cap)}")
        verdicts.append(_verdict(cap, mosts))
    return MostContacts(found, together, allowed, verdicts)


def added(parts: Sequence[int | None]) -> int | None:
    """All of them; None when one is not known."""
    return None if None in parts else sum(part or 0 for part in parts)


def _allowed(house: House, per: str, of: str | None) -> int | None:
    return min((cap.most for cap in house.caps if cap.per == per and cap.of == of), default=None)


def _verdict(cap: Cap, mosts: Sequence[Most]) -> CapVerdict:
    each = [most.within(cap)[0] for most in mosts]
    together = added(each)
    alone = None if None in each else max((many or 0 for many in each), default=0)
    if together is not None and together <= cap.most:
        return CapVerdict(cap, "never", alone, together)
    for many, most in zip(each, mosts, strict=True):
        if many is not None and many > cap.most and (shown := _alone(cap, most.subject)):
            return CapVerdict(cap, "alone", alone, together, shown)
    shown = next(_beside(cap, mosts), "")
    return CapVerdict(cap, "beside" if shown else "not known", alone, together, shown)


def _alone(cap: Cap, subject: Subject) -> str:
    witness = next((p.witness for p in proofs(subject) if p.cap == cap), None)
    return "" if witness is None else f"{subject.name}: {dated(subject, witness.anchor, witness.made, witness.zone)}"


def _beside(cap: Cap, mosts: Sequence[Most]) -> Iterator[str]:
    """Playbooks that pass the cap together, for one customer with a subject for each: two of them, or more; those with the most first."""
    work = Work(MOST_WORK)
    all_of_them = fullest(cap, mosts)
    for many in range(2, len(all_of_them) + 1):
        for some in combinations(all_of_them, many):
            known = [most.within(cap) for most in some]
            if sum(most or 0 for most, _ in known) <= cap.most:
                continue
            try:
                shown = example(cap, [most.subject for most in some], [way for _, way in known], work)
            except TooMuch:
                return
            if shown is not None:
                yield example_words(shown)
