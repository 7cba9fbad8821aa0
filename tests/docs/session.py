"""A page whose files are written and whose commands are run, in their order, and whose outputs are held against what comes.

In a page:

* a block with a file name behind its language (```yaml playbooks/house-rules.yaml) is that file;
* a block ```diff FILE changes lines of a file that is there: `-` lines stand in it once, `+` lines take their place;
* a block ```console holds commands (`$ touchpoint …`), each with all that it prints. A line `[…]` stands for any number of lines.
  What a command asks is answered as the page shows it, behind the question. `touchpoint serve` runs in a process of its own, ten
  minutes later, until something has gone out; the commands after it are run then.

Every other kind of block is refused, so that no page holds a command that nobody ran. `python -m tests.docs.session PAGE` writes the outputs
of a page anew, except those with `[…]` and of commands that ask.
"""

from __future__ import annotations

import difflib
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

from orchestrator.cli.main import main
from orchestrator.clock import utc_now
from tests.conftest import ROOT
from tests.workers.processes import wait_for

WIDTH = "100"
WHO = "ada"  # whose terminal it is
CLOCK = "TOUCHPOINT_CLOCK_AHEAD_S"
SERVE = "touchpoint serve"
LONGEST_S = 120  # far more than it takes; the machine may be busy
ANYTHING = "[…]"
_BLOCK = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_VARIES = (
    (_ID, "ID"),
    (re.compile(r"\b\d+\.\d (ms|s)\b"), r"N \1"),  # how long it took
    (re.compile(r"(?<=begin\? )\[.*?\]"), "[now]"),  # --play offers the real moment
)
_ASKS = re.compile(r"\? .|^> ", re.MULTILINE)
_FILES = ("yaml", "markdown", "csv", "json")


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a page."""

    language: str
    name: str  # of the file; empty for a console
    text: str
    line: int  # where it begins


@dataclass(frozen=True, slots=True)
class Shown:
    """One command: what the page says that it prints, and what it printed."""

    command: str
    line: int
    expected: str
    got: str
    went_out: tuple[str, ...] = ()  # while it served: to whom, and what

    @property
    def difference(self) -> str:
        """As a diff; empty when both agree in all that does not vary."""
        expected, got = _lines(self.expected), _lines(self.got)
        if _agree(expected, got):
            return ""
        return "\n".join(
            difflib.unified_diff(expected, got, f"line {self.line}: $ {self.command}", "what it prints", lineterm="", n=2)
        )


class UnknownBlock(Exception):
    """The page has a block that nothing would check."""


class _Typed:
    """Standard input that types what the page shows behind each question, and shows it as a terminal would."""

    def __init__(self, expected: str, screen: StringIO) -> None:
        self._expected, self._screen = expected.split("\n"), screen

    def readline(self, _limit: int = -1) -> str:
        *before, question = self._screen.getvalue().split("\n")
        line = self._expected[len(before)] if len(before) < len(self._expected) else ""
        asked, told = _steady(question).rstrip(), _steady(line)
        if not asked or not told.startswith(asked):
            return ""  # the page shows something else: no more input, and the difference tells where
        answer = told[len(asked) :].strip()
        self._screen.write(f"{answer}\n")
        return f"{answer}\n"

    def isatty(self) -> bool:
        return True  # somebody sits there


def blocks(page: str) -> list[Block]:
    """All blocks of a page, in their order."""
    found = []
    for match in _BLOCK.finditer(page):
        language, _, name = match[1].partition(" ")
        line = page.count("\n", 0, match.start()) + 1
        if not (language == "console" and not name) and not (name and language in (*_FILES, "diff")):
            raise UnknownBlock(f"line {line}: ```{match[1]}")
        found.append(Block(language, name, match[2], line))
    return found


def play(page: str, folder: Path, *, at: datetime) -> Iterator[Shown]:
    """Write the files and run the commands of a page in this folder. at: the moment that the clock shows at each command."""
    ids: dict[str, str] = {}  # of the page -> the one that came
    went_out: tuple[str, ...] = ()
    with _a_terminal(folder):
        for block in blocks(page):
            if block.language != "console":
                _write(folder / block.name, block)
                continue
            for command, line, expected in commands(block):
                if command == SERVE:
                    at += timedelta(minutes=10)
                os.environ[CLOCK] = str((at - utc_now()).total_seconds())
                got, went_out = _serve(expected) if command == SERVE else (_run(_renamed(command, ids), expected), ())
                if command == SERVE:
                    at += timedelta(minutes=5)  # it served for less
                of_page, of_run = (_ID.findall(text)[:: -1 if ANYTHING in expected else 1] for text in (expected, got))
                ids.update(zip(of_page, of_run, strict=False))  # what is left out stands before what is shown
                yield Shown(command, line, expected, _renamed(got, {came: shown for shown, came in ids.items()}), went_out)


def commands(block: Block) -> Iterator[tuple[str, int, str]]:
    """The commands of a console block: each with its line and what the page says it prints."""
    parts = re.split(r"(?m)^\$ (.*)\n", block.text)
    if parts[0]:
        raise UnknownBlock(f"line {block.line}: it begins with no command")
    line = block.line
    for command, printed in zip(parts[1::2], parts[2::2], strict=True):
        yield command, line + 1, printed.rstrip("\n") + "\n" if printed.strip() else ""
        line += 1 + printed.count("\n")


def _renamed(text: str, ids: Mapping[str, str]) -> str:
    return _ID.sub(lambda m: ids.get(m[0], m[0]), text)


def _run(command: str, expected: str) -> str:
    name, *words = shlex.split(command)
    if name != "touchpoint":
        raise UnknownBlock(f"$ {command}: only touchpoint is run")
    screen, old, argv = StringIO(), sys.stdin, sys.argv
    sys.argv, sys.stdin = [name, *words], _Typed(expected, screen)
    try:
        with redirect_stdout(screen), redirect_stderr(screen):
            main()
    except SystemExit:
        pass  # what it says counts: a page shows commands that fail, too
    finally:
        sys.argv, sys.stdin = argv, old
    return screen.getvalue()


def _serve(expected: str) -> tuple[str, tuple[str, ...]]:
    """What it prints until it waits, and what reaches the rehearsal carrier. On ports that are free, called as if they were its own."""
    web, carrier = _two_free_ports()
    ports = {f":{web}": ":8000", f":{carrier}": ":8010"}
    there = {"TOUCHPOINT_PORT": str(web), "TOUCHPOINT_PUBLIC_URL": f"http://localhost:{web}", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", "from orchestrator.cli.main import main; main()", "serve"],
        env={**os.environ, **there, "TOUCHPOINT_CARRIER_URL": f"http://127.0.0.1:{carrier}", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        printed = "".join(process.stdout.readline() for _ in expected.splitlines())
        found: list[dict[str, str]] = []

        def something_went_out() -> bool:
            found[:] = httpx2.get(f"http://127.0.0.1:{carrier}/rehearsal/ledger.json", timeout=30).json()
            return any(one["status"] == "delivered" for one in found)

        wait_for(something_went_out, LONGEST_S, "something goes out")
    finally:
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=LONGEST_S)
    for came, told in ports.items():
        printed = printed.replace(came, told)
    return printed + rest + errors, tuple(f"{one['to']}: {one['body']}" for one in found)


def _two_free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        for found in (one, other):
            found.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _write(path: Path, block: Block) -> None:
    if block.language != "diff":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        return
    text = path.read_text(encoding="utf-8")
    for old, new in re.findall(r"((?:^-.*\n)*)((?:^\+.*\n)*)", block.text, re.MULTILINE):
        before, after = (re.sub(r"(?m)^[-+]", "", part) for part in (old, new))
        if before or after:
            assert text.count(before) == 1, f"line {block.line}: {before!r} is not once in {block.name}"
            text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")


@contextmanager
def _a_terminal(folder: Path) -> Iterator[None]:
    """Of a person without settings, in this folder."""
    kept, here = dict(os.environ), Path.cwd()
    for name in [name for name in os.environ if name.startswith("TOUCHPOINT_") or name in ("FORCE_COLOR", "CLICOLOR_FORCE")]:
        del os.environ[name]
    os.environ.update({"COLUMNS": WIDTH, "LOGNAME": WHO, "NO_COLOR": "1"})
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(kept)


def _steady(text: str) -> str:
    for pattern, instead in _VARIES:
        text = pattern.sub(instead, text)
    return text


def _lines(text: str) -> list[str]:
    """Without what varies, and without spaces that nobody sees."""
    lines = [line.rstrip() for line in _steady(text).splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _agree(expected: list[str], got: list[str]) -> bool:
    pattern = "".join(r"(?:.*\n)*?" if line.strip() == ANYTHING else re.escape(line) + r"\n" for line in expected)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in got)) is not None


def written_anew(page: str, told: Mapping[int, Shown]) -> str:
    """The page with the outputs that came, except where it leaves out lines or is asked something."""
    lines = page.split("\n")
    for at in sorted(told, reverse=True):
        shown = told[at]
        if shown.difference and ANYTHING not in shown.expected and not _ASKS.search(shown.expected):
            got = [line.rstrip() for line in shown.got.rstrip("\n").split("\n")] if shown.got else []
            lines[at : at + shown.expected.count("\n")] = got
    return "\n".join(lines)


if __name__ == "__main__":
    from tests.docs.test_first_playbook import MOMENT

    file = Path(sys.argv[1])
    with TemporaryDirectory() as made:
        text = file.read_text(encoding="utf-8")
        came = {shown.line: shown for shown in play(text, Path(made), at=MOMENT)}
    file.write_text(written_anew(text, came), encoding="utf-8")
    for shown in came.values():
        sys.stdout.write(f"{shown.difference}\n" if shown.difference else "")
