"""How a call ended: said once, undone for half a minute, then final; and nothing that was typed is lost."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from orchestrator import desk, dispatch, engine, filing, leading, sheets
from orchestrator.core.model import EndReason, TouchState
from orchestrator.desk import WEB_LEASE, CallTask, NotHeld
from orchestrator.errors import InputError
from orchestrator.filing import UNDO_FOR, Filed, Filing, TooLate
from orchestrator.holding import Agent
from orchestrator.store import schema
from orchestrator.store.audit import By
from tests.stories.designs import playbook
from tests.stories.world import World

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
CALL = "- touchpoint: check-in\n  call: check-in\n  queue: sales\n  attempts: {most: 3, apart: 1 business day}"
THEN = CALL + "\n  outcomes: {completed: [{touchpoint: thanks, email: thanks}]}"
LEE = By("lee", "lead")
QUESTIONS = """\
---
title: Check in
goal: Hear what they think.
questions:
  feeling: {ask: How does it look?, kind: choice, choices: [good, too dear], required: true}
  budget: {ask: What would fit?, kind: number}
  drawing: {ask: What do we send?, kind: commitment}
---
Hello.
"""


def on_a_call(world: World, steps: str = CALL, who: str = "ari", **more: Any) -> UUID:
    world.publish(playbook(steps), **more)
    world.arrives("quote.sent")
    return taken(world, who)


def taken(world: World, who: str = "ari") -> UUID:
    task = desk.claim_next(world.parts, who, lease=WEB_LEASE)
    assert task is not None, world.story()
    world.known_calls.add(task.touch)
    return task.touch


def touch(world: World, id_: UUID) -> Any:
    return world.rows(schema.touch, id=id_)[0]


def sheet(world: World, id_: UUID) -> sheets.Sheet:
    found = sheets.sheet_of(world.parts, id_)
    assert found is not None
    return found


def test_what_follows_an_ending_comes_when_it_can_be_undone_no_more(world: World) -> None:
    call = on_a_call(world, THEN)

    filed = filing.file(world.parts, call, "ari", Filing("completed", note="All fine", sentiment="good"))

    assert filed == Filed(call, "completed", "Completed", world.clock.at + UNDO_FOR)
    assert filing.last_filed(world.parts, "ari") == filed
    world.passes(UNDO_FOR - timedelta(seconds=1))
    assert (touch(world, call).state, world.states("thanks")) == ("filed", [])
    world.passes(timedelta(seconds=1))
    world.expect_email("thanks")
    assert (touch(world, call).state, touch(world, call).disposition) == ("done", "completed")
    assert filing.last_filed(world.parts, "ari") is None
    assert (sheet(world, call).note, sheet(world, call).sentiment) == ("All fine", "good")


def test_workers_that_only_drain_the_calls_settle_them(world: World) -> None:
    """That queue is asked every second; the sweep comes every five."""
    call = on_a_call(world)
    filing.file(world.parts, call, "ari", Filing("completed"))
    world.clock.at += UNDO_FOR

    dispatch.drain(world.parts, "call")

    assert touch(world, call).state == "done"


def test_an_ending_is_undone_and_the_call_is_theirs_again(world: World) -> None:
    call = on_a_call(world, THEN)
    filing.file(world.parts, call, "ari", Filing("declined", note="They said no"))

    undone = filing.undo(world.parts, call, "ari")

    assert isinstance(undone, CallTask)
    assert touch(world, call).state == "in_call"
    assert touch(world, call).disposition is None
    assert (sheet(world, call).phase, sheet(world, call).note, sheet(world, call).undone) == ("reading", "They said no", 1)
    filing.file(world.parts, call, "ari", Filing("completed"))
    world.passes(UNDO_FOR)
    world.expect_email("thanks")
    assert len(world.said("touch.done")) == 1, "one result"


def test_only_who_said_it_undoes_it_and_only_in_time(world: World) -> None:
    call = on_a_call(world)
    filing.file(world.parts, call, "ari", Filing("completed"))

    assert filing.undo(world.parts, call, "bo") == NotHeld(TouchState.FILED, "ari")
    world.clock.at += UNDO_FOR
    assert isinstance(filing.undo(world.parts, call, "ari"), TooLate), "although nobody has settled it yet"
    world.settle()
    assert isinstance(filing.undo(world.parts, call, "ari"), TooLate)
    assert touch(world, call).state == "done"


def test_who_has_another_call_by_now_is_told_so(world: World) -> None:
    world.publish(playbook(CALL))
    engine.handle_events(world.parts, [world.event("quote.sent", f"P{i}", f"quote/{i}") for i in range(2)])
    world.settle()
    first = taken(world)
    filing.file(world.parts, first, "ari", Filing("completed"))
    taken(world)

    refused = filing.undo(world.parts, first, "ari")

    assert isinstance(refused, TooLate)
    assert "another call" in refused.why
    assert touch(world, first).state == "filed"
    world.expects_anything()


def test_a_double_click_and_a_second_tab_say_it_once(world: World) -> None:
    call = on_a_call(world)

    first = filing.file(world.parts, call, "ari", Filing("no_answer"))
    again = filing.file(world.parts, call, "ari", Filing("no_answer", note="second tab"))

    assert again == first
    with pytest.raises(InputError, match="you said 'No answer' already"):
        filing.file(world.parts, call, "ari", Filing("completed"))
    world.passes(UNDO_FOR)
    assert isinstance(filing.file(world.parts, call, "ari", Filing("no_answer")), Filed)
    assert len(world.said("touch.filed")) == len(world.said("touch.done")) == 1


def test_a_disposition_for_a_lost_claim_is_refused_with_who_has_it_and_the_notes_are_kept(world: World) -> None:
    call = on_a_call(world)
    assert leading.take_back(world.parts, call, LEE) is None
    taken(world, "bo")

    refused = filing.file(world.parts, call, "ari", Filing("completed", note="We talked for long", answers={"mood": "happy"}))

    assert refused == NotHeld(TouchState.IN_CALL, "bo")
    (mine,) = world.rows(schema.call_sheet, who="ari")
    assert (mine.phase, mine.note, mine.answers) == ("left", "We talked for long", {"mood": "happy"})
    assert sheet(world, call).note == "", "bo's own sheet is bo's"
    assert sheets.save(world.parts, call, "ari", note="and more") == NotHeld(TouchState.IN_CALL, "bo")
    assert world.rows(schema.call_sheet, who="ari")[0].note == "and more"


def test_who_walked_away_may_still_say_how_it_ended_and_then_it_is_final(world: World) -> None:
    call = on_a_call(world, THEN)
    world.passes(WEB_LEASE + timedelta(seconds=1))
    assert (touch(world, call).state, touch(world, call).disposition) == ("unknown", "disposition_missing")
    assert filing.file(world.parts, call, "bo", Filing("completed")) == NotHeld(TouchState.UNKNOWN, "ari")

    filed = filing.file(world.parts, call, "ari", Filing("completed"))

    assert isinstance(filed, Filed)
    world.settle()
    world.expect_email("thanks")
    assert isinstance(filing.undo(world.parts, call, "ari"), TooLate)


def test_a_lead_decides_when_nobody_says_how_a_call_ended(world: World) -> None:
    call = on_a_call(world, THEN)
    sheets.save(world.parts, call, "ari", note="rang twice")
    world.passes(WEB_LEASE + timedelta(seconds=1))

    assert leading.decide_missing(world.parts, call, LEE, Filing("completed", note="asked Ari")) is None

    world.settle()
    world.expect_email("thanks")
    assert sheet(world, call).note == "rang twice\n\nlee: asked Ari"
    assert [r.what for r in world.rows(schema.audit)][-1:] == ["call.decided"]
    assert leading.decide_missing(world.parts, call, LEE, Filing("completed")) == NotHeld(TouchState.DONE, "ari")


def test_a_missing_disposition_is_never_taken_for_a_conversation(world: World) -> None:
    call = on_a_call(world, THEN)
    world.passes(timedelta(days=3))
    assert touch(world, call).state == "unknown"
    assert world.states("thanks") == []


def test_a_wish_not_to_be_contacted_counts_at_once_and_undoing_lifts_exactly_that(world: World) -> None:
    call = on_a_call(world)
    engine.opt_out(world.parts, world.customer("Dana"), "email", "unsubscribed", world.clock.at)

    filing.file(world.parts, call, "ari", Filing("do_not_contact", scope="all"))

    def live() -> set[str]:
        return {r.channel for r in world.rows(schema.suppression) if r.lifted_at is None}

    assert live() == {"all", "email"}
    assert world.ended() is None, "the follow-up ends when it is final"
    filing.undo(world.parts, call, "ari")
    assert live() == {"email"}
    filing.file(world.parts, call, "ari", Filing("do_not_contact", scope="all"))
    world.passes(UNDO_FOR)
    assert live() == {"all", "email"}
    assert world.ended() is EndReason.OPTED_OUT


def test_undoing_does_not_lift_what_the_customer_also_said_themselves(world: World) -> None:
    call = on_a_call(world)
    filing.file(world.parts, call, "ari", Filing("do_not_contact", scope="text"))
    world.clock.at += timedelta(seconds=5)
    world.opts_out("Dana", "text")

    filing.undo(world.parts, call, "ari")

    assert [r.lifted_at for r in world.rows(schema.suppression, channel="text")] == [None]


def test_do_not_contact_asks_what_is_not_wanted(world: World) -> None:
    call = on_a_call(world)

    with pytest.raises(InputError) as refused:
        filing.file(world.parts, call, "ari", Filing("do_not_contact"))

    assert [p.place for p in refused.value.problems] == ["scope"]
    assert world.rows(schema.suppression) == []


@pytest.mark.parametrize(("type_", "reason"), [("quote.accepted", EndReason.GOAL), ("quote.declined", EndReason.STOPPED)])
def test_an_event_that_comes_before_it_is_final_ends_the_follow_up(world: World, type_: str, reason: EndReason) -> None:
    call = on_a_call(world, THEN)
    filing.file(world.parts, call, "ari", Filing("completed"))
    engine.handle_events(world.parts, [world.event(type_)])

    world.passes(UNDO_FOR)

    assert world.ended() is reason
    assert touch(world, call).state == "done"
    assert world.states("thanks") == []


def test_everything_that_is_missing_or_wrong_is_said_at_once_and_what_was_typed_is_kept(world: World) -> None:
    call = on_a_call(world, words={"scripts/check-in.md": QUESTIONS})
    said = Filing("completed", note="Hm", answers={"budget": "a lot", "drawing": "The new drawing"}, sentiment="bad")

    with pytest.raises(InputError) as refused:
        filing.file(world.parts, call, "ari", said)

    assert {p.place for p in refused.value.problems} == {"feeling", "budget", "drawing"}
    assert touch(world, call).state == "in_call"
    assert (sheet(world, call).note, sheet(world, call).answers["budget"], sheet(world, call).sentiment) == ("Hm", "a lot", "bad")


def test_only_a_conversation_needs_the_required_answers(world: World) -> None:
    call = on_a_call(world, words={"scripts/check-in.md": QUESTIONS})

    assert isinstance(filing.file(world.parts, call, "ari", Filing("voicemail_not_left")), Filed)


def test_a_commitment_needs_its_words_and_its_day(world: World) -> None:
    call = on_a_call(world, words={"scripts/check-in.md": QUESTIONS})
    good = {"feeling": "good"}

    with pytest.raises(InputError) as nothing:
        filing.file(world.parts, call, "ari", Filing("commitment_made", answers=good))
    with pytest.raises(InputError) as passed:
        filing.file(
            world.parts,
            call,
            "ari",
            Filing("commitment_made", answers={**good, "drawing": "It"}, due={"drawing": date(2020, 1, 1)}),
        )
    assert [p.place for p in nothing.value.problems] == [p.place for p in passed.value.problems] == ["drawing"]
    friday = date(2026, 9, 18)
    filing.file(world.parts, call, "ari", Filing("commitment_made", answers={**good, "drawing": "It"}, due={"drawing": friday}))
    world.passes(UNDO_FOR)
    (promise,) = world.rows(schema.promise)
    assert (promise.what, promise.owner, promise.question) == ("It", "ari", "drawing")
    assert world.runs(subject="quote/Q-1")[0].answers == {"feeling": "good", "drawing": "It"}


def test_whoever_says_that_they_call_back_has_the_call_first_and_then_anybody(world: World) -> None:
    call = on_a_call(world, CALL + "\n  due_within: 4 hours")
    at = world.moment("Tue 10:00")
    filing.file(world.parts, call, "ari", Filing("call_back", call_back_at=at, call_back_by="me"))
    world.time_passes_until("Tue 10:00")

    assert desk.claim_next(world.parts, "bo") is None
    (next_,) = world.touches(state="ready")
    refused = desk.claim_this(world.parts, next_.id, Agent("bo"))
    assert isinstance(refused, desk.NotNow)
    assert "kept for ari" in refused.why
    world.time_passes_until("Tue 12:01")
    world.known_calls.add(next_.id)
    task = desk.claim_next(world.parts, "bo")
    assert task is not None, "the customer was promised a call"


@pytest.mark.parametrize(
    ("filed", "place"),
    [
        (Filing("busy"), "disposition"),
        (Filing("nonsense"), "disposition"),
        (Filing("completed", note="x" * 10_001), "note"),
        (Filing("completed", sentiment="meh"), "sentiment"),
        (Filing("completed", call_back_at=None, call_back_by="him"), "call_back_by"),  # type: ignore[arg-type]
        (Filing("do_not_contact", scope="fax"), "scope"),
    ],
)
def test_what_cannot_be_filed_is_refused_by_name(world: World, filed: Filing, place: str) -> None:
    call = on_a_call(world)

    with pytest.raises(InputError) as refused:
        filing.file(world.parts, call, "ari", filed)

    assert [p.place for p in refused.value.problems] == [place]
    assert touch(world, call).state == "in_call"


def test_notes_full_of_markup_nulls_and_emoji_are_kept_as_they_are(world: World) -> None:
    call = on_a_call(world)
    odd = "<script>alert(1)</script> \u202eabc \U0001f9ff" + "x" * 9_000

    sheets.save(world.parts, call, "ari", note=odd + "\x00", answers={"mood\x00": "\ud800 fine"})

    assert sheet(world, call).note == odd
    assert sheet(world, call).answers == {"mood": "? fine"}


def test_a_cleared_note_and_a_cleared_answer_are_gone(world: World) -> None:
    call = on_a_call(world)
    sheets.save(world.parts, call, "ari", note="typo", answers={"mood": "fine"})

    sheets.save(world.parts, call, "ari", note="", answers={"mood": " "})

    assert (sheet(world, call).note, sheet(world, call).answers) == ("", {})
