"""Charts of a backtest: every mark says its number, and no chart brings a style of its own, which pages forbid."""

from __future__ import annotations

import re
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest

from orchestrator.backtest import charts, counting
from orchestrator.backtest.counting import Day, Reached
from orchestrator.backtest.desk_load import load
from orchestrator.backtest.report import report
from tests.backtest.cases import Past, calls

SVG = "{http://www.w3.org/2000/svg}"
THEM = {"follow-up"}


def titles(svg: str) -> list[str]:
    return [str(found.text) for found in ElementTree.fromstring(svg).iter(f"{SVG}title")]


def test_a_bar_says_how_many_touches_of_each_channel_it_stands_for() -> None:
    svg = charts.over_time([Day(date(2026, 3, 2), {"call": 3, "email": 1}), Day(date(2026, 3, 4), {"text": 2})])

    assert titles(svg) == ["Mon 02 Mar 2026: 3 calls, 1 e-mail", "Tue 03 Mar 2026: nothing", "Wed 04 Mar 2026: 2 texts"]


@pytest.mark.parametrize(("length", "every", "bars"), [(62, "day", 62), (63, "week", 10), (434, "week", 63), (435, "month", 15)])
def test_many_days_become_weeks_and_months_and_no_touch_is_lost(length: int, every: str, bars: int) -> None:
    days = [Day(date(2026, 1, 1) + timedelta(days=n), {"call": 1}) for n in range(length)]

    found, spans = charts.spans(days)

    assert (found, len(spans)) == (every, bars)
    assert sum(span.all for span in spans) == length


def test_hours_with_calls_left_over_carry_a_frame_and_say_so() -> None:
    past = Past()
    calls(past, "2026-03-09 09:05", 25)
    calls(past, "2026-03-10 09:05", 20)

    svg = charts.week(load(past.history(), THEM), "sales")

    assert "Mondays 09–10: at most 25 calls, 2 people; 5 left over at its end" in titles(svg)
    assert "Tuesdays 09–10: at most 20 calls, 2 people" in titles(svg)
    assert svg.count('class="behind"') == 1


def test_a_step_says_how_many_reached_it_and_how_many_had_the_goal() -> None:
    svg = charts.goals([Reached("follow-up", "", 8, 2, 4, 1.0), Reached("follow-up", "check-in", 0, 0, 0, None)])

    assert titles(svg) == [
        "all that came in: 8 subjects, 4 with the goal later; 2 after the last event",
        "check-in: 0 subjects, 0 with the goal later",
    ]


def test_no_chart_brings_a_style_and_an_empty_history_has_charts_too() -> None:
    found = report(Past().history(), THEM)
    drawn = [
        charts.over_time(found.days),
        charts.week(found.desk, "sales"),
        charts.goals(counting.reached(Past().history(), THEM)),
    ]

    for svg in drawn:
        ElementTree.fromstring(svg)
        assert not re.search(r"\sstyle=|<style|<script|\son\w+=", svg)
        assert 'role="img"' in svg
