"""Pages of playbooks, for reading: the list, the graph with its counts, each step's words, the text, and who is in it now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.responses import HTMLResponse, Response

from orchestrator import previewing
from orchestrator.core.roles import Right
from orchestrator.drawing import draw
from orchestrator.errors import NotFound
from orchestrator.language.picture import Spot, details
from orchestrator.language.program import NodeId, TouchNode
from orchestrator.language.system_events import BUILT_IN
from orchestrator.playbook_pages import Standing, View, counts_of, listing, view, visible, week_words, who
from orchestrator.rulebook import HOUSE_RULES, LIFECYCLE, InUse
from orchestrator.store import standing, versions
from orchestrator.store.database import Work
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes
from orchestrator.web.staff.studio_parts import folder_lines, too_many

SEE = Right.SEE_PLAYBOOKS
MOST_SHOWN = 5  # customers at one step, to choose one whose words are shown
# A letter brings its own styles and nothing else: no script runs, nothing is loaded, nothing is sent.
LETTER_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}


def add(routes: StaffRoutes) -> None:
    """Declare the pages."""
    pages = _Pages()
    routes.get("/playbooks", SEE)(pages.list)
    routes.get("/playbooks/house-rules", SEE)(_house_rules)
    routes.get("/playbooks/lifecycle", SEE)(_lifecycle)
    routes.get("/playbooks/{playbook}", SEE, about="playbook")(pages.one)
    routes.get("/playbooks/{playbook}/step", SEE, about="playbook")(pages.step)
    routes.get("/playbooks/{playbook}/letter", SEE, about="playbook")(pages.letter)
    routes.get("/playbooks/{playbook}/text", SEE, about="playbook")(pages.text)
    routes.get("/playbooks/{playbook}/inside", SEE, about="playbook")(pages.inside)


class _Pages:
    """The pages that show counts."""

    def list(self, here: Here) -> Response:
        def unit(work: Work) -> Any:
            in_use = here.parts.rulebook.refresh(work)
            counted = counts_of(here.parts).at(here.parts, work, in_use, here.now)
            return listing(work, in_use, counted), counted

        entries, counted = here.parts.database.run(unit)
        later = 0 if here.asked("drafts") == "1" else too_many(here)
        folder = folder_lines(here) if not later else None
        return here.show("playbooks/list.html", block="drafts", entries=entries, counted=counted, folder=folder, later=later)

    def one(self, here: Here, playbook: str) -> Response:
        def unit(work: Work) -> Response:
            in_use, shown = self._view(here, work, playbook)
            graph = draw(shown.picture, _address(here, shown), shown.counts, panel="#step")
            return here.show(
                "playbooks/one.html", block="live", in_use=in_use, shown=shown, graph=graph, address=_address(here, shown),
                checked=playbook not in BUILT_IN,
                editable=here.visitor.may(Right.WRITE_PLAYBOOKS) and playbook not in BUILT_IN,
            )  # fmt: skip

        return here.parts.database.run(unit)

    def step(self, here: Here, playbook: str) -> Response:
        def unit(work: Work) -> Response:
            in_use, shown = self._view(here, work, playbook)
            spot = _spot(here, shown)
            node = shown.loaded.program.nodes[spot.id]
            said, those = None, []
            if isinstance(node, TouchNode):
                said, those = _said(here, work, in_use, shown, node), _seen(here, work, in_use, shown, spot.id)
            return here.show(
                "playbooks/step.html", block="panel", shown=shown, spot=spot, said=said, those=those,
                facts=details(node) if isinstance(node, TouchNode) else [], address=_address(here, shown),
            )  # fmt: skip

        return here.parts.database.run(unit)

    def letter(self, here: Here, playbook: str) -> Response:
        """An e-mail as mail programs show it, on a page of its own that can do nothing."""

        def unit(work: Work) -> Response:
            in_use, shown = self._view(here, work, playbook)
            node = shown.loaded.program.nodes[_spot(here, shown).id]
            said = _said(here, work, in_use, shown, node) if isinstance(node, TouchNode) else None
            if said is None or not said.letter:
                raise NotFound("no letter")
            return HTMLResponse(said.letter, headers=LETTER_HEADERS)

        return here.parts.database.run(unit)

    def text(self, here: Here, playbook: str) -> Response:
        def unit(work: Work) -> Response:
            _, shown = self._view(here, work, playbook)
            return here.show("playbooks/text.html", shown=shown, lines=shown.text.splitlines())

        return here.parts.database.run(unit)

    def inside(self, here: Here, playbook: str) -> Response:
        def unit(work: Work) -> Response:
            in_use, shown = self._view(here, work, playbook)
            spot = _spot(here, shown) if here.asked("at") else None
            page, more = who(work, in_use, shown, here.visitor.member, _id(here.asked("after")), spot.id if spot else None)
            return here.show("playbooks/inside.html", shown=shown, page=page, more=more, spot=spot, after=here.asked("after"))

        return here.parts.database.run(unit)

    def _view(self, here: Here, work: Work, playbook: str) -> tuple[InUse, View]:
        in_use = here.parts.rulebook.refresh(work)
        asked = here.asked("version")
        if asked and not (asked.isascii() and asked.isdigit() and len(asked) < 9):
            raise NotFound("no such version")
        return in_use, view(
            work, in_use, counts_of(here.parts).at(here.parts, work, in_use, here.now), playbook, int(asked) if asked else None
        )  # fmt: skip


def _house_rules(here: Here) -> Response:
    def unit(work: Work) -> Response:
        in_use = here.parts.rulebook.refresh(work)
        weeks = {name: week_words(window) for name, window in in_use.house.rules.contact_windows.items()}
        row, text = _rules_text(work, HOUSE_RULES)
        return here.show("playbooks/house_rules.html", rules=in_use.house.rules, weeks=weeks, row=row, lines=text)

    return here.parts.database.run(unit)


def _lifecycle(here: Here) -> Response:
    def unit(work: Work) -> Response:
        in_use = here.parts.rulebook.refresh(work)
        row, text = _rules_text(work, LIFECYCLE)
        starts: dict[str, list[str]] = {}
        for name, version in sorted(in_use.current.items()):
            for event in version.program.starts_on:
                starts.setdefault(event, []).append(name)
        return here.show("playbooks/lifecycle.html", lifecycle=in_use.lifecycle, starts=starts, row=row, lines=text)

    return here.parts.database.run(unit)


def _address(here: Here, shown: View) -> Callable[[Spot], str]:
    """Where a step's panel is."""
    number = shown.version.number

    def of(spot: Spot) -> str:
        return f"/playbooks/{shown.name}/step?{urlencode({'version': number, 'at': spot.id})}"

    return of


