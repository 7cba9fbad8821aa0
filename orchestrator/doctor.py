"""`touchpoint doctor`: what would go wrong, found before it does. Each check has an id that stays, what it found, and what to do.

A check changes nothing: it makes no file, no table and no message.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from orchestrator import authoring
from orchestrator.channels.registry import channels
from orchestrator.config import Settings
from orchestrator.core.zones import zone_exists
from orchestrator.errors import BrokerError, DatabaseError, InputError, SettingsError, TouchpointError, did_you_mean
from orchestrator.parts import Parts
from orchestrator.store import checks, events, keys, pauses, upgrade
from orchestrator.store.database import Database, ping
from orchestrator.wiring import build

State = Literal["ok", "warning", "error"]
LITTLE_SPACE, HARDLY_ANY_SPACE = 1_000_000_000, 100_000_000  # bytes
TASK_LIMIT_S = 60.0  # of the workers; a shorter lease would end while its holder still works
BUILT = datetime(2026, 1, 1, tzinfo=UTC)  # no right clock shows less
CLOCKS_APART = timedelta(seconds=5)
OURS = ("TEST_", "SAMPLES", "CONTRACTS")  # variables that the tests read
LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    check: str  # its id, e.g. database.schema
    state: State
    found: str
    hint: str = ""


def examine(settings: Settings, now: datetime, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Every check, in the order in which things depend on each other. What cannot be asked because of an earlier error is left out."""
    yield from _names(environment)
    yield from _settings(settings)
    yield from _files(settings)
    yield from _zones()
    yield from _broker(settings)
    try:
        parts = build(settings)
    except SettingsError:
        return  # settings.channels or settings.database_url has said why
    yield from _design(settings)
    yield from _database(settings, parts, now)


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
    if "ledger" in (settings.email_via, settings.text_via, settings.voicemail_via):
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


def _design(settings: Settings) -> Iterator[Finding]:
    try:
        design, _ = authoring.load(settings.playbooks)
        yield Finding("playbooks.files", "ok", f"{len(design.playbooks)} playbooks in {settings.playbooks}")
    except InputError as error:
        found = f"{len(error.problems)} problems in {settings.playbooks}, the first: {error.problems[0]}"
        yield Finding("playbooks.files", "error", found, "touchpoint check shows all")


def _database(settings: Settings, parts: Parts, now: datetime) -> Iterator[Finding]:
    database = parts.database
    try:
        file = checks.file_of(database)
        if file is not None and not file.exists():
            yield Finding("database.reachable", "error", f"there is no database {file} yet", "touchpoint db upgrade makes it")
            return
        ping(database)
        yield Finding("database.reachable", "ok", "PostgreSQL answers" if database.postgres else f"SQLite file {file}")
        standing = upgrade.standing(database)
        if standing != "current":
            yield _wrong_schema(database, standing)
            return
        yield Finding("database.schema", "ok", f"its tables are of version {upgrade.HEAD}")
        yield from _clock(database, now)
        yield _published(settings, parts)
        yield from _content(database)
    except DatabaseError as error:
        yield Finding("database.reachable", "error", str(error), "check TOUCHPOINT_DATABASE_URL, and that the server runs")
    finally:
        database.close()


def _wrong_schema(database: Database, standing: upgrade.Standing) -> Finding:
    if standing == "newer":
        found = f"the tables are of a newer version ({upgrade.revision(database)}) than this program ({upgrade.HEAD})"
        return Finding("database.schema", "error", found, "install the newer program; going back is not possible")
    found = "there are no tables yet" if standing == "empty" else f"the tables are of an older version than {upgrade.HEAD}"
    return Finding("database.schema", "error", found, "touchpoint db upgrade")


def _clock(database: Database, now: datetime) -> Iterator[Finding]:
    """A wrong clock calls people at night."""
    theirs, newest = database.run(lambda work: (checks.server_time(work), checks.newest_moment(work)))
    hint = "let the machine set its clock by NTP"
    if now < BUILT:
        yield Finding("time.clock", "error", f"this machine's clock shows {now:%Y-%m-%d}", hint)
    elif newest is not None and newest > now + CLOCKS_APART:
        found = f"the clock shows {now:%Y-%m-%d %H:%M} UTC, and an event came in at {newest:%Y-%m-%d %H:%M}"
        yield Finding("time.clock", "error", found, hint)
    elif theirs is not None and abs(theirs - now) > CLOCKS_APART:
        found = f"this clock and the database's are {abs((theirs - now).total_seconds()):.0f} s apart"
        yield Finding("time.clock", "warning", found, hint)
    else:
        yield Finding("time.clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC")


def _published(settings: Settings, parts: Parts) -> Finding:
    check = "playbooks.published"
    try:
        differing = [p for p in authoring.compare(parts, settings.playbooks) if p.what != "unchanged"]
    except InputError:
        return Finding(check, "warning", "what is published cannot be compared: the files have problems", "touchpoint check")
    try:
        parts.database.run(parts.rulebook.refresh)
    except TouchpointError as error:
        return Finding(check, "error", str(error), "touchpoint publish")
    if differing:
        names = ", ".join(f"{p.name.removeprefix('@')} ({p.what})" for p in differing[:5])
        return Finding(
            check, "warning", f"files and published versions differ: {names}", "touchpoint publish makes the files current"
        )
    return Finding(check, "ok", "what the files say is published")


def _content(database: Database) -> Iterator[Finding]:
    """What waits for a person."""
    counts, unknown, live, paused = database.run(
        lambda work: (events.count_by_state(work), events.unknown_types(work), keys.live(work), pauses.live(work))
    )
    aside = counts.get("set_aside", 0)
    if aside:
        yield Finding("events.set_aside", "warning", f"{aside} events failed three times", "touchpoint event-queue list")
    if unknown:
        names = ", ".join(f"{name} ({count})" for name, count in unknown[:5])
        yield Finding(
            "events.unknown",
            "warning",
            f"nothing follows from types that nobody declared: {names}",
            "declare them in lifecycle.yaml",
        )
    if paused:
        names = ", ".join(f"{scope} {name}".strip() for scope, name in paused)
        yield Finding("work.paused", "warning", f"paused: {names}", "touchpoint resume")
    if not any("events:write" in key.scopes for key in live):
        yield Finding("keys.write", "warning", "no key can post events", "touchpoint key create NAME --scope events:write")
    else:
        yield Finding("keys.write", "ok", f"{len(live)} live keys")


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
