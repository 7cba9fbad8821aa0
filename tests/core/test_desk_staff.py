"""What house-rules.yaml says of the people on the desk."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from orchestrator.core.house import check_house
from tests.core.houses import rules

SALES = {"sales": {"title": "Sales"}}
SHIFT = {"people": 2, "days": "mon-fri", "hours": "09:00-17:30"}


def desk(**changes: Any) -> Any:
    said = {"time_zone": "America/Chicago", "staff": {"sales": [SHIFT]}, **changes}
    return rules(queues=SALES, desk=said)


@pytest.mark.parametrize(("weekday", "hour", "people"), [(0, 8, 0), (0, 9, 2), (4, 16, 2), (4, 17, 1), (5, 10, 0)])
def test_people_are_there_at_their_hours_and_half_of_an_hour_counts_half(weekday: int, hour: int, people: float) -> None:
    assert desk().desk.people_at("sales", weekday, hour) == people


def test_two_shifts_at_one_hour_add_up() -> None:
    assert desk(staff={"sales": [SHIFT, {**SHIFT, "people": 3, "days": "mon"}]}).desk.people_at("sales", 0, 9) == 5


def test_a_queue_of_which_nothing_is_said_is_not_an_empty_one() -> None:
    assert desk(staff={}).desk.people_at("sales", 0, 9) is None


def test_a_time_zone_that_does_not_exist_is_told() -> None:
    [problem] = check_house(desk(time_zone="America/Chicgo"))

    assert (problem.place, "America/Chicgo" in problem.problem) == ("desk.time_zone", True)


@pytest.mark.parametrize(
    ("staff", "said"),
    [
        ({"sale": [SHIFT]}, "there is no queue 'sale'"),
        ({"sales": [{**SHIFT, "days": "fri-mon"}]}, "runs backwards"),
        ({"sales": [{**SHIFT, "hours": "17:00-09:00"}]}, "is no span of a day"),
        ({"sales": [{**SHIFT, "people": 0}]}, "greater than or equal to 1"),
    ],
)
def test_a_mistake_in_a_shift_is_told(staff: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        desk(staff=staff)
