"""`python -m tests.bench.hooks`: how long signed callbacks wait for their answer at 500 a second. Prints; asserts nothing.

One web process on PostgreSQL with its stock settings; whoever posts sits on the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from orchestrator.carrier import credentials
from orchestrator.channels.hook_urls import TEXT_STATUS
from orchestrator.config import Settings
from orchestrator.ids import new_id
from orchestrator.wiring import build
from tests import servers
from tests.bench.__main__ import free_port
from tests.bench.fill import prepare
from tests.bench.running import processes, settings

CONNECTIONS = 25
GOAL_MS = 20


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--per-second", type=int, default=500)
    options.add_argument("--seconds", type=int, default=15)
    given = options.parse_args()
    with servers.postgres(durable=True) as postgres, servers.redis() as redis, tempfile.TemporaryDirectory() as folder:
        port, url = free_port(), postgres.new_database()
        public = f"http://127.0.0.1:{port}"
        account = {
            "TOUCHPOINT_TWILIO_ACCOUNT_SID": credentials.ACCOUNT_SID,
            "TOUCHPOINT_TWILIO_AUTH_TOKEN": credentials.AUTH_TOKEN,
            "TOUCHPOINT_PUBLIC_URL": public,
        }
        prepare(build(Settings(database_url=url, email_via="null", text_via="null", voice_via="null")))
        with processes(settings(url, redis.url, Path(folder), port) | account, "serve --web-only"):
            asyncio.run(_reachable(port))
            for _ in range(given.runs):
                took = asyncio.run(_post(port, public, given.per_second, given.seconds))
                ms = sorted(1000 * s for s in took)
                rate = len(took) / given.seconds
                print(
                    f"{rate:,.0f} callbacks a second: median {statistics.median(ms):.1f} ms, p99 {ms[int(len(ms) * 0.99)]:.1f} ms; "
                    f"the goal is a median of {GOAL_MS} ms",
                    flush=True,
                )


async def _reachable(port: int) -> None:
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        except OSError:
            await asyncio.sleep(0.1)
    raise TimeoutError("the web part did not start")


async def _post(port: int, public: str, per_second: int, seconds: int) -> list[float]:
    """Seconds that each took. Each connection posts one after the other, at moments that do not wait for answers."""
    each = per_second * seconds // CONNECTIONS
    signed = [
        [_request(port, public) for _ in range(each)] for _ in range(CONNECTIONS)
    ]  # made before: signing takes time as well
    begins = time.perf_counter() + 0.5
    gap = CONNECTIONS / per_second
    lines = [_one_line(port, requests, begins + n * gap / CONNECTIONS, gap) for n, requests in enumerate(signed)]
    return [took for line in await asyncio.gather(*lines) for took in line]


async def _one_line(port: int, requests: list[bytes], begins: float, gap: float) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took = []
    for n, request in enumerate(requests):
        at = begins + n * gap
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 204"), head[:200]
        took.append(time.perf_counter() - at)  # from when it was to be posted: a line that is late counts
    writer.close()
    return took


def _request(port: int, public: str) -> bytes:
    path = f"{TEXT_STATUS}/{new_id()}"
    said = {
        "AccountSid": credentials.ACCOUNT_SID,
        "MessageSid": f"SM{new_id().hex}",
        "MessageStatus": "delivered",
        "From": "+13125550100",
    }
    signature = RequestValidator(credentials.AUTH_TOKEN).compute_signature(public + path, said)
    body = urlencode(said).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"X-Twilio-Signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


if __name__ == "__main__":
    main()
