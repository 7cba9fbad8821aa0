"""What one touch says, or said: its words filled in again from the version it belongs to. Nobody keeps the words of what went out."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from orchestrator.errors import InputError, NotFound
from orchestrator.facts import facts_for
from orchestrator.language.templates import CannotSay
from orchestrator.parts import Parts
from orchestrator.store import erasure, touches
from orchestrator.store.database import Work


@dataclass(frozen=True, slots=True)
class Words:
    """As they read with what we know now."""

    body: str
    subject: str = ""
    problem: str = ""  # why they cannot be shown


def words_of(parts: Parts, touch: UUID) -> Words | None:
    """The words of a touch; None for a wait, and when nothing is left of its customer."""

    def unit(work: Work) -> Words | None:
        found = touches.given(work, [touch])
        if not found or found[0].touch.channel is None or erasure.is_erased(work, found[0].customer.id):
            return None
        try:
            in_use = parts.rulebook.refresh(work)
            said = in_use.render(work, facts_for(work, in_use, found[0]), found[0].touch)
        except (CannotSay, InputError, NotFound) as missing:
            return Words("", problem=str(missing))
        return Words(said.person or said.body, said.subject or "")

    return parts.database.run(unit)
