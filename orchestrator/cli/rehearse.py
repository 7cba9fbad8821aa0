"""`touchpoint rehearse [FILES] | record SUBJECT | carrier`: imaginary customers, with time skipped; nobody is contacted."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.text import Text
from typer.core import TyperGroup

from orchestrator.clock import utc_now
from orchestrator.config import Settings
from orchestrator.errors import InputError, Problem

if TYPE_CHECKING:
    from orchestrator.rehearsal.everything import Outcome
    from orchestrator.studio.folder import File

STYLES = {"head": "bold", "-": "red", "+": "green", "?": "dim", " ": ""}
MANY = 50  # from so many files on, a bar shows how far it is
SEVERAL = 20  # below that, what one takes would be what reading the playbooks takes
Folder = Annotated[Path | None, typer.Option(help="The playbook folder (default: TOUCHPOINT_PLAYBOOKS).")]


class FilesOrCommand(TyperGroup):
    """`rehearse FILES` is `rehearse run FILES`: whatever is no sub-command is a file."""

    # Any: typer brings its own click, whose context has no public name
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        first = args[0] if args else ""
        if first not in self.commands and first not in ("--help", "--install-completion", "--show-completion"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


HELP = (
    "Rehearse playbooks with imaginary customers: 'touchpoint rehearse [FILES]' runs rehearsal files, 'touchpoint rehearse --play PLAYBOOK' "
    "steps through a playbook by hand; 'touchpoint rehearse run --help' has all options. Nobody is contacted."
)
app = typer.Typer(help=HELP, cls=FilesOrCommand)


@app.callback(help=HELP)
def _group() -> None:
    """Nothing of its own: a group needs no more."""


@app.command()
def run(
    files: Annotated[
        list[str] | None, typer.Argument(help="Rehearsal files, or playbooks whose files to take (default: all of the folder).")
    ] = None,
    folder: Folder = None,
    update: Annotated[
        bool, typer.Option("--update", help="Rewrite what the files expect to what came, comments and all kept.")
    ] = False,
    play: Annotated[str | None, typer.Option(metavar="PLAYBOOK", help="Step through this playbook by hand instead.")] = None,
) -> None:
    """Run rehearsal files and show what differs, like a diff. This is what 'touchpoint rehearse' does without another word."""
    from orchestrator.rehearsal.folder import files_of, stage_of

    where = folder or Settings().playbooks
    stage = stage_of(where)
    if play is not None:
        if files or update:
            raise InputError(Problem("--play takes no files and updates none", "write: touchpoint rehearse --play PLAYBOOK"))
        from orchestrator.rehearsal.playing import play as by_hand

        by_hand(stage, play, ask=_ask, tell=_tell, now=utc_now())
        return
    chosen = files_of(where, files or ())
    if not chosen:
        Console().print(f"There are no rehearsals in {where / 'rehearsals'}.", style="yellow", markup=False, highlight=False)
        return
    outcomes, reading, playing = _run(stage, chosen)
    if update:
        _update(where, chosen, outcomes)
    failed = any(o.result is None or (o.cannot_be if update else not o.agrees) for o in outcomes)
    _report(outcomes, _times(outcomes, reading, playing), update=update, failed=failed)
    if failed:
        raise typer.Exit(1)


@app.command()
def record(
    subject: Annotated[str, typer.Argument(help="What happened to it becomes the rehearsal, e.g. quote/Q-1042.")],
    playbook: Annotated[str | None, typer.Option(help="Which playbook, when the subject was in several.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write it to this new file instead of printing it.")] = None,
    folder: Folder = None,
) -> None:
    """Write a first rehearsal from what was recorded about a subject; names, numbers and what was said are replaced by imaginary ones."""
    from orchestrator.rehearsal.folder import stage_of
    from orchestrator.rehearsal.recording import recorded
    from orchestrator.store.upgrade import require_current
    from orchestrator.wiring import build

    settings = Settings()
    parts = build(settings)
    require_current(parts.database)
    text = recorded(parts, stage_of(folder or settings.playbooks), subject, playbook)
    if out is None:
        typer.echo(text, nl=False)
        return
    if out.exists():
        raise InputError(Problem(f"{out} is there already", "name a file that is not there yet"))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    Console().print(
        f"{out} is written. Read it, then run: touchpoint rehearse {out}", style="green", markup=False, highlight=False
    )


@app.command()
def carrier(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Where to listen; 0 finds a free port.")] = 8010,
    host: Annotated[str, typer.Option(help="On which address. Everybody who reaches it may play every customer.")] = "127.0.0.1",
    hooks: Annotated[
        str | None, typer.Option(help="Public URL of the system that is rehearsed: where texts, calls and e-mail events come in.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed, the same people.")] = 0,
    speed: Annotated[float, typer.Option(min=0.01, max=10_000, help="10: everything takes a tenth of its time.")] = 1.0,
    manual: Annotated[
        bool, typer.Option("--manual", help="Customers do nothing by themselves: you play them on the page.")
    ] = False,
    senders: Annotated[
        list[str] | None, typer.Option("--sender", help="A number, Messaging Service or e-mail domain that may send too.")
    ] = None,
) -> None:
    """Run the rehearsal carrier: what it accepts is shown on its page, and reaches nobody."""
    from orchestrator.carrier import credentials
    from orchestrator.carrier.carrier import Carrier
    from orchestrator.carrier.running import RunningCarrier
    from orchestrator.config import Settings

    told = Settings().public_url if hooks is None else hooks
    stage = Carrier(seed=seed, hooks=told, speed=speed, manual=manual, senders=senders or ())
    console = Console(soft_wrap=True)
    with RunningCarrier(stage, host=host, port=port) as running:
        console.print(f"The rehearsal carrier listens. Phones and mailboxes: {running.url}/", style="green", highlight=False)
        console.print(f"It reports to {told}. Settings of the system that is rehearsed:", highlight=False)
        for name, value in (
            ("TWILIO_URL", running.url),
            ("TWILIO_ACCOUNT_SID", credentials.ACCOUNT_SID),
            ("TWILIO_AUTH_TOKEN", credentials.AUTH_TOKEN),
            ("TEXT_FROM", credentials.TEXT_FROM),
            ("CALLER_ID", credentials.CALLER_ID),
            ("SENDGRID_URL", running.url),
            ("SENDGRID_API_KEY", credentials.SENDGRID_KEY),
            ("SENDGRID_PUBLIC_KEY", credentials.public_key()),
            ("EMAIL_FROM", credentials.EMAIL_FROM),
        ):
            console.print(f"  TOUCHPOINT_{name}={value}", highlight=False, markup=False)
        console.print("Stop with Ctrl-C.", highlight=False)
        try:
            running.wait()
        except KeyboardInterrupt:
            console.print("Stopped; what was accepted is forgotten.", highlight=False)


def _run(stage: Any, files: Mapping[Path, File]) -> tuple[list[Outcome], float, float]:
    """What came of them, and how many seconds went into reading files and into playing."""
    from orchestrator.rehearsal.everything import Outcome, read_text, run_scene

    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), console=Console(stderr=True), transient=True,
        disable=len(files) < MANY,
    )  # fmt: skip
    with bar:
        task = bar.add_task("Rehearsals", total=len(files))
        outcomes: list[Outcome] = []
        reading = playing = 0.0
        for path, file in files.items():
            began = time.perf_counter()  # clock: measures how long it took
            scenes = read_text(stage, str(path), file.text)
            read = time.perf_counter()  # clock: measures how long it took
            outcomes += [scenes] if isinstance(scenes, Outcome) else [run_scene(stage, str(path), scene) for scene in scenes]
            reading, playing = reading + read - began, playing + time.perf_counter() - read  # clock: measures how long it took
            bar.advance(task)
    return outcomes, reading, playing


def _times(outcomes: Sequence[Outcome], reading: float, playing: float) -> str:
    """How long it took; what one takes only when there are enough of them to tell."""
    ran = sum(o.result is not None for o in outcomes)
    if ran < SEVERAL:
        return f"{reading + playing:.1f} s"
    return f"files read in {reading:.1f} s, played in {playing:.1f} s, {playing * 1000 / ran:.1f} ms each"


def _report(outcomes: Sequence[Outcome], took: str, *, update: bool, failed: bool) -> None:
    from orchestrator.rehearsal.printing import difference

    console = Console(soft_wrap=True)
    for outcome in (o for o in outcomes if not o.agrees):
        for mark, line in difference(outcome):
            shown = line if mark == "head" else f"  {mark if mark in '+-' else ' '} {line}"
            console.print(Text(_printable(shown), style=STYLES[mark]))
        console.print()
    console.print(Text(_in_all(outcomes, took, rewritten=update), style="red" if failed else "green"))


def _in_all(outcomes: Sequence[Outcome], took: str, *, rewritten: bool) -> str:
    """How many ran, and how many of them differ, in one line."""
    ran = [o for o in outcomes if o.result is not None]
    left = sum(o.cannot_be for o in ran) if rewritten else 0
    differ, unread = sum(not o.agrees for o in ran) - left, len(outcomes) - len(ran)
    files = len({o.path for o in outcomes})
    found = []
    if differ:
        found.append(
            f"{differ} differed and {'is' if differ == 1 else 'are'} rewritten"
            if rewritten
            else _many(differ, "differs", "differ")
        )
    if left:
        found.append(f"{left} cannot be rewritten: mend what {'its' if left == 1 else 'their'} 'when' says")
    if unread:
        found.append(f"{unread} cannot be run")
    said = f"; {', '.join(found)}" if found else ": as expected"
    return f"{_many(len(ran), 'rehearsal', 'rehearsals')} in {_many(files, 'file', 'files')}{said} ({took})."


def _many(n: int, one: str, more: str) -> str:
    return f"{n} {one if n == 1 else more}"


def _update(where: Path, files: Mapping[Path, File], outcomes: Sequence[Outcome]) -> None:
    from orchestrator.rehearsal.updating import updated
    from orchestrator.studio.folder import Folder

    folder = Folder(where)
    for path, file in files.items():
        mine = [o for o in outcomes if o.path == str(path)]
        if (new := updated(file.text, mine)) != file.text:
            folder.rewrite(path, new, file.mark)
            Console(soft_wrap=True).print(
                f"{path}: rewritten. Read what changed before you keep it.", style="yellow", markup=False, highlight=False
            )


def _ask(question: str) -> str | None:
    """What somebody types; None when there is no more to come."""
    try:
        return input(question)
    except EOFError:
        return None


def _tell(line: str, style: str = "") -> None:
    Console(soft_wrap=True).print(Text(_printable(line), style=style))


def _printable(words: str) -> str:
    """Without signs that would move a terminal's cursor."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in words)
