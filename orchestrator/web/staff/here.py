"""What a page works with: who asks, for what, and how to answer. Pages get one of these and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from starlette.datastructures import ImmutableMultiDict
from starlette.responses import RedirectResponse, Response

from orchestrator.access.visitors import Visitor
from orchestrator.config import Settings
from orchestrator.core.roles import Role
from orchestrator.parts import Parts
from orchestrator.store import audit
from orchestrator.store.database import Work
from orchestrator.web.staff.shown import Shown

COOKIE = "touchpoint_session"
Form = ImmutableMultiDict[str, str]


@dataclass(frozen=True, slots=True)
class Here:
    """One request of somebody who is signed in and may make it."""

    parts: Parts
    settings: Settings
    visitor: Visitor
    request: Request
    form: Form  # what was posted; empty for GET
    now: datetime
    shown: Shown

    @property
    def by_htmx(self) -> bool:
        """Whether a part of a page asked (then a fragment is enough)."""
        return "hx-request" in self.request.headers

    def asked(self, name: str, default: str = "") -> str:
        """A value of the query."""
        return self.request.query_params.get(name, default)

    def show(self, template: str, status: int = 200, *, block: str | None = None, **known: Any) -> Response:
        """A page; block: only this block of it, when a part of the page asked."""
        known = {
            "visitor": self.visitor,
            "path": self.request.url.path,
            "now": self.now,
            "hides_numbers": self.visitor.member.role is Role.AGENT,  # the desk shows them once policies allow the call
            **known,
        }
        return self.shown.show(template, status, block=block if self.by_htmx else None, **known)

    def refuse(self, status: int, problem: str, hint: str) -> Response:
        """What cannot be done, and what to do instead. A part of a page shows it in passing."""
        return self.show("refused.html", status, block="main", problem=problem, hint=hint)

    def go(self, path: str) -> Response:
        """On to another page: after every change, so that reloading repeats nothing."""
        if self.by_htmx:
            return Response(status_code=204, headers={"HX-Redirect": path})
        return RedirectResponse(path, 303)

    def note(self, work: Work, what: str, about: str, said: str) -> None:
        """Put a change into the audit trail, in the unit of work that makes it."""
        audit.note(work, self.visitor.by, what, about, said, self.now)
