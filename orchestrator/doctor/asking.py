"""Asking a provider, or ourselves from outside: one GET of a few seconds and a bounded size, that never raises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from orchestrator.channels.transport import NoAnswer, NotSent, Transport
from orchestrator.config import Settings
from orchestrator.doctor.finding import LOCAL

PATIENCE_S = 5.0  # of one question; less where the settings give providers less
MOST_BYTES = 300_000


@dataclass(frozen=True, slots=True)
class Said:
    """What was answered."""

    status: int
    body: Mapping[str, Any]  # empty where it was no JSON object

    def objects(self, name: str) -> list[Mapping[str, Any]]:
        """The objects in a list of the body; nothing where there is no such list."""
        found = self.body.get(name)
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing usable was answered."""

    why: str


def ask(
    settings: Settings, url: str, headers: Mapping[str, str] | None = None, auth: tuple[str, str] | None = None
) -> Said | Silent:
    """GET an address. Redirects are not followed: keys would travel along."""
    transport = Transport(total_s=patience_s(settings), pool=1, most_bytes=MOST_BYTES)
    try:
        reply = transport.request("GET", url, headers=headers or {}, body=None, auth=auth)
    except (NotSent, NoAnswer) as why:
        return Silent(str(why))
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        body = {}
    return Said(reply.status, body if isinstance(body, dict) else {})


def patience_s(settings: Settings) -> float:
    """How long one question may take."""
    return min(settings.provider_timeout_s, PATIENCE_S)


def is_here(url: str) -> bool:
    """Whether an address is on this machine: a stand-in for a provider, not the provider."""
    return urlsplit(url).hostname in LOCAL
