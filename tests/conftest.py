"""What every test may ask for: real servers, a fresh database on each kind, and the sample event logs.

A test that cannot run here is skipped with a reason that the last line of the run counts. Where `CI` is set a missing server
is a failure: there the tests must have run on both databases.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests import leaving, servers
from tests.length import LONG

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = "TOUCHPOINT_SAMPLES"  # a folder of event logs, never part of the project
NO_SERVER = "no server: "
NO_SAMPLES = "no sample data: "
NO_BROWSER = "no browser: "

TOGETHER = {  # one preparation for many tests
    "tests/test_demo.py": "demo",
    "tests/workers/test_carrier_faults.py": "faults",  # one after the other: six processes each, and each measures silence
    "tests/replay/test_promises.py": "replays",
    "tests/replay/test_same_as_backtest.py": "replays",
    "tests/browser/": "browser",
}

# A shell's background jobs hear no Ctrl-C. What is started here shall hear it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

S = TypeVar("S", bound=servers.Server)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[servers.Postgres]:
    """A real PostgreSQL for the whole run; ask it for `new_database()`."""
    with _started(servers.postgres) as server:
        yield server


@pytest.fixture(scope="session")
def _redis_for_the_run() -> Iterator[servers.Redis]:
    with _started(servers.redis) as server:
        yield server


@pytest.fixture
def redis_server(_redis_for_the_run: servers.Redis) -> servers.Redis:
    """A real Redis-compatible server: up and empty when the test begins, whatever the one before did to it."""
    if _redis_for_the_run.ours:
        _redis_for_the_run.bring_up()
    _redis_for_the_run.flush()
    return _redis_for_the_run


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database that nobody used before: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'touchpoint.sqlite3'}"
        return
    postgres: servers.Postgres = request.getfixturevalue("postgres_server")
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of sample event logs; its README says what is in it."""
    folder = Path(os.environ.get(SAMPLES) or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"{NO_SAMPLES}there is no folder {folder}; set {SAMPLES} to one that has them")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that on two cores none is left for one core at the end."""
    items.sort(key=lambda item: not item.path.is_relative_to(ROOT / "tests" / "workers"))


class Together(LoadScopeScheduling):  # type: ignore[misc]  # the library has no types
    """On two cores each test goes where there is room, and what shares a long preparation goes together."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return next((group for beginning, group in TOGETHER.items() if path.startswith(beginning)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """Instead of xdist's own groups (`--dist loadgroup`): those are names put into the ids of tests, which pytest 9 does not let it change."""
    return Together(config, log)


def pytest_sessionfinish() -> None:
    """Nobody is left behind."""
    leaving.wait_for_them()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud what was left out, so that a green run is not taken for more than it is."""
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    for prefix, what in ((NO_SERVER, "a server"), (NO_SAMPLES, "the sample data"), (NO_BROWSER, "a browser: make browser")):
        left_out = sum(prefix in reason for reason in reasons)
        if left_out:
            terminalreporter.write_line(f"{left_out} tests were left out for lack of {what}.", yellow=True)
    if not LONG:
        terminalreporter.write_line("The stories with kills ran with a third of their numbers; all of them: make test-long")


def _started(start: Callable[[], S]) -> S:
    try:
        return start()
    except servers.NoServer as error:
        if os.environ.get("CI"):
            pytest.fail(f"{NO_SERVER}{error}")
        pytest.skip(f"{NO_SERVER}{error}")
