"""The desk of a simulation: calls are passed on, taken and finished as on the real one. Nobody can undo here: endings are final."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from orchestrator.core import told
from orchestrator.core.calls import ASKED_ON_THE_PHONE, ENDINGS, Elsewhere, Ended, called, promised_at, refusals
from orchestrator.core.calls import pass_on as passed_on
from orchestrator.core.judging import Go, Later, Over
from orchestrator.core.model import Change, Close, End, EndReason, PauseScope, TouchState
from orchestrator.errors import InputError, Problem
from orchestrator.language import typed
from orchestrator.language.dispositions import BY_CODE, DEAD_NUMBER, HEARD
from orchestrator.language.templates import CannotSay
from orchestrator.simulation.records import TouchRecord

if TYPE_CHECKING:
    from orchestrator.simulation.world import World

PROMISE = "promise"  # the playbook that is built in
_CALLS: tuple[PauseScope, str] = ("channel", "call")
_EVERYTHING: tuple[PauseScope, str] = ("all", "")


@dataclass(frozen=True, slots=True)
class Taken:
    """A call that somebody has."""

    touch: UUID
    subject: str
    playbook: str
    touchpoint: str
    tries: int
    customer: str  # the business's own id


def pass_on(world: World) -> None:
    """Calls that nobody took in time expire, or go to the queue that the playbook names."""
    if _EVERYTHING in world.paused or _CALLS in world.paused:
        return
    now, still = world.now, {name for scope, name in world.paused if scope == "queue"}
    for record in sorted(world.diary.ready.values(), key=lambda r: r.touch.id.int):
        touch = record.touch
        late = (touch.expires_at is not None and touch.expires_at <= now) or (
            touch.escalate_at is not None and touch.escalate_at <= now
        )
        if not late or touch.queue in still or touch.state is not TouchState.READY:
            continue
        match passed_on(touch, record.run.run, world.facts(record), world.paused, now, world.new_id):
            case None:
                continue
            case Elsewhere(queue, why):
                world.diary.move(record, queue=queue, escalate_at=None, offered_to=None, offered_until=None)
                world.diary.told(now, "touch.escalated", why, record)
            case follows:
                world.diary.write(follows)


def take(world: World, who: str, queue: str) -> Taken | None:
    """The most urgent call of this queue that may be made now; those before it are put off or over."""
    if _EVERYTHING in world.paused or _CALLS in world.paused or ("queue", queue) in world.paused:
        return None
    passed_over: list[TouchRecord] = []
    taken = None
    for record in world.diary.waiting_in(queue):
        if not _is_for(record, who, world.now):
            passed_over.append(record)
        elif not isinstance(found := _try(world, record, who), str):
            taken = found
            break
    for record in passed_over:
        world.diary.wait_again(record)
    return taken


def take_this(world: World, touch: UUID, who: str) -> Taken | str:
    """This call, or why not."""
    record = world.diary.ready.get(touch)
    if record is None:
        return "it does not wait in a queue"
    if not _is_for(record, who, world.now):
        return f"it is kept for {record.touch.offered_to}, or has expired"
    return _try(world, record, who)


def _is_for(record: TouchRecord, who: str, now: datetime) -> bool:
    touch = record.touch
    if touch.expires_at is not None and touch.expires_at <= now:
        return False
    mine = touch.offered_to is None or touch.offered_to == who.lower()
    return mine or (touch.offered_until is not None and touch.offered_until <= now)


def _try(world: World, record: TouchRecord, who: str) -> Taken | str:
    """Policies are asked again: what may not be made now leaves the queue."""
    now, touch, facts = world.now, record.touch, world.facts(record)
    match world.judge(record, facts, world.people.contacts(touch.customer, now)):
        case Later() as late:
            world.put_off(record, late)
            return late.why
        case Over(changes):
            world.diary.write(changes)
            return next((c.why for c in changes if isinstance(c, Close)), "it is not to be made any more")
        case Go() as go:
            record.phone, record.held_by = facts.customer.phone, who
            if world.keeps_words:
                record.words = _script(world, record)
            world.diary.move(record, state=TouchState.IN_CALL, effect_at=now)
            world.people.reached(touch.customer, str(touch.channel), now)
            world.diary.told(now, "touch.in_call", f"{who} has it; {go.why}", record, who)
    run = record.run.run
    return Taken(touch.id, run.subject, run.playbook, str(touch.touchpoint), touch.tries, record.customer)


def _script(world: World, record: TouchRecord) -> Any:
    facts = world.facts(record)
    try:
        return world.rules.render(facts.run, facts.customer, facts.program, record.step, record.tries)
    except CannotSay:  # a person reads it: a gap is better than no call
        return None


def as_typed(answers: Mapping[str, Any]) -> Mapping[str, str]:
    """Answers as somebody at the desk would have typed them. Any: text, a number, yes or no."""
    typed_ = {str(name): typed.storable(typed.written(value)) for name, value in answers.items()}
    return {name: text for name, text in typed_.items() if text.strip()}


def finish(world: World, touch: UUID, ended: Ended, who: str | None = None) -> None:
    """The ending of a call is final, and what follows is planned. Raises InputError for what the desk would refuse: nothing has moved.

    who: not said: whoever has the call.
    """
    record = world.diary.by_id.get(touch)
    if record is None or record.state is not TouchState.IN_CALL:
        raise InputError(Problem("nobody has this call", "take it first", "touch"))
    now, run, code = world.now, record.run, ended.disposition
    customer = world.people.one(run.run.customer)  # as they were during the call
    questions = world.rules.said(run.run.version, world.program(record), record.step).questions
    if wrong := refusals(
        ended, questions, ENDINGS, run.run, customer.zones, world.rules.house, now, {*ended.answers, *ended.promised_for}
    ):
        raise InputError(wrong)
    who, queue = who or record.held_by or "", record.queue
    answers = typed.read(questions, ended.answers, ended.promised_for)[0]
    world.diary.move(record, state=TouchState.DONE)
    record.finished_at, record.disposition, record.reason = now, code, None
    world.diary.told(now, "touch.done", f"{who}: {BY_CODE[code].label.lower()}", record, code)
    if answers:
        world.diary.answer(run, answers)
    if code in DEAD_NUMBER:
        world.people.forget_contact_point(customer.id, "phone", record.phone)
    changes: list[Change] = []
    if code == "do_not_contact":
        world.suppress(customer.id, ended.scope or "all", ASKED_ON_THE_PHONE, but=run.id)
    if run.run.ended is None and code == "do_not_contact" and ended.scope == "all":
        changes = [End(run.id, EndReason.OPTED_OUT, now, ASKED_ON_THE_PHONE)]
    elif run.run.ended is None:
        facts = world.facts(record, customer)
        changes = called(facts, record.touch, code, now, world.new_id, ended.call_back_at, ended.call_back_by, who)
    world.diary.write(changes)
    if code in HEARD:
        for question, day in ended.promised_for.items():
            if what := answers.get(question):
                _promise(world, record, str(what), day, who, queue)
    world.report(told.about_touch("call.finished", record.touch, run.run, record.customer, {"disposition": code}))


def _promise(world: World, record: TouchRecord, what: str, day: date, who: str, queue: str | None) -> None:
    run = record.run.run
    at = promised_at(day, world.people.one(run.customer).zones, world.rules.house)
    assert at is not None, "an ending that promises such a day is refused"
    world.report(told.promise(world.new_id(), what, at, who, queue, run, record.customer, world.now, PROMISE))
    world.diary.told(world.now, "promise.made", f"{who} promised something for {day}", record, who)
