"""The page of a playbook's shadow: what it would have done beside the current version, and starting and stopping it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from starlette.responses import Response

from orchestrator import versioning
from orchestrator.core.roles import Right
from orchestrator.errors import InputError, NotFound, Problem
from orchestrator.playbook_pages import counts_of, view, visible
from orchestrator.store import versions
from orchestrator.store.database import Work
from orchestrator.web.staff.at_once import ONE
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes

if TYPE_CHECKING:
    from orchestrator.shadow import Comparison

FRESH_FOR = timedelta(minutes=1)  # a comparison serves everybody who looks for so long
MOST_KEPT = 20


def add(routes: StaffRoutes) -> None:
    """Declare the pages."""
    page = _Page()
    routes.get("/playbooks/{playbook}/shadow", Right.SEE_PLAYBOOKS, about="playbook")(page.show)
    routes.post("/playbooks/{playbook}/shadow", Right.PUBLISH_PLAYBOOKS, about="playbook")(_start)
    routes.post("/playbooks/{playbook}/shadow/stop", Right.PUBLISH_PLAYBOOKS, about="playbook")(_stop)


def _start(here: Here, playbook: str) -> Response:
    text = here.form.get("version", "")
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise InputError(Problem("say which version", "the number of one that is published", "version"))
    versioning.start_shadow(here.parts, playbook, int(text), here.visitor.by)
    return here.go(f"/playbooks/{playbook}/shadow")


def _stop(here: Here, playbook: str) -> Response:
    try:
        versioning.stop_shadow(here.parts, playbook, here.visitor.by)
    except NotFound:
        return here.refuse(409, "It has no shadow any more.", "Somebody else stopped it, or its version is current now.")
    return here.go(f"/playbooks/{playbook}/shadow")


@dataclass(slots=True)
class _Page:
    """One comparison at a time in this process: it takes a whole processor, and the desk needs one too."""

    kept: dict[tuple[UUID, UUID | None], tuple[datetime, Comparison]] = field(default_factory=dict)

    def show(self, here: Here, playbook: str) -> Response:
        def look(work: Work) -> Any:
            in_use = here.parts.rulebook.refresh(work)
            shown = view(work, in_use, counts_of(here.parts).at(here.parts, work, in_use, here.now), playbook, None)
            row, current = versions.beside(work).get((playbook, "shadow")), in_use.current.get(playbook)
            return shown, row, current.id if current is not None else None

        shown, row, current = here.parts.database.run(look)
        known: dict[str, Any] = {"shown": shown, "shadow": row, "found": None, "mine": set(), "busy": False}
        if row is None:
            return here.show("playbooks/shadow.html", **known)
        found = self._compared(here, playbook, (row.id, current))
        if found is None:
            return here.show("playbooks/shadow.html", 503, **{**known, "busy": True})
        ids = {one.customer for one in found.differing if one.customer is not None}
        mine = here.parts.database.run(lambda work: visible(work, here.visitor.member, ids))
        return here.show("playbooks/shadow.html", **{**known, "found": found, "mine": mine})

    def _compared(self, here: Here, playbook: str, key: tuple[UUID, UUID | None]) -> Comparison | None:
        """None: somebody else's is being worked out."""
        from orchestrator.shadow import MOST_EVENTS, compare

        kept = self.kept.get(key)
        if kept is not None and here.now - kept[0] < FRESH_FOR:
            return kept[1]
        if not ONE.acquire(blocking=False):
            return kept[1] if kept is not None else None
        try:
            found = compare(here.parts, playbook, MOST_EVENTS)
            while len(self.kept) >= MOST_KEPT:
                self.kept.pop(next(iter(self.kept)))
            self.kept[key] = here.now, found
            return found
        finally:
            ONE.release()
