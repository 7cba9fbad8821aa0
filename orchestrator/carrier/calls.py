"""Calls: placed, rung, answered or not, detected, and ended; what is said in them is lines.py's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from orchestrator.carrier import credentials, parameters
from orchestrator.carrier.call import ENDED, Call
from orchestrator.carrier.callbacks import INCOMING_CALL, Callbacks
from orchestrator.carrier.lines import Lines
from orchestrator.carrier.parameters import Given, moment
from orchestrator.carrier.people import OnPhone
from orchestrator.carrier.refusals import Refused, twilio
from orchestrator.carrier.texts import CLOSED_REGIONS, NOT_MOBILE, NUMBER, fits_day, rfc2822
from orchestrator.carrier.world import World, handle_in

RING_S = 60.0  # Twilio's default Timeout
ANSWERING = {"person": "human", "unsure": "unknown", "fax": "fax"}  # how detection names who picked up; machines: _machine_word
DEFAULT_EVENTS = ("completed",)


class Calls:
    """All calls, oldest first."""

    def __init__(self, world: World, callbacks: Callbacks) -> None:
        self.world = world
        self.callbacks = callbacks
        self.by_sid: dict[str, Call] = {}
        self._of: dict[str, list[Call]] = {}
        self.lines = Lines(world, callbacks, self)

    def create(self, given: Given) -> Call | Refused:
        """Take a call to be made, or say why not."""
        if refused := parameters.check(parameters.CREATE_CALL, given, "call") or self._refusal(given):
            return refused
        one = {name: values[0] for name, values in given.items()}
        now = self.world.now()
        call = self._new(
            to=one["To"],
            from_=one["From"],
            direction="outbound-api",
            now=now,
            handle_from=(one.get("StatusCallback"), one.get("Url")),
            callback=one.get("StatusCallback"),
            callback_method=one.get("StatusCallbackMethod", "POST"),
            events=tuple(given.get("StatusCallbackEvent", DEFAULT_EVENTS)),
            url=one.get("Url"),
            method=one.get("Method", "POST"),
            fallback_url=one.get("FallbackUrl"),
            twiml=one.get("Twiml"),
            rings_s=float(one.get("Timeout", RING_S)),
            detection=one.get("MachineDetection", ""),
            detection_callback=one.get("AsyncAmdStatusCallback") if one.get("AsyncAmd") == "true" else None,
            limit_s=float(one.get("TimeLimit", 14_400)),
        )
        self.plan(call, 0.5, self._start, now)
        return call

    def dial(self, parent: Call, number: str, now: datetime, **more: Any) -> Call:  # Any: Call's own fields
        """Ring somebody from within a call (<Dial><Number>)."""
        call = self._new(to=number, direction="outbound-dial", now=now, parent=parent, **more)
        self.plan(call, 0.5, self._start, now)
        return call

    def receive(self, from_: str, to: str = credentials.TEXT_FROM) -> Call:
        """Somebody calls one of our numbers."""
        now = self.world.now()
        return self._incoming(from_, to, now)

    def update(self, call: Call, given: Given) -> Call | Refused:
        """Cancel, end or redirect a call."""
        if refused := parameters.check(parameters.UPDATE_CALL, given, "call"):
            return refused
        one = {name: values[0] for name, values in given.items()}
        now = self.world.now()
        with self.world.lock:
            if call.is_over:
                return twilio(21220)
            if status := one.get("Status"):
                if status == "canceled" and call.answered_at is None:
                    self.end(call, "canceled", now)
                elif status == "completed":
                    self.end(call, "completed" if call.answered_at else "canceled", now)
                return call  # canceling a call that was answered leaves it alone
            if "Url" in one or "Twiml" in one:
                if call.answered_at is None:
                    return twilio(21220)
                call.turn += 1
                call.url, call.method, call.twiml = one.get("Url"), one.get("Method", "POST"), one.get("Twiml")
                self.plan(call, 0.1, self.lines.answered, now)
        return call

    def listed(self, given: Given) -> list[Call]:
        """Calls that fit the filters, newest first."""
        one = {name: values[0] for name, values in given.items()}
        with self.world.lock:
            found = list(self._of.get(one["To"], ())) if one.get("To") else list(self.by_sid.values())
        wanted: list[tuple[str, Callable[[Call], str | None]]] = [
            ("From", lambda call: call.from_),
            ("Status", lambda call: call.status),
            ("ParentCallSid", lambda call: call.parent.sid if call.parent else None),
        ]
        for name, value in wanted:
            if one.get(name):
                found = [call for call in found if value(call) == one[name]]
        for name in ("StartTime", "StartTime<", "StartTime>"):
            if name in one and (day := moment(one[name])) is not None:
                found = [call for call in found if fits_day(call.started_at or call.created_at, name, day)]
        for name in ("EndTime", "EndTime<", "EndTime>"):
            if name in one and (day := moment(one[name])) is not None:
                found = [call for call in found if call.ended_at and fits_day(call.ended_at, name, day)]
        return found[::-1]

    def pick_up(self, call: Call, now: datetime, person: OnPhone | None = None) -> bool:
        """Somebody, or something, answers; False when it no longer rings."""
        with self.world.lock:
            if call.status != "ringing" or call.answered_at is not None or call.direction == "inbound":
                return False
            call.person = person or OnPhone("is played by somebody at the page")
            call.answered_at = now
            call.status = "in-progress"
            self.world.changed()
        self.tell(call, "answered", now)
        self.plan(call, call.limit_s, lambda one, at: self.end(one, "completed", at), now)
        if call.person.hangs_up:
            self.plan(call, 1.5, lambda one, at: self.end(one, "completed", at), now)
        if not call.detection:
            self.plan(call, 0.1, self._speak, now)
            return True
        chance = self.world.chance("detection", call.sid)
        who = ANSWERING.get(call.person.pickup) or self._machine_word(call)
        waits_for_beep = call.person.pickup == "machine" and call.detection == "DetectMessageEnd"
        took_s = chance.uniform(8, 18) if waits_for_beep else chance.uniform(2.5, 4.5)

        def detected(one: Call, at: datetime) -> None:
            one.answered_by = who
            self.world.changed()
            if one.detection_callback:
                told = {"AccountSid": credentials.ACCOUNT_SID, "CallSid": one.sid, "AnsweredBy": who}
                told["MachineDetectionDuration"] = str(int(took_s * 1000))
                self.callbacks.twilio(one.detection_callback, told, at, lane=one.sid)
            else:
                self._speak(one, at)

        if call.detection_callback:
            self.plan(call, 0.1, self._speak, now)
        self.plan(call, took_s, detected, now)
        return True

    def end(self, call: Call, status: str, now: datetime) -> None:
        """The call is over. Its children end with it, and its parent goes on."""
        with self.world.lock:
            if call.is_over:
                return
            call.status, call.ended_at = status, now
            call.turn += 1
            self.world.changed()
        self.tell(call, "completed", now)
        for child in call.dialled:
            self.end(child, "completed" if child.answered_at else "canceled", now)
        if call.parent is not None:
            self.lines.child_ended(call.parent, call, now)
        person = call.person or self.world.phone(call.to)
        if person.calls_back and call.answered_at is None and status != "canceled" and not self.world.manual:
            self.world.agenda.after(120, lambda at: self._call_back(call, at), now=now, lane=call.to)

    def tell(self, call: Call, event: str, now: datetime) -> None:
        """A status callback, if it was asked for."""
        if not call.callback or event not in call.events:
            return
        with self.world.lock:
            sequence = call.told
            call.told += 1
        params = {
            **call.params(self.world.agenda.speed),
            "CallStatus": "initiated" if event == "initiated" else call.status,
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(sequence),
            "Timestamp": rfc2822(now),
        }
        if event == "completed":
            seconds = call.duration_s(self.world.agenda.speed) or 0
            params |= {"CallDuration": str(seconds), "Duration": str(-(-seconds // 60)), "SipResponseCode": ENDED[call.status]}
        if call.answered_by:
            params["AnsweredBy"] = call.answered_by
        self.callbacks.twilio(call.callback, params, now, method=call.callback_method, lane=call.sid)

    def _start(self, call: Call, now: datetime) -> None:
        self.tell(call, "initiated", now)
        self.plan(call, 1.0, self._ring, now)

    def _ring(self, call: Call, now: datetime) -> None:
        with self.world.lock:
            call.status, call.started_at = "ringing", now
            self.world.changed()
        self.tell(call, "ringing", now)
        self.plan(call, call.rings_s, self._nobody, now)
        person = self.world.phone(call.to)
        call.person = person
        if person.pickup == "no such number":
            self.plan(call, 1.0, lambda one, at: self.end(one, "failed", at), now)
        elif self.world.manual and not person.stays:
            return  # it rings until somebody at the page answers, or nobody does
        elif person.pickup == "busy":
            self.plan(call, 2.0, lambda one, at: self.end(one, "busy", at), now)
        elif person.pickup != "nobody":
            low, high = (2, 5) if person.stays else (12, 18) if person.pickup == "machine" else (5, 20)
            rings = self.world.chance("rings", call.sid).uniform(low, high)
            self.plan(call, rings, lambda one, at: self._picked(one, at, person), now)

    def _picked(self, call: Call, now: datetime, person: OnPhone) -> None:
        self.pick_up(call, now, person)

    def _nobody(self, call: Call, now: datetime) -> None:
        if call.answered_at is None:
            self.end(call, "no-answer", now)

    def _speak(self, call: Call, now: datetime) -> None:
        """Whoever called says something: the parent of a dialled call talks, everybody else is told by TwiML."""
        if call.parent is not None:
            self.lines.talk(call.parent, call, now)
        else:
            self.lines.answered(call, now)

    def _machine_word(self, call: Call) -> str:
        return "machine_end_beep" if call.detection == "DetectMessageEnd" else "machine_start"

    def _call_back(self, call: Call, now: datetime) -> None:
        self._incoming(call.to, call.from_, now)

    def _incoming(self, from_: str, to: str, now: datetime) -> Call:
        call = self._new(
            to=to,
            from_=from_,
            direction="inbound",
            now=now,
            url=(self.world.hooks.rstrip("/") + INCOMING_CALL) if self.world.hooks else None,
            status="ringing",
            started_at=now,
            person=self.world.phone(from_),
        )
        self.plan(call, 0.3, self.lines.answered, now)
        return call

    def _new(
        self,
        *,
        to: str,
        from_: str,
        direction: str,
        now: datetime,
        handle_from: tuple[str | None, ...] = (),
        **more: Any,  # Any: Call's other fields, which mypy checks at Call itself only when they are named
    ) -> Call:
        handle = handle_in(*handle_from)
        with self.world.lock:
            call = Call(self.world.name("CA"), to, from_, direction, now, handle=handle, **more)
            call.times = self.world.times("call", handle, to)
            self.by_sid[call.sid] = call
            self._of.setdefault(to, []).append(call)
            self.world.changed()
        return call

    def plan(self, call: Call, seconds: float, act: Callable[[Call, datetime], None], now: datetime) -> None:
        """Plan something for a call that has not ended or been redirected by then."""
        turn = call.turn

        def still_so() -> bool:
            return not call.is_over and call.turn == turn

        def when_still_so(at: datetime) -> None:
            if still_so():
                act(call, at)

        self.world.agenda.after(seconds, when_still_so, now=now, lane=call.sid, wanted=still_so)

    def _refusal(self, given: Given) -> Refused | None:
        one: Mapping[str, str] = {name: values[0] for name, values in given.items()}
        if not one.get("Url") and not one.get("Twiml") and not one.get("ApplicationSid"):
            return twilio(21205, more="give Url or Twiml")
        if one["From"] not in self.world.senders:
            return twilio(21210 if NUMBER.fullmatch(one["From"]) else 21212)
        if not NUMBER.fullmatch(one["To"]):
            return twilio(21211)
        if one["To"].startswith(CLOSED_REGIONS):
            return twilio(21215)
        if NOT_MOBILE.fullmatch(one["To"]) and one["To"].startswith("+1900"):
            return twilio(21216)
        if self.world.phone(one["To"]).pickup == "no such number":
            return twilio(21211)
        return None
