"""One clock for the house: "today" on the board, times in differences and moves, hours of a backtest."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.houses import rules

CHICAGO, DENVER = "America/Chicago", "America/Denver"


@pytest.mark.parametrize(
    ("said", "clock"),
    [
        ({"desk": {"time_zone": DENVER}, "time_zones": [CHICAGO]}, DENVER),  # where staff sit
        ({"time_zones": [CHICAGO, DENVER]}, CHICAGO),
        ({}, "UTC"),
    ],
)
def test_the_house_goes_by_the_clock_of_its_desk_else_of_its_first_place(said: dict[str, Any], clock: str) -> None:
    assert rules(**said).clock == clock
