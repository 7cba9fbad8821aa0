"""/people: who works here, what they may do, links for new colleagues. For admins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from starlette.responses import Response

from orchestrator.access import invitations, people
from orchestrator.access.people import Profile, listed
from orchestrator.core.roles import Right, Role
from orchestrator.errors import InputError, NotFound, Problem
from orchestrator.store import invitations as links
from orchestrator.store import sessions, staff
from orchestrator.store.database import Work
from orchestrator.store.staff import Member
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes

NOBODY = {"name": "", "title": "", "role": Role.AGENT, "queues": "", "skills": "", "languages": "", "email": "", "phone": ""}


def add(routes: StaffRoutes) -> None:
    """The pages of this file."""

    @routes.get("/people", Right.MANAGE_PEOPLE)
    def everybody(here: Here) -> Response:
        return here.show("people.html", people=here.parts.database.run(staff.everybody))

    @routes.get("/people/new", Right.MANAGE_PEOPLE)
    def ask(here: Here) -> Response:
        return _new(here, NOBODY, ())

    @routes.post("/people", Right.MANAGE_PEOPLE)
    def invite(here: Here) -> Response:
        def make(work: Work) -> tuple[Member, str]:
            name = here.form.get("name", "")[:200]
            member = people.add(here.parts, work, name, _profile(here), here.visitor.by, here.now)
            return member, invitations.link(here.parts, work, member, here.visitor.by, here.now)

        try:
            member, link = here.parts.database.run(make)
        except InputError as error:
            return _new(here, {field: here.form.get(field, "")[:500] for field in NOBODY}, error.problems, 422)
        return _link(here, member, link)

    @routes.get("/people/{member}", Right.MANAGE_PEOPLE, about="member")
    def one(here: Here, member: UUID) -> Response:
        return _one(here, member)

    @routes.post("/people/{member}", Right.MANAGE_PEOPLE, about="member")
    def change(here: Here, member: UUID) -> Response:
        try:
            here.parts.database.run(lambda work: people.change(work, member, _profile(here), here.visitor.by, here.now))
        except InputError as error:
            return _one(here, member, error.problems, 422)
        return here.go(f"/people/{member}?done=changed")

    @routes.post("/people/{member}/link", Right.MANAGE_PEOPLE, about="member")
    def make_link(here: Here, member: UUID) -> Response:
        def make(work: Work) -> tuple[Member, str]:
            known = _member(work, member)
            return known, invitations.link(here.parts, work, known, here.visitor.by, here.now)

        return _link(here, *here.parts.database.run(make))

    @routes.post("/people/{member}/disable", Right.MANAGE_PEOPLE, about="member")
    def disable(here: Here, member: UUID) -> Response:
        here.parts.database.run(lambda work: people.disable(work, member, here.visitor.by, here.now))
        return here.go(f"/people/{member}?done=disabled")

    @routes.post("/people/{member}/enable", Right.MANAGE_PEOPLE, about="member")
    def enable(here: Here, member: UUID) -> Response:
        here.parts.database.run(lambda work: people.enable(work, member, here.visitor.by, here.now))
        return here.go(f"/people/{member}?done=enabled")

    @routes.post("/people/{member}/sessions/end", Right.MANAGE_PEOPLE, about="member")
    def end_sessions(here: Here, member: UUID) -> Response:
        here.parts.database.run(lambda work: people.sign_out_everywhere(work, member, here.visitor.by, here.now))
        return here.go(f"/people/{member}?done=sessions")

    @routes.post("/people/{member}/code/off", Right.MANAGE_PEOPLE, about="member")
    def code_off(here: Here, member: UUID) -> Response:
        here.parts.database.run(lambda work: people.forget_code(work, member, here.visitor.by, here.now))
        return here.go(f"/people/{member}?done=code")


_DONE = {
    "changed": "Changed. It holds from their next click on.",
    "disabled": "They are signed out everywhere and cannot come back.",
    "enabled": "They can sign in again.",
    "sessions": "Signed out everywhere.",
    "code": "The code is switched off: the password is enough.",
}


def _profile(here: Here) -> Profile:
    said = here.form
    queues, skills, languages = (listed(said.get(field, "")[:2_000]) for field in ("queues", "skills", "languages"))
    title, email, phone = said.get("title", "")[:500], said.get("email", "")[:300], said.get("phone", "")[:60]
    return Profile(title, said.get("role", ""), queues, skills, languages, email, phone)


def _new(here: Here, typed: object, problems: Sequence[Problem], status: int = 200) -> Response:
    return here.show("person_new.html", status, typed=typed, wrong=_by_field(problems), roles=list(Role))


def _one(here: Here, id_: UUID, problems: Sequence[Problem] = (), status: int = 200) -> Response:
    def known(work: Work) -> dict[str, Any]:
        return {
            "member": _member(work, id_),
            "secrets": staff.secrets_of(work, id_),
            "devices": sessions.of_member(work, id_, here.now),
            "link_until": links.open_until(work, id_, here.now),
        }

    shown = here.parts.database.run(known)
    typed: object = {field: here.form.get(field, "")[:500] for field in NOBODY} if problems else _typed(shown["member"])
    done = _DONE.get(here.asked("done"), "")
    return here.show("person.html", status, **shown, typed=typed, wrong=_by_field(problems), roles=list(Role), done=done)


def _typed(member: object) -> dict[str, str]:
    fields = {field: getattr(member, field) for field in NOBODY}
    return {field: ", ".join(value) if isinstance(value, tuple) else str(value or "") for field, value in fields.items()}


def _by_field(problems: Sequence[Problem]) -> dict[str, str]:
    return {p.place: f"{p.problem[:1].upper()}{p.problem[1:]}" + (f": {p.hint}" if p.hint else "") for p in reversed(problems)}


def _link(here: Here, member: Member, link: str) -> Response:
    hours = round(invitations.LASTS.total_seconds() / 3600)
    return here.show("person_link.html", member=member, link=link, hours=hours)


def _member(work: Work, id_: UUID) -> Member:
    found = staff.by_id(work, id_)
    if found is None:
        raise NotFound("there is no such member")
    return found
