"""The studio's forms: a delay, a window, a wording and the order of steps, for people who never want to see the file.

The file stays the source: a form changes the few lines that it is about (studio/edits.py), and saves only what loads as well as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from orchestrator.core.roles import Right
from orchestrator.errors import InputError, NotFound, PlaybookError, Problem
from orchestrator.language.source import read_yaml
from orchestrator.lint.finding import Finding
from orchestrator.studio.completing import house_rules, moments
from orchestrator.studio.draft import RULES, also_said_by
from orchestrator.studio.draft import draft as looked_at
from orchestrator.studio.folder import Conflict, ReadOnly
from orchestrator.studio.steps import HOW, UNITS, Filled, Step, changed, moved, read_timing, step_at, steps_of
from orchestrator.studio.tree import EditError
from orchestrator.studio.words import LINES, NEEDED, word_form, written
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes
from orchestrator.web.staff.studio_parts import Open, opened, problem_of, save, wanted_file

WRITE = Right.WRITE_PLAYBOOKS
REFUSED = (InputError, EditError, Conflict, ReadOnly)  # what a form says above its fields


def add(routes: StaffRoutes) -> None:
    """Declare the pages."""
    routes.get("/playbooks/{draft}/steps", WRITE, about="draft")(_steps)
    routes.post("/playbooks/{draft}/steps/move", WRITE, about="draft")(_move)
    routes.get("/playbooks/{draft}/steps/one", WRITE, about="draft")(_one)
    routes.post("/playbooks/{draft}/steps/one", WRITE, about="draft")(_change)
    routes.post("/playbooks/{draft}/words", WRITE, about="draft")(_say)


def _steps(here: Here, draft: str) -> Response:
    return _list(here, _playbook(here, draft))


def _move(here: Here, draft: str) -> Response:
    found = _playbook(here, draft)
    try:
        file = found.folder.read(found.draft.path)
        step = step_at(file.text, here.form.get("at", ""))
        up = here.form.get("way") == "up"
        text = moved(file.text, step, up=up)
        _check(found, found.draft.path, text)
        said = f"moved step {step.number} of {draft} {'up' if up else 'down'}"
        save(here, draft, found.draft.path, text, here.form.get("seen", ""), said)
    except NotFound:
        return _list(here, found, Problem("that step is not there any more", "look at the list again"), 409)
    except REFUSED as wrong:
        return _list(here, found, problem_of(wrong), _status(wrong))
    # Its number is looked up: numbers count the steps within a step, too.
    there = ".".join(map(str, (*step.loc[:-1], int(step.loc[-1]) + (-1 if up else 1))))
    return here.go(f"/playbooks/{draft}/steps?done=1#s{step_at(text, there).number}")


def _one(here: Here, draft: str) -> Response:
    found = _playbook(here, draft)
    file = found.folder.read(found.draft.path)
    return _form(here, found, step_at(file.text, here.asked("at")), file.mark)


def _change(here: Here, draft: str) -> Response:
    """A step as the form says. On a conflict the form comes again on top of what the file says now."""
    found = _playbook(here, draft)
    path = found.draft.path
    file = found.folder.read(path)
    if "at" not in here.form:
        raise InputError(Problem("it is not said which step", "go back and choose one"))
    step = step_at(file.text, here.form["at"])
    if step.kind != here.form.get("kind") or step.said.get("touchpoint", "") != here.form.get("named", ""):
        problem = Problem("another step stands here now: somebody changed the order", "look at the list and choose it again")
        return _list(here, found, problem, 409)
    try:
        filled = _filled(here, step)
        if file.mark != here.form.get("seen"):
            raise Conflict(file)
        text = changed(file.text, step, filled)
        _check(found, path, text)
        save(here, draft, path, text, file.mark, f"changed step {step.number} of {draft} by form")
    except REFUSED as wrong:
        return _form(here, found, step, file.mark, problem_of(wrong), _status(wrong), here.form)
    return here.go(f"/playbooks/{draft}/steps/one?{urlencode({'at': step.key, 'done': 1})}")


def _say(here: Here, draft: str) -> Response:
    """The words of a step."""
    found = _playbook(here, draft)
    if "file" not in here.form or "body" not in here.form:
        raise InputError(Problem("there are no words", "go back and write some"))
    path = wanted_file(found, here.form["file"])
    step = step_at(found.files[found.draft.path], here.form.get("at", ""))
    if step.words != path:
        raise NotFound("the step says something else")
    file = found.folder.read(path)
    try:
        lines = {key: here.form[f"line-{key}"] for key, _ in LINES[step.channel] if f"line-{key}" in here.form}
        if file.mark != here.form.get("seen"):
            raise Conflict(file)
        text = written(path, file.text, lines, here.form["body"])
        _check(found, path, text)
        save(here, draft, path, text, file.mark, f"changed the words in {path} by form")
    except REFUSED as wrong:
        mark = found.folder.read(found.draft.path).mark
        return _form(here, found, step, mark, problem_of(wrong), _status(wrong), {}, here.form)
    return here.go(f"/playbooks/{draft}/steps/one?{urlencode({'at': step.key, 'done': 1})}")


def _playbook(here: Here, name: str) -> Open:
    """A draft whose steps can be listed. Raises PlaybookError, which says what to mend, when its text is no YAML."""
    if name in RULES:
        raise NotFound("they have no steps")
    found = opened(here, name)
    read_yaml(found.files[found.draft.path], found.draft.path)
    return found


def _list(here: Here, found: Open, problem: Problem | None = None, status: int = 200) -> Response:
    file = found.folder.read(found.draft.path)
    return here.show(
        "studio/steps.html", status, open=found, steps=steps_of(file.text), mark=file.mark, problem=problem,
        done=here.asked("done") == "1",
    )  # fmt: skip


def _form(
    here: Here, found: Open, step: Step, mark: str, problem: Problem | None = None, status: int = 200,
    typed: Mapping[str, str] | None = None, typed_words: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    """One step as a form, and its words as another. typed: what somebody filled in and what could not be saved."""
    if not step.changeable:
        raise InputError(Problem("there is no form for this step", "change it in the text"))
    rules = house_rules(found.files)
    words: dict[str, Any] | None = None
    if step.words and step.words in found.files:
        try:
            words = {
                "form": word_form(step.words, found.files[step.words]), "mark": found.folder.read(step.words).mark,
                "lines": LINES[step.channel], "needed": NEEDED, "others": also_said_by(found.files, step.words, found.name),
            }  # fmt: skip
        except PlaybookError:
            words = None  # its first lines are no YAML: the page leads to the text
    return here.show(
        "studio/step.html", status, open=found, step=step, mark=mark, problem=problem, typed=typed or {}, typed_words=typed_words or {},
        words=words, units=UNITS, how=_hows(step), moments=_moments(found, step), values=found.draft.values,
        windows=list(rules.contact_windows) if rules else [], queues=list(rules.queues) if rules else [],
        done=here.asked("done") == "1",
    )  # fmt: skip


def _filled(here: Here, step: Step) -> Filled:
    """What was typed into the fields of a step. Raises InputError."""
    form = here.form
    timing = read_timing(
        form.get("how", "at once"), form.get("count", ""), form.get("unit", "days"), form.get("field", ""), form.get("time", "")
    )
    attempts = None
    if step.is_call and form.get("tries", "").strip():
        if not form["tries"].strip().isdigit() or not 0 <= int(form["tries"]) <= 20:
            raise InputError(Problem("the number of tries is a whole number up to 20", "0 when nothing is to be said about it"))
        tries = int(form["tries"])
        apart = (
            read_timing("after", form.get("apart", "1"), form.get("apart-unit", "days"), "", "") if tries else step.attempts[1]
        )
        attempts = (tries, apart)
    contact = step.kind == "touchpoint"
    return Filled(
        timing,
        title=" ".join(form["title"].split()) if contact and "title" in form else None,
        contact_window=form.get("window") if contact else None,
        queue=form.get("queue") if step.channel == "call" else None,
        attempts=attempts,
    )


def _check(found: Open, path: str, text: str) -> None:
    """A form makes no new mistake. Raises InputError with the first."""
    after = looked_at({**found.files, path: text}, found.name)
    known = {_same(finding) for finding in found.draft.findings}
    for finding in after.findings:
        if finding.severity == "error" and _same(finding) not in known:
            raise InputError(Problem(finding.message, finding.fix))


def _same(finding: Finding) -> tuple[str, str, str]:
    """What makes it the same finding on another line."""
    return finding.code, finding.file, finding.message


def _hows(step: Step) -> list[tuple[str, str]]:
    """The timings to choose from, with their words."""
    first = step.loc == ("steps", 0)
    said = {
        "at once": "as soon as it is reached", "after": "so long after the event" if first else "so long after the step before",
        "before event": "so long before a date of the event", "at event": "at a date of the event",
        "after event": "so long after a date of the event", "as written": "as the text says",
    }  # fmt: skip
    if step.kind == "wait":
        said |= {"after": "for so long", "before event": "until so long before a date of the event"}
        said |= {"at event": "until a date of the event", "after event": "until so long after a date of the event"}
    shown = [how for how in HOW if how != "as written" or step.timing.how == how]
    if step.kind == "wait_for":
        shown = ["after"] if step.timing.how == "after" else ["after", "as written"]
        said["after"] = "at most so long"
    return [(how, said[how]) for how in shown if not (step.kind == "wait" and how == "at once")]


def _moments(found: Open, step: Step) -> list[str]:
    data = read_yaml(found.files[found.draft.path], found.draft.path).data
    starts = data.get("starts_on")
    known = moments(found.files, [str(one) for one in starts] if isinstance(starts, list) else [str(starts)])
    return known if not step.timing.field or step.timing.field in known else [step.timing.field, *known]


def _status(wrong: Exception) -> int:
    return 409 if isinstance(wrong, Conflict) else 422
