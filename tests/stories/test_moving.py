"""Promise 8, the other half: those inside go to another version only by an explicit, previewed, journalled move."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from orchestrator import authoring, engine, moving, versioning
from orchestrator.core.model import EndReason
from orchestrator.errors import InputError, NotFound
from orchestrator.moving import Who
from orchestrator.store import audit, replies, schema, versions
from orchestrator.store.audit import By
from tests.stories import designs
from tests.stories.designs import playbook
from tests.stories.world import World

BY = By("mika", "lead")
THANKS = "- touchpoint: thanks\n  email: thanks\n"
HELLO = "- touchpoint: hello\n  text: hello\n  after: {}\n"
CALL = "- touchpoint: check-in\n  call: check-in\n  queue: {}\n  after: 2 days\n  attempts: {{most: {}, apart: 1 day}}\n"
LAST = "- touchpoint: last-word\n  email: last-word\n  after: 3 days\n"
on_sqlite = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)


def moves(world: World, **who: Any) -> moving.Moved:
    return moving.move(world.parts, Who("follow-up", **who), BY)


def test_a_shorter_delay_counts_from_the_same_moment_as_the_longer_one_did(world: World) -> None:
    world.publish(playbook(THANKS + HELLO.format("4 days")))
    world.arrives("quote.sent")  # Mon 09:00
    world.expect_email("thanks")
    world.publish(playbook(THANKS + HELLO.format("2 days")))
    world.time_passes_until("Tue 12:00")

    seen = moving.preview(world.parts, Who("follow-up"))
    done = moves(world)

    (group,) = seen.groups
    assert (group.count, group.step, group.to_step, group.earlier, group.due_now) == (1, "hello", "hello", 1, 0)
    assert group.before
    assert group.after
    assert (world.local(group.before[0]), world.local(group.after[0])) == ("Fri 2026-09-18 09:00", "Wed 2026-09-16 09:00")
    assert (done.moved, done.kept, done.stayed) == (1, 0, {})
    world.time_passes_until("Thu 12:00")
    world.expect_text("hello", at="Wed 2026-09-16 09:00")
    (said,) = world.said("enrollment.moved")
    assert said == "mika moved it from version 1 to 2; it stands at hello"


@on_sqlite
def test_a_version_that_comes_out_during_a_move_is_not_where_the_rest_go(world: World) -> None:
    world.publish(playbook(HELLO.format("4 days")))
    started = [world.event("quote.sent", f"P{n}", f"quote/{n}") for n in range(moving.BATCH + 1)]
    engine.handle_events(world.parts, started)
    world.publish(playbook(HELLO.format("2 days")))
    told: list[int] = []

    def tell(done: int, of: int) -> None:
        told.append(done)
        if done < of:
            world.publish(playbook(HELLO.format("0 minutes")))

    moved = moving.move(world.parts, Who("follow-up"), BY, tell)

    assert (told, moved.to, moved.moved) == ([moving.BATCH, moving.BATCH + 1], 2, moving.BATCH + 1)
    assert world.parts.database.run(versions.inside) == {"follow-up": {2: moving.BATCH + 1}}


@on_sqlite
def test_a_preview_changes_nothing(world: World) -> None:
    world.publish(playbook(THANKS + HELLO.format("4 days")))
    world.arrives("quote.sent")
    world.expect_email("thanks")
    world.publish(playbook(THANKS + HELLO.format("2 days")))
    before = world.touches(), world.runs(), world.story()

    moving.preview(world.parts, Who("follow-up"))

    assert (world.touches(), world.runs(), world.story()) == before


@on_sqlite
def test_a_delay_that_would_be_over_already_ends_now_and_inside_the_hours(world: World) -> None:
    world.publish(playbook(THANKS + HELLO.format("10 days")))
    world.arrives("quote.sent")
    world.expect_email("thanks")
    world.publish(playbook(THANKS + HELLO.format("1 day")))
    world.time_passes_until("Thu 21:30")  # texts go out until 20:00

    seen = moving.preview(world.parts, Who("follow-up"))
    moves(world)
    world.time_passes_until("Fri 12:00")

    after = seen.groups[0].after
    assert after
    assert world.local(after[0]) == "Fri 2026-09-18 08:00"
    world.expect_text("hello", at="Fri 2026-09-18 08:00")


@on_sqlite
def test_one_whose_next_touch_stays_the_same_keeps_it_and_gets_the_new_words(world: World) -> None:
    world.publish(playbook(THANKS + HELLO.format("2 days")), words={"texts/hello.md": "The old words."})
    world.arrives("quote.sent")
    world.expect_email("thanks")
    (kept,) = world.touches(touchpoint="hello")
    world.publish(playbook(THANKS + HELLO.format("2 days") + LAST), words={"texts/hello.md": "The new words."})

    done = moves(world)
    world.passes(timedelta(days=7))

    assert (done.moved, done.kept) == (1, 1)
    assert [t.id for t in world.touches(touchpoint="hello")] == [kept.id]
    assert world.expect_text("hello", at="Wed 2026-09-16 09:00").body == "The new words."
    world.expect_email("last-word")


@on_sqlite
def test_what_was_made_already_is_not_made_again_because_the_order_changed(world: World) -> None:
    """In version 2 the text comes after the last word: those who had it already do not get it a second time."""
    world.publish(playbook(HELLO.format("1 day") + LAST))
    world.arrives("quote.sent")
    world.time_passes_until("Tue 12:00")
    world.expect_text("hello")
    world.publish(playbook(LAST + HELLO.format("1 day") + THANKS))

    seen = moving.preview(world.parts, Who("follow-up"))
    moves(world)
    world.passes(timedelta(days=20))

    assert seen.groups[0].passed == {"hello": 1}
    assert seen.groups[0].newly == ("thanks",)
    world.expect_email("last-word")
    world.expect_email("thanks")
    assert world.said("touch.passed_over") == ["hello: it was made before this follow-up was moved to another version"]


@on_sqlite
def test_moved_back_it_is_as_if_it_had_never_moved(world: World) -> None:
    world.publish(playbook(THANKS + HELLO.format("4 days") + LAST))
    world.arrives("quote.sent")
    world.expect_email("thanks")
    (before,) = world.touches(state="planned")
    world.publish(playbook(THANKS + HELLO.format("2 days")))

    moves(world)
    back = moves(world, to=1)

    (after,) = world.touches(state="planned")
    assert back.moved == 1
    assert (after.step, after.due_at, after.expires_at) == (before.step, before.due_at, before.expires_at)
    world.passes(timedelta(days=9))
    world.expect_text("hello", at="Fri 2026-09-18 09:00")
    world.expect_email("last-word")


@on_sqlite
def test_a_step_that_is_gone_keeps_them_where_they_are_unless_somebody_says_where_to_go_on(world: World) -> None:
    world.publish(playbook(THANKS + HELLO.format("2 days")))
    world.arrives("quote.sent")
    world.expect_email("thanks")
    world.publish(playbook(THANKS + "- touchpoint: greeting\n  text: hello\n  after: 1 day"))

    seen = moving.preview(world.parts, Who("follow-up"))
    stayed = moves(world)
    went = moves(world, steps={"hello": "greeting"})

    assert list(seen.stays) == [("step is gone", "version 2 has no step 'hello'")]
    assert seen.hints == ["--step hello=greeting"]
    assert (stayed.moved, stayed.stayed) == (0, {"version 2 has no step 'hello'": 1})
    assert went.moved == 1
    world.time_passes_until("Wed 12:00")
    assert world.post.reached[-1].touchpoint == "greeting"
    world.expect_text("greeting", at="Tue 2026-09-15 09:00")


@on_sqlite
def test_sent_back_to_a_step_that_was_made_it_goes_on_after_it(world: World) -> None:
    world.publish(playbook(THANKS + HELLO.format("2 days")))
    world.arrives("quote.sent")
    world.expect_email("thanks")
    world.publish(playbook(THANKS + LAST))

    moves(world, steps={"hello": "thanks"})
    world.passes(timedelta(days=9))

    world.expect_email("last-word")
    assert world.states("thanks") == ["sent"]


@on_sqlite
def test_tries_that_were_made_count_in_the_new_version(world: World) -> None:
    world.publish(playbook(CALL.format("sales", 5) + LAST))
    world.arrives("quote.sent")
    world.time_passes_until("Wed 12:00")
    world.staff("ari").takes_next_call().ends("no_answer")
    world.time_passes_until("Thu 13:00")
    world.staff("ari").takes_next_call().ends("no_answer")
    world.publish(playbook(CALL.format("sales", 2) + LAST))

    moves(world)  # two tries were all there are
    world.passes(timedelta(days=9))

    world.expect_email("last-word")
    assert world.states("check-in") == ["done", "done", "cancelled"]


@on_sqlite
def test_a_call_that_waits_goes_to_the_new_queue_with_its_due_moment(world: World) -> None:
    world.publish(playbook(CALL.format("sales", 2)))
    world.arrives("quote.sent")
    world.time_passes_until("Wed 12:00")
    world.expect_call("check-in", queue="sales")
    world.publish(playbook(CALL.format("leads", 2)))

    moves(world)
    world.settle()

    world.expect_call("check-in", queue="leads")
    waiting = world.touches(state="ready")
    assert [(t.queue, world.local(t.due_at)) for t in waiting] == [("leads", "Wed 2026-09-16 09:00")]


@on_sqlite
def test_a_call_that_somebody_has_stays_on_its_version(world: World) -> None:
    world.publish(playbook(CALL.format("sales", 2) + LAST))
    world.arrives("quote.sent")
    world.time_passes_until("Wed 12:00")
    taken = world.staff("ari").takes_next_call()
    world.publish(playbook(CALL.format("leads", 2)))

    done = moves(world)

    assert (done.moved, done.stayed) == (0, {"somebody has the call": 1})
    taken.ends("completed")
    world.passes(timedelta(days=9))
    world.expect_email("last-word")  # as version 1 says


@on_sqlite
def test_a_promised_call_back_keeps_its_time_whatever_the_sentence_says(world: World) -> None:
    world.publish(playbook(CALL.format("sales", 3)))
    world.arrives("quote.sent")
    world.time_passes_until("Wed 12:00")
    world.staff("ari").takes_next_call().ends("call_back", call_back_at="Fri 15:15")
    world.passes(timedelta(minutes=1))
    with world.parts.database.work() as work:
        work.connection.execute(update(schema.touch).where(schema.touch.c.state == "planned").values(why="They want it then."))
    world.publish(playbook(CALL.format("leads", 1)))

    moves(world)

    (waits,) = [t for t in world.touches(touchpoint="check-in") if t.state == "planned"]
    assert (waits.queue, world.local(waits.due_at)) == ("leads", "Fri 2026-09-18 15:15")


@on_sqlite
def test_a_stop_that_only_the_new_version_has_and_that_came_already_ends_it(world: World) -> None:
    world.publish(playbook(THANKS + HELLO.format("2 days"), stops_on="{quote.accepted: goal}"))
    world.arrives("quote.sent")
    world.expect_email("thanks")
    world.arrives("quote.viewed")
    world.publish(playbook(THANKS + HELLO.format("2 days"), stops_on="{quote.accepted: goal, quote.viewed: exit}"))

    seen = moving.preview(world.parts, Who("follow-up"))
    done = moves(world)
    world.passes(timedelta(days=5))

    assert [g.ends for g in seen.groups] == [EndReason.STOPPED]
    assert done.ended == 1
    assert world.ended() is EndReason.STOPPED


@on_sqlite
def test_the_new_version_says_when_it_gives_up(world: World) -> None:
    world.publish(playbook(THANKS + HELLO.format("20 days"), gives_up_after="30 days"))
    world.arrives("quote.sent")
    world.expect_email("thanks")
    world.publish(playbook(THANKS + HELLO.format("8 days"), gives_up_after="10 days"))
    world.passes(timedelta(days=11))

    moves(world)

    assert world.ended() is EndReason.EXPIRED


@on_sqlite
def test_somebody_who_waits_for_their_answer_to_be_read_still_waits_after_the_move(world: World) -> None:
    world.publish(playbook(THANKS + HELLO.format("4 days")))
    world.arrives("quote.sent")
    world.expect_email("thanks")
    (run,) = world.runs()
    with world.parts.database.work() as work:
        replies.hold(work, [run.id], "an answer to read", world.clock.at)
    held = world.runs()[0].held_at
    assert held is not None
    world.publish(playbook(THANKS + HELLO.format("2 days")))

    moves(world)

    assert world.runs()[0].held_at == held


@on_sqlite
def test_half_of_them_is_exactly_half_and_the_same_half_in_the_preview(world: World) -> None:
    world.publish(playbook(HELLO.format("10 days")))
    for n in range(11):
        world.arrives("quote.sent", f"P{n}", f"quote/Q-{n}")
    world.publish(playbook(HELLO.format("9 days")))

    seen = moving.preview(world.parts, Who("follow-up", share=50))
    done = moves(world, share=50)

    assert (seen.inside, seen.chosen, done.moved) == (11, 6, 6)
    assert {f.id for f in seen.fates} == {t.enrollment_id for t in world.touches(reason="moved")}


@on_sqlite
def test_only_those_about_these_subjects_or_at_this_step(world: World) -> None:
    world.publish(playbook(THANKS + HELLO.format("4 days") + LAST))
    world.arrives("quote.sent", "Dana", "quote/Q-1")
    world.expect_email("thanks", to="Dana")
    world.arrives("quote.sent", "Eli", "quote/Q-2")
    world.expect_email("thanks", to="Eli")
    world.publish(playbook(THANKS + HELLO.format("5 days") + LAST))

    assert moving.preview(world.parts, Who("follow-up", subjects=("quote/Q-2",))).chosen == 1
    assert moving.preview(world.parts, Who("follow-up", at="hello")).chosen == 2
    with pytest.raises(InputError, match="did you mean 'hello'"):
        moving.preview(world.parts, Who("follow-up", at="helo"))
    with pytest.raises(NotFound, match="quote/Q-9"):
        moving.preview(world.parts, Who("follow-up", subjects=("quote/Q-9",)))
    with pytest.raises(InputError, match="did you mean 'hello'"):
        moving.preview(world.parts, Who("follow-up", steps={"helo": "thanks"}))
    with pytest.raises(InputError, match=r"has no step 'thank'.*did you mean 'thanks'"):
        moving.preview(world.parts, Who("follow-up", steps={"hello": "thank"}))
    with pytest.raises(NotFound, match="no version 7"):
        moving.preview(world.parts, Who("follow-up", to=7))


@on_sqlite
def test_who_moved_them_is_in_the_audit_trail_without_a_name_of_theirs(world: World) -> None:
    world.publish(playbook(THANKS + HELLO.format("4 days")))
    world.arrives("quote.sent")
    world.expect_email("thanks")
    world.publish(playbook(THANKS + HELLO.format("3 days")))

    moves(world)

    with world.parts.database.work() as work:
        (row, *_) = audit.page(work, audit.Filter(what="playbook.moved"))
    assert (row.who, row.about, row.said) == ("mika", "playbook:follow-up", "moved 1 follow-up of follow-up from version 1 to 2")


@on_sqlite
def test_a_wait_that_only_changed_its_length_counts_from_the_same_moment(world: World) -> None:
    world.publish(playbook(THANKS + "- wait: 6 days\n" + HELLO.format("1 day")))
    world.arrives("quote.sent")
    world.expect_email("thanks")
    world.publish(playbook("- if: event.amount != null\n" + THANKS + "- wait: 3 days\n" + HELLO.format("1 day")))

    done = moves(world)
    world.passes(timedelta(days=6))

    assert done.moved == 1
    world.expect_text("hello", at="Fri 2026-09-18 09:00")


@on_sqlite
def test_nobody_is_moved_to_what_nobody_approved_or_to_a_shadow(world: World) -> None:
    first, second = THANKS + HELLO.format("4 days"), THANKS + HELLO.format("2 days")
    world.publish(playbook(first))
    world.arrives("quote.sent")
    world.expect_email("thanks")
    world.publish(playbook(second, needs_approval="true"))  # version 2 is a proposal

    with pytest.raises(InputError, match="waits for approval"):
        moves(world, to=2)
    versioning.withdraw(world.parts, "follow-up", BY)
    with pytest.raises(InputError, match="never approved"):
        moves(world, to=2)
    authoring.publish(world.parts, designs.write(world.folder, playbook(second)), BY, only=["follow-up"], shadow=True)
    with pytest.raises(InputError, match="is a shadow"):
        moves(world, to=3)

    assert (
        world.runs()[0].version_id
        == world.rows(schema.playbook_version, schema.playbook_version.c.number, playbook="follow-up")[0].id
    )
