"""What is wrong with rehearsal files, as findings: before anything is rehearsed, and without rehearsing anything."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from orchestrator.errors import PlaybookError
from orchestrator.language.design import Design
from orchestrator.language.rehearsal import FOLDER, head_of, read_rehearsals
from orchestrator.lint.finding import Finding
from orchestrator.lint.loading import as_findings
from orchestrator.rehearsal.checking import read_scenes
from orchestrator.rehearsal.stage import Stage

CANNOT_BE_PLAYED = "TP017"


def mistakes(files: Mapping[str, str], design: Design | None, unread: Collection[str] = ()) -> Iterator[Finding]:
    """What keeps the rehearsals among these files (path relative to the playbooks folder -> text) from being played.

    design: the playbooks; None while they cannot be loaded. unread: playbooks that have a file and are not in the design. A file that
    names what could not be loaded is read for itself alone: whether its names exist is not known.
    """
    stage = None if design is None else Stage(design)
    for path, text in files.items():
        if not path.startswith(f"{FOLDER}/"):
            continue
        about, beside = head_of(text, "playbook"), head_of(text, "beside")
        for finding in _of_one(path, text, None if any(name in unread for name in (*about, *beside)) else stage):
            yield replace(finding, playbook="".join(about[:1]), beside=beside)


def _of_one(path: str, text: str, stage: Stage | None) -> Iterator[Finding]:
    try:
        read_rehearsals(text, path)
    except PlaybookError as wrong:
        yield from as_findings(wrong.problems)
        return
    try:
        if stage is not None:
            read_scenes(text, path, stage)
    except PlaybookError as wrong:
        yield from (replace(finding, code=CANNOT_BE_PLAYED) for finding in as_findings(wrong.problems))
