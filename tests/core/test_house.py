"""The house rules, compiled: holidays, working days, and what they may not name."""

from __future__ import annotations

from datetime import date

import pytest

from orchestrator.core.house import House, check_house
from orchestrator.errors import PlaybookError
from tests.core.houses import house, rules


@pytest.mark.parametrize(
    ("calendars", "day", "expected"),
    [
        (["US"], "2026-05-25", True),  # Memorial Day
        (["US"], "2026-07-03", True),  # the 4th is a Saturday, so the Friday before is free
        (["US"], "2027-12-31", True),  # New Year's Day 2028 is a Saturday: the substitute lies in the year before
        (["US"], "2026-03-31", False),
        (["US-CA"], "2026-03-31", True),  # César Chávez Day is only Californian
        (["DE"], "2026-01-06", False),
        (["DE-BY"], "2026-01-06", True),  # Epiphany is only Bavarian
        (["US", "DE-BY"], "2026-01-06", True),  # a holiday anywhere is one
        ([], "2026-12-25", False),
    ],
)
def test_a_holiday_is_one_of_the_calendars_that_the_house_names(calendars: list[str], day: str, expected: bool) -> None:
    assert house(holidays=calendars).is_holiday(date.fromisoformat(day)) is expected


def test_a_day_on_which_the_house_is_closed_is_like_a_holiday() -> None:
    ours = house(closed_on=["2026-12-24"])

    assert ours.is_holiday(date(2026, 12, 24))
    assert not ours.is_working_day(date(2026, 12, 24))


@pytest.mark.parametrize(
    ("working_days", "day", "expected"),
    [
        ("mon-fri", "2026-03-06", True),
        ("mon-fri", "2026-03-07", False),
        ("mon-sat", "2026-03-07", True),
        ("mon-sat", "2026-07-04", False),  # a Saturday, and a holiday
    ],
)
def test_business_days_are_the_working_days_without_holidays(working_days: str, day: str, expected: bool) -> None:
    assert house(working_days=working_days).is_working_day(date.fromisoformat(day)) is expected


@pytest.mark.parametrize(
    ("said", "place", "problem", "hint"),
    [
        ({"time_zones": ["America/Chicago", "America/Chigaco"]}, "time_zones.1", "America/Chigaco", "America/Chicago"),
        ({"time_zones": ["Central"]}, "time_zones.0", "Central", "name of a place"),
        ({"holidays": ["US", "XX"]}, "holidays.1", "XX", "two letters"),
        ({"holidays": ["US-ZZ"]}, "holidays.0", "US-ZZ", "CA"),
        ({"countries": ["US", "XX"]}, "countries.1", "XX", "two capital letters"),
        ({"speak_to": "+13125550"}, "speak_to", "13125550", "+13125550100"),
    ],
)
def test_a_zone_or_calendar_that_does_not_exist_is_refused_with_its_place(
    said: dict[str, list[str]], place: str, problem: str, hint: str
) -> None:
    (found,) = check_house(rules(**said))

    assert found.place == place
    assert problem in found.problem
    assert hint in found.hint
    with pytest.raises(PlaybookError, match=problem):
        House.of(rules(**said))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"speak_to": "+13125550199"}, "+13125550199"),
        ({"company": {"name": "x", "phone": "(312) 555-0100"}}, "+13125550100"),
        ({"company": {"name": "x", "phone": "(312) 555-0100"}, "speak_to": "+13125550199"}, "+13125550199"),
        ({"company": {"name": "x", "phone": "030 901820"}, "countries": ["DE", "US"]}, "+4930901820"),
        ({"company": {"name": "x", "phone": "ask for Lou"}}, ""),
        ({}, ""),
    ],
)
def test_who_wants_to_speak_to_us_is_connected_to_the_number_that_the_house_names(said: dict[str, object], expected: str) -> None:
    assert house(**said).speak_to == expected


def test_without_a_word_about_it_only_american_numbers_are_called_and_nothing_recorded_is_played() -> None:
    ours = house()

    assert (ours.countries, ours.recorded_voicemail) == (frozenset({"US", "CA"}), False)


def test_two_houses_of_the_same_rules_are_not_taken_for_one_another() -> None:
    said = rules()

    assert House.of(said) != House.of(said)
    assert len({House.of(said), House.of(said)}) == 2
