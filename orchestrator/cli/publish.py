"""`touchpoint publish | status | schema`: from files to published versions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestrator import authoring
from orchestrator.cli.terminal import ByWhom, whoever
from orchestrator.config import Settings
from orchestrator.published import Published
from orchestrator.store.upgrade import require_current
from orchestrator.wiring import build

if TYPE_CHECKING:
    from orchestrator.doctor.finding import Finding as Told
    from orchestrator.lint.finding import Finding

Folder = Annotated[Path | None, typer.Argument(help="The playbook folder (default: TOUCHPOINT_PLAYBOOKS).")]
FolderOption = Annotated[Path | None, typer.Option("--folder", help="The playbook folder (default: TOUCHPOINT_PLAYBOOKS).")]
STYLES = {
    "proposed": "cyan",
    "shadow": "cyan",
    "left retired": "dim",
    "left restored": "yellow",
    "new": "green",
    "changed": "yellow",
    "retired": "red",
    "unchanged": "dim",
    "not published": "yellow",
}


def publish(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PLAYBOOK]…", help="Only these (also house-rules, lifecycle); all of the folder when none is named."
        ),
    ] = None,
    folder: FolderOption = None,
    shadow: Annotated[bool, typer.Option("--shadow", help="Decide beside the current version, and contact nobody.")] = False,
    by: ByWhom = "",
) -> None:
    """Make what the folder says current. Customers who are inside a playbook stay on the version they began with."""
    only, there = _names_or_folder(names or [], folder)
    settings = Settings()
    parts = build(settings)
    require_current(parts.database)
    folder = there or settings.playbooks
    done = authoring.publish(parts, folder, whoever(by), only=only, shadow=shadow)
    _table([(p.name, p.number, p.what) for p in done])
    for line in told(done):
        Console().print(line, highlight=False, soft_wrap=True)
    _warn(*authoring.findings(parts, folder, only))


def told(done: Sequence[Published]) -> list[str]:
    """What publishing means for those inside, and what is to be done next."""
    lines: list[str] = []
    for p in done:
        name, n = p.name.removeprefix("@"), sum(many for _, many in p.inside)
        each = ", ".join(f"{many} on version {number}" for number, many in p.inside)
        if p.what == "proposed":
            lines.append(f"{name}: version {p.number} waits for another person: {approval(name, p.number)}")
        elif p.what == "shadow":
            lines.append(f"{name}: version {p.number} decides as a shadow and contacts nobody: touchpoint shadow show {name}")
        elif p.what == "left retired":
            lines.append(f"{name}: somebody retired it; to bring it back: touchpoint publish {name}")
        elif p.what == "left restored":
            lines.append(
                f"{name}: somebody restored an earlier version instead of this file; to publish it again: touchpoint publish {name}"
            )
        elif p.what == "retired" and n:
            lines.append(f"{name}: nobody enters it any more; {_inside(n)} {'goes' if n == 1 else 'go'} on ({each})")
        elif n:
            lines.append(
                f"{name}: {_inside(n)} {'stays' if n == 1 else 'stay'} on their version ({each}); to move them: touchpoint move {name}"
            )
    return lines


def _warn(findings: Sequence[Finding], files: Mapping[str, str]) -> None:
    """What lint finds doubtful in what is in force now; of what is only worth knowing, how much there is."""
    from orchestrator.lint.text import lines, summary

    doubtful = [finding for finding in findings if finding.severity != "note"]
    if not findings:
        return
    typer.echo(f"\nIn what is in force: {summary(findings)}" + ("." if doubtful else " (touchpoint check)."))
    for line in lines(doubtful, files):
        typer.secho(line, fg=typer.colors.YELLOW if " warning TP" in line and not line.startswith(" ") else None)


def approval(name: str, number: int) -> str:
    """The command by which another person approves this very version."""
    return f"touchpoint approve {name} --version {number}"


def status(
    folder: Folder = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 1 when the folder and what is published differ.")
    ] = False,
) -> None:
    """Who is contacted, what waits for a person, and whether the folder differs from what is published."""
    from orchestrator.doctor.contacting import contacting
    from orchestrator.doctor.waiting import waiting
    from orchestrator.publication import standings

    settings = Settings()
    parts = build(settings)
    require_current(parts.database)
    _say([contacting(settings), *waiting(parts.database)])
    Console().print()
    found = standings(parts, folder or settings.playbooks)
    table = Table("playbook", "version", "", "inside", box=None)
    for one in found:
        inside = sum(one.inside.values())
        elsewhere = f" ({one.elsewhere} on other versions)" if one.elsewhere else ""
        style = "dim" if one.words == "published" else "yellow" if one.agrees else "red"
        table.add_row(
            one.name,
            str(one.number) if one.number else "–",
            Text(one.words, style=style),
            f"{inside}{elsewhere}" if inside else "–",
        )
    Console().print(table)
    if any(not one.agrees for one in found):
        Console().print(
            "\nThe folder and what is published differ: touchpoint diff says how, touchpoint publish makes the folder current."
        )
        if exit_code:
            raise typer.Exit(1)


def _names_or_folder(names: Sequence[str], folder: Path | None) -> tuple[list[str], Path | None]:
    """A single folder may stand where names do."""
    if len(names) == 1 and folder is None and Path(names[0]).is_dir():
        return [], Path(names[0])
    return list(names), folder


def _inside(n: int) -> str:
    return f"{n} customer" if n == 1 else f"{n} customers"


def schema(
    what: Annotated[
        str, typer.Argument(help="playbook, lifecycle, house-rules, rehearsal, email, text, voice, voicemail or script.")
    ] = "playbook",
) -> None:
    """Print a JSON Schema, from which editors complete and check the files."""
    from orchestrator.language.schema import SCHEMAS, json_schema

    if what not in SCHEMAS:
        raise typer.BadParameter(f"'{what}' is none of {', '.join(SCHEMAS)}")
    typer.echo(json.dumps(json_schema(what), indent=2, ensure_ascii=False))


def _say(findings: Sequence[Told]) -> None:
    """What to know, and below each what to do. Providers and senders of events chose some of the words: Text, not markup."""
    signs = {"error": ("!!", "bold red"), "warning": ("!", "yellow"), "ok": ("", "green")}
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=2, justify="right")
    grid.add_column(overflow="fold")  # a command that is cut off cannot be copied
    for finding in findings:
        sign, style = signs[finding.state]
        grid.add_row(Text(sign, style=style), Text(_printable(finding.found), style=style))
        if finding.hint:
            grid.add_row("", Text(_printable(finding.hint), style="dim"))
    Console().print(grid)


def _printable(words: str) -> str:
    """Without signs that would move a terminal's cursor."""
    return "".join(c if c.isprintable() else " " for c in words)


def _table(rows: list[tuple[str, int, str]]) -> None:
    table = Table("playbook", "version", "", box=None)
    for name, number, what in sorted(rows):
        table.add_row(name.removeprefix("@"), str(number) if number else "–", f"[{STYLES[what]}]{what}[/]")
    Console().print(table)
