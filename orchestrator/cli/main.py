"""The `touchpoint` command: every sub-command in a file of its own. The only place that turns errors into one calm sentence."""

from __future__ import annotations

import importlib
import sys

import typer
from pydantic import ValidationError
from rich.console import Console

from orchestrator.errors import InputError, TouchpointError

# name, module, function, help: modules are imported when they are used, so that `touchpoint call next` does not wait for FastAPI
COMMANDS = (
    ("demo", "demo", "demo"),
    ("serve", "serve", "serve"),
    ("worker", "serve", "worker"),
    ("beat", "serve", "beat"),
    ("check", "check", "check"),
    ("publish", "publish", "publish"),
    ("status", "publish", "status"),
    ("approve", "versions", "approve"),
    ("withdraw", "versions", "withdraw"),
    ("retire", "versions", "retire"),
    ("restore", "versions", "restore"),
    ("diff", "diff", "diff"),
    ("move", "move", "move"),
    ("schema", "publish", "schema"),
    ("graph", "graph", "graph"),
    ("event", "event", "event"),
    ("ingest", "ingest", "ingest"),
    ("replay", "replay", "replay"),
    ("backtest", "backtest", "backtest"),
    ("timeline", "why", "timeline"),
    ("why", "why", "why"),
    ("doctor", "doctor", "doctor"),
    ("pause", "holds", "pause"),
    ("resume", "holds", "resume"),
    ("optout", "holds", "optout"),
)
GROUPS = (
    ("call", "call"),
    ("customer", "customer"),
    ("reply", "reply"),
    ("rehearse", "rehearse"),
    ("shadow", "shadow"),
    ("unknown", "unknown"),
    ("event-queue", "aside"),
    ("key", "key"),
    ("user", "user"),
    ("db", "db"),
)
PANELS = {  # what --help shows together
    "Write playbooks": "check rehearse backtest diff publish status move approve withdraw restore retire shadow graph schema replay",
    "Events and customers": "event ingest event-queue timeline why customer call reply unknown optout pause resume",
    "Run it": "demo serve worker beat db doctor user key",
}
HERE = "orchestrator.cli"


def app(argv: list[str]) -> typer.Typer:
    """The command line with the sub-commands that these words need (all of them for help and completion)."""
    root = typer.Typer(
        name="touchpoint", help=_root.__doc__, no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False
    )
    wanted = next((word for word in argv if not word.startswith("-")), "")
    known = {name for name, *_ in COMMANDS} | {name for name, _ in GROUPS}
    panel = {name: title for title, names in PANELS.items() for name in names.split()}
    for name, module, function in COMMANDS:
        if wanted not in known or wanted == name:
            root.command(name, rich_help_panel=panel.get(name))(getattr(importlib.import_module(f"{HERE}.{module}"), function))
    for name, module in GROUPS:
        if wanted not in known or wanted == name:
            root.add_typer(importlib.import_module(f"{HERE}.{module}").app, name=name, rich_help_panel=panel.get(name))
    root.callback()(_root)
    return root


def _root() -> None:
    """Follow up: a lifecycle event comes in, a playbook says which touchpoints follow, each happens once, with its reason on record."""


def main() -> None:
    """Entry point of the `touchpoint` command."""
    try:
        app(sys.argv[1:])(standalone_mode=True)
    except InputError as error:
        console = Console(stderr=True)
        for problem in error.problems:
            console.print(str(problem), style="red", markup=False, highlight=False)
        raise SystemExit(2) from None
    except ValidationError as error:  # of the settings: everything else is checked where it comes in
        for one in error.errors():
            name = f"TOUCHPOINT_{'_'.join(str(part) for part in one['loc']).upper()}"
            Console(stderr=True).print(f"{name}: {one['msg']} (see docs/settings.md)", style="red", markup=False, highlight=False)
        raise SystemExit(2) from None
    except TouchpointError as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
        raise SystemExit(1) from None
