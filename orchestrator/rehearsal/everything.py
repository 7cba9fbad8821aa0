"""All rehearsals of a folder, or of some files: each with what differs, or with what is wrong about its file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.errors import PlaybookError, Problem
from orchestrator.language.design import Design
from orchestrator.language.rehearsal import FOLDER
from orchestrator.rehearsal.checking import Scene, read_scenes
from orchestrator.rehearsal.differing import Pair, compare
from orchestrator.rehearsal.running import Result, run
from orchestrator.rehearsal.stage import Stage


@dataclass(frozen=True, slots=True)
class Outcome:
    """One rehearsal that was run; or a file that cannot be used, with its problems."""

    path: str
    line: int
    title: str
    playbook: str = ""
    result: Result | None = None
    pairs: Sequence[Pair] = ()
    problems: Sequence[Problem] = ()  # of the whole file; then nothing of it was run

    @property
    def agrees(self) -> bool:
        """Whether exactly what the file says came."""
        result = self.result
        return result is not None and all(p.agrees for p in self.pairs) and not result.unused and not result.refused

    @property
    def differences(self) -> Sequence[Pair]:
        """What is not as the file says."""
        return [pair for pair in self.pairs if not pair.agrees]


def rehearsals_in(files: Mapping[str, str]) -> dict[str, str]:
    """The rehearsal files among those of a playbook folder."""
    return {
        path: text for path, text in sorted(files.items())
        if path.startswith(f"{FOLDER}/") and path.endswith(".yaml") and not path.rpartition("/")[2].startswith(".")
    }  # fmt: skip


def run_texts(design: Design, texts: Mapping[str, str], ours: Design | None = None) -> list[Outcome]:
    """Every rehearsal of these files (path -> text), on this design; `ours`: the playbooks of the system itself."""
    stage = Stage(design, ours)
    return [outcome for path, text in texts.items() for outcome in run_text(stage, path, text)]


def run_text(stage: Stage, path: str, text: str) -> Iterator[Outcome]:
    """The rehearsals of one file, one after the other."""
    scenes = read_text(stage, path, text)
    if isinstance(scenes, Outcome):
        yield scenes
        return
    for scene in scenes:
        yield run_scene(stage, path, scene)


def read_text(stage: Stage, path: str, text: str) -> Sequence[Scene] | Outcome:
    """What is to be played; or what is wrong with the file."""
    try:
        return read_scenes(text, path, stage)
    except PlaybookError as wrong:
        return Outcome(path, wrong.problems[0].line, "", problems=wrong.problems)


def run_scene(stage: Stage, path: str, scene: Scene) -> Outcome:
    """One rehearsal, compared with what its file says."""
    result = run(stage, scene)
    return Outcome(path, scene.line, scene.rehearsal.rehearsal, scene.file.playbook, result, compare(result))
