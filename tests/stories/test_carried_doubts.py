"""What goes wrong in twos and threes: late callbacks after changed minds, poison among deliveries, a breaker that must not close by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from orchestrator import callbacks, dispatch, engine, incoming, receipts, talking
from orchestrator.channels.base import Accepted
from orchestrator.config import Settings
from orchestrator.core.receipts import Report, Result
from orchestrator.errors import TouchpointError
from orchestrator.rehearsing import rehearsed
from orchestrator.store import inbox, pauses, schema, senders
from orchestrator.sweep import sweep
from orchestrator.talking import HangUp, Say
from tests.stories.carried import CarriedWorld
from tests.stories.designs import playbook

RING = "- touchpoint: ring\n  voice: ring\n- touchpoint: after\n  email: after\n  after: 1 day"
TEXT = "- touchpoint: hello\n  text: hello\n- touchpoint: after\n  email: after\n  after: 1 day"


def rings(world: CarriedWorld, **more: Any) -> Any:
    """A call is placed, and nothing has been answered yet. Answers its attempt."""
    world.publish(playbook(RING))
    engine.handle_events(world.parts, [world.event("quote.sent", world.known("Dana", phone="01", **more))])
    dispatch.drain(world.parts, "voice")
    (attempt,) = world.attempts()
    return attempt


def reported(world: CarriedWorld, attempt: Any, *results: Result, **more: Any) -> None:
    for result in results:
        report = Report(world.clock.at, result, attempt.id, **more)
        with world.parts.database.work() as work:
            receipts.apply(world.parts, work, world.parts.rulebook.refresh(work), {attempt.id: [report]}, world.clock.at)


def test_a_late_callback_about_a_call_in_which_nothing_was_said_does_not_count_it_as_made(carried: CarriedWorld) -> None:
    attempt = rings(carried)
    with carried.parts.database.work() as work:
        pauses.put(work, "channel", "call", "ari", carried.clock.at)
    assert isinstance(talking.picked_up(carried.parts, attempt.id, "human"), HangUp)
    reported(carried, attempt, Result.COMPLETED)
    assert carried.states("ring") == ["planned"]

    reported(carried, attempt, Result.RINGING, Result.ANSWERED)

    assert carried.states("ring") == ["planned"]
    (ring,) = carried.touches(touchpoint="ring")
    assert ring.due_at >= carried.clock.at + timedelta(minutes=59), (
        "whoever picked up and heard nothing is not rung again at once"
    )


def test_words_that_were_said_stay_said_when_the_provider_asks_again(carried: CarriedWorld) -> None:
    attempt = rings(carried)
    assert isinstance(talking.picked_up(carried.parts, attempt.id, "human"), Say)
    carried.opts_out("Dana", "call")

    assert isinstance(talking.picked_up(carried.parts, attempt.id, "human"), HangUp)
    reported(carried, attempt, Result.CANCELED)

    (ring,) = carried.touches(touchpoint="ring")
    assert (ring.state, ring.disposition) == ("done", "completed"), "not called a second time"


def test_a_call_of_which_nobody_knows_is_called_off_as_well_when_its_window_closes(carried: CarriedWorld) -> None:
    attempt = rings(carried)
    carried.clock.at += timedelta(minutes=11)  # it still waits at the provider, and nobody has told us
    carried.web.silent = True
    sweep(carried.parts)
    assert carried.states("ring") == ["unknown"]

    carried.clock.at = carried.moment("Mon 20:01")
    sweep(carried.parts)

    assert [e.status for e in carried.reached("call")] == ["canceled"]
    assert carried.states("ring") == ["planned"]
    assert attempt.provider_ref
    carried.web.silent = False


def test_detection_that_knew_does_not_forget(carried: CarriedWorld) -> None:
    attempt = rings(carried)
    reported(carried, attempt, Result.ANSWERED, answered_by="machine_end_beep", duration_s=20)
    reported(carried, attempt, Result.RINGING, answered_by="unknown", duration_s=0)

    (attempt,) = carried.attempts()
    assert (attempt.answered_by, attempt.duration_s, attempt.carrier_result) == ("machine_end_beep", 20, "answered")


def test_a_report_about_an_earlier_attempt_does_not_end_what_a_later_one_sent(carried: CarriedWorld) -> None:
    carried.publish(playbook(TEXT))
    engine.handle_events(carried.parts, [carried.event("quote.sent", carried.known("Dana", phone="01"))])
    dispatch.drain(carried.parts, "text")
    (touch,) = carried.touches(touchpoint="hello")
    (first,) = carried.attempts()
    with carried.parts.database.work() as work:  # as if a first attempt had been found absent and a second had gone out
        work.connection.execute(schema.attempt.update().values(number=2))
        row = {"id": carried.parts.new_id(), "touch_id": touch.id, "number": 1, "epoch": 1, "via": "twilio", "began_at": first.began_at,
               "outcome": "absent", "ended_at": first.began_at}  # fmt: skip
        work.connection.execute(schema.attempt.insert().values(**row))

    reported(carried, type("Row", (), {"id": row["id"]}), Result.UNDELIVERED)

    assert carried.states("hello") == ["sent"]


def test_one_poisonous_delivery_holds_up_nobody_else(carried: CarriedWorld) -> None:
    """A defect of ours in one of them: the others are dealt with, and it waits where a person finds it."""
    carried.publish(playbook(TEXT))
    dana = carried.known("Dana", phone="01")
    carried.arrives("quote.sent", dana)
    texts = [
        carried.delivery("incoming_text", {"From": dana["phone"], "Body": "Hello", "MessageSid": f"SM{n}"}) for n in range(5)
    ]
    callbacks.take_in(carried.parts, texts)
    with carried.parts.database.work() as work:
        work.connection.execute(schema.inbox.update().where(schema.inbox.c.ref == "SM2").values(body=["no", "form"]))

    for _ in range(4):
        callbacks.handle_waiting(carried.parts)
        carried.clock.at += timedelta(minutes=5)

    states = {row.ref: row.state for row in carried.rows(schema.inbox, schema.inbox.c.id, kind="incoming_text")}
    assert states == {"SM0": "handled", "SM1": "handled", "SM2": "set_aside", "SM3": "handled", "SM4": "handled"}


def test_a_breaker_that_a_report_opened_is_closed_by_a_delivery_and_not_by_acceptance(carried: CarriedWorld) -> None:
    """A number that is not registered: the provider takes every text, and says a moment later that none goes out."""
    carried.publish(playbook(TEXT))
    carried.arrives("quote.sent", carried.known("Dana", phone="01"))
    (attempt,) = carried.attempts()
    with carried.parts.database.work() as work:
        pace = carried.parts.paces["text"]
        senders.hold(work, pace.sender, "30034", "not registered", carried.clock.at, by_report=True)
        assert not senders.release(work, pace.sender, carried.clock.at + timedelta(seconds=1)), "acceptance proves nothing"
        assert not senders.release(work, pace.sender, attempt.began_at, by_report=True), "it had begun before"
        assert senders.release(work, pace.sender, carried.clock.at + timedelta(minutes=6), by_report=True)


def test_an_answer_that_comes_after_its_claim_was_over_leaves_its_name(carried: CarriedWorld) -> None:
    carried.publish(playbook(TEXT))
    engine.handle_events(carried.parts, [carried.event("quote.sent", carried.known("Dana", phone="01"))])

    class Slow:
        """The provider answers when the lease is long over."""

        name, carries = "twilio", ("text",)

        def send(self, batch: Any) -> Any:
            carried.clock.at += timedelta(minutes=5)
            sweep(carried.parts)
            return [Accepted("SM" + "a" * 32) for _ in batch]

        def find(self, sought: Any) -> Any:
            return {s.handle: "cannot tell" for s in sought}

    slow = replace(carried.parts, channels={**carried.parts.channels, "text": Slow()})
    carried.parts = slow
    dispatch.drain(slow, "text")

    assert carried.states("hello") == ["unknown"], "a stale owner changes no state"
    (attempt,) = carried.attempts()
    assert attempt.provider_ref == "SM" + "a" * 32, "but it is known now what to ask for"


def test_what_is_paused_does_not_stand_in_the_way_of_what_may_go(slow_texts: CarriedWorld) -> None:
    world = slow_texts
    world.publish(
        playbook("- touchpoint: hello\n  text: hello", name="held"),
        playbook("- touchpoint: other\n  text: other", name="free", starts_on="visit.done"),
    )
    engine.handle_events(
        world.parts, [world.event("quote.sent", world.known(f"P{n}", phone="01"), f"quote/{n}") for n in range(60)]
    )
    with world.parts.database.work() as work:
        pauses.put(work, "playbook", "held", "ari", world.clock.at)
    engine.handle_events(world.parts, [world.event("visit.done", world.known("Dana", phone="01"), "visit/V-1")])

    world.passes(timedelta(seconds=5))

    assert world.states("other")[0] in ("sent", "done")
    world.expects_anything()


def test_a_part_of_the_sweep_that_fails_holds_up_no_other_part(carried: CarriedWorld) -> None:
    carried.publish(playbook(TEXT))
    dana = carried.known("Dana", phone="01")
    carried.arrives("quote.sent", dana)
    carried.passes(timedelta(minutes=1))

    class Broken:
        """Asking it raises."""

        name, carries = "twilio", ("text", "voice", "voicemail")

        def send(self, batch: Any) -> Any:
            raise TouchpointError("broken")

        def find(self, sought: Any) -> Any:
            raise ValueError("broken")

    engine.handle_events(carried.parts, [carried.event("quote.sent", carried.known("Robin", phone="01"), "quote/Q-2")])
    whole, carried.parts = (
        carried.parts,
        replace(
            carried.parts,
            channels={"email": carried.parts.channels["email"], **dict.fromkeys(("text", "voice", "voicemail"), Broken())},
        ),
    )
    dispatch.drain(carried.parts, "text")
    callbacks.take_in(
        carried.parts, [carried.delivery("incoming_text", {"From": dana["phone"], "Body": "hello", "MessageSid": "SM1"})]
    )

    with pytest.raises(ValueError, match="broken"):
        sweep(carried.parts)

    assert len(carried.rows(schema.reply, schema.reply.c.id)) == 1, "the text was dealt with all the same"
    carried.parts = whole


def test_an_e_mail_whose_own_report_could_not_be_used_is_not_taken_for_lost(carried: CarriedWorld) -> None:
    carried.publish(playbook("- touchpoint: hello\n  email: hello"))
    carried.arrives("quote.sent", carried.known("Dana"))
    (attempt,) = carried.attempts()
    mine = inbox.Delivery("sendgrid", "email_event", "mine", {}, carried.clock.at, attempt.id)
    with carried.parts.database.work() as work:
        inbox.put(work, [mine])
        assert inbox.not_dealt_with(work, attempt.id)
        work.connection.execute(schema.inbox.update().where(schema.inbox.c.key == "mine").values(state="handled", again_at=None))
        assert not inbox.not_dealt_with(work, attempt.id)


def test_without_accounts_but_with_a_real_mail_server_nobody_believes_the_rehearsals_keys() -> None:
    real = Settings(_env_file=None, email_via="smtp")

    assert rehearsed(real).twilio_auth_token.get_secret_value() == ""
    assert rehearsed(real).sendgrid_public_key == ""


def test_who_is_new_is_held_as_well_while_somebody_has_to_judge(carried: CarriedWorld) -> None:
    carried.publish(playbook(TEXT))
    dana = carried.known("Dana", phone="01")
    carried.arrives("quote.sent", dana)
    carried.texts_us(dana, "do not text me")

    carried.arrives("quote.sent", dana, "quote/Q-2")
    carried.passes(timedelta(hours=2))

    assert len(carried.reached("text")) == 1
    (one,) = carried.rows(schema.reply, schema.reply.c.id)
    assert incoming.read(carried.parts, one.id, "ari", "go_on")
    carried.settle()
    assert len(carried.reached("text")) == 2
