"""What lint proves wrong cannot be published; what it only doubts can."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, cast

import pytest

from orchestrator import authoring
from orchestrator.errors import PlaybookError
from orchestrator.language.design import load_design
from orchestrator.lint.lint import refuse
from orchestrator.parts import Parts
from tests.lint.designs import STARTERS, files, planted


class NoDatabase:
    """Parts that nobody may touch."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"publishing went on to {name}")


def test_publishing_refuses_an_error_before_anything_is_written(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(STARTERS, tmp_path / "playbooks"))
    (folder / "contradiction.yaml").write_text(planted("01-contradiction.yaml"))

    with pytest.raises(PlaybookError) as refused:
        authoring.publish(cast(Parts, NoDatabase()), folder, "ari")

    (problem,) = refused.value.problems
    assert str(problem).startswith("contradiction.yaml:17:13: TP101: 'small' is never reached")
    assert "quote.sent → event.amount >= 1000 is true → large: sent" in str(problem)


def test_an_error_of_another_playbook_does_not_hold_this_one_back() -> None:
    design = load_design({**files(planted("01-contradiction.yaml")), "fine.yaml": _fine()})

    refuse(design, ["fine"])
    with pytest.raises(PlaybookError):
        refuse(design, ["fine", "contradiction"])


def test_a_warning_can_be_published() -> None:
    refuse(load_design(files(planted("12-nothing-ends-it.yaml"))))


def _fine() -> str:
    return planted("12-nothing-ends-it.yaml").replace("playbook: nothing-ends-it", "playbook: fine")
