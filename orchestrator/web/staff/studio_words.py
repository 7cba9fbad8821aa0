"""The studio's preview: the words of a draft's steps as customers would get them, imaginary or real, saved or just being written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.responses import HTMLResponse, Response

from orchestrator import finding, previewing
from orchestrator.core.roles import Right
from orchestrator.errors import NotFound, NothingPublished
from orchestrator.language.lifecycle import FieldType
from orchestrator.language.program import TouchNode
from orchestrator.playbook_pages import visible
from orchestrator.previewing import Preview, Values
from orchestrator.rulebook import InUse
from orchestrator.store import customers, person, standing
from orchestrator.store.database import Row, Work
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.playbooks import LETTER_HEADERS
from orchestrator.web.staff.routes import StaffRoutes
from orchestrator.web.staff.studio_parts import Open, opened

WRITE = Right.WRITE_PLAYBOOKS
MOST_SHOWN = 8  # customers to choose from
MOST_VERSIONS = 20  # newest first, in which they are looked for
MOST_EVENTS = 100  # of a customer, newest first, among which the one that would begin the playbook is looked for
CUSTOMER = "customer-"  # before the id of somebody who is not in the playbook
FULL, BARE = "an imaginary customer", "an imaginary customer of whom little is known"


@dataclass(frozen=True, slots=True)
class Choice:
    """A customer for whom words can be shown."""

    asked: str  # as the page's address says it
    name: str
    about: str


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
    routes.post("/playbooks/{draft}/preview/customers", WRITE, about="draft")(_search)
    routes.get("/playbooks/{draft}/letter-draft", WRITE, about="draft")(_letter)


def _preview(here: Here, draft: str) -> Response:
    return _shown(here, opened(here, draft), here.asked("at"), here.asked("for"))


def _unsaved(here: Here, draft: str) -> Response:
    """One step's words from a text that is not saved yet; a part of the editor's page."""
    path = here.form.get("file", "")
    text = re.sub(r"\r\n?", "\n", here.form.get("text", ""))
    return _shown(here, opened(here, draft, {path: text} if path else None, part=here.by_htmx), here.form.get("at", ""), "")


def _search(here: Here, draft: str) -> Response:
    """Customers by what somebody typed; the only one at once. Posted: numbers and addresses do not belong into logs of addresses."""
    found, typed = opened(here, draft), here.form.get("q", "")
    there: list[Choice] = []
    if typed.strip() and found.is_playbook and found.draft.loads and here.visitor.member.may(Right.SEE_CUSTOMERS):
        try:
            rows = finding.find(here.parts, typed, here.visitor.member)
        except NothingPublished:
            rows = []
        about = typed.strip()
        there = here.parts.database.run(lambda work: _choices(work, found, rows, about))
    if len(there) == 1:
        return here.go(f"/playbooks/{draft}/preview?{urlencode({'for': there[0].asked})}")
    return _shown(here, found, "", "", there, typed)


def _choices(work: Work, found: Open, rows: Sequence[Row[Any]], about: str) -> list[Choice]:
    """Each of them as they are in the playbook now, or else as somebody who is not."""
    there: list[Choice] = []
    for row in rows[:MOST_SHOWN]:
        if row.erased_at is not None:
            continue
        runs = [run for run in person.running(work, row.id) if run.playbook == found.name]
        runs = [run for run in runs if run.subject == about] or runs
        there += [Choice(str(run.id), row.name or row.ref, run.subject) for run in runs]
        if not runs:
            there.append(Choice(f"{CUSTOMER}{row.id}", row.name or row.ref, "not in it"))
    return there[:MOST_SHOWN]


def _letter(here: Here, draft: str) -> Response:
    """An e-mail as mail programs show it, on a page of its own that can do nothing."""
    found = opened(here, draft)
    node = found.draft.node(here.asked("at"))
    whose = here.parts.database.run(lambda work: _whose(here, work, found, here.asked("for")))
    said = _said(here, found, node, whose)
    if not said.letter:
        raise NotFound("no letter")
    return HTMLResponse(said.letter, headers=LETTER_HEADERS)


def _shown(
    here: Here, found: Open, at: str, asked: str, searched: Sequence[Choice] = (), typed: str | None = None
) -> Response:  # fmt: skip
    """typed: what was searched for; None: nothing was."""
    if not found.is_playbook:
        raise NotFound("it says nothing")
    if not found.draft.loads:
        return here.show("studio/preview.html", open=found, steps=[], whose=None, those=[], at=at)

    wanted = [found.draft.node(at)] if at else _contacts(found)
    shown = found.draft.picture
    assert shown is not None, "it loads"
    whose, those = here.parts.database.run(lambda work: (_whose(here, work, found, asked), _inside(here, work, found)))
    steps = [(shown.by_id[node.id], node, _said(here, found, node, whose)) for node in wanted]
    return here.show(
        "studio/preview.html", block="panel" if at and here.by_htmx else None, open=found,
        steps=steps, whose=whose, those=those, at=at, searched=searched, typed=typed,
    )  # fmt: skip


def _contacts(found: Open) -> list[TouchNode]:
    """Every touchpoint, in reading order."""
    shown, nodes = found.draft.picture, found.draft.loaded.program.nodes
    assert shown is not None, "it loads"
    return [node for spot in shown.spots if isinstance(node := nodes.get(spot.id), TouchNode)]


def _said(here: Here, found: Open, node: TouchNode, whose: Whose) -> Preview:
    return previewing.preview(found.draft.rules(), found.draft.loaded, node, whose.values, whose.said, here.now)


def _whose(here: Here, work: Work, found: Open, asked: str) -> Whose:
    """The values of whoever is asked for. Raises NotFound for a customer whom this member may not see."""
    rules = found.draft.rules()
    made_up = previewing.imaginary(rules, found.draft.loaded, here.now)
    if asked == "bare":
        return Whose(_bare(made_up, found.draft.loaded.declared), BARE, asked)
    if not asked:
        return Whose(made_up, FULL, "")
    if asked.startswith(CUSTOMER):
        return _outside(here, work, found, asked)
    one = standing.one(work, _id(asked))
    if one is None or one.customer not in visible(work, here.visitor.member, {one.customer}):
        raise NotFound("nobody who could be shown")
    known = previewing.real(work, _in_use(here, work), one)
    return Whose(known if known is not None else made_up, one.subject if known is not None else FULL, asked)


def _outside(here: Here, work: Work, found: Open, asked: str) -> Whose:
    """Somebody who is not in the playbook, with what their last event of the kind that begins it carried."""
    id_ = _id(asked.removeprefix(CUSTOMER))
    customer = customers.load(work, [id_]).get(id_) if id_ in visible(work, here.visitor.member, {id_}) else None
    if customer is None:
        raise NotFound("nobody who could be shown")
    loaded = found.draft.loaded
    came = (row for row in person.events_before(work, id_, None, MOST_EVENTS) if row.type in loaded.program.starts_on)
    last = next(came, None)
    data, subject = (last.data, last.subject) if last is not None else (None, None)
    said = f"{customer.ref}, {subject}" if subject else f"{customer.ref}; what the event says is made up"
    return Whose(previewing.of_customer(found.draft.rules(), loaded, customer, data, subject, here.now), said, asked)


def _inside(here: Here, work: Work, found: Open) -> list[Choice]:
    """A few who are in the playbook now, in whichever version, and whom this member may see; those in the newest first."""
    if not here.visitor.member.may(Right.SEE_CUSTOMERS):
        return []
    shown: list[Choice] = []
    for version in standing.version_rows(work, found.name)[:MOST_VERSIONS]:
        page = standing.inside(work, version.id, None, MOST_SHOWN)
        theirs = visible(work, here.visitor.member, {one.customer for one in page})
        shown += [Choice(str(one.id), one.name or one.ref, one.subject) for one in page if one.customer in theirs]
        if len(shown) >= MOST_SHOWN:
            break
    return shown[:MOST_SHOWN]


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
