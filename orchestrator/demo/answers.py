"""What staff write down on the calls of the story: the answers that a script needs before a call can be filed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from orchestrator import concluding, holding
from orchestrator.language.dispositions import TALKED
from orchestrator.parts import Parts
from orchestrator.store.database import Work

_SAID = {
    "works": "yes",
    "feeling": "good",
    "wish": "Somebody comes and looks at it",
    "terms": "All of it on Friday",
    "taken_off": "0",
}
_SAID_OF_A_CONCERN = {"works": "no", "feeling": "something is missing"}


def answers_for(
    parts: Parts, touch: UUID, ending: str, promise: tuple[str, date] | None
) -> tuple[dict[str, Any], dict[str, date]]:
    """The answers, and the days of what was promised. ending: a disposition."""
    if ending not in TALKED:
        return {}, {}

    def questions(work: Work) -> Any:
        return concluding.questions_of(work, parts.rulebook.refresh(work), holding.one(work, touch))

    today = parts.clock().date()
    said: dict[str, Any] = {}
    days: dict[str, date] = {}
    for name, question in parts.database.run(questions).items():
        kind = str(question.kind)
        if kind == "commitment":
            if promise is not None:
                said[name], days[name] = promise
            elif ending == "commitment_made":
                said[name], days[name] = "The rest is paid", today + timedelta(days=14)
        elif question.required:
            fallback = question.choices[0] if kind == "choice" else {"boolean": "yes", "number": "0"}.get(kind, "As agreed")
            said[name] = (_SAID_OF_A_CONCERN if ending == "completed_concern" else {}).get(name) or _SAID.get(name, fallback)
    return said, days
