"""Publishing from the browser: what is wrong, what would change in words and for how many, then publishing; and the second pair of eyes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from orchestrator import authoring, differing, versioning
from orchestrator.authoring import Seen
from orchestrator.core.roles import Right
from orchestrator.differing import Difference
from orchestrator.errors import InputError, NotFound, Overtaken, PlaybookError, Problem
from orchestrator.language.system_events import BUILT_IN
from orchestrator.lint.finding import Finding
from orchestrator.lint.loading import as_findings
from orchestrator.parts import Parts
from orchestrator.playbook_pages import steps_now
from orchestrator.published import same_person
from orchestrator.store import standing, versions
from orchestrator.store.audit import By
from orchestrator.store.database import Row, Work
from orchestrator.studio.draft import RULES, file_of
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.rehearse import differing as rehearsed
from orchestrator.web.staff.routes import StaffRoutes
from orchestrator.web.staff.studio_parts import Open, as_values, counted, folder_of, opened

WRITE, PUBLISH, APPROVE = Right.WRITE_PLAYBOOKS, Right.PUBLISH_PLAYBOOKS, Right.APPROVE_PLAYBOOKS


def add(routes: StaffRoutes) -> None:
    """Declare the pages."""
    routes.get("/playbooks/{draft}/publish", WRITE, about="draft")(_look)
    routes.post("/playbooks/{draft}/publish", PUBLISH, about="draft")(_publish)
    routes.post("/playbooks/{draft}/approve", APPROVE, about="draft")(_approve)
    routes.post("/playbooks/{draft}/withdraw", PUBLISH, about="draft")(_withdraw)


@dataclass(frozen=True, slots=True)
class Stands:
    """What the database has of a draft."""

    current: Row[Any] | None
    proposal: Row[Any] | None
    inside: Mapping[int, int]  # version -> how many are in it
    is_known: bool  # some version exists
    is_retired: bool  # by hand

    @property
    def elsewhere(self) -> int:
        """How many are inside versions that take nobody new."""
        return sum(n for number, n in self.inside.items() if self.current is None or number != self.current.number)


@dataclass(frozen=True, slots=True)
class Looked:
    """Everything that the page says about publishing one draft."""

    open: Open
    stands: Stands
    own: Sequence[Finding]
    elsewhere: Sequence[Finding]  # mistakes in other files that keep it from being published
    is_blocked: bool
    difference: Difference | None  # None: the folder cannot be loaded
    is_same: bool  # the file says what is in use
    is_proposed: bool  # the file says what waits for another person
    seen: Seen | None  # told apart from what the page shows later; None: the folder cannot be loaded


def stands(work: Work, name: str, where: differing.Where) -> Stands:
    """What the database has of a playbook, or of the house rules or the lifecycle. where: who stands where, as counted of late."""
    stored = filed(name)
    rows = standing.version_rows(work, stored)
    held = versions.held_back(work).get(stored)
    return Stands(
        next((row for row in rows if row.current), None),
        next((row for row in rows if row.beside == "proposed"), None),
        {row.number: n for row in rows if (n := sum(where.get(row.id, {}).values()))}, bool(rows), held is not None and held.what == "retired",
    )  # fmt: skip


def filed(name: str) -> str:
    """How the database calls it."""
    return f"@{name}" if name in RULES else name


def known(here: Here, name: str) -> Stands:
    """What there is of it in the database. Raises NotFound when there is nothing, neither there nor in the folder."""
    there = here.parts.database.run(lambda work: stands(work, name, {}))
    if not there.is_known:
        opened(here, name)
    return there


def _look(here: Here, draft: str) -> Response:
    return _page(here, _looked(here, draft))


def _publish(here: Here, draft: str) -> Response:
    """Make exactly what the page showed current, or propose it."""
    looked = _looked(here, draft)
    shown = here.form.get("seen", "")
    if not shown:
        raise InputError(Problem("look at what would change first", f"open /playbooks/{draft}/publish"))
    if looked.is_blocked:
        return _page(here, looked, 422, problems=[Problem("It cannot be published while there are mistakes", "mend them first")])
    if looked.seen is None or shown != str(looked.seen):
        return _overtaken(here, looked)
    try:
        authoring.publish(here.parts, here.settings.playbooks, here.visitor.by, only=[draft], expected={draft: looked.seen})
    except Overtaken:
        return _overtaken(here, _looked(here, draft))
    except (PlaybookError, InputError) as wrong:
        return _page(here, looked, 422, problems=wrong.problems)
    return here.go(f"/playbooks/{draft}/publish?done=1")


def _overtaken(here: Here, looked: Looked) -> Response:
    hint = "this is how it stands now: look again, then publish"
    return _page(here, looked, 409, problems=[Problem("The file, or what is published, changed while you looked", hint)])


def _approve(here: Here, draft: str) -> Response:
    return _decided(here, draft, versioning.approve)


def _withdraw(here: Here, draft: str) -> Response:
    return _decided(here, draft, versioning.withdraw)


def _decided(here: Here, draft: str, decide: Callable[[Parts, str, By, int], int]) -> Response:
    """Approve or withdraw the very proposal that the page showed."""
    known(here, draft)
    number = number_of(here.form.get("number", ""))
    if number is None:
        raise InputError(Problem("say which version", "the number of the one that is proposed", "number"))
    try:
        decide(here.parts, draft, here.visitor.by, number)
    except (NotFound, Overtaken):
        return here.refuse(
            409, "That is not proposed any more.", "Somebody else decided, or proposed something else. Look again."
        )
    has_file = file_of(draft) in folder_of(here).files()
    return here.go(f"/playbooks/{draft}/{'publish' if has_file or draft in RULES else 'versions'}")


def _looked(here: Here, name: str) -> Looked:
    found = opened(here, name)
    if name in BUILT_IN:
        raise NotFound("it is built in")
    own = [f for f in found.draft.findings if found.is_playbook or f.file in found.draft.paths]
    where = steps_now(here.parts, here.now)
    try:
        design, files = authoring.load(here.settings.playbooks)
    except PlaybookError as wrong:
        elsewhere = [f for f in as_findings(wrong.problems) if f.file not in found.draft.paths]
        there = here.parts.database.run(lambda work: stands(work, name, where))
        return Looked(found, there, own, elsewhere, True, None, False, False, None)
    # before everything else that is shown: what changes from here on is noticed when it is published
    seen, there = here.parts.database.run(lambda work: (authoring.seen(work, design, files, name), stands(work, name, where)))
    try:
        blocking = list(authoring.mistakes(here.parts, design, files, name))
    except PlaybookError as wrong:  # it loads in the folder, and not beside what is published
        blocking = list(as_findings(wrong.problems))
    current, proposal = there.current, there.proposal
    return Looked(
        found, there, own, [f for f in blocking if f not in own], bool(blocking),
        differing.of_files(here.parts, name, files, where), current is not None and current.hash == seen.hash,
        proposal is not None and proposal.hash == seen.hash, seen,
    )  # fmt: skip


def _page(here: Here, looked: Looked, status: int = 200, problems: Sequence[Problem] = ()) -> Response:
    found, there = looked.open, looked.stands
    may = found.is_playbook and not (looked.is_same or looked.is_proposed or looked.is_blocked)
    differ, rehearsals = rehearsed(here, found) if may and here.visitor.may(PUBLISH) else (0, 0)
    proposed = None
    if there.proposal is not None:
        proposed = proposal_of(here, found.name, there.proposal)
    return here.show(
        "versions/publish.html", status, open=found, looked=looked, stands=there, problems=problems, proposed=proposed,
        findings=as_values(looked.own, found.draft.path), said=counted(looked.own), done=here.asked("done") == "1",
        lines=marked(looked.difference.lines) if looked.difference else [], is_mine=is_mine(here, there.proposal),
        differ=differ, rehearsals=rehearsals,
    )  # fmt: skip


def proposal_of(here: Here, name: str, row: Row[Any]) -> Difference | None:
    """What approving would change; None when it cannot be told any more."""
    try:
        return differing.of_playbook(here.parts, name, None, row.number, steps_now(here.parts, here.now))
    except (PlaybookError, NotFound):
        return None


def is_mine(here: Here, proposal: Row[Any] | None) -> bool:
    """Whether this person proposed it: then somebody else approves."""
    return proposal is not None and same_person(proposal.published_by, here.visitor.by.name)


def number_of(text: str) -> int | None:
    """The number of a version, as a form gives it; None: it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


def marked(lines: str) -> list[tuple[str, str]]:
    """("+", "-", "@" or "", line) of a diff of lines."""
    return [
        (line[0] if line[:1] in ("+", "-", "@") and line[:3] not in ("+++", "---") else "", line) for line in lines.splitlines()
    ]
