"""The rehearsal files of a playbook folder, on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orchestrator import authoring
from orchestrator.errors import InputError, Problem, did_you_mean
from orchestrator.language.rehearsal import FOLDER
from orchestrator.rehearsal.stage import Stage

MOST_FILES = 2_000


def stage_of(folder: Path) -> Stage:
    """The folder's playbooks, ready to be rehearsed. Raises PlaybookError when they cannot be used."""
    design, files = authoring.load(folder)
    return Stage(design, authoring.built_in(files))


def files_of(folder: Path, named: Sequence[str] = ()) -> dict[Path, str]:
    """The rehearsal files that are named, by path, by folder or by playbook; all of the folder's when none is. With their texts."""
    everything = sorted((folder / FOLDER).glob("*.yaml"))
    if len(everything) > MOST_FILES:
        raise InputError(Problem(f"{len(everything)} files are more than {MOST_FILES}", "", str(folder / FOLDER)))
    if not named:
        return {path: _text(path) for path in everything}
    chosen: dict[Path, str] = {}
    for name in named:
        path = Path(name)
        if path.is_dir():
            chosen |= {one: _text(one) for one in sorted(path.glob("*.yaml"))}
        elif path.is_file():
            chosen[path] = _text(path)
        elif (found := {p: text for p in everything if _rehearses(text := _text(p), name)}) or (
            folder / f"{name}.yaml"
        ).is_file():
            chosen |= found
        else:
            playbooks = {p.stem for p in folder.glob("*.yaml")} - {"house-rules", "lifecycle"}
            hint = did_you_mean(name, playbooks | {p.stem for p in everything})
            raise InputError(Problem(f"there is no rehearsal file or playbook '{name}'", hint))
    return chosen


def _rehearses(text: str, playbook: str) -> bool:
    return any(line.split("#")[0].split() == ["playbook:", playbook] for line in text.splitlines())


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(Problem(f"byte {error.start} is not UTF-8", "save the file as UTF-8", str(path), 1, 1)) from None
    except OSError as error:
        raise InputError(Problem(f"cannot be read: {error.strerror}", "", str(path))) from None
