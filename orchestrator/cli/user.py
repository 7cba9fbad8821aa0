"""`touchpoint user create | change | list | link | password | disable | enable`: who works with the system. The first admin is made here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from orchestrator.access import invitations, passwords, people
from orchestrator.cli.terminal import at_the_terminal
from orchestrator.config import Settings
from orchestrator.core.roles import EVERY_QUEUE, Role
from orchestrator.errors import InputError, NotFound, PlaybookError, did_you_mean
from orchestrator.language.house_rules import HouseRules
from orchestrator.language.source import parse, read_yaml
from orchestrator.parts import Parts
from orchestrator.store import audit, staff
from orchestrator.store.database import Work
from orchestrator.store.staff import Member
from orchestrator.store.upgrade import require_current
from orchestrator.wiring import build

app = typer.Typer(help="The people who work with the system.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The name they sign in with.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking for it.")
]


@app.command()
def create(
    name: Name,
    role: Annotated[str, typer.Option(help=f"What they are: {', '.join(Role)}.")],
    title: Annotated[str, typer.Option(help="What colleagues see, e.g. 'Ari Kaplan'; the name when left out.")] = "",
    queue: Annotated[list[str] | None, typer.Option(help="Whose calls they take; several times; '*' for every queue.")] = None,
    skill: Annotated[list[str] | None, typer.Option(help="What they can do that calls may ask for; several times.")] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="What they speak, e.g. en; several times; every language when left out.")
    ] = None,
    email: Annotated[str, typer.Option(help="By which a directory knows them.")] = "",
    phone: Annotated[str, typer.Option(help="Their telephone, which rings first when they dial.")] = "",
    link: Annotated[bool, typer.Option("--link", help="Print a link with which they choose the password themselves.")] = False,
    password_stdin: FromStdin = False,
) -> None:
    """Add somebody, with a password that is asked for or a link with which they choose it. There is no default password."""
    parts = _parts()
    queues = queue if queue is not None else [] if role == Role.AGENT else [EVERY_QUEUE]
    profile = people.Profile(title or name, role, queues, skill or (), language or (), email, phone)
    hash_ = None if link else _new_password(name, profile.title, from_stdin=password_stdin)

    rules = _rules_of_the_folder()

    def make(work: Work) -> str:
        member = people.add(parts, work, name, profile, at_the_terminal(), now, rules=rules)
        if hash_ is None:
            return invitations.link(parts, work, member, at_the_terminal(), now)
        invitations.set_password(work, member.id, hash_, now)
        return ""

    now = parts.clock()
    url = parts.database.run(make)
    who = name.strip().lower()
    said = f"{who} is added, as {role}." if url else f"{who} may sign in now, as {role}."
    if not queues:
        said += f" They take no calls yet: touchpoint user change {who} --queue …"
    Console(stderr=True).print(said, style="green", highlight=False, markup=False)
    if url:
        _show(url)


@app.command()
def change(
    name: Name,
    role: Annotated[str | None, typer.Option(help=f"What they are from now on: {', '.join(Role)}.")] = None,
    title: Annotated[str | None, typer.Option(help="What colleagues see.")] = None,
    queue: Annotated[
        list[str] | None, typer.Option(help="Whose calls they take, instead of those before; several times; '' for none.")
    ] = None,
    skill: Annotated[list[str] | None, typer.Option(help="What they can do, likewise.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="What they speak, likewise.")] = None,
    email: Annotated[str | None, typer.Option(help="By which a directory knows them; '' for none.")] = None,
    phone: Annotated[str | None, typer.Option(help="Their telephone; '' for none.")] = None,
) -> None:
    """Change what somebody may do and how they are reached. It holds from their next click on."""
    lists = {"queues": queue, "skills": skill, "languages": language}
    asked: dict[str, Any] = {"role": role, "title": title, "email": email, "phone": phone}
    asked |= {field: [word for word in words if word] for field, words in lists.items() if words is not None}
    asked = {field: value for field, value in asked.items() if value is not None}
    if not asked:
        raise typer.BadParameter("say what changes, e.g. --role lead, or --queue sales --queue service")
    parts, rules = _parts(), _rules_of_the_folder()
    now = parts.clock()

    def make(work: Work) -> Member:
        m = _member(work, name)
        was = people.Profile(m.title, m.role, m.queues, m.skills, m.languages, m.email or "", m.phone or "")
        return people.change(work, m.id, replace(was, **asked), at_the_terminal(), now, rules=rules)

    m = parts.database.run(make)
    said = (
        f"{m.name} is {m.role}, and takes calls of: {' '.join(m.queues)}."
        if m.queues
        else f"{m.name} is {m.role}, and takes no calls."
    )
    Console().print(said, style="green", highlight=False, markup=False)


@app.command("list")
def list_() -> None:
    """Everybody, and what they may do."""
    table = Table("name", "who", "role", "queues", "skills", "speaks", "last seen", box=None)
    for m in _parts().database.run(staff.everybody):
        seen = "disabled" if m.disabled_at else f"{m.seen_at:%Y-%m-%d %H:%M}" if m.seen_at else "never"
        words = [" ".join(w) for w in (m.queues, m.skills, m.languages)]
        table.add_row(m.name, escape(m.title), m.role, *words, seen, style="dim" if m.disabled_at else "")
    Console().print(table)


@app.command()
def link(name: Name) -> None:
    """Print a link with which they choose a (new) password. It works once, for 48 hours; the one before is worthless."""
    parts = _parts()
    now = parts.clock()
    _show(parts.database.run(lambda work: invitations.link(parts, work, _member(work, name), at_the_terminal(), now)))


@app.command()
def password(name: Name, password_stdin: FromStdin = False) -> None:
    """Give them a new password. Every session they have is over."""
    parts = _parts()
    now = parts.clock()
    known = parts.database.run(lambda work: _member(work, name))
    hash_ = _new_password(known.name, known.title, from_stdin=password_stdin)

    def change(work: Work) -> None:
        member, said = _member(work, name), f"gave {known.name} a new password"
        invitations.set_password(work, member.id, hash_, now)
        audit.note(work, at_the_terminal(), "member.password", f"member:{member.id}", said, now)

    parts.database.run(change)
    Console().print(f"{known.name} has a new password.", style="green", highlight=False, markup=False)


@app.command()
def disable(name: Name) -> None:
    """Shut them out at once. Their name stays in journals."""
    parts = _parts()
    now = parts.clock()
    parts.database.run(lambda work: people.disable(work, _member(work, name).id, at_the_terminal(), now))
    Console().print(f"{name} cannot sign in any more.", style="green", highlight=False, markup=False)


@app.command()
def enable(name: Name) -> None:
    """Let them in again, with the password they had."""
    parts = _parts()
    now = parts.clock()
    parts.database.run(lambda work: people.enable(work, _member(work, name).id, at_the_terminal(), now))
    Console().print(f"{name} can sign in again.", style="green", highlight=False, markup=False)


def _parts() -> Parts:
    parts = build(Settings())
    require_current(parts.database)
    return parts


def _rules_of_the_folder() -> HouseRules | None:
    """Whose queues are meant before anything is published; None when there are no such rules, or they cannot be read."""
    try:
        text = (Settings().playbooks / "house-rules.yaml").read_text(encoding="utf-8")
        return parse(HouseRules, read_yaml(text, "house-rules.yaml"))
    except (OSError, ValueError, PlaybookError):
        return None


def _member(work: Work, name: str) -> Member:
    member = staff.by_name(work, name)
    if member is None:
        raise NotFound(f"there is nobody called '{name}' ({did_you_mean(name, [m.name for m in staff.everybody(work)])})")
    return member


def _new_password(*names: str, from_stdin: bool) -> str:
    """The hash of a password that can be one. At a terminal it is asked for twice and not shown."""
    ask: Callable[[], str] = (
        sys.stdin.readline if from_stdin else lambda: typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    chosen = ask().rstrip("\r\n")
    problems = passwords.problems_with(chosen, *names)
    if problems:
        raise InputError(problems)
    return passwords.hashed(chosen)


def _show(url: str) -> None:
    hours = round(invitations.LASTS.total_seconds() / 3600)
    Console(stderr=True).print(f"Hand this link to them. It works once, for {hours} hours, and is shown only now.", style="green")
    typer.echo(url)  # alone on standard output, so that it can be piped to where it belongs
