"""Real worker processes on a real database and broker, with the ledger as the provider; facts are waited for, never slept for."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select

from orchestrator import authoring, engine
from orchestrator.clock import utc_now
from orchestrator.config import Settings
from orchestrator.store import schema
from orchestrator.store.events import NewEvent
from orchestrator.store.upgrade import upgrade
from orchestrator.wiring import build
from tests.stories import books, designs
from tests.stories.world import person

TOUCHPOINT = "from orchestrator.cli.main import main; main()"
ALWAYS = dict.fromkeys(
    ("default_windows", "never_outside"),
    "{email: any-time, text: any-time, call: any-time, voice: any-time, voicemail: any-time}",
)
TWO_EMAILS = designs.playbook("- touchpoint: one\n  email: one\n- touchpoint: two\n  email: two")
STOP_WITHIN_S = 15.0
PATIENCE_S = 90.0  # how long a fact may take on a busy machine; on an idle one it is seconds


def started(code: str, words: Sequence[str], settings: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """A process of the product's own: this code, with these words as its arguments; what it says goes to the log."""
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-c", code, *words], env={**os.environ, **settings}, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )


class Business:
    """A database with a published playbook, a ledger file, and processes that work on it."""

    def __init__(self, url: str, broker: str, folder: Path, lease_s: float = 30.0, playbook: str = TWO_EMAILS) -> None:
        self.ledger = folder / "ledger.jsonl"
        self.log = folder / "log.txt"
        self._settings = {
            "TOUCHPOINT_DATABASE_URL": url,
            "TOUCHPOINT_BROKER_URL": broker,
            "TOUCHPOINT_LEDGER_FILE": str(self.ledger),
            **{f"TOUCHPOINT_{kind.upper()}_VIA": "ledger" for kind in ("email", "text", "voice")},
            "TOUCHPOINT_LEASE_SECONDS": str(lease_s),
            "TOUCHPOINT_LOG_LEVEL": "INFO",
        }
        self.settings = Settings(
            database_url=url,
            broker_url=broker,
            ledger_file=self.ledger,
            lease_seconds=lease_s,
            email_via="ledger",
            text_via="ledger",
            voice_via="ledger",
            _env_file=None,
        )
        self.parts = build(self.settings)
        upgrade(self.parts.database)
        authoring.publish(self.parts, designs.write(folder / "playbooks", playbook, house={**ALWAYS, "holidays": "[]"}), "ops")
        self.sent = 0
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """`touchpoint WORDS` as a process."""
        process = started(TOUCHPOINT, words, self._settings, self.log)
        self._running.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9, as the machine does when memory runs out."""
        process.send_signal(signal.SIGKILL)
        process.wait()
        self._running.remove(process)

    def stop(self, process: subprocess.Popen[bytes]) -> float:
        """SIGTERM; answers how many seconds it took."""
        began = time.monotonic()
        process.terminate()
        process.wait(STOP_WITHIN_S)
        self._running.remove(process)
        return time.monotonic() - began

    def events(self, count: int) -> None:
        """So many quotes are sent, each of which leads to the playbook's touches."""
        now = utc_now()
        batch = []
        for _ in range(count):
            self.sent += 1
            said = person(f"P{self.sent}")
            new = self.parts.new_id()
            batch.append(NewEvent(new, "crm", str(self.sent), "quote.sent", f"quote/{self.sent}", now, now, {}, said, "h", True))
        receipts = engine.handle_events(self.parts, batch)
        assert all(r.status == "accepted" for r in receipts)

    def ended(self) -> int:
        """How many enrollments have come to their end."""
        with self.parts.database.work() as work:
            query = select(func.count()).where(schema.enrollment.c.ended_at.is_not(None))
            return work.connection.execute(query).scalar_one()

    def states(self) -> Counter[str]:
        with self.parts.database.work() as work:
            rows = work.connection.execute(select(schema.touch.c.state, func.count()).group_by(schema.touch.c.state))
            return Counter({state: count for state, count in rows})

    def lines(self) -> list[dict[str, str]]:
        """What the ledger holds: whole lines; one that a crash cut off is no effect."""
        if not self.ledger.exists():
            return []
        whole = []
        for line in self.ledger.read_text(errors="replace").splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                whole.append(json.loads(line))
        return whole

    def size(self) -> int:
        return self.ledger.stat().st_size if self.ledger.exists() else 0

    def has_grown(self, since: int) -> bool:
        """Whether the ledger's file is longer than it was."""
        return self.size() > since

    def faults(self) -> list[str]:
        """What does not balance between the ledger's file and the database."""
        found = books.faults(self.parts.database, [UUID(line["handle"]) for line in self.lines()])
        twice = [key for key, n in Counter((line["to"], line["touchpoint"]) for line in self.lines()).items() if n > 1]
        return [*found, *(f"{to} got {touchpoint} twice" for to, touchpoint in twice)]

    def close(self) -> None:
        for process in list(self._running):
            self.kill(process)
        self.parts.database.close()


@contextlib.contextmanager
def business(*args: object, **more: object) -> Iterator[Business]:
    """A business whose processes are gone afterwards."""
    made = Business(*args, **more)  # type: ignore[arg-type]  # its own arguments
    try:
        yield made
    except BaseException:
        print(made.log.read_text(errors="replace")[-3_000:] if made.log.exists() else "no log")
        raise
    finally:
        made.close()


def wait_for(fact: Callable[[], object], within_s: float, what: str, *, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Wait until a fact holds; fails after `within_s`. meanwhile: done at each look."""
    until = time.monotonic() + within_s
    while not fact():
        meanwhile()
        assert time.monotonic() < until, f"not within {within_s:.0f} s: {what}"
        time.sleep(0.02)
