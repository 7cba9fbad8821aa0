"""Who is contacted: real people, or nobody. Said loudly, because the two look the same from everywhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from orchestrator.carrier import credentials
from orchestrator.channels.registry import HARMLESS
from orchestrator.config import Settings
from orchestrator.doctor.asking import Silent, ask
from orchestrator.doctor.finding import Finding
from orchestrator.rehearsing import practises

CHECK = "carrier"


def contacting(settings: Settings) -> Finding:
    """Who would get what is sent, by the settings alone."""
    ways = {"e-mails": settings.email_via, "texts": settings.text_via, "calls": settings.voice_via}
    live = {what: via for what, via in ways.items() if via not in HARMLESS}
    practised = [what for what, via in live.items() if _is_imagined(settings, via)]
    real = {what: via for what, via in live.items() if what not in practised}
    if not live:
        return Finding(CHECK, "ok", f"Nobody is contacted: {_listed(ways)}")
    if not practised:
        return Finding(CHECK, "ok", f"Customers are contacted: {_listed(ways)}")
    if not real:
        hint = "this is for practice; docs/going-live.md leads to real customers"
        return Finding(CHECK, "warning", f"Nobody is contacted: {_and(practised)} go to the rehearsal carrier", hint)
    found = f"Customers are contacted: {_listed(real)}; only {_and(practised)} go to the rehearsal carrier"
    return Finding(CHECK, "warning", found, "practise or go live with both: docs/going-live.md")


def look_at_carrier(settings: Settings) -> Iterator[Finding]:
    """Whether the rehearsal carrier answers, where it carries something."""
    if not practises(settings):
        return
    url = settings.carrier_url.rstrip("/")
    said = ask(settings, f"{url}/v3/scopes", {"Authorization": f"Bearer {credentials.SENDGRID_KEY}"})
    check = f"{CHECK}.reachable"
    if isinstance(said, Silent) and settings.embedded:
        found = f"the rehearsal carrier is not running at {url}"
        yield Finding(check, "warning", found, "touchpoint serve starts one")
    elif isinstance(said, Silent):
        found = f"the rehearsal carrier does not answer at {url}: {said.why}"
        hint = "start one (touchpoint rehearse carrier --port …), correct TOUCHPOINT_CARRIER_URL, or name real accounts"
        yield Finding(check, "error", found, hint)
    elif said.status != 200 or "scopes" not in said.body:
        found = f"something else answers at {url}, where the rehearsal carrier should be"
        yield Finding(check, "error", found, "set TOUCHPOINT_CARRIER_URL to an address that is free")
    else:
        yield Finding(check, "ok", f"the rehearsal carrier answers at {url}")


def _is_imagined(settings: Settings, via: str) -> bool:
    """Whether the rehearsal carrier is what this channel speaks to: beside us, or one of its own whose made-up accounts are named."""
    if via == "twilio":
        return settings.rehearsing or settings.twilio_account_sid == credentials.ACCOUNT_SID
    key = settings.sendgrid_api_key.get_secret_value()
    return via == "sendgrid" and (settings.rehearsing or key == credentials.SENDGRID_KEY)


def _listed(ways: Mapping[str, str]) -> str:
    said = {"ledger": "to a file", "null": "nowhere"}
    return ", ".join(f"{what} {said.get(via) or f'by {via}'}" for what, via in ways.items())


def _and(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
