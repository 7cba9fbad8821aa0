"""Marketing by telephone at hours that the law forbids is found; what the law has nothing against is not."""

from __future__ import annotations

import pytest

from orchestrator.lint.finding import Finding
from tests.lint.designs import found, planted

PLANTED = planted("47-marketing-before-nine.yaml")


def said(old: str, new: str) -> list[tuple[str, str]]:
    assert old in PLANTED
    findings: list[Finding] = found(PLANTED.replace(old, new))
    return sorted((f.code, f.severity) for f in findings if f.code == "TP409")


@pytest.mark.parametrize(
    ("window", "told"),
    [
        ("08:30-12:00", [("TP409", "warning")]),
        ("09:00-20:00", []),
        ("21:15-23:00", [("TP409", "error"), ("TP409", "warning")]),  # after nine in the US; until half past nine in Canada
        ("22:00-23:00", [("TP409", "error"), ("TP409", "error")]),
    ],
)
def test_each_country_of_the_house_is_asked(window: str, told: list[tuple[str, str]]) -> None:
    assert said('"08:30-12:00"', f'"{window}"') == told


def test_countries_that_the_house_does_not_call_are_not_asked() -> None:
    assert said("countries: [US, CA]", "countries: [US]") == []


def test_a_follow_up_that_sells_nothing_is_not_asked() -> None:
    assert said("purpose: marketing", "purpose: service") == []
