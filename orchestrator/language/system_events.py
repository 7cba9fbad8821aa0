"""Events that the system itself puts into the stream: playbooks may start, stop and wait on them like on any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.language.lifecycle import EventDeclaration

STAGE = "system"  # they belong to no stage of a customer's life
# Playbooks of the system itself (orchestrator/built_in/), which start on events of this page. No file of an author has these names.
BUILT_IN = ("by-hand", "promise")


def _declare(means: str, **fields: str) -> EventDeclaration:
    given: Any = {"stage": STAGE, "means": means, "fields": fields}
    return EventDeclaration.model_validate(given)


SYSTEM_EVENTS: Mapping[str, EventDeclaration] = {
    "touch.sent": _declare(
        "an e-mail or a text went out, or an automatic call was made",
        touchpoint="text",
        channel="text",
        playbook="text",
    ),
    "call.finished": _declare(
        "a call has its disposition",
        touchpoint="text",
        channel="text",
        playbook="text",
        disposition="text",
    ),
    "customer.opted_out": _declare(
        "the customer wants no more contact, on one channel or on all; its subject is the customer",
        channel="text",
    ),
    "touch.asked": _declare(
        "somebody of the staff asks for one call, text or e-mail; the playbook by-hand, which is built in, makes it",
        channel="text",
        subject="text",
        words="text",
        goal="optional text",
        queue="optional text",
        due_at="time",
        owner="optional text",
        asked_by="text",
    ),
    "promise.made": _declare(
        "something was promised to a customer, for a day; the playbook promise, which is built in, reminds of it",
        promise="text",
        what="text",
        due_at="time",
        made_at="time",
        owner="text",
        queue="optional text",
        about="optional text",
    ),
    "survey.answered": _declare(
        "the customer answered a question of ours",
        touchpoint="text",
        channel="text",
        playbook="text",
        rating="optional number",
        comment="optional text",
    ),
}
