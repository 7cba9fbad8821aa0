"""`touchpoint approve | withdraw | retire | restore`: what becomes of published versions."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from orchestrator import versioning
from orchestrator.cli.publish import approval
from orchestrator.cli.terminal import ByWhom, whoever
from orchestrator.config import Settings
from orchestrator.parts import Parts
from orchestrator.store.upgrade import require_current
from orchestrator.wiring import build

Playbook = Annotated[str, typer.Argument(help="The playbook's name; also house-rules or lifecycle, where they need approval.")]
Which = Annotated[
    int | None,
    typer.Option("--version", min=1, help="The version that you looked at; nothing happens when another is proposed by now."),
]


def approve(playbook: Playbook, version: Which = None, by: ByWhom = "") -> None:
    """Make what somebody else proposed current."""
    number = versioning.approve(_parts(), playbook, whoever(by), version)
    _say(f"Version {number} of {playbook} is current.")


def withdraw(playbook: Playbook, version: Which = None, by: ByWhom = "") -> None:
    """Take back what is proposed."""
    number = versioning.withdraw(_parts(), playbook, whoever(by), version)
    _say(f"Version {number} of {playbook} is not proposed any more.")


def retire(
    playbook: Playbook,
    end_inside: Annotated[bool, typer.Option("--end-inside", help="End the follow-ups of those who are inside.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    by: ByWhom = "",
) -> None:
    """Let nobody enter a playbook any more. Those inside go on, unless they are to be ended."""
    parts = _parts()
    there = versioning.inside(parts, playbook)
    n = sum(there.values())
    if end_inside and n and not yes:
        each = ", ".join(f"{many} on version {number}" for number, many in sorted(there.items()))
        typer.confirm(f"{_customers(n)} inside ({each}): end their follow-ups?", abort=True)
    done = versioning.retire(parts, playbook, whoever(by), end_inside=end_inside)
    if end_inside:
        _say(f"Nobody enters {playbook} any more; follow-ups ended: {done.ended}.")
    else:
        _say(f"Nobody enters {playbook} any more; {_customers(done.inside)} inside {'goes' if done.inside == 1 else 'go'} on.")
    _say(f"It stays so until 'touchpoint publish {playbook}' or 'touchpoint restore {playbook} VERSION'.")


def restore(
    playbook: Playbook,
    version: Annotated[int, typer.Argument(help="The number of the version that is to be current again.")],
    by: ByWhom = "",
) -> None:
    """Make an earlier version current again, as a new version with the same content."""
    done = versioning.restore(_parts(), playbook, version, whoever(by))
    if done.what == "proposed":
        _say(f"Version {done.number} (as version {version}) waits for another person: {approval(playbook, done.number)}")
        return
    _say(f"Version {done.number} of {playbook} is current: it says what version {version} says.")
    if done.inside:
        n = sum(many for _, many in done.inside)
        stay = "stays" if n == 1 else "stay"
        _say(f"{_customers(n)} inside other versions {stay} there; to move them: touchpoint move {playbook}")
    _say("The file is as it was; 'touchpoint status' shows the difference until one of them follows the other.")


def _parts() -> Parts:
    parts = build(Settings())
    require_current(parts.database)
    return parts


def _customers(n: int) -> str:
    return f"{n} customer" if n == 1 else f"{n} customers"


def _say(text: str) -> None:
    Console().print(text, markup=False, highlight=False, soft_wrap=True)
