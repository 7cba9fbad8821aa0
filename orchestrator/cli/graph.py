"""`touchpoint graph PLAYBOOK`: a playbook of the folder as a picture, before or after it is published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator import authoring
from orchestrator.config import Settings
from orchestrator.errors import InputError, Problem, did_you_mean

STYLES = Path(__file__).parents[1] / "web" / "static" / "staff"


def graph(
    playbook: Annotated[str, typer.Argument(help="Its name, e.g. quote-follow-up.")],
    folder: Annotated[Path | None, typer.Option(help="The playbook folder (default: TOUCHPOINT_PLAYBOOKS).")] = None,
    format_: Annotated[str, typer.Option("--format", help="svg or mermaid.")] = "svg",
    out: Annotated[Path | None, typer.Option(help="Write it to this file instead of printing it.")] = None,
) -> None:
    """Draw a playbook of the folder: every step with its time, every way on, every end."""
    from orchestrator.drawing import draw, mermaid
    from orchestrator.language.picture import picture

    if format_ not in ("svg", "mermaid"):
        raise typer.BadParameter(f"'{format_}' is none of svg, mermaid", param_hint="--format")
    design, _ = authoring.load(folder or Settings().playbooks)
    if playbook not in design.playbooks:
        raise InputError([Problem(f"there is no playbook '{playbook}'", did_you_mean(playbook, design.playbooks))])
    shown = picture(design.playbooks[playbook].program, design.house_rules.dispositions)
    text = mermaid(shown) if format_ == "mermaid" else draw(shown, style=style()) + "\n"
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")


def style() -> str:
    """The graph's own part of the stylesheet with the colours it uses, light and dark."""
    tokens = (STYLES / "00-base.css").read_text(encoding="utf-8").split("*, *::before", 1)[0]
    return f"{tokens}\n{(STYLES / '51-graph.css').read_text(encoding='utf-8')}\nsvg {{ background: var(--ground); }}"
