"""The starter playbooks keep what their rehearsals say, and each has a story of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.language.design import load_design
from orchestrator.language.rehearsal import KINDS
from orchestrator.rehearsal.everything import run_text
from orchestrator.rehearsal.folder import files_of
from orchestrator.rehearsal.stage import Stage
from tests.rehearsal.conftest import STARTERS
from tests.rehearsal.stories import shown

FILES = {path: file.text for path, file in files_of(STARTERS).items()}
PLAYBOOKS = sorted(p.stem for p in STARTERS.glob("*.yaml") if p.stem not in ("lifecycle", "house-rules"))
CALLS = {"call", "voice", "voicemail"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_starter_does_what_its_rehearsals_say(stage: Stage, path: Path) -> None:
    outcomes = list(run_text(stage, str(path), FILES[path]))

    assert [shown(o) for o in outcomes if not o.agrees] == []


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_starter_has_a_story_of_every_kind(stage: Stage, playbook: str) -> None:
    outcomes = [o for path, text in FILES.items() for o in run_text(stage, str(path), text) if o.playbook == playbook]

    told = {kind for o in outcomes if o.result is not None for kind in o.result.scene.rehearsal.kinds}
    rings = any(node.channel in CALLS for node in stage.touchpoints(playbook).values())
    assert told == set(KINDS) - (set() if rings else {"voicemail"})


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_every_touchpoint_of_a_main_story_is_checked_for_its_words(stage: Stage, playbook: str) -> None:
    outcomes = [o for path, text in FILES.items() for o in run_text(stage, str(path), text) if o.playbook == playbook]

    said = {line.touchpoint for o in outcomes if o.result for _, _, line in o.result.scene.then if getattr(line, "says", None)}
    made = {g.touchpoint for o in outcomes if o.result for g in o.result.got if g.words}
    assert made == said


@pytest.mark.parametrize(
    ("playbook", "old", "new"),
    [
        ("quote-follow-up", "after: 2 business days", "after: 1 business day"),
        ("visit-reminder", "contact_window: reminders", "contact_window: office-hours"),
        ("invoice-reminders", "invoice.paid: goal", "invoice.paid: exit"),
        ("project-weekly-summary", 'at: "16:00"', 'at: "17:00"'),
        ("visit-hows-it-going", "after: 1 business day", "after: 1 day"),
    ],
)
def test_a_changed_starter_is_noticed(stage: Stage, playbook: str, old: str, new: str) -> None:
    path = f"{playbook}.yaml"
    changed = Stage(load_design({**stage.design.files, path: stage.design.files[path].replace(old, new)}), stage.ours)

    outcomes = list(run_text(changed, "x", FILES[STARTERS / "rehearsals" / path]))

    assert stage.design.files[path] != changed.design.files[path]
    assert [o for o in outcomes if not o.agrees]
