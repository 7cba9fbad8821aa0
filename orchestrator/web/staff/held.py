"""What stands still and what can: pausing and resuming, confirmed with how much it holds."""

from __future__ import annotations

from datetime import datetime

from starlette.responses import Response

from orchestrator import board, holds, resuming
from orchestrator.core.resuming import How
from orchestrator.core.roles import Right
from orchestrator.errors import InputError, Overtaken, Problem
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

    @routes.get("/board/pauses/resume", Right.RUN_DESK)
    def choose(here: Here) -> Response:
        what = holds.read(here.asked("what"))
        look = resuming.look(here.parts, what)
        if look is None:
            return here.refuse(404, f"It goes on already: {what.words}.", "There is nothing to resume.")
        zone = here.parts.database.run(lambda work: board.zone_name(here.parts.rulebook.refresh(work)))
        return here.show(
            "board/resume.html", what=what, look=look, length=resuming.how_long(look.length), pace=resuming.PER_MINUTE, zone=zone
        )

    @routes.post("/board/pauses/resume", Right.RUN_DESK)
    def resume(here: Here) -> Response:
        what = holds.read(here.form.get("what", ""))
        how, pace = _how(here.form.get("how", How.IN_TIME)), _pace(here.form.get("per_minute", str(resuming.PER_MINUTE)))
        since = _moment(here.form.get("since", ""))
        try:
            done = resuming.resume(here.parts, what, here.visitor.by, how, pace, looked_at=since)
        except Overtaken:
            return here.refuse(
                409, f"It was resumed and paused again meanwhile: {what.words}.", "Nothing was changed. Look again."
            )
        if done is None:
            return here.refuse(409, f"It goes on already: {what.words}.", "Somebody else resumed it. Nothing was changed.")
        return here.go("/board?done=resumed")


def _how(text: str) -> How:
    if text not in set(How):
        raise InputError(Problem(f"'{text[:40]}' is no way to go on", f"one of {', '.join(How)}", "how"))
    return How(text)


def _moment(text: str) -> datetime | None:
    """Since when the pause lasted that the page showed."""
    try:
        return datetime.fromisoformat(text[:40]) if text else None
    except ValueError:
        raise InputError(Problem("this is no moment", "look at the pause again", "since")) from None


def _pace(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise InputError(Problem("say how many may follow in one minute", "a number, e.g. 60", "per_minute"))
    return int(text)
