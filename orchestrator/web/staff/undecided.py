"""What nobody knows the end of: messages that may or may not have gone out, and calls whose end nobody said. A person decides."""

from __future__ import annotations

from typing import Literal, cast
from uuid import UUID

from starlette.responses import Response

from orchestrator import board, desk, leading
from orchestrator.core.roles import Right
from orchestrator.filing import Filing
from orchestrator.holding import NotHeld
from orchestrator.language.dispositions import ALL
from orchestrator.settling import STUCK
from orchestrator.store import board as asked
from orchestrator.store.database import Work
from orchestrator.web.staff.board import labels
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.queues import why_not
from orchestrator.web.staff.routes import StaffRoutes

MOST = 200  # shown at once, the oldest first
ENDS = {
    "sent": "It went out. The follow-up goes on as after any other.",
    "failed": "It did not go out and is not sent again. The follow-up goes on as after a failure.",
    "again": "It did not go out: send it again now. Choose this only when you are sure, or the customer gets it twice.",
}
SCOPES = {"all": "anything at all", "call": "calls", "text": "texts", "email": "e-mails"}


def add(routes: StaffRoutes) -> None:
    """The routes of this file."""

    @routes.get("/undecided", Right.SEE_BOARD)
    def show(here: Here) -> Response:
        def look(work: Work) -> Response:
            in_use = here.parts.rulebook.refresh(work)
            rows = asked.unknown(work, MOST)
            label = labels(in_use)
            return here.show(
                "board/undecided.html", calls=[r for r in rows if r.channel == "call"], messages=[r for r in rows if r.channel != "call"],
                most=MOST, cut=len(rows) == MOST, zone=board.zone_name(in_use), ends=ENDS, scopes=SCOPES, stuck=STUCK,
                done=here.asked("done") == "1",
                dispositions=[(d.code, label[d.code]) for d in ALL if d.by == "staff"],
            )  # fmt: skip

        return here.parts.database.run(look)

    @routes.post("/undecided/{undecided}/message", Right.RUN_DESK, about="undecided")
    def message(here: Here, undecided: UUID) -> Response:
        as_ = here.form.get("as", "")
        if as_ not in ENDS:
            return here.refuse(422, "Say what became of the message.", "It went out, it failed, or it is to be sent again.")
        by = here.visitor.by
        end = cast(Literal["sent", "failed", "again"], as_)
        return _done(here, desk.settle(here.parts, undecided, by.name, end, role=by.role))

    @routes.post("/undecided/{undecided}/call", Right.RUN_DESK, about="undecided")
    def call(here: Here, undecided: UUID) -> Response:
        said = here.form
        code = said.get("disposition", "")
        if not code:
            return here.refuse(422, "Say how the call ended.", "Choose one from the list. When nobody answered, choose that.")
        scope = said.get("scope") if code == "do_not_contact" else None
        filing = Filing(code, note=said.get("note", ""), scope=scope)
        return _done(here, leading.decide_missing(here.parts, undecided, here.visitor.by, filing))


def _done(here: Here, refused: NotHeld | None) -> Response:
    if refused is not None:
        return here.refuse(409, why_not(refused, here.visitor.name), "Somebody decided before you. Nothing was changed.")
    return here.go("/undecided?done=1")
