"""`touchpoint demo`: six weeks of a made-up company in about a minute, on the real engine, through the providers' own SDKs and the
rehearsal carrier; then its server goes on, and the carrier with it."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.text import Text

from orchestrator import authoring, reports
from orchestrator.clock import utc_now
from orchestrator.config import IN_PROCESS, Settings
from orchestrator.demo.company import HERE, START, moment
from orchestrator.demo.scenes import Scenes
from orchestrator.demo.show import Pace, Ticker, summary, timeline
from orchestrator.errors import SettingsError
from orchestrator.keys import issue
from orchestrator.logs import set_up
from orchestrator.parts import Parts
from orchestrator.store import journal, touches
from orchestrator.store.upgrade import upgrade
from orchestrator.wiring import build

if TYPE_CHECKING:
    from orchestrator.demo.staff import SignIn
    from orchestrator.demo.stage import Stage
    from orchestrator.demo.story import JumpingClock

PACE_S = 50.0
ROBIN = "+13125550177"  # nobody else's: of the customer in the event that is printed for trying
LEDGER = "carrier.jsonl"  # beside a database that is kept: what the carrier accepted in the six weeks
NEEDED = frozenset({"quote-follow-up", "visit-reminder", "visit-hows-it-going", "invoice-reminders", "project-weekly-summary"})
STOPPED_BY_HAND = 130  # as shells count Ctrl-C


def demo(
    exit_: Annotated[bool, typer.Option("--exit", help="End after the six weeks instead of serving on.")] = False,
    speed: Annotated[Literal["calm", "fast"], typer.Option(help="fast: as quickly as the machine can.")] = "calm",
    pace: Annotated[
        float | None,
        typer.Option(min=0, help=f"Seconds for the six weeks (default: {PACE_S:.0f} on a terminal, else as fast as it goes)."),
    ] = None,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep", help="Leave the demo's folder when it ends: its database, its playbooks, what the carrier accepted."
        ),
    ] = False,
) -> None:
    """Six weeks of a small made-up company in about a minute, on the real engine. Nobody is contacted."""
    from orchestrator.demo.stage import Stage
    from orchestrator.demo.story import SEED, JumpingClock

    console = Console(highlight=False)
    if pace is None:
        pace = PACE_S if console.is_terminal and speed == "calm" else 0.0
    for end in (signal.SIGTERM, signal.SIGHUP):  # so that the folder goes then too
        signal.signal(end, lambda number, _: sys.exit(128 + number))
    playbooks = _playbooks()
    folder = Path(tempfile.mkdtemp(prefix="touchpoint-demo-"))
    serving = False
    try:
        set_up("ERROR")
        clock = JumpingClock(moment(START, "06:00", HERE))
        own = folder / "playbooks"  # what is written in the studio stays in the demo
        shutil.copytree(playbooks, own, ignore=shutil.ignore_patterns(".*"))
        with Stage(_settings(folder, own), clock, SEED) as stage:
            scenes = _play(console, stage, clock, pace, playbooks)
            _look_back(console, stage, scenes)
            if keep:
                stage.write_ledger(folder / LEDGER)
            if not exit_:
                serving = True
                _serve(console, stage, clock, scenes)
    except KeyboardInterrupt:
        console.print()
        if not serving:  # a server has no other end
            raise typer.Exit(STOPPED_BY_HAND) from None
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
        what = "Everything is still in" if keep else "The demo's folder is gone again:"
        console.print(f"\n{what} {folder}", style="dim", soft_wrap=True)


def _playbooks() -> Path:
    """The starter playbooks: where the settings say, else here, else beside the program's own source."""
    settings = Settings()
    folders = [settings.playbooks]
    if "playbooks" not in settings.model_fields_set:  # nobody has named another
        folders.append(Path(authoring.__file__).parents[1] / "playbooks")
    for folder in folders:
        if (folder / "lifecycle.yaml").is_file():
            return folder.resolve()
    raise SettingsError(
        f"the demo plays the starter playbooks, and there are none in '{settings.playbooks}': run it in the project's folder, "
        "or set TOUCHPOINT_PLAYBOOKS to the project's folder 'playbooks'"
    )


