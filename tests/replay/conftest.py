"""The two public logs, each replayed once for all tests that look at what came of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from orchestrator.replay.play import Summary
from tests.replay.cases import LOGS, play


@pytest.fixture(scope="session")
def replayed(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Summary, Path]]:
    """The replay of a design's log by the engine: what it counted, and its ledger."""
    folder = tmp_path_factory.mktemp("replay")

    @cache
    def replay(design: str) -> tuple[Summary, Path]:
        ledger = folder / f"{design}.jsonl"
        return play(design, samples / LOGS[design], ledger), ledger

    return replay
