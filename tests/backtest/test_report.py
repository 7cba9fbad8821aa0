"""What a report says of one run over history."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from orchestrator.backtest import counting
from orchestrator.backtest.counting import ENTERED
from orchestrator.backtest.report import report
from orchestrator.core.model import EndReason, TouchState
from tests.backtest.cases import STAFF, Past, local, program

THEM = {"follow-up"}


def test_touches_are_counted_on_the_day_that_the_desks_clock_shows() -> None:
    past = Past()
    run = past.follow_up("quote/1", "2026-03-02 20:00")
    past.touch(run, "2026-03-02 23:30", "hello", "email")  # 3 March in UTC

    assert [(d.day, d.by_channel) for d in counting.days(past.history(), THEM)] == [(date(2026, 3, 2), {"email": 1})]


def test_every_touchpoint_of_the_playbook_has_a_line_in_its_order_also_one_that_nobody_reached() -> None:
    past = Past()
    run = past.follow_up("quote/1", "2026-03-02 10:00")
    past.touch(run, "2026-03-02 10:00", "hello", "email", made=False, state=TouchState.EXPIRED)

    hello, check_in = counting.lines(past.history(), THEM)

    assert (hello.touchpoint, hello.planned, hello.made, hello.expired) == ("hello", 1, 0, 1)
    assert (check_in.touchpoint, check_in.planned) == ("check-in", 0)


def test_what_a_cap_put_off_or_made_too_late_is_told_as_capped_with_the_reason() -> None:
    past = Past()
    run = past.follow_up("quote/1", "2026-03-02 10:00")
    touch = past.touch(run, "2026-03-02 10:00")
    past.said(touch, "touch.deferred", "contact window and frequency cap", "the house allows 1")
    past.said(
        touch, "touch.skipped", "too late", "it would come too late (the customer has had 2 contacts and the house allows 1)"
    )
    past.said(touch, "touch.deferred", "contact window", "closed")

    rules = [(r.what, r.rule, r.times, r.example) for r in counting.rules(past.history(), THEM)]

    assert [rule[:3] for rule in rules] == [
        ("capped", "contact window and frequency cap", 1),
        ("capped", "too late", 1),
        ("deferred", "contact window", 1),
    ]
    assert rules[2][3] == "closed"


def test_each_rule_names_the_customers_that_it_kept_back_and_so_do_calls_that_nobody_took() -> None:
    past = Past()
    for customer in ("C-2", "C-1", "C-1"):
        touch = past.touch(past.follow_up(f"quote/{len(past.runs)}", "2026-03-02 10:00", customer=customer), "2026-03-02 10:00")
        past.said(touch, "touch.deferred", "contact window", "closed")
    missed = past.touch(past.follow_up("quote/missed", "2026-03-02 10:00", customer="C-9"), "2026-03-02 10:00", made=False)
    past.said(missed, "touch.expired", "not taken", "nobody took the call in time")

    put_off, too_late = counting.rules(past.history(), THEM)

    assert (put_off.what, put_off.times, put_off.customers) == ("deferred", 3, ["C-1", "C-2"])
    assert (too_late.what, too_late.rule, too_late.customers) == ("expired", "not taken", ["C-9"])
    assert too_late.example == "nobody took the call in time"


@pytest.mark.parametrize(("other_at", "days"), [("2026-03-02 19:00", 1), ("2026-03-03 08:00", 0)])
def test_two_playbooks_overlap_when_they_reach_one_customer_on_one_local_day(other_at: str, days: int) -> None:
    past = Past(programs={"follow-up": program(), "reminder": program("reminder")})
    mine = past.follow_up("quote/1", "2026-03-02 10:00", customer="C-1")
    other = past.follow_up("visit/1", "2026-03-02 10:00", customer="C-1", playbook="reminder")
    past.touch(mine, "2026-03-02 10:00")
    past.touch(other, other_at)  # 19:00 in Chicago is the next day in UTC

    found = counting.overlaps(past.history(), THEM)

    assert sum(o.days for o in found) == days
    assert all((o.other, o.example) == ("reminder", ("C-1", date(2026, 3, 2))) for o in found)


def test_the_goal_rate_of_a_step_counts_only_goals_that_came_after_it() -> None:
    past = Past()
    for subject, goal in (("quote/1", "2026-03-05 10:00"), ("quote/2", "2026-03-02 11:00"), ("quote/3", None)):
        run = past.follow_up(subject, "2026-03-02 10:00")
        past.touch(run, "2026-03-03 10:00")
        past.goals[subject] = [("quote.accepted", local(goal))] if goal else []
    past.goals["quote/3"] = [("visit.done", local("2026-03-09 10:00"))]  # a goal of another playbook

    steps = {s.touchpoint: s for s in counting.reached(past.history(), THEM)}

    assert (steps[ENTERED].subjects, steps[ENTERED].goal_later) == (3, 2)
    assert (steps["check-in"].subjects, steps["check-in"].goal_later, steps["check-in"].days_until) == (3, 1, 2.0)
    assert (steps["hello"].subjects, steps["hello"].rate) == (0, None)


def test_a_step_after_history_ended_is_not_told_as_no_goal() -> None:
    past = Past()
    for subject, step in (("quote/1", "2026-03-04 10:00"), ("quote/2", "2026-03-04 10:00"), ("quote/3", "2026-03-20 10:00")):
        past.touch(past.follow_up(subject, "2026-03-02 10:00"), step)
    past.touch(past.runs[0], "2026-03-20 10:00", "hello", "email")
    past.goals["quote/1"] = [("quote.accepted", local("2026-03-05 10:00"))]

    told = report(past.history(last_event="2026-03-10 10:00"), THEM)

    steps = {s.touchpoint: s for s in told.reached}
    assert (steps["check-in"].subjects, steps["check-in"].unknown, steps["check-in"].rate) == (3, 1, 0.5)
    assert (steps["hello"].subjects, steps["hello"].unknown, steps["hello"].rate) == (1, 1, None)
    assert told.history_ends == date(2026, 3, 10)
    assert any("History ends with its last event, on 2026-03-10." in sentence for sentence in told.cannot_know)


def test_a_report_ends_with_the_last_touch_of_its_playbooks_whatever_ran_beside() -> None:
    past = Past(programs={"follow-up": program(), "reminder": program("reminder")})
    past.touch(past.follow_up("quote/1", "2026-03-02 10:00"), "2026-03-12 10:00")
    past.touch(past.follow_up("visit/1", "2026-03-02 10:00", playbook="reminder"), "2026-03-28 10:00")

    told = report(past.history(last_event="2026-03-10 10:00"), THEM)

    assert told.last_day == date(2026, 3, 12)


def test_start_events_that_led_to_nothing_are_told_with_the_reason() -> None:
    past = Past()
    run = past.follow_up("quote/1", "2026-03-02 10:00")
    touch = past.touch(run, "2026-03-02 10:00")
    past.said(touch, "enrollment.started", "follow-up")
    past.said(touch, "enrollment.prevented", "follow-up")
    past.said(touch, "enrollment.prevented", "another")

    assert counting.not_started(past.history(), THEM) == {"enrollment.prevented": 1}


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({}, "History shows what happened, not how people would have answered."),
        ({"outcomes_given": False}, "each call is taken at once and nobody answers"),
        ({"from_database": True}, "What staff did by hand"),
        ({"cut": True}, "It begins in the middle"),
    ],
)
def test_a_report_says_what_it_cannot_know(known: dict[str, Any], said: str) -> None:
    told = report(replace(Past().history(), **known), THEM).cannot_know

    assert any(said in sentence for sentence in told)


def test_samples_differ_and_the_usual_way_comes_first() -> None:
    past = Past()
    for number in range(30):
        run = past.follow_up(f"quote/{number:02}", "2026-03-02 10:00", ended=EndReason.EXHAUSTED)
        past.touch(run, "2026-03-03 10:00", disposition="no_answer")
    odd = past.follow_up("quote/odd", "2026-03-02 10:00", ended=EndReason.OPTED_OUT)
    past.said(past.touch(odd, "2026-03-03 10:00", made=False, reason="consent"), "touch.deferred", "contact window")

    usual, rare = report(past.history(), THEM).samples

    assert (usual.subject, usual.like_it) == ("quote/00", 30)
    assert (rare.subject, rare.like_it) == ("quote/odd", 1)
    assert [m.what for m in rare.moments] == ["started", "put off", "skipped: consent", "ended: opted_out"]


def test_a_sample_tells_every_moment_of_a_touch_on_the_customers_own_clock() -> None:
    past = Past()
    run = past.follow_up("quote/1", "2026-03-02 10:00")
    touch = past.touch(
        run, "2026-03-03 09:00", made=False, expires_at=local("2026-03-05 17:00"), why="to be made by 2026-03-05 23:00 UTC"
    )
    past.said(
        touch, "touch.deferred", "contact window", "put off to 2026-03-03 15:00 UTC: closed until Tue 09:00 in America/Chicago"
    )

    [sample] = report(past.history(), THEM).samples

    whys = [m.why for m in sample.moments if m.touchpoint]
    assert whys == ["put off to 2026-03-03 09:00: closed until Tue 09:00 in America/Chicago", "to be made by 2026-03-05 17:00"]


def test_there_are_never_more_than_twenty_samples_and_none_repeats_a_way() -> None:
    past = Past()
    for number in range(40):
        run = past.follow_up(f"quote/{number}", "2026-03-02 10:00")
        for _ in range(number % 30 + 1):
            past.touch(run, "2026-03-03 10:00", disposition="no_answer" if number % 2 else "busy")

    found = report(past.history(), THEM).samples

    assert len(found) == 20
    assert len({(tuple(m.what for m in s.moments)) for s in found}) == 20


def test_without_a_desk_in_the_house_rules_calls_are_still_counted() -> None:
    past = Past({key: value for key, value in STAFF.items() if key != "desk"})
    past.touch(past.follow_up("quote/1", "2026-03-02 10:00"), "2026-03-02 10:00")

    desk = report(past.history(), THEM).desk

    assert (desk.calls, desk.unstaffed, desk.short) == (1, ["sales"], [])
