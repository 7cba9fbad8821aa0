"""The desk: the room in which people wait, the next call, and their shift. The page of a call is in desk_call.py."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.responses import Response

from orchestrator import briefing, desk, filing
from orchestrator.core.roles import Right
from orchestrator.errors import InputError
from orchestrator.filing import TooLate
from orchestrator.holding import WEB_LEASE, Agent, CallTask, NotHeld, NotNow
from orchestrator.store import briefs, staff
from orchestrator.store.database import Work
from orchestrator.web.staff import desk_call
from orchestrator.web.staff.desk_call import call_path
from orchestrator.web.staff.desk_lost import not_theirs
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes

# What the room may say once, by the name that stands in its address: nobody's words, so that a link cannot put any there.
NOTES: Mapping[str, tuple[str, str]] = {
    "none": ("No call may be made at this moment. Try again in a while.", "info"),
    "back": ("The call is back in its queue.", "good"),
    "busy": ("You have a call: file it or put it back, then end your shift.", "warn"),
}


def add(routes: StaffRoutes) -> None:
    """The routes of this file and of the page of one call."""
    routes.get("/desk", Right.WORK_CALLS)(room)
    routes.get("/desk/waiting", Right.WORK_CALLS)(waiting)
    routes.post("/desk/next", Right.WORK_CALLS)(following)
    routes.post("/desk/shift", Right.WORK_CALLS)(shift)
    routes.post("/desk/calls/{call}/take", Right.WORK_CALLS, about="call")(take)
    routes.post("/desk/calls/{call}/undo", Right.WORK_CALLS, about="call")(undo)
    desk_call.add(routes)


def room(here: Here) -> Response:
    """The call that they have, or what waits."""
    theirs = here.parts.database.run(lambda work: briefs.held(work, here.visitor.name))
    if theirs is not None:
        return here.go(call_path(theirs))
    note, kind = NOTES.get(here.asked("said"), ("", ""))
    return here.show("desk/room.html", **_known(here), note=note, note_kind=kind)


def waiting(here: Here) -> Response:
    """The same for a page that is open: nothing when nothing has changed since."""
    known = _known(here)
    if known["was"] == here.asked("was"):
        return Response(status_code=204)
    return here.show("desk/room_part.html", **known)


def _known(here: Here) -> dict[str, Any]:
    """What the room shows, with a name for this state of it."""
    member = here.visitor.member
    queues = None if member.every_queue else member.queues
    shown = briefing.room(here.parts, here.visitor.name, queues)
    filed = filing.last_filed(here.parts, here.visitor.name)
    state = (shown.queues, shown.next_due, [p.id for p in shown.promises], shown.day, filed and filed.touch, member.on_since)
    was = hashlib.sha256(repr((*state, here.now.replace(second=0, microsecond=0))).encode()).hexdigest()[:16]
    moved = briefing.moved_call_back(here.parts, filed.touch) if filed and filed.disposition == "call_back" else ""
    return {"room": shown, "filed": filed, "moved": moved, "was": was}


def following(here: Here) -> Response:
    """Take the next call; the shift begins with the first one."""
    task = desk.claim_next(here.parts, Agent.of(here.visitor.member), lease=WEB_LEASE)
    if here.visitor.member.on_since is None:
        _on(here, on=True)
    return here.go("/desk?said=none" if task is None else call_path(task.touch))


def take(here: Here, call: UUID) -> Response:
    """Take this call, or say who has it."""
    match desk.claim_this(here.parts, call, Agent.of(here.visitor.member), lease=WEB_LEASE):
        case CallTask(touch=touch):
            return here.go(call_path(touch))
        case NotHeld() as not_held:
            return not_theirs(here, call, not_held)
        case NotNow(why=why):
            return here.refuse(409, "This call cannot be taken now.", why[:1].upper() + why[1:] + ".")


def undo(here: Here, call: UUID) -> Response:
    """Take back how a call ended, as long as nothing has followed from it. What they took since goes back when they say so."""
    instead, name = here.form.get("instead", ""), here.visitor.name
    held = here.parts.database.run(lambda work: briefs.held(work, name)) if instead else None
    filed = filing.last_filed(here.parts, name)
    if held is not None and str(held) == instead and filed is not None and filed.touch == call:
        try:
            desk.put_back(here.parts, held, name, "to undo the call before")
        except InputError:
            return here.refuse(409, "This cannot be undone now.", "You have dialled since: say first how that call ended.")
    match filing.undo(here.parts, call, here.visitor.name):
        case CallTask(touch=touch):
            return here.go(call_path(touch))
        case TooLate(why=why):
            return here.refuse(409, "This cannot be undone.", why[:1].upper() + why[1:] + ".")
        case NotHeld() as not_held:
            return not_theirs(here, call, not_held)


def shift(here: Here) -> Response:
    """Begin or end the shift. Nobody ends it while they have a call."""
    on = here.form.get("on") == "yes"
    if not on and here.parts.database.run(lambda work: briefs.held(work, here.visitor.name)) is not None:
        return here.go("/desk?said=busy")
    _on(here, on=on)
    return here.go("/desk")


def _on(here: Here, *, on: bool) -> None:
    member = here.visitor.member

    def unit(work: Work) -> None:
        if (member.on_since is not None) != on:
            staff.change(work, member.id, {"on_since": here.now if on else None})
            said = "began their shift" if on else "ended their shift"
            here.note(work, "shift.begun" if on else "shift.ended", f"member:{member.id}", f"{member.name} {said}")

    here.parts.database.run(unit)
