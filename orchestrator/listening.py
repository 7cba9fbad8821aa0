"""A port of this machine, taken at once, or refused with what to do."""

from __future__ import annotations

import errno
import socket
from urllib.parse import urlsplit

from orchestrator.config import Settings
from orchestrator.errors import SettingsError

BACKLOG = 2048


def listen(host: str, port: int, who: str, otherwise: str, *, opens: bool = True) -> socket.socket:
    """A listening socket: who is given the address may connect before anybody answers. Raises SettingsError when there is none.

    who: will be heard there, e.g. "the rehearsal carrier". otherwise: what to do when it cannot. opens: False where a server
    listens as soon as it can answer; until then connections are refused, so that others try again instead of waiting.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle's delay off only then: 40 ms for each answer with a body.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        if opens:
            listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        taken = error.errno == errno.EADDRINUSE
        hint = f"is another 'touchpoint serve' or 'demo' running? End it, or {otherwise}" if taken else otherwise
        raise SettingsError(f"{who} cannot listen on {host}:{port} ({error.strerror}): {hint}") from error
    return listener


def listen_for_the_web(settings: Settings) -> socket.socket:
    """Where the pages and the events come in, as soon as a server listens. Raises SettingsError with the settings that name another port."""
    port = another(settings.port)
    elsewhere = f"set TOUCHPOINT_PORT={port}"
    if urlsplit(settings.public_url).hostname in ("localhost", settings.host):  # no proxy stands before it
        elsewhere += f" and TOUCHPOINT_PUBLIC_URL=http://localhost:{port}"
    return listen(settings.host, settings.port, "the web part", elsewhere, opens=False)


def another(port: int) -> int:
    """A port to try instead."""
    return port + 10 if port < 65_000 else port - 10
