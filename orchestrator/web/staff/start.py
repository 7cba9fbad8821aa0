"""GET /: to the page where somebody's day begins. POST /sign-out: where it ends."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from orchestrator.core.roles import Right
from orchestrator.store import sessions
from orchestrator.store.database import Work
from orchestrator.store.staff import Member
from orchestrator.web.staff.doors import is_https
from orchestrator.web.staff.here import COOKIE, Here
from orchestrator.web.staff.routes import StaffRoutes


def add(routes: StaffRoutes) -> None:
    """The pages of this file."""

    @routes.get("/", Right.OWN_ACCOUNT)
    def start(here: Here) -> Response:
        return RedirectResponse(first_page(here.visitor.member), 303)

    @routes.post("/sign-out", Right.OWN_ACCOUNT)
    def sign_out(here: Here) -> Response:
        def leave(work: Work) -> None:
            member = here.visitor.member
            sessions.end(work, member.id, here.now, only=here.visitor.session)
            here.note(work, "session.end", f"member:{member.id}", f"{member.name} signed out")

        here.parts.database.run(leave)
        answer = here.go("/sign-in")
        answer.delete_cookie(COOKIE, path="/", secure=is_https(here.settings), httponly=True, samesite="lax")
        return answer


def first_page(member: Member) -> str:
    """Where they work: the desk, else the board, else the playbooks."""
    if member.may(Right.WORK_CALLS):
        return "/desk"
    return "/board" if member.may(Right.SEE_BOARD) else "/playbooks"
