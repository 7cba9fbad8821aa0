"""A call that is somebody else's by now: who has it, who took it back, and what became of the customer's wish."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.responses import Response

from orchestrator.core.model import TouchState
from orchestrator.holding import NotHeld
from orchestrator.store import audit, sheets, staff
from orchestrator.store.database import Work
from orchestrator.web.staff import desk_forms as forms
from orchestrator.web.staff.here import Here


def not_theirs(here: Here, call: UUID, not_held: NotHeld, kept: str = "", missing: str = "") -> Response:
    """Who has the call instead, and what to do. kept: what was typed, to be copied. missing: in a wish not to be contacted."""
    had_it, taken_by = here.parts.database.run(lambda work: _what_was(work, here.visitor.name, call))
    said, hint = _taken_back(here, not_held, taken_by) if taken_by else _who_has_it(here, not_held)
    mine = not_held.held_by == here.visitor.name
    unwanted = dict(forms.SCOPES).get(not_held.unwanted or "", not_held.unwanted)
    known: dict[str, Any] = {"who_has_it": said, "what_to_do": hint, "unwanted": unwanted, "missing": missing, "had_it": had_it}
    if here.by_htmx:
        return here.show("desk/lost.html", 409, **known)
    free = not_held.state is TouchState.READY
    undo = not_held.state is TouchState.FILED and mine
    status = 200 if free or undo else 409
    return here.show("desk/other.html", status, **known, call=call, kept=kept, may_take=free, may_undo=undo)


def _what_was(work: Work, who: str, call: UUID) -> tuple[bool, str | None]:
    """Whether they had this call, and who took it back since then from whoever had it last."""
    had_it = sheets.newest(work, call, who) is not None
    told = audit.page(work, audit.Filter(what="call.", about=f"call:{call}"), limit=20) if had_it else []
    last = next((row for row in told if row.what in ("call.taken", "call.taken_back", "call.put_back")), None)
    return had_it, last.who if last is not None and last.what == "call.taken_back" else None


def _taken_back(here: Here, not_held: NotHeld, by: str) -> tuple[str, str]:
    now = "It was dialled, so a lead decides how it ended." if not_held.state is TouchState.UNKNOWN else (
        "It waits in its queue again." if not_held.state is TouchState.READY else _who_has_it(here, not_held)[0]
    )  # fmt: skip
    return f"{_title_of(here, by)} took this call back.", f"{now} What you typed is kept with the call."


def _who_has_it(here: Here, not_held: NotHeld) -> tuple[str, str]:
    who, mine = not_held.held_by, not_held.held_by == here.visitor.name
    name = _title_of(here, who)
    match not_held.state:
        case TouchState.IN_CALL:
            return f"{name} has this call now.", "What you typed is kept with the call. Nothing was recorded from here."
        case TouchState.READY:
            return "This call waits in its queue.", "Nobody has it at the moment."
        case TouchState.FILED if mine:
            return "You filed this call just now.", "It can be undone for half a minute."
        case TouchState.FILED | TouchState.DONE:
            by = f" by {name}" if who else ""
            return f"How this call ended is recorded already{by}.", "A second result would not count."
        case TouchState.UNKNOWN:
            return "Nobody said in time how this call ended.", f"{f'{name} had it last. ' if who else ''}A lead decides now."
        case TouchState.PLANNED:
            return "This call is put off.", "It comes up again when it may be made."
        case _:
            return "This call is over.", f"It is {not_held.state.value.replace('_', ' ')}."


def _title_of(here: Here, who: str | None) -> str:
    if who is None:
        return "Nobody"
    found = here.parts.database.run(lambda work: staff.by_name(work, who))
    return found.title if found else who
