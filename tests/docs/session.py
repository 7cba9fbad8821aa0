"""A page whose files are written and whose commands are run, in their order, and whose outputs are held against what comes.

In a page:

* a block with a file name behind its language (```yaml playbooks/house-rules.yaml) is that file;
* a block ```diff FILE changes lines of a file that is there: `-` lines stand in it once, `+` lines take their place;
* a block ```console holds commands (`$ touchpoint …`), each with all that it prints. A line `[…]` stands for any number of lines.
  What a command asks is answered as the page shows it, behind the question.

Every other kind of block is refused, so that no page holds a command that nobody ran. `python -m tests.docs.session PAGE` writes the outputs
of a page anew, except those with `[…]` and of commands that ask.
"""

from __future__ import annotations

import difflib
import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestrator.cli.main import main
from orchestrator.clock import utc_now

WIDTH = "100"
WHO = "ada"  # whose terminal it is
CLOCK = "TOUCHPOINT_CLOCK_AHEAD_S"
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
    with _a_terminal(folder):
        for block in blocks(page):
            if block.language != "console":
                _write(folder / block.name, block)
                continue
            for command, line, expected in commands(block):
                os.environ[CLOCK] = str((at - utc_now()).total_seconds())
                got = _run(_renamed(command, ids), expected)
                ids.update(zip(_ID.findall(expected), _ID.findall(got), strict=False))
                yield Shown(command, line, expected, _renamed(got, {came: shown for shown, came in ids.items()}))


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
