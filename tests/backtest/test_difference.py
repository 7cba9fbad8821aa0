"""What changes from one design to another, over the same history."""

from __future__ import annotations

import json
from datetime import timedelta

from orchestrator.backtest.difference import Difference, difference
from orchestrator.backtest.plain import as_json
from orchestrator.backtest.report import report
from tests.backtest.cases import Past

THEM = {"follow-up"}


def of(before: Past, after: Past) -> Difference:
    pair = [(past.history(), report(past.history(), THEM)) for past in (before, after)]
    return difference(pair[0], pair[1], THEM)


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
