"""Where more calls come than the people on the desk can make."""

from __future__ import annotations

import pytest

from orchestrator.backtest.desk_load import Load, load
from orchestrator.core.model import TouchState
from tests.backtest.cases import STAFF, Past, calls, local

THEM = {"follow-up"}


def of(past: Past) -> Load:
    return load(past.history(), THEM)


def test_more_calls_than_people_can_make_are_told_with_the_hours_in_which_they_pile_up() -> None:
    past = Past()
    calls(past, "2026-03-09 09:05", 30)  # two people make 20 an hour
    calls(past, "2026-03-09 10:10", 17)

    [short] = of(past).short

    assert short.words == "Mondays 09–10: 30 calls, 2 people, who can make 20"
    assert (str(short.on), short.calls - short.can_make) == ("2026-03-09", 10)


def test_hours_that_pile_up_further_are_one_line() -> None:
    past = Past()
    calls(past, "2026-03-09 09:05", 25)
    calls(past, "2026-03-09 10:10", 37)

    [short] = of(past).short

    assert short.words == "Mondays 09–11: 62 calls, 2 people, who can make 40"


def test_calls_that_wait_an_hour_and_are_made_then_do_not_pile_up_for_ever() -> None:
    past = Past()
    calls(past, "2026-03-09 09:05", 21)  # one is left, and made in the hour after
    calls(past, "2026-03-16 11:00", 22)

    [short] = of(past).short

    assert (str(short.on), short.calls, short.times, short.of) == ("2026-03-16", 22, 2, 5)


def test_days_are_counted_up_to_the_last_event_or_touch_whatever_ran_beside_long_after() -> None:
    past = Past()
    calls(past, "2026-03-09 09:00", 30)

    [short] = load(past.history(until="2026-09-01 00:00", last_event="2026-03-04 10:00"), THEM).short

    assert (short.times, short.of) == (1, 2)  # Mondays 2 and 9 March


@pytest.mark.parametrize(("at", "said"), [("2026-03-14 10:00", "Saturdays 10–11: 1 call, nobody"), ("2026-03-09 16:59", None)])
def test_hours_without_people_are_told(at: str, said: str | None) -> None:
    past = Past()
    calls(past, at, 1)

    assert [short.words for short in of(past).short] == ([said] if said else [])


def test_half_an_hour_on_the_desk_is_half_the_calls() -> None:
    desk = {**STAFF["desk"], "staff": {"sales": [{"people": 2, "days": "mon", "hours": "09:30-10:00"}]}}
    past = Past({**STAFF, "desk": desk})
    calls(past, "2026-03-09 09:30", 12)

    [short] = of(past).short

    assert short.can_make == 10


def test_hours_are_those_of_the_desk_also_when_the_clocks_change() -> None:
    past = Past()
    calls(past, "2026-03-06 09:00", 1)  # before, and
    calls(past, "2026-03-13 09:00", 1)  # after the change of 8 March

    [hour] = [h for h in of(past).hours if h.calls]

    assert (hour.weekday, hour.hour, hour.calls, hour.busiest) == (4, 9, 2, 1)


def test_a_call_counts_when_it_came_into_its_queue_also_when_nobody_took_it() -> None:
    past = Past()
    calls(past, "2026-03-09 09:00", 3, made=False, state=TouchState.EXPIRED, reason="not taken")
    calls(past, "2026-03-09 09:00", 2, made=False, state=TouchState.CANCELLED, reason="goal")  # called off before

    assert of(past).calls == 3


def test_how_long_a_call_takes_is_measured_where_the_house_rules_do_not_say() -> None:
    desk = {key: value for key, value in STAFF["desk"].items() if key != "minutes_per_call"}
    past = Past({**STAFF, "desk": desk})
    calls(past, "2026-03-09 09:00", 1, finished_at=local("2026-03-09 09:04"))
    calls(past, "2026-03-09 09:00", 1, finished_at=local("2026-03-09 09:08"))

    found = of(past)

    assert (found.minutes_per_call, found.stated) == (6.0, False)


def test_a_queue_for_which_nobody_is_named_is_told_and_not_taken_for_empty() -> None:
    past = Past({**STAFF, "queues": {"sales": {"title": "Sales"}, "leads": {"title": "Leads"}}})
    calls(past, "2026-03-09 09:00", 500, queue="leads")

    found = of(past)

    assert (found.unstaffed, found.short) == (["leads"], [])
