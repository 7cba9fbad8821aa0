"""Rehearsals of a draft: each one run and held against its file, and a timeline to step through with the words that went out.

Nobody is contacted, and nothing is read from or written into the database.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import Response

from orchestrator import authoring, previewing
from orchestrator.core.roles import Right
from orchestrator.drawing import draw
from orchestrator.errors import NotFound, PlaybookError
from orchestrator.language.design import Design, LoadedVersion
from orchestrator.language.dispositions import LABELS, STAFF_CODES
from orchestrator.language.picture import Picture, Spot
from orchestrator.language.program import NodeId, TouchNode
from orchestrator.previewing import Preview
from orchestrator.rehearsal.clocks import NO_CLOCK, Clock
from orchestrator.rehearsal.everything import Outcome, run_text
from orchestrator.rehearsal.imagining import REF, somebody, subject_of, values_of
from orchestrator.rehearsal.printing import difference
from orchestrator.rehearsal.stage import Stage
from orchestrator.rehearsal.steps import steps_of
from orchestrator.rehearsal.watching import Moment
from orchestrator.rehearsal.writing import flow
from orchestrator.rulebook import InUse
from orchestrator.studio.folder import REHEARSALS
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes
from orchestrator.web.staff.studio_parts import Open, opened

MOST_FILES = 10  # of rehearsals, on one page; a file has 200 at most
MOST_RUN = 200  # a rehearsal takes a few milliseconds
MOST_MOMENTS = 300
IMAGINED = "imagined"  # in place of a file: a customer who is nobody
BEGINS_AT = "10:00"  # on the next Tuesday: nothing about that moment is special


def add(routes: StaffRoutes) -> None:
    """Declare the page."""
    page = _Page()
    routes.get("/playbooks/{draft}/rehearse", Right.WRITE_PLAYBOOKS, about="draft")(page.show)


@dataclass(frozen=True, slots=True)
class Shown:
    """One moment of the timeline."""

    moment: Moment
    number: int  # from 1
    later: str  # how long after the one before
    words: Preview | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rehearsal that is looked at."""

    outcome: Outcome
    key: str  # as the address names it
    marked: Sequence[tuple[str, str]]  # what was expected and what came, like a diff
    timeline: Sequence[Shown]
    cut: int  # moments that are not shown
    zone: str


class _Page:
    """One at a time in this process: runs take a processor, and the desk needs one too."""

    def __init__(self) -> None:
        self._busy = threading.Lock()

    def show(self, here: Here, draft: str) -> Response:
        found = opened(here, draft)
        if not found.is_playbook:
            raise NotFound("house rules and the lifecycle do nothing by themselves")
        known: dict[str, Any] = {
            "open": found, "outcomes": [], "chosen": None, "graph": "", "busy": False, "imagined": IMAGINED, "cut": 0,
            "endings": [(code, LABELS[code]) for code in STAFF_CODES if code != "call_back"], "ends": _ends(here), "problem": None,
        }  # fmt: skip
        if found.draft.design is None:
            return here.show("studio/rehearse.html", **known)
        if not self._busy.acquire(timeout=3):
            return here.show("studio/rehearse.html", 503, **known | {"busy": True})
        try:
            return here.show("studio/rehearse.html", **known | _looked(here, found, found.draft.design))
        except PlaybookError as wrong:  # a rehearsal beside other playbooks, and one of those does not load
            return here.show("studio/rehearse.html", **known | {"problem": wrong.problems[0]})
        finally:
            self._busy.release()


def _looked(here: Here, found: Open, design: Design) -> dict[str, Any]:
    paths = [p for p in found.draft.paths if p.startswith(f"{REHEARSALS}/") and p in found.files]
    texts = {path: found.files[path] for path in paths[:MOST_FILES]}
    stage = _stage(here, found, design, texts)
    outcomes: list[tuple[str, Outcome]] = []
    for path, text in texts.items():
        for n, outcome in enumerate(run_text(stage, path, text)):
            if len(outcomes) == MOST_RUN:
                break
            outcomes.append((f"{path}:{n + 1}", outcome))
    asked = here.asked("of")
    if asked == IMAGINED or (not asked and not outcomes):
        chosen = (IMAGINED, _imagined(stage, found.name, here.now, _ends(here)))
    elif asked:
        chosen = next(((key, one) for key, one in outcomes if key == asked), ("", None))  # type: ignore[assignment]  # refused below
        if not chosen[0]:
            raise NotFound("no such rehearsal")
    else:
        chosen = next(((key, one) for key, one in outcomes if not one.agrees), outcomes[0])
    told = _chosen(here, found, *chosen)
    picture = found.draft.picture
    first = next((one.moment.step for one in told.timeline if one.moment.step), None)
    return {
        "outcomes": outcomes, "chosen": told, "graph": _drawn(picture, first) if picture and told.timeline else "",
        "differ": sum(not one.agrees for _, one in outcomes), "cut": len(paths) - len(texts),
    }  # fmt: skip


