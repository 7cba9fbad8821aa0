"""What stands still and what can: pausing and resuming, confirmed with how much it holds."""

from __future__ import annotations

from starlette.responses import Response

from orchestrator import board, holds
from orchestrator.core.roles import Right
from orchestrator.store import board as asked
from orchestrator.store.database import Work
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes


def add(routes: StaffRoutes) -> None:
    """The routes of this file."""

    @routes.get("/board/pauses", Right.SEE_BOARD)
    def show(here: Here) -> Response:
        def look(work: Work) -> Response:
            in_use, held = here.parts.rulebook.refresh(work), asked.paused(work)
            names = {(row.scope, row.name) for row in held}
            free = [what for what in holds.known(in_use) if (what.scope, what.name) not in names]
            titles = {name: queue.title for name, queue in in_use.house.queues.items()}
            return here.show("board/pauses.html", held=held, free=free, zone=board.zone_name(in_use), titles=titles)

        return here.parts.database.run(look)

    @routes.get("/board/pauses/confirm", Right.RUN_DESK)
    def confirm(here: Here) -> Response:
        what = holds.read(here.asked("what"))
        holds.check(here.parts, what)
        return here.show("board/pause.html", what=what, would=holds.would_hold(here.parts, what))

    @routes.post("/board/pauses", Right.RUN_DESK)
    def put(here: Here) -> Response:
        what = holds.read(here.form.get("what", ""))
        if not holds.pause(here.parts, what, here.visitor.by):
            return here.refuse(409, f"It stood still already: {what.words}.", "Nothing was changed.")
        return here.go("/board?done=paused")

    @routes.post("/board/pauses/resume", Right.RUN_DESK)
    def resume(here: Here) -> Response:
        what = holds.read(here.form.get("what", ""))
        if not holds.resume(here.parts, what, here.visitor.by):
            return here.refuse(409, f"It goes on already: {what.words}.", "Somebody else resumed it. Nothing was changed.")
        return here.go("/board?done=resumed")
