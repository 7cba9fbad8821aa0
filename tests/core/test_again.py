"""`again` at the end of an outcome comes, whatever stands before it: a wait, an `if`, or a contact that is passed over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest

from orchestrator.core import planner
from orchestrator.core.house import House
from orchestrator.core.model import Change, Customer, End, EndReason, Plan, Run, Touch
from orchestrator.core.planner import Facts
from tests.language.designs import design

MONDAY = datetime(2026, 2, 2, 16, tzinfo=UTC)
CALL = """\
  - touchpoint: check-in
    call: check-in
    queue: sales
    attempts: {most: 2, apart: 1 day}
    outcomes:
      voicemail_left: [%s, again]
  - touchpoint: last-word
    email: thanks
"""
BEFORE = {
    "a wait": "{wait: 2 days}",
    "an if": '{if: "event.amount > 1000", then: [{touchpoint: more, text: sorry}]}',
    "a contact that is passed over": '{touchpoint: more, text: sorry, only_if: "event.amount > 1000"}',
    "a wait for an event": "{wait_for: visit.done, within: 2 days}",
    "a call whose tries are used up": "{touchpoint: other, call: check-in, queue: sales}",
}


class Enrollment:
    """One enrollment, walked by hand."""

    def __init__(self, before: str) -> None:
        files = design(CALL % before)
        ids = count(10)
        self.new_id = lambda: UUID(int=next(ids))
        run = Run(
            UUID(int=1), UUID(int=2), "follow-up", 1, "quote/1", UUID(int=3), MONDAY, MONDAY + timedelta(days=99), {"amount": 100}
        )
        customer = Customer(UUID(int=3), "C-1", zones=("America/Chicago",))
        names = {"event.amount": 100.0}
        program = files.playbooks["follow-up"].program
        self.facts = Facts(program, run, customer, House.of(files.house_rules), lambda: names, {})
        self.changes = planner.start(self.facts, MONDAY, self.new_id)

    def on(self, result: str) -> None:
        """The touch it stands at comes out like this."""
        touch = self.touch
        assert touch is not None
        self.changes: list[Change] = planner.after(self.facts, touch, result, max(touch.due_at, MONDAY), self.new_id)

    @property
    def touch(self) -> Touch | None:
        return next((change.touch for change in self.changes if isinstance(change, Plan)), None)


@pytest.mark.parametrize("before", BEFORE)
def test_again_follows(before: str) -> None:
    one = Enrollment(BEFORE[before])

    one.on("voicemail_left")
    while one.touch is not None and one.touch.step != "check-in":
        one.on("over" if one.touch.channel is None else "no_answer")

    assert not [c for c in one.changes if isinstance(c, End) and c.reason is EndReason.ERROR]
    assert one.touch is not None
    assert (one.touch.step, one.touch.tries) == ("check-in", 2)


@pytest.mark.parametrize("before", BEFORE)
def test_again_ends_when_the_tries_are_used_up(before: str) -> None:
    one = Enrollment(BEFORE[before])

    for _ in range(8):
        if one.touch is None or one.touch.step == "last-word":
            break
        one.on("voicemail_left" if one.touch.step == "check-in" else "over" if one.touch.channel is None else "no_answer")

    assert one.touch is not None
    assert one.touch.step == "last-word"
