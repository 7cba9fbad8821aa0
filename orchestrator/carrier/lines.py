"""What happens on a line that somebody answered: instructions are fetched and followed, keys pressed, other people rung."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from orchestrator.carrier import twiml
from orchestrator.carrier.call import Call, Heard
from orchestrator.carrier.callbacks import Callbacks
from orchestrator.carrier.texts import NUMBER
from orchestrator.carrier.twiml import Verb
from orchestrator.carrier.wire import Reply
from orchestrator.carrier.world import World
from orchestrator.errors import InputError

if TYPE_CHECKING:
    from orchestrator.carrier.calls import Calls

WORDS_PER_S = 2.6
RECORDING_S = 10.0
THINK_S = 1.5  # between the question and the key
DIAL_S = 30.0  # Dial's default timeout
PAGE_TALK_S = 300.0  # how long a call that somebody at the page took may last
MOST_STEPS = 100  # of one call: a document that redirects to itself comes to an end
NO_DOCUMENT = "11200"  # Twilio's code: what was fetched cannot be used
DIGIT_WORDS = {
    "0": "zero",
    "1": "one",
    "2": "two",
    "3": "three",
    "4": "four",
    "5": "five",
    "6": "six",
    "7": "seven",
    "8": "eight",
    "9": "nine",
}


class Lines:
    """Follows TwiML."""

    def __init__(self, world: World, callbacks: Callbacks, calls: Calls) -> None:
        self.world = world
        self.callbacks = callbacks
        self.calls = calls

    def answered(self, call: Call, now: datetime) -> None:
        """Somebody is on the line: ask what to say, and say it."""
        if call.twiml:
            self._follow(call, Reply(200, {}, call.twiml.encode()), "", now)
        elif call.url:
            more = {"AnsweredBy": call.answered_by} if call.answered_by else {}
            self._ask(call, call.url, call.method, more, now)
        else:
            self._give_up(call, "nobody says what to do with this call", now)

    def press(self, call: Call, digits: str, now: datetime) -> bool:
        """A key is pressed; False when none is waited for."""
        with self.world.lock:
            gather = call.gather
            if gather is None or call.is_over:
                return False
            call.gather = None
            call.turn += 1  # the rest of the question, and its end without a key, no longer count
            self._hear(call, "pressed", digits, now)
        there = urljoin(call.url or "", gather.at.get("action", "")) or (call.url or "")
        self.calls.plan(
            call, 0.1, lambda one, at: self._ask(one, there, gather.at.get("method", "POST"), {"Digits": digits}, at), now
        )
        return True

    def talk(self, parent: Call, child: Call, now: datetime) -> None:
        """The person who was rung answers: both talk until somebody hangs up."""
        for other in list(parent.dialled):
            if other is not child and not other.is_over:
                self.calls.end(other, "canceled", now)
        self._note(child, "they are connected", now)
        person = child.person
        played = self.world.manual and not (person and person.stays)
        if person is not None and person.pickup == "machine":
            seconds = 8.0
            self._note(child, "the voicemail answers", now)
        else:
            seconds = PAGE_TALK_S if played or self.world.manual else self.world.chance("talk", child.sid).uniform(10, 60)
        self.calls.plan(child, seconds, lambda one, at: self.calls.end(one, "completed", at), now)

    def child_ended(self, parent: Call, child: Call, now: datetime) -> None:
        """A dialled call is over: the line that dialled it goes on."""
        with self.world.lock:
            dial = parent.dial
            if dial is None or parent.is_over or (child.answered_at is None and any(not one.is_over for one in parent.dialled)):
                return
            parent.dial = None
        how = {"DialCallStatus": child.status, "DialCallSid": child.sid}
        if child.answered_at:
            how["DialCallDuration"] = str(child.duration_s(self.world.agenda.speed) or 0)
        self._after_dial(parent, dial, how, now)

    def _after_dial(self, call: Call, dial: Verb, how: Mapping[str, str], now: datetime) -> None:
        if "action" in dial.at:
            there = urljoin(call.url or "", dial.at["action"])
            self.calls.plan(call, 0.1, lambda one, at: self._ask(one, there, dial.at.get("method", "POST"), how, at), now)
        else:
            self.calls.plan(call, 0.1, self._next, now)

    def _ask(self, call: Call, url: str, method: str, more: Mapping[str, str], now: datetime) -> None:
        """Fetch instructions; with the fallback address when that fails."""
        turn = call.turn
        reply = self.callbacks.fetch(url, {**call.params(self.world.agenda.speed), **more}, now, method=method)
        if call.is_over or call.turn != turn:
            return  # hung up or redirected meanwhile
        if not reply.is_good and call.fallback_url and url != call.fallback_url:
            self._ask(call, call.fallback_url, "POST", {**more, "ErrorCode": NO_DOCUMENT, "ErrorUrl": url}, now)
            return
        self._follow(call, reply, url, now)

    def _follow(self, call: Call, reply: Reply, url: str, now: datetime) -> None:
        if not reply.is_good:
            self._give_up(call, f"asked what to say and was answered {reply.status or 'nothing'}", now)
            return
        try:
            verbs = twiml.parse(reply.text)
        except InputError as error:
            self._give_up(call, str(error), now)
            return
        with self.world.lock:
            call.program = verbs
            if url:
                call.url = url  # what is relative is relative to it
        if call.direction == "inbound" and call.answered_at is None and not (verbs and verbs[0].name == "Reject"):
            call.answered_at, call.status = now, "in-progress"
        self._next(call, now)

    def _next(self, call: Call, now: datetime) -> None:
        """Do the next instruction; hang up after the last."""
        if not call.program or len(call.heard) > MOST_STEPS:
            self.calls.end(call, "completed", now)
            return
        verb = call.program.pop(0)
        match verb.name:
            case "Say" | "Play" | "Pause":
                self.calls.plan(call, self._perform(call, verb, now), self._next, now)
            case "Gather":
                self._gather(call, verb, now)
            case "Dial":
                self._dial(call, verb, now)
            case "Redirect":
                self._note(call, "redirected", now)
                there = urljoin(call.url or "", verb.words)
                self.calls.plan(call, 0.1, lambda one, at: self._ask(one, there, verb.at.get("method", "POST"), {}, at), now)
            case "Reject":
                self.calls.end(call, "busy" if verb.at.get("reason") == "busy" else "failed", now)
            case _:
                self.calls.end(call, "completed", now)

    def _perform(self, call: Call, verb: Verb, now: datetime) -> float:
        """Say, play or wait; answers how many seconds it takes."""
        times = max(1, int(verb.number("loop", 1)))
        if verb.name == "Pause":
            return verb.number("length", 1)
        if verb.name == "Play":
            self._hear(call, "played", verb.words, now)
            return RECORDING_S * times
        is_recorded = call.person is not None and call.person.pickup == "machine"
        self._hear(call, "left" if is_recorded else "said", verb.words, now)
        return max(1.0, len(verb.words.split()) / WORDS_PER_S) * times

    def _gather(self, call: Call, verb: Verb, now: datetime) -> None:
        seconds = sum(self._perform(call, one, now) for one in verb.inside)
        with self.world.lock:
            call.gather = verb
        key = call.person.presses if call.person and not self.world.manual else ""
        if key and is_offered(key, " ".join(one.words for one in verb.inside)):
            self.calls.plan(call, seconds + THINK_S, lambda one, at: self._press(one, key, at), now)
            return

        def over(one: Call, at: datetime) -> None:
            one.gather = None
            if verb.at.get("actionOnEmptyResult") == "true":
                there = urljoin(one.url or "", verb.at.get("action", ""))
                self._ask(one, there, verb.at.get("method", "POST"), {"Digits": ""}, at)
            else:
                self._next(one, at)

        self.calls.plan(call, seconds + verb.number("timeout", 5), over, now)

    def _press(self, call: Call, key: str, now: datetime) -> None:
        self.press(call, key, now)

    def _dial(self, call: Call, verb: Verb, now: datetime) -> None:
        """Ring somebody else; the line waits meanwhile."""
        numbers = list(verb.inside) or [Verb("Number", verb.words)]
        caller = verb.at.get("callerId", call.from_)
        ours = caller in self.world.senders or caller in {call.from_, call.to}
        for one in numbers:
            if not ours or not NUMBER.fullmatch(one.words):
                what = "the caller id is none of our numbers" if not ours else "no telephone number to dial"
                self._note(call, what, now)
                self._after_dial(call, verb, {"DialCallStatus": "failed"}, now)
                return
        with self.world.lock:
            call.dial = verb
            call.dialled = []
        self._note(call, "rings the other person", now)
        for one in numbers:
            there = urljoin(call.url or "", one.at["statusCallback"]) if "statusCallback" in one.at else None
            child = self.calls.dial(
                call,
                one.words,
                now,
                from_=caller,
                handle_from=(there,),
                callback=there,
                callback_method=one.at.get("statusCallbackMethod", "POST"),
                events=tuple(one.at.get("statusCallbackEvent", "completed").split()),
                rings_s=verb.number("timeout", DIAL_S),
                limit_s=verb.number("timeLimit", 14_400),
                detection=one.at.get("machineDetection", ""),
                detection_callback=one.at.get("amdStatusCallback"),
            )
            call.dialled.append(child)

    def _give_up(self, call: Call, why: str, now: datetime) -> None:
        """What callers hear when the application is broken; the call fails."""
        self._note(call, f"An application error has occurred. Goodbye. ({why})", now)
        self.calls.end(call, "failed", now)

    def _hear(self, call: Call, kind: str, words: str, now: datetime) -> None:
        with self.world.lock:
            call.heard.append(Heard(now, kind, words))  # type: ignore[arg-type]  # one of the kinds, three lines above each use
            self.world.changed()

    def _note(self, call: Call, words: str, now: datetime) -> None:
        self._hear(call, "note", words, now)


def is_offered(key: str, words: str) -> bool:
    """Whether the words name the key: "press 9 to …", "press nine"; nothing said counts as an offer."""
    return not words or re.search(rf"\b({key}|{DIGIT_WORDS.get(key, key)})\b", words, re.IGNORECASE) is not None
