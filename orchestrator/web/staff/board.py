"""The lead's board: queues, people and the hours ahead, changing by themselves; what one person does; the end of a shift."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import UUID

from starlette.responses import RedirectResponse, Response

from orchestrator import board
from orchestrator.board import Picture, Shared
from orchestrator.core.roles import Right
from orchestrator.errors import NotFound
from orchestrator.language.dispositions import BY_CODE
from orchestrator.language.house_rules import label
from orchestrator.rulebook import InUse
from orchestrator.store import board as asked
from orchestrator.store import staff
from orchestrator.store.database import Work
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes

# What was done on the page before: a word in the address, a sentence on the page.
DONE = {
    "taken-back": "The call was taken back. What was typed is kept with it.",
    "given": "The call is offered to them.",
    "given-anyone": "The call is anybody's again.",
    "priority": "The call has its new priority, and its new place in the queue.",
    "moved": "The call waits in the other queue.",
    "paused": "It stands still. Nothing is dropped; it goes on when you resume it.",
    "resumed": "It goes on. What came due meanwhile follows now, within the hours that are allowed.",
    "ended": "Their shift is over.",
}


def add(routes: StaffRoutes) -> None:
    """The routes of this file."""
    shared = Shared()

    @routes.get("/board", Right.SEE_BOARD)
    def show(here: Here) -> Response:
        if "done" in here.request.query_params:
            shared.forget()  # somebody has just changed something and looks for it
        return here.show("board/board.html", done=DONE.get(here.asked("done")), **_known(shared.at(here.parts, here.now)))

    @routes.get("/board/now", Right.SEE_BOARD)
    def now(here: Here) -> Response:
        """What changes, for the page that is open. 204: nothing has changed since it last asked."""
        if not here.by_htmx:
            return RedirectResponse("/board", 303)
        picture = shared.at(here.parts, here.now)
        if here.asked("seen") == picture.version:
            return Response(status_code=204)
        return here.show("board/board.html", block="now", **_known(picture))

    @routes.get("/board/people/{member}", Right.SEE_BOARD, about="member")
    def person(here: Here, member: UUID) -> Response:
        def look(work: Work) -> Response:
            in_use, one = here.parts.rulebook.refresh(work), staff.by_id(work, member)
            if one is None:
                raise NotFound(f"there is no member {member}")
            sheets = asked.sheets_of(work, one.name, board.day_began(in_use, here.now))
            state = next((p for p in picture.people if p.id == member), None)
            return here.show(
                "board/person.html", member=one, person=state, sheets=sheets, zone=picture.zone, label=labels(in_use),
                titles={name: q.title for name, q in in_use.house.queues.items()},
            )  # fmt: skip

        picture = shared.at(here.parts, here.now)
        return here.parts.database.run(look)

    @routes.post("/board/people/{member}/end-shift", Right.RUN_DESK, about="member")
    def end_shift(here: Here, member: UUID) -> Response:
        """They get no calls any more; one that they have stays theirs until they have said how it ended."""

        def end(work: Work) -> None:
            one = staff.by_id(work, member)
            if one is not None and one.on_since is not None and staff.change(work, member, {"on_since": None}):
                here.note(work, "shift.ended", f"member:{one.name}", f"{here.visitor.name} ended the shift of {one.name}")

        here.parts.database.run(end)
        return here.go("/board?done=ended")


def labels(in_use: InUse) -> dict[str, str]:
    """What the team calls each way in which a call can end."""
    return {code: label(in_use.house.rules, code) for code in BY_CODE}


def queue_path(name: str) -> str:
    """The page of a queue."""
    return f"/board/queues/{quote(name, safe='')}"


def _known(picture: Picture) -> dict[str, Any]:
    most = max([1.0, *(max(float(h.total), h.can_do) for h in picture.hours)])  # the chart's height
    return {"picture": picture, "most": most, "queue_path": queue_path, "now": picture.at}
