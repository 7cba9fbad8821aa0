"""The servers that tests start: they answer, they forget on demand, and they are gone when the tests are."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from tests import servers
from tests.conftest import ROOT

pytestmark = [pytest.mark.servers, pytest.mark.usefixtures("postgres_server", "redis_server")]  # left out where none can be had

STARTS_AND_HANGS = """
import sys, time
from tests import servers
server = getattr(servers, sys.argv[1])()
print(server.pid, server.home.path, server.url, flush=True)
time.sleep(60)
"""


def test_two_databases_share_nothing(postgres_server: servers.Postgres) -> None:
    first, second = postgres_server.new_database(), postgres_server.new_database()

    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE only_here (id int)")

    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT to_regclass('only_here')").fetchone() == (None,)


def test_a_copied_database_has_the_tables_of_its_model(postgres_server: servers.Postgres) -> None:
    model = postgres_server.new_database()
    with psycopg.connect(model) as connection:
        connection.execute("CREATE TABLE prepared (id int)")
        connection.execute("INSERT INTO prepared VALUES (7)")

    copy = postgres_server.new_database(like=model)

    with psycopg.connect(copy) as connection:
        assert connection.execute("SELECT id FROM prepared").fetchone() == (7,)


def test_a_dropped_database_is_gone_though_somebody_is_connected(postgres_server: servers.Postgres) -> None:
    url = postgres_server.new_database()
    connected = psycopg.connect(url)

    postgres_server.drop_database(url)

    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)
    connected.close()


def test_redis_forgets_when_told(redis_server: servers.Redis) -> None:
    client = redis_server.client()
    client.set("wake-up", "1")

    redis_server.flush()

    assert client.get("wake-up") is None
    client.close()


def test_redis_can_be_absent_and_come_back_empty_at_the_same_address(redis_server: servers.Redis) -> None:
    if not redis_server.ours:
        pytest.skip("the Redis server was given, and is not ours to take down")
    client = redis_server.client()
    client.set("wake-up", "1")

    redis_server.take_down()

    with pytest.raises(redis.ConnectionError):
        client.get("wake-up")
    redis_server.bring_up()
    assert client.get("wake-up") is None
    client.close()


def test_measurements_get_a_server_that_keeps_what_it_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(servers.POSTGRES_URL, raising=False)

    with servers.postgres(durable=True) as server, psycopg.connect(server.url) as connection:
        settings = {name: connection.execute(f"SHOW {name}").fetchone() for name in servers.FAST}

    assert settings["fsync"] == settings["synchronous_commit"] == settings["full_page_writes"] == ("on",)


@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_a_stopped_server_leaves_nothing_behind(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    server = _own(kind, monkeypatch)
    assert server.home is not None
    assert server.pid is not None
    pid = server.pid

    server.stop()

    assert not server.home.path.exists()
    assert not _runs(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent")
@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_a_killed_test_run_takes_its_servers_with_it(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for given in (servers.POSTGRES_URL, servers.REDIS_URL):
        monkeypatch.delenv(given, raising=False)
    run = subprocess.Popen([sys.executable, "-c", STARTS_AND_HANGS, kind], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert run.stdout is not None
    pid, home, url = run.stdout.readline().split()
    assert _runs(int(pid))

    run.kill()
    run.communicate()

    _soon(lambda: not _runs(int(pid)))
    if kind == "postgres":
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)
    long_ago = time.time() - 2 * servers.STALE_AFTER_S
    os.utime(home, (long_ago, long_ago))
    _own(kind, monkeypatch).stop()
    assert not Path(home).exists(), "the next run removes what the killed one could not"


def test_a_server_of_a_living_run_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with _own("redis", monkeypatch) as alive:
        assert alive.home is not None
        long_ago = time.time() - 2 * servers.STALE_AFTER_S
        os.utime(alive.home.path, (long_ago, long_ago))

        _own("redis", monkeypatch).stop()

        assert alive.home.path.exists()


def test_a_server_that_does_not_come_up_says_why_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(servers.POSTGRES_URL, raising=False)
    monkeypatch.setitem(servers.FAST, "fsync", "perhaps")
    monkeypatch.setattr(servers, "PREFIX", f"{servers.PREFIX}of-nobody-else-{os.getpid()}-")  # other processes start servers, too

    with pytest.raises(servers.NoServer, match='parameter "fsync" requires a Boolean value'):
        servers.postgres()

    assert list(servers._memory().glob(f"{servers.PREFIX}*")) == []


def _own(kind: str, monkeypatch: pytest.MonkeyPatch) -> servers.Server:
    """A server of this kind, started by us even where a URL is given."""
    for given in (servers.POSTGRES_URL, servers.REDIS_URL):
        monkeypatch.delenv(given, raising=False)
    return servers.postgres() if kind == "postgres" else servers.redis()


def _runs(pid: int) -> bool:
    """Whether the process does anything; one that waits for a parent to collect it does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # no /proc here, or gone between the two lines
        return sys.platform != "linux"
    return state != "Z"


def _soon(fact: Callable[[], bool], within_s: float = 10.0) -> None:
    give_up = time.monotonic() + within_s
    while not fact():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.02)
