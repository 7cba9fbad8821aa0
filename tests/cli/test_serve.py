"""`touchpoint serve`: it says where the pages are and nothing that nobody asked; when a port is taken, what it advises helps."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import httpx2
import pytest

from orchestrator.config import Settings
from orchestrator.errors import SettingsError
from orchestrator.listening import listen, listen_for_the_web
from orchestrator.rehearsing import beside
from tests.conftest import ROOT
from tests.workers.processes import wait_for

LONGEST_S = 120
LAST = "The desk and the studio: "


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which somebody else listens."""
    with listen("127.0.0.1", 0, "somebody", "") as listener:
        yield listener.getsockname()[1]


def free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _hears(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Serving:
    """`touchpoint serve` in a folder, until it has said where the pages are, or has ended."""

    def __init__(self, folder: Path, **settings: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHPOINT_")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from orchestrator.cli.main import main; main()", "serve"],
            cwd=folder, env={**kept, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "COLUMNS": "80", **settings},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.said: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            if line.startswith(LAST):
                break

    def end(self) -> tuple[int, str]:
        """What it ended with, and what it wrote to standard error."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        rest, errors = self.process.communicate(timeout=LONGEST_S)
        self.said += rest.splitlines()
        return self.process.returncode, errors


def test_it_says_where_the_pages_are_and_no_more(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "playbooks", tmp_path / "playbooks")
    port, carrier = free(), free()
    address = f"http://localhost:{port}"
    serving = Serving(
        tmp_path, TOUCHPOINT_PORT=str(port), TOUCHPOINT_PUBLIC_URL=address, TOUCHPOINT_CARRIER_URL=f"http://127.0.0.1:{carrier}"
    )

    wait_for(lambda: _hears(port), LONGEST_S, "the web part is up")
    answer = httpx2.get(f"http://127.0.0.1:{port}/sign-in", timeout=LONGEST_S)
    code, errors = serving.end()

    assert serving.said[-1] == f"{LAST}{address}"
    assert answer.status_code == 200
    assert (code, errors) == (0, "")


@pytest.mark.parametrize("who", ["the web part", "the rehearsal carrier"])
def test_what_it_advises_when_a_port_is_taken_helps(taken: int, who: str) -> None:
    def take(settings: Settings) -> AbstractContextManager[object]:
        return listen_for_the_web(settings) if who == "the web part" else beside(settings)

    settings = Settings(port=taken, carrier_url=f"http://127.0.0.1:{taken}")
    with pytest.raises(SettingsError) as refused:
        take(settings)

    advice = str(refused.value)
    assert advice.startswith(f"{who} cannot listen on 127.0.0.1:{taken} (Address already in use): ")
    assert "is another 'touchpoint serve' or 'demo' running? End it, or set TOUCHPOINT_" in advice
    followed = {name.lower(): value for name, value in re.findall(r"TOUCHPOINT_(\w+)=(\S+)", advice)}
    with take(Settings(**{"port": taken, "carrier_url": f"http://127.0.0.1:{taken}", **followed})):
        pass
    if who == "the web part":
        assert followed["public_url"] == f"http://localhost:{followed['port']}"


def test_behind_a_proxy_the_public_address_stays(taken: int) -> None:
    with pytest.raises(SettingsError) as refused:
        listen_for_the_web(Settings(port=taken, public_url="https://touch.example.com"))

    assert "PUBLIC_URL" not in str(refused.value)


def test_an_address_that_is_not_ours_is_not_called_taken() -> None:
    with pytest.raises(SettingsError, match="cannot listen on 192") as refused:
        beside(Settings(carrier_url="http://192.0.2.1:8010"))

    assert "is another" not in str(refused.value)