def _stage(here: Here, found: Open, design: Design, texts: Mapping[str, str]) -> Stage:
    """The draft alone, which is quick; the whole folder where a rehearsal names playbooks beside it."""
    if any("\nbeside:" in text for text in texts.values()):
        design, files = authoring.load(here.settings.playbooks)
        return Stage(design, authoring.built_in(files))
    return Stage(design, authoring.built_in(found.files))


def _imagined(stage: Stage, name: str, now: datetime, ends: str) -> Outcome:
    """A story that nobody wrote: its first event comes, calls end as the form says, and time passes until nothing is left."""
    program = stage.program(name)
    clock = Clock.of(stage.home) or Clock.of(NO_CLOCK)
    assert clock is not None, "UTC is there"
    person = somebody(stage.home, program.purpose)
    event = min(program.starts_on)
    day = now.astimezone(clock.zone).date()
    tuesday = day + timedelta(days=(1 - day.weekday()) % 7 or 7)
    first = datetime.fromisoformat(f"{tuesday}T{BEGINS_AT}").replace(tzinfo=clock.zone)
    when: list[dict[str, Any]] = [{"at": f"Tue {tuesday} {BEGINS_AT}", "event": event}]
    if ends:
        when += [{"touchpoint": n.touchpoint, "ends": ends} for n in _calls(stage, name)]
    values = values_of(stage.events[event], clock, first) if event in stage.events else {}
    text = "\n".join(
        [
            f"playbook: {name}", f"subject: {subject_of(program)}", f"customer: {flow(person.model_dump(exclude_none=True))}",
            f"events: {flow({event: values})}", "rehearsals:", f"  - rehearsal: An imaginary customer ({REF})", "    when:",
            *(f"      - {flow(line)}" for line in when), "    then: nothing", "",
        ]
    )  # fmt: skip
    return next(run_text(stage, "an imaginary customer", text))


def _calls(stage: Stage, name: str) -> list[TouchNode]:
    return [n for n in stage.program(name).nodes.values() if isinstance(n, TouchNode) and n.channel == "call"]


def _chosen(here: Here, found: Open, key: str, outcome: Outcome) -> Chosen:
    if outcome.result is None:
        return Chosen(outcome, key, [(mark, line) for mark, line in difference(outcome)], [], 0, "")
    rules, loaded = found.draft.rules(), found.draft.loaded
    moments = steps_of(outcome.result)
    timeline: list[Shown] = []
    before: datetime | None = None
    for number, moment in enumerate(moments[:MOST_MOMENTS], start=1):
        timeline.append(Shown(moment, number, _far(before, moment.at), _words(rules, loaded, moment, here.now)))
        before = moment.at
    marked: list[tuple[str, str]] = [(m, line) for m, line in difference(outcome) if m != "head"]
    if key == IMAGINED:  # nobody wrote down what should come; only what staff could not do is worth a word
        marked = [("?", refused) for refused in outcome.result.refused]
    return Chosen(outcome, key, marked, timeline, len(moments) - len(timeline), outcome.result.scene.clock.zone.key)


def _words(rules: InUse, loaded: LoadedVersion, moment: Moment, now: datetime) -> Preview | None:
    """What went out at that moment, as it was received; None for other moments, and for other playbooks beside this one."""
    node = loaded.program.nodes.get(moment.step)
    if moment.rendered is None or not isinstance(node, TouchNode) or node.touchpoint != moment.touchpoint:
        return None
    return previewing.as_got(rules, loaded, node, moment.rendered, REF, now)


def _drawn(picture: Picture, chosen: NodeId | None) -> str:
    def nowhere(spot: Spot) -> str:
        return ""

    return draw(picture, nowhere, chosen=chosen)


def _far(before: datetime | None, at: datetime) -> str:
    """ "2 days later"; empty where no time passes."""
    if before is None or at - before < timedelta(minutes=1):
        return ""
    gone = at - before
    for unit, word in ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute")):
        if gone >= unit:
            n = round(gone / unit)
            return f"{n} {word if n == 1 else word + 's'} later"
    return ""


def _ends(here: Here) -> str:
    """How the imaginary customer's calls end; empty: nobody takes them."""
    asked = here.asked("ends")
    return asked if asked in STAFF_CODES and asked != "call_back" else ""
