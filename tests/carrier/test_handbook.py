"""docs/rehearsal.md says what the code does, and the command starts what it promises."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from dataclasses import astuple
from pathlib import Path

import requests

from orchestrator.carrier.faults import SHARES
from orchestrator.carrier.people import BY_ADDRESS, BY_NUMBER, STAFF, Chances

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from orchestrator.cli.rehearse import app; app()", "carrier"]


def rows(first: str) -> list[tuple[str, str]]:
    """The table of the handbook whose heading begins so."""
    text = (ROOT / "docs" / "rehearsal.md").read_text(encoding="utf-8")
    table = re.search(rf"^\| {first} \|.*\n\| --- \| --- \|\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert table is not None
    return [tuple(cell.strip() for cell in line.strip("| \n").split(" | ")) for line in table[1].splitlines()]  # type: ignore[misc]


def test_the_handbook_prints_the_tables_of_people() -> None:
    assert rows("number") == [*((f"…{n}", p.words) for n, p in BY_NUMBER.items()), ("…90–99", STAFF.words)]
    assert rows("address") == [(f"{local}@", owner.words) for local, owner in BY_ADDRESS.items()]
    assert [share for _, share in rows("what")] == [f"{share:.1%}" for share in astuple(Chances())]


def test_the_handbook_names_every_fault() -> None:
    assert [name.strip("`") for name, _ in rows("share")] == list(SHARES)


def test_the_command_listens_says_how_to_reach_it_and_stops_calmly() -> None:
    with subprocess.Popen([*COMMAND, "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            url = re.search(r"http://127\.0\.0\.1:\d+/", first)
            assert url is not None, first
            assert requests.get(url[0], timeout=10).status_code == 200
            told = [process.stdout.readline() for _ in range(11)]
            assert f"  TOUCHPOINT_TWILIO_URL={url[0].rstrip('/')}\n" in told

            process.send_signal(signal.SIGINT)

            assert "Stopped" in process.stdout.read()
            assert process.wait(10) == 0
        finally:
            process.kill()