def _spot(here: Here, shown: View) -> Spot:
    spot = shown.picture.by_id.get(here.asked("at"))
    if spot is None or not spot.number:
        raise NotFound("no such step")
    return spot


def _said(here: Here, work: Work, in_use: InUse, shown: View, node: TouchNode) -> previewing.Preview:
    """The words for an imaginary customer, or with ?for= for one who is in it and whom this member may see."""
    values, whose = None, "an imaginary customer"
    if asked := here.asked("for"):
        found = standing.one(work, _id(asked) or UUID(int=0))
        if found is None or found.customer not in visible(work, here.visitor.member, {found.customer}):
            raise NotFound("nobody who could be shown")
        values, whose = previewing.real(work, in_use, found), found.subject
    if values is None:
        values = previewing.imaginary(in_use, shown.loaded, here.now)
    return previewing.preview(in_use, shown.loaded, node, values, whose, here.now)


def _seen(here: Here, work: Work, in_use: InUse, shown: View, step: NodeId) -> list[Standing]:
    """A few who stand at the step and whom this member may see."""
    page, _ = who(work, in_use, shown, here.visitor.member, None, step, most=MOST_SHOWN)
    return [line for line in page if line.shown]


def _rules_text(work: Work, name: str) -> tuple[Any, list[str]]:
    row = versions.document(work, versions.current(work)[name].id)
    assert row is not None, "it is in use"
    return row, str(row.document["text"]).splitlines()


def _id(text: str) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("no such id") from None
