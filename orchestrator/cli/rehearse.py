"""`touchpoint rehearse carrier`: an imaginary Twilio and SendGrid, with imaginary customers, on a port of its own."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(help="Practise without contacting anybody.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Practise without contacting anybody."""


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
