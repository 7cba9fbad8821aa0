"""The starter playbooks, ready to be rehearsed."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.rehearsal.folder import stage_of
from orchestrator.rehearsal.stage import Stage

STARTERS = Path(__file__).resolve().parents[2] / "playbooks"


@pytest.fixture(scope="session")
def stage() -> Stage:
    return stage_of(STARTERS)
