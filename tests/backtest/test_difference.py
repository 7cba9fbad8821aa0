"""What changes from one design to another, over the same history."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import groupby

from orchestrator.backtest.difference import Difference, difference, figures
from orchestrator.backtest.plain import as_json
from orchestrator.backtest.report import report
from orchestrator.core.model import EndReason, TouchState
from tests.backtest.cases import Past, local

THEM = {"follow-up"}


def of(before: Past, after: Past) -> Difference:
    return difference(*(figures(past.history(), report(past.history(), THEM), THEM) for past in (before, after)))


def one(subject: str, *at: str) -> Past:
    """One follow-up with calls at these moments."""
    past = Past()
    run = past.follow_up(subject, "2026-03-02 10:00")
    for moment in at:
        past.touch(run, moment)
    return past


def test_the_same_touches_are_no_difference() -> None:
    found = of(one("quote/1", "2026-03-03 10:00"), one("quote/1", "2026-03-03 10:00"))

    assert found.nothing
    assert (found.more, found.fewer, found.examples) == ([], [], [])
    assert not any(figure.change for figure in found.figures)


def test_a_touch_that_moves_is_told_with_how_far() -> None:
    found = of(one("quote/1", "2026-03-03 10:00"), one("quote/1", "2026-03-04 10:00"))

    [shift] = found.shifts
    assert (shift.later, shift.new, shift.gone, shift.typical) == (1, 0, 0, timedelta(days=1))
    assert not found.nothing


def test_the_second_try_is_matched_with_the_second_try() -> None:
    found = of(one("quote/1", "2026-03-03 10:00", "2026-03-05 10:00"), one("quote/1", "2026-03-03 10:00"))

    assert (found.touches["same"], found.touches["gone"]) == (1, 1)
    assert [(m.try_, m.after) for m in found.examples] == [(2, None)]


def test_who_is_contacted_more_and_who_less_is_told_by_customer() -> None:
    found = of(one("quote/1", "2026-03-03 10:00"), one("quote/2", "2026-03-03 10:00", "2026-03-04 10:00"))

    assert [(c.customer, c.before, c.after) for c in found.more] == [("C-quote/2", 0, 2)]
    assert [(c.customer, c.before, c.after) for c in found.fewer] == [("C-quote/1", 1, 0)]


def test_every_figure_has_its_change() -> None:
    found = of(one("quote/1"), one("quote/1", "2026-03-03 10:00"))

    changes = {(f.about, f.name): f.change for f in found.figures}
    assert changes["in all", "touches"] == 1
    assert changes["channel", "call"] == 1
    assert changes["touchpoint", "check-in"] == 1


def test_what_became_of_touches_and_when_calls_come_is_told_as_a_difference_too() -> None:
    before, after = one("quote/1", "2026-03-02 10:00"), one("quote/1")
    late = after.touch(after.runs[0], "2026-03-10 15:00", made=False, state=TouchState.EXPIRED, reason="not taken")
    after.said(late, "touch.expired", "not taken")
    after.said(late, "enrollment.not_meant", "follow-up")

    found = {(f.about, f.name): (f.before, f.after) for f in of(before, after).figures}

    assert found["touchpoint: expired", "check-in"] == (0, 1)
    assert found["touches by day", "2026-03-02"] == (1, 0)
    assert found["calls in sales", "Mondays 10–11"] == (1, 0)
    assert found["calls in sales", "Tuesdays 15–16"] == (0, 1)
    assert found["most calls on one day in sales", "Tuesdays 15–16"] == (0, 1)
    assert found["start events that led to nothing", "because the playbook's condition was not met"] == (0, 1)
    assert found["too late", "not taken: times"] == found["too late", "not taken: customers"] == (0, 1)


def test_a_change_without_a_moved_touch_is_still_a_difference() -> None:
    before, after = one("quote/1", "2026-03-03 10:00"), one("quote/1", "2026-03-03 10:00")
    after.said(after.touches[0], "enrollment.not_meant", "follow-up")

    found = of(before, after)

    assert not found.nothing
    assert [(f.about, f.change) for f in found.figures if f.change] == [("start events that led to nothing", 1)]


def test_each_heading_comes_once_and_its_days_and_hours_in_order() -> None:
    before = one("quote/1", "2026-03-02 16:00", "2026-03-05 09:00")
    before.touch(before.follow_up("quote/2", "2026-03-02 10:00", ended=EndReason.GOAL), "2026-03-02 11:00", "hello", "email")
    after = one("quote/1", "2026-03-03 09:00", "2026-03-06 10:00")

    found = of(before, after).figures

    headings = [about for about, _ in groupby(found, key=lambda f: f.about)]
    assert len(headings) == len(set(headings))
    assert [f.name for f in found if f.about == "touches by day"] == [f"2026-03-0{day}" for day in (2, 3, 5, 6)]
    hours = [f.name for f in found if f.about == "calls in sales" and f.change]
    assert hours == ["Mondays 16–17", "Tuesdays 09–10", "Thursdays 09–10", "Fridays 10–11"]


def test_a_goal_rate_that_one_of_them_cannot_know_is_not_held_against_the_other() -> None:
    before, after = one("quote/1", "2026-03-03 10:00"), one("quote/1", "2026-04-03 10:00")
    before.goals = after.goals = {"quote/1": [("quote.accepted", local("2026-03-20 10:00"))]}

    found = {(f.about, f.name): f.change for f in of(before, after).figures}

    assert ("goal later in history, of a hundred", "all that came in") in found
    assert ("goal later in history, of a hundred", "check-in") not in found
    assert found["of these, unknown: history was over", "check-in"] == 1


def test_touches_of_a_long_history_are_held_against_each_other_by_week() -> None:
    found = of(one("quote/1", "2026-03-03 10:00", "2026-06-03 10:00"), one("quote/1", "2026-03-03 10:00"))

    assert [(f.name, f.change) for f in found.figures if f.about == "touches by week"] == [("2026-03-02", 0), ("2026-06-01", -1)]


def test_json_says_all_of_it_and_the_same_on_every_run() -> None:
    def made() -> str:
        before, after = one("quote/1", "2026-03-03 10:00"), one("quote/1", "2026-03-04 10:00")
        return as_json(report(after.history(), THEM), of(before, after))

    told = json.loads(made())

    assert made() == made()
    assert told["report"]["lines"][1] | {"made": 1, "touchpoint": "check-in"} == told["report"]["lines"][1]
    assert told["difference"]["shifts"][0]["typical"] == 86_400.0
    assert told["difference"]["examples"][0]["try"] == 1
    assert told["report"]["cannot_know"]
