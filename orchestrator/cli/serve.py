"""`touchpoint serve | worker | beat`: the long-running processes."""

from __future__ import annotations

import contextlib
from typing import Annotated

import typer
from rich.console import Console

from orchestrator.config import Settings
from orchestrator.errors import SettingsError, did_you_mean
from orchestrator.listening import BACKLOG, listen_for_the_web
from orchestrator.logs import set_up
from orchestrator.store.upgrade import require_current, upgrade
from orchestrator.wiring import build


def serve(
    web_only: Annotated[bool, typer.Option("--web-only", help="Only the web part; workers and beat run elsewhere.")] = False,
) -> None:
    """Run everything in one process; with a real broker (or --web-only) just the web part."""
    import uvicorn

    from orchestrator.doctor.contacting import contacting
    from orchestrator.rehearsing import beside, practises
    from orchestrator.web.app import create_app
    from workers.app import make_app
    from workers.embedded import workers
    from workers.process import calm_garbage_collection
    from workers.wake import Waker

    settings = Settings()
    set_up(settings.log_level)
    celery = make_app(settings)
    parts = build(settings, wake=Waker(celery))
    if settings.embedded and not web_only:
        upgrade(parts.database)  # one process: nobody else could have done it
    require_current(parts.database)
    if settings.embedded and web_only:
        raise SettingsError("--web-only needs a broker that workers can reach: set TOUCHPOINT_BROKER_URL")
    Console().print(contacting(settings).found, style="yellow")
    with contextlib.ExitStack() as stack:
        # Taken before anything runs that would have to be stopped again.
        listener = stack.enter_context(listen_for_the_web(settings))
        if settings.embedded and practises(settings):
            carrier = stack.enter_context(beside(settings))
            Console().print(f"What goes to the rehearsal carrier is seen at {carrier.url}", style="yellow")
        if settings.embedded:
            stack.enter_context(workers(celery))
        calm_garbage_collection()
        Console().print(f"Listening on {settings.host}:{settings.port}. Stop with Ctrl-C.", style="green")
        Console().print(f"The desk and the studio: {settings.public_url}", style="bold green", highlight=False, soft_wrap=True)
        server = uvicorn.Server(uvicorn.Config(create_app(parts, settings), log_config=None, access_log=False, backlog=BACKLOG))
        with contextlib.suppress(KeyboardInterrupt):  # which it raises again when all is closed
            server.run(sockets=[listener])
        if not server.started:
            raise typer.Exit(1)


def worker(
    queues: Annotated[
        list[str] | None,
        typer.Argument(help="Which queues: wait, email, text, voice, voicemail, call, inbox, upkeep (default: all)."),
    ] = None,
) -> None:
    """Run a Celery worker. Start as many as you like: they never do the same touch twice."""
    from workers.app import QUEUES, make_app

    for queue in queues or ():
        if queue not in QUEUES:
            raise SettingsError(f"there is no queue '{queue}' ({did_you_mean(queue, QUEUES)})")
    settings = _with_broker()
    set_up(settings.log_level)
    require_current(build(settings).database)
    names = ",".join(queues or QUEUES)
    make_app(settings).worker_main(
        ["worker", "--pool=solo", f"--queues={names}", f"--loglevel={settings.log_level}", "--without-gossip", "--without-mingle"]
    )


def beat() -> None:
    """Run the clock: one process, which only sends wake-ups."""
    from workers.app import make_app

    settings = _with_broker()
    set_up(settings.log_level)
    make_app(settings).Beat(loglevel=settings.log_level).run()


def _with_broker() -> Settings:
    settings = Settings()
    if settings.embedded:
        raise SettingsError(
            "workers of their own need a broker: set TOUCHPOINT_BROKER_URL, e.g. redis://localhost:6379/0; or run 'touchpoint serve'"
        )
    return settings
