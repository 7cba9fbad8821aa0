"""Rehearsal files as the studio writes them: what came in place of what they expect, and a first one for a playbook that has none."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.rehearsal.everything import Outcome
from orchestrator.rehearsal.updating import updated
from orchestrator.studio.folder import REHEARSALS, File


@dataclass(frozen=True, slots=True)
class New:
    """A file as it would be written."""

    path: str
    was: File  # as it was read
    text: str


def taken(files: Mapping[str, File], outcomes: Sequence[Outcome]) -> list[New]:
    """The files that change when these rehearsals expect what came; those whose `when` cannot be stay as they are.

    files: as the outcomes were run from them.
    """
    new = [New(path, file, updated(file.text, [one for one in outcomes if one.path == path])) for path, file in files.items()]
    return [one for one in new if one.text != one.was.text]


def file_for(playbook: str) -> str:
    """Where the first rehearsal of a playbook stands."""
    return f"{REHEARSALS}/{playbook}.yaml"


def shown(files: Sequence[New]) -> str:
    """A mark of what would be written over what: another one as soon as a file, or what comes of the playbook, is another."""
    mark = hashlib.sha256()
    for one in files:
        for said in (one.path, one.was.mark, one.text):
            mark.update(hashlib.sha256(said.encode()).digest())
    return mark.hexdigest()