def _settings(folder: Path, playbooks: Path) -> Settings:
    """Everything in a folder of its own, whatever the environment says: nobody's database, and no way to reach anybody."""
    return Settings(
        database_url=f"sqlite:///{folder / 'demo.db'}",
        playbooks=playbooks,
        broker_url=SecretStr(IN_PROCESS),
        email_via="sendgrid",
        text_via="twilio",
        voice_via="twilio",
        twilio_account_sid="",  # no account: everything goes to the rehearsal carrier
        sendgrid_api_key=SecretStr(""),
        text_from="",
        caller_id="",
        email_from="",
        email_from_name="",
        log_level="WARNING",
        clock_ahead_s=0.0,
    )


def _play(console: Console, stage: Stage, clock: JumpingClock, pace_s: float, source: Path) -> Scenes:
    """The six weeks, shown as they happen. source: where the playbooks were copied from."""
    from orchestrator.demo.story import Story, make_up

    settings = stage.settings
    parts = build(settings, clock=clock, safe_writes=False)
    upgrade(parts.database)
    published = {p.name for p in authoring.publish(parts, settings.playbooks, "demo")}
    if missing := NEEDED - published:
        raise SettingsError(
            f"the demo plays the starter playbooks, and {source} lacks {', '.join(sorted(missing))}: "
            "set TOUCHPOINT_PLAYBOOKS to the project's folder 'playbooks'"
        )
    company, scenes = make_up()
    console.print(Text("Six weeks of Harbor & Pine, a home-service company that does not exist", style="bold"))
    console.print(
        f"{len(company.people)} customers, {len(company.arrivals)} events, three people on the telephone. Times are the customer's."
    )
    console.print(f"Database  {settings.database_url}", style="dim", soft_wrap=True)
    console.print(f"Phones    {settings.carrier_url}  (rehearsal carrier: imaginary people only)\n", style="dim", soft_wrap=True)
    story = Story(parts, clock, stage.carrier, company, scenes)
    stage.introduce(company.people.values())
    stage.open_web(story.parts)
    with Ticker(console, Pace(pace_s, len(scenes.tellings)) if pace_s else None) as ticker:
        for step in story.play():
            ticker.show(step)
    if story.untold:
        console.print(f"With these playbooks some scenes did not show: {', '.join(story.untold)}.", style="yellow")
    parts.database.close()
    return scenes


def _look_back(console: Console, stage: Stage, scenes: Scenes) -> None:
    """The summary and the timelines worth reading."""
    parts = build(stage.settings)
    with parts.database.work() as work:
        made, ended = touches.count_by_state(work), journal.ended_by_reason(work)
        put_off, refused = dict(journal.counts(work, "touch.deferred")), dict(journal.counts(work, "touch.skipped"))
    summary(console, made, ended, put_off, refused)
    for title, subject in scenes.best:
        timeline(console, title, subject, reports.timeline(parts, subject))
    parts.database.close()


# -- afterwards: the same database, in its own time ---------------------------------------------------------------


def _serve(console: Console, stage: Stage, clock: JumpingClock, scenes: Scenes) -> None:
    """Go on from where the story ended, as `touchpoint serve` would: web, workers, clock and carrier in this process."""
    from orchestrator.demo.staff import hire
    from orchestrator.demo.story import ENDS
    from workers.app import make_app
    from workers.embedded import workers
    from workers.wake import Waker

    # The story may lie in the future or in the past: the demo's time goes on from its end, not from today.
    ahead = round((ENDS - utc_now()).total_seconds())
    settings = stage.settings.model_copy(update={"clock_ahead_s": float(ahead)})
    celery = make_app(settings)
    parts = build(settings, wake=Waker(celery))
    key = issue(parts, "demo", ["events:write", "read"], "lead")
    members = hire(parts)
    clock.go_on(parts.clock)
    stage.carrier.introduce("Robin Vale", "robin@customers.example.com", ROBIN)  # whom the printed event is about
    stage.open_web(parts)
    stage.let_time_pass()
    with workers(celery):
        _what_next(console, parts, settings, scenes, key)
        _the_desk(console, parts, settings, members)
        threading.Event().wait()  # until Ctrl-C


