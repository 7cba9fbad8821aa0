"""The report of a backtest: one run over history as figures, timelines, and what it cannot know. Pure: records in, report out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from orchestrator.backtest import counting
from orchestrator.backtest.counting import Day, Exit, Line, Overlap, Reached, Ruled
from orchestrator.backtest.desk_load import Load, load
from orchestrator.backtest.records import History, local_date
from orchestrator.backtest.samples import MOST, Sample, samples
from orchestrator.language.system_events import BUILT_IN


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a backtest tells of one design."""

    playbooks: Sequence[str]  # reported on
    labels: Mapping[str, str]  # playbook -> which text of it ran
    beside: Sequence[str]  # playbooks that ran along: they count for caps and overlaps
    first_day: date  # of the history, on the desk's clock
    last_day: date  # of the last event, or of the last touch of these playbooks
    history_ends: date  # the day of the last event
    time_zone: str
    events: int
    follow_ups: int
    customers: Sequence[str]  # who would be contacted, by the business's own id
    days: Sequence[Day]
    lines: Sequence[Line]
    desk: Load
    rules: Sequence[Ruled]
    not_started: Mapping[str, int]  # journal's name of the reason -> start events that led to nothing
    overlaps: Sequence[Overlap]
    exits: Sequence[Exit]
    reached: Sequence[Reached]
    samples: Sequence[Sample]
    cannot_know: Sequence[str]

    @property
    def touches(self) -> int:
        """How many took effect."""
        return sum(line.made for line in self.lines)

    @property
    def by_channel(self) -> Mapping[str, int]:
        """Touches that took effect, by channel."""
        found = Counter[str]()
        for line in self.lines:
            found[line.channel] += line.made
        return {channel: n for channel, n in sorted(found.items()) if n}

    @property
    def calendar_days(self) -> int:
        """Days from the first to the last, both included."""
        return (self.last_day - self.first_day).days + 1


def report(history: History, playbooks: Collection[str], most_samples: int = MOST) -> Report:
    """What these playbooks would have done; the others of the history are what they met."""
    wanted = sorted(playbooks)
    return Report(
        playbooks=wanted,
        labels={name: history.labels.get(name, "") for name in wanted},
        beside=sorted(history.programs.keys() - {*wanted, *BUILT_IN}),
        first_day=local_date(history.began, history.zone),
        last_day=local_date(history.over(playbooks), history.zone),
        history_ends=local_date(history.last_event, history.zone),
        time_zone=str(history.zone),
        events=history.events,
        follow_ups=sum(run.playbook in playbooks for run in history.runs),
        customers=counting.everybody(history, playbooks),
        days=counting.days(history, playbooks),
        lines=counting.lines(history, playbooks),
        desk=load(history, playbooks),
        rules=counting.rules(history, playbooks),
        not_started=counting.not_started(history, playbooks),
        overlaps=counting.overlaps(history, playbooks),
        exits=counting.exits(history, playbooks),
        reached=counting.reached(history, playbooks),
        samples=samples(history, playbooks, most_samples),
        cannot_know=cannot_know(history),
    )


def cannot_know(history: History) -> list[str]:
    """What no run over history can tell, in sentences for people."""
    said = [
        "History shows what happened, not how people would have answered. A customer who is called a day earlier may say yes a day "
        "earlier, or no: the events after each touch stay those of the old days.",
        f"History ends with its last event, on {local_date(history.last_event, history.zone)}. Who reached a step after that is left out "
        "of its goal rate, since nobody knows what followed; and who reached one shortly before had little time, so rates are rather too "
        "low there.",
        "A goal rate is no effect. It says how many of the subjects that reached a step had the goal later, under what was done with "
        "them then. Later steps see fewer easy cases, so their rates fall even when the step helps.",
    ]
    if history.outcomes_given:
        said.append("How calls end is your rule in the outcomes file, not knowledge; so is how long they wait and take.")
    else:
        said.append(
            "There is no outcomes file, so each call is taken at once and nobody answers: every call goes the way of no answer."
        )
    said.append(
        "Nobody is ever short of people in the run itself: calls are taken as the outcomes say. Where more come than the desk can make, "
        "later touches would have been later, or not at all."
    )
    said.append("Every e-mail and text counts as delivered. Refused addresses, spam folders and answers are not in it.")
    if history.from_database:
        said.append(
            "What staff did by hand (pauses, touches moved or asked for) is not in it. Customers are taken as they are known now, and who "
            "wants no more contact today is left alone from when they said so."
        )
    if history.cut:
        said.append(
            "It begins in the middle: follow-ups that had begun before are not in it, and neither are the contacts and stops of that time."
        )
    return said
