"""What can be seen on this machine: the settings themselves, files, zones, and whether the broker answers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.channels.registry import channels
from orchestrator.config import Settings
from orchestrator.core.zones import zone_exists
from orchestrator.doctor.finding import BUILT, LOCAL, Finding, State
from orchestrator.errors import BrokerError, SettingsError, did_you_mean
from orchestrator.store import checks
from orchestrator.store.database import Database

LITTLE_SPACE, HARDLY_ANY_SPACE = 1_000_000_000, 100_000_000  # bytes
TASK_LIMIT_S = 60.0  # of the workers; a shorter lease would end while its holder still works
OURS = ("TEST_", "SAMPLES", "CONTRACTS")  # variables that the tests read


def look_here(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Everything that needs no database and no provider."""
    yield from _names(environment)
    yield from _settings(settings)
    yield from _files(settings)
    yield from _zones()
    yield from _broker(settings)


def _names(environment: Mapping[str, str]) -> Iterator[Finding]:
    """A misspelt setting is silently the default."""
    known = {f"TOUCHPOINT_{name.upper()}" for name in Settings.model_fields}
    ours = {
        n
        for n in environment
        if n.upper().startswith("TOUCHPOINT_") and not n.upper().startswith(tuple(f"TOUCHPOINT_{o}" for o in OURS))
    }
    unknown = sorted(n for n in ours if n.upper() not in known)
    for name in unknown:
        yield Finding("settings.names", "warning", f"{name} is no setting, so it does nothing", did_you_mean(name.upper(), known))
    if not unknown:
        yield Finding("settings.names", "ok", f"{len(ours)} settings come from the environment")


def _settings(settings: Settings) -> Iterator[Finding]:
    try:
        made = channels(settings, lambda: BUILT)
        yield Finding("settings.channels", "ok", ", ".join(f"{kind} by {channel.name}" for kind, channel in made.items()))
    except SettingsError as error:
        yield Finding("settings.channels", "error", str(error))
    try:
        database = Database(settings.database_url)
    except SettingsError as error:
        yield Finding("settings.database_url", "error", str(error))
        return
    database.close()
    if settings.embedded and database.postgres:
        hint = "set TOUCHPOINT_BROKER_URL, e.g. redis://localhost:6379/0; one process alone works as it is"
        yield Finding("settings.broker_url", "warning", "the broker is in-process: only one process can do the work", hint)
    elif not settings.embedded and not database.postgres:
        hint = "use PostgreSQL as soon as workers run on more than this machine"
        yield Finding("settings.broker_url", "warning", "several processes will take turns at one SQLite file", hint)
    else:
        yield Finding(
            "settings.broker_url", "ok", "one process does all" if settings.embedded else "processes can share the work"
        )
    yield _public_url(settings)
    if settings.lease_seconds <= TASK_LIMIT_S:
        found = f"a claim ends after {settings.lease_seconds:g} s, while a worker may still be at it (up to {TASK_LIMIT_S:g} s)"
        yield Finding("settings.lease", "error", found, "set TOUCHPOINT_LEASE_SECONDS to 120")
    else:
        yield Finding("settings.lease", "ok", f"claims last {settings.lease_seconds:g} s")


def _public_url(settings: Settings) -> Finding:
    check, url = "settings.public_url", urlsplit(settings.public_url)
    if url.scheme not in ("http", "https") or not url.hostname:
        return Finding(check, "error", f"'{settings.public_url}' is no web address", "write e.g. https://touchpoint.example.com")
    if url.query or url.fragment or settings.public_url.endswith("/"):
        return Finding(
            check, "warning", "the public address ends in '/', '?' or '#'", "write it without: paths are put behind it"
        )
    if url.scheme == "http" and url.hostname not in LOCAL:
        return Finding(
            check, "error", "the public address is not https: keys and callbacks travel in the open", "put TLS in front of it"
        )
    if url.hostname in LOCAL and settings.host not in LOCAL:
        return Finding(
            check, "warning", "the outside knows this only as localhost", "set TOUCHPOINT_PUBLIC_URL to the real address"
        )
    return Finding(check, "ok", settings.public_url)


def _files(settings: Settings) -> Iterator[Finding]:
    if "ledger" in (settings.email_via, settings.text_via, settings.voice_via):
        ledger = settings.ledger_file
        target = ledger if ledger.exists() else _existing(ledger)
        fine = os.access(target, os.W_OK) and not ledger.is_dir() and ledger.parent.is_dir()
        hint = "" if fine else "set TOUCHPOINT_LEDGER_FILE to a file in a folder that exists and that you may write to"
        found = f"the ledger is written to {ledger}" if fine else f"the ledger {ledger} cannot be written"
        yield Finding("files.ledger", "ok" if fine else "error", found, hint)
    for folder in sorted({_existing(settings.ledger_file), *_database_folder(settings)}):
        free = shutil.disk_usage(folder).free
        state: State = "error" if free < HARDLY_ANY_SPACE else "warning" if free < LITTLE_SPACE else "ok"
        hint = "" if state == "ok" else "make room: with a full disk no event can be taken in"
        yield Finding("files.space", state, f"{free / 1e9:.1f} GB are free at {folder}", hint)


def _zones() -> Iterator[Finding]:
    missing = [name for name in ("America/Chicago", "Europe/Berlin", "Asia/Kathmandu") if not zone_exists(name)]
    if missing:
        hint = "install the package tzdata: pip install tzdata"
        yield Finding("time.zones", "error", f"there is no time zone data ({', '.join(missing)} missing)", hint)
    else:
        yield Finding("time.zones", "ok", "time zone data is there")


def _broker(settings: Settings) -> Iterator[Finding]:
    if settings.embedded:
        return
    try:
        reach(settings.broker_url.get_secret_value())
        yield Finding("broker.reachable", "ok", "the broker answers")
    except BrokerError as error:
        yield Finding(
            "broker.reachable", "error", str(error), "start it, or correct TOUCHPOINT_BROKER_URL; work goes on, only slower"
        )


def reach(url: str) -> None:
    """Connect to a broker and leave again; BrokerError when it does not answer within a few seconds."""
    from kombu import Connection
    from kombu.exceptions import KombuError
    from kombu.utils.url import maybe_sanitize_url

    options = {"socket_connect_timeout": 2.0, "socket_timeout": 2.0}
    try:
        with Connection(url, connect_timeout=2, transport_options=options) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=3)
    except (OSError, KombuError, ValueError, KeyError, ImportError) as error:  # the last three: no such kind of broker
        said = str(error.args[0]) if isinstance(error, KeyError) else str(error)
        raise BrokerError(f"the broker {maybe_sanitize_url(url)} does not answer: {said}") from None


def _existing(path: Path) -> Path:
    """The nearest folder of a path that exists."""
    folder = path.absolute().parent
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return folder


def _database_folder(settings: Settings) -> list[Path]:
    try:
        database = Database(settings.database_url)
    except SettingsError:
        return []
    file = checks.file_of(database)
    database.close()
    return [_existing(file)] if file is not None else []
