"""Moving those who are inside to another version: whom, where their steps went, what it means for each, and then the move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from orchestrator import moving
from orchestrator.core.roles import Right
from orchestrator.errors import InputError, NotFound, Problem
from orchestrator.heads import Fate, Preview
from orchestrator.language.difference.steps import likely_steps, same_steps
from orchestrator.language.picture import picture
from orchestrator.language.program import NodeId
from orchestrator.moving import Who
from orchestrator.playbook_pages import View, counts_of, view, visible
from orchestrator.rulebook import InUse
from orchestrator.store import audit, standing
from orchestrator.store.database import Row, Work
from orchestrator.web.staff.at_once import ONE
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes

MOST = 5_000  # follow-ups that one page looks at and moves: a second or two on SQLite
MOST_SAMPLES = 12
GO = "go-"  # before the name of a step that is gone: where those go on who stand there


def add(routes: StaffRoutes, most: int = MOST) -> None:
    """Declare the pages. most: follow-ups in one request."""
    page = _Page(most)
    routes.get("/playbooks/{playbook}/move", Right.PUBLISH_PLAYBOOKS, about="playbook")(page.look)
    routes.post("/playbooks/{playbook}/move", Right.PUBLISH_PLAYBOOKS, about="playbook")(page.move)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form says."""

    frm: int | None
    to: int | None
    at: str
    share: int | None
    steps: Mapping[str, str]
    is_mapped: bool  # the form said where steps go, if only "nowhere"


@dataclass(frozen=True, slots=True)
class Gone:
    """A step that people stand at and the other version does not have."""

    id: NodeId
    title: str
    count: int
    likely: NodeId  # which one it may have become; empty: nobody can tell


@dataclass(frozen=True, slots=True)
class Ground:
    """What can be chosen, and how many are there."""

    shown: View
    zone: str
    sources: Sequence[Row[Any]]  # versions with people in them, newest first
    inside: Mapping[int, int]  # version -> how many
    targets: Sequence[Row[Any]]
    to: Row[Any] | None
    steps: Mapping[NodeId, str]  # where people stand, with its title
    new_steps: Mapping[NodeId, str]
    gone: Sequence[Gone]
    chosen: int  # about how many the form means
    moves: Sequence[Row[Any]] = field(default_factory=tuple)  # of the audit trail, newest first


class _Page:
    """One look or move at a time in this process: it takes a whole processor, and the desk needs one too."""

    def __init__(self, most: int) -> None:
        self._most = most

    def look(self, here: Here, playbook: str) -> Response:
        asked = _asked(here.request.query_params)
        return self._look(here, playbook, asked, wanted=bool(here.asked("look")))

    def move(self, here: Here, playbook: str) -> Response:
        asked = _asked(here.form)
        if here.form.get("sure") != "1" or asked.to is None:
            raise InputError(Problem("look first, then say that you mean it", "tick the box below what would happen"))
        ground = here.parts.database.run(lambda work: self._ground(here, work, playbook, asked))
        if ground.chosen > self._most:
            raise InputError(Problem(f"{ground.chosen:,} are too many for a page", _command(playbook, asked)))
        among = frozenset({asked.frm}) if asked.frm is not None else _versions(here.form.get("among", ""))
        if not ONE.acquire(blocking=False):
            return here.refuse(503, "Another move is looked at or made just now.", "Go back and try again in a few seconds.")
        try:
            moving.move(here.parts, replace(_who(playbook, asked), among=among), here.visitor.by)
        finally:
            ONE.release()
        counts_of(here.parts).forget()  # whoever moved them looks where they are now
        back = {"to": asked.to, **({"frm": asked.frm} if asked.frm is not None else {}), "done": 1}
        return here.go(f"/playbooks/{playbook}/move?{urlencode(back)}")

    def _look(self, here: Here, playbook: str, asked: Asked, *, wanted: bool) -> Response:
        ground = here.parts.database.run(lambda work: self._ground(here, work, playbook, asked))
        likely = {one.id: one.likely for one in ground.gone if one.likely}
        steps = asked.steps if asked.is_mapped else likely
        asked = Asked(asked.frm, ground.to.number if ground.to else asked.to, asked.at, asked.share, steps, asked.is_mapped)
        known: dict[str, Any] = {
            "shown": ground.shown, "ground": ground, "asked": asked, "preview": None, "samples": [], "busy": False, "problem": None,
            "most": self._most, "command": _command(playbook, asked), "done": here.asked("done") == "1", "go": GO,
        }  # fmt: skip
        if not wanted or ground.to is None or not 0 < ground.chosen <= self._most:
            return here.show("versions/move.html", **known)
        if not ONE.acquire(blocking=False):
            return here.show("versions/move.html", 503, **known | {"busy": True})
        try:
            preview = moving.preview(here.parts, _who(playbook, asked))
        except InputError as wrong:
            return here.show("versions/move.html", 422, **known | {"problem": wrong.problems[0]})
        finally:
            ONE.release()
        chosen = _samples(preview)
        mine = here.parts.database.run(lambda work: visible(work, here.visitor.member, {one.customer for one in chosen}))
        samples = [(one, one.customer in mine) for one in chosen]
        return here.show("versions/move.html", **known | {"preview": preview, "samples": samples})

    def _ground(self, here: Here, work: Work, playbook: str, asked: Asked) -> Ground:
        in_use = here.parts.rulebook.refresh(work)
        counted = counts_of(here.parts).at(here.parts, work, in_use, here.now)
        shown, rows = view(work, in_use, counted, playbook, None), standing.version_rows(work, playbook)
        inside = {row.number: counted.running(row.id) for row in rows}
        targets = [row for row in rows if row.beside is None and row.used_since is not None]
        if asked.to is None:
            to = next((row for row in rows if row.current), None)
        elif (to := next((row for row in targets if row.number == asked.to), None)) is None:
            raise NotFound("no such version")
        if asked.frm is not None and asked.frm not in {row.number for row in rows}:
            raise NotFound("no such version")
        sources = [row for row in rows if inside.get(row.number) and (to is None or row.id != to.id)]
        meant = [row for row in sources if asked.frm is None or row.number == asked.frm]
        at_steps = {row.id: counted.steps.get(row.id, {}) for row in meant}
        steps, gone, new_steps = _steps(work, in_use, meant, at_steps, to)
        chosen = sum(n for there in at_steps.values() for step, n in there.items() if not asked.at or step == asked.at)
        if asked.share is not None:
            chosen = (chosen * asked.share + 50) // 100
        moves = audit.page(work, audit.Filter(what="playbook.moved", about=f"playbook:{playbook}"), limit=10)
        zone = in_use.house.rules.clock
        return Ground(shown, zone, sources, inside, targets, to, steps, new_steps, gone, chosen, moves)


