"""The product's own processes, as a real installation runs them: workers, the clock, the web part."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

CODE = "from orchestrator.cli.main import main; main()"


def settings(database: str, broker: str, folder: Path, port: int = 0) -> dict[str, str]:
    """The environment of an installation that sends nothing."""
    return {
        **os.environ,
        "TOUCHPOINT_DATABASE_URL": database,
        "TOUCHPOINT_BROKER_URL": broker,
        "TOUCHPOINT_LEDGER_FILE": str(folder / "ledger.jsonl"),
        "TOUCHPOINT_EMAIL_VIA": "null",
        "TOUCHPOINT_TEXT_VIA": "null",
        "TOUCHPOINT_VOICE_VIA": "null",
        "TOUCHPOINT_LOG_LEVEL": "WARNING",
        "TOUCHPOINT_PORT": str(port),
    }


@contextmanager
def processes(env: Mapping[str, str], *commands: str) -> Iterator[list[int]]:
    """Run `touchpoint COMMAND` for each, and end them; answers their process ids."""
    running = [
        subprocess.Popen([sys.executable, "-c", CODE, *c.split()], env=dict(env), stdout=subprocess.DEVNULL) for c in commands
    ]
    try:
        yield [p.pid for p in running]
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(60)


def resident_mb(pid: int) -> float:
    """Memory of a process, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)
