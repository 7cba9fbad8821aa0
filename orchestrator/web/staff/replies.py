"""What customers said of themselves: a person reads it and says what becomes of the follow-ups that wait for it."""

from __future__ import annotations

from typing import cast, get_args
from uuid import UUID

from starlette.responses import Response

from orchestrator import board, incoming
from orchestrator.core.roles import Right
from orchestrator.errors import NotFound
from orchestrator.store import board as asked
from orchestrator.store import replies
from orchestrator.store.database import Work
from orchestrator.store.replies import Verdict
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes

MOST = 200  # shown at once, the oldest first
KINDS = {
    "reply": "answered",
    "maybe_stop": "may want no more",
    "missed_call": "called us",
    "asked_for_call": "wants to be called",
}
VERDICTS = {
    "go_on": "The follow-ups go on where they stood, once nothing else of this customer waits to be read.",
    "end": "The follow-ups that waited for this are over. The customer may be contacted about other things.",
    "stop": "The customer gets no more contact at all: no call, text or e-mail, about anything.",
}


def add(routes: StaffRoutes) -> None:
    """The routes of this file."""

    @routes.get("/replies", Right.SEE_BOARD)
    def show(here: Here) -> Response:
        def look(work: Work) -> Response:
            zone = board.zone_name(here.parts.rulebook.refresh(work))
            rows = replies.open_ones(work, MOST)
            done = VERDICTS.get(here.asked("done"))
            return here.show("board/replies.html", rows=rows, kinds=KINDS, zone=zone, most=MOST, done=done)

        return here.parts.database.run(look)

    @routes.get("/replies/{reply}", Right.SEE_BOARD, about="reply")
    def one(here: Here, reply: UUID) -> Response:
        return _one(here, reply)

    @routes.post("/replies/{reply}", Right.RUN_DESK, about="reply")
    def read(here: Here, reply: UUID) -> Response:
        verdict = here.form.get("verdict", "")
        if verdict not in get_args(Verdict):
            return _one(here, reply, 422, wrong="Say what is to happen. When in doubt, choose that they get no more contact.")
        by = here.visitor.by
        if not incoming.read(here.parts, reply, by.name, cast(Verdict, verdict), role=by.role):
            return _one(here, reply, 409)  # the page says who has read it
        return here.go(f"/replies?done={verdict}")


def _one(here: Here, reply: UUID, status: int = 200, *, wrong: str = "") -> Response:
    def look(work: Work) -> Response:
        row = asked.one_reply(work, reply)
        if row is None:
            raise NotFound(f"there is no reply {reply}")
        zone = board.zone_name(here.parts.rulebook.refresh(work))
        return here.show(
            "board/reply.html", status, row=row, kinds=KINDS, verdicts=VERDICTS, wrong=wrong, zone=zone,
            before=asked.last_contacts(work, row.customer_id), held=asked.still_held(work, row.customer_id),
        )  # fmt: skip

    return here.parts.database.run(look)
