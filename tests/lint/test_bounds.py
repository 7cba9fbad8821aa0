"""The plain week that bounds are reckoned in is never later than the real calendar; and bounds in cases that chance seldom finds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core import windows
from orchestrator.core.house import House
from orchestrator.language.delays import Delay
from orchestrator.language.design import load_design
from orchestrator.lint.bounds import graph_of, most_within
from orchestrator.lint.hours import never_opens
from orchestrator.lint.subject import Subject
from orchestrator.lint.timing import given_up, never_in_time
from orchestrator.lint.week import Week, week_of
from tests.core.houses import house
from tests.language.designs import design
from tests.lint.generated import HOUSE as RULES
from tests.lint.generated import made_up

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)  # Thanksgiving comes in the week after
HOUSE = house(time_zones=["UTC"])
delays = st.sampled_from(
    ["0 business days", "1 business day", "3 business days", "6 business days", "2 days", "1 week", "90 minutes"]
)
EMAILS = frozenset({"email"})


@settings(max_examples=200, deadline=None)
@given(delays, st.integers(0, 14 * 1440), st.integers(0, 4 * 1440))
def test_no_later_moment_leads_to_an_earlier_one_than_the_plain_week_says(words: str, minute: int, more: int) -> None:
    delay, later = Delay.parse(words), MONDAY + timedelta(minutes=minute + more)

    real = windows.add(delay, later, ("UTC",), HOUSE)

    assert MONDAY + timedelta(minutes=Week(HOUSE).add(delay, minute)) <= real


@pytest.mark.parametrize(
    ("useful", "most"),
    [("4 days", 2), ("1 hour", 1)],  # the first may still come when the second is due; or it may not
)
def test_a_reminder_that_comes_late_meets_the_next_one(useful: str, most: int) -> None:
    steps = f"""\
  - touchpoint: before
    email: thanks
    when: 1 day before event.starts_at
    not_later_than: {useful}
  - touchpoint: after
    email: thanks
    when: 2 days after event.starts_at
    not_later_than: {useful}
"""
    made = design(steps, "starts_on: visit.booked\n")
    subject = Subject(made, made.playbooks["follow-up"], House.of(made.house_rules))

    bound = most_within(graph_of(subject.paths), week_of(subject.house), 1, EMAILS)

    assert bound is not None
    assert bound.most == most


def test_a_step_that_may_still_be_of_use_is_not_called_too_late() -> None:
    steps = """\
  - wait: event.starts_at
  - wait: 1 day
  - touchpoint: reminder
    email: thanks
    when: 1 day before event.starts_at
    not_later_than: 4 days
"""
    made = design(steps, "starts_on: visit.booked\n")
    subject = Subject(made, made.playbooks["follow-up"], House.of(made.house_rules))

    assert list(never_in_time(subject)) == []


def test_what_lies_behind_a_contact_that_is_never_made_is_not_called_too_late() -> None:
    rules = RULES.format(caps="{most: 3, per: day}", holidays="", useful="2 days", bound="halves")
    concern = {"completed_concern": [{"touchpoint": "sorry", "email": "thanks"}]}
    call = {"touchpoint": "check-in", "call": "check-in", "queue": "sales", "contact_window": "sundays", "outcomes": concern}
    made = load_design(made_up(rules, [call], "1 week"))
    subject = Subject(made, made.playbooks["made-up"], House.of(made.house_rules))

    assert [f.code for f in never_opens(subject)] == ["TP401"]
    assert list(given_up(subject)) == []
