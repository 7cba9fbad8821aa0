"""Calls through Twilio's own SDK: what is asked, what is said, what is told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from orchestrator.carrier import credentials
from tests.carrier.conftest import Stage
from tests.carrier.receiver import Got

HANDLE = UUID("0193f5a0-0000-7000-8000-000000000003")
SOMEBODY = "+13125550142"
EVENTS = ["initiated", "ringing", "answered", "completed"]


def say(words: str) -> str:
    response = VoiceResponse()
    response.say(words)
    return str(response)


def call(stage: Stage, to: str = SOMEBODY, **more: Any) -> str:
    wanted = {
        "url": f"{stage.receiver.url}/speak/{HANDLE}",
        "status_callback": f"{stage.receiver.url}/status/{HANDLE}",
        "status_callback_event": EVENTS,
        "timeout": 25,
        **more,
    }
    made = stage.twilio().calls.create(to=to, from_=credentials.CALLER_ID, **wanted)
    assert made.sid is not None
    return made.sid


def statuses(stage: Stage) -> list[str]:
    return [got.form["CallStatus"] for got in stage.receiver.at("/status")]


def test_a_call_that_is_answered_is_told_step_by_step_with_signatures(stage: Stage) -> None:
    stage.receiver.answers["/speak"] = (200, say("This is Rehearsal Roofing, your visit is tomorrow at nine"))

    sid = call(stage, "+13125550101")
    stage.pass_time(minutes=3)

    got = stage.receiver.at("/status")
    assert statuses(stage) == ["initiated", "ringing", "in-progress", "completed"]
    assert [one.form["SequenceNumber"] for one in got] == ["0", "1", "2", "3"]
    assert int(got[-1].form["CallDuration"]) >= 3
    for one in [*got, *stage.receiver.at("/speak")]:
        assert RequestValidator(credentials.AUTH_TOKEN).validate(one.url, one.form, one.headers["x-twilio-signature"])
    assert stage.twilio().calls(sid).fetch().status == "completed"
    (entry,) = stage.carrier.ledger()
    assert (entry.handle, entry.body) == (HANDLE, "This is Rehearsal Roofing, your visit is tomorrow at nine")


@pytest.mark.parametrize(
    ("to", "last"), [("+13125550103", "busy"), ("+13125550104", "no-answer"), ("+13125550110", "completed")]
)  # fmt: skip
def test_a_call_ends_as_the_number_says(stage: Stage, to: str, last: str) -> None:
    stage.receiver.answers["/speak"] = (200, say("Hello " * 50))

    call(stage, to)
    stage.pass_time(minutes=3)

    assert statuses(stage)[-1] == last


@pytest.mark.parametrize(
    ("to", "detection", "who"),
    [
        ("+13125550101", "DetectMessageEnd", "human"),
        ("+13125550102", "DetectMessageEnd", "machine_end_beep"),
        ("+13125550102", "Enable", "machine_start"),
        ("+13125550107", "DetectMessageEnd", "fax"),
        ("+13125550108", "DetectMessageEnd", "unknown"),
    ],
)
def test_the_question_what_to_say_carries_who_answered(stage: Stage, to: str, detection: str, who: str) -> None:
    stage.receiver.answers["/speak"] = (200, say("Hello"))

    sid = call(stage, to, machine_detection=detection)
    stage.pass_time(minutes=3)

    (asked,) = stage.receiver.at("/speak")
    assert (asked.form["AnsweredBy"], asked.form["CallStatus"]) == (who, "in-progress")
    assert stage.receiver.at("/status")[-1].form["AnsweredBy"] == who
    assert stage.twilio().calls(sid).fetch().answered_by == who


def test_detection_beside_the_call_is_told_separately(stage: Stage) -> None:
    stage.receiver.answers["/speak"] = (200, say("Hello " * 100))
    amd = f"{stage.receiver.url}/amd"

    call(stage, "+13125550102", machine_detection="DetectMessageEnd", async_amd="true", async_amd_status_callback=amd)
    stage.pass_time(minutes=3)

    assert "AnsweredBy" not in stage.receiver.at("/speak")[0].form
    assert stage.receiver.at("/amd")[0].form["AnsweredBy"] == "machine_end_beep"


def test_who_hangs_up_during_detection_never_hears_anything(stage: Stage) -> None:
    call(stage, "+13125550110", machine_detection="DetectMessageEnd")
    stage.pass_time(minutes=3)

    assert stage.receiver.at("/speak") == []
    assert statuses(stage)[-1] == "completed"


def question() -> str:
    response = VoiceResponse()
    with_keys = Gather(action="/key", num_digits=1, timeout=5)
    with_keys.say("Press 1 to speak to us, press 9 to get no more calls.")
    response.append(with_keys)
    response.say("Goodbye")
    return str(response)


@pytest.mark.parametrize(("to", "keys"), [("+13125550105", ["1"]), ("+13125550106", ["9"]), ("+13125550101", [])])
def test_people_press_the_key_that_is_theirs(stage: Stage, to: str, keys: list[str]) -> None:
    stage.receiver.answers["/speak"] = (200, question())
    stage.receiver.answers["/key"] = (200, say("Thank you"))

    call(stage, to)
    stage.pass_time(minutes=3)

    assert [got.form["Digits"] for got in stage.receiver.at("/key")] == keys
    said = stage.carrier.ledger()[0].body
    assert ("Thank you" in said) == bool(keys)
    assert ("Goodbye" in said) != bool(keys)


def test_the_end_of_the_question_does_not_end_what_a_key_began(stage: Stage) -> None:
    stage.receiver.answers["/speak"] = (200, question())
    stage.receiver.answers["/key"] = (200, '<Response><Pause length="60"/></Response>')
    sid = call(stage, "+13125550101")
    while not stage.receiver.at("/speak"):
        stage.pass_time(seconds=1)

    assert stage.carrier.calls.lines.press(stage.carrier.calls.by_sid[sid], "1", stage.clock.now)
    stage.pass_time(seconds=40)

    assert statuses(stage)[-1] == "in-progress"
    assert "Goodbye" not in stage.carrier.ledger()[0].body


def test_nobody_presses_nine_when_it_is_not_offered(stage: Stage) -> None:
    stage.receiver.answers["/speak"] = (200, question().replace("press 9 to get no more calls", "or wait"))

    call(stage, "+13125550106")
    stage.pass_time(minutes=3)

    assert stage.receiver.at("/key") == []


def bridge(stage: Stage, customer: str) -> str:
    response = VoiceResponse()
    dial = Dial(action="/after", timeout=20, caller_id=credentials.CALLER_ID)
    dial.number(
        customer,
        status_callback=f"{stage.receiver.url}/leg/{HANDLE}",
        status_callback_event="initiated ringing answered completed",
    )
    response.append(dial)
    return str(response)


@pytest.mark.parametrize(
    ("customer", "how", "leg"),
    [
        ("+13125550101", "completed", ["initiated", "ringing", "in-progress", "completed"]),
        ("+13125550103", "busy", ["initiated", "ringing", "busy"]),
        ("+13125550104", "no-answer", ["initiated", "ringing", "no-answer"]),
        ("+13125550102", "completed", ["initiated", "ringing", "in-progress", "completed"]),
    ],
)
def test_a_bridged_call_rings_the_agent_then_the_customer(stage: Stage, customer: str, how: str, leg: list[str]) -> None:
    stage.receiver.answers["/speak"] = (200, bridge(stage, customer))
    stage.receiver.answers["/after"] = (200, "<Response><Hangup/></Response>")

    sid = call(stage, "+13125550190")
    stage.pass_time(minutes=5)

    legs = stage.receiver.at("/leg")
    assert [got.form["CallStatus"] for got in legs] == leg
    assert {got.form["ParentCallSid"] for got in legs} == {sid}
    (after,) = stage.receiver.at("/after")
    assert after.form["DialCallStatus"] == how
    assert statuses(stage) == ["initiated", "ringing", "in-progress", "completed"]
    child = next(one for one in stage.carrier.ledger() if one.parent == sid)
    assert (child.to, child.handle) == (customer, HANDLE)
    assert len(stage.twilio().calls.list(parent_call_sid=sid)) == 1


def test_when_the_agent_hangs_up_the_customers_line_ends_too(stage: Stage) -> None:
    stage.receiver.answers["/speak"] = (200, bridge(stage, "+13125550104"))
    sid = call(stage, "+13125550190")
    stage.pass_time(seconds=16)

    stage.twilio().calls(sid).update(status="completed")
    stage.pass_time(minutes=1)

    assert stage.receiver.at("/leg")[-1].form["CallStatus"] == "canceled"
    assert statuses(stage)[-1] == "completed"


def test_a_call_that_still_rings_can_be_called_off_and_an_answered_one_is_left_alone(stage: Stage) -> None:
    stage.receiver.answers["/speak"] = (200, say("Hello " * 200))
    ringing, answered = call(stage, "+13125550104"), call(stage, "+13125550101")
    stage.pass_time(seconds=23)

    for sid in (ringing, answered):
        stage.twilio().calls(sid).update(status="canceled")

    assert stage.twilio().calls(ringing).fetch().status == "canceled"
    assert stage.twilio().calls(answered).fetch().status == "in-progress"
    with pytest.raises(TwilioRestException) as refused:
        stage.twilio().calls(ringing).update(status="canceled")
    assert refused.value.code == 21220


def test_a_running_call_can_be_given_other_words_instead_of_the_rest(stage: Stage) -> None:
    stage.receiver.answers["/speak"] = (200, f"<Response><Say>{'Hello ' * 100}</Say><Say>the rest</Say></Response>")
    sid = call(stage, "+13125550101")
    stage.pass_time(seconds=30)

    stage.twilio().calls(sid).update(twiml='<Response><Say>We have to go</Say><Pause length="120"/></Response>')
    stage.pass_time(seconds=100)

    assert stage.carrier.ledger()[0].body.endswith("We have to go")
    assert statuses(stage)[-1] == "in-progress", "the end of the old words ended the new ones"
    stage.pass_time(seconds=60)
    assert statuses(stage)[-1] == "completed"


@pytest.mark.parametrize("answer", [(500, ""), (200, "<html>"), (200, "<Response><Shout>hi</Shout></Response>"), (404, "")])
def test_a_call_whose_words_cannot_be_had_fails(stage: Stage, answer: tuple[int, str]) -> None:
    stage.receiver.answers["/speak"] = answer

    call(stage, "+13125550101")
    stage.pass_time(minutes=2)

    assert statuses(stage)[-1] == "failed"


def test_the_fallback_address_is_asked_before_a_call_fails(stage: Stage) -> None:
    stage.receiver.answers["/speak"] = (500, "")
    stage.receiver.answers["/fallback"] = (200, say("Sorry"))

    call(stage, "+13125550101", fallback_url=f"{stage.receiver.url}/fallback")
    stage.pass_time(minutes=2)

    assert stage.receiver.at("/fallback")[0].form["ErrorCode"] == "11200"
    assert statuses(stage)[-1] == "completed"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"to": "+13125550109"}, 21211),
        ({"to": "12"}, 21211),
        ({"to": "+79161234567"}, 21215),
        ({"from_": "+13125559999"}, 21210),
        ({"url": "nowhere"}, 21205),
        ({"machine_detection": "Maybe"}, 20001),
        ({"timeout": 601}, 20001),
        ({"status_callback_event": ["answered", "hummed"]}, 20001),
        ({"method": "PUT"}, 21403),
    ],
)
def test_a_call_that_twilio_would_refuse_is_refused_with_its_code(stage: Stage, wanted: dict[str, Any], code: int) -> None:
    given: dict[str, Any] = {"to": SOMEBODY, "from_": credentials.CALLER_ID, "url": f"{stage.receiver.url}/speak", **wanted}

    with pytest.raises(TwilioRestException) as refused:
        stage.twilio().calls.create(**given)

    assert refused.value.code == code


def test_who_missed_a_call_calls_back_after_two_minutes(stage: Stage) -> None:
    stage.receiver.answers["/hooks/twilio/calls"] = (200, say("We are open from eight"))

    call(stage, "+13125550116")
    stage.pass_time(minutes=5)

    (asked,) = stage.receiver.at("/hooks/twilio/calls")
    assert (asked.form["From"], asked.form["Direction"], asked.form["CallStatus"]) == ("+13125550116", "inbound", "ringing")
    incoming = next(one for one in stage.carrier.calls.by_sid.values() if one.direction == "inbound")
    assert (incoming.status, incoming.heard[0].words) == ("completed", "We are open from eight")


def test_who_hangs_up_while_words_are_fetched_hears_nothing_of_them(stage: Stage) -> None:
    def end_it(got: Got) -> tuple[int, str]:
        stage.twilio().calls(got.form["CallSid"]).update(status="completed")
        return 200, say("too late")

    stage.receiver.answers["/speak"] = end_it
    call(stage, "+13125550101")
    stage.pass_time(minutes=2)

    (entry,) = stage.carrier.ledger()
    assert (entry.status, entry.body) == ("completed", "")


def test_a_redirect_to_itself_comes_to_an_end(stage: Stage) -> None:
    stage.receiver.answers["/speak"] = (200, "<Response><Redirect>/speak/again</Redirect></Response>")

    call(stage, "+13125550101")
    stage.pass_time(minutes=10)

    assert stage.carrier.ledger()[0].status == "completed"


def test_answers_may_depend_on_the_request(stage: Stage) -> None:
    def by_machine(got: Got) -> tuple[int, str]:
        return 200, say("left a word" if got.form.get("AnsweredBy", "").startswith("machine") else "hello there")

    stage.receiver.answers["/speak"] = by_machine
    call(stage, "+13125550102", machine_detection="DetectMessageEnd")
    stage.pass_time(minutes=3)

    (voicemail,) = stage.carrier.calls.by_sid.values()
    assert [(one.kind, one.words) for one in voicemail.heard] == [("left", "left a word")]
