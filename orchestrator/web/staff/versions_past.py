"""A playbook's versions: who published each, who is still inside, how two of them differ; retiring and restoring."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from orchestrator import differing, versioning
from orchestrator.core.roles import Right
from orchestrator.errors import InputError, NotFound, PlaybookError, Problem
from orchestrator.language.system_events import BUILT_IN
from orchestrator.playbook_pages import counts_of, view
from orchestrator.store import standing
from orchestrator.store.database import Work
from orchestrator.studio.draft import RULES
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes
from orchestrator.web.staff.versions import is_mine, known, marked, number_of, proposal_of, stands

MOST_ENDED = 2_000  # follow-ups that a page ends; more of them take longer than anybody waits for an answer


def add(routes: StaffRoutes) -> None:
    """Declare the pages."""
    routes.get("/playbooks/{playbook}/versions", Right.SEE_PLAYBOOKS, about="playbook")(_show)
    routes.post("/playbooks/{playbook}/retire", Right.PUBLISH_PLAYBOOKS, about="playbook")(_retire)
    routes.post("/playbooks/{draft}/restore", Right.PUBLISH_PLAYBOOKS, about="draft")(_restore)


def _show(here: Here, playbook: str) -> Response:
    def look(work: Work) -> Any:
        in_use = here.parts.rulebook.refresh(work)
        counted = counts_of(here.parts).at(here.parts, work, in_use, here.now)
        shown = view(work, in_use, counted, playbook, None)
        return shown, stands(work, playbook, counted.steps), standing.version_rows(work, playbook)

    shown, there, rows = here.parts.database.run(look)
    old, new = number_of(here.asked("old")), number_of(here.asked("new"))
    difference = None
    if old is not None and new is not None and old != new:
        try:
            difference = differing.of_playbook(here.parts, playbook, old, new, shown.counted.steps)
        except PlaybookError as wrong:
            return here.refuse(422, "These two cannot be compared any more.", str(wrong.problems[0]))
    return here.show(
        "versions/past.html", shown=shown, stands=there, rows=rows, difference=difference, old=old, new=new,
        lines=marked(difference.lines) if difference else [], is_built_in=playbook in BUILT_IN,
        proposed=proposal_of(here, playbook, there.proposal) if there.proposal is not None else None,
        is_mine=is_mine(here, there.proposal),
    )  # fmt: skip


def _retire(here: Here, playbook: str) -> Response:
    if here.form.get("sure") != "1":
        raise InputError(Problem("say that you mean it", "tick the box, then retire it"))
    end = here.form.get("end") == "1"
    inside = sum(versioning.inside(here.parts, playbook).values())
    if end and inside > MOST_ENDED:
        raise InputError(Problem(f"{inside:,} are inside, too many for a page", f"touchpoint retire {playbook} --end-inside"))
    try:
        versioning.retire(here.parts, playbook, here.visitor.by, end_inside=end)
    except NotFound:
        return here.refuse(409, "It is not in use any more.", "Somebody else retired it.")
    counts_of(here.parts).forget()
    return here.go(f"/playbooks/{playbook}/versions")


def _restore(here: Here, draft: str) -> Response:
    """An earlier version is in use again, as a new one with the same content; a proposal where approval is needed."""
    known(here, draft)
    number = number_of(here.form.get("number", ""))
    if number is None or draft in BUILT_IN:
        raise InputError(Problem("say which version", "the number of one that was published", "number"))
    try:
        versioning.restore(here.parts, draft, number, here.visitor.by)
    except PlaybookError as wrong:
        return here.refuse(422, "It cannot be in use as things are now.", str(wrong.problems[0]))
    except NotFound:
        return here.refuse(409, "There is no such version.", "Look at the list again.")
    return here.go(f"/playbooks/{draft}/{'publish' if draft in RULES else 'versions'}")
