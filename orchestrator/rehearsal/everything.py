"""All rehearsals of a folder, or of some files: each with what differs, or with what is wrong about its file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.errors import PlaybookError, Problem
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
        return self.result is not None and all(p.agrees for p in self.pairs) and not self.cannot_be

    @property
    def cannot_be(self) -> bool:
        """Whether something that its `when` says cannot happen or never came: whatever it expects, it does not agree."""
        return self.result is not None and bool(self.result.unused or self.result.refused)

    @property
    def differences(self) -> Sequence[Pair]:
        """What is not as the file says."""
        return [pair for pair in self.pairs if not pair.agrees]


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
