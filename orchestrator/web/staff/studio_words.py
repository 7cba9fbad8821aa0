"""The studio's preview: the words of a draft's steps as customers would get them, imaginary or real, saved or just being written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from starlette.responses import HTMLResponse, Response

from orchestrator import previewing
from orchestrator.core.roles import Right
from orchestrator.errors import NotFound, NothingPublished
from orchestrator.language.lifecycle import FieldType
from orchestrator.language.program import TouchNode
from orchestrator.playbook_pages import visible
from orchestrator.previewing import Preview, Values
from orchestrator.rulebook import InUse
from orchestrator.store import standing
from orchestrator.store.database import Work
from orchestrator.store.standing import Inside
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.playbooks import LETTER_HEADERS
from orchestrator.web.staff.routes import StaffRoutes
from orchestrator.web.staff.studio_parts import Open, counted, opened

WRITE = Right.WRITE_PLAYBOOKS
MOST_SHOWN = 8  # customers to choose from
FULL, BARE = "an imaginary customer", "an imaginary customer of whom little is known"


@dataclass(frozen=True, slots=True)
class Whose:
    """For whom words are shown."""

    values: Values
    said: str
    asked: str  # as the page's address says it


def add(routes: StaffRoutes) -> None:
    """Declare the pages."""
    routes.get("/playbooks/{draft}/preview", WRITE, about="draft")(_preview)
    routes.post("/playbooks/{draft}/preview", WRITE, about="draft")(_unsaved)
    routes.get("/playbooks/{draft}/letter-draft", WRITE, about="draft")(_letter)


def _preview(here: Here, draft: str) -> Response:
    return _shown(here, opened(here, draft), here.asked("at"), here.asked("for"))


def _unsaved(here: Here, draft: str) -> Response:
    """One step's words from a text that is not saved yet; a part of the editor's page."""
    path = here.form.get("file", "")
    text = re.sub(r"\r\n?", "\n", here.form.get("text", ""))
    return _shown(here, opened(here, draft, {path: text} if path else None), here.form.get("at", ""), "")


def _letter(here: Here, draft: str) -> Response:
    """An e-mail as mail programs show it, on a page of its own that can do nothing."""
    found = opened(here, draft)
    node = found.draft.node(here.asked("at"))
    said = here.parts.database.run(lambda work: _said(here, work, found, node, _whose(here, work, found, here.asked("for"))))
    if not said.letter:
        raise NotFound("no letter")
    return HTMLResponse(said.letter, headers=LETTER_HEADERS)


def _shown(here: Here, found: Open, at: str, asked: str) -> Response:
    if not found.is_playbook:
        raise NotFound("it says nothing")
    if not found.draft.loads:
        return here.show(
            "studio/preview.html", open=found, said=counted(found.draft.findings), steps=[], whose=None, those=[], at=at
        )

    def unit(work: Work) -> Response:
        whose = _whose(here, work, found, asked)
        wanted = [found.draft.node(at)] if at else _contacts(found)
        shown = found.draft.picture
        assert shown is not None, "it loads"
        steps = [(shown.by_id[node.id], node, _said(here, work, found, node, whose)) for node in wanted]
        return here.show(
            "studio/preview.html", block="panel" if at and here.by_htmx else None, open=found, said=counted(found.draft.findings),
            steps=steps, whose=whose, those=_inside(here, work, found), at=at,
        )  # fmt: skip

    return here.parts.database.run(unit)


def _contacts(found: Open) -> list[TouchNode]:
    """Every touchpoint, in reading order."""
    shown, nodes = found.draft.picture, found.draft.loaded.program.nodes
    assert shown is not None, "it loads"
    return [node for spot in shown.spots if isinstance(node := nodes.get(spot.id), TouchNode)]


def _said(here: Here, work: Work, found: Open, node: TouchNode, whose: Whose) -> Preview:
    return previewing.preview(found.draft.rules(), found.draft.loaded, node, whose.values, whose.said, here.now)


def _whose(here: Here, work: Work, found: Open, asked: str) -> Whose:
    """The values of whoever is asked for. Raises NotFound for a customer whom this member may not see."""
    rules = found.draft.rules()
    made_up = previewing.imaginary(rules, found.draft.loaded, here.now)
    if asked == "bare":
        return Whose(_bare(made_up, found.draft.loaded.declared), BARE, asked)
    if not asked:
        return Whose(made_up, FULL, "")
    one = standing.one(work, _id(asked))
    if one is None or one.customer not in visible(work, here.visitor.member, {one.customer}):
        raise NotFound("nobody who could be shown")
    known = previewing.real(work, _in_use(here, work), one)
    return Whose(known if known is not None else made_up, one.subject if known is not None else FULL, asked)


def _inside(here: Here, work: Work, found: Open) -> list[Inside]:
    """A few who are in the playbook now and whom this member may see."""
    try:
        current = _in_use(here, work).current.get(found.name)
    except NothingPublished:
        return []
    if current is None:
        return []
    page = standing.inside(work, current.id, None, MOST_SHOWN)
    theirs = visible(work, here.visitor.member, {one.customer for one in page})
    return [one for one in page if one.customer in theirs]


def _in_use(here: Here, work: Work) -> InUse:
    return here.parts.rulebook.refresh(work)


def _bare(values: Values, declared: Mapping[str, FieldType]) -> Values:
    """The same without everything that may be missing."""
    missing = {name for name, kind in declared.items() if kind.optional}
    groups: dict[str, object] = {}
    for group, of in values.items():
        kept = {k: v for k, v in of.items() if f"{group}.{k}" not in missing} if isinstance(of, Mapping) else of
        groups[group] = kept
    return groups


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("no such id") from None
