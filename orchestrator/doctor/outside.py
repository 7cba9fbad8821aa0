"""Whether providers and customers reach us at the public address."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from orchestrator.channels.hook_urls import INCOMING_TEXT, hook
from orchestrator.channels.registry import HARMLESS
from orchestrator.config import Settings
from orchestrator.doctor.asking import Said, Silent, ask, is_here
from orchestrator.doctor.finding import LOCAL, Finding

CHECK = "hooks.public_url"


def look_from_outside(settings: Settings) -> Iterator[Finding]:
    """Nothing while nobody outside has to reach us: everything is rehearsed here, or goes to a file."""
    if settings.rehearsing or not {settings.email_via, settings.text_via, settings.voice_via} - HARMLESS:
        return
    yield _reached(settings)


def _reached(settings: Settings) -> Finding:
    url = urlsplit(settings.public_url)
    if url.scheme not in ("http", "https") or not url.hostname:
        return Finding(CHECK, "error", "the public address is no web address", "see settings.public_url")
    if _inside(url.hostname) and not _stand_ins(settings):
        found = f"providers cannot reach {url.hostname}: no report, no reply and no call would work"
        return Finding(CHECK, "error", found, "set TOUCHPOINT_PUBLIC_URL to an https address that the internet reaches")
    if url.scheme != "https" and not _inside(url.hostname):
        return Finding(
            CHECK, "error", "the public address is not https: what customers say travels in the open", "put TLS in front of it"
        )
    said = ask(settings, hook(settings.public_url, INCOMING_TEXT))
    if isinstance(said, Silent):
        hint = f"start the web part; where a network does not reach its own public address, open it with {INCOMING_TEXT} from elsewhere"
        return Finding(CHECK, "warning", f"{settings.public_url} does not answer: {said.why}", hint)
    if 300 <= said.status < 400:
        hint = "set TOUCHPOINT_PUBLIC_URL to where it leads: signatures hold for one address only"
        return Finding(CHECK, "error", f"{settings.public_url} leads elsewhere (status {said.status})", hint)
    if not _is_ours(said):
        hint = "the reverse proxy has to pass on paths unchanged, without a login of its own: docs/hooks.md"
        found = f"something else answers at {settings.public_url} (status {said.status})"
        return Finding(CHECK, "error", found, hint)
    return Finding(CHECK, "ok", f"we are reached at {settings.public_url}")


def _is_ours(said: Said) -> bool:
    """Whether a hook of ours answered a GET, which it refuses in a form of its own (web/answers.py), naming the path that arrived."""
    error = said.body.get("error")
    return said.status == 405 and isinstance(error, dict) and str(error.get("problem")).endswith(f" {INCOMING_TEXT}")


def _stand_ins(settings: Settings) -> bool:
    """Whether every provider is played by something on this machine."""
    named = [settings.sendgrid_url] if settings.email_via == "sendgrid" else []
    named += [settings.twilio_url] if "twilio" in (settings.text_via, settings.voice_via) else []
    return all(is_here(url) for url in named)


def _inside(host: str) -> bool:
    """Whether a host is certainly not on the internet."""
    if host in LOCAL or host.endswith((".local", ".internal", ".localhost")) or not {".", ":"} & set(host.strip(".")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False