def _steps(
    work: Work, in_use: InUse, meant: Sequence[Row[Any]], at_steps: Mapping[Any, Mapping[NodeId, int]], to: Row[Any] | None
) -> tuple[dict[NodeId, str], list[Gone], dict[NodeId, str]]:
    """Where people stand, which of those steps the other version lacks, and the steps that it has."""
    labels = in_use.house.rules.dispositions
    new = in_use.loaded(work, to.id) if to is not None else None
    there = {s.id: f"{s.number}. {s.title}" for s in picture(new.program, labels).spots if s.number} if new is not None else {}
    steps: dict[NodeId, str] = {}
    gone: dict[NodeId, Gone] = {}
    for row in meant:
        try:
            old = in_use.loaded(work, row.id)
        except InputError:  # it cannot be used any more: those in it stay, and the look says why
            continue
        titles = {s.id: f"{s.number}. {s.title}" for s in picture(old.program, labels).spots if s.number}
        steps |= {step: titles.get(step, step) for step in at_steps[row.id] if step not in steps}
        if new is None:
            continue
        same, likely = same_steps(old.playbook, new.playbook), likely_steps(old.playbook, new.playbook)
        for step, n in at_steps[row.id].items():
            if step not in same:
                before = gone[step].count if step in gone else 0
                gone[step] = Gone(step, titles.get(step, step), before + n, likely.get(step, ""))
    return dict(sorted(steps.items(), key=lambda one: one[1])), list(gone.values()), there


def _samples(preview: Preview) -> list[Fate]:
    """A few of those who move, chosen to differ: one of each way first."""
    going = [fate for fate in preview.fates if fate.stays is None]
    first: dict[tuple[object, ...], Fate] = {}
    for fate in going:
        first.setdefault((fate.frm, fate.step, fate.to_step, fate.ends, fate.kept, bool(fate.passed)), fate)
    chosen = list(first.values())[:MOST_SAMPLES]
    others = (fate for fate in going if fate not in chosen)
    return chosen + list(islice(others, max(MOST_SAMPLES // 2 - len(chosen), 0)))


def _asked(said: Mapping[str, str]) -> Asked:
    steps = {key.removeprefix(GO)[:200]: value[:200] for key, value in said.items() if key.startswith(GO)}
    share = _number(said.get("share", ""))
    if share is not None and not 1 <= share <= 100:
        raise InputError(Problem(f"{share} is no share", "say 1 to 100", "share"))
    return Asked(
        _number(said.get("frm", "")), _number(said.get("to", "")), said.get("at", "")[:200], None if share == 100 else share,
        {old: new for old, new in steps.items() if new}, bool(steps),
    )  # fmt: skip


def _who(playbook: str, asked: Asked) -> Who:
    return Who(playbook, asked.to, asked.frm, asked.at or None, asked.share, (), asked.steps)


def _versions(text: str) -> frozenset[int]:
    """The versions that the look showed: nobody leaves one that has come into use since."""
    numbers = [_number(one) for one in text[:10_000].split(",")]
    if None in numbers:
        raise InputError(Problem("the form does not say which versions were looked at", "look first, then move"))
    return frozenset(n for n in numbers if n is not None)


def _command(playbook: str, asked: Asked) -> str:
    more = [f"--from {asked.frm}" if asked.frm is not None else "", f"--to {asked.to}" if asked.to is not None else ""]
    more += [f"--at {asked.at}" if asked.at else "", f"--share {asked.share}%" if asked.share is not None else ""]
    more += [f"--step {old}={new}" for old, new in asked.steps.items()]
    return " ".join(["touchpoint move", playbook, *filter(None, more)])


def _number(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise InputError(Problem(f"'{text[:20]}' is no number", "go back and choose again"))
    return int(text)
