"""The studio's editor: a draft's files as text, what is wrong with them while somebody writes, its graph, and saving."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

from starlette.responses import JSONResponse, Response

from orchestrator.core.roles import Right
from orchestrator.errors import InputError, PlaybookError, Problem
from orchestrator.language.difference.stretches import stretches, unified
from orchestrator.language.system_events import BUILT_IN
from orchestrator.studio.completing import known, lifecycle
from orchestrator.studio.draft import RULES
from orchestrator.studio.folder import Conflict, File, ReadOnly
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.objects import DRAFT
from orchestrator.web.staff.routes import StaffRoutes
from orchestrator.web.staff.studio_parts import Open, as_values, counted, folder_of, opened, problem_of, save, wanted_file

WRITE = Right.WRITE_PLAYBOOKS
MOST_DIFFERENCE = 400  # lines of a conflict that are shown side by side
_FIRST = """\
# Say in a sentence what this playbook is for.

playbook: {name}
title: {title}
stage: {stage}
owner: {owner}
starts_on: {event}
gives_up_after: 30 days

steps:
  - wait: 1 day
"""
_FIRST_WORDS = {
    "emails": "---\nsubject: \n---\nHi {{ customer.first_name | default: \"there\" }},\n\n",
    "texts": "Hi {{ customer.first_name | default: \"there\" }}, \n",
    "scripts": "---\ntitle: \ngoal: \n---\n## Opening\n\n> \n",
    "voices": "Hello, \n",
    "voicemails": "Hello, this is {{ house.name }}. \n",
}  # fmt: skip


def add(routes: StaffRoutes) -> None:
    """Declare the pages."""
    routes.post("/playbooks", WRITE)(_new)
    routes.get("/playbooks/{draft}/edit", WRITE, about="draft")(_edit)
    routes.post("/playbooks/{draft}/check", WRITE, about="draft")(_check)
    routes.post("/playbooks/{draft}/save", WRITE, about="draft")(_save)


def _new(here: Here) -> Response:
    """A new playbook: a file with its first lines."""
    name = "-".join(here.form.get("name", "").lower().split())
    if not DRAFT.fullmatch(name) or len(name) > 80:
        raise InputError(Problem("a playbook needs a name of small letters, digits and hyphens", "such as roof-check"))
    if name in RULES or name in BUILT_IN:
        raise InputError(Problem(f"'{name}' has a meaning of its own", "give yours another name"))
    folder = folder_of(here)
    life = lifecycle(folder.files())
    event = next(iter(life.events), "quote.sent") if life else "quote.sent"
    stage = life.events[event].stage if life and event in life.events else "quote"
    title = name.replace("-", " ").capitalize()
    text = _FIRST.format(name=name, title=title, stage=stage, owner=here.visitor.name, event=event)
    try:
        save(here, name, f"{name}.yaml", text, "", f"began the playbook {name}")
    except Conflict:
        raise InputError(Problem(f"there is a playbook '{name}' already", "give yours another name")) from None
    except ReadOnly as wrong:
        raise InputError(problem_of(wrong)) from None
    return here.go(f"/playbooks/{name}/edit")


def _edit(here: Here, draft: str) -> Response:
    found = opened(here, draft)
    path = wanted_file(found, here.asked("file"))
    file = found.folder.read(path)
    text = file.text if file.is_there else _FIRST_WORDS.get(path.partition("/")[0], "")
    return _page(here, found, path, text, file.mark, saved=file.is_there)


def _check(here: Here, draft: str) -> Response:
    """What is wrong with a text that is being written, and the graph that it makes. Nothing is kept.

    While somebody types, the page asks for what can be told soon; when they rest, for all of it.
    """
    path, text = here.form.get("file", ""), _text(here)
    found = opened(here, draft, {path: text} if path else None, soon=here.form.get("soon") == "1", part=True)
    wanted_file(found, path)
    return JSONResponse(_looked(found, path))


def _save(here: Here, draft: str) -> Response:
    """Save a file; or, for browsers without scripts, only look for mistakes in it."""
    path, text, seen = here.form.get("file", ""), _text(here), here.form.get("seen", "")
    found = opened(here, draft, {path: text} if path else None)
    if not path or "text" not in here.form:
        raise InputError(Problem("there is nothing to save", "go back and try again"))
    wanted_file(found, path)
    if here.form.get("do") == "look":
        return _page(here, found, path, text, seen, saved=False)
    by_script = here.request.headers.get("accept") == "application/json"
    try:
        before = found.folder.read(path)
        if before.mark != seen:
            raise Conflict(before)
        file = save(here, draft, path, text, seen, _what_changed(path, before.text, text))
    except Conflict as conflict:
        if by_script:
            return JSONResponse({"conflict": True}, 409)
        return _page(here, found, path, text, conflict.now.mark, saved=False, status=409, theirs=conflict.now)
    except (ReadOnly, PlaybookError) as wrong:
        if by_script:
            return JSONResponse({"problem": str(problem_of(wrong))}, 422)
        return _page(here, found, path, text, seen, saved=False, status=422, problem=problem_of(wrong))
    if by_script:
        return JSONResponse({"mark": file.mark, **_looked(opened(here, draft, soon=True, part=True), path)})
    return here.go(f"/playbooks/{draft}/edit?file={path}")


def _looked(found: Open, path: str) -> dict[str, Any]:
    findings = found.draft.findings
    return {"findings": as_values(findings, path), "said": counted(findings), "graph": found.graph, "loads": found.draft.loads}


def _page(
    here: Here, found: Open, path: str, text: str, mark: str, *, saved: bool, status: int = 200, theirs: File | None = None,
    problem: Problem | None = None,
) -> Response:  # fmt: skip
    """The editor. theirs: what somebody else saved meanwhile."""
    findings = found.draft.findings
    return here.show(
        "studio/edit.html", status, open=found, file=path, text=text, mark=mark, saved=saved, problem=problem, theirs=theirs,
        findings=as_values(findings, path), said=counted(findings), graph=found.graph, known=known(found.files, found.draft, path),
        difference=_difference(theirs.text, text) if theirs else [], there={p: p in found.files for p in found.draft.paths},
    )  # fmt: skip


def _difference(theirs: str, yours: str) -> list[tuple[str, str]]:
    """(" ", "-" or "+", line): where what is there now differs from what somebody wrote."""
    found = unified(theirs.splitlines(), yours.splitlines(), "", "")
    lines = [(" ", "…") if line[0] == "@" else (line[0], line[1:]) for line in islice(found, 2, None)]
    more = len(lines) - MOST_DIFFERENCE
    return [*lines[:MOST_DIFFERENCE], (" ", f"… and {more:,} more lines")] if more > 0 else lines


def _text(here: Here) -> str:
    """What was typed. Browsers send line breaks as \\r\\n."""
    return re.sub(r"\r\n?", "\n", here.form.get("text", ""))


def _what_changed(path: str, before: str, after: str) -> str:
    """For the audit trail: how much, and none of the words."""
    if not before:
        return f"wrote {path}"
    changed = sum(max(b - a, d - c) for a, b, c, d in stretches(before.splitlines(), after.splitlines()))
    return f"changed {path}, {changed} {'line' if changed == 1 else 'lines'}"
