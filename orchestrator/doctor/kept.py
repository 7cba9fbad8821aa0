"""What is kept: the playbook files, the database, and what is published in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from orchestrator import authoring
from orchestrator.config import Settings
from orchestrator.doctor.finding import BUILT, Finding
from orchestrator.doctor.waiting import waiting
from orchestrator.errors import DatabaseError, InputError, TouchpointError
from orchestrator.parts import Parts
from orchestrator.store import checks, keys, upgrade
from orchestrator.store.database import Database, ping

CLOCKS_APART = timedelta(seconds=5)


def look_at_what_is_kept(settings: Settings, parts: Parts, now: datetime) -> Iterator[Finding]:
    """Files first, then the database; what cannot be asked because of an earlier error is left out."""
    yield from _design(settings)
    yield from _database(settings, parts, now)


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
        yield from waiting(database)
        yield _keys(database)
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
        differing = [p for p in authoring.compare(parts, settings.playbooks) if p.what not in ("unchanged", "left retired")]
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


def _keys(database: Database) -> Finding:
    live = database.run(keys.live)
    if not any("events:write" in key.scopes for key in live):
        hint = "touchpoint key create NAME --scope events:write"
        return Finding("keys.write", "warning", "no key can post events", hint)
    return Finding("keys.write", "ok", f"{len(live)} live keys")
