"""A world in memory does what the engine promises: once, at the right hour, never after a stop, with the reason on record."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.core.model import EndReason
from orchestrator.errors import InputError
from orchestrator.simulation.arrivals import Happening
from orchestrator.simulation.outcomes import Outcomes
from orchestrator.simulation.turns import Turns
from orchestrator.simulation.world import World
from tests.simulation.worlds import DANA, Stage, at, because, rules, states

MONDAY = "2026-11-02"  # the clocks changed on the day before


def test_time_that_is_skipped_makes_each_touch_at_its_local_hour() -> None:
    stage = Stage()

    stage.hears("quote.sent", f"{MONDAY} 08:30")
    stage.until(f"{MONDAY} 18:00")
    stage.until("2026-11-03 10:00")
    stage.calls(stage.waiting(), "completed")
    stage.until("2026-11-30 10:00")

    assert stage.told("quote-thanks", "quote-call", "quote-last") == [
        ("quote-thanks", "Mon 08:40", "sent"),
        ("quote-call", "Tue 10:00", "completed"),
        ("quote-last", "Thu 18:30", "sent"),
    ]
    (run,) = [r for r in stage.world.runs if r.playbook == "quote"]
    assert (run.reason, run.ended_at) == (EndReason.EXHAUSTED, at("2026-11-05 18:30"))


def test_an_event_that_comes_twice_counts_once_and_the_same_id_with_other_words_is_refused() -> None:
    world = World(rules())
    first = Happening("quote.sent", "quote/1", at(f"{MONDAY} 09:00"), {"amount": 900, "note": ""}, DANA, named="e1")
    other = Happening("quote.sent", "quote/2", at(f"{MONDAY} 09:00"), {"amount": 900, "note": ""}, DANA, named="e1")

    turns = Turns(world)

    assert [turns.hear(event) for event in (first, first, other)] == ["accepted", "repeated", "conflict"]
    assert [run.subject for run in world.runs] == ["quote/1"]


def test_nothing_follows_a_stop() -> None:
    stage = Stage()
    stage.hears("quote.sent", f"{MONDAY} 08:30")

    stage.hears("quote.declined", f"{MONDAY} 08:35")
    stage.until("2026-12-01 08:00")

    assert states(stage.world.touches) == [("quote-thanks", "cancelled", "stopped")]
    assert not stage.told()


def test_after_an_opt_out_nobody_is_contacted_and_every_follow_up_has_ended() -> None:
    stage = Stage()
    stage.hears("quote.sent", f"{MONDAY} 08:30")
    stage.hears("visit.booked", f"{MONDAY} 08:31", "visit/1", starts_at="2026-11-06T10:00:00-06:00")

    stage.world.opt_out("C-5", "all", "said so")
    stage.until("2026-12-01 08:00")

    assert {run.reason for run in stage.world.runs if run.playbook != "good-bye"} == {EndReason.OPTED_OUT}
    assert not stage.told()


def test_an_opt_out_of_texts_leaves_the_mails() -> None:
    stage = Stage()
    stage.hears("visit.booked", f"{MONDAY} 08:30", "visit/1", starts_at="2026-11-06T10:00:00-06:00")

    stage.world.opt_out("C-5", "text", "STOP")
    stage.until("2026-11-05 18:00")

    assert ("visit-reminder", "skipped", "suppression") in states(stage.world.touches)
    assert stage.told() == [("good-bye", "Mon 08:31", "sent"), ("visit-reminder-mail", "Thu 10:00", "sent")]


def test_the_cap_of_the_day_holds_over_all_playbooks_and_says_so() -> None:
    stage = Stage()
    for number in range(3):
        stage.hears("quote.sent", f"{MONDAY} 08:30", f"quote/{number}")

    stage.until("2026-11-03 08:00")

    assert [when for _, when, _ in stage.told("quote-thanks")] == ["Mon 08:40", "Mon 08:40", "Tue 00:00"]
    ((rule, why),) = because(stage.world, "touch.deferred")
    assert rule == "frequency cap"
    assert "the house allows 2" in why


def test_what_cannot_be_said_is_not_sent() -> None:
    stage = Stage()
    stage.hears("quote.sent", f"{MONDAY} 08:30", note="Long. " * 300)
    stage.until("2026-11-03 10:00")

    stage.calls(stage.waiting(), "completed")
    stage.until("2026-11-30 10:00")

    assert ("quote-last", "skipped", "missing value") in states(stage.world.touches)


def test_the_newest_word_about_a_customer_wins_also_when_it_comes_first() -> None:
    world = World(rules())
    new = Happening(
        "visit.cancelled", "visit/1", at(f"{MONDAY} 10:00"), {}, {**DANA, "phone": "+13125550199"}, at(f"{MONDAY} 11:00")
    )
    late = Happening("visit.cancelled", "visit/2", at(f"{MONDAY} 09:00"), {}, DANA, at(f"{MONDAY} 12:00"))
    same = Happening("visit.cancelled", "visit/3", at(f"{MONDAY} 09:30"), {}, DANA, at(f"{MONDAY} 12:30"))
    newest = Happening("visit.cancelled", "visit/4", at(f"{MONDAY} 12:45"), {}, DANA)

    world.hear([new, late, same])
    kept = world.customer("C-5")
    world.hear([newest])
    changed = world.customer("C-5")

    assert kept is not None
    assert kept.phone == "+13125550199"
    assert changed is not None
    assert changed.phone == "+13125550142"


def test_what_was_said_again_counts_from_then() -> None:
    world = World(rules())
    events = [("10:00", "visit/1", DANA), ("12:00", "visit/2", DANA)]
    world.hear([Happening("visit.cancelled", subject, at(f"{MONDAY} {time}"), {}, who) for time, subject, who in events])

    between = Happening(
        "visit.cancelled", "visit/3", at(f"{MONDAY} 11:00"), {}, {**DANA, "phone": "+13125550199"}, at(f"{MONDAY} 13:00")
    )
    world.hear([between])

    customer = world.customer("C-5")
    assert customer is not None
    assert customer.phone == "+13125550142"


def test_a_wrong_number_is_never_called_again_even_when_an_event_repeats_it() -> None:
    stage = Stage()
    stage.hears("quote.sent", f"{MONDAY} 08:30")
    stage.until("2026-11-03 10:00")

    stage.calls(stage.waiting(), "wrong_number")
    stage.hears("quote.sent", "2026-11-03 11:00", "quote/2")
    stage.until("2026-11-05 10:00")

    customer = stage.world.customer("C-5")
    assert customer is not None
    assert customer.phone is None
    assert ("quote-call", "skipped", "contact point") in states(stage.world.touches)


def test_a_call_is_made_again_when_the_customer_asked_for_it_and_kept_for_who_promised() -> None:
    stage = Stage()
    stage.hears("quote.sent", f"{MONDAY} 08:30")
    stage.until("2026-11-03 10:00")

    stage.calls(stage.waiting(), "call_back", call_back_at=at("2026-11-04 11:00"), call_back_by="me")
    stage.until("2026-11-04 11:00")

    call = stage.waiting()
    assert call.due_at == at("2026-11-04 11:00")
    assert stage.world.take_this(call.id, "somebody else") == "it is kept for ari, or has expired"
    assert not isinstance(stage.world.take_this(call.id, "Ari"), str)


def test_a_call_that_nobody_takes_goes_to_the_leads_and_then_expires() -> None:
    stage = Stage()
    stage.hears("quote.sent", f"{MONDAY} 08:30")
    stage.until("2026-11-03 11:30")

    queue = stage.waiting().queue
    stage.until("2026-11-05 08:00")

    assert queue == "leads"
    assert because(stage.world, "touch.escalated")
    assert ("quote-call", "expired", "not taken") in states(stage.world.touches)


def test_do_not_contact_ends_all_and_the_next_event_starts_nothing_that_reaches_them() -> None:
    stage = Stage()
    stage.hears("quote.sent", f"{MONDAY} 08:30")
    stage.until("2026-11-03 10:00")

    stage.calls(stage.waiting(), "do_not_contact")
    before = len(stage.told())
    stage.hears("quote.sent", "2026-11-03 11:00", "quote/2")
    stage.until("2026-12-03 11:00")

    assert len(stage.told()) == before
    assert {run.reason for run in stage.world.runs if run.playbook == "quote"} == {EndReason.OPTED_OUT}


def test_what_the_system_reports_starts_playbooks() -> None:
    stage = Stage()
    stage.hears("quote.sent", f"{MONDAY} 08:30")
    stage.until("2026-11-03 10:00")

    stage.calls(stage.waiting(), "completed")
    stage.until("2026-11-03 12:00")

    assert stage.told("after-call-mail") == [("after-call-mail", "Tue 10:20", "sent")]


def test_a_promise_is_in_the_queue_again_on_its_morning() -> None:
    stage = Stage(rules(promises=True))
    stage.hears("quote.sent", f"{MONDAY} 08:30")
    stage.until("2026-11-03 10:00")

    friday = at("2026-11-06 00:00").date()
    stage.calls(stage.waiting(), "completed", answers={"next_step": "send the drawing"}, due={"next_step": friday})
    stage.until("2026-11-06 09:00")

    assert [(call.touchpoint, call.due_at) for call in stage.world.ready()] == [("keep-promise", at("2026-11-06 09:00"))]


@pytest.mark.parametrize(
    ("disposition", "more", "said"),
    [
        ("complete", {}, "is no disposition"),
        ("completed", {"answers": {"mood": "furious"}}, "none of the choices"),
        (
            "completed",
            {"call_back_at": at("2026-11-04 10:00")},
            "a time to call back was given, but the disposition is completed",
        ),
        ("call_back", {"call_back_at": at("2026-11-01 10:00")}, "the time to call back has passed"),
    ],
)
def test_an_ending_that_the_desk_would_refuse_is_refused(disposition: str, more: dict[str, object], said: str) -> None:
    stage = Stage()
    stage.hears("quote.sent", f"{MONDAY} 08:30")
    stage.until("2026-11-03 10:00")

    with pytest.raises(InputError, match=said):
        stage.calls(stage.waiting(), disposition, **more)


def test_a_pause_holds_and_afterwards_nothing_is_lost() -> None:
    stage = Stage()
    stage.hears("quote.sent", f"{MONDAY} 08:30")

    stage.world.pause("channel", "email")
    stage.until(f"{MONDAY} 15:00")
    held = stage.told()
    stage.world.resume("channel", "email")
    stage.until(f"{MONDAY} 15:00")

    assert held == []
    assert stage.told() == [("quote-thanks", "Mon 15:00", "sent")]


def test_history_stops_things_and_starts_nothing() -> None:
    world = World(rules())
    turns = Turns(world)
    turns.hear(Happening("quote.sent", "quote/1", at(f"{MONDAY} 08:30"), {"amount": 900, "note": ""}, DANA, backfill=True))
    turns.hear(Happening("quote.sent", "quote/2", at(f"{MONDAY} 08:31"), {"amount": 900, "note": ""}, DANA))

    turns.hear(Happening("quote.accepted", "quote/2", at(f"{MONDAY} 08:32"), {}, DANA, backfill=True))

    assert [(run.subject, run.reason) for run in world.runs] == [("quote/2", EndReason.GOAL)]


def test_two_worlds_with_the_same_rules_make_the_same_touches_and_know_nothing_of_each_other() -> None:
    ledgers = []
    for _ in range(2):
        world = World(rules())
        events = [
            Happening("quote.sent", f"quote/{n}", at(f"{MONDAY} 08:30"), {"amount": 900, "note": ""}, DANA) for n in range(4)
        ]
        Turns(world, Outcomes(default="completed", minutes_until_taken=5)).play(iter(events))
        ledgers.append([(t.subject, t.touchpoint, t.effect_at, t.state, t.id) for t in world.in_order()])

    assert ledgers[0] == ledgers[1]
    assert len(ledgers[0]) > 12


def test_words_are_kept_when_they_are_asked_for() -> None:
    stage = Stage(keep_words=True)
    stage.hears("quote.sent", f"{MONDAY} 08:30")
    stage.until("2026-11-03 10:00")
    stage.calls(stage.waiting(), "completed")

    said = {t.touchpoint: t.words for t in stage.world.touches if t.words is not None}

    assert "Dear Dana" in said["quote-thanks"].body
    assert "Cedar Supply" in said["quote-call"].body


def test_nothing_later_than_the_end_happens() -> None:
    world = World(rules())
    event = Happening("quote.sent", "quote/1", at(f"{MONDAY} 08:30"), {"amount": 900, "note": ""}, DANA)

    Turns(world, until=at(f"{MONDAY} 08:30") + timedelta(hours=1)).play(iter([event]))

    assert [t.touchpoint for t in world.touches if t.effect_at is not None] == ["quote-thanks"]
    assert all(t.effect_at is None or t.effect_at <= at(f"{MONDAY} 09:30") for t in world.touches)
