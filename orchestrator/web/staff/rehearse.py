"""Rehearsals of a draft: each one run and held against its file, and a timeline to step through with the words that went out.

Nobody is contacted. What is written are the rehearsals themselves, once somebody has said that what came is right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from orchestrator import authoring, previewing
from orchestrator.core.roles import Right
from orchestrator.drawing import draw
from orchestrator.errors import NotFound, PlaybookError, Problem
from orchestrator.language.design import Design, LoadedVersion
from orchestrator.language.dispositions import LABELS, STAFF_CODES
from orchestrator.language.picture import Picture, Spot
from orchestrator.language.program import NodeId, TouchNode
from orchestrator.language.rehearsal import head_of
from orchestrator.previewing import Preview
from orchestrator.rehearsal.clocks import NO_CLOCK, Clock
from orchestrator.rehearsal.everything import Outcome, run_text
from orchestrator.rehearsal.imagining import REF, somebody, subject_of, values_of
from orchestrator.rehearsal.printing import difference
from orchestrator.rehearsal.stage import Stage
from orchestrator.rehearsal.updating import updated
from orchestrator.rehearsal.watching import Moment
from orchestrator.rehearsal.writing import flow
from orchestrator.rulebook import InUse
from orchestrator.studio.folder import REHEARSALS, Conflict, File, ReadOnly, read_file
from orchestrator.studio.rehearsals import New, file_for, shown, taken
from orchestrator.web.staff.at_once import ONE
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes
from orchestrator.web.staff.studio_parts import Open, opened, problem_of, save

MOST_FILES = 10  # of rehearsals, on one page; a file has 200 at most
MOST_RUN = 200  # a rehearsal takes a few milliseconds
MOST_BESIDE = 40  # on a page that is about something else
MOST_MOMENTS = 300
IMAGINED = "imagined"  # in place of a file: a customer who is nobody
IMAGINARY = "an imaginary customer"  # in place of its path
BEGINS_AT = "10:00"  # on the next Tuesday: nothing about that moment is special


def add(routes: StaffRoutes) -> None:
    """Declare the pages."""
    routes.get("/playbooks/{draft}/rehearse", Right.WRITE_PLAYBOOKS, about="draft")(_look)
    routes.post("/playbooks/{draft}/rehearse/take", Right.WRITE_PLAYBOOKS, about="draft")(_take)
    routes.post("/playbooks/{draft}/rehearse/keep", Right.WRITE_PLAYBOOKS, about="draft")(_keep)


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


@dataclass(frozen=True, slots=True)
class Played:
    """The rehearsals of a draft that one page runs."""

    stage: Stage
    files: Mapping[str, File]  # theirs, as they were read
    outcomes: Sequence[tuple[str, Outcome]]  # each with its key: the file, and which of it
    cut: int  # files that are not run

    @property
    def differ(self) -> int:
        """How many do not go as their file says."""
        return sum(not one.agrees for _, one in self.outcomes)


def differing(here: Here, found: Open) -> tuple[int, int]:
    """How many rehearsals of a draft go another way than their file says, and how many were run.

    For a page that is about something else: no more than a fraction of a second, and (0, 0) when they would take longer, or while
    another long piece of work runs.
    """
    paths = _files_of(found)
    if found.draft.design is None or not 0 < len(paths) <= MOST_FILES or not ONE.acquire(blocking=False):
        return 0, 0
    try:
        played = _played(here, found, found.draft.design, MOST_BESIDE + 1)
    except PlaybookError:  # the page says itself what does not load
        return 0, 0
    finally:
        ONE.release()
    return (played.differ, len(played.outcomes)) if len(played.outcomes) <= MOST_BESIDE else (0, 0)


def _look(here: Here, draft: str) -> Response:
    return _page(here, _rehearsed(here, draft))


def _take(here: Here, draft: str) -> Response:
    """What came is right: the file of one rehearsal, or of all that differ, says it from now on."""
    found = _rehearsed(here, draft)
    asked = here.form.get("of", "")

    def new(design: Design) -> Sequence[New]:
        played = _played(here, found, design)
        return taken(played.files, [one for key, one in played.outcomes if not asked or key == asked])

    return _written(here, found, new, f"?{urlencode({'of': asked} if asked else {})}", "took over what came in")


def _keep(here: Here, draft: str) -> Response:
    """What the imaginary customer went through becomes a rehearsal."""
    found = _rehearsed(here, draft)

    def new(design: Design) -> Sequence[New]:
        _, text = _imagined(_played(here, found, design).stage, found.name, here.now, _ends(here))
        return [New(kept := file_for(found.name), found.folder.read(kept), text)] if text else []

    return _written(here, found, new, f"?{urlencode({'of': f'{file_for(draft)}:1'})}", "wrote the rehearsal")


def _rehearsed(here: Here, draft: str) -> Open:
    found = opened(here, draft)
    if not found.is_playbook:
        raise NotFound("house rules and the lifecycle do nothing by themselves")
    return found


def _written(here: Here, found: Open, new: Callable[[Design], Sequence[New]], back: str, did: str) -> Response:
    """Write what the page showed, and nothing else: had the playbook or a file changed meanwhile, something else would come of it."""
    if found.draft.design is None:
        return _page(here, found)
    if not ONE.acquire(timeout=3):
        return _page(here, found, 503, busy=True)
    try:
        files = new(found.draft.design)
    except PlaybookError:
        return _page(here, found, 422)
    finally:
        ONE.release()
    if not files or here.form.get("shown") != shown(files):
        changed = Problem(
            "The playbook or its rehearsals changed while you looked, and nothing was written", "this is how it stands now"
        )
        return _page(here, found, 409, changed)
    for done, file in enumerate(files):
        try:
            save(here, found.name, file.path, file.text, file.was.mark, f"{did} {file.path}")
        except (Conflict, ReadOnly) as wrong:
            left = f"; {done} of {len(files)} files are written" if done else ""
            if isinstance(wrong, Conflict):
                problem = Problem(f"Somebody saved {file.path} in this very moment{left}", "look again, then decide")
            else:
                problem = problem_of(wrong)
            return _page(here, _rehearsed(here, found.name), 409 if isinstance(wrong, Conflict) else 422, problem)
    return here.go(f"/playbooks/{found.name}/rehearse{back}{'&' if len(back) > 1 else ''}done=1")


def _page(here: Here, found: Open, status: int = 200, problem: Problem | None = None, *, busy: bool = False) -> Response:
    """One run at a time in this process: it takes a processor, and the desk needs one too."""
    known: dict[str, Any] = {
        "open": found, "outcomes": [], "chosen": None, "graph": "", "busy": busy, "imagined": IMAGINED, "cut": 0,
        "endings": [(code, LABELS[code]) for code in STAFF_CODES if code != "call_back"], "ends": _ends(here), "problem": problem,
        "done": here.asked("done") == "1",
    }  # fmt: skip
    if found.draft.design is None or busy:
        return here.show("studio/rehearse.html", status, **known)
    if not ONE.acquire(timeout=3):
        return here.show("studio/rehearse.html", 503, **known | {"busy": True})
    try:
        return here.show("studio/rehearse.html", status, **known | _looked(here, found, found.draft.design))
    except PlaybookError as wrong:  # a rehearsal beside other playbooks, and one of those does not load
        return here.show("studio/rehearse.html", status, **known | {"problem": problem or wrong.problems[0]})
    finally:
        ONE.release()


def _looked(here: Here, found: Open, design: Design) -> dict[str, Any]:
    played = _played(here, found, design)
    outcomes, asked, kept = played.outcomes, here.asked("of"), ""
    if asked == IMAGINED or (not asked and not outcomes):
        outcome, kept = _imagined(played.stage, found.name, here.now, _ends(here))
        key = IMAGINED
    elif asked:
        key, outcome = next(((key, one) for key, one in outcomes if key == asked), ("", None))  # type: ignore[assignment]  # refused below
        if not key:
            raise NotFound("no such rehearsal")
    else:
        key, outcome = next(((key, one) for key, one in outcomes if not one.agrees), outcomes[0])
    told = _chosen(here, found, key, outcome)
    picture = found.draft.picture
    first = next((one.moment.step for one in told.timeline if one.moment.step), None)
    path = file_for(found.name)
    can_keep = kept and path not in found.files and not found.why_read_only
    all_of_them, this = taken(played.files, [one for _, one in outcomes]), taken(played.files, [outcome])
    return {
        "outcomes": outcomes, "chosen": told, "graph": _drawn(picture, first) if picture and told.timeline else "",
        "differ": played.differ, "cut": played.cut, "stays": outcome.cannot_be and key != IMAGINED,
        "all": (shown(all_of_them), sum(bool(one.differences) and not one.cannot_be for _, one in outcomes)) if all_of_them else None,
        "this": shown(this) if this else "", "keep": (path, shown([New(path, found.folder.read(path), kept)])) if can_keep else None,
    }  # fmt: skip


def _files_of(found: Open) -> list[str]:
    return [p for p in found.draft.paths if p.startswith(f"{REHEARSALS}/") and p in found.files]


def _played(here: Here, found: Open, design: Design, most: int = MOST_RUN) -> Played:
    paths = _files_of(found)
    files = {path: read_file(found.folder.path / path, path) for path in paths[:MOST_FILES]}
    texts = {path: file.text for path, file in files.items()}
    stage = _stage(here, found, design, texts)
    every = ((f"{path}:{n}", one) for path, text in texts.items() for n, one in enumerate(run_text(stage, path, text), start=1))
    return Played(stage, files, list(islice(every, most)), len(paths) - len(files))


def _stage(here: Here, found: Open, design: Design, texts: Mapping[str, str]) -> Stage:
    """The draft alone, which is quick; the whole folder where a rehearsal names playbooks beside it."""
    if any(head_of(text, "beside") for text in texts.values()):
        design, files = authoring.load(here.settings.playbooks)
        return Stage(design, authoring.built_in(files))
    return Stage(design, authoring.built_in(found.files))


def _imagined(stage: Stage, name: str, now: datetime, ends: str) -> tuple[Outcome, str]:
    """A story that nobody wrote: its first event comes, calls end as the form says, and time passes until nothing is left.

    And the same as a file that expects just that; empty when calls cannot end so.
    """
    program = stage.program(name)
    clock = Clock.of(stage.home) or Clock.of(NO_CLOCK)
    assert clock is not None, "UTC is there"
    person = somebody(stage.home, program.purpose)
    event = min(program.starts_on)
    day = now.astimezone(clock.zone).date()
    tuesday = day + timedelta(days=(1 - day.weekday()) % 7 or 7)
    first = datetime.fromisoformat(f"{tuesday}T{BEGINS_AT}").replace(tzinfo=clock.zone)
    values = values_of(stage.events[event], clock, first) if event in stage.events else {}

    def text(calls: Sequence[str]) -> str:
        when = [{"at": f"Tue {tuesday} {BEGINS_AT}", "event": event}, *({"touchpoint": one, "ends": ends} for one in calls)]
        return "\n".join(
            [
                "# Written from what came of an imaginary customer. Change what is not as it should be.", "",
                f"playbook: {name}", f"subject: {subject_of(program)}", f"customer: {flow(person.model_dump(exclude_none=True))}",
                f"events: {flow({event: values})}", "rehearsals:", f"  - rehearsal: An imaginary customer ({REF})", "    when:",
                *(f"      - {flow(line)}" for line in when), "    then: nothing", "",
            ]
        )  # fmt: skip

    calls = [node.touchpoint for node in _calls(stage, name)] if ends else []
    outcome = next(run_text(stage, IMAGINARY, text(calls)))
    if outcome.result is not None and (never := {one.touchpoint for one in outcome.result.unused}):
        calls = [one for one in calls if one not in never]  # such a call is never reached when the others end so
        outcome = next(run_text(stage, IMAGINARY, text(calls)))
    written = text(calls)
    return outcome, updated(written, [outcome]) if outcome.result is not None and not outcome.cannot_be else ""


def _calls(stage: Stage, name: str) -> list[TouchNode]:
    return [n for n in stage.program(name).nodes.values() if isinstance(n, TouchNode) and n.channel == "call"]


def _chosen(here: Here, found: Open, key: str, outcome: Outcome) -> Chosen:
    if outcome.result is None:
        return Chosen(outcome, key, [(mark, line) for mark, line in difference(outcome)], [], 0, "")
    rules, loaded = found.draft.rules(), found.draft.loaded
    moments = outcome.result.moments
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
    asked = here.form.get("ends") or here.asked("ends")
    return asked if asked in STAFF_CODES and asked != "call_back" else ""
