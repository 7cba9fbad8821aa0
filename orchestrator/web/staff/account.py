"""/account: one's own password, telephone and devices."""

from __future__ import annotations

from uuid import UUID

from starlette.responses import Response

from orchestrator.access import invitations, passwords, people
from orchestrator.access.limits import Wait
from orchestrator.access.signing_in import BUSY_S, SigningIn
from orchestrator.core.roles import Right
from orchestrator.errors import InputError
from orchestrator.store import sessions, staff
from orchestrator.store.database import Work
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes


def add(routes: StaffRoutes) -> None:
    """The pages of this file."""

    @routes.get("/account", Right.OWN_ACCOUNT)
    def account(here: Here) -> Response:
        return show(here)

    @routes.post("/account/password", Right.OWN_ACCOUNT)
    def change_password(here: Here) -> Response:
        member, new = here.visitor.member, here.form.get("password", "")
        wrong = password_is_wrong(here, here.form.get("current", ""))
        if isinstance(wrong, Response):
            return wrong
        if wrong:
            return show(here, 422, current=wrong)
        problems = passwords.problems_with(new, member.name, member.title)
        if problems:
            return show(here, 422, password=f"{problems[0].problem}: {problems[0].hint}")
        if new != here.form.get("again", ""):
            return show(here, 422, again="the two are not the same")
        try:
            hash_ = passwords.hashed(new)
        except passwords.Busy:
            return wait(here, Wait(BUSY_S))

        def change(work: Work) -> None:
            invitations.set_password(work, member.id, hash_, here.now, but=here.visitor.session)
            here.note(work, "member.password", f"member:{member.id}", f"{member.name} changed their password")

        here.parts.database.run(change)
        return here.go("/account?done=password")

    @routes.post("/account/phone", Right.OWN_ACCOUNT)
    def change_phone(here: Here) -> Response:
        member = here.visitor.member
        try:
            phone = people.phone_of(here.form.get("phone", "")[:60])
        except InputError as error:
            return show(here, 422, phone=f"{error.problems[0].problem}: {error.problems[0].hint}")

        def change(work: Work) -> None:
            staff.change(work, member.id, {"phone": phone})
            here.note(work, "member.change", f"member:{member.id}", f"changed of {member.name}: phone")

        here.parts.database.run(change)
        return here.go("/account?done=phone")

    @routes.post("/account/sessions/{session}/end", Right.OWN_ACCOUNT, about="session")
    def end_one(here: Here, session: UUID) -> Response:
        def end(work: Work) -> None:
            member = here.visitor.member
            sessions.end(work, member.id, here.now, only=session)
            here.note(work, "session.end", f"member:{member.id}", f"{member.name} ended one of their sessions")

        here.parts.database.run(end)
        return here.go("/account?done=sessions")

    @routes.post("/account/sessions/end", Right.OWN_ACCOUNT)
    def end_others(here: Here) -> Response:
        def end(work: Work) -> None:
            member = here.visitor.member
            ended = sessions.end(work, member.id, here.now, but=here.visitor.session)
            said = f"{member.name} ended {ended} of their other sessions"
            here.note(work, "session.end_all", f"member:{member.id}", said)

        here.parts.database.run(end)
        return here.go("/account?done=sessions")


_DONE = {
    "password": "The password is changed. Every other device is signed out.",
    "phone": "The telephone number is changed.",
    "sessions": "Signed out there.",
    "code": "From the next time on you are asked for a code.",
    "code-off": "You are not asked for a code any more.",
}


def show(here: Here, status: int = 200, **wrong: str) -> Response:
    """The page, with what is wrong with which field."""

    def known(work: Work) -> tuple[object, object]:
        return staff.secrets_of(work, here.visitor.member.id), sessions.of_member(work, here.visitor.member.id, here.now)

    secrets, devices = here.parts.database.run(known)
    done = _DONE.get(here.asked("done"), "")
    return here.show(
        "account.html", status, secrets=secrets, devices=devices, wrong=wrong, done=done, shortest=passwords.SHORTEST
    )


def password_is_wrong(here: Here, typed: str) -> str | Response:
    """Empty when they typed their own password; else what is wrong, or the page that asks them to wait."""
    right = SigningIn(here.parts).right_password(here.visitor.member, typed, here.now)
    if isinstance(right, Wait):
        return wait(here, right)
    return "" if right else "this is not your password"


def wait(here: Here, wait: Wait) -> Response:
    """Too many tries."""
    answer = here.refuse(429, "Too many tries.", f"Try again in {max(1, round(wait.seconds / 60))} min.")
    answer.headers["Retry-After"] = str(wait.seconds)
    return answer
