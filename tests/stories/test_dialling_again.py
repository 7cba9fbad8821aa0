"""A bridged call that is dialled more than once: the last line counts, and what happened on the first is not forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from orchestrator import bridging, desk, filing, leading, receipts, sheets
from orchestrator.channels.base import Answer, Found, Outgoing, Placed, RejectedSafe, Sought, Unknown
from orchestrator.core.receipts import Report, Result
from orchestrator.errors import InputError
from orchestrator.filing import Filing
from orchestrator.store import schema
from tests.stories.designs import playbook
from tests.stories.test_filing import CALL, LEE, sheet, taken, touch
from tests.stories.world import World

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
MINE = "+13125550190"


class Voice:
    """A provider that connects two telephones, and says of a line what the test says."""

    name = "fake"
    carries = ("voice",)

    def __init__(self) -> None:
        self.placed: list[str] = []
        self.refuses: str | None = None
        self.is_silent = False

    def bridge(self, handle: UUID, agent: str, not_after: Any) -> Answer:
        if self.refuses:
            return RejectedSafe(self.refuses)
        if self.is_silent:
            return Unknown("no answer in time")
        self.placed.append(f"CA{len(self.placed) + 1}")
        return Placed(self.placed[-1])

    def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
        raise AssertionError("nothing is sent here")

    def find(self, sought: Sequence[Sought]) -> Mapping[UUID, Found]:
        return {}


class Dialled:
    """A call that ari has, and its lines."""

    def __init__(self, world: World) -> None:
        self.world, self.voice = world, Voice()
        world.parts = world.another_process(voice=self.voice)
        world.publish(playbook(CALL))
        world.arrives("quote.sent")
        self.call = taken(world)

    def dials(self) -> str:
        assert bridging.dial(self.world.parts, self.call, "ari", MINE) is None
        return self.voice.placed[-1]

    def line(self, ours: str, result: Result, after_s: float = 4, **more: Any) -> None:
        """The provider tells how the customer's line goes that was rung from `ours`."""
        self._told(Report(self.world.clock.at, result, ref=f"{ours}-customer", parent=ours, **more), after_s)

    def our_line(self, ours: str, result: Result, after_s: float = 4) -> None:
        self._told(Report(self.world.clock.at, ref=ours, our_end=result), after_s)

    def _told(self, report: Report, after_s: float) -> None:
        self.world.clock.at += timedelta(seconds=after_s)
        parts, now = self.world.parts, self.world.clock.at
        (attempt,) = self.world.rows(schema.attempt, touch_id=self.call)
        parts.database.run(lambda work: receipts.apply(parts, work, parts.rulebook.refresh(work), {attempt.id: [report]}, now))

    def they_talk(self) -> str:
        line = self.dials()
        self.line(line, Result.ANSWERED)
        self.line(line, Result.COMPLETED, after_s=240, duration_s=240)
        return line

    @property
    def phase(self) -> str:
        return sheet(self.world, self.call).phase

    def ends(self) -> None:
        """So that the story is over."""
        if touch(self.world, self.call).state == "in_call":
            assert desk.finish(self.world.parts, self.call, "ari", "do_not_contact", scope="call") is None


@pytest.fixture
def dialled(world: World) -> Iterator[Dialled]:
    made = Dialled(world)
    yield made
    made.ends()


def is_on_record(dialled: Dialled) -> None:
    """They talked: nobody else calls this customer as if nobody had."""
    world, call = dialled.world, dialled.call
    assert (dialled.phase, sheet(world, call).talked_from is not None) == ("wrap_up", True)
    with pytest.raises(InputError, match="was dialled"):
        desk.put_back(world.parts, call, "ari")


def test_a_second_dial_that_the_provider_refuses_forgets_nothing_of_the_first(dialled: Dialled) -> None:
    dialled.they_talk()
    before = sheet(dialled.world, dialled.call), dialled.world.rows(schema.attempt, touch_id=dialled.call)
    dialled.voice.refuses = "too many at once"

    with pytest.raises(InputError, match="too many at once"):
        dialled.dials()

    assert (sheet(dialled.world, dialled.call), dialled.world.rows(schema.attempt, touch_id=dialled.call)) == before
    is_on_record(dialled)


def test_a_first_dial_that_the_provider_refuses_is_as_if_nobody_had_tried(dialled: Dialled) -> None:
    dialled.voice.refuses = "too many at once"

    with pytest.raises(InputError, match="too many at once"):
        dialled.dials()

    assert desk.put_back(dialled.world.parts, dialled.call, "ari") is None
    assert touch(dialled.world, dialled.call).state == "ready"
    assert taken(dialled.world) == dialled.call


