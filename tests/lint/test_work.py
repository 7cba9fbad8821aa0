"""However large a playbook is, lint comes to an end soon and says what it did not look at."""

from __future__ import annotations

from textwrap import indent

import pytest
from hypothesis import HealthCheck, given, settings

from orchestrator.core.house import House
from orchestrator.language.design import load_design
from orchestrator.language.house_rules import Cap
from orchestrator.lint.bounds import MOST_WORK, Follows, Search, Standing, Work, graph_of, most_within
from orchestrator.lint.caps import DAYS, counted_by
from orchestrator.lint.claims import ways
from orchestrator.lint.finding import Finding
from orchestrator.lint.lint import lint
from orchestrator.lint.subject import Subject
from orchestrator.lint.week import DAY, week_of
from tests.lint.designs import files
from tests.lint.generated import designs

HEAD = """\
playbook: large
title: Large
stage: quote
owner: sales-ops
purpose: service
starts_on: quote.sent
stops_on: {quote.accepted: goal}
gives_up_after: 60 days
steps:
"""


def calls(how_many: int, most: int, apart: str) -> str:
    return "".join(
        f"  - touchpoint: call-{i}\n    call: quote-check-in\n    queue: sales\n"
        f"    attempts: {{most: {most}, apart: {apart}, vary: time of day}}\n"
        f"    outcomes:\n      voicemail_left:\n        - {{touchpoint: sorry-{i}, text: sorry-we-missed-you}}\n        - again\n"
        for i in range(how_many)
    )


def inside_each_other(depth: int, most: int) -> str:
    steps = "- {touchpoint: end, email: quote-last-word}\n"
    for i in range(depth):
        call = f"- touchpoint: call-{i}\n  call: quote-check-in\n  queue: sales\n  attempts: {{most: {most}, apart: 1 day}}\n"
        steps = f"{call}  outcomes:\n    busy:\n{indent(steps, '      ')}      - again\n"
    return indent(steps, "  ")


def found(steps: str) -> list[Finding]:
    return [f for f in lint(load_design(files(HEAD + steps))) if f.code in ("TP501", "TP502", "TP503")]


@pytest.mark.parametrize("steps", [inside_each_other(4, 20), calls(40, 15, "37 minutes")], ids=["states", "moments"])
def test_a_playbook_with_more_ways_than_can_be_looked_at_gets_a_note(steps: str) -> None:
    (note,) = [f for f in found(steps) if f.code == "TP503"]

    assert (note.severity, note.file) == ("note", "large.yaml")


@pytest.mark.parametrize(
    ("how_many", "most", "apart"), [(1, 6, "1 business day"), (2, 10, "1 business day"), (1, 15, "1 hour"), (3, 8, "3 hours")]
)
def test_calls_with_many_tries_take_a_small_part_of_what_may_be_looked_at(how_many: int, most: int, apart: str) -> None:
    """So that a usual playbook is checked within a tenth of a second, with room to spare."""
    made = load_design(files(HEAD + calls(how_many, most, apart)))
    subject = Subject(made, made.playbooks["large"], House.of(made.house_rules))
    work = Work()

    for cap in subject.house.caps:
        assert most_within(graph_of(subject.paths), week_of(subject.house), DAYS[cap.per], counted_by(cap), cap.most, work)

    assert MOST_WORK - work.left < MOST_WORK / 4


def test_what_is_looked_at_is_counted_for_all_caps_together() -> None:
    made = load_design(files(HEAD + calls(2, 10, "1 hour")))
    subject = Subject(made, made.playbooks["large"], House.of(made.house_rules))
    graph, week, work = graph_of(subject.paths), week_of(subject.house), Work(3_000)
    bounds = [most_within(graph, week, DAYS[cap.per], counted_by(cap), cap.most, work) for cap in subject.house.caps]

    assert bounds[0] is not None
    assert bounds[-1] is None, "nothing was left for the last one"
    assert most_within(graph, week, 7, counted_by(subject.house.caps[-1])) is not None


def test_a_condition_with_very_many_ways_is_not_unfolded() -> None:
    source = " && ".join("(" + " || ".join(f"event.amount == {i * 9 + j}" for j in range(9)) + ")" for i in range(40))

    assert len(ways(source, {}, holds=True)) == 1


class Plain(Search):
    """Remembers what follows on a moment for this moment alone."""

    def follows(self, here: Standing) -> Follows | None:
        return self.known.get(here)

    def _keep(self, here: Standing, best: Follows) -> None:
        self.known[here] = best


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(designs())
def test_what_is_left_out_of_the_search_changes_no_bound(texts: dict[str, str]) -> None:
    same_bounds(texts, "made-up")


@pytest.mark.parametrize(("how_many", "most", "apart"), [(2, 4, "5 hours"), (2, 6, "50 minutes"), (3, 3, "1 business day")])
def test_nor_when_there_are_many_tries(how_many: int, most: int, apart: str) -> None:
    same_bounds(files(HEAD + calls(how_many, most, apart)), "large")


def same_bounds(texts: dict[str, str], name: str) -> None:
    made = load_design(texts)
    subject = Subject(made, made.playbooks[name], House.of(made.house_rules))
    graph, week = graph_of(subject.paths), week_of(subject.house)
    if not graph.exact:
        return
    for cap in (Cap(most=1, per="day"), Cap(most=1, per="week"), Cap(most=1, per="week", of="call")):
        plain = Plain(graph, week, DAYS[cap.per], counted_by(cap), Work(10**6))
        most = 0
        for weekday in range(7):
            plain.until((weekday + plain.days) * DAY)
            for state in range(len(graph.states)):
                node = graph.contact(state)
                if node is not None and node.channel in counted_by(cap):
                    begun = plain.begins_with(state, node, weekday)
                    most = max(most, begun.most if begun else 0)

        bound = most_within(graph, week, DAYS[cap.per], counted_by(cap), 0, Work(10**6))

        assert bound is not None
        assert bound.most == most
