"""What Twilio is told to do with a line: say, wait for a key, connect, hang up. TwiML only; who may hear what is decided elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.speech import KEY_WORDS, Key, Speech

if TYPE_CHECKING:
    from twilio.twiml.voice_response import Gather, VoiceResponse

MOST_WORDS = 3000  # characters; Twilio says at most 4,096, and our own words stand around them
MOST_NAME = 100
KEY_WAITS_S = 5
RING_S = 25


def for_person(speech: Speech, key_url: str) -> str:
    """What a person hears: who is calling, the words, and what the keys do, twice; then goodbye."""
    response = _begin()
    if not speech.keys:
        _message(response, speech)
        _say(response, "Goodbye.", speech.language)
        response.hangup()
        return str(response)
    for turn in (1, 2):
        # The words stand inside, so that a key that is pressed while they are spoken counts.
        gather = response.gather(num_digits=1, action=key_url, method="POST", timeout=KEY_WAITS_S)
        if turn == 1:
            _message(gather, speech)
        else:
            _say(gather, "I will say the choices once more.", speech.language)
        _say(gather, _choices(speech), speech.language)
    _say(response, "We heard no key. Goodbye.", speech.language)
    response.hangup()
    return str(response)


def for_machine(speech: Speech) -> str:
    """What a voicemail keeps, after the beep: the recording, else the words; nothing at all when there are none."""
    response = _begin()
    if speech.recording:
        response.play(speech.recording)
    elif speech.machine:
        response.pause(length=1)  # the beep's own end is often cut off
        if speech.company not in speech.machine:  # who is calling, where the words do not say it
            _say(response, f"This is {_most(speech.company, MOST_NAME)}.", speech.language)
        _say(response, speech.machine, speech.language)
    response.hangup()
    return str(response)


def hang_up(words: str | None = None) -> str:
    """The end of a call, with words before it or without."""
    response = _begin()
    if words:
        _say(response, words, "en-US")
    response.hangup()
    return str(response)


def after_key(key: Key, speech: Speech, caller_id: str = "") -> str:
    """What follows a pressed key. caller_id: what those see whom "speak" connects to; without it, Twilio chooses."""
    response = _begin()
    match key:
        case "speak" if speech.speak_to:
            _say(response, "One moment, we are connecting you.", speech.language)
            response.dial(speech.speak_to, caller_id=caller_id or None, timeout=RING_S)
            _say(response, "Nobody could take your call. We will call you back. Goodbye.", speech.language)
        case "speak":
            _say(response, "Nobody is free at this moment. We will call you back. Goodbye.", speech.language)
        case "call_back":
            _say(response, "Thank you. We will call you back. Goodbye.", speech.language)
        case "confirm":
            _say(response, "Thank you, that is confirmed. Goodbye.", speech.language)
        case "stop":
            _say(response, "You will get no more calls from us. Goodbye.", speech.language)
    response.hangup()
    return str(response)


def connect(customer: str, caller_id: str, leg_status_url: str, ring_s: int = RING_S) -> str:
    """Connects an agent who picked up with the customer, whose line reports to `leg_status_url`."""
    response = _begin()
    # answer_on_bridge: the agent hears the customer's telephone ring, and the call counts as answered when the customer answers.
    dial = response.dial(caller_id=caller_id, timeout=ring_s, answer_on_bridge=True)
    dial.number(
        customer,
        status_callback=leg_status_url,
        status_callback_event="initiated ringing answered completed",
        status_callback_method="POST",
    )
    return str(response)


def incoming(speak_to: str | None, caller_id: str, company: str) -> str:
    """What somebody hears who calls us: connected with `speak_to`, else asked to try again."""
    response = _begin()
    name = _most(company, MOST_NAME)
    _say(response, f"Thank you for calling {name}." if name else "Thank you for calling.", "en-US")
    if speak_to:
        response.dial(speak_to, caller_id=caller_id or None, timeout=RING_S)
        _say(response, "Nobody could take your call. Please try again a little later. Goodbye.", "en-US")
    else:
        _say(response, "Nobody is free at this moment. Please try again a little later. Goodbye.", "en-US")
    response.hangup()
    return str(response)


def _begin() -> VoiceResponse:
    from twilio.twiml.voice_response import VoiceResponse  # here, because the import takes 50 ms

    return VoiceResponse()


def _who(speech: Speech) -> str:
    return f"This is an automated call from {_most(speech.company, MOST_NAME)}."


def _message(where: VoiceResponse | Gather, speech: Speech) -> None:
    """Who is calling, always first and always spoken; then the words, or the recording."""
    _say(where, _who(speech), speech.language)
    if speech.recording and speech.recorded_for_people:
        where.play(speech.recording)
    else:
        _say(where, speech.person, speech.language)


def _choices(speech: Speech) -> str:
    named = [
        f"Press {digit} {KEY_WORDS[key]}." for digit, key in sorted(speech.keys.items()) if len(digit) == 1 and digit.isdigit()
    ]
    return " ".join(named)


def _say(where: VoiceResponse | Gather, words: str, language: str) -> None:
    if spoken := _most(words):
        where.say(spoken, language=language)


def _most(words: str, most: int = MOST_WORDS) -> str:
    """The words without what XML cannot carry, cut at a word's end when they are too many."""
    clean = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return clean if len(clean) <= most else clean[:most].rsplit(" ", 1)[0] + " …"