def test_ones_own_telephone_unanswered_at_the_second_dial_forgets_nothing_of_the_first(dialled: Dialled) -> None:
    dialled.they_talk()
    second = dialled.dials()

    dialled.our_line(second, Result.NO_ANSWER, after_s=25)

    is_on_record(dialled)
    assert touch(dialled.world, dialled.call).lease_until == dialled.world.clock.at + timedelta(minutes=3), "wrap-up, no longer"
    assert dialled.dials() == "CA3", "and at once, if they like"


def test_a_lead_who_takes_it_back_then_decides_how_it_ended(dialled: Dialled) -> None:
    dialled.they_talk()
    dialled.our_line(dialled.dials(), Result.BUSY)

    assert leading.take_back(dialled.world.parts, dialled.call, LEE) is None

    assert (touch(dialled.world, dialled.call).state, touch(dialled.world, dialled.call).reason) == (
        "unknown",
        "disposition missing",
    )
    assert leading.decide_missing(dialled.world.parts, dialled.call, LEE, Filing("do_not_contact", scope="call")) is None


def test_dialled_by_hand_first_it_was_dialled_whatever_becomes_of_the_bridge(dialled: Dialled) -> None:
    world, call = dialled.world, dialled.call
    sheets.dial_by_hand(world.parts, call, "ari")
    sheets.phase(world.parts, call, "ari", "wrap_up")

    dialled.our_line(dialled.dials(), Result.NO_ANSWER)

    with pytest.raises(InputError, match="was dialled"):
        desk.put_back(world.parts, call, "ari")


def test_busy_at_the_second_dial_does_not_end_a_call_on_which_they_talked(dialled: Dialled) -> None:
    dialled.they_talk()
    second = dialled.dials()
    dialled.line(second, Result.RINGING)
    assert dialled.phase == "ringing"

    dialled.line(second, Result.BUSY)

    assert (touch(dialled.world, dialled.call).state, dialled.phase) == ("in_call", "wrap_up")


def test_what_is_told_late_of_the_first_line_says_nothing_of_the_second(dialled: Dialled) -> None:
    first = dialled.dials()
    dialled.line(first, Result.BUSY)
    assert touch(dialled.world, dialled.call).disposition == "busy"
    assert isinstance(filing.undo(dialled.world.parts, dialled.call, "ari"), desk.CallTask)
    dialled.world.clock.at += timedelta(seconds=45)
    second = dialled.dials()

    dialled.line(first, Result.BUSY)
    dialled.our_line(first, Result.COMPLETED)

    assert (touch(dialled.world, dialled.call).state, dialled.phase) == ("in_call", "dialling")
    with pytest.raises(InputError, match="rings already"):
        dialled.dials()
    assert dialled.voice.placed == [first, second]
    dialled.line(second, Result.ANSWERED)
    assert dialled.phase == "talking"


def test_it_says_nothing_either_when_nobody_knows_yet_whether_the_second_was_placed(dialled: Dialled) -> None:
    first = dialled.they_talk()
    dialled.voice.is_silent = True
    with pytest.raises(InputError, match="no answer in time"):
        dialled.dials()

    dialled.line(first, Result.COMPLETED)
    dialled.our_line(first, Result.COMPLETED)

    assert dialled.phase == "dialling"
    dialled.line("CA2", Result.COMPLETED)
    is_on_record(dialled)


def test_who_was_heard_on_the_first_line_was_heard_however_late_we_are_told(dialled: Dialled) -> None:
    """Nothing is told of the first line for a while, and they dial again."""
    first = dialled.dials()
    dialled.world.clock.at += timedelta(seconds=46)
    second = dialled.dials()

    dialled.line(first, Result.ANSWERED)
    dialled.line(second, Result.BUSY)

    assert (touch(dialled.world, dialled.call).state, dialled.phase) == ("in_call", "wrap_up")


def test_an_ending_said_while_it_rings_again_is_undone_into_dialling_and_not_into_talking(dialled: Dialled) -> None:
    dialled.they_talk()
    second = dialled.dials()
    filing.file(dialled.world.parts, dialled.call, "ari", Filing("completed"))

    assert isinstance(filing.undo(dialled.world.parts, dialled.call, "ari"), desk.CallTask)

    assert dialled.phase == "dialling"
    dialled.line(second, Result.NO_ANSWER)
    is_on_record(dialled)


def test_an_ending_said_while_ones_own_telephone_rang_again_is_undone_into_wrap_up(dialled: Dialled) -> None:
    dialled.they_talk()
    second = dialled.dials()
    filing.file(dialled.world.parts, dialled.call, "ari", Filing("completed"))

    dialled.our_line(second, Result.NO_ANSWER)

    assert isinstance(filing.undo(dialled.world.parts, dialled.call, "ari"), desk.CallTask)
    is_on_record(dialled)
