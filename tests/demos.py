"""Demos as people run them: one that has ended and left its folder, and one whose server is running."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.config import Settings
from orchestrator.demo.story import make_up
from orchestrator.parts import Parts
from orchestrator.store import attempts, journal
from tests.rules.sources import ROOT

LONGEST_S = 300  # far more than it takes; the machine may be busy


@dataclass(frozen=True)
class Told:
    """A demo that has ended and left its folder."""

    output: str
    parts: Parts
    ledger: list[dict[str, Any]]  # the carrier's: everything that it accepted


def command(*options: str) -> list[str]:
    return [sys.executable, "-c", "from orchestrator.cli.main import main; main()", "demo", *options]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Nothing of whoever runs the tests: no settings, no terminal."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOUCHPOINT_", "COLUMNS", "FORCE_COLOR"))}
    return {**kept, "TMPDIR": str(folder), "COLUMNS": "80", "PYTHONUNBUFFERED": "1", **more}


def of_folder(folder: Path) -> Settings:
    found = next(folder.glob("touchpoint-demo-*"))
    return Settings(database_url=f"sqlite:///{found / 'demo.db'}")


class Serving:
    """A demo whose server is running."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            command(), cwd=ROOT, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.output = ""

    def read_until(self, words: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            if words in line:
                return
        raise AssertionError(f"ended without {words!r}: {self.output[-500:]}")

    @property
    def carrier(self) -> str:
        found = re.search(r"^  export TOUCHPOINT_CARRIER_URL=(\S+)$", self.output, re.MULTILINE)
        assert found is not None
        return found[1]

    def ledger(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.carrier}/rehearsal/ledger.json", timeout=30) as answer:
            return list(json.load(answer))

    def end(self) -> tuple[int, str]:
        """Ctrl-C; answers the exit code and what it said at the end."""
        self.process.send_signal(signal.SIGINT)
        out, errors = self.process.communicate(timeout=60)
        self.output += out
        return self.process.returncode, errors


def touches_and_attempts(told: Told) -> tuple[list[Any], dict[Any, list[Any]]]:
    with told.parts.database.work() as work:
        rows = [row for subject in subjects() for row in journal.touches_of(work, subject)]
        return rows, {row.id: attempts.of_touch(work, row.id) for row in rows}


def subjects() -> list[str]:
    company, _ = make_up()
    return sorted({str(arrival.raw["subject"]) for arrival in company.arrivals})


def touchpoint(serving: Serving, exports: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "from orchestrator.cli.main import main; main()", *words],
        cwd=ROOT, env=environment(serving.folder, **exports), capture_output=True, text=True, timeout=LONGEST_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