def _what_next(console: Console, parts: Parts, settings: Settings, scenes: Scenes, key: str) -> None:
    """Commands that are ready to be copied, and where the server is."""
    me = "touchpoint" if shutil.which("touchpoint") else sys.argv[0]
    here = parts.clock().astimezone(ZoneInfo(HERE))
    exports = {
        "TOUCHPOINT_DATABASE_URL": settings.database_url,
        "TOUCHPOINT_PLAYBOOKS": str(settings.playbooks),
        "TOUCHPOINT_CLOCK_AHEAD_S": f"{settings.clock_ahead_s:.0f}",
        "TOUCHPOINT_CARRIER_URL": settings.carrier_url,
        "TOUCHPOINT_PUBLIC_URL": settings.public_url,
    }
    subject = scenes.best[0][1]
    with parts.database.work() as work:
        spared = next((row.id for row in journal.touches_of(work, subject) if row.state == "cancelled"), None)
        calls = sum(n for _, state, n in touches.count_by_state(work) if state == "ready")

    def say(text: str, style: str = "") -> None:
        """A line that a terminal may break, and that is copied in one piece."""
        console.print(Text(text, style=style), soft_wrap=True)

    console.print()
    say("What to try next", "bold yellow")
    say("In another terminal, in this folder:", "dim")
    for name, value in exports.items():
        say(f"  export {name}={value}")
    say(f"  {me} timeline {subject}")
    if spared is not None:
        say(f"  {me} why {spared}")
    say(f"  {me} call next --as you     # {calls} calls are due")
    say(f"  {me} reply list             # what customers wrote")
    console.print()
    say("Post an event of your own; Robin's mailbox has the mail within a minute:", "dim")
    for text in _curl(settings.public_url, key, here - timedelta(minutes=9, seconds=30)):
        say(f"  {text}")
    console.print()
    say("Every phone and mailbox of the six weeks; text back in anybody's place:", "dim")
    say(f"  {settings.carrier_url}/", "bold green")


def _the_desk(console: Console, parts: Parts, settings: Settings, members: Sequence[SignIn]) -> None:
    """Where to sign in, and as whom; the last thing on the screen."""
    here = parts.clock().astimezone(ZoneInfo(HERE))
    with parts.database.work() as work:
        calls = sum(n for _, state, n in touches.count_by_state(work) if state == "ready")

    def say(text: str, style: str = "") -> None:
        console.print(Text(text, style=style), soft_wrap=True)

    console.print()
    say(f"{calls} calls wait on the desk: sign in, press n, read, press d.", "bold yellow")
    say(f"  {settings.public_url}/desk", "bold green")
    for one in members:
        say(f"  {one.name} ({one.role})  password {one.password}")
    say("Ari works the calls, Lee sees everything at /board, Ada manages people.", "dim")
    say("Una writes playbooks in the studio; what she saves stays in the demo:", "dim")
    say(f"  {settings.public_url}/playbooks", "bold green")
    say("These passwords are for this run alone.", "dim")
    console.print()
    say(f"The server is running at {settings.public_url}", "bold green")
    say(f"It is {here:%A, %H:%M} there, and time goes on as usual. Ctrl-C ends it.", "dim")


def _curl(address: str, key: str, time: datetime) -> Sequence[str]:
    """A command that posts an event, on lines that fit."""
    return (
        f"curl -sS {address}/events -H 'Content-Type: application/json' \\",
        f"  -H 'Authorization: Bearer {key}' \\",
        """  -d '{"id": "900", "source": "crm", "type": "quote.sent",""",
        f'''       "subject": "quote/Q-2001", "time": "{time.isoformat(timespec="seconds")}",''',
        """       "customer": {"id": "C-900", "name": "Robin Vale",""",
        f'''         "email": "robin@customers.example.com", "phone": "{ROBIN}",''',
        """         "first_name": "Robin", "time_zone": "America/Chicago",""",
        """         "consent": {"email": "service", "text": "service",""",
        """                     "call": "service"}},""",
        """       "data": {"amount": 1850, "currency": "USD", "work": "the back deck"}}'""",
    )
