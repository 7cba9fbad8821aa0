"""How messages and automatic calls of a simulation end, as a provider would report it; and what customers answer by a link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from orchestrator.core import told
from orchestrator.core.model import AUTOMATIC_CALLS, TouchState
from orchestrator.core.speech import PRESSED_STOP
from orchestrator.language.dispositions import BY_CODE, DEAD_NUMBER
from orchestrator.simulation.records import TouchRecord

if TYPE_CHECKING:
    from orchestrator.simulation.world import World


def arrive(world: World, record: TouchRecord, ending: str) -> None:
    """What went out has ended: sent, failed, or for an automatic call a disposition, with what that changes about the customer."""
    now, customer = world.now, record.touch.customer
    record.finished_at = now
    if ending == "failed":
        world.diary.move(record, state=TouchState.FAILED)
        record.reason = "refused for good"
        record.disposition = "failed" if record.channel in AUTOMATIC_CALLS else None
        world.diary.told(now, "touch.failed", "refused for good", record, "refused for good")
    elif ending in BY_CODE:
        phone = world.people.one(customer).phone
        world.diary.move(record, state=TouchState.CALLING)
        world.diary.move(record, state=TouchState.DONE)
        record.disposition = ending
        world.diary.told(now, "touch.done", BY_CODE[ending].label.lower(), record, ending)
        if ending in DEAD_NUMBER:
            world.people.forget_contact_point(customer, "phone", phone)
        if ending == "do_not_contact":
            world.suppress(customer, "call", PRESSED_STOP, but=record.run.id)
    else:
        world.diary.move(record, state=TouchState.SENT)
        world.diary.told(now, "touch.sent", "accepted", record)


def report(world: World, record: TouchRecord, ending: str) -> None:
    """The system says so itself."""
    if ending in BY_CODE:
        world.report(told.about_touch("call.finished", record.touch, record.run.run, record.customer, {"disposition": ending}))
    elif ending != "failed":
        world.report(told.about_touch("touch.sent", record.touch, record.run.run, record.customer, {}))


def answer(world: World, run: UUID, answers: Mapping[str, Any]) -> None:
    """Answers to the last e-mail of an enrollment; with a rating, survey.answered comes of it."""
    record = next(r for r in world.runs if r.id == run)
    world.diary.answer(record, answers)
    asked = [r for r in record.touches if r.channel == "email" and r.state in (TouchState.SENT, TouchState.DONE)]
    if asked and "rating" in answers:
        said = told.about_touch("survey.answered", asked[-1].touch, record.run, record.customer, {"rating": answers["rating"]})
        world.report(said)
