"""`python -m tests.bench.providers`: messages a second through the real SDKs to a stub that answers after 80 ms, one worker process.

Everything but the provider is real: claim, policies, words, letter, attempt, HTTP, outcome, journal. Prints; asserts nothing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from celery import Celery
from sqlalchemy import text

from orchestrator.clock import utc_now
from orchestrator.config import Settings
from orchestrator.parts import Parts
from orchestrator.wiring import build
from tests import servers
from tests.bench.__main__ import free_port
from tests.bench.fill import fill, prepare
from tests.bench.running import processes, resident_mb, settings
from tests.bench.touches import vacuum
from workers.wake import Waker

AT_LEAST = {"email": 200, "text": 100}  # a second: the goals


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--touches", type=int, default=10_000)
    options.add_argument("--flat", type=int, default=50_000, help="touches over which memory is watched, e-mails")
    given = options.parse_args()
    port = free_port()
    stub = subprocess.Popen([sys.executable, "-m", "tests.bench.stub", str(port)])
    try:
        with servers.postgres(durable=True) as postgres, servers.redis() as redis, tempfile.TemporaryDirectory() as folder:
            for channel, goal in AT_LEAST.items():
                rates = [_measure(postgres, redis, Path(folder), port, channel, given.touches) for _ in range(given.runs)]
                print(f"{channel}: {', '.join(f'{r:,.0f}' for r in rates)} a second; the goal is {goal}", flush=True)
            _memory(postgres, redis, Path(folder), port, given.flat)
    finally:
        stub.terminate()
        stub.wait()


def _measure(postgres: servers.Postgres, redis: servers.Redis, folder: Path, port: int, channel: str, count: int) -> float:
    parts, env = _installation(postgres, redis, folder, port)
    with processes(env, f"worker {channel}", "beat"):
        _due(parts, f"warm-{channel}-", 500, channel)
        _sent(parts, f"warm-{channel}-", 500)
        vacuum(parts)
        began = utc_now()
        _due(parts, f"measured-{channel}-", count, channel)
        _sent(parts, f"measured-{channel}-", count)
        query = f"SELECT min(effect_at), max(finished_at) {_OF}"
        with parts.database.work() as work:
            first, last = work.connection.execute(text(query), {"like": f"measured-{channel}-%"}).one()
    assert first >= began, "what was measured began after it was due"
    parts.database.close()
    return float(count / (last - first).total_seconds())


def _memory(postgres: servers.Postgres, redis: servers.Redis, folder: Path, port: int, count: int) -> None:
    """The worker's memory after a tenth of the touches, and after all of them."""
    parts, env = _installation(postgres, redis, folder, port)
    with processes(env, "worker email", "beat") as pids:
        seen = []
        for part in range(10):
            _due(parts, f"part-{part}-", count // 10, "email")
            _sent(parts, f"part-{part}-", count // 10)
            seen.append(resident_mb(pids[0]))
    print(f"memory of the worker over {count:,} e-mails, MB after each tenth: {', '.join(f'{mb:.0f}' for mb in seen)}")
    parts.database.close()


def _installation(postgres: servers.Postgres, redis: servers.Redis, folder: Path, port: int) -> tuple[Parts, dict[str, str]]:
    url, stub = postgres.new_database(), f"http://127.0.0.1:{port}"
    account = {
        "twilio_account_sid": "AC" + "0" * 32, "twilio_auth_token": "stub", "twilio_url": stub, "text_from": "+13125550100",
        "sendgrid_api_key": "SG.stub", "sendgrid_url": stub, "email_from": "hello@example.com", "texts_per_second": "2000",
        "emails_per_second": "5000", "sends_at_once": "32", "email_via": "sendgrid", "text_via": "twilio", "voice_via": "null",
    }  # fmt: skip
    env = settings(url, redis.url, folder) | {f"TOUCHPOINT_{name.upper()}": value for name, value in account.items()}
    redis.flush()
    parts = build(
        Settings(database_url=url, email_via="null", text_via="null", voice_via="null"), wake=Waker(Celery("w", broker=redis.url))
    )
    prepare(parts)
    return parts, env


_OF = "FROM touch JOIN customer ON customer.id = touch.customer_id WHERE customer.ref LIKE :like AND ordinal = 1"


def _due(parts: Parts, name: str, count: int, channel: str) -> None:
    now = utc_now()
    fill(parts, name, count, now, now)
    if channel == "text":
        move = (
            "UPDATE touch SET channel = 'text', step = 'quote-text', touchpoint = 'quote-text' FROM customer"
            " WHERE customer.id = touch.customer_id AND customer.ref LIKE :like"
        )
        with parts.database.work() as work:
            work.connection.execute(text(move), {"like": f"{name}%"})
    parts.wake([channel])


def _sent(parts: Parts, name: str, count: int, most_s: float = 600.0) -> None:
    end = time.monotonic() + most_s
    query = text(
        f"SELECT count(*) FILTER (WHERE state = 'sent'), count(*) FILTER (WHERE state NOT IN ('planned', 'sending', 'sent')) {_OF}"
    )
    done = 0
    while time.monotonic() < end:
        with parts.database.work() as work:
            done, wrong = work.connection.execute(query, {"like": f"{name}%"}).one()
        if wrong:
            raise AssertionError(f"{wrong} touches did not go out")
        if done == count:
            return
        time.sleep(0.5)
    raise TimeoutError(f"{done} of {count} touches after {most_s:.0f} s")


if __name__ == "__main__":
    main()
