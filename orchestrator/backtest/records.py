"""What a report reads of one run over history: the touches, the journal, the follow-ups, and the goals that history knows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from orchestrator.core.house import House
from orchestrator.core.zones import zone_of
from orchestrator.language.program import Program
from orchestrator.simulation.records import Entry, RunRecord, TouchRecord

CAP = "frequency cap"  # as core/policies/caps.py names its rule


@dataclass(frozen=True, slots=True)
class History:
    """One run over history, ready to be reported on."""

    house: House
    programs: Mapping[str, Program]  # every playbook that ran along
    labels: Mapping[str, str]  # playbook -> which text of it: "as in the folder", "version 3"
    began: datetime
    last_event: datetime  # when the newest event came in: what comes after it is not known
    ended: datetime  # of everything that followed, also of the playbooks that ran beside
    events: int
    touches: Sequence[TouchRecord]
    entries: Sequence[Entry]
    runs: Sequence[RunRecord]
    zones: Mapping[str, tuple[str, ...]]  # customer -> every zone they may be in; missing: unknown
    goals: Mapping[str, Sequence[tuple[str, datetime]]]  # subject -> goal events of any playbook: (type, when it occurred)
    from_database: bool = False
    cut: bool = False  # it begins in the middle: what came before is not known
    outcomes_given: bool = True

    @property
    def zone(self) -> tzinfo:
        """The clock of days and hours: the house's."""
        found = zone_of(self.house.rules.clock)
        assert found is not None, "house rules name zones that exist"
        return found

    def zone_of(self, customer: str) -> tzinfo:
        """The customer's own clock, as far as it is known."""
        named = self.zones.get(customer) or self.house.strictest
        return zone_of(named[0]) or self.zone if named else self.zone

    def over(self, playbooks: Collection[str]) -> datetime:
        """The last event, or the last touch of these playbooks whose turn came: whichever is later."""
        mine = (t for t in self.touches if t.channel is not None and t.playbook in playbooks)
        came = (t.effect_at or t.due_at for t in mine if t.effect_at is not None or t.due_at <= (t.finished_at or self.ended))
        return max(self.last_event, max(came, default=self.last_event))

    def made(self, playbooks: Collection[str]) -> Iterator[TouchRecord]:
        """Touches that took effect, of these playbooks."""
        return (t for t in self.touches if t.effect_at is not None and t.channel is not None and t.playbook in playbooks)


class Goals:
    """Keeps what history knows of goals while the events stream through it: little, whatever the length of the log."""

    def __init__(self, programs: Iterable[Program]) -> None:
        self._types = frozenset(t for p in programs for t, end in p.stops_on.items() if end == "goal")
        self.by_subject: dict[str, list[tuple[str, datetime]]] = {}

    def hear(self, type_: str, subject: str, occurred_at: datetime) -> None:
        """One event of the log."""
        if type_ in self._types:
            self.by_subject.setdefault(subject, []).append((type_, occurred_at))


def local_date(at: datetime, zone: tzinfo) -> date:
    """The calendar day there."""
    return at.astimezone(zone).date()
