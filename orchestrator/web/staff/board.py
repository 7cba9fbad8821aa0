"""The lead's board: queues, people and the hours ahead, changing by themselves; what one person does; the end of a shift."""

from __future__ import annotations

import threading
from datetime import timedelta
from urllib.parse import quote
from uuid import UUID

from starlette.responses import HTMLResponse, RedirectResponse, Response

from orchestrator import board
from orchestrator.board import ASKS_EVERY, Picture, Shared
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
from orchestrator.web.staff.shown import HEADERS

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
    shared, drawn = Shared(), Drawn()

    @routes.get("/board", Right.SEE_BOARD)
    def show(here: Here) -> Response:
        if "done" in here.request.query_params:
            shared.forget()  # somebody has just changed something and looks for it
        picture = shared.at(here.parts, here.now)
        return here.show(
            "board/board.html", done=DONE.get(here.asked("done")), picture=picture, now=picture.at, live=drawn.of(here, picture),
            asks_every=ASKS_EVERY // timedelta(milliseconds=1),
        )  # fmt: skip

    @routes.get("/board/now", Right.SEE_BOARD)
    def now(here: Here) -> Response:
        """What changes, for the page that is open. 204: nothing has changed since it last asked."""
        if not here.by_htmx:
            return RedirectResponse("/board", 303)
        picture = shared.at(here.parts, here.now)
        if here.asked("seen") == picture.version:
            return Response(status_code=204)
        return HTMLResponse(drawn.of(here, picture), headers=dict(HEADERS))

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
                here.note(work, "shift.ended", f"member:{member}", f"{here.visitor.name} ended the shift of {one.name}")

        here.parts.database.run(end)
        return here.go("/board?done=ended")


class Drawn:
    """What changes on the board as HTML: drawn once for each picture and for each of the two kinds of people who look.

    The template is given the picture and whether they may change something, and nothing else: what one person sees cannot be another's.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[bool, tuple[Picture, str]] = {}

    def of(self, here: Here, picture: Picture) -> str:
        """The part of the page for somebody with these rights. Whoever asks while it is being drawn waits for that one."""
        may_run = here.visitor.may(Right.RUN_DESK)
        with self._lock:
            last = self._last.get(may_run)
            if last is None or last[0] is not picture:
                most = max([1.0, *(max(float(h.total), h.can_do) for h in picture.hours)])  # the chart's height
                text = here.shown.text(
                    "board/now.html", picture=picture, now=picture.at, most=most, queue_path=queue_path, may_run=may_run
                )
                self._last[may_run] = last = picture, text
            return last[1]


def labels(in_use: InUse) -> dict[str, str]:
    """What the team calls each way in which a call can end."""
    return {code: label(in_use.house.rules, code) for code in BY_CODE}


def queue_path(name: str) -> str:
    """The page of a queue."""
    return f"/board/queues/{quote(name, safe='')}"
