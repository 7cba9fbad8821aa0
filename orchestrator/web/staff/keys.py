"""/keys: keys with which other systems post events or read. For admins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from starlette.responses import Response

from orchestrator import keys as given_out
from orchestrator.core.roles import Right, Role
from orchestrator.errors import InputError, NotFound, Problem
from orchestrator.store import keys
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes

ROLES = [role for role, scopes in given_out.SCOPES_OF.items() if role is not None and "read" in scopes]


def add(routes: StaffRoutes) -> None:
    """The pages of this file."""

    @routes.get("/keys", Right.MANAGE_PEOPLE)
    def known(here: Here) -> Response:
        return _show(here)

    @routes.post("/keys", Right.MANAGE_PEOPLE)
    def make(here: Here) -> Response:
        name, role, scopes = here.form.get("name", "")[:200], here.form.get("role", "")[:40], here.form.getlist("scope")
        try:
            secret = given_out.issue(here.parts, name, scopes, role or None, here.visitor.by)
        except InputError as error:
            return _show(here, 422, error.problems, {"name": name, "role": role, "scopes": scopes})
        return here.show("key_made.html", name=name, secret=secret)

    @routes.post("/keys/{key}/revoke", Right.MANAGE_PEOPLE, about="key")
    def revoke(here: Here, key: UUID) -> Response:
        found = next((k for k in here.parts.database.run(keys.live) if k.id == key), None)
        if found is None:
            raise NotFound("no such key")
        given_out.revoke(here.parts, found.name, here.visitor.by)
        return here.go("/keys?done=revoked")


def _show(here: Here, status: int = 200, problems: Sequence[Problem] = (), typed: Mapping[str, object] | None = None) -> Response:
    wrong = {p.place: f"{p.problem}: {p.hint}" if p.hint else p.problem for p in reversed(problems)}
    typed = typed or {"name": "", "role": Role.AUDITOR, "scopes": []}
    done = "The key opens nothing any more, everywhere within five seconds." if here.asked("done") == "revoked" else ""
    known = here.parts.database.run(keys.known)
    return here.show("keys.html", status, keys=known, scopes=given_out.SCOPES, roles=ROLES, typed=typed, wrong=wrong, done=done)
