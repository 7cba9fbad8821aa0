"""What customers do with links in e-mails: no more of them, or how it went. Links are checked here; pages are in web/."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from orchestrator.engine import suppress_everybody
from orchestrator.links import SURVEY, UNSUBSCRIBE
from orchestrator.parts import Parts
from orchestrator.store import attempts, erasure, surveys, touches
from orchestrator.store import changes as written
from orchestrator.store.changes import entry
from orchestrator.store.database import Work
from orchestrator.store.touches import Due
from orchestrator.system import emit

UNSUBSCRIBED = "followed the unsubscribe link of an e-mail"
MOST_COMMENT = 4_000  # characters


@dataclass(frozen=True, slots=True)
class Asked:
    """What a link leads to, for a page to show."""

    company: str
    phone: str
    question: str | None = None  # of a survey
    scale: range | None = None
    low: str = ""
    high: str = ""
    rating: int | None = None  # what was answered before
    done: bool = False  # unsubscribed already


def look(parts: Parts, what: Literal["unsubscribe", "survey"], token: str) -> Asked | None:
    """What the page has to show. Changes nothing. None when the link is not one of ours, or what it is about is gone."""

    def unit(work: Work) -> Asked | None:
        due = _due(parts, work, UNSUBSCRIBE if what == "unsubscribe" else SURVEY, token)
        if due is None:
            return None
        handle, found = due
        in_use = parts.rulebook.refresh(work)
        company, phone = str(in_use.company.get("name") or ""), str(in_use.company.get("phone") or "")
        if what == "unsubscribe":
            return Asked(company, phone, done=bool({"email", "all"} & set(found.customer.suppressed)))
        words = in_use.survey(work, found)
        if words is None:
            return None
        before = surveys.of_attempt(work, handle)
        return Asked(company, phone, words.ask, words.points, words.low, words.high, before.rating if before else None)

    return parts.database.run(unit)


def unsubscribe(parts: Parts, token: str) -> bool:
    """No more e-mails to whoever got this one. Twice is once. False when the link is not one of ours."""
    now = parts.clock()

    def unit(work: Work) -> bool:
        due = _due(parts, work, UNSUBSCRIBE, token)
        if due is None:
            return False
        sent_to = attempts.given(work, [due[0]])[due[0]].recipient
        in_use = parts.rulebook.refresh(work)
        suppress_everybody(parts, work, in_use, ("email", sent_to), due[1].customer.id, "email", UNSUBSCRIBED, now)
        return True

    return parts.database.run(unit)


def answer(parts: Parts, token: str, rating: int) -> bool:
    """Keep how it went; the first answer to a mail becomes the event survey.answered. False: no link of ours, or not on its scale."""
    now = parts.clock()

    def unit(work: Work) -> tuple[bool, bool]:
        due = _due(parts, work, SURVEY, token)
        if due is None:
            return False, False
        handle, found = due
        in_use = parts.rulebook.refresh(work)
        words = in_use.survey(work, found)
        if words is None or rating not in words.points:
            return False, False
        first = surveys.put(work, handle, rating, words.points[-1], now)
        _keep(work, found, {"rating": rating})
        why = f"answered {rating} on a scale up to {words.points[-1]}" if first else f"corrected the answer to {rating}"
        entries = [entry(now, "survey.answered", why, run=found.run.id, touch=found.touch.id, customer=found.customer.id)]
        written.write(work, [], entries)
        return True, first and emit(parts, work, in_use, "survey.answered", [found], {"rating": rating}, now)

    kept, emitted = parts.database.run(unit)
    if emitted:
        parts.wake({"upkeep"})
    return kept


def comment(parts: Parts, token: str, text: str) -> bool:
    """Keep what somebody says beside their answer. False when there is no answer, or no link of ours."""

    def unit(work: Work) -> bool:
        due = _due(parts, work, SURVEY, token)
        said = text.strip()[:MOST_COMMENT]
        if due is None or not said or not surveys.comment(work, due[0], said):
            return False
        _keep(work, due[1], {"comment": said})
        return True

    return parts.database.run(unit)


def _due(parts: Parts, work: Work, what: str, token: str) -> tuple[UUID, Due] | None:
    handle = parts.links.read(work, what, token)
    row = attempts.given(work, [handle]).get(handle) if handle is not None else None
    if handle is None or row is None:
        return None
    found = touches.given(work, [row.touch_id])
    if not found or (what == SURVEY and erasure.is_erased(work, found[0].customer.id)):
        return None
    return handle, found[0]


def _keep(work: Work, due: Due, answers: dict[str, object]) -> None:
    """Later conditions and templates know them as answers.rating and answers.comment."""
    run = touches.with_answers(due, answers).run
    written.answer(work, run.id, dict(run.answers))
