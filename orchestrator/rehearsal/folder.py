"""The rehearsal files of a playbook folder, on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orchestrator import authoring
from orchestrator.errors import InputError, Problem, did_you_mean
from orchestrator.language.rehearsal import FOLDER, head_of
from orchestrator.rehearsal.stage import Stage
from orchestrator.studio.folder import File, read_file

MOST_FILES = 2_000


def stage_of(folder: Path) -> Stage:
    """The folder's playbooks, ready to be rehearsed. Raises PlaybookError when they cannot be used."""
    design, files = authoring.load(folder)
    return Stage(design, authoring.built_in(files))


def files_of(folder: Path, named: Sequence[str] = ()) -> dict[Path, File]:
    """The rehearsal files that are named, by path, by folder or by playbook; all of the folder's when none is. As they are now."""
    everything = sorted((folder / FOLDER).glob("*.yaml"))
    if len(everything) > MOST_FILES:
        raise InputError(Problem(f"{len(everything)} files are more than {MOST_FILES}", "", str(folder / FOLDER)))
    if not named:
        return {path: _file(path) for path in everything}
    chosen: dict[Path, File] = {}
    for name in named:
        path = Path(name)
        if path.is_dir():
            chosen |= {one: _file(one) for one in sorted(path.glob("*.yaml"))}
        elif path.is_file():
            chosen[path] = _file(path)
        elif (found := _of_playbook(everything, name)) or (folder / f"{name}.yaml").is_file():
            chosen |= found
        else:
            playbooks = {p.stem for p in folder.glob("*.yaml")} - {"house-rules", "lifecycle"}
            hint = did_you_mean(name, playbooks | {p.stem for p in everything})
            raise InputError(Problem(f"there is no rehearsal file or playbook '{name}'", hint))
    return chosen


def _of_playbook(paths: Sequence[Path], playbook: str) -> dict[Path, File]:
    return {path: file for path in paths if head_of((file := _file(path)).text, "playbook") == (playbook,)}


def _file(path: Path) -> File:
    return read_file(path, str(path))
