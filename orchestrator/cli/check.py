"""`touchpoint check`: what is wrong or doubtful in the playbooks, with file, line, a way that shows it, and what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from orchestrator.cli.most import as_json
from orchestrator.cli.most import shown as tables
from orchestrator.config import Settings
from orchestrator.core.house import check_house
from orchestrator.errors import InputError, PlaybookError, Problem
from orchestrator.language.design import load_design
from orchestrator.lint.finding import SEVERITIES, Finding, Severity
from orchestrator.lint.most import MostContacts, most_contacts

FORMATS = ("text", "json", "sarif")
_COLOURS = {"error": typer.colors.RED, "warning": typer.colors.YELLOW, "note": typer.colors.BLUE}


def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="The playbook folder, or files in it: only what concerns these (default: TOUCHPOINT_PLAYBOOKS)."),
    ] = None,
    format_: Annotated[str, typer.Option("--format", help="text, json or sarif.")] = "text",
    severity: Annotated[str, typer.Option(help="The least to show: error, warning or note.")] = "note",
    strict: Annotated[bool, typer.Option(help="Fail on warnings too.")] = False,
    most: Annotated[bool, typer.Option("--most", help="Show the most contacts that anybody can get, beside the caps.")] = False,
) -> None:
    """Prove what can be proved about the playbooks: steps nobody reaches, endless loops, windows that never open, and more."""
    if format_ not in FORMATS:
        raise typer.BadParameter(f"'{format_}' is none of {', '.join(FORMATS)}", param_hint="--format")
    if severity not in SEVERITIES:
        raise typer.BadParameter(f"'{severity}' is none of {', '.join(SEVERITIES)}", param_hint="--severity")
    folder, wanted = _folder(files or [Settings().playbooks])
    texts, findings = _findings(folder)
    if wanted:
        findings = [finding for finding in findings if _concerns(finding, wanted)]
    shown = [finding for finding in findings if SEVERITIES.index(finding.severity) <= SEVERITIES.index(_severity(severity))]
    match format_:
        case "json":
            said: dict[str, object] = {"findings": [asdict(finding) for finding in shown]}
            if most and (counted := _most(texts)):
                said["most"] = as_json(counted)
            typer.echo(json.dumps(said, indent=2, ensure_ascii=False))
        case "sarif":
            from orchestrator.lint.sarif import sarif

            typer.echo(json.dumps(sarif(shown, _from_here(folder)), indent=2, ensure_ascii=False))
        case _:
            _say(shown, texts, wanted)
            if most and (counted := _most(texts)):
                typer.echo()
                for part in tables(counted):
                    Console().print(part)
    fails = {"error", "warning"} if strict else {"error"}
    if any(finding.severity in fails for finding in findings):
        raise typer.Exit(1)


def _findings(folder: Path) -> tuple[dict[str, str], list[Finding]]:
    from orchestrator.lint.loading import as_findings
    from orchestrator.studio.draft import together
    from orchestrator.studio.folder import Folder

    if not (folder / "lifecycle.yaml").is_file() and not folder.is_dir():
        raise InputError(Problem("there is no such folder", "name the folder that holds lifecycle.yaml", str(folder)))
    try:
        texts = Folder(folder).files()
    except PlaybookError as wrong:
        return {}, list(as_findings(wrong.problems))
    return texts, list(together(texts))


def _most(texts: Mapping[str, str]) -> MostContacts | None:
    """The most contacts of the whole folder; None when it cannot be loaded, which the findings say."""
    try:
        design = load_design(texts)
    except PlaybookError:
        return None
    if check_house(design.house_rules):
        return None
    screen = Console(stderr=True)
    with Progress(console=screen, transient=True, disable=not screen.is_terminal) as progress:
        task = progress.add_task("", total=len(design.playbooks) + len(design.house_rules.caps))
        return most_contacts(design, lambda what: progress.update(task, description=what, advance=1))


def _folder(named: Sequence[Path]) -> tuple[Path, frozenset[str]]:
    """The playbook folder that is meant, and the files in it that are asked for (empty: all)."""
    if len(named) == 1 and (named[0].is_dir() or not named[0].exists()):
        return named[0], frozenset()
    folders = set()
    for path in named:
        if not path.is_file():
            raise InputError(Problem("there is no such file", "name one folder, or files of it", str(path)))
        above = (parent for parent in path.absolute().parents if (parent / "lifecycle.yaml").is_file())
        folders.add(next(above, path.absolute().parent))
    if len(folders) > 1:
        raise InputError(Problem("these files are in different playbook folders", "check one folder at a time", str(named[0])))
    folder = folders.pop()
    return folder, frozenset(path.absolute().relative_to(folder).as_posix() for path in named)


def _concerns(finding: Finding, wanted: frozenset[str]) -> bool:
    """Whether a finding is in one of these files, or about a playbook that is one of them."""
    return finding.file in wanted or any(f"{name}.yaml" in wanted for name in finding.playbooks)


def _severity(word: str) -> Severity:
    return next(severity for severity in SEVERITIES if severity == word)


def _from_here(folder: Path) -> str:
    """The folder as seen from where the command runs: in a repository its root."""
    absolute = folder.absolute()
    return absolute.relative_to(Path.cwd()).as_posix().removeprefix(".") if absolute.is_relative_to(Path.cwd()) else ""


def _say(findings: Sequence[Finding], texts: Mapping[str, str], wanted: frozenset[str]) -> None:
    from orchestrator.lint import text

    colours = {f" {finding.severity} {finding.code}: ": _COLOURS[finding.severity] for finding in findings}
    for line in text.lines(findings, texts):
        colour = next((colour for sign, colour in colours.items() if sign in line and not line.startswith(" ")), None)
        typer.secho(line, fg=colour) if colour else typer.echo(line)
    if findings:
        typer.echo(text.summary(findings))
        return
    playbooks = [name for name in wanted or texts if "/" not in name and name not in ("lifecycle.yaml", "house-rules.yaml")]
    count = len(wanted or texts)
    of_them = f": {len(playbooks)} {'playbook' if len(playbooks) == 1 else 'playbooks'}" if playbooks else ""
    typer.secho(f"{count} {'file is' if count == 1 else 'files are'} fine{of_them}.", fg=typer.colors.GREEN)
