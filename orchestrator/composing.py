"""What one customer gets: the words filled in, with the links and the voice that its channel needs. Nothing is sent here."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from orchestrator.channels.base import Outgoing, Survey
from orchestrator.channels.registry import HARMLESS
from orchestrator.core.model import AUTOMATIC_CALLS
from orchestrator.core.planner import Facts
from orchestrator.core.speech import Speech
from orchestrator.language.program import TouchNode
from orchestrator.language.words import Rendered
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse
from orchestrator.store.database import Work
from orchestrator.store.touches import Due


def compose(
    parts: Parts, work: Work, in_use: InUse, due: Due, facts: Facts, handle: UUID, not_after: datetime, closes_at: datetime
) -> tuple[Outgoing, Speech | None]:
    """The message, and for automatic calls what is said. Raises CannotSay when something it prints is not known.

    not_after: when it must have begun; closes_at: until when it may reach the customer.
    """
    touch, person = due.touch, due.customer
    to = person.email if touch.channel == "email" else person.phone
    assert to is not None, "the consent policy refuses what has no contact point"
    said = in_use.render(work, facts, touch)
    linked = touch.channel == "email" and parts.channels["email"].name not in HARMLESS  # a link takes as long as a judgement
    message = Outgoing(
        handle=handle,
        channel=str(touch.channel),
        not_after=not_after,
        to=to,
        body=said.body,
        subject=said.subject,
        preheader=said.preheader,
        reply_to=said.reply_to or _answers_to(in_use, facts, due) if touch.channel == "email" else None,
        playbook=due.run.playbook,
        touchpoint=str(touch.touchpoint),
        company=in_use.speaker,
        unsubscribe_url=parts.links.unsubscribe(work, handle) if linked else None,
        survey=_survey(parts, work, said, handle) if linked else None,
        closes_at=closes_at,
    )
    return message, _speech(in_use, said, due) if touch.channel in AUTOMATIC_CALLS else None


def _answers_to(in_use: InUse, facts: Facts, due: Due) -> str | None:
    """The address of whoever owns the touchpoint, else the company's."""
    node = facts.program.nodes[due.touch.step]
    owner = node.owner if isinstance(node, TouchNode) else ""
    return in_use.house.rules.owners.get(owner) or in_use.speaker.email or None


def _survey(parts: Parts, work: Work, said: Rendered, handle: UUID) -> Survey | None:
    if said.survey is None:
        return None
    asked = said.survey
    return Survey(asked.ask, parts.links.survey(work, handle, asked.points), asked.low, asked.high)


def _speech(in_use: InUse, said: Rendered, due: Due) -> Speech:
    return Speech(
        company=in_use.speaker.name,
        person=said.person or said.body,
        machine=said.machine,
        keys=dict(said.keys),
        recording=said.recording,
        recorded_for_people=due.touch.channel == "voice",
        speak_to=in_use.house.speak_to or "",
    )
